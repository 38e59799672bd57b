"""Requests and responses. Each field has a description; the schema and docs page show it."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from accounts.link_tickets import State
from accounts.models import GAME_ACCOUNT_ID_MAX_LENGTH
from claims.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorField
from claims.entitlements import FulfilmentOutcome
from claims.listing import ListedEntitlement
from claims.models import Entitlement

MAX_IDS_PER_CALL = 1000
FULFILMENT_ID_MAX_LENGTH = 128
STATUSES = [(status.value, status.label) for status in Entitlement.Status]


class ExactTextField(serializers.CharField):
    """Text exactly as it was sent: never trimmed, never converted from a number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def game_account_id_field(**kwargs: Any) -> ExactTextField:
    return ExactTextField(max_length=GAME_ACCOUNT_ID_MAX_LENGTH, **kwargs)


class QuerySerializer(serializers.Serializer[Any]):
    """Rejects unknown parameters: ignoring a misspelled filter would return too much."""

    def to_internal_value(self, data: QueryDict) -> Any:
        faults = {}
        for name in data:
            if name not in self.fields:
                fault = _("Unknown parameter. Allowed: %(names)s.")
                faults[name] = fault % {"names": ", ".join(self.fields)}
            elif len(data.getlist(name)) > 1 and not self._is_repeatable(name):
                faults[name] = _("This parameter may be given only once.")
        if faults:
            raise serializers.ValidationError(faults)
        return super().to_internal_value(
            {name: data.getlist(name) if self._is_repeatable(name) else data[name] for name in data}
        )

    def _is_repeatable(self, name: str) -> bool:
        return isinstance(self.fields[name], serializers.MultipleChoiceField)


class EntitlementQuery(QuerySerializer):
    game_account_id = game_account_id_field(
        required=False,
        help_text=gettext_lazy(
            "The game account's id, percent-encoded. "
            "Without it, the response is the queue: all granted, unfulfilled entitlements."
        ),
    )
    status = serializers.MultipleChoiceField(
        choices=STATUSES,
        required=False,
        error_messages={
            "invalid_choice": gettext_lazy("Invalid status “{input}”. Allowed: %s.")
            % ", ".join(Entitlement.Status.values)
        },
        help_text=gettext_lazy(
            "Only entitlements with this status. Repeat it for several. "
            "Without it, a player's entitlements are listed with any status."
        ),
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=DEFAULT_LIMIT,
        help_text=gettext_lazy("Maximum number of entitlements per page."),
    )
    cursor = CursorField(
        required=False,
        help_text=gettext_lazy("`next_cursor` from the previous response, unchanged."),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        granted = Entitlement.Status.GRANTED.value
        if "game_account_id" not in attrs and set(attrs.get("status", ())) - {granted}:
            raise serializers.ValidationError(
                {"status": _("Without game_account_id, status can only be GRANTED.")}
            )
        return attrs


class ChangeQuery(QuerySerializer):
    after = serializers.CharField(
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "`next_cursor` from the previous response, now or from an earlier day. `latest`: only"
            " return the cursor of the last change. Without it, the response starts at the first."
        ),
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=DEFAULT_LIMIT,
        help_text=gettext_lazy("Maximum number of entitlements per page."),
    )


def statuses_to_list(asked: Mapping[str, Any]) -> list[str]:
    """The statuses to list for a validated `EntitlementQuery`."""
    everything = Entitlement.Status.values
    default = everything if "game_account_id" in asked else [Entitlement.Status.GRANTED.value]
    return sorted(asked.get("status", ())) or default


class EntitlementSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        source="public_id", help_text=gettext_lazy("Opaque id. Pass it to fulfil the entitlement.")
    )
    game_account_id = serializers.CharField(
        help_text=gettext_lazy("The game account that receives the item.")
    )
    sku = serializers.CharField(help_text=gettext_lazy("The item in your catalogue."))
    quantity = serializers.IntegerField(
        min_value=1, help_text=gettext_lazy("How many of the item.")
    )
    status = serializers.ChoiceField(
        choices=STATUSES,
        help_text=gettext_lazy(
            "`GRANTED`: not delivered yet. `FULFILLED`: fulfilled by a game server. "
            "`REVOKED`: don't deliver it."
        ),
    )
    granted_at = serializers.DateTimeField(help_text=gettext_lazy("When the claim was granted."))
    fulfilled_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("When a game server fulfilled it.")
    )
    fulfilment_id = serializers.SerializerMethodField(
        help_text=gettext_lazy("The `fulfilment_id` it was fulfilled with.")
    )
    revoked_at = serializers.DateTimeField(
        allow_null=True,
        help_text=gettext_lazy(
            "When staff revoked it. If the status is `FULFILLED`, the item was delivered before."
        ),
    )
    platform = serializers.CharField(
        allow_null=True,
        help_text=gettext_lazy("The platform it was earned on. Null for a manual grant."),
    )
    source = serializers.CharField(  # type: ignore[assignment]  # a field, not DRF's `source`
        help_text=gettext_lazy("What it was earned with, such as `kick_drops` or `manual`.")
    )
    claim_id = serializers.CharField(help_text=gettext_lazy("The claim's id."))
    campaign_id = serializers.CharField(
        allow_null=True,
        help_text=gettext_lazy("The campaign's id. Null if the source has no campaigns."),
    )
    reward_id = serializers.CharField(help_text=gettext_lazy("The reward's id."))
    test = serializers.BooleanField(help_text=gettext_lazy("Whether the campaign is in test mode."))

    def get_fulfilment_id(self, entitlement: Any) -> str | None:
        return entitlement.fulfilment_id or None

    def to_representation(self, instance: ListedEntitlement) -> dict[str, Any]:
        """Build the dict in one go: field by field takes ten times as long, and servers poll."""
        return instance.as_json()


class ChangePageSerializer(serializers.Serializer[Any]):
    entitlements = EntitlementSerializer(
        many=True,
        help_text=gettext_lazy("As they are now, the one that changed first in front."),
    )
    next_cursor = serializers.CharField(
        help_text=gettext_lazy("Store it, and pass it as `after` to continue. It never expires.")
    )
    has_more = serializers.BooleanField(
        help_text=gettext_lazy("Whether there are more changes already.")
    )


class EntitlementPageSerializer(serializers.Serializer[Any]):
    entitlements = EntitlementSerializer(many=True, help_text=gettext_lazy("Oldest first."))
    next_cursor = serializers.CharField(
        allow_null=True,
        help_text=gettext_lazy("Pass it as `cursor` for the next page. Null on the last page."),
    )


class EntitlementIdsField(serializers.ListField):
    child = ExactTextField(allow_blank=True)

    def run_child_validation(self, data: list[Any]) -> Any:
        """Check all ids at once: one by one, a thousand take longer than fulfilling them."""
        are_texts = all(type(entitlement_id) is str for entitlement_id in data)
        if are_texts and (joined := "".join(data)).isascii() and "\0" not in joined:
            return data
        return super().run_child_validation(data)  # reports each invalid id


class FulfilmentSerializer(serializers.Serializer[Any]):
    entitlement_ids = EntitlementIdsField(
        max_length=MAX_IDS_PER_CALL,
        help_text=gettext_lazy("The entitlements to fulfil, up to 1,000."),
    )
    fulfilment_id = ExactTextField(
        min_length=1,
        max_length=FULFILMENT_ID_MAX_LENGTH,
        help_text=gettext_lazy(
            "Your id for this delivery. If a call gets no response, repeat it with the same one."
        ),
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text=gettext_lazy("The id from the request."))
    outcome = serializers.ChoiceField(
        choices=[(outcome.value, outcome.name) for outcome in FulfilmentOutcome],
        help_text=gettext_lazy(
            "`fulfilled`: deliver it, once per `fulfilment_id`. "
            "`already_fulfilled`: fulfilled with another `fulfilment_id`, don't deliver it. "
            "`revoked`: don't deliver it. "
            "`not_found`: it doesn't exist, or this key isn't allowed to see its category."
        ),
    )


class OutcomesSerializer(serializers.Serializer[Any]):
    outcomes = OutcomeSerializer(
        many=True, help_text=gettext_lazy("One for each distinct id, in the order of the request.")
    )


class PlayerQuery(QuerySerializer):
    game_account_id = game_account_id_field(
        help_text=gettext_lazy("The game account's id, percent-encoded.")
    )


class LinkSerializer(serializers.Serializer[Any]):
    platform = serializers.CharField(help_text=gettext_lazy("The platform, such as `kick`."))
    user_id = serializers.CharField(
        help_text=gettext_lazy("The account's id on the platform, as a string.")
    )
    name = serializers.CharField(
        help_text=gettext_lazy("The latest name we received. Users can change it. May be blank.")
    )
    linked_at = serializers.DateTimeField(help_text=gettext_lazy("When the accounts were linked."))
    state = serializers.ChoiceField(
        choices=["linked", "disconnected"],
        help_text=gettext_lazy(
            "`disconnected`: the platform has ended our access. Items still arrive, and the player "
            "should connect again."
        ),
    )


class PlayerSerializer(serializers.Serializer[Any]):
    game_account_id = serializers.CharField(help_text=gettext_lazy("The id from the request."))
    links = LinkSerializer(
        many=True,
        help_text=gettext_lazy("At most one for each platform. Empty for an unknown player."),
    )


class SyncBody(serializers.Serializer[Any]):
    game_account_id = game_account_id_field(help_text=gettext_lazy("The game account's id."))


class SyncedAccountSerializer(serializers.Serializer[Any]):
    platform = serializers.CharField(help_text=gettext_lazy("The platform, such as `kick`."))
    user_id = serializers.CharField(help_text=gettext_lazy("The account's id, as a string."))
    name = serializers.CharField(help_text=gettext_lazy("The latest name. May be blank."))
    outcome = serializers.ChoiceField(
        choices=["synced", "unavailable"],
        help_text=gettext_lazy(
            "`unavailable`: the platform couldn't be asked. Nothing is lost: its claims are "
            "fetched later in any case."
        ),
    )
    found = serializers.IntegerField(help_text=gettext_lazy("Claims that the platform shows."))
    recorded = serializers.IntegerField(help_text=gettext_lazy("Those that were missing here."))
    granted = serializers.IntegerField(help_text=gettext_lazy("Claims granted by this sync."))


class SyncResultSerializer(serializers.Serializer[Any]):
    game_account_id = serializers.CharField(help_text=gettext_lazy("The id from the request."))
    synced_at = serializers.DateTimeField(
        allow_null=True,
        help_text=gettext_lazy(
            "When the platforms were asked. Null if the player isn't known, or if the first sync "
            "is still under way."
        ),
    )
    is_new = serializers.BooleanField(
        help_text=gettext_lazy(
            "Whether this call asked the platforms. False: it's the result of a call less than a "
            "minute ago."
        )
    )
    accounts = SyncedAccountSerializer(
        many=True, help_text=gettext_lazy("One for each linked account.")
    )
    entitlements = EntitlementSerializer(
        many=True, help_text=gettext_lazy("The player's undelivered items now, at most 1,000.")
    )


class DetailSerializer(serializers.Serializer[Any]):
    label = ExactTextField(  # type: ignore[assignment]
        max_length=40, help_text=gettext_lazy("Such as `Level`.")
    )
    value = ExactTextField(max_length=80, help_text=gettext_lazy("Such as `42`."))


class LinkTicketBody(serializers.Serializer[Any]):
    game_account_id = game_account_id_field(
        help_text=gettext_lazy("The game account of the player who asked for it.")
    )
    name = ExactTextField(
        required=False,
        allow_blank=True,
        max_length=128,
        default="",
        help_text=gettext_lazy("The account's name, as the player knows it."),
    )
    details = DetailSerializer(
        many=True,
        required=False,
        max_length=5,  # type: ignore[call-arg]  # the list's, not the serializer's
        help_text=gettext_lazy("What helps to recognize the account. Shown before linking."),
    )


class NewLinkTicketSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text=gettext_lazy("To ask for the ticket's state."))
    url = serializers.CharField(help_text=gettext_lazy("Opens the ticket. Show it to no one else."))
    code = serializers.CharField(
        help_text=gettext_lazy(
            "For typing at `code_url`. Letters in any case; no 0, 1, I, L, O, U."
        )
    )
    code_url = serializers.CharField(help_text=gettext_lazy("Where to type the code."))
    qr = serializers.CharField(help_text=gettext_lazy("A QR code of `url`, as SVG."))
    expires_in = serializers.IntegerField(help_text=gettext_lazy("Seconds."))


class LinkedByTicketSerializer(serializers.Serializer[Any]):
    platform = serializers.CharField()
    user_id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class LinkTicketSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    game_account_id = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in State],
        help_text=gettext_lazy(
            "`waiting`: not opened yet. `opened`: the player confirmed the game account. `linked`."
            " `undone`: linked, and unlinked since. `expired`: never opened."
        ),
    )
    expires_in = serializers.IntegerField(
        help_text=gettext_lazy("Seconds until it can't be opened any more, at least 0.")
    )
    account = LinkedByTicketSerializer(
        allow_null=True, help_text=gettext_lazy("The linked account of the platform.")
    )
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("Until when the link can be undone.")
    )


class FaultSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    parameter = serializers.CharField(
        required=False, help_text=gettext_lazy("The invalid query parameter.")
    )
    pointer = serializers.CharField(
        required=False, help_text=gettext_lazy("The location in the body, as a JSON pointer.")
    )


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField(
        help_text=gettext_lazy("Link to the description of this kind of error.")
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text=gettext_lazy("What went wrong and how to fix it."))
    errors = FaultSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text=gettext_lazy("Each fault, with status 400.")
    )
