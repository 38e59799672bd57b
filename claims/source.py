"""What a source of claims offers. `platforms/` implements sources; `studio_drops` registers them.

A source turns a platform's deliveries and API entries into awards. The ledger records awards and
knows nothing else about the platform.
"""

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

MANUAL = "manual"
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Award:
    """A platform account earned a reward: the only thing a source gives to the ledger.

    `claim_id` is unique across all sources, and so are `reward_id` and `campaign_id`: they start
    with the source's name, unless the platform's ids are unique everywhere (such as ULIDs).
    `account` is the key of an account: `platform:id`.
    Only a webhook sets `message_id`. `is_reported`: whether the platform shows the claim as
    delivered; None if it doesn't say.
    """

    claim_id: str
    account: str
    reward_id: str
    campaign_id: str = ""
    external_id: str = ""
    quantity: int = 1
    occurred_at: datetime | None = None
    message_id: str = ""
    is_reported: bool | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a quantity that isn't positive or too large for the database."""
        if not 0 < self.quantity < 2**31:
            raise ValueError(f"The quantity {self.quantity} isn't between 1 and {2**31 - 1}.")


@dataclass(frozen=True, slots=True)
class UnusableEntry:
    """An API entry that can't be used. `claim_id` may be blank."""

    claim_id: str
    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a platform's list. `cursor` continues after it; "" on the last page."""

    awards: Sequence[Award]
    unusable: Sequence[UnusableEntry] = ()
    cursor: str = ""

    def __len__(self) -> int:
        return len(self.awards) + len(self.unusable)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which claims to list. All fields are optional.

    `is_open`: only claims that the platform doesn't show as delivered.
    """

    campaign_id: str = ""
    user_id: str = ""
    claim_id: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that viewers do in a channel and that an offer can reward.

    `unit` is what an offer's `at_least` counts. `delay_hours`: a new offer's delay. Both texts are
    lazy translations, for staff. `is_paid`: viewers pay with channel points, and get them back if
    there is no item: see `ChannelRewardSource`. `has_tiers`: an offer can be for one tier only.
    """

    source: str
    name: str
    label: Any
    unit: Any
    delay_hours: int = 0
    is_paid: bool = False
    has_tiers: bool = False

    @property
    def key(self) -> str:
        return f"{self.source}:{self.name}"


class Source:
    """One kind of thing that earns items. Subclasses set the attributes and fill the methods.

    All methods that call the platform raise `core.platform_errors.PlatformError`.
    """

    name: str
    platform: str
    # A lazy translation, for staff.
    label: Any
    # How far a signed delivery may be trusted: if true, its reward is registered as ours at once.
    # If false, a claim of an unregistered reward is held until `pages` shows it.
    trusts_deliveries = False
    # Without a list to catch up from, a lost webhook is a lost claim. Pages and docs say so.
    is_lossy = False
    # Whether the platform wants to know which claims were delivered.
    has_reports = False
    # What offers of this source can reward. Empty if it has none.
    triggers: Sequence[Trigger] = ()

    def __str__(self) -> str:
        return self.name

    def pages(self, wanted: Filter, *, cursor: str = "", limit: int = PAGE_SIZE) -> Iterator[Page]:
        """List the claims that the platform has for us, from `cursor` on."""
        raise NotImplementedError

    def made_at(self, claim_id: str) -> datetime | None:  # noqa: ARG002
        """When a claim was made, by its ID alone. None if the ID doesn't tell.

        If IDs tell, and `pages` takes one as its cursor, catch-up needn't read the whole list.
        """
        return None

    def is_usual_id(self, text: str) -> bool:  # noqa: ARG002
        """Whether an ID of a campaign or reward looks as this platform's do. A hint, not a rule."""
        return True

    def report(self, claim_ids: Iterable[str]) -> None:
        """Tell the platform that these claims were delivered. A repeat is harmless.

        Raises PlatformRefused if the platform refuses any of them.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RewardLook:
    """The look of a channel reward on its platform. `cost` is in channel points."""

    title: str
    cost: int
    description: str = ""
    color: str = ""
    asks_for_text: bool = False
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class ListedReward:
    """A reward of a channel, ours or not. `skips_queue`: redemptions are accepted at once."""

    reward_id: str
    look: RewardLook
    skips_queue: bool = False


class RedemptionStatus(enum.StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ListedRedemption:
    """A viewer's use of a reward, as the platform's API shows it. `account` is an account's key.

    `is_manageable`: whether we may accept and reject it.
    """

    redemption_id: str
    reward_id: str
    account: str
    status: RedemptionStatus
    redeemed_at: datetime
    is_manageable: bool = True


@dataclass(frozen=True, slots=True)
class RedemptionPage:
    """`cursor` continues after it; "" on the last page."""

    redemptions: Sequence[ListedRedemption]
    cursor: str = ""


class Unanswered(enum.StrEnum):
    """Why the platform didn't accept or reject a redemption."""

    NOT_PENDING = "NOT_PENDING"
    """It has an answer already, ours or the streamer's."""
    NOT_FOUND = "NOT_FOUND"
    NOT_OWNED = "NOT_OWNED"
    """Another app made the reward."""
    UNKNOWN = "UNKNOWN"


class ChannelRewardSource(Source):
    """Rewards that viewers redeem with a channel's points. `access_token` is the channel owner's.

    All methods call the platform, and raise `core.platform_errors.PlatformError`:
    PlatformUnauthorized if it doesn't accept the token.
    """

    # How many redemptions may be read or answered in one call.
    batch_size: int

    def list_rewards(self, access_token: str) -> list[ListedReward]:
        """All rewards of the channel, other apps' too."""
        raise NotImplementedError

    def create_reward(self, access_token: str, look: RewardLook) -> str:
        """Returns its ID. A repeat makes another one."""
        raise NotImplementedError

    def change_reward(self, access_token: str, reward_id: str, look: RewardLook) -> None:
        """Set all of it, and switch the queue on. Raises PlatformRefused if it isn't ours."""
        raise NotImplementedError

    def delete_reward(self, access_token: str, reward_id: str) -> None:
        """Raises PlatformRefused if it isn't ours, or is gone."""
        raise NotImplementedError

    def list_redemptions(
        self, access_token: str, reward_id: str, status: RedemptionStatus, *, cursor: str = ""
    ) -> Iterator[RedemptionPage]:
        """The pages of a reward's redemptions with this status, from `cursor` on."""
        raise NotImplementedError

    def read_redemptions(
        self, access_token: str, redemption_ids: Sequence[str]
    ) -> list[ListedRedemption]:
        """Those that the platform knows, of at most `batch_size`."""
        raise NotImplementedError

    def answer(
        self, access_token: str, redemption_ids: Sequence[str], *, accept: bool
    ) -> dict[str, Unanswered]:
        """Accept or reject at most `batch_size`. Rejecting gives the points back.

        Returns those that failed. All others are done.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A stream that is on air. `channel_id` is the key of the owner's account."""

    channel_id: str
    category_id: str
    category: str
    started_at: datetime
    viewers: int = 0


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as its platform shows it. `channel_id` is the key of the owner's account."""

    channel_id: str
    subscribers: int = 0
    language: str = ""
    category: str = ""


# Returns the names of the categories that match a name. Raises PlatformError.
CategoryFinder = Callable[[str], list[str]]

# Returns the channels of these IDs that the platform shows. At most 25 IDs. Raises PlatformError.
ChannelReader = Callable[[Sequence[str]], list[ChannelFacts]]

# Returns the streams of those channels, given by their IDs, that are on air. At most 25 IDs.
# Raises PlatformError.
StreamReader = Callable[[Sequence[str]], list[LiveStream]]

# Has a platform deliver the events that offers need. Returns the number of changes it made.
# Raises PlatformError.
Subscriber = Callable[[datetime], int]

_sources: dict[str, Source] = {}
_subscribers: dict[str, Subscriber] = {}
_stream_readers: dict[str, StreamReader] = {}
_channel_readers: dict[str, ChannelReader] = {}
_category_finders: dict[str, CategoryFinder] = {}


def register_source(source: Source) -> None:
    """Make a source known. A repeat replaces the source of the same name.

    Raises ValueError if no list could ever confirm its claims.
    """
    if source.is_lossy and not source.trusts_deliveries:
        raise ValueError(f"{source.name} has no list, so it must trust its deliveries.")
    _sources[source.name] = source


def unregister_source(name: str) -> None:
    _sources.pop(name, None)


def register_subscriber(platform: str, subscriber: Subscriber) -> None:
    """Make known how to subscribe to a platform's events. A repeat replaces it."""
    _subscribers[platform] = subscriber


def register_stream_reader(platform: str, reader: StreamReader) -> None:
    """Make known how to see who is on air. A repeat replaces it."""
    _stream_readers[platform] = reader


def register_channel_reader(platform: str, reader: ChannelReader) -> None:
    """Make known how to read a platform's channels. A repeat replaces it."""
    _channel_readers[platform] = reader


def register_category_finder(platform: str, finder: CategoryFinder) -> None:
    """Make known how to find a platform's categories. A repeat replaces it."""
    _category_finders[platform] = finder


def search_categories(platform: str, name: str) -> list[str]:
    """The names of a platform's categories that match. Raises PlatformError.

    Empty for a platform that offers no search.
    """
    finder = _category_finders.get(platform)
    return finder(name) if finder else []


def get_channel_reader(platform: str) -> ChannelReader | None:
    return _channel_readers.get(platform)


def all_stream_readers() -> dict[str, StreamReader]:
    """By platform."""
    return dict(_stream_readers)


def all_subscribers() -> dict[str, Subscriber]:
    """By platform."""
    return dict(_subscribers)


def get_source(name: str) -> Source:
    """Raises KeyError for a name that isn't registered, such as `manual`."""
    return _sources[name]


def all_sources() -> list[Source]:
    """In the order of registration."""
    return list(_sources.values())


def listing_sources() -> list[Source]:
    """The sources that have a list to catch up from."""
    return [
        one
        for one in _sources.values()
        if not (one.is_lossy or isinstance(one, ChannelRewardSource))
    ]


def channel_reward_sources() -> list[ChannelRewardSource]:
    return [one for one in _sources.values() if isinstance(one, ChannelRewardSource)]


def sources_of(platform: str) -> list[Source]:
    """A platform's sources that have a list to catch up from."""
    return [one for one in listing_sources() if one.platform == platform]


def default_source() -> str:
    """The name of the first registered source, as the default of a new campaign or reward."""
    return next(iter(_sources), "")


def source_choices() -> list[tuple[str, Any]]:
    """The sources of campaigns and rewards, for forms."""
    return [(source.name, source.label) for source in _sources.values()]


def all_triggers() -> list[Trigger]:
    """What offers can reward, of all sources."""
    return [trigger for source in _sources.values() for trigger in source.triggers]


def get_trigger(key: str) -> Trigger | None:
    return next((one for one in all_triggers() if one.key == key), None)


def trigger_choices() -> list[tuple[str, Any]]:
    """The triggers, for forms."""
    return [(trigger.key, trigger.label) for trigger in all_triggers()]


def claim_source_choices() -> list[tuple[str, Any]]:
    """The sources of claims: these and manual grants."""
    return [*source_choices(), (MANUAL, _("Manual grant"))]
