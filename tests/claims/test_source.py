"""The registry of sources."""

from collections.abc import Iterator

import pytest

from claims.source import (
    Award,
    Filter,
    Page,
    Source,
    UnusableEntry,
    all_sources,
    claim_source_choices,
    default_source,
    get_source,
    listing_sources,
    register_source,
    source_choices,
    sources_of,
    unregister_source,
)


class Tips(Source):
    name = "tips"
    platform = "tiny"
    label = "Tips"


class Gifts(Source):
    name = "gifts"
    platform = "tiny"
    label = "Gifts"
    is_lossy = True
    trusts_deliveries = True


@pytest.fixture
def tips() -> Iterator[Source]:
    source = Tips()
    register_source(source)
    yield source
    unregister_source("tips")


@pytest.fixture
def gifts(tips: Source) -> Iterator[Source]:  # after `tips`
    source = Gifts()
    register_source(source)
    yield source
    unregister_source("gifts")


KICKS = ["kick_drops", "kick_channel_rewards", "kick_gifts", "kick_subscriptions"]


def test_kicks_sources_are_registered_at_start() -> None:
    assert [source.name for source in all_sources()] == KICKS
    assert [source.name for source in listing_sources()] == ["kick_drops"]
    assert get_source("kick_drops").has_reports
    assert default_source() == "kick_drops"


def test_registered_source_is_found_by_name(tips: Source) -> None:
    assert get_source("tips") is tips
    assert all_sources()[-1] is tips
    assert default_source() == "kick_drops"


def test_registering_again_replaces_the_source(tips: Source) -> None:
    again = Tips()

    register_source(again)

    assert get_source("tips") is again
    assert [source.name for source in all_sources()].count("tips") == 1


@pytest.mark.parametrize("name", ["manual", "tips", ""])
def test_unknown_source_raises(name: str) -> None:
    with pytest.raises(KeyError):
        get_source(name)


def test_unregistering_an_unknown_source_does_nothing() -> None:
    unregister_source("tips")


def test_sources_of_a_platform_leave_out_the_lossy_ones(tips: Source, gifts: Source) -> None:
    assert sources_of("tiny") == [tips]
    assert [source.name for source in sources_of("kick")] == ["kick_drops"]
    assert sources_of("elsewhere") == []


def test_choices_follow_the_registry(tips: Source, gifts: Source) -> None:
    assert [name for name, _ in source_choices()] == [*KICKS, "tips", "gifts"]
    assert source_choices()[-2:] == [("tips", "Tips"), ("gifts", "Gifts")]
    assert claim_source_choices() == [*source_choices(), ("manual", "Manual grant")]


def test_source_promises_nothing_unless_it_says_so() -> None:
    source = Source()

    promises = (source.trusts_deliveries, source.is_lossy, source.has_reports)
    assert promises == (False, False, False)
    with pytest.raises(NotImplementedError):
        source.pages(Filter())
    with pytest.raises(NotImplementedError):
        source.report(["1"])


def test_page_counts_unusable_entries_too() -> None:
    award = Award("tips:1", "tiny:owl", "tips:cape")

    assert len(Page([award, award], [UnusableEntry("", b"{}", "no id")])) == 3


@pytest.mark.parametrize("quantity", [0, -1, 2**31])
def test_award_of_an_impossible_quantity_is_refused(quantity: int) -> None:
    with pytest.raises(ValueError, match="between 1 and"):
        Award(claim_id="c", account="tiny:1", reward_id="r", quantity=quantity)


def test_source_that_could_never_confirm_its_claims_is_refused() -> None:
    class Untrusting(Gifts):
        trusts_deliveries = False

    with pytest.raises(ValueError, match="must trust its deliveries"):
        register_source(Untrusting())
