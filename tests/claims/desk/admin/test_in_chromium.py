"""In a real browser: no page of the admin, and not the API's docs, has anything that the strict
Content-Security-Policy blocks, and what needs JavaScript works under it."""

import pytest
from django.urls import reverse

from claims.models import RewardItem
from tests.claims.desk.admin.model_names import EDITABLE, MODELS

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


def test_reward_is_mapped_by_hand(page, live_server, one_of_each, settings):
    reward, item = one_of_each["claims_reward"], one_of_each["claims_item"]
    RewardItem.objects.all().delete()

    page.goto(live_server.url + reverse("admin:claims_reward_change", args=[reward.pk]))
    page.click(".add-row a")
    page.click(".select2-selection")
    page.fill(".select2-search__field", item.sku)
    page.get_by_role("option", name=item.name, exact=True).click()
    page.fill("[name=mapping-0-quantity]", "3")
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert list(reward.mapping.values_list("item", "quantity")) == [(item.pk, 3)]
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
