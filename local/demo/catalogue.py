"""The demo's names: organization, campaign, rewards, items and people."""

from dataclasses import dataclass

ORGANIZATION = "Starfall Studio"
SOURCE = "kick_drops"
GAME = CATEGORY = "Starfall Online"
CAMPAIGN = "Launch Week"
VIEWER = "vega_watches"
STREAMER = "astra_live"
# The offers in the partner channel, and the items that they give.
GIFT_OFFER = "500 KICKs in one gift: Orbit emote"
GIFT_TRIGGER, GIFT_AT_LEAST = "kick_gifts:gift", 500
GIFT_SKU, GIFT_ITEM = "emote-orbit", "Orbit emote"
POINTS_OFFER = "Golden axe"
POINTS_TRIGGER, POINTS_COST = "kick_channel_rewards:redemption", 1000
POINTS_SKU, POINTS_ITEM = "axe-golden", "Golden axe"
PLAYER = "Nova"
STAFF = "staff"
API_KEY = ENDPOINT = "demo game server"


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward and the item that it maps to. They share a name, and the SKU is the external id."""

    name: str
    sku: str
    quantity: int
    required_minutes: int
    description: str


OFFERS = (
    Offer("Ember cape", "cape-ember", 1, 15, "A cape that never quite stops glowing."),
    Offer("Chest of stardust", "stardust", 500, 30, "Five hundred stardust, for the forge."),
    Offer("Nova blade", "blade-nova", 1, 60, "Forged in the first second of a star."),
)
