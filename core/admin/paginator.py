"""Pagination for lists of millions of rows, without counting all of them."""

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator

PAGES_AHEAD = 20
# The database reads the rows that it skips, so later pages cost more.
LAST_PAGE = 100


class LookaheadPaginator(Paginator):  # type: ignore[type-arg]
    """Counts at most 20 pages beyond the current page, and 100 in total. Filter to see more.

    `page` is the requested page, starting at 1.
    """

    def __init__(self, *args: Any, page: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known_at_most = min(max(page, 1) + PAGES_AHEAD, LAST_PAGE) * self.per_page

    @cached_property
    def count(self) -> int:
        """The number of rows. If `is_more`, there are more. Costs one read of the counted rows."""
        return min(self._counted, self._known_at_most)

    def page(self, number: Any) -> Page:  # type: ignore[type-arg]
        """Skip over primary keys only, because joining the skipped rows is expensive."""
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
