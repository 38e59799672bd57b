"""What holds for every page of the admin alike."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from claims.models import Campaign, Offer, OfferUse, Reward
from core.admin.html import row_url
from tests.claims.desk.admin.model_names import MODELS, READ_ONLY
from tests.claims.desk.admin.rows import TOKEN, make_delivery
from tests.factories import make_account, make_claim, make_entitlement
from tests.inline_code import InlineCode

# Shown on the page of a campaign, reward or claim.
INLINES = {
    "claims_apikeyminute",
    "claims_apikeyusage",
    "claims_campaignreward",
    "claims_channelban",
    "claims_channelreward",
    "claims_confirmation",
    "claims_itempicture",
    "claims_pause",
    "claims_redemption",
    "claims_report",
    "claims_rewarditem",
}


def list_of(model):
    return reverse(f"admin:{model}_changelist")


def page_of(model, row):
    return row_url(model, row.pk)


def text(answer):
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_every_model_has_a_list():
    registered = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
    ours = {
        model._meta.label_lower.replace(".", "_")
        for app in ("accounts", "claims")
        for model in apps.get_app_config(app).get_models()
    }

    assert ours - registered == INLINES


@pytest.mark.parametrize("model", MODELS)
def test_pages_are_answered_without_inline_code(admin_client, one_of_each, model):
    for url in (list_of(model), page_of(model, one_of_each[model])):
        answer = admin_client.get(url)

        blocked = InlineCode()
        blocked.feed(text(answer))
        assert blocked.found == []
        assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("model", MODELS)
def test_empty_list_says_what_it_means(admin_client, model):
    assert "empty-state" in text(admin_client.get(list_of(model)))


@pytest.mark.parametrize("model", READ_ONLY)
def test_read_only_models_cannot_be_written(admin_client, one_of_each, model):
    row = one_of_each[model]

    assert admin_client.get(reverse(f"admin:{model}_add")).status_code == 403
    assert admin_client.post(page_of(model, row), {}).status_code == 403
    assert admin_client.get(reverse(f"admin:{model}_delete", args=[row.pk])).status_code == 403
    assert "delete_selected" not in text(admin_client.get(list_of(model)))


def test_page_of_an_id_that_looks_escaped(admin_client):
    claim = make_claim(claim_id="01K_5Fa_3A:b")

    assert "01K_5Fa_3A:b" in text(admin_client.get(page_of("claims_claim", claim)))
    assert row_url("claims_claim", "kick:7") == "/admin/claims/claim/kick:7/change/"


@pytest.mark.parametrize("model", MODELS)
def test_secrets_are_on_no_page(admin_client, one_of_each, model):
    shown = text(admin_client.get(list_of(model)))
    if model != "accounts_linkattempt":
        shown += text(admin_client.get(page_of(model, one_of_each[model])))

    for secret in (
        TOKEN.decode(),
        "session-digest",
        "verifier",
        one_of_each["secret"],
        one_of_each["claims_apikey"].digest,
    ):
        assert secret not in shown


# What support may be given -> the models whose search must lead to it.
SEARCHES = [
    (
        "hero/7",
        "accounts_player accounts_platformaccount accounts_linkevent claims_claim"
        " claims_entitlement",
    ),
    (
        "night_owl",
        "accounts_player accounts_platformaccount accounts_linkevent claims_claim"
        " claims_entitlement",
    ),
    (
        "NIGHT_OWL",
        "accounts_player accounts_platformaccount accounts_linkevent claims_claim"
        " claims_entitlement",
    ),
    (
        "{account}",
        "accounts_player accounts_platformaccount accounts_authorization accounts_deauthorization",
    ),
    ("{account}", "accounts_linkevent claims_claim claims_entitlement"),
    (
        "{claim}",
        "claims_claim claims_entitlement claims_quarantineddelivery accounts_player"
        " accounts_platformaccount",
    ),
    ("{entitlement}", "claims_claim claims_entitlement accounts_player accounts_platformaccount"),
    ("message-1", "claims_quarantineddelivery"),
    ("{message}", "claims_claim claims_entitlement accounts_platformaccount"),
    ("{campaign}", "claims_claim claims_entitlement claims_campaign claims_reward"),
    ("{reward}", "claims_claim claims_entitlement claims_campaign claims_reward"),
    ("starter-sword", "claims_claim claims_entitlement"),
    ("{item}", "claims_campaign claims_reward claims_item"),
    ("{campaign}", "claims_reconcilerun"),
    ("catch_up", "core_lease"),
    ("eu-west", "claims_apikey"),
]


@pytest.mark.parametrize(("given", "models"), SEARCHES)
def test_search_by_any_id_a_support_person_is_given(admin_client, one_of_each, given, models):
    others = make_entitlement(), make_delivery(message_id="another")
    claim = one_of_each["claims_claim"]
    term = given.format(
        account=claim.account_id,
        claim=claim.pk,
        entitlement=one_of_each["claims_entitlement"].public_id,
        message=claim.message_id,
        campaign=claim.campaign_id,
        reward=claim.reward_id,
        item=one_of_each["claims_item"].sku,
    )

    for model in models.split():
        answer = admin_client.get(list_of(model), {"q": f" {term} "})

        found = list(answer.context["cl"].queryset)
        assert one_of_each[model] in found, (model, term)
        assert not set(others) & set(found), (model, term)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "term",
    ["nothing such", "9" * 30, "18446744073709551615", "²", "%", "x'", "\x00", "\\", "e" * 3000],
)
def test_search_for_what_is_not_there(admin_client, one_of_each, model, term):
    answer = admin_client.get(list_of(model), {"q": term})

    assert answer.status_code == 200
    if "\x00" not in term:
        assert "empty-state" in answer.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_search_of_an_empty_term_shows_everything(admin_client, one_of_each, model):
    answer = admin_client.get(list_of(model), {"q": "  "})

    assert one_of_each[model] in list(answer.context["cl"].queryset)


def statements(client, url):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        text(client.get(url))
    return len(captured)


@pytest.mark.parametrize("model", MODELS)
def test_lists_run_no_more_statements_as_rows_grow(admin_client, one_of_each, model):
    few = statements(admin_client, list_of(model))
    for number in range(5):
        entitlement = make_entitlement()
        make_delivery(message_id=f"more-{number}")
        account = entitlement.claim.account
        _more_of_accounts(account)

    assert statements(admin_client, list_of(model)) == few


def _more_of_accounts(account):
    from accounts.models import Authorization, Deauthorization, LinkAttempt, LinkEvent
    from claims.api_keys import make_api_key
    from tests.factories import NOW

    make_api_key(name="another", categories=["Rust"], now=NOW)
    LinkEvent.objects.create(
        kind="LINKED", account=account, player=account.player, actor="player", at=NOW
    )
    Authorization.objects.create(
        account=account,
        encrypted_refresh_token=TOKEN,
        authorized_at=NOW,
        obtained_at=NOW,
        next_refresh_at=NOW,
    )
    Deauthorization.objects.create(
        account=account, encrypted_refresh_token=TOKEN, created_at=NOW, next_attempt_at=NOW
    )
    LinkAttempt.objects.create(
        state_digest=account.pk,
        session_digest="x",
        player=account.player,
        encrypted_verifier=b"",
        expires_at=NOW,
    )


@pytest.mark.parametrize("model", ["accounts_player", "accounts_platformaccount", "claims_claim"])
def test_pages_run_no_more_statements_as_rows_grow(admin_client, one_of_each, model):
    url = page_of(model, one_of_each[model])
    few = statements(admin_client, url)
    claim = one_of_each["claims_claim"]
    for number in range(5):
        make_entitlement(claim=claim)
        make_delivery(message_id=f"more-{number}", claim_id=claim.pk)
        make_claim(account=claim.account)
        _event(claim.account, one_of_each["accounts_player"])

    assert statements(admin_client, url) == few


def _event(account, player):
    from accounts.models import LinkEvent
    from tests.factories import NOW

    make_account()
    LinkEvent.objects.create(kind="RENEWED", account=account, player=player, actor="player", at=NOW)


def test_pages_of_what_names_campaigns_and_rewards_that_are_not_registered(admin_client):
    claim = make_claim(
        campaign_id="01UNKNOWNCAMPAIGN",
        reward_id="01UNKNOWNREWARD",
        hold_reason="UNCONFIRMED",
        first_hold_reason="UNCONFIRMED",
    )

    for url in (list_of("claims_claim"), page_of("claims_claim", claim)):
        assert text(admin_client.get(url)).count("not registered") == 2


def test_pages_of_what_names_campaigns_and_rewards_that_were_deleted(admin_client, one_of_each):
    claim, entitlement = one_of_each["claims_claim"], one_of_each["claims_entitlement"]
    Campaign.objects.all().delete()
    OfferUse.objects.all().delete()
    Offer.objects.all().delete()
    Reward.objects.all().delete()

    for model, row in (("claims_claim", claim), ("claims_entitlement", entitlement)):
        assert str(row.pk) in text(admin_client.get(list_of(model)))
        assert claim.campaign_id in text(admin_client.get(page_of(model, row)))


@pytest.mark.parametrize("model", MODELS)
def test_pages_are_refused_without_permission(client, make_staff, one_of_each, model):
    client.force_login(make_staff())

    assert client.get(list_of(model)).status_code == 403
    assert client.get(page_of(model, one_of_each[model])).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_pages_send_a_stranger_to_the_login(client, one_of_each, model):
    answer = client.get(list_of(model))

    assert answer.status_code == 302
    assert answer.url.startswith("/admin/login/")


@pytest.mark.parametrize(
    "query",
    [
        "claims/claim/?status__exact=%00",
        "claims/claim/?campaign__campaign_id__exact=%00",
        "claims/claim/?reward_id=%00",
        "claims/claim/?recorded_at__year=999999999999",
        "claims/campaign/?category__exact=%00",
        "claims/entitlement/?q=%00",
        "accounts/authorization/?encrypted_refresh_token__gt=a",
    ],
)
def test_odd_filters_are_answered(admin_client, query):
    answer = admin_client.get(f"/admin/{query}")

    assert answer.status_code in (200, 302, 400)


@pytest.mark.parametrize(
    "query",
    [
        "accounts/authorization/?encrypted_refresh_token__gt=a",
        "accounts/authorization/?encrypted_refresh_token__regex=^.x6741",
        "claims/apikey/?digest__startswith=a",
    ],
)
def test_hidden_columns_cannot_be_asked_about(admin_client, query):
    assert admin_client.get(f"/admin/{query}").status_code == 400
