"""Search by a whole id, the way a support person has it: pasted."""

from collections.abc import Sequence

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from studio_drops.admin_parts.pages import ModelAdmin

BIGGEST_ID = 2**63 - 1


class IdSearch(ModelAdmin):
    """Each look-up is a query of its own, so that each finds its own index.

    Django's own search makes one condition of all of them, joined over all tables, which no index
    answers. `search_fields` holds what is compared with the term; `number_search_fields` what is
    only when the term is a number that an id can be.
    """

    number_search_fields: Sequence[str] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        first, *others = [
            self.model._default_manager.filter(**{lookup: term}).values("pk")
            for lookup in self._lookups(request, term)
        ]
        return queryset.filter(pk__in=first.union(*others)), False

    def _lookups(self, request: HttpRequest, term: str) -> list[str]:
        is_id = term.isascii() and term.isdigit() and len(term) <= 19 and int(term) <= BIGGEST_ID
        return [*self.get_search_fields(request), *(self.number_search_fields if is_id else ())]
