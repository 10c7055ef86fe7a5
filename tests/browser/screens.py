"""Takes the pictures in docs/screens, or those that are named: `make screens NAMES="list week"`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from cavok.api.models.resources import ScheduleBody
from cavok.domain.accounts import Status, changed_status
from cavok.domain.interactions import months_until
from cavok.domain.kinds import Action
from cavok.domain.schedules import Transition
from local import stack as local_stack
from local.stack import Stack
from tests.browser.axe import wait_until_loaded
from tests.support.page import chromium, enrollments, samples
from tests.support.page.tested import found, instructions_of, invited_of

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
WIDE, NARROW = 1280, 360
BY_LANG = "--enable-blink-features=LangAttributeAwareFormControlUI"
"""An option: fields for times are in the language of the page's `lang`, not in the only one that a
headless shell has.
"""
LOCALE = "en-GB"
IN_LOCALE = """lang => {
  document.documentElement.lang = lang;
  for (const field of document.querySelectorAll("input[type=time]")) {
    const { value } = field;
    field.value = "";
    field.value = value;
  }
}"""
"""Fields that are there already follow once they have another value."""
Screen = tuple[str, str, str, int, int]
SCREENS: tuple[Screen, ...] = (
    ("list", "#/accounts", "light", WIDE, 800),
    ("list-dark", "#/accounts", "dark", WIDE, 800),
    ("list-narrow", "#/accounts", "light", NARROW, 650),
    ("bulk", "#/accounts", "light", WIDE, 800),
    ("go-to", "#/accounts", "dark", WIDE, 800),
    ("problems", "#/problems", "light", WIDE, 1400),
    ("problems-narrow", "#/problems", "dark", NARROW, 740),
    ("all-schedules", "#/schedules", "light", WIDE, 1100),
    ("add-many", "#/accounts/many", "light", WIDE, 1060),
    ("new-account", "#/accounts/new", "light", WIDE, 960),
    ("connecting", "#/accounts/acc000005/connect", "light", WIDE, 840),
    ("connecting-narrow", "#/accounts/acc000005/connect", "dark", NARROW, 740),
    ("connected", "#/accounts/acc000001/connect", "light", WIDE, 680),
    ("add-resources", "#/accounts/acc000001/connect", "light", WIDE, 900),
    ("invitation", "#/invitation/a-token", "light", WIDE, 1060),
    ("instructions", "#/accounts/acc000005/instructions", "light", WIDE, 950),
    ("instructions-connected", "#/accounts/acc000000/instructions", "light", WIDE, 900),
    ("test", "#/accounts/acc000003/tests/test1", "light", WIDE, 1600),
    ("test-narrow", "#/accounts/acc000003/tests/test1", "dark", NARROW, 740),
    ("what-changed", "#/accounts/acc000003/tests/test1/since/test0", "light", WIDE, 800),
    ("account", "#/accounts/acc000003", "light", WIDE, 1180),
    ("account-narrow", "#/accounts/acc000003", "dark", NARROW, 740),
    ("least-privilege", "#/accounts/acc000000/least-privilege", "light", WIDE, 1012),
    ("health", "#/accounts/acc000003/health", "light", WIDE, 1800),
    ("health-narrow", "#/accounts/acc000003/health", "dark", NARROW, 740),
    ("instances", "#/accounts/acc000000/instances", "light", WIDE, 800),
    ("schedules", "#/accounts/acc000000/schedules", "dark", WIDE, 930),
    ("schedules-narrow", "#/accounts/acc000000/schedules", "light", NARROW, 740),
    ("week", "#/accounts/acc000000/schedules", "light", WIDE, 900),
    ("week-narrow", "#/accounts/acc000000/schedules", "dark", NARROW, 740),
    ("interactions", "#/accounts/acc000000/interactions", "light", WIDE, 860),
    ("interactions-narrow", "#/accounts/acc000000/interactions", "dark", NARROW, 740),
    ("organization", "#/organization", "light", WIDE, 1440),
    ("enrollments", "#/enrollments", "light", WIDE, 700),
    ("enrollment", "#/enrollments/enr1", "light", WIDE, 1100),
    ("enrollment-narrow", "#/enrollments/enr1", "dark", NARROW, 740),
    ("access-details", "#/access-details", "light", WIDE, 800),
    ("access-details-chosen", "#/access-details", "light", WIDE, 1200),
)
"""Name, address, theme, width, and the height that is not exceeded."""
MANY = """provider_id,name
512345678901,Media Archive
512345678902,Payments Sandbox
51234567,Too short
512345678902,Payments again
512345678903,Staging - Web"""
"""The text in the picture of Add many."""
NOTED = """async () => {
  const app = document.querySelector("script[type=module]").src;
  const { t } = await import(new URL("views/texts.js", app).href);
  const textsOf = (part) => typeof part === "string" ? [part]
    : part && typeof part === "object" ? Object.values(part).flatMap(textsOf) : [];
  const shown = document.body.innerText;
  return {
    navigation: [...document.querySelectorAll(".nav a")]
      .filter((link) => link.checkVisibility()).map((link) => link.textContent),
    texts: [...new Set(textsOf(t))]
      .filter((text) => text.length > 11 && shown.includes(text)).sort(),
  };
}"""
"""What a picture shows of the page's texts. A test fails once one of them is another."""
NAMES = ("Analytics", "Billing", "Media", "Payments", "Production", "Sandbox", "Staging", "Web")


def last_afternoon(now: datetime) -> datetime:
    """Of a weekday: the time of day at which all that the pictures tell may have happened."""
    today = now.replace(hour=14, minute=30, second=0, microsecond=0)
    days = (today - timedelta(days=days) for days in range(4))
    return next(day for day in days if day <= now and day.weekday() < 5)


UNCONFIRMED = 5
"""Of the accounts: the picture of Instructions shows it."""
PAGE = 50
"""As many interactions as the page asks for."""
KEPT = timedelta(days=40)
NOTHING_DONE = "It is stopped already; nothing was done."
NEW_INSTANCES = (
    ("ec2", "api-dev", "running", "t3.large"),
    ("ec2", "api-prod", "running", "m6i.xlarge"),
    ("ec2", "batch", "stopped", "c6i.2xlarge"),
    ("ec2", "reports-staging", "running", "t3.xlarge"),
    ("rds", "orders-prod", "available", "db.r6g.large"),
    ("rds", "orders-test", "available", "db.t4g.medium"),
)
"""Those of an account that was connected just now: kind, name, state and type."""
ZONES = {"": "Europe/Lisbon", "Asia": "Asia/Singapore", "Europe": "Europe/Berlin"}
"""By the ending of an account's name."""
NEWEST = {"version": 1, "current": 1, "outdated": False, "changes": []}


def moment(now: datetime, **ago: float) -> str:
    return f"{now - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"


def lived_in(now: datetime) -> dict[str, Any]:
    """Accounts as an organization has them, with tests of today, on a `last_afternoon`."""
    accounts = []
    for index in range(24):
        name = f"{NAMES[index // 3]}{('', 'Asia', 'Europe')[index % 3]}"
        accounts.append(dated(now, samples.account(index, name=name), index))
    accounts[0] = samples.in_many_regions(accounts[0])
    # Entered by a role, which the pictures of a test show.
    third = samples.account(3, access_type="assume_role", write_logs=True, name=accounts[3]["name"])
    accounts[3] = samples.in_many_regions(dated(now, third, 3), samples.STOP_DENIED)
    # Their policies lack the permission. Those of the others deny it.
    for index in (9, 21):
        steps = samples.all_steps(
            accounts[index], samples.STOP_DENIED | {"reason": "identity_policy"}
        )
        lost = [samples.STOP_DENIED["step"]]
        accounts[index] |= found(accounts[index], steps, [samples.REACHABLE], lost)
    parts = samples.everything(accounts)
    steps = samples.all_steps(accounts[3], samples.PARTIAL, samples.STOP_DENIED)
    before = samples.all_steps(accounts[3], samples.PARTIAL)
    one = "/v1/accounts/acc00000[0-9]/verifications"
    times = {
        "started_at": moment(now, hours=6.0023),
        "finished_at": accounts[3]["verification"]["finished_at"],
    }
    parts[f"{one}/test1"] = samples.finished_test(
        outcome="degraded", steps=steps, region_health=samples.REGION_HEALTH, **times
    )
    earlier = {"started_at": moment(now, hours=30), "finished_at": moment(now, hours=29.9977)}
    parts[f"{one}/test0"] = samples.finished_test("test0", steps=before, **earlier)
    tests = [parts[f"{one}/{each}"] for each in ("test1", "test0")]
    tests += older_tests(now, accounts[3])
    parts[one] = {"items": tests, "next_cursor": None}
    accounts[3] |= {"created_at": moment(now, days=60), "status_changes": changes_of(tests)}
    account = "/v1/accounts/acc00000[0-9]"
    resources = [
        {**one, "next_action": next_action(now, one["schedule"])} for one in samples.RESOURCES
    ]
    webhook = {
        "state": "active",
        "created_at": moment(now, days=40),
        "updated_at": moment(now, days=12),
    }
    audit = [
        {**one, "at": moment(now, hours=6 + 31 * index)} for index, one in enumerate(samples.AUDIT)
    ]
    parts[f"{account}/detection"] = {"state": "waiting"}
    parts[f"{account}/instances"] = samples.INSTANCES | {"as_of": moment(now, seconds=20)}
    known = interactions(now)
    parts[f"{account}/interactions"] = {"items": known[:PAGE], "next_cursor": "more"}
    newest = accounts[UNCONFIRMED]
    parts[f"/v1/accounts/{newest['account_id']}/instructions"] = instructions_of(newest)
    never = {"items": [], "next_cursor": None}
    parts[f"/v1/accounts/{newest['account_id']}/verifications"] = never
    parts[f"{account}/resources"] = {"items": resources, "next_cursor": None}
    parts[f"{account}/resources/res1"] = resources[0]
    controlled = [samples.listed(one, accounts[0]) for one in resources]
    used = [each for each in accounts[2:9] if each["verification"]]
    controlled += [one for each in used for one in further_resources(now, each)]
    # As the API lists them: by their next turns, and those without a schedule last.
    controlled.sort(key=lambda one: one["next_action"]["at"] if one["next_action"] else "later")
    parts["/v1/resources"] = {"items": controlled, "next_cursor": None}
    parts["/v1/accounts/acc000001/instances"] = {
        "items": [new_instance(*each) for each in NEW_INSTANCES],
        "unavailable": [],
        "as_of": moment(now, seconds=3),
    }
    only = samples.finished_test(
        started_at=moment(now, hours=2.669),
        finished_at=accounts[1]["verification"]["finished_at"],
        steps=samples.all_steps(accounts[1]),
    )
    parts["/v1/accounts/acc000001/verifications"] = {"items": [only], "next_cursor": None}
    parts["/v1/invitation"] = invited_of(accounts[UNCONFIRMED], now)
    parts[f"{account}/audit"] = parts["/v1/audit"] = {"items": audit, "next_cursor": None}
    parts["/v1/organization/webhook"] = samples.WEBHOOK | webhook
    # The account whose usage is shown beside its details is the second of all.
    busiest = [accounts[index] for index in (1, 3, 2)]
    usage = samples.usage_of(busiest) | this_month(now)
    used = sum(one["at"] >= f"{now:%Y-%m}" for one in known)
    first = {
        "account_id": accounts[0]["account_id"],
        "name": accounts[0]["name"],
        "used": used,
        "remaining": usage["free_interactions"] - used,
        "billable": 0,
    }
    of_all = sorted([*usage["items"], first], key=lambda one: -one["used"])
    parts["/v1/organization/usage"] = usage | {"items": of_all}
    parts["/v1/organization/usage/months"] = {
        "items": months(now, sum(one["used"] for one in of_all), others=3)
    }
    this = {one["account_id"]: one["used"] for one in of_all}
    del parts[f"{account}/usage"]
    for each in accounts[:10]:
        used = this.get(each["account_id"], 0)
        parts[f"/v1/accounts/{each['account_id']}/usage"] = usage_in(now, each, used)
    parts["/v1/organization/webhook/deliveries"] = {
        "items": [
            {
                **one,
                "at": moment(now, hours=index + 0.5),
                "next_try_at": one["next_try_at"] and moment(now, minutes=-15),
            }
            for index, one in enumerate(samples.DELIVERIES)
        ],
        "next_cursor": None,
    }
    return parts | synchronized(now)


def months(now: datetime, used: int, since: str = "", others: int = 1) -> list[dict[str, Any]]:
    """Those after the month `since` as in the samples, or so many times as much, and this one, in
    which so much was used.
    """
    before = [others * one["used"] for one in samples.MONTHS]
    return [
        {"period": period, "used": each if period > since else 0, "complete": True}
        for period, each in zip(months_until(now), [*before[:-1], used], strict=True)
    ]


def usage_in(now: datetime, account: dict[str, Any], used: int) -> dict[str, Any]:
    """What this account used: nothing in the month in which it was added, nor before."""
    shown = months(now, used, since=account["created_at"][:7])
    free = samples.USAGE["free_interactions"]
    left = {"remaining": max(0, free - used), "billable": max(0, used - free)}
    return samples.USAGE | this_month(now) | left | {"used": used, "months": shown}


def synchronized(now: datetime) -> dict[str, Any]:
    """What is answered of the enrollments: one synchronized two hours ago, as every six hours."""
    begun = {"started_at": moment(now, hours=2.01), "finished_at": moment(now, hours=2)}
    times = {
        "last_synchronized_at": begun["finished_at"],
        "next_synchronization_at": moment(now, hours=-4, minutes=-1),
        "created_at": moment(now, days=41),
        "updated_at": begun["finished_at"],
    }
    parts = enrollments.answers(**times)
    parts["/v1/enrollments/enr2"] |= {
        "created_at": moment(now, hours=3),
        "updated_at": moment(now, hours=3),
    }
    path = "/v1/enrollments/enr[12]/synchronizations/syn1"
    return parts | {path: parts[path] | begun}


def changes_of(tests: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The changes of status that these tests made, newest first, of an account that was added just
    before. What cannot be entered yet stays unconfirmed.
    """
    status, changes = Status.UNCONFIRMED, ()
    for test in reversed(tests):
        then = Status(test["outcome"])
        if then is not status and {then, status} != {Status.FAILED, Status.UNCONFIRMED}:
            at = datetime.fromisoformat(test["finished_at"])
            status, changes = then, changed_status(changes, status, at)
    return [asdict(each) for each in changes]


def dated(now: datetime, account: dict[str, Any], index: int) -> dict[str, Any]:
    """The account as if it was tested within a day, and added long before; one that was never
    connected within a week. What is not well has been so since some days.
    """
    tested, hours = account["verification"], (1 + index * 5 / 3) % 24
    reads_a_role = tested and account["access_type"] == "assume_role"
    broken = {"on": moment(now, days=1 + 5 * index % 27)[:10], "before": Status.CONFIRMED}
    is_broken = account["status"] in {Status.DEGRADED, Status.FAILED}
    return account | {
        "template": NEWEST if reads_a_role else None,
        "verification": tested and {**tested, "finished_at": moment(now, hours=hours)},
        "status_changes": [broken] if is_broken else [],
        "created_at": moment(now, days=270 - 7 * index if tested else index / 4),
        "updated_at": moment(now, hours=hours),
        "next_verification_at": moment(now, hours=hours - 24)
        if tested
        else moment(now, minutes=-7),
    }


def older_tests(now: datetime, of: dict[str, Any]) -> list[dict[str, Any]]:
    """Tests of this account before the last two, newest first: it was added 60 days ago, could not
    be entered for a day and a half, and has been tested daily since.
    """
    good = samples.all_steps(of, samples.PARTIAL)
    history = [
        *((days, "confirmed", good, 6) for days in (8, 15, 22)),
        (23.5, "failed", samples.not_entered(of), 0),
        (24, "failed", samples.not_entered(of), 0),
        *((days, "confirmed", good, 6) for days in (31, 38, 45, 52)),
        (59, "confirmed", good, 6),
        (59.5, "failed", samples.not_entered(of), 0),
    ]
    return [
        samples.finished_test(
            f"older{index}",
            trigger="scheduled",
            outcome=outcome,
            steps=steps,
            started_at=moment(now, days=days, hours=6, seconds=8),
            finished_at=moment(now, days=days, hours=6),
            unchanged={"tests": again, "last_at": moment(now, days=days - again, hours=6)}
            if again
            else None,
        )
        for index, (days, outcome, steps, again) in enumerate(history)
    ]


def interactions(now: datetime) -> list[dict[str, Any]]:
    """Those of the first account in KEPT, newest first: each turn of its schedules, and what people
    may have done; all of them in its logs.
    """
    start, listing, refused, nightly, test, morning, stop, *_ = samples.INTERACTIONS
    web, orders, _ = samples.RESOURCES
    times = {
        "int4": moment(now, hours=1),
        "int2": moment(now, hours=1.99),
        "int0": moment(now, hours=2),
        "int1": moment(now, hours=2.1),
        "int3": turn(now, orders, Action.STOP, hours=0),
        "int5": turn(now, web, Action.START, hours=3),
        # AWS starts a stopped RDS instance again after seven days.
        "int6": moment(now, days=8),
    }
    happened = [start, listing, refused, nightly, test, morning, stop]
    entries = [one | {"at": times[one["interaction_id"]]} for one in happened]
    # The one that the picture of instances shows.
    entries.append(listing | {"interaction_id": "int7", "at": moment(now, seconds=20)})
    on = {"result": "reached", "state": "running", "state_reason": None}
    off = {
        "action": "stop",
        "detail": "It was running; stop was asked for.",
        "result": "reached",
        "state": "stopped",
        "state_reason": None,
    }
    nothing = {"detail": NOTHING_DONE, "result": None, "state": None, "state_reason": None}
    usual = [
        *(
            (web, morning | (on if did.action is Action.START else off), did)
            for did in turns(now, web)
        ),
        *((orders, nightly | nothing, did) for did in turns(now, orders)),
    ]
    known = {(one["instance_id"], one["at"]) for one in entries}
    for index, (of, one, did) in enumerate(usual):
        at = f"{did.at:%Y-%m-%dT%H:%M:%SZ}"
        if (of["instance_id"], at) not in known:
            entries.append(one | {"interaction_id": f"turn{index}", "at": at})
    written = [one | {"logged": "written"} for one in entries]
    return sorted(written, key=lambda one: one["at"], reverse=True)


def turns(now: datetime, resource: dict[str, Any]) -> Iterator[Transition]:
    """What this resource's schedule did in KEPT, newest first."""
    schedule = ScheduleBody(**resource["schedule"]).schedule()
    latest = schedule.latest_transition(now)
    while latest.at > now - KEPT:
        yield latest
        latest = schedule.latest_transition(latest.at - timedelta(seconds=1))


def turn(now: datetime, resource: dict[str, Any], action: Action, *, hours: float) -> str:
    """When this resource's schedule did so last, so many hours ago or more."""
    did = turns(now - timedelta(hours=hours), resource)
    return f"{next(each.at for each in did if each.action is action):%Y-%m-%dT%H:%M:%SZ}"


def next_action(now: datetime, schedule: dict[str, Any] | None) -> dict[str, str] | None:
    """What the schedule really does next."""
    if schedule is None:
        return None
    coming = ScheduleBody(**schedule).schedule().next_transition(now)
    return {"action": coming.action, "at": f"{coming.at:%Y-%m-%dT%H:%M:%SZ}"}


def further_resources(now: datetime, account: dict[str, Any]) -> list[dict[str, Any]]:
    """Two more instances of this account, in the time zone of its name."""
    web, orders, _ = samples.RESOURCES
    zone = ZONES[re.sub("|".join(NAMES), "", account["name"])]
    daily = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    schedules = {
        "web1": [web["schedule"]["windows"][0]],
        "orders": [daily | {"start": "06:00", "stop": "22:00"}],
    }
    return [
        samples.listed(
            one
            | {
                "resource_id": f"{one['resource_id']}-{account['account_id']}",
                "schedule": (schedule := {"time_zone": zone, "windows": schedules[one["name"]]}),
                "next_action": next_action(now, schedule),
                "note": None,
            },
            account,
        )
        for one in (web, orders)
    ]


def new_instance(kind: str, name: str, state: str, type_: str) -> dict[str, str]:
    id_ = f"i-0{name.encode().hex():0<16.16}" if kind == "ec2" else name
    where = {"kind": kind, "instance_id": id_, "region": "us-east-1"}
    return {**where, "name": name, "state": state, "type": type_}


def this_month(now: datetime) -> dict[str, str]:
    after = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    return {"period": f"{now:%Y-%m}", "resets_at": f"{after:%Y-%m-01T00:00:00Z}"}


def end_between_lines(page: Page) -> None:
    """Makes the page less high, so that it ends with its content, or cuts nothing through. A modal
    is whole."""
    height = page.evaluate(
        """() => {
          if (document.querySelector("dialog[open]")) return innerHeight;
          const isLine = node => node.matches("button, svg, pre, :not(:has(*))")
            || [...node.childNodes].some(({nodeType, data}) => nodeType === 3 && data.trim());
          const lines = [...document.querySelectorAll("main :not(pre *)")]
            .filter(node => node.checkVisibility() && isLine(node))
            .map(node => node.getBoundingClientRect());
          const last = Math.max(...lines.map(({bottom}) => bottom));
          let end = Math.min(innerHeight, Math.ceil(last) + 40);
          for (let cut; (cut = lines.find(line => line.top < end + 2 && line.bottom > end - 2)); )
            end = Math.floor(cut.top) - 2;
          return end;
        }"""
    )
    page.set_viewport_size({"width": page.viewport_size["width"], "height": height})


def answering(reply: Any) -> Any:
    def handle(route: Route) -> None:
        route.fulfill(json=reply(route.request) if callable(reply) else reply)

    return handle


def opening(button: str) -> Callable[[Page], None]:
    """Presses what opens a modal."""

    def press(page: Page) -> None:
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("dialog").wait_for()

    return press


def going(page: Page) -> None:
    opening("Go to…")(page)
    page.keyboard.type("bill")
    page.get_by_role("option", name="BillingEurope").wait_for()


def choosing(page: Page) -> None:
    for box in page.locator(".rows .choose").all()[:3]:
        box.check()
    expect(page.locator(".bulk")).to_contain_text("3 accounts chosen")


def pasting(page: Page) -> None:
    page.get_by_label("Account numbers").fill(MANY)
    expect(page.get_by_role("region", name="What was read")).to_contain_text("cannot be read")


def choosing_access(page: Page) -> None:
    page.get_by_role("button", name="Choose what to grant").click()


BEFORE = {
    "access-details-chosen": choosing_access,
    "bulk": choosing,
    "go-to": going,
    "add-many": pasting,
    "add-resources": opening("Add resources"),
    **dict.fromkeys(("week", "week-narrow"), opening("Change the schedule of web1")),
}
"""What is done before a picture is taken."""


def take(browser: Browser, stack: Stack, now: datetime, screen: Screen) -> Any:
    """Takes a picture. Returns what it shows of the page's texts."""
    name, hash_, theme, width, height = screen
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=width == NARROW,
        color_scheme=theme,
        locale=LOCALE,
    )
    page = context.new_page()
    page.clock.install(time=now)
    for path, reply in lived_in(now).items():
        page.route(re.compile(rf"^[^?#]*{path}(\?[^#]*)?$"), answering(reply))
    chromium.sign_in(page, stack, stack.users["admin"])
    page.evaluate("hash => { location.hash = hash; }", hash_)
    page.wait_for_timeout(1500)
    wait_until_loaded(page)
    if name in BEFORE:
        BEFORE[name](page)
    page.evaluate(IN_LOCALE, LOCALE)
    page.mouse.move(0, 0)
    end_between_lines(page)
    noted = page.evaluate(NOTED)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()
    return noted


def main(names: Sequence[str]) -> None:
    stack, now = local_stack.load(), last_afternoon(datetime.now(UTC))
    expect.set_options(timeout=30_000)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, BY_LANG)
        noted = {
            screen[0]: take(browser, stack, now, screen)
            for screen in SCREENS
            if not names or screen[0] in names
        }
        browser.close()
    file = FOLDER / "texts.json"
    before = json.loads(file.read_text()) if names else {}
    file.write_text(f"{json.dumps(before | noted, indent=2, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
