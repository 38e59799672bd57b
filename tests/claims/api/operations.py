"""A request for each operation of the API and each of its answers: method, path, fields, status."""

OPERATIONS = [
    ("get", "/api/v1/entitlements", {"status": "GRANTED"}, 200),
    ("get", "/api/v1/entitlements", {"game_account_id": "hero-7", "limit": 1}, 200),
    ("get", "/api/v1/entitlements", {"limit": 0}, 400),
    ("get", "/api/v1/entitlements/changes", {"limit": 1}, 200),
    ("get", "/api/v1/entitlements/changes", {"after": "latest"}, 200),
    ("get", "/api/v1/entitlements/changes", {"after": "x"}, 400),
    ("get", "/api/v1/player", {"game_account_id": "hero-7"}, 200),
    ("get", "/api/v1/player", {"game_account_id": "nobody"}, 200),
    ("get", "/api/v1/player", {}, 400),
    ("post", "/api/v1/entitlements/fulfil", {"entitlement_ids": ["1"], "fulfilment_id": "x"}, 200),
    ("post", "/api/v1/entitlements/fulfil", {"entitlement_ids": [1]}, 400),
    ("post", "/api/v1/players/sync", {"game_account_id": "nobody"}, 200),
    ("post", "/api/v1/players/sync", {"game_account_id": 7}, 400),
    ("post", "/api/v1/link-tickets", {"game_account_id": "hero-7"}, 200),
    ("post", "/api/v1/link-tickets", {"game_account_id": ""}, 400),
]
