"""The page of a new campaign: everything at once, and nothing that wasn't previewed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from claims.desk import previews
from claims.desk.campaign_form import read_rows, write_template
from claims.models import AuditEvent, BulkJob, Campaign, CampaignReward, Item, Reward
from claims.source import register_category_finder
from core.platform_errors import PlatformUnavailable
from platforms.registry import register_platforms
from tests.factories import make_campaign, make_claim, make_item, make_reward

pytestmark = pytest.mark.django_db

URL = "/admin/desk/new-campaign"
CAMPAIGN_ID = "01J9ZK3V8Q5T7W2X4Y6Z8A0B1C"
REWARD_IDS = [f"01J9ZK3V8Q5T7W2X4Y6Z8A0B{n:02}" for n in range(20)]
FIELDS = {
    "source": "kick_drops",
    "campaign_id": CAMPAIGN_ID,
    "name": "Winter Cup",
    "category": "Starfall Online",
    "starts_at": "2026-12-24T18:00",
    "ends_at": "2026-12-31T18:00",
    "announcement_days": "3",
    "grace_days": "2",
    "channels": "nova_live\nvega_watches",
}


def form(*rows: dict[str, str], **fields: str) -> dict[str, str]:
    data = {**FIELDS, "form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", **fields}
    for number, row in enumerate(rows):
        data |= {f"form-{number}-{name}": value for name, value in row.items()}
    return data


def row(number: int = 0, **values: str) -> dict[str, str]:
    fields = {
        "reward_id": REWARD_IDS[number],
        "sku": f"sku-new-{number}",
        "item_name": f"Item {number}",
        "quantity": "1",
        "minutes": "60",
    }
    return fields | values


def preview(client: Client, data: dict[str, str]) -> Any:
    answer = client.post(URL, data)
    assert "previewed" in answer.context, answer.content.decode()
    return answer


def create(client: Client, data: dict[str, str], **confirmed: str) -> Any:
    shown = preview(client, data)
    more = {"confirmed": "yes", "previewed": shown.context["previewed"], **confirmed}
    return client.post(URL, data | more)


def test_campaign_with_six_rewards_is_one_form(ops: Client) -> None:
    answer = create(ops, form(*(row(n) for n in range(6))))

    assert answer["Location"] == reverse("desk:preflight", args=[CAMPAIGN_ID])
    campaign = Campaign.objects.get()
    assert campaign.name == "Winter Cup"
    assert campaign.starts_at == datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert campaign.channels == ["nova_live", "vega_watches"]
    assert campaign.source == "kick_drops"
    assert campaign.rewards.count() == 6
    assert all(one.mapping.count() == 1 for one in Reward.objects.all())
    assert Item.objects.count() == 6
    assert CampaignReward.objects.filter(required_minutes=60).count() == 6
    added = AuditEvent.objects.get(action="ADD")
    assert (added.actor, added.subject_kind, added.subject_id) == (
        "ops-ada",
        "campaign",
        CAMPAIGN_ID,
    )


def test_preview_saves_nothing_and_shows_everything(ops: Client) -> None:
    page = preview(ops, form(row(quantity="3"))).content.decode()

    assert not Campaign.objects.exists()
    assert not Item.objects.exists()
    assert "Winter Cup" in page
    assert "3 × sku-new-0" in page


def test_reward_with_two_items_has_two_rows(ops: Client) -> None:
    cape = make_item(sku="cape")
    create(ops, form(row(), row(sku="cape", item_name="", quantity="5")))

    mapping = dict(Reward.objects.get().mapping.values_list("item__sku", "quantity"))
    assert mapping == {"sku-new-0": 1, "cape": 5}
    assert Item.objects.get(sku="cape").name == cape.name


def test_reward_without_a_name_gets_that_of_its_item(ops: Client) -> None:
    make_item(sku="cape", name="Ember cape")
    create(ops, form(row(sku="cape", item_name="")))

    assert Reward.objects.get().name == "Ember cape"


def test_claims_that_wait_for_the_mapping_are_named_and_granted(ops: Client) -> None:
    reward = make_reward(reward_id=REWARD_IDS[0], items=[])
    make_claim(
        campaign=make_campaign(rewards=[reward]), reward=reward, hold_reason="UNMAPPED_REWARD"
    )

    shown = preview(ops, form(row()))
    create(ops, form(row()))

    assert "1 held claim waits for these mappings" in shown.content.decode()
    assert BulkJob.objects.get().total == 1


def test_mapped_reward_is_added_without_its_items(ops: Client) -> None:
    make_reward(reward_id=REWARD_IDS[0], items=[(make_item(sku="cape"), 2)])

    create(ops, form(row(sku="", item_name="")))

    assert Campaign.objects.get().rewards.get().mapping.get().quantity == 2


@pytest.mark.parametrize(
    ("rows", "fields", "fault"),
    [
        ([row()], {"campaign_id": ""}, "This field is required."),
        ([row()], {"ends_at": "2026-12-24T17:00"}, "The campaign ends before it starts."),
        ([row()], {"starts_at": "soon"}, "Enter a valid date/time."),
        ([row(reward_id="")], {}, "Enter the reward&#x27;s ID."),
        ([row(sku="", item_name="")], {}, "Choose the item&#x27;s SKU."),
        ([row(item_name="")], {}, "No item has this SKU. Name it to add it."),
        ([row(quantity="0")], {}, "greater than or equal to 1"),
        ([row(), row()], {}, "twice"),
        ([], {}, "Add at least one reward."),
        ([row(n) for n in range(13)], {}, "A campaign has at most 12 rewards."),
    ],
)
def test_fault_is_named_where_it_is(
    ops: Client, rows: list[dict[str, str]], fields: dict[str, str], fault: str
) -> None:
    answer = ops.post(URL, form(*rows, **fields))

    assert fault in answer.content.decode()
    assert "previewed" not in answer.context


def test_campaign_that_exists_is_refused(ops: Client) -> None:
    make_campaign(campaign_id=CAMPAIGN_ID)

    assert "registered already" in ops.post(URL, form(row())).content.decode()


def test_reward_with_other_items_is_refused(ops: Client) -> None:
    make_reward(reward_id=REWARD_IDS[0], items=[(make_item(sku="cape"), 1)])

    assert "is mapped already, to other items" in ops.post(URL, form(row())).content.decode()


@pytest.mark.parametrize(
    "odd", [{"campaign_id": "zzz"}, {"form-0-reward_id": "nonsense"}, {"form-0-quantity": "7777"}]
)
def test_odd_value_asks_once_more(ops: Client, odd: dict[str, str]) -> None:
    make_reward(items=[(make_item(), 3)])
    data = form(row()) | odd

    refused = create(ops, data)
    assert "Confirm the unusual values first" in refused.content.decode()
    assert not Campaign.objects.filter(name="Winter Cup").exists()

    create(ops, data, unusual="yes")
    assert Campaign.objects.filter(name="Winter Cup").exists()


class TestPreviewBinds:
    def refused(self, answer: Any, because: str) -> None:
        assert because in answer.content.decode()
        assert not Campaign.objects.filter(name="Winter Cup").exists()

    def test_without_a_preview(self, ops: Client) -> None:
        self.refused(ops.post(URL, form(row(), confirmed="yes")), "differs from the preview")

    def test_changed_form(self, ops: Client) -> None:
        previewed = preview(ops, form(row())).context["previewed"]

        answer = ops.post(URL, form(row(quantity="5"), confirmed="yes", previewed=previewed))

        self.refused(answer, "differs from the preview")

    def test_catalogue_that_changed_meanwhile(self, ops: Client) -> None:
        previewed = preview(ops, form(row())).context["previewed"]
        make_item(sku="sku-new-0", name="Another")

        answer = ops.post(URL, form(row(), confirmed="yes", previewed=previewed))

        self.refused(answer, "differs from the preview")

    def test_expired(self, ops: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(previews, "VALID_FOR", timedelta(seconds=-1))

        self.refused(create(ops, form(row())), "the preview has expired")

    def test_repeated_post(self, ops: Client) -> None:
        data = form(row())
        data |= {"confirmed": "yes", "previewed": preview(ops, data).context["previewed"]}
        ops.post(URL, data)

        again = ops.post(URL, data)

        assert "registered already" in again.content.decode()
        assert Campaign.objects.count() == 1


def test_rows_are_pasted_from_a_spreadsheet(ops: Client) -> None:
    pasted = f"{REWARD_IDS[1]}\tCape\tcape\tEmber cape\t2\t90\n{REWARD_IDS[2]}\t\tcape\t\t1\t"

    answer = ops.post(URL, form(row(), pasted=pasted))

    rows = [one.initial for one in answer.context["rows"]]
    assert [one["reward_id"] for one in rows] == REWARD_IDS[:3]
    assert rows[1]["minutes"] == "90"
    assert answer.context["form"].initial["name"] == "Winter Cup"


def test_rows_are_read_from_the_template(ops: Client) -> None:
    template = ops.get(reverse("desk:campaign_template"))
    file = SimpleUploadedFile("rewards.csv", template.content)

    answer = ops.post(URL, form() | {"file": file})

    assert [one.initial["sku"] for one in answer.context["rows"]] == ["cape-ember", "crystals"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_header_and_empty_lines_are_skipped(separator: str) -> None:
    text = write_template().replace(",", separator) + "\n\n" + separator * 5

    assert [one["quantity"] for one in read_rows(text)] == ["1", "500"]


@pytest.mark.parametrize(
    "text", ["", "\n", "\x00", "only,one", "a\rb", "x" * 200_000, '"unclosed', ",,,,,,,,,"]
)
def test_odd_text_never_breaks_the_page(ops: Client, text: str) -> None:
    assert ops.post(URL, form(row(), pasted=text)).status_code == 200


def test_more_rows_keep_the_typed_values(ops: Client) -> None:
    answer = ops.post(URL, form(row(), more="yes"))

    assert answer.context["form"].initial["name"] == "Winter Cup"
    assert len(answer.context["rows"].forms) == 7
    assert answer.context["rows"].forms[0].initial["reward_id"] == REWARD_IDS[0]


def test_copy_takes_everything_but_the_ids_and_dates(ops: Client) -> None:
    old = make_campaign(
        name="Spring", grace_days=4, rewards=[make_reward(items=[(make_item(sku="cape"), 3)])]
    )

    answer = ops.get(URL, {"copy": old.pk})

    assert answer.context["form"].initial["grace_days"] == 4
    first = answer.context["rows"].forms[0].initial
    assert (first["sku"], first["quantity"]) == ("cape", 3)
    assert "reward_id" not in first


def test_add_button_of_the_list_leads_here(ops: Client) -> None:
    assert ops.get("/admin/claims/campaign/add/")["Location"] == URL


def test_support_may_not_create(support: Client) -> None:
    assert support.get(URL).status_code == 403


class TestCategories:
    URL = "/admin/desk/new-campaign/categories"

    def find(self, client: Client, **query: str) -> list[str]:
        return list(client.get(self.URL, query).json()["categories"])

    def test_found(self, admin_client: Client) -> None:
        asked: list[str] = []

        def finder(name: str) -> list[str]:
            asked.append(name)
            return ["Starfall Online", "Starfall Tactics"]

        register_category_finder("kick", finder)
        try:
            found = self.find(admin_client, name=" starf ", source="kick_drops")
            short = self.find(admin_client, name="s", source="kick_drops")
        finally:
            register_platforms()

        assert (found, short) == (["Starfall Online", "Starfall Tactics"], [])
        assert asked == ["starf"]

    def test_none_while_the_platform_is_down_or_unknown(self, admin_client: Client) -> None:
        def finder(name: str) -> list[str]:
            raise PlatformUnavailable(f"No answer about {name}.")

        register_category_finder("kick", finder)
        try:
            assert self.find(admin_client, name="starfall", source="kick_drops") == []
            assert self.find(admin_client, name="starfall", source="nothing") == []
        finally:
            register_platforms()

    def test_only_for_those_who_add_campaigns(self, client: Client) -> None:
        assert client.get(self.URL).status_code == 302
