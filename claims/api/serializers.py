"""What goes over the wire, each field with its meaning: the schema and the docs are made of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from accounts.models import GAME_ACCOUNT_ID_MAX_LENGTH
from claims.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorField
from claims.api.queries import ListedEntitlement
from claims.entitlements import FulfilmentOutcome
from claims.models import Entitlement

MAX_IDS_PER_CALL = 1000
FULFILMENT_ID_MAX_LENGTH = 128
STATUSES = [(status.value, status.label) for status in Entitlement.Status]


class ExactTextField(serializers.CharField):
    """Text as it was sent: never trimmed, and never made of a number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def game_account_id_field(**kwargs: Any) -> ExactTextField:
    return ExactTextField(max_length=GAME_ACCOUNT_ID_MAX_LENGTH, **kwargs)


class QuerySerializer(serializers.Serializer[Any]):
    """Query parameters, strictly: a misspelled one must not widen what is asked for."""

    def to_internal_value(self, data: QueryDict) -> Any:
        faults = {name: fault for name in data if (fault := self._fault(name, data.getlist(name)))}
        if faults:
            raise serializers.ValidationError(faults)
        return super().to_internal_value(
            {name: data.getlist(name) if self._is_repeatable(name) else data[name] for name in data}
        )

    def _is_repeatable(self, name: str) -> bool:
        return isinstance(self.fields[name], serializers.MultipleChoiceField)

    def _fault(self, name: str, values: list[str]) -> str:
        if name not in self.fields:
            return _("There is no such parameter. There are: %(names)s.") % {
                "names": ", ".join(self.fields)
            }
        if len(values) > 1 and not self._is_repeatable(name):
            return _("Give it once.")
        return ""


class EntitlementQuery(QuerySerializer):
    game_account_id = game_account_id_field(
        required=False,
        help_text=gettext_lazy(
            "Whose entitlements: the game account's id, percent-encoded. "
            "Without it: the queue of all that is granted and not yet fulfilled."
        ),
    )
    status = serializers.MultipleChoiceField(
        choices=STATUSES,
        required=False,
        error_messages={
            "invalid_choice": gettext_lazy("“{input}” is no status. There are: %s.")
            % ", ".join(Entitlement.Status.values)
        },
        help_text=gettext_lazy(
            "Only those of this status; repeat it for several. Without it: all of the player's."
        ),
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=DEFAULT_LIMIT,
        help_text=gettext_lazy("How many a page has at most."),
    )
    cursor = CursorField(
        required=False, help_text=gettext_lazy("The `next_cursor` of the page before, as is.")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        granted = Entitlement.Status.GRANTED.value
        if "game_account_id" not in attrs and set(attrs.get("status", ())) - {granted}:
            raise serializers.ValidationError(
                {"status": _("The queue is of what is GRANTED. Name a game_account_id for others.")}
            )
        return attrs


def statuses_to_list(asked: Mapping[str, Any]) -> list[str]:
    """The statuses that a validated `EntitlementQuery` asks for."""
    everything = Entitlement.Status.values
    default = everything if "game_account_id" in asked else [Entitlement.Status.GRANTED.value]
    return sorted(asked.get("status", ())) or default


class EntitlementSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(
        source="public_id", help_text=gettext_lazy("Opaque. Name it when you fulfil it.")
    )
    game_account_id = serializers.CharField(help_text=gettext_lazy("Who is owed the item."))
    sku = serializers.CharField(help_text=gettext_lazy("Which item, in your own catalogue."))
    quantity = serializers.IntegerField(min_value=1, help_text=gettext_lazy("How many of it."))
    status = serializers.ChoiceField(
        choices=STATUSES,
        help_text=gettext_lazy(
            "`GRANTED`: hand it out. `FULFILLED`: a game server has. `REVOKED`: do not."
        ),
    )
    granted_at = serializers.DateTimeField(help_text=gettext_lazy("When the claim was granted."))
    fulfilled_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("When a game server said that it hands it out.")
    )
    fulfilment_id = serializers.SerializerMethodField(
        help_text=gettext_lazy("The caller's own id that it was fulfilled under.")
    )
    claim_id = serializers.CharField(help_text=gettext_lazy("Kick's id of the claim."))
    campaign_id = serializers.CharField(help_text=gettext_lazy("Kick's id of the campaign."))
    reward_id = serializers.CharField(help_text=gettext_lazy("Kick's id of the reward."))
    test = serializers.BooleanField(help_text=gettext_lazy("Whether the campaign is in test mode."))

    def get_fulfilment_id(self, entitlement: Any) -> str | None:
        return entitlement.fulfilment_id or None

    def to_representation(self, instance: ListedEntitlement) -> dict[str, Any]:
        """What the fields above say; field by field takes ten times as long, and servers poll."""
        return {
            "id": instance.public_id,
            "game_account_id": instance.game_account_id,
            "sku": instance.sku,
            "quantity": instance.quantity,
            "status": instance.status,
            "granted_at": _utc(instance.granted_at),
            "fulfilled_at": _utc(instance.fulfilled_at) if instance.fulfilled_at else None,
            "fulfilment_id": instance.fulfilment_id or None,
            "claim_id": instance.claim_id,
            "campaign_id": instance.campaign_id,
            "reward_id": instance.reward_id,
            "test": instance.test,
        }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


class EntitlementPageSerializer(serializers.Serializer[Any]):
    entitlements = EntitlementSerializer(many=True, help_text=gettext_lazy("Oldest first."))
    next_cursor = serializers.CharField(
        allow_null=True,
        help_text=gettext_lazy("Where to go on; null on the last page."),
    )


class EntitlementIdsField(serializers.ListField):
    child = ExactTextField(allow_blank=True)

    def run_child_validation(self, data: list[Any]) -> Any:
        """Look at all ids at once: one by one, a thousand take longer than to fulfil them."""
        are_texts = all(type(entitlement_id) is str for entitlement_id in data)
        if are_texts and (joined := "".join(data)).isascii() and "\0" not in joined:
            return data
        return super().run_child_validation(data)  # which names each fault


class FulfilmentSerializer(serializers.Serializer[Any]):
    entitlement_ids = EntitlementIdsField(
        max_length=MAX_IDS_PER_CALL,
        help_text=gettext_lazy("Which ones, up to 1,000."),
    )
    fulfilment_id = ExactTextField(
        max_length=FULFILMENT_ID_MAX_LENGTH,
        help_text=gettext_lazy(
            "Your own id of this hand-out. Repeat a call that got no answer with the same one."
        ),
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text=gettext_lazy("As it was sent."))
    outcome = serializers.ChoiceField(
        choices=[(outcome.value, outcome.name) for outcome in FulfilmentOutcome],
        help_text=gettext_lazy(
            "`fulfilled`: hand it out, once per `fulfilment_id`. "
            "`already_fulfilled`: under another `fulfilment_id`, do not hand it out. "
            "`revoked`: do not hand it out. "
            "`not_found`: there is none, or it is of a category that this key may not see."
        ),
    )


class OutcomesSerializer(serializers.Serializer[Any]):
    outcomes = OutcomeSerializer(
        many=True, help_text=gettext_lazy("One for each distinct id, in the order of the call.")
    )


class PlayerQuery(QuerySerializer):
    game_account_id = game_account_id_field(
        help_text=gettext_lazy("The game account's id, percent-encoded.")
    )


class PlayerSerializer(serializers.Serializer[Any]):
    game_account_id = serializers.CharField(help_text=gettext_lazy("As it was asked for."))
    linked = serializers.BooleanField(
        help_text=gettext_lazy("Whether a Kick account is linked. False for an unknown player.")
    )
    kick_user_id = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("A number of up to 20 digits, hence a string.")
    )
    kick_name = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("As Kick last gave it; it may change there.")
    )
    linked_at = serializers.DateTimeField(
        allow_null=True, help_text=gettext_lazy("Since when they are linked.")
    )


class FaultSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
    parameter = serializers.CharField(
        required=False, help_text=gettext_lazy("The query parameter that is at fault.")
    )
    pointer = serializers.CharField(
        required=False, help_text=gettext_lazy("The place in the body, as a JSON pointer.")
    )


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField(help_text=gettext_lazy("Where this kind is described."))
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text=gettext_lazy("What mends it."))
    errors = FaultSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text=gettext_lazy("With status 400: each fault.")
    )
