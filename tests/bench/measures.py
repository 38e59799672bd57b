"""Which goals are measured together, in the order of a run."""

from collections.abc import Callable

from tests.bench import api_goals, reconcile_goals, recording_goals, webhook_goals
from tests.bench.goals import Result
from tests.bench.harness import Harness

ALL: dict[tuple[str, ...], Callable[[Harness], list[Result]]] = {
    **webhook_goals.MEASURES,
    **recording_goals.MEASURES,
    **reconcile_goals.MEASURES,
    **api_goals.MEASURES,
}
