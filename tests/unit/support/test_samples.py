"""What pictures and browser tests show of accounts is what the domain would say of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cavok.api.models.resources import ScheduleBody
from cavok.domain.accounts import IssueCode
from cavok.domain.quotas import parse_quotas
from cavok.domain.regions import UNUSABLE
from tests.browser import screens
from tests.support.page import samples
from tests.support.template import template

KEPT = timedelta(days=90)
"""So long the API keeps tests."""
TAKEN_AT = {
    "a leap day": datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
    "the first of a year": datetime(2027, 1, 1, tzinfo=UTC),
    "a Monday morning": datetime(2026, 6, 1, 6, tzinfo=UTC),
    "a Saturday": datetime(2026, 10, 31, 15, tzinfo=UTC),
    "the day summer time begins": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "the day summer time ends": datetime(2026, 10, 25, 1, tzinfo=UTC),
}
NOW = {f"pictures of {when}": screens.last_afternoon(now) for when, now in TAKEN_AT.items()}
PICTURES = {name: screens.lived_in(now) for name, now in NOW.items()}
SHOWN = {"samples": samples.everything(), **PICTURES}
each_picture = pytest.mark.parametrize("parts", PICTURES.values(), ids=PICTURES)
at_each_time = pytest.mark.parametrize(
    ("parts", "now"), [(PICTURES[name], now) for name, now in NOW.items()], ids=PICTURES
)


def accounts_of(parts: dict[str, Any]) -> list[dict[str, Any]]:
    request = type("Request", (), {"url": "https://x/v1/accounts?limit=100"})
    return [*parts["/v1/accounts"](request)["items"], *one_by_one(parts).values()]


def one_by_one(parts: dict[str, Any]) -> dict[str, Any]:
    return {
        path: each
        for path, each in parts.items()
        if path.startswith("/v1/accounts/acc0000") and "provider_id" in each
    }


def contradictions(account: dict[str, Any]) -> list[str]:
    """What the domain never says together."""
    problems = [each for each in account["issues"] if each["severity"] == "problem"]
    codes = {each["code"] for each in account["issues"]}
    capabilities = account["capabilities"]
    connected = account["status"] in {"confirmed", "degraded"}
    unusable = [
        each["region"] for each in account["region_health"] if each["status"] in {*UNUSABLE}
    ]
    said = " ".join(
        each["message"] for each in account["issues"] if each["code"].startswith("region_")
    )
    wrong = {
        "confirmed with a problem": account["status"] == "confirmed" and problems,
        "not confirmed without a problem": account["status"] in {"degraded", "failed"}
        and not problems,
        "capabilities of one that is not connected": not connected
        and {*capabilities.values()} != {"unknown"},
        "part of a permission without an issue": "partial" in capabilities.values() and not codes,
        "logs that are wanted, refused and no issue": connected
        and account["write_logs"]
        and capabilities["logs"] in {"none", "partial"}
        and IssueCode.LOG_WRITING_REFUSED not in codes,
        "logs that are not wanted and were tried": not account["write_logs"]
        and capabilities["logs"] != "unknown",
        "a region that is left out and no issue": connected
        and any(each not in said for each in unusable),
        "a role and a key": (account["role_arn"] is None)
        is not (account["access_type"] == "access_key"),
        "tested before it was added": account["verification"]
        and account["verification"]["finished_at"] < account["created_at"],
    }
    return [each for each, is_so in wrong.items() if is_so]


@pytest.mark.parametrize("where", SHOWN)
def test_no_account_contradicts_itself(where: str) -> None:
    found = {each["name"]: contradictions(each) for each in accounts_of(SHOWN[where])}
    assert len(found) > 20
    assert {name: each for name, each in found.items() if each} == {}


def test_each_status_comes_with_what_belongs_to_it() -> None:
    for index in range(24):
        for status in ("confirmed", "degraded", "failed", "unconfirmed"):
            assert contradictions(samples.account(index, status=status)) == []


def test_contradictions_are_found() -> None:
    good = samples.account(0)
    assert contradictions(good | {"capabilities": good["capabilities"] | {"logs": "none"}})
    assert contradictions(good | {"status": "degraded"})
    assert contradictions(good | {"region_health": samples.REGION_HEALTH})
    assert contradictions(samples.account(3, issues=[]))


@each_picture
def test_the_test_that_pictures_show_found_what_its_account_says(parts: dict[str, Any]) -> None:
    account = parts["/v1/accounts/acc000003"]
    test = parts["/v1/accounts/acc00000[0-9]/verifications/test1"]
    assert account["verification"]["outcome"] == account["status"] == test["outcome"]
    assert account["verification"]["finished_at"] == test["finished_at"]
    assert samples.found(account, test["steps"], test["region_health"], ["ec2:StopInstances"]) == {
        name: account[name] for name in ("status", "issues", "capabilities", "region_health")
    }


@each_picture
def test_what_schedules_did_in_pictures_is_what_they_say(parts: dict[str, Any]) -> None:
    one = "/v1/accounts/acc00000[0-9]"
    entries = parts[f"{one}/interactions"]["items"]
    resources = {each["instance_id"]: each for each in parts[f"{one}/resources"]["items"]}
    assert {entry["logged"] for entry in entries} == {"written"}, "its account's Write logs is Yes"
    assert [entry["at"] for entry in entries] == sorted((e["at"] for e in entries), reverse=True)
    turns = [entry for entry in entries if entry["actor"] == "schedule"]
    assert turns
    for entry in turns:
        at = datetime.fromisoformat(entry["at"])
        schedule = ScheduleBody(**resources[entry["instance_id"]]["schedule"]).schedule()
        assert schedule.latest_transition(at).at == at
        assert schedule.latest_transition(at).action == entry["action"]


@each_picture
def test_pictures_leave_out_no_turn_of_a_schedule(parts: dict[str, Any]) -> None:
    one = "/v1/accounts/acc00000[0-9]"
    entries = parts[f"{one}/interactions"]["items"]
    assert len(entries) == screens.PAGE, "the page asks for so many before it offers more"
    oldest = datetime.fromisoformat(entries[-1]["at"])
    for resource in parts[f"{one}/resources"]["items"]:
        if resource["schedule"] is None:
            continue
        schedule = ScheduleBody(**resource["schedule"]).schedule()
        shown = [
            datetime.fromisoformat(entry["at"])
            for entry in entries
            if entry["actor"] == "schedule" and entry["instance_id"] == resource["instance_id"]
        ]
        at = datetime.fromisoformat(resource["next_action"]["at"])
        for moment in shown:
            at = schedule.latest_transition(at - timedelta(seconds=1)).at
            assert moment == at
        assert schedule.latest_transition(at - timedelta(seconds=1)).at <= oldest


@each_picture
def test_an_account_in_pictures_has_used_what_its_trail_shows(parts: dict[str, Any]) -> None:
    one = "/v1/accounts/acc00000[0-9]"
    entries = parts[f"{one}/interactions"]["items"]
    usage = parts["/v1/organization/usage"]
    (mine,) = (each for each in usage["items"] if each["account_id"] == "acc000000")
    shown = [entry for entry in entries if entry["at"].startswith(usage["period"])]
    assert mine["used"] >= len(shown)
    if len(shown) < len(entries):
        assert mine["used"] == len(shown)
    assert parts[f"{one}/instances"]["as_of"] == entries[0]["at"], "each listing is one"
    used = [each["used"] for each in usage["items"]]
    assert used == sorted(used, reverse=True)


@each_picture
def test_quotas_in_pictures_are_those_of_an_installation(parts: dict[str, Any]) -> None:
    shown = parts["/v1/organization"]["quotas"]
    default = parse_quotas(template()["Parameters"]["Quotas"]["Default"])
    assert {each["name"]: each["limit"] for each in shown} == {
        name: quota.limit for name, quota in default.items()
    }
    left = {each["name"]: each["limit"] - each["remaining"] for each in shown}
    assert left["requests"] > 0, "reading them is one"


@each_picture
def test_instructions_in_pictures_are_those_of_their_account(parts: dict[str, Any]) -> None:
    account = parts["/v1/accounts/acc000005"]
    shown = parts["/v1/accounts/acc000005/instructions"]
    order = [path for path in parts if path.endswith("/instructions")]
    assert order[-1] == "/v1/accounts/acc000005/instructions", "of several, the last one answers"
    assert any(account["provider_id"] in step["text"] for step in shown["steps"])
    assert "CREATE_COMPLETE" in shown["steps"][-1]["text"]
    assert json.loads(shown["cloudformation_template"])["Parameters"]["ExternalId"]["Default"]


@each_picture
def test_whatever_waits_in_pictures_was_begun(parts: dict[str, Any]) -> None:
    entries = parts["/v1/accounts/acc00000[0-9]/interactions"]["items"]
    for index, entry in enumerate(entries):
        if "is pending" in entry["detail"]:
            before = [
                one for one in entries[index + 1 :] if one["instance_id"] == entry["instance_id"]
            ]
            assert before[0]["action"] == "start"


def within(part: Any) -> Iterator[tuple[str, Any]]:
    """The names and values of all that is in this."""
    if isinstance(part, dict):
        yield from part.items()
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from within(each)


@at_each_time
def test_whatever_comes_next_in_pictures_is_still_to_come(
    parts: dict[str, Any], now: datetime
) -> None:
    coming = [
        (path, name, value["at"] if name == "next_action" else value)
        for path, part in [*parts.items(), ("listed", accounts_of(parts))]
        for name, value in within(part)
        if value and (name == "next_action" or (name.startswith("next_") and name.endswith("_at")))
    ]
    assert {"next_synchronization_at", "next_verification_at", "next_try_at"} <= {
        name for _, name, _ in coming
    }
    assert [each for each in coming if datetime.fromisoformat(each[2]) <= now] == []


@at_each_time
def test_what_happened_in_pictures_did_so_lately(parts: dict[str, Any], now: datetime) -> None:
    """Of what shows its age: the samples themselves are of one day long ago."""
    names = ("last_synchronized_at", "finished_at", "last_at", "as_of")
    shown = {
        f"{path} {name} {value}"
        for path, part in [*parts.items(), ("listed", accounts_of(parts))]
        for name, value in within(part)
        if name in names and value and not now - KEPT < datetime.fromisoformat(value) <= now
    }
    assert shown == set()


@at_each_time
def test_months_in_pictures_end_with_this_one(parts: dict[str, Any], now: datetime) -> None:
    of_all = parts["/v1/organization/usage/months"]["items"]
    series = [of_all, *(each["months"] for each in usages(parts).values())]
    assert [months[-1]["period"] for months in series] == [f"{now:%Y-%m}"] * 11
    for usage in usages(parts).values():
        assert usage["used"] == usage["months"][-1]["used"]
        assert usage["resets_at"][:7] > usage["period"] == f"{now:%Y-%m}"
        for before, of_one in zip(of_all, usage["months"], strict=True):
            assert before["used"] >= of_one["used"]


@each_picture
def test_no_account_in_pictures_was_used_before_it_was_added(parts: dict[str, Any]) -> None:
    for account_id, usage in usages(parts).items():
        added = parts[f"/v1/accounts/{account_id}"]["created_at"][:7]
        assert [one for one in usage["months"] if one["used"] and one["period"] < added] == []
    added = min(each["created_at"] for each in accounts_of(parts))
    of_all = parts["/v1/organization/usage/months"]["items"]
    assert [one for one in of_all if one["used"] and one["period"] < added[:7]] == []


def usages(parts: dict[str, Any]) -> dict[str, Any]:
    return {
        path.split("/")[3]: each
        for path, each in parts.items()
        if path.startswith("/v1/accounts/") and path.endswith("/usage")
    }


@each_picture
def test_what_is_not_well_in_pictures_has_become_so(parts: dict[str, Any]) -> None:
    for account in accounts_of(parts):
        changes, status = account["status_changes"], account["status"]
        assert bool(changes) is (status in {"degraded", "failed"})
        befores = [each["before"] for each in changes]
        assert all(a != b for a, b in pairwise([*befores, status]))
        assert [each for each in changes if each["on"] < account["created_at"][:10]] == []


@each_picture
def test_the_bar_of_an_account_in_pictures_says_what_its_health_says(parts: dict[str, Any]) -> None:
    account = parts["/v1/accounts/acc000003"]
    changes = account["status_changes"]
    assert account in accounts_of(parts), "the list has the same"
    for test in parts["/v1/accounts/acc00000[0-9]/verifications"]["items"]:
        day, outcome = test["finished_at"][:10], test["outcome"]
        after = [each["before"] for each in changes if each["on"] > day]
        then = {*after[:1], *(each["before"] for each in changes if each["on"] == day)}
        then |= set() if after else {account["status"]}
        assert outcome in then or (outcome == "failed" and "unconfirmed" in then)
