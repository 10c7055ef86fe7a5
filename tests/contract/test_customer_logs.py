"""CloudWatch Logs: each of the five calls distinguishes a denial from a missing log group, and
lines that are thrown away are named.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cavok.adapters.customer.logs import CustomerLogs, LogLine
from cavok.domain.access_denied import Reason
from cavok.domain.permissions import LOGS, RETENTION_DAYS
from cavok.domain.steps import Judgement, Verdict
from tests.contract.place import Place, without


@pytest.fixture(scope="module")
def lacking(place: Place) -> dict[str, str]:
    """Roles by the one permission that each lacks. `""` lacks none."""
    roles = {a: place.role(f"no-{a.split(':')[1]}", without(a)) for a in LOGS.actions}
    return roles | {"": place.role("all-logs")}


@pytest.fixture(scope="module")
def group(place: Place) -> str:
    name = f"/cavok/contract-{place.run}"
    place.later(place.client("logs").delete_log_group, logGroupName=name)
    return name


def test_a_first_write_makes_the_group_with_its_retention(
    place: Place, lacking: dict[str, str], group: str
) -> None:
    assert {j.verdict for j in _write(place, lacking[""], group).values()} == {Verdict.ALLOWED}
    made = place.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert made["retentionInDays"] == RETENTION_DAYS


def test_a_second_write_leaves_the_retention_that_the_customer_chose(
    place: Place, lacking: dict[str, str], group: str
) -> None:
    logs = place.client("logs")
    logs.put_retention_policy(logGroupName=group, retentionInDays=90)
    assert {j.verdict for j in _write(place, lacking[""], group).values()} == {Verdict.ALLOWED}
    kept = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert kept["retentionInDays"] == 90


@pytest.mark.parametrize("action", LOGS.actions)
def test_a_role_that_lacks_a_permission_is_denied_that_one_alone(
    action: str, place: Place, lacking: dict[str, str], group: str
) -> None:
    verdicts = _write(place, lacking[action], group)
    denied = {name: j.reason for name, j in verdicts.items() if j.verdict is Verdict.DENIED}
    assert denied == {action: Reason.IDENTITY_POLICY}


def test_lines_of_other_times_are_thrown_away_and_named(
    place: Place, lacking: dict[str, str], group: str
) -> None:
    now = datetime.now(UTC)
    ages = (timedelta(), timedelta(days=15), -timedelta(hours=3), timedelta(minutes=1))
    lines = [LogLine(now - age, {"event": "Contract"}) for age in ages]
    logs = CustomerLogs(place.enter(lacking[""]))

    appended = logs.append(group, "times", lines)

    assert appended.written
    assert set(appended.dropped) == {1, 2}
    assert "older than 14 days" in appended.dropped[1]
    assert "in the future" in appended.dropped[2]

    place.client("logs").put_retention_policy(logGroupName=group, retentionInDays=1)
    expired = logs.append(group, "times", [LogLine(now - timedelta(days=3), {}), lines[0]])
    assert "retention" in expired.dropped[0]
    assert set(expired.dropped) == {0}


def _write(place: Place, role_name: str, group: str) -> dict[str, Judgement]:
    now = datetime.now(UTC)
    logs = CustomerLogs(place.enter(role_name))
    stream, line = f"{now:%Y-%m-%d}", LogLine(now, {"event": "Contract"})
    calls = [*logs.prepare(group, stream), logs.write(group, stream, line)]
    return {action: call() for action, call in calls}
