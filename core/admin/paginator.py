"""Pages of a list that may have millions of rows: looked ahead of, never counted to the end."""

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator

PAGES_AHEAD = 20
# The database reads what it skips, so a page costs more the further down it is.
LAST_PAGE = 100


class LookaheadPaginator(Paginator):  # type: ignore[type-arg]
    """Knows of twenty pages beyond the one that is shown, and of 100 at most; whoever needs more
    filters or searches.

    `page` is the page asked for, from 1.
    """

    def __init__(self, *args: Any, page: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known_at_most = min(max(page, 1) + PAGES_AHEAD, LAST_PAGE) * self.per_page

    @cached_property
    def count(self) -> int:
        """Exact unless `is_more`; costs no more than looking at the rows that it counts."""
        return min(self._counted, self._known_at_most)

    def page(self, number: Any) -> Page:  # type: ignore[type-arg]
        """Skips keys alone: the joins and the names of skipped rows would cost more than theirs."""
        page = super().page(number)
        if page.number > 1:
            shown: Any = page.object_list
            every: Any = self.object_list
            keys = list(shown.values_list("pk", flat=True))
            page.object_list = every.filter(pk__in=keys)
        return page

    @property
    def is_more(self) -> bool:
        return self._counted > self._known_at_most

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self._known_at_most + 1].count())
