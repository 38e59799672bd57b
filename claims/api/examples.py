"""An example request and response for each operation, for the schema and the docs page."""

from drf_spectacular.utils import OpenApiExample

GAME_ACCOUNT_ID = "hero-7"

CLAIM_ID = "01JZ8Q4W2M6T9V3XKDNR5B7CHG"
SWORD, SHIELD = f"{CLAIM_ID}:starter-sword", f"{CLAIM_ID}:starter-shield"

_ENTITLEMENT = {
    "id": SWORD,
    "game_account_id": GAME_ACCOUNT_ID,
    "sku": "starter-sword",
    "quantity": 1,
    "status": "GRANTED",
    "granted_at": "2026-06-23T18:04:05Z",
    "fulfilled_at": None,
    "fulfilment_id": None,
    "revoked_at": None,
    "platform": "kick",
    "source": "kick_drops",
    "claim_id": CLAIM_ID,
    "campaign_id": "01JZ0A1B2C3D4E5F6G7H8J9KMN",
    "reward_id": "01JZ0R4E6W8A0R2D4J6K8M0NPQ",
    "test": False,
}

ASKED_FOR = OpenApiExample(
    "A player", value=GAME_ACCOUNT_ID, parameter_only=("game_account_id", "query")
)
STILL_OWED = OpenApiExample(
    "Undelivered items", value=["GRANTED"], parameter_only=("status", "query")
)
ENTITLEMENTS = OpenApiExample(
    "One item to deliver",
    value={"entitlements": [_ENTITLEMENT], "next_cursor": None},
    response_only=True,
    status_codes=["200"],
)
CHANGES = OpenApiExample(
    "One item revoked",
    value={
        "entitlements": [
            _ENTITLEMENT | {"status": "REVOKED", "revoked_at": "2026-06-24T09:30:00Z"},
        ],
        "next_cursor": "Y2hhbmdlczoxNy40NzEx",
        "has_more": False,
    },
    response_only=True,
    status_codes=["200"],
)
FULFILMENT = OpenApiExample(
    "Two items fulfilled together",
    value={"entitlement_ids": [SWORD, SHIELD], "fulfilment_id": "login-000123"},
    request_only=True,
)
OUTCOMES = OpenApiExample(
    "One item to deliver, one already fulfilled",
    value={
        "outcomes": [
            {"id": SWORD, "outcome": "fulfilled"},
            {"id": SHIELD, "outcome": "already_fulfilled"},
        ]
    },
    response_only=True,
    status_codes=["200"],
)
PLAYER = OpenApiExample(
    "A linked player",
    value={
        "game_account_id": GAME_ACCOUNT_ID,
        "links": [
            {
                "platform": "kick",
                "user_id": "18446744073709551615",
                "name": "night_owl",
                "linked_at": "2026-06-20T09:15:00Z",
                "state": "linked",
            }
        ],
    },
    response_only=True,
    status_codes=["200"],
)

SYNC = OpenApiExample("A player", value={"game_account_id": GAME_ACCOUNT_ID}, request_only=True)
SYNCED = OpenApiExample(
    "A claim that was missing",
    value={
        "game_account_id": GAME_ACCOUNT_ID,
        "synced_at": "2026-06-23T18:04:05Z",
        "is_new": True,
        "accounts": [
            {
                "platform": "kick",
                "user_id": "18446744073709551615",
                "name": "night_owl",
                "outcome": "synced",
                "found": 3,
                "recorded": 1,
                "granted": 1,
            }
        ],
        "entitlements": [_ENTITLEMENT],
    },
    response_only=True,
    status_codes=["200"],
)

TICKET_BODY = OpenApiExample(
    "A player",
    value={
        "game_account_id": GAME_ACCOUNT_ID,
        "name": "Hero",
        "details": [{"label": "Level", "value": "42"}],
    },
    request_only=True,
)
TICKET_ID = "lt_mZb1v4Yw8QeR2sTk"
TICKET_PATH = OpenApiExample("A ticket", value=TICKET_ID, parameter_only=("ticket_id", "path"))
NEW_TICKET = OpenApiExample(
    "A ticket",
    value={
        "id": TICKET_ID,
        "url": "https://drops.example.com/link/t/Jx3vQ8m2Zc7yR4nW9kLp5sTd1aBf6gHe",
        "code": "7KQD-M4XP",
        "code_url": "https://drops.example.com/link/code",
        "qr": "<svg …></svg>",
        "expires_in": 600,
    },
    response_only=True,
    status_codes=["200"],
)
_TICKET = {
    "id": TICKET_ID,
    "game_account_id": GAME_ACCOUNT_ID,
    "state": "linked",
    "expires_in": 412,
    "account": {"platform": "kick", "user_id": "18446744073709551615", "name": "night_owl"},
    "undo_until": "2026-06-23T18:14:05Z",
}
TICKET = OpenApiExample("Linked", value=_TICKET, response_only=True, status_codes=["200"])
UNDONE_TICKET = OpenApiExample(
    "Undone",
    value=_TICKET | {"state": "undone", "undo_until": None},
    response_only=True,
    status_codes=["200"],
)

PROBLEM = {
    "type": "/api/v1/docs#invalid-request",
    "title": "Invalid request",
    "status": 400,
    "detail": "See “errors” for each fault and where it is.",
    "errors": [
        {"detail": "This parameter may be given only once.", "parameter": "game_account_id"}
    ],
}
