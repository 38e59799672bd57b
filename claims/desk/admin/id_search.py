"""Search by a complete id, as support staff paste it."""

from collections.abc import Iterator, Sequence

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from accounts.models import account_key
from accounts.platform_login import all_logins
from claims.entitlement_ids import parse_entitlement_id
from core.admin.base import ModelAdmin

BIGGEST_ID = 2**63 - 1
# Limits the other matches if the term is also the id of a campaign or an item.
BESIDE_KNOWN = 1000


class IdSearch(ModelAdmin):
    """Search with one query per field, so that each query uses its own index.

    Django's search combines all fields into one condition over joined tables, which can't use an
    index. The term is compared with `search_fields`, and with `number_search_fields` if it's a
    number that can be an id.
    """

    number_search_fields: Sequence[str] = ()
    # Keys of platform accounts: `kick:1234` is found by `1234`, too.
    account_search_fields: Sequence[str] = ()
    # The lookup prefix from this model to its entitlements, such as "entitlements__", if any.
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
        # Both conditions can use an index as long as one of them is a list of ids or missing.
        ids = list(found.values_list("pk", flat=True)[:BESIDE_KNOWN])
        return queryset.filter(Q(pk__in=ids) | known if ids else known), False

    def known_condition(self, term: str) -> Q | None:  # noqa: ARG002
        """The condition for a term that may match very many rows, such as a campaign's id.

        Returns None if no small table contains the term. The condition must use an index.
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
        for name in self.account_search_fields:
            yield {name: term}
            yield from ({name: account_key(one.platform, term)} for one in all_logins())
        key = parse_entitlement_id(term)
        if key and self.entitlement_path is not None:
            path = self.entitlement_path
            yield {f"{path}claim_id": key[0], f"{path}sku": key[1]}
