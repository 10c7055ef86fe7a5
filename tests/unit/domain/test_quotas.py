"""How often an organization may do what costs others."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.errors import QuotaExceeded
from cavok.domain.quotas import Quota, QuotaName, Uses, parse_quotas
from cavok.services.request_quota import ORGANIZATIONS, RequestQuota
from tests.support.builders import NOW
from tests.support.template import template

SIX = Quota(QuotaName.TESTS, 6, timedelta(minutes=1))
PARAMETER = template()["Parameters"]["Quotas"]
DEFAULT = PARAMETER["Default"]


@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_window_has_more_than_the_quota(gaps: list[int]) -> None:
    """The minute begins with the first use after the last one is over."""
    uses, now = None, NOW
    began, allowed = NOW - SIX.per, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        if now - began >= SIX.per:
            began, allowed = now, 0
        assert SIX.remaining(uses, now) == SIX.limit - allowed
        if wait := wait_of(uses, now):
            assert allowed == SIX.limit
            assert wait == began + SIX.per - now
            assert wait_of(uses, now + wait) is None, "after the wait it may again"
            assert wait_of(uses, now + wait - timedelta(microseconds=1))
        else:
            uses = SIX.take(uses, now)
            allowed += 1
            assert uses == Uses(began, allowed)


@given(st.integers(0, 6), st.integers(1, 8))
def test_several_uses_are_taken_together_or_not_at_all(used: int, more: int) -> None:
    before = Uses(NOW, used)

    if used + more > SIX.limit:
        with pytest.raises(QuotaExceeded):
            SIX.take(before, NOW, more)
    else:
        assert SIX.take(before, NOW, more) == Uses(NOW, used + more)


def wait_of(uses: Uses | None, now: datetime) -> timedelta | None:
    """How long to wait. None if it may be taken now."""
    try:
        SIX.take(uses, now)
    except QuotaExceeded as refusal:
        return refusal.wait
    return None


def test_the_clock_of_another_machine_begins_no_window_and_one_of_last_year_holds_none() -> None:
    full = Uses(NOW, SIX.limit)

    assert wait_of(full, NOW - timedelta(seconds=1)) == timedelta(seconds=61)
    assert wait_of(full, NOW - timedelta(days=365)) is None


def test_the_templates_quotas_can_be_read() -> None:
    quotas = parse_quotas(DEFAULT)

    assert list(quotas) == list(QuotaName)
    assert quotas[QuotaName.WEBHOOK_TESTS].limit == 6, "a minute; the API promises no more"
    assert {quota.per for quota in quotas.values()} == {timedelta(minutes=1)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        DEFAULT.replace("tests:60/60", "tests:0/60", 1),
        DEFAULT.replace("tests:60/60", "tests:-1/60", 1),
        DEFAULT.replace("tests:60/60", "tests:60/0", 1),
        DEFAULT.replace("tests:60/60", "tests:60", 1),
        DEFAULT.replace("tests:60/60", "test:60/60", 1),
        DEFAULT.replace("tests:60/60", "listings:60/60", 1),
        DEFAULT.replace(",new_accounts:100/60", ""),
        DEFAULT + ",tests:70/60",
        DEFAULT + ",",
        DEFAULT.replace("tests:60/60", "tests:99999999/60", 1),
    ],
)
def test_quotas_that_say_less_than_all_or_nothing_sensible_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Quotas must be"):
        parse_quotas(text)
    assert not re.fullmatch(PARAMETER["AllowedPattern"], text), "nor is it deployed"


def test_a_process_counts_requests_of_each_organization_and_remembers_a_thousand() -> None:
    requests = RequestQuota(SIX)
    for _ in range(SIX.limit):
        requests.take("o-0", NOW)
    with pytest.raises(QuotaExceeded):
        requests.take("o-0", NOW)
    assert requests.remaining("o-0", NOW) == 0
    assert requests.remaining("o-1", NOW) == SIX.limit

    for number in range(1, ORGANIZATIONS):
        requests.take(f"o-{number}", NOW)
    assert requests.remaining("o-0", NOW) == 0, "a refusal forgets nothing"
    requests.take("one more", NOW)
    assert requests.remaining("o-0", NOW) == SIX.limit
    requests.take("o-1", NOW + SIX.per)
    assert requests.remaining("o-1", NOW + SIX.per) == SIX.limit - 1
