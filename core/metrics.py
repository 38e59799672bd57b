"""What Prometheus may ask at `/metrics`: how many of what, by outcome. Never who.

Each counter is one increment in mapped memory (studio_drops/monitoring/prometheus.py),
cheap enough for the webhook.
"""

from prometheus_client import Counter

DELIVERIES = Counter(
    "studio_drops_deliveries", "Claim webhooks that Kick sent, by what became of them.", ["outcome"]
)
SKEWED_DELIVERIES = Counter(
    "studio_drops_skewed_deliveries",
    "Claim webhooks whose timestamp is more than ten minutes from this machine's clock.",
)
KEY_FETCHES = Counter("studio_drops_key_fetches", "Fetches of Kick's public key.", ["outcome"])
KICK_CALLS = Counter(
    "studio_drops_kick_calls",
    "Calls of Kick's APIs, by path and HTTP status, or “unreachable”.",
    ["path", "outcome"],
)
LINK_ENDS = Counter("studio_drops_link_ends", "Ends of players' ways to link.", ["outcome"])
