"""Counters for Prometheus, by outcome. They never identify a person.

Each counter is one increment in mapped memory (studio_drops/monitoring/prometheus.py),
cheap enough for the webhook.
"""

from prometheus_client import Counter

DELIVERIES = Counter(
    "studio_drops_deliveries", "Webhook deliveries received, by outcome.", ["outcome"]
)
SKEWED_DELIVERIES = Counter(
    "studio_drops_skewed_deliveries",
    "Claim webhooks whose timestamp differs from this machine's clock by more than ten minutes.",
)
SERVER_ERRORS = Counter(
    "studio_drops_server_errors",
    "Responses with a status of 500 or above, by the first part of the path.",
    ["part"],
)
KEY_FETCHES = Counter("studio_drops_key_fetches", "Fetches of Kick's public key.", ["outcome"])
KICK_CALLS = Counter(
    "studio_drops_kick_calls",
    "Calls to Kick's APIs, by path and HTTP status (or “unreachable”).",
    ["path", "outcome"],
)
WEBHOOK_ATTEMPTS = Counter(
    "studio_drops_webhook_attempts",
    "Messages sent to game servers' endpoints, by the status of the answer.",
    ["outcome"],
)
LINK_ENDS = Counter("studio_drops_link_ends", "Finished attempts to link, by outcome.", ["outcome"])
