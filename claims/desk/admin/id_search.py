"""Search by a whole id, the way a support person has it: pasted."""

from collections.abc import Iterator, Sequence

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from claims.entitlement_ids import parse_entitlement_id
from core.admin.base import ModelAdmin

BIGGEST_ID = 2**63 - 1
# What is shown at most that has a campaign's or an item's id for another id or name.
BESIDE_KNOWN = 1000


class IdSearch(ModelAdmin):
    """Each look-up is a query of its own, so that each finds its own index.

    Django's own search makes one condition of all of them, joined over all tables, which no index
    answers. `search_fields` holds what is compared with the term; `number_search_fields` what is
    only when the term is a number that an id can be.
    """

    number_search_fields: Sequence[str] = ()
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
        found = first.union(*others)
        known = self.known_condition(term)
        if known is None:
            return queryset.filter(pk__in=found), False
        # Both are answered by indexes as long as one of them is a list of ids, or nothing.
        ids = list(found.values_list("pk", flat=True)[:BESIDE_KNOWN])
        return queryset.filter(Q(pk__in=ids) | known if ids else known), False

    def known_condition(self, term: str) -> Q | None:  # noqa: ARG002
        """What a term means that very many rows may answer to: a campaign's id, say.

        None unless a small table knows the term. Must be answered by an index.
        """
        return None

    def _conditions(self, request: HttpRequest, term: str) -> Iterator[dict[str, str]]:
        is_number = term.isascii() and term.isdigit() and len(term) <= 19
        is_id = is_number and int(term) <= BIGGEST_ID
        for name in [
            *self.get_search_fields(request),
            *(self.number_search_fields if is_id else ()),
        ]:
            yield {name: term}
        key = parse_entitlement_id(term)
        if key and self.entitlement_path is not None:
            path = self.entitlement_path
            yield {f"{path}claim_id": key[0], f"{path}sku": key[1]}
