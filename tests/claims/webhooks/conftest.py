from collections.abc import Iterator

import pytest

from tests.webhook_receiver import WebhookReceiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with running_receiver() as running:
        yield running
