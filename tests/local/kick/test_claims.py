import pytest

from tests.local.kick.world import World
from tests.local_kick_process import ControlError

DAY = 24 * 60 * 60


def link(world: World) -> None:
    world.new_code()


def watch(world: World, minutes: int = 30) -> None:
    world.kick.watch(user_id=world.user_id, campaign_id=world.campaign_id, minutes=minutes)


def claim(world: World, **others: object) -> dict[str, object]:
    answer = world.kick.claim(**world.pair, user_id=world.user_id, **others)
    [made] = answer["claims"]
    return dict(made)


def test_claim_watched_and_linked(world: World) -> None:
    watch(world)
    link(world)

    made = claim(world)

    assert made["external_status"] == "initiated"
    assert made["external_id"] == "ember-cape"
    assert len(str(made["claim_id"])) == 26
    assert made["deliveries"] == []  # the organization has no webhook URL


def test_claim_unlinked(world: World) -> None:
    watch(world)

    with pytest.raises(ControlError, match="Connect your game account to claim"):
        claim(world)


def test_claim_after_disconnecting(world: World) -> None:
    watch(world)
    link(world)
    world.kick.disconnect(user_id=world.user_id)

    with pytest.raises(ControlError, match="Connect your game account to claim"):
        claim(world)


def test_claim_linked_to_another_organization(world: World) -> None:
    world.kick.register_app(organization="Somebody else")
    watch(world)
    link(world)

    with pytest.raises(ControlError, match="Connect your game account to claim"):
        claim(world)


def test_claim_unwatched(world: World) -> None:
    watch(world, minutes=29)
    link(world)

    with pytest.raises(ControlError, match="Watch 1 more min"):
        claim(world)


def test_claim_forced(world: World) -> None:
    made = claim(world, force=True)

    assert made["user_id"] == world.user_id


def test_claim_twice(world: World) -> None:
    made = claim(world, force=True)

    with pytest.raises(ControlError, match=f"409.*{made['claim_id']}"):
        claim(world, force=True)


def test_claim_in_grace_period_and_after(world: World) -> None:
    watch(world)
    link(world)
    world.kick.advance_clock(seconds=36 * DAY)
    world.kick.save_campaign(starts_at="2000-01-01", ends_at="2000-01-02")

    with pytest.raises(ControlError, match="The time to claim is over"):
        claim(world)

    world.kick.save_campaign(starts_at="2000-01-01", ends_at="2000-01-02", grace_days=36500)
    assert claim(world)["claim_id"]


def test_watch_outside_the_campaign(world: World) -> None:
    world.kick.advance_clock(seconds=31 * DAY)

    with pytest.raises(ControlError, match="isn't running"):
        watch(world)


def test_test_mode_is_for_members(world: World) -> None:
    world.kick.save_campaign(test_mode=True)
    with pytest.raises(ControlError, match="test mode"):
        watch(world)

    world.user_id = world.kick.make_viewer("Ada", member_of="Skyfall Studio")
    watch(world)

    with pytest.raises(ControlError, match="Connect"):
        claim(world)


def test_claims_in_a_list(world: World) -> None:
    grace = world.kick.make_viewer("Grace")
    entries = [
        {"user_id": world.user_id},
        {"user_id": grace, "claim_id": "odd-id-of-27-characters"},
    ]

    answer = world.kick.claim(**world.pair, claims=entries, force=True)

    assert [made["user_id"] for made in answer["claims"]] == [world.user_id, grace]
    assert answer["last_claim_id"] == "odd-id-of-27-characters"


def test_claims_in_a_list_all_or_none(world: World) -> None:
    entries = [{"user_id": world.user_id}, {"user_id": 77}]

    with pytest.raises(ControlError, match="Viewer 77 not found"):
        world.kick.claim(**world.pair, claims=entries, force=True)

    assert list(world.kick.claims()) == []


def test_crowd_claims_once_each(world: World) -> None:
    answer = world.kick.claim(**world.pair, count=25, force=True, deliver=False)

    ids = [made["claim_id"] for made in answer["claims"]]
    assert len(set(ids)) == 25
    assert ids == sorted(ids)
    assert len({made["user_id"] for made in answer["claims"]}) == 25
    assert [made["claim_id"] for made in world.kick.claims()] == ids


def test_large_crowd_is_counted_not_listed(world: World) -> None:
    answer = world.kick.claim(**world.pair, count=10_001, force=True, deliver=False)

    assert answer["count"] == 10_001
    assert "claims" not in answer
    assert sum(1 for _ in world.kick.claims()) == 10_001


def test_campaign_is_kept_by_name(world: World) -> None:
    again = world.kick.save_campaign(
        category="Skyfall II", rewards=[{"name": "Ember cape", "required_minutes": 60}]
    )

    assert again["campaign_id"] == world.campaign_id
    assert again["category"] == "Skyfall II"
    assert again["rewards"] == [
        {
            "reward_id": world.reward_id,
            "name": "Ember cape",
            "external_id": "ember-cape",
            "required_minutes": 60,
        }
    ]


def test_campaign_with_chosen_ids(world: World) -> None:
    made = world.kick.save_campaign(
        name="Chosen",
        campaign_id="C1",
        rewards=[{"reward_id": "R1", "name": "Crown", "required_minutes": 1}],
    )

    assert made["campaign_id"] == "C1"
    assert made["rewards"][0]["reward_id"] == "R1"


def test_campaign_with_thirteen_rewards(world: World) -> None:
    rewards = [{"name": f"Reward {n}", "required_minutes": 1} for n in range(13)]

    with pytest.raises(ControlError, match="12"):
        world.kick.save_campaign(name="Too many", rewards=rewards)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"starts_at": "soon"}, "like 2026-01-31T12:00:00Z"),
        ({"starts_at": "2026-02-01", "ends_at": "2026-01-01"}, "later ends_at"),
        ({"grace_days": -1}, "grace_days -1"),
        ({"test_mode": 1}, "true or false"),
        ({"rewards": [{"required_minutes": 1}]}, "name is missing"),
        ({"rewards": [{"name": "Zero", "required_minutes": 0}]}, "required_minutes"),
    ],
)
def test_campaign_bad_field(world: World, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ControlError, match=sentence):
        world.kick.save_campaign(**{"name": "Bad", **changes})
