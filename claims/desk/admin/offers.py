"""Partner channels, offers, and who used them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Authorization, Purpose, account_key
from accounts.platform_login import all_logins, platform_label
from claims.desk.admin.audit_mixin import Audited
from claims.desk.admin.id_search import IdSearch
from claims.desk.enqueue import subscribe_after_commit
from claims.models import (
    Channel,
    ChannelBan,
    ChannelReward,
    Item,
    Offer,
    OfferUse,
    Redemption,
    StreamSpan,
)
from claims.offers import create_offer
from claims.source import all_triggers, get_source, get_trigger
from core.admin.base import Page, ReadOnlyInline, ReadOnlyPage
from core.admin.html import badge, link, row_link
from core.platform_errors import PlatformError

TONE_OF_OUTCOME = {
    OfferUse.Outcome.WAITING: "wait",
    OfferUse.Outcome.OPEN: "wait",
    OfferUse.Outcome.CLAIMED: "good",
    OfferUse.Outcome.REFUSED: "bad",
}
TONE_OF_REWARD = {
    ChannelReward.State.WANTED: "wait",
    ChannelReward.State.LIVE: "good",
    ChannelReward.State.DELETED: "bad",
    ChannelReward.State.FOREIGN: "bad",
    ChannelReward.State.ENDED: "quiet",
}
TITLE_MAX_LENGTH = 50


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new channel is looked up at its platform, by name or by user ID."""

    platform = forms.ChoiceField(label=gettext_lazy("Platform"), choices=())
    owner = forms.CharField(
        label=gettext_lazy("Channel"),
        max_length=100,
        help_text=gettext_lazy("The streamer's user name, or the user ID in digits."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "platform" in self.fields:
            choices = [(one.platform, one.label) for one in all_logins()]
            self.fields["platform"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        if "owner" in fields and "platform" in fields:
            self._look_up(fields["platform"], fields["owner"].strip())
        return fields

    def _look_up(self, platform: str, owner: str) -> None:
        login = next(one for one in all_logins() if one.platform == platform)
        try:
            if owner.isascii() and owner.isdigit():
                user_id, name = str(int(owner)), login.name_of(str(int(owner)))
            else:
                user = login.find_user(owner)
                user_id, name = (user.user_id, user.name) if user else ("", "")
        except PlatformError as error:
            said = _("%(platform)s can't be asked now: %(error)s Try again in a minute.")
            raise forms.ValidationError(said % {"platform": login.label, "error": error}) from error
        if not user_id or not name:
            self.add_error("owner", _("Not found on %(platform)s.") % {"platform": login.label})
            return
        key = account_key(platform, user_id)
        if Channel.objects.filter(pk=key).exists():
            self.add_error("owner", _("This channel is a partner channel already."))
        self.instance.channel_id, self.instance.name = key, name


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]
    """An offer and, if it's new, the item that it gives. Later, the mapping page changes items."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=admin.widgets.AdminTextInputWidget,
        help_text=gettext_lazy("For example: “500 KICKs in one gift: Ember cape”."),
    )
    item = forms.ModelChoiceField(
        label=gettext_lazy("Item"), queryset=Item.objects.order_by("name", "sku")
    )
    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), initial=1, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["name"] = self.instance.reward.name

    def clean(self) -> dict[str, Any]:
        """Only what viewers pay for has a cost. Its platform shows the name, so it's short."""
        fields: dict[str, Any] = super().clean() or {}
        trigger = get_trigger(fields.get("trigger") or self.instance.trigger)
        if trigger is None:
            return fields
        if trigger.is_paid and not fields.get("cost"):
            self.add_error("cost", _("How many channel points does it cost?"))
        if trigger.is_paid and len(fields.get("name", "")) > TITLE_MAX_LENGTH:
            self.add_error("name", _("At most 50 characters: it's the reward's title."))
        if not trigger.is_paid:
            self.instance.cost = fields["cost"] = None
        if not trigger.has_tiers:
            self.instance.tier = fields["tier"] = ""
        return fields

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        trigger = get_trigger(self.cleaned_data.get("trigger", ""))
        # A blank delay is the usual one of what earns the offer.
        if trigger and self.cleaned_data.get("delay_hours") is None:
            self.instance.delay_hours = trigger.delay_hours
        if trigger and trigger.is_paid:
            self.instance.delay_hours, self.instance.at_least = 0, 1


class ChannelRewards(ReadOnlyInline):
    """An offer's rewards by channel, or a channel's by offer. Jobs keep them."""

    model = ChannelReward
    verbose_name_plural = gettext_lazy("channel rewards on the platform")
    readonly_fields: ClassVar[Any] = ["offer", "channel", "shown_state", "error", "checked_at"]
    fields: ClassVar[Any] = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelReward]:
        return super().get_queryset(request).select_related("offer__reward", "channel")

    @admin.display(description=gettext_lazy("state"))
    def shown_state(self, reward: ChannelReward) -> SafeString:
        text = reward.get_state_display()
        if reward.state == ChannelReward.State.LIVE and reward.is_paused_by_hand:
            return badge("wait", _("paused by the streamer"))
        if reward.state == ChannelReward.State.LIVE and reward.is_paused:
            return badge("wait", _("paused"))
        return badge(TONE_OF_REWARD[ChannelReward.State(reward.state)], text)


class Bans(admin.TabularInline):  # type: ignore[type-arg]
    """Viewers whom the channel has banned. The platform doesn't say when a ban is lifted."""

    model = ChannelBan
    extra = 0
    readonly_fields: ClassVar[Any] = ["account_id", "banned_at", "expires_at"]
    fields: ClassVar[Any] = readonly_fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Channel)
class ChannelAdmin(Audited, Page):
    list_display = [
        "shown_name",
        "platform",
        "state",
        "connection",
        "subscribers",
        "language",
        "category",
    ]
    list_filter = ["is_active", "language"]
    ordering = ["name", "channel_id"]
    search_fields = ["channel_id", "name"]
    search_help_text = gettext_lazy("Part of the name, or the channel ID.")
    empty_state = gettext_lazy(
        "No partner channels yet. Add one, so that its viewers can earn what offers give."
    )
    form = ChannelForm

    # As the platform shows them, once a day.
    FACTS = ("subscribers", "language", "category", "facts_checked_at", "missing_since")

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:  # noqa: ARG002
        return [ChannelRewards, Bans] if obj else []

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:  # noqa: ARG002
        shown = ["channel_id", "name", "connection", "is_active", *self.FACTS]
        return shown if obj else ["platform", "owner"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        return ["channel_id", "name", "connection", *self.FACTS] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if change:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        if not change:
            obj.added_at = timezone.now()
        super().save_model(request, obj, form, change)
        subscribe_after_commit()

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False  # mark it as not active instead, so that its history stays

    @admin.display(description=gettext_lazy("channel"), ordering="name")
    def shown_name(self, channel: Channel) -> str:
        return str(channel)

    @admin.display(description=gettext_lazy("platform"))
    def platform(self, channel: Channel) -> str:
        return platform_label(channel.pk.partition(":")[0])

    @admin.display(description=gettext_lazy("state"), ordering="is_active")
    def state(self, channel: Channel) -> SafeString:
        if not channel.is_active:
            return badge("quiet", _("not active"))
        if channel.missing_since:
            return badge("bad", _("not found on the platform"))
        return badge("good", _("active"))

    @admin.display(description=gettext_lazy("connection"))
    def connection(self, channel: Channel) -> SafeString:
        """Its owner's authorization. Only channel rewards need it."""
        owners = Authorization.objects.filter(account=channel.pk, purpose=Purpose.CHANNEL)
        authorization = owners.first()
        if channel.leaving_at:
            return badge("wait", _("being disconnected"))
        if authorization is None:
            return badge("quiet", _("not connected"))
        if authorization.disconnected_at or authorization.refused_since:
            return badge("bad", _("refused by the platform"))
        return badge("good", _("connected"))


@admin.register(Offer)
class OfferAdmin(Audited, Page):
    list_display = ["shown_name", "trigger", "at_least", "state", "waiting", "claimed", "refused"]
    list_filter = ["trigger"]
    ordering = ["-created_at"]
    search_fields = ["reward__name", "reward__reward_id"]
    search_help_text = gettext_lazy("Part of the name, or the reward ID.")
    empty_state = gettext_lazy(
        "No offers yet. An offer gives an item for what viewers do in partner channels."
    )
    form = OfferForm
    filter_horizontal = ["channels"]
    LOOK = ("cost", "description", "color", "asks_for_text", "hours_to_link")
    LIMITS = (
        "limit_per_player",
        "limit_per_player_a_day",
        "limit_per_channel_a_day",
        "limit_in_all",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        offers: QuerySet[Offer] = super().get_queryset(request)
        outcome = OfferUse.Outcome
        return offers.select_related("reward").annotate(
            **{
                f"{one.lower()}_count": Count("uses", filter=Q(uses__outcome=one))
                for one in outcome.values
            }
        )

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> list[Any]:  # noqa: ARG002
        return [ChannelRewards] if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        items = ["items", "reliability"] if obj else ["item", "quantity"]
        trigger = get_trigger(obj.trigger) if obj else None
        may_be_paid = trigger is None or trigger.is_paid
        may_be_free = trigger is None or not trigger.is_paid
        at_least, delay = (["at_least"], ["delay_hours"]) if may_be_free else ([], [])
        if trigger is None or trigger.has_tiers:
            at_least.append("tier")
        look = {
            "fields": self.LOOK,
            "description": _("Only for an item that viewers redeem with channel points."),
        }
        return [
            (None, {"fields": ["name", "trigger", *at_least, *items]}),
            *([(_("Channel reward"), look)] if may_be_paid else []),
            (_("Where and when"), {"fields": ["channels", "starts_at", "ends_at", *delay]}),
            (
                _("Limits"),
                {
                    "fields": self.LIMITS,
                    "description": _("Days begin at midnight, UTC. Leave empty for no limit."),
                },
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # noqa: ARG002
        return ["trigger", "items", "reliability"] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        units = ", ".join(dict.fromkeys(str(one.unit) for one in all_triggers()))
        form.base_fields["at_least"].help_text = _(
            "The smallest number in one event that earns the item: %(units)s."
        ) % {"units": units}
        if change:
            for name in ("item", "quantity"):
                form.base_fields.pop(name, None)
        else:
            delay = form.base_fields["delay_hours"]
            delay.required, delay.initial = False, None
            delay.help_text = _(
                "How long to wait before the item is given. Empty: 24 hours for gifted"
                " subscriptions, because their payments can fail later; none for the rest."
            )
        return form

    def save_model(self, request: HttpRequest, obj: Offer, form: Any, change: bool) -> None:
        subscribe_after_commit()
        values, actor = form.cleaned_data, request.user.get_username()
        if change:
            super().save_model(request, obj, form, change)
            obj.reward.name = values["name"]
            obj.reward.save(update_fields=["name"])
            return
        create_offer(
            name=values["name"],
            offer=obj,
            channels=values["channels"],
            items={values["item"]: values["quantity"]},
            actor=actor,
            now=timezone.now(),
        )

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False  # let it end instead, so that its claims keep their offer

    @admin.display(description=gettext_lazy("offer"), ordering="reward__name")
    def shown_name(self, offer: Offer) -> str:
        return str(offer)

    @admin.display(description=gettext_lazy("state"))
    def state(self, offer: Offer) -> SafeString:
        now = timezone.now()
        if offer.ends_at and offer.ends_at <= now:
            return badge("quiet", _("ended"))
        if offer.starts_at and offer.starts_at > now:
            return badge("wait", _("not started"))
        return badge("good", _("running"))

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, offer: Any) -> int:
        return int(offer.waiting_count)

    @admin.display(description=gettext_lazy("claimed"))
    def claimed(self, offer: Any) -> int:
        return int(offer.claimed_count)

    @admin.display(description=gettext_lazy("over a limit"))
    def refused(self, offer: Any) -> int:
        return int(offer.refused_count)

    @admin.display(description=gettext_lazy("items"))
    def items(self, offer: Offer) -> SafeString:
        mapping = offer.reward.mapping.select_related("item").order_by("item__sku")
        names = [(f"{one.quantity} × {one.item}",) for one in mapping]
        shown = format_html_join(", ", "{}", names) if names else _("none")
        page = link(reverse("desk:map", args=[offer.pk]), _("Change"))
        return format_html_join(" ", "{}", [(shown,), (page,)])

    @admin.display(description=gettext_lazy("reliability"))
    def reliability(self, offer: Offer) -> str:
        try:
            source = get_source(offer.trigger.partition(":")[0])
        except KeyError:
            return "—"
        if not source.is_lossy:
            return _("Missed events are found again.")
        return _(
            "Usually at once. The platform keeps no list of these events, so a missed one can't be "
            "found again. If a viewer proves it, grant the item by hand."
        )


@admin.register(StreamSpan)
class StreamSpanAdmin(ReadOnlyPage):
    """The history behind the live board."""

    list_display = ["began_at", "channel", "category", "minutes", "state"]
    list_filter = ["is_on_air", "channel"]
    ordering = ["-began_at", "-pk"]
    list_select_related = ["channel"]
    search_fields = ["channel__name", "category"]
    search_help_text = gettext_lazy("Part of a channel's name or of a category.")
    empty_state = gettext_lazy("No streams yet. They appear when partner channels are on air.")
    fields: ClassVar[Any] = [
        "channel",
        "category",
        "category_id",
        "started_at",
        "began_at",
        "ended_at",
        "minutes",
        "viewers",
        "state",
    ]

    @admin.display(description=gettext_lazy("minutes"))
    def minutes(self, span: StreamSpan) -> int:
        return int((span.ended_at - span.began_at).total_seconds() // 60)

    @admin.display(description=gettext_lazy("state"), ordering="is_on_air")
    def state(self, span: StreamSpan) -> SafeString:
        return badge("good", _("on air")) if span.is_on_air else badge("quiet", _("over"))


class RedemptionOfUse(ReadOnlyInline):
    """The platform's side of a use that was paid for with channel points."""

    model = Redemption
    template = "admin/edit_inline/stacked.html"
    readonly_fields: ClassVar[Any] = [
        "redemption_id",
        "reward",
        "state",
        "error",
        "attempts",
        "next_attempt_at",
        "ended_at",
    ]
    fields: ClassVar[Any] = readonly_fields


@admin.register(OfferUse)
class OfferUseAdmin(IdSearch, ReadOnlyPage):
    list_display = ["occurred_at", "offer", "account_link", "channel", "amount", "state", "due_at"]
    list_filter = ["outcome", "redemption__state", "offer", "channel"]
    inlines: ClassVar[Any] = [RedemptionOfUse]
    ordering = ["-received_at", "-claim_id"]
    list_select_related = ["offer__reward", "channel"]
    search_fields = ["claim_id"]
    account_search_fields = ["account_id"]
    search_help_text = gettext_lazy("Exact ID of a claim or platform account.")
    empty_state = gettext_lazy("No uses yet. They appear when viewers earn what an offer gives.")
    fields: ClassVar[Any] = [
        "claim_id",
        "offer",
        "account_link",
        "channel",
        "amount",
        "state",
        "occurred_at",
        "received_at",
        "due_at",
        "message_id",
        "claim_link",
    ]

    @admin.display(description=gettext_lazy("account"))
    def account_link(self, use: OfferUse) -> SafeString | str:
        return row_link("accounts_platformaccount", use.account_id, use.account_id)

    @admin.display(description=gettext_lazy("claim"))
    def claim_link(self, use: OfferUse) -> SafeString | str:
        if use.outcome != OfferUse.Outcome.CLAIMED:
            return "—"
        return row_link("claims_claim", use.pk, use.pk)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def state(self, use: OfferUse) -> SafeString:
        text = use.get_outcome_display()
        if use.refusal:
            text = f"{text}: {use.get_refusal_display()}"
        return badge(TONE_OF_OUTCOME[OfferUse.Outcome(use.outcome)], text)
