"""Takes the pictures in docs/screens: `make screens`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Route, sync_playwright

from cavok.api.models.resources import ScheduleBody
from cavok.domain.permissions import GRANTED_GROUPS
from local import stack as local_stack
from tests.support.page import chromium, samples

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
TALL = WIDE | {"height": 1180}
SCREENS: tuple[tuple[str, str, str, dict[str, int]], ...] = (
    ("list", "#/accounts", "light", WIDE),
    ("list-dark", "#/accounts", "dark", WIDE),
    ("list-narrow", "#/accounts", "light", NARROW),
    ("new-account", "#/accounts/new", "light", WIDE),
    ("instructions", "#/accounts/acc000005/instructions", "light", WIDE),
    ("test", "#/accounts/acc000003/tests/test1", "light", WIDE),
    ("test-narrow", "#/accounts/acc000003/tests/test1", "dark", NARROW),
    ("what-changed", "#/accounts/acc000003/tests/test1/since/test0", "light", WIDE),
    ("account", "#/accounts/acc000003", "light", TALL),
    ("account-narrow", "#/accounts/acc000003", "dark", NARROW),
    ("least-privilege", "#/accounts/acc000003/least-privilege", "light", WIDE),
    ("instances", "#/accounts/acc000000/instances", "light", WIDE),
    ("schedules", "#/accounts/acc000000/schedules", "dark", WIDE),
    ("schedules-narrow", "#/accounts/acc000000/schedules", "light", NARROW),
    ("interactions", "#/accounts/acc000000/interactions", "light", WIDE),
    ("interactions-narrow", "#/accounts/acc000000/interactions", "dark", NARROW),
    ("organization", "#/organization", "light", WIDE | {"height": 850}),
    ("access-details", "#/access-details", "light", WIDE),
)
WRONG = {"degraded": [samples.FIXABLE], "failed": [samples.ISSUE]}
"""What is wrong with accounts of a status, which the API always says."""
NAMES = ("Analytics", "Billing", "Media", "Payments", "Production", "Sandbox", "Staging", "Web")


def moment(**ago: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def lived_in() -> dict[str, Any]:
    """Accounts as an organization has them, with tests of today."""
    accounts = []
    for index in range(24):
        name = f"{NAMES[index // 3]}{('', 'Asia', 'Europe')[index % 3]}"
        sample = dated(samples.account(index, name=name), hours=1 + index * 1.7)
        accounts.append(sample | {"issues": WRONG.get(sample["status"], [])})
    accounts[3] = accounts[3] | {
        "access_type": "assume_role",
        "role_arn": "arn:aws:iam::400000000003:role/CavokCloud",
        "access_key_id": None,
        "write_logs": True,
        "status": "degraded",
        "capabilities": {"ec2": "partial", "rds": "partial", "logs": "full"},
        "issues": [
            samples.issue(
                "permission_lost",
                "ec2:StopInstances was allowed and no longer is.",
                "A policy of the role denies ec2:StopInstances explicitly; "
                "remove that Deny statement. Allowing it elsewhere does not help.",
                fix=samples.FIXABLE["fix"] | {"policy_statement": None, "cli": None},
            ),
            samples.SCOPED,
        ],
        "regions": [each["region"] for each in samples.REGION_HEALTH],
        "region_health": samples.REGION_HEALTH,
    }
    parts = samples.everything(accounts)
    stop = samples.step("ec2:StopInstances", "ec2", region="us-east-1")
    steps = [*full_steps("ec2:StopInstances")]
    before = [stop if step["step"] == stop["step"] else step for step in steps]
    one = "/v1/accounts/acc00000[0-9]/verifications"
    times = {"started_at": moment(hours=6), "finished_at": moment(hours=5.9977)}
    parts[f"{one}/test1"] = samples.finished_test(
        outcome="degraded", steps=steps, region_health=samples.REGION_HEALTH, **times
    )
    earlier = {"started_at": moment(hours=30), "finished_at": moment(hours=29.9977)}
    parts[f"{one}/test0"] = samples.finished_test("test0", steps=before, **earlier)
    account = "/v1/accounts/acc00000[0-9]"
    interactions = [
        {**one, "at": moment(hours=2 + index * 5.3)}
        for index, one in enumerate(samples.INTERACTIONS)
    ]
    resources = [{**one, "next_action": next_action(one["schedule"])} for one in samples.RESOURCES]
    audit = [{**one, "at": moment(hours=6 + 31 * index)} for index, one in enumerate(samples.AUDIT)]
    parts[f"{account}/detection"] = {"state": "waiting"}
    parts[f"{account}/interactions"] = {"items": interactions, "next_cursor": None}
    parts[f"{account}/resources"] = {"items": resources, "next_cursor": None}
    parts[f"{account}/audit"] = parts["/v1/audit"] = {"items": audit, "next_cursor": None}
    # The account whose usage is shown beside its details is the second of all.
    busiest = [accounts[index] for index in (0, 3, 1, 2)]
    parts[f"{account}/usage"] = samples.USAGE | this_month()
    parts["/v1/organization/usage"] = samples.usage_of(busiest) | this_month()
    return parts


def dated(account: dict[str, Any], hours: float) -> dict[str, Any]:
    """The account as if it was tested so long ago, and added long before."""
    tested = account["verification"]
    return account | {
        "verification": tested and {**tested, "finished_at": moment(hours=hours)},
        "created_at": moment(days=80 - hours),
        "updated_at": moment(hours=hours),
        "next_verification_at": moment(hours=-3 - hours) if tested else moment(minutes=-7),
    }


def next_action(schedule: dict[str, Any] | None) -> dict[str, str] | None:
    """What the schedule really does next."""
    if schedule is None:
        return None
    coming = ScheduleBody(**schedule).schedule().next_transition(datetime.now(UTC))
    return {"action": coming.action, "at": f"{coming.at:%Y-%m-%dT%H:%M:%SZ}"}


def this_month() -> dict[str, str]:
    now = datetime.now(UTC)
    after = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    return {"period": f"{now:%Y-%m}", "resets_at": f"{after:%Y-%m-01T00:00:00Z}"}


def full_steps(denied: str) -> list[dict[str, Any]]:
    known = {step["step"]: step for step in [*samples.STEPS, samples.PARTIAL]}
    trust = [step["step"] for step in samples.STEPS if step["group"] == "trust"]
    catalog = {"trust": trust} | {group.group: group.actions for group in GRANTED_GROUPS}
    keep = {denied, *trust, "ec2:StartInstances", samples.PARTIAL["step"]}
    return [
        known[name] if name in keep else samples.step(name, group, region=region_of(group))
        for group, names in catalog.items()
        for name in names
    ]


def region_of(group: str) -> str | None:
    return "us-east-1" if group in {"ec2", "rds", "logs"} else None


def answering(reply: Any) -> Any:
    def handle(route: Route) -> None:
        route.fulfill(json=reply(route.request) if callable(reply) else reply)

    return handle


def main() -> None:
    stack = local_stack.load()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for name, hash_, theme, size in SCREENS:
            context = browser.new_context(viewport=size, color_scheme=theme, locale="en-GB")
            page = context.new_page()
            for path, reply in lived_in().items():
                page.route(re.compile(rf"^[^?#]*{path}(\?[^#]*)?$"), answering(reply))
            chromium.sign_in(page, stack, stack.users["admin"])
            page.evaluate("hash => { location.hash = hash; }", hash_)
            page.wait_for_timeout(1500)
            page.mouse.move(0, 0)
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
