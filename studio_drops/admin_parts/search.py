"""Search by a whole id, the way a support person has it: pasted."""

from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from claims.entitlement_ids import parse_entitlement_id
from studio_drops.admin_parts.pages import ModelAdmin

BIGGEST_ID = 2**63 - 1


class IdSearch(ModelAdmin):
    """Each look-up is a query of its own, so that each finds its own index.

    Django's own search makes one condition of all of them, joined over all tables, which no index
    answers. `search_fields` holds what is compared with the term; `number_search_fields` what is
    only when the term is a number that an id can be.
    """

    number_search_fields: Sequence[str] = ()
    # Look-ups that very many rows may answer to, and no index: each with the small table and its
    # field that must know the term first.
    known_search_fields: Mapping[str, tuple[type[Model], str]] = {}
    # The way from this model to the fields of its entitlements, "entitlements__" say, if any.
    entitlement_path: str | None = None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        first, *others = [
            self.model._default_manager.filter(**condition).values("pk")
            for condition in self._conditions(request, term)
        ]
        return queryset.filter(pk__in=first.union(*others)), False

    def _conditions(self, request: HttpRequest, term: str) -> Iterator[dict[str, str]]:
        is_number = term.isascii() and term.isdigit() and len(term) <= 19
        is_id = is_number and int(term) <= BIGGEST_ID
        for name in [
            *self.get_search_fields(request),
            *(self.number_search_fields if is_id else ()),
            *self._known(term),
        ]:
            yield {name: term}
        key = parse_entitlement_id(term)
        if key and self.entitlement_path is not None:
            path = self.entitlement_path
            yield {f"{path}claim_id": key[0], f"{path}sku": key[1]}

    def _known(self, term: str) -> Iterator[str]:
        for name, (model, field) in self.known_search_fields.items():
            if model._default_manager.filter(**{field: term}).exists():
                yield name
