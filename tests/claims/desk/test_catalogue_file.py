"""The catalogue as a file: out, compared, in again; and every fault of a file named."""

import io
import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from claims.desk import previews
from claims.desk.actions import ActionContext
from claims.desk.catalogue_file.document import BadDocument, read_document
from claims.desk.catalogue_file.export import write_catalogue
from claims.desk.catalogue_file.transfer import compare, export_catalogue, import_catalogue
from claims.ledger import heal_claims
from claims.models import AuditEvent, Campaign, Claim, Entitlement, Item, Reward
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

ACT = ActionContext(actor="ada", reason="reviewed", now=NOW)


@pytest.fixture
def launch() -> Campaign:
    """A campaign with two rewards: one mapped to two items, one to none."""
    mapped = make_reward(
        reward_id="01CAPE",
        name="Ember cape",
        items=[(make_item(sku="cape", name="Cape"), 1), (make_item(sku="dust", name="Dust"), 5)],
    )
    return make_campaign(
        campaign_id="01LAUNCH",
        name="Launch Week",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=7),
        channels=["nova_live"],
        is_test=True,
        rewards=[mapped, make_reward(reward_id="01BOX")],
    )


def text() -> str:
    return "".join(write_catalogue(export_catalogue()))


def wipe() -> None:
    Campaign.objects.all().delete()
    Reward.objects.all().delete()
    Item.objects.all().delete()


def test_export_and_import_into_an_empty_deployment(launch: Campaign) -> None:
    exported = text()
    wipe()

    changes = import_catalogue(document=read_document(exported), act=ACT)

    assert text() == exported
    assert [change.kind for change in changes] == ["item", "item", "reward", "reward", "campaign"]
    assert Reward.objects.get(pk="01CAPE").first_mapped_at == NOW
    assert Reward.objects.get(pk="01BOX").first_mapped_at is None


def test_export_is_laid_out_for_a_reviewer(launch: Campaign) -> None:
    exported = text()

    assert exported == json.dumps(json.loads(exported), indent=2, ensure_ascii=False) + "\n"
    assert "".join(write_catalogue({})) == (
        '{\n  "format": "studio-drops catalogue",\n  "version": 1,\n'
        '  "items": [],\n  "rewards": [],\n  "campaigns": []\n}\n'
    )


def most_memory_of_an_export() -> int:
    tracemalloc.start()
    try:
        for _ in write_catalogue(export_catalogue()):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_export_takes_no_more_memory_of_ten_times_as_many_rows() -> None:
    Item.objects.bulk_create(Item(sku=f"few-{n}", name="x" * 500) for n in range(1_000))
    text()  # what is loaded once
    few = most_memory_of_an_export()
    Item.objects.bulk_create(Item(sku=f"many-{n}", name="x" * 500) for n in range(10_000))

    assert most_memory_of_an_export() < 2 * few


def test_import_repeated_changes_nothing(launch: Campaign) -> None:
    document = read_document(text())

    assert import_catalogue(document=document, act=ACT) == []
    assert not AuditEvent.objects.exists()


def test_compare_shows_each_field_that_differs_and_changes_nothing(launch: Campaign) -> None:
    document = read_document(text())
    document.rewards["01CAPE"]["items"] = {"dust": 7}
    document.campaigns["01LAUNCH"]["name"] = "Launch Month"

    reward, campaign = compare(document)

    assert reward.fields == [("items", {"cape": 1, "dust": 5}, {"dust": 7})]
    assert campaign.fields == [("name", "Launch Week", "Launch Month")]
    assert Campaign.objects.get().name == "Launch Week"


def test_import_changes_what_it_names_and_leaves_the_rest(launch: Campaign) -> None:
    document = read_document(text())
    document.rewards["01CAPE"]["items"] = {"dust": 7}
    document.campaigns.clear()
    del document.rewards["01BOX"]

    import_catalogue(document=document, act=ACT)

    mapping = Reward.objects.get(pk="01CAPE").mapping
    assert list(mapping.values_list("item__sku", "quantity")) == [("dust", 7)]
    assert launch.pairs.count() == 2
    event = AuditEvent.objects.get()
    assert (event.action, event.reason) == ("IMPORT", "reviewed")
    assert event.before["reward 01CAPE"]["items"] == {"cape": 1, "dust": 5}
    assert event.after["reward 01CAPE"]["items"] == {"dust": 7}


def test_time_in_another_zone_is_no_difference(launch: Campaign) -> None:
    document = read_document(text().replace("2026-06-23T12:00:00Z", "2026-06-23T14:00:00+02:00"))

    assert compare(document) == []


def test_import_touches_future_grants_only(launch: Campaign) -> None:
    held = make_claim(
        campaign=launch,
        reward=Reward.objects.get(pk="01BOX"),
        hold_reason="UNMAPPED_REWARD",
        account=make_account(player=make_player()),
    )
    document = read_document(text())
    document.rewards["01BOX"]["items"] = {"cape": 2}

    import_catalogue(document=document, act=ACT)
    heal_claims(now=NOW)

    assert Claim.objects.get(pk=held.pk).status == "GRANTED"
    assert Entitlement.objects.get().quantity == 2


def changed(path: str, value: Any) -> str:
    """The export, with the field at `path` replaced; a part that is a number is an index."""
    whole = json.loads(text())
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = whole
    for part in way:
        place = place[part]
    place[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("format", "another", '"format" must be'),
        ("version", 2, 'Unsupported "version" 2. Supported: 1.'),
        ("items", {}, 'items: Expected a list of items but got type "dict".'),
        ("items.0", 7, "items 1: Invalid data. Expected a dictionary"),
        ("items.0.sku", " ", 'items 1: "sku": This field may not be blank.'),
        ("items.0.sku", "dust", 'items 2: duplicate ID "dust".'),
        ("items.0.price", 3, 'items 1: "price": Unknown field.'),
        ("items.0.name", "\x00", 'items 1: "name": Null characters are not allowed.'),
        ("items.0.name", 3, 'items 1: "name": Not a valid string.'),
        ("items.0.name", None, 'items 1: "name": This field may not be null.'),
        ("rewards.1.items", {"cape": 0}, 'rewards 2: "items.cape": Ensure this value is greater'),
        ("rewards.1.items", {"cape": True}, '"items.cape": A valid integer is required.'),
        ("rewards.1.items", {"cape": "1"}, '"items.cape": A valid integer is required.'),
        ("rewards.1.items", {"none": 1}, "maps to item none, which doesn't exist"),
        ("campaigns.0.rewards", {"none": None}, "has reward none, which doesn't exist"),
        ("campaigns.0.rewards", {str(n): 1 for n in range(13)}, "at most 12 rewards"),
        ("campaigns.0.starts_at", "yesterday", '"starts_at": Must be a time with a time zone'),
        ("campaigns.0.starts_at", "2026-06-23T12:00:00", "Must be a time with a time zone"),
        ("campaigns.0.ends_at", "2026-06-23T12:00:00Z", '"ends_at": Must be after "starts_at".'),
        ("campaigns.0.info_url", "javascript:alert(1)", '"info_url": Enter a valid URL.'),
        ("campaigns.0.is_test", 1, '"is_test": Must be a valid boolean.'),
        ("campaigns.0.grace_days", 99999, '"grace_days": Ensure this value is less than'),
        ("campaigns.0.channels", [1], 'campaigns 1: "channels.1": Not a valid string.'),
    ],
)
def test_fault_of_a_file_is_named(launch: Campaign, path: str, value: Any, fault: str) -> None:
    with pytest.raises(BadDocument) as bad:
        compare(read_document(changed(path, value)))

    assert any(fault in one for one in bad.value.faults), bad.value.faults


@pytest.mark.parametrize("broken", ["", "{", "[]", "null", "[" * 100_000, '{"format": 1}'])
def test_file_that_is_no_catalogue(broken: str) -> None:
    with pytest.raises(BadDocument):
        read_document(broken)


def test_all_faults_are_named_at_once(launch: Campaign) -> None:
    whole = json.loads(text())
    del whole["items"][0]["name"]
    whole["campaigns"][0]["is_test"] = "no"

    with pytest.raises(BadDocument) as bad:
        read_document(json.dumps(whole))

    assert len(bad.value.faults) == 2


# --- In the admin ------------------------------------------------------------------------------

URL = "/admin/desk/catalogue"


def upload(client: Client, content: str) -> Any:
    file = SimpleUploadedFile("catalogue.json", content.encode())
    return client.post(URL, {"file": file})


def confirm(client: Client, page: Any, **overrides: str) -> Any:
    fields = {name: page.context[name] for name in ("text", "previewed")}
    return client.post(URL, {**fields, "confirmed": "yes", **overrides})


def test_page_shows_the_difference_then_imports(ops: Client, launch: Campaign) -> None:
    wanted = text().replace("Launch Week", "Launch Month")

    page = upload(ops, wanted)
    before = Campaign.objects.get().name
    confirm(ops, page)

    assert "Launch Month" in page.content.decode()
    assert "<del>Launch Week</del>" in page.content.decode()
    assert before == "Launch Week"
    assert Campaign.objects.get().name == "Launch Month"
    assert AuditEvent.objects.get().actor == "ops-ada"


class TestPreviewBinds:
    def refused(self, answer: Any, because: str) -> None:
        assert because in answer.content.decode()
        assert Campaign.objects.get().name == "Launch Week"
        assert not AuditEvent.objects.exists()

    def test_without_a_preview(self, ops: Client, launch: Campaign) -> None:
        wanted = text().replace("Launch Week", "Launch Month")

        answer = ops.post(URL, {"text": wanted, "confirmed": "yes"})

        self.refused(answer, "differs from the preview")

    def test_another_file_than_the_previewed(self, ops: Client, launch: Campaign) -> None:
        page = upload(ops, text().replace("Launch Week", "Launch Month"))

        answer = confirm(ops, page, text=text().replace("Launch Week", "Something else"))

        self.refused(answer, "differs from the preview")

    def test_catalogue_that_changed_meanwhile(self, ops: Client, launch: Campaign) -> None:
        page = upload(ops, text().replace("Launch Week", "Launch Month"))
        Campaign.objects.update(category="Another")

        answer = confirm(ops, page)

        self.refused(answer, "differs from the preview")

    def test_expired_preview(
        self, ops: Client, launch: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = upload(ops, text().replace("Launch Week", "Launch Month"))
        monkeypatch.setattr(previews, "VALID_FOR", timedelta(seconds=-1))

        self.refused(confirm(ops, page), "the preview has expired")

    def test_repeated_post_imports_once(self, ops: Client, launch: Campaign) -> None:
        page = upload(ops, text().replace("Launch Week", "Launch Month"))
        for _ in range(2):
            confirm(ops, page)

        assert AuditEvent.objects.count() == 1

    def test_unusual_quantity_asks_once_more(self, ops: Client, launch: Campaign) -> None:
        reward, other = make_reward(items=[]), make_reward(items=[(Item.objects.first(), 2)])
        wanted = json.loads(text())
        (row,) = (one for one in wanted["rewards"] if one["reward_id"] == reward.pk)
        row["items"] = {other.items.get().sku: 7777}
        page = upload(ops, json.dumps(wanted))
        assert "at least ten times the largest one so far" in page.content.decode()

        confirm(ops, page)
        assert not reward.mapping.exists()
        confirm(ops, page, unusual="yes")

        assert reward.mapping.get().quantity == 7777

    def test_page_says_how_many_claims_wait(self, ops: Client, launch: Campaign) -> None:
        reward = make_reward(items=[])
        make_claim(
            campaign=make_campaign(rewards=[reward]), reward=reward, hold_reason="UNMAPPED_REWARD"
        )
        wanted = json.loads(text())
        (row,) = (one for one in wanted["rewards"] if one["reward_id"] == reward.pk)
        row["items"] = {Item.objects.first().sku: 1}  # type: ignore[union-attr]

        page = upload(ops, json.dumps(wanted)).content.decode()

        assert "1 held claim waits for these mappings" in page


def test_page_names_the_faults_of_a_file(ops: Client) -> None:
    page = upload(ops, '{"format": "another"}').content.decode()

    assert "Not a catalogue file" in page


def test_page_without_a_file(ops: Client) -> None:
    assert "Choose a catalogue file" in ops.post(URL, {"x": "y"}).content.decode()


def test_export_is_a_download_and_leaves_a_trace(ops: Client, launch: Campaign) -> None:
    answer = ops.post(reverse("desk:export"))

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.getvalue().decode() == text()
    assert AuditEvent.objects.get().action == "EXPORT"


def test_page_is_refused_to_support(support: Client, launch: Campaign) -> None:
    answers = [
        support.get(URL),
        support.post(URL, {"text": text(), "confirmed": "yes"}),
        support.post(reverse("desk:export")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


# --- Commands ----------------------------------------------------------------------------------


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_commands_move_the_catalogue(launch: Campaign, tmp_path: Any) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text(run("export_catalogue"))
    wipe()

    dry = run("import_catalogue", str(file), "--dry-run")
    after_dry = Campaign.objects.count()
    run("import_catalogue", str(file))

    assert "add campaign 01LAUNCH" in dry
    assert "Changes: 5. Run without" in dry
    assert after_dry == 0
    assert text() == file.read_text()


def test_command_names_the_faults(tmp_path: Any) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text("".join(write_catalogue({})).replace('"items": []', '"items": {}'))

    with pytest.raises(CommandError, match=r"Nothing was imported\.\n- items: Expected a list"):
        run("import_catalogue", str(file))


def test_command_without_the_file(tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="can't be read as text"):
        run("import_catalogue", str(tmp_path / "none.json"))
