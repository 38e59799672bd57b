"""In a real browser: no page of the admin, and not the API's docs, has anything that the strict
Content-Security-Policy blocks, and what needs JavaScript works under it."""

import pytest
from django.urls import reverse

from claims.models import RewardItem
from tests.claims.desk.admin.model_names import EDITABLE, MODELS
from tests.factories import make_reward

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chromium,
]


def test_no_page_is_touched_by_the_policy(page, live_server, one_of_each):
    addresses = ["/admin/", "/api/v1/docs", "/admin/auth/user/add/", "/admin/password_change/"]
    for model in MODELS:
        args = [one_of_each[model].pk]
        addresses += [
            reverse(f"admin:{model}_changelist"),
            reverse(f"admin:{model}_change", args=args),
        ]
    addresses += [reverse(f"admin:{model}_add") for model in EDITABLE]

    for address in addresses:
        assert page.goto(live_server.url + address).status == 200, address

    assert page.complaints == []


def test_reward_page_leads_to_its_mapping(page, live_server, one_of_each):
    reward, item = one_of_each["claims_reward"], one_of_each["claims_item"]
    RewardItem.objects.all().delete()

    page.goto(live_server.url + reverse("admin:claims_reward_change", args=[reward.pk]))
    page.click("text=Change the mapping…")
    page.click("[name=more]")
    page.select_option("[name=form-0-item]", label=item.name)
    page.fill("[name=form-0-quantity]", "3")
    page.click("[name=preview]")
    page.click("[name=confirmed]")
    page.wait_for_selector(".messagelist .success")

    assert list(reward.mapping.values_list("item", "quantity")) == [(item.pk, 3)]
    assert page.complaints == []


def test_campaign_gets_a_reward_by_autocomplete(page, live_server, one_of_each):
    campaign, reward = one_of_each["claims_campaign"], make_reward(name="Unheard of")

    page.goto(live_server.url + reverse("admin:claims_campaign_change", args=[campaign.pk]))
    page.click(".add-row a")
    page.locator(".select2-selection").last.click()
    page.fill(".select2-search__field", reward.pk)
    page.get_by_role("option", name=reward.name, exact=True).click()
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert reward in campaign.rewards.all()
    assert page.complaints == []


def test_nothing_is_cut_off_on_a_phone(page, live_server, one_of_each):
    page.set_viewport_size({"width": 390, "height": 844})

    for model in MODELS:
        args = [one_of_each[model].pk]
        for name in (f"admin:{model}_changelist", f"admin:{model}_change"):
            page.goto(
                live_server.url + reverse(name, args=args if name.endswith("_change") else [])
            )
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, (name, width)
