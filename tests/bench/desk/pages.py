"""Every page of the desk and every list of the admin that ops use, as requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Authorization, Deauthorization, LinkEvent, PlatformAccount, Player
from claims.desk.views.campaign import FILTERS
from claims.models import (
    AuditEvent,
    BulkJob,
    Campaign,
    Claim,
    ClaimHour,
    Entitlement,
    Item,
    QuarantinedDelivery,
    ReconcileRun,
    Reward,
    RewardFunnel,
)
from core.admin.paginator import LAST_PAGE
from core.models import Lease

LISTED: tuple[type[Model], ...] = (
    Claim,
    Entitlement,
    QuarantinedDelivery,
    Player,
    PlatformAccount,
    LinkEvent,
    Authorization,
    Deauthorization,
    Campaign,
    Reward,
    Item,
    ReconcileRun,
    Lease,
    AuditEvent,
    BulkJob,
    ClaimHour,
    RewardFunnel,
)
NEW_CAMPAIGN, NEW_REWARD, NEW_SKU = "01NEWCAMPAIGN", "01NEWREWARD", "comet-new"
Ask = tuple[str, str]


@dataclass(frozen=True)
class Page:
    """A request; one with `form` is a POST."""

    name: str
    path: str
    form: dict[str, str] = field(default_factory=dict)


def all_pages(client: Client) -> list[Page]:
    """From the database with few claims: the same rows are in the one with many."""
    subjects = _subjects()
    lists = chain.from_iterable(_list_pages(client, model) for model in LISTED)
    pages = [*_desk(subjects), *_searches(subjects), *lists, *_rows(), *_links(subjects)]
    return list({page.path + str(page.form): page for page in pages}.values())


def _subjects() -> dict[str, Any]:
    granted = Claim.objects.filter(
        path="WEBHOOK",
        status="GRANTED",
        report__reported_at__isnull=False,
        account__player_id__gt=0,
    )
    claim = granted.order_by("pk").first()
    waiting = Claim.objects.filter(hold_reason="NOT_LINKED").order_by("pk").first()
    assert claim
    assert waiting
    return {
        "claim": claim,
        "owed": claim.entitlements.get(),
        "account": claim.account,
        "player": claim.account.player,
        "stranger": waiting.account,
        "campaign": Campaign.objects.get(ends_at__gt=timezone.now()),
        "reward": Reward.objects.filter(name="Ember cape").get(),
        "unmapped": Reward.objects.filter(mapping=None).order_by("pk").first(),
    }


def _desk(of: dict[str, Any]) -> Iterator[Page]:
    claim, player = of["claim"], of["player"]
    yield Page("home", "/admin/")
    yield Page("player's story", reverse("desk:player", args=[player.pk]))
    yield Page("story of a claim", reverse("desk:player", args=[player.pk]) + f"?claim={claim.pk}")
    yield Page("Kick user's story", reverse("desk:account", args=[of["stranger"].pk]))
    for name in ("grant", "revoke"):
        yield Page(f"{name}: form", reverse(f"desk:{name}", args=[player.pk]))
    yield Page("unlink: form", reverse("desk:unlink", args=[player.pk, of["account"].platform]))
    for campaign in Campaign.objects.order_by("pk"):
        yield Page(f"campaign {campaign}", reverse("desk:campaign", args=[campaign.pk]))
        yield Page(f"live {campaign}", reverse("desk:live_figures", args=[campaign.pk]))
        yield Page(f"preflight {campaign}", reverse("desk:preflight", args=[campaign.pk]))
    yield Page("live board", reverse("desk:board_lines"))
    yield Page("new campaign: form", reverse("desk:new_campaign"))
    yield Page("to be mapped", reverse("desk:queue"))
    mapping = reverse("desk:map", args=[of["unmapped"].pk])
    yield Page("mapping: form", mapping)
    yield Page("mapping: preview", mapping, _mapping_form())
    yield Page("import and export", reverse("desk:catalogue"))
    yield Page("export", reverse("desk:export"), {"download": "1"})
    yield Page("bulk job", reverse("desk:job", args=[BulkJob.objects.order_by("pk")[0].pk]))


def _mapping_form() -> dict[str, str]:
    item = Item.objects.order_by("pk")[0]
    counts = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0"}
    return {**counts, "form-0-item": str(item.pk), "form-0-quantity": "1"}


def _terms(of: dict[str, Any]) -> Iterator[Ask]:
    yield "claim id", of["claim"].pk
    yield "message id", of["claim"].message_id
    yield "entitlement id", of["owed"].public_id
    yield "row of an entitlement", str(of["owed"].pk)
    yield "fulfilment id", of["owed"].fulfilment_id
    yield "game account", of["player"].game_account_id
    yield "account", of["account"].pk
    yield "Kick user id", of["account"].user_id
    yield "Kick name", of["account"].name
    yield "campaign id", of["campaign"].pk
    yield "reward id", of["reward"].pk
    yield "external id", of["reward"].external_id
    yield "new campaign", NEW_CAMPAIGN
    yield "new reward", NEW_REWARD
    yield "new SKU", NEW_SKU
    yield "nothing", "nowhere-to-be-found"


def _searches(of: dict[str, Any]) -> Iterator[Page]:
    for name, term in _terms(of):
        query = urlencode({"q": term})
        yield Page(f"search: {name}", f"{reverse('desk:search')}?{query}")
        for model in (Claim, Entitlement, Player, PlatformAccount):
            yield Page(f"{_title(model)}, search: {name}", f"{_list(model)}?{query}")
    for model in (
        LinkEvent,
        Authorization,
        QuarantinedDelivery,
        AuditEvent,
        ReconcileRun,
        Campaign,
        Reward,
    ):
        term = of["campaign"].pk if model in (Campaign, Reward, ReconcileRun) else of["claim"].pk
        yield Page(f"{_title(model)}, search", f"{_list(model)}?{urlencode({'q': term})}")


def _list_pages(client: Client, model: type[Model]) -> Iterator[Page]:
    """A list, its next and its last pages, and each choice of each filter."""
    path = _list(model)
    yield Page(_title(model), path)
    changes: Any = client.get(path).context_data["cl"]  # type: ignore[attr-defined]
    pages = changes.paginator.num_pages
    # The last one that is known at first, but for one that is not full.
    for number in sorted({2, pages - 1} if pages > 2 else ()):
        yield Page(f"{_title(model)}, page {number}", f"{path}?p={number}")
    if model is Claim and Claim.objects.count() >= 50 * LAST_PAGE:
        yield Page(f"{_title(model)}, page {LAST_PAGE}", f"{path}?p={LAST_PAGE}")
    for spec in changes.filter_specs:
        for choice in list(spec.choices(changes))[1:]:  # the first one is “all”
            name = f"{_title(model)}, {spec.title}: {choice['display']}"
            yield Page(name, path + choice["query_string"])


def _rows() -> Iterator[Page]:
    """The page of one row of each kind."""
    for model in LISTED:
        row = model._default_manager.order_by("pk").first()
        url = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        yield Page(f"one of {_title(model)}", reverse(url, args=[row.pk if row else "none"]))


def _links(of: dict[str, Any]) -> Iterator[Page]:
    """The lists that pages lead to, filtered as no side bar filters."""
    claims = _list(Claim)
    of_campaign = {"campaign__campaign_id__exact": of["campaign"].pk}
    for step, filters in FILTERS.items():
        query = urlencode({**of_campaign, "reward_id": of["reward"].pk, **filters})
        yield Page(f"claims of a reward, {step}", f"{claims}?{query}")
    query = urlencode({"campaign__campaign_id__exact": NEW_CAMPAIGN})
    yield Page("claims of a new campaign", f"{claims}?{query}")
    yield Page("claims that Kick refuses", f"{claims}?report__refusals__gt=0")
    of_player = urlencode({"player__id__exact": of["player"].pk})
    yield Page("entitlements of a player", f"{_list(Entitlement)}?{of_player}")
    of_account = urlencode({"account__key__exact": of["account"].pk})
    yield Page("claims of a Kick user", f"{claims}?{of_account}")
    unmapped = {"hold_reason__exact": "UNMAPPED_REWARD", "reward_id": of["unmapped"].pk}
    yield Page("claims that wait for a mapping", f"{claims}?{urlencode(unmapped)}")


def _list(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _title(model: type[Model]) -> str:
    return str(model._meta.verbose_name_plural)
