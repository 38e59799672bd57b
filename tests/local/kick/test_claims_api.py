from typing import Any

import pytest

from tests.local.kick.world import World

CLAIMS = "/public/v1/drops/claims"


def make(world: World, count: int) -> list[str]:
    answer = world.kick.claim(**world.pair, count=count, force=True, deliver=False)
    return [made["claim_id"] for made in answer["claims"]]


def get(world: World, **query: Any) -> dict[str, Any]:
    answer = world.call("GET", CLAIMS, token=world.app_token(), params=query).json()
    assert answer["message"] == "OK"
    return dict(answer["data"])


def ids(page: dict[str, Any]) -> list[str]:
    return [claim["claim_id"] for claim in page["claims"]]


def walk(world: World, limit: int) -> list[list[str]]:
    """The pages as a patient reader gets them: until a cursor is absent, empty or known."""
    pages, seen, query = [], {""}, {"limit": limit}
    while True:
        page = get(world, **query)
        pages.append(ids(page))
        cursor = page.get("cursor", "")
        if cursor in seen:
            return pages
        seen.add(cursor)
        query["cursor"] = cursor


def test_claims_shape(world: World) -> None:
    user_id = world.kick.make_viewer("Max", user_id=2**64 - 1)
    world.kick.claim(**world.pair, user_id=user_id, force=True)

    [claim] = get(world)["claims"]

    assert claim.pop("created_at") == claim.pop("updated_at")
    assert claim.pop("claim_id")
    assert claim == {
        "user_id": 2**64 - 1,
        "campaign_id": world.campaign_id,
        "reward_id": world.reward_id,
        "external_id": "ember-cape",
        "external_status": "initiated",
    }


def test_claims_default_limit_is_ten(world: World) -> None:
    made = make(world, 11)

    page = get(world)

    assert ids(page) == made[:10]
    assert page["cursor"] == made[9]


def test_claims_cursor_goes_on(world: World) -> None:
    made = make(world, 11)

    page = get(world, cursor=made[9])

    assert ids(page) == made[10:]
    assert "cursor" not in page


def test_claims_last_page_may_be_full(world: World) -> None:
    made = make(world, 3)

    page = get(world, limit=3)

    assert ids(page) == made
    assert "cursor" not in page


def test_claims_filters(world: World) -> None:
    made = make(world, 3)
    other = world.kick.save_campaign(name="Other", rewards=world.campaign["rewards"])
    world.kick.claim(
        campaign_id=other["campaign_id"],
        reward_id=world.reward_id,
        user_id=world.user_id,
        force=True,
    )
    patch(world, [{"claim_id": made[1], "external_status": "processed"}])

    assert ids(get(world, campaign_id=world.campaign_id)) == made
    assert ids(get(world, claim_id=made[2])) == [made[2]]
    assert ids(get(world, external_status="processed")) == [made[1]]
    assert [claim["user_id"] for claim in get(world, user_id=world.user_id)["claims"]] == [
        world.user_id
    ]
    assert ids(get(world, campaign_id=world.campaign_id, cursor=made[0], limit=1)) == [made[1]]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"limit": "ten"}, {"limit": "-1"}, {"user_id": "x"}]
)
def test_claims_bad_parameter(world: World, query: dict[str, Any]) -> None:
    response = world.call("GET", CLAIMS, token=world.app_token(), params=query)

    assert response.status_code == 400
    assert response.json() == {"data": None, "message": "Invalid request"}


def test_claims_need_an_app_token(world: World) -> None:
    for token in (None, "made-up", world.user_tokens()["access_token"]):
        response = world.call("GET", CLAIMS, token=token)

        assert response.status_code == 401
        assert response.json() == {"data": None, "message": "Unauthorized"}


def test_claims_of_an_app_without_organization(world: World) -> None:
    client = {"client_id": "lone", "client_secret": "lone"}
    world.kick.register_app(**client, organization=None)

    response = world.call("GET", CLAIMS, token=world.app_token(**client))

    assert response.status_code == 403


def test_claims_of_others_are_invisible(world: World) -> None:
    made = make(world, 1)
    client = {"client_id": "rival", "client_secret": "rival"}
    world.kick.register_app(**client, organization="Rival Studio")
    token = world.app_token(**client)

    seen = world.call("GET", CLAIMS, token=token, params={"claim_id": made[0]}).json()
    change = {"claims": [{"claim_id": made[0], "external_status": "processed"}]}
    patched = world.call("PATCH", CLAIMS, token=token, json=change)

    assert seen["data"]["claims"] == []
    assert patched.status_code == 400
    assert get(world)["claims"][0]["external_status"] == "initiated"


@pytest.mark.parametrize("order", ["ascending", "descending", "created", "shuffled"])
@pytest.mark.parametrize("cursor", ["exclusive", "inclusive", "next"])
@pytest.mark.parametrize("last_cursor", ["absent", "empty", "last"])
def test_claims_every_reading_shows_each_claim(
    world: World, order: str, cursor: str, last_cursor: str
) -> None:
    made = make(world, 7)
    world.kick.set_faults(claims_order=order, cursor=cursor, last_cursor=last_cursor)

    pages = walk(world, limit=3)

    shown = [claim_id for page in pages for claim_id in page]
    assert set(shown) == set(made)
    assert (len(shown) > len(made)) == (cursor == "inclusive")
    if order != "shuffled" and cursor == "exclusive":
        assert shown == sorted(made, reverse=order == "descending")


def test_claims_page_cap_lowers_the_limit_silently(world: World) -> None:
    made = make(world, 7)
    world.kick.set_faults(page_cap=3)

    pages = walk(world, limit=1000)

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [claim_id for page in pages for claim_id in page] == made


def test_claims_filtered_after_the_page_is_cut(world: World) -> None:
    made = make(world, 7)
    patch(world, [{"claim_id": one, "external_status": "processed"} for one in made[:5]])
    world.kick.set_faults(filter="after")

    first = get(world, limit=3, external_status="initiated")

    assert first["claims"] == []
    assert first["cursor"] == made[2]


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_claims_repeated_on_the_next_page(world: World, order: str) -> None:
    made = sorted(make(world, 7), reverse=order == "descending")
    world.kick.set_faults(claims_order=order, repeats=2)

    second = get(world, limit=3, cursor=made[2])

    assert ids(second) == [made[2], made[1], *made[3:6]]


def test_claims_last_cursor_may_be_null(world: World) -> None:
    make(world, 2)
    world.kick.set_faults(last_cursor="null")

    assert get(world)["cursor"] is None


def test_claims_shuffled_is_another_order(world: World) -> None:
    made = make(world, 40)
    world.kick.set_faults(claims_order="shuffled")

    shown = ids(get(world, limit=40))

    assert shown != made
    assert shown != made[::-1]


def patch(world: World, claims: Any) -> Any:
    return world.call("PATCH", CLAIMS, token=world.app_token(), json={"claims": claims})


def test_patch_sets_statuses(world: World) -> None:
    made = make(world, 100)
    statuses = [
        {"claim_id": claim_id, "external_status": "processed" if n % 2 else "failed"}
        for n, claim_id in enumerate(made)
    ]

    response = patch(world, statuses)

    assert (response.status_code, response.content) == (204, b"")
    assert [claim["external_status"] for claim in world.kick.claims()] == [
        status["external_status"] for status in statuses
    ]


@pytest.mark.parametrize(
    "claims",
    [
        [],
        {},
        ["01K0"],
        [{"claim_id": "01K0"}],
        [{"claim_id": "01K0", "external_status": ""}],
        [{"claim_id": "01K0", "external_status": 1}],
        [{"claim_id": "\ud800", "external_status": "processed"}],
        [{"claim_id": "01K0", "external_status": "processed", "user_id": 1}],
        [{"claim_id": "01K0", "external_status": "processed"}],
        [{"claim_id": f"01K{n}", "external_status": "processed"} for n in range(101)],
    ],
)
def test_patch_refused(world: World, claims: Any) -> None:
    response = patch(world, claims)

    assert response.status_code == 400
    assert response.json() == {"data": None, "message": "Invalid request"}


def test_patch_one_unknown_changes_nothing(world: World) -> None:
    [made] = make(world, 1)
    statuses = [{"claim_id": one, "external_status": "processed"} for one in (made, "unknown")]

    response = patch(world, statuses)

    assert response.status_code == 400
    assert get(world)["claims"][0]["external_status"] == "initiated"


def test_patch_no_json(world: World) -> None:
    response = world.call("PATCH", CLAIMS, token=world.app_token(), data="{")

    assert response.status_code == 400
