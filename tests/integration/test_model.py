"""The API, and what runs behind it, against a small model of it: hypothesis sends what two
organizations may send in any order, and each answer, each item and each event must be the model's.

A short run is part of `make test`. `make model` runs many more examples, other ones each time; a
failure prints the steps that lead there, as Python.
"""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, TypeVar
from unittest import mock

import boto3
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cavok import wiring
from cavok.adapters.table.keys import template_pk
from cavok.api.conditions import etag
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account as StoredAccount
from cavok.domain.permissions import WITHOUT_EXTERNAL_ID
from cavok.domain.steps import Step, Verdict
from cavok.domain.template_versions import current
from cavok.services import sweep
from functions.end_resources import app as end_resources
from functions.follow_schedule import app as follow_schedule
from functions.instances_api import app as instances_api
from functions.publish_events import app as publish_events
from functions.record_verification import app as record_verification
from functions.sweep_accounts import app as sweep_accounts
from tests.support import api as http
from tests.support import moto_stack as stack
from tests.support.api import Answer, Api, Context, is_problem, number
from tests.support.builders import KEY_ID, SECRET_KEY, a_step, denied, steps_of
from tests.support.faults import Calls, watched
from tests.support.moto_stack import REGION, Clock, Json, Stream, client
from tests.support.reference import (
    FREE_INTERACTIONS,
    STATUSES,
    WEEKS,
    Caller,
    Reference,
    Refused,
    Resource,
    Verification,
)
from tests.support.version_counts import listed_versions, wrong_version_counts

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

T = TypeVar("T")

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
"""Set by `make model`. The short run's examples are always the same."""
SETTINGS = settings(
    max_examples=EXAMPLES or 14,
    stateful_step_count=30,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    # To find the fewest steps takes minutes.
    phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
READ_EVERY = 14
"""Steps until everything is read again."""
SEARCHES = [
    ("", None),
    ("PROD", None),
    ("month", None),
    ("12", None),
    ("", "confirmed"),
    ("1", "unconfirmed"),
]
"""Starts of words or numbers, and statuses."""
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday. Months end, and clocks go forward, within some examples."""
ELSEWHERE = "eu-west-1"
NUMBERS = [number(index) for index in range(3)]
DATABASES = [(REGION, "orders"), (ELSEWHERE, "billing"), (REGION, "cache"), (ELSEWHERE, "cache")]
KEYS = [
    {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY},
    {"access_key_id": "AKIAIOSFODNN7ANOTHER", "secret_access_key": SECRET_KEY[::-1]},
]
MESSAGE_TYPES = ["Account Failed", "Account Confirmed"]


# ---- what people send ----------------------------------------------------------------------------

ORGANIZATIONS = ("org-one", "org-two")
callers = st.builds(
    Caller,
    st.sampled_from(ORGANIZATIONS),
    st.sampled_from(["admin"] * 7 + ["operator", "viewer", ""]),
)
which = st.integers(0, 7)
"""Of the accounts or resources that there are; 7 is somebody else's, a deleted one, or none."""
names = st.sampled_from(["Prod", "prod1", "Test", "12Months"])
regions = st.sampled_from([[REGION], [ELSEWHERE, REGION]])
idempotency_keys = st.none() | st.sampled_from(["one", "two"])
weeks = st.none() | st.sampled_from(sorted(WEEKS))
roles = st.sampled_from(["CavokCloud", "CavokOther"])


@st.composite
def new_accounts(draw: Any) -> Json:
    """moto knows only one account's access keys: the first's."""
    number = draw(st.sampled_from(NUMBERS))
    body: Json = {
        "provider": "aws",
        "provider_id": number,
        "name": draw(names),
        "access_type": "assume_role",
        "write_logs": draw(st.booleans()),
        "regions": draw(regions),
    }
    if number == NUMBERS[0] and draw(st.booleans()):
        return body | {"access_type": "access_key", "credentials": KEYS[0]}
    return body | draw(st.just({}) | st.fixed_dictionaries({"role_name": roles}))


changes = st.fixed_dictionaries(
    {},
    optional={"name": names, "write_logs": st.booleans(), "regions": regions, "role_name": roles},
)
findings = st.sampled_from(
    ["works"] * 4 + ["lost", "unlogged", "not entered", "open", "unanswered", "died"]
)


# ---- the machine ---------------------------------------------------------------------------------


class Comparison(RuleBasedStateMachine):
    """Each rule sends a request, or lets a function run, and asks the model what must follow."""

    def __init__(self) -> None:
        super().__init__()
        stack.empty()
        Clock.time = START
        self.model = Reference(START)
        self.model.instances = {
            (number, *database): "available" for number in NUMBERS for database in DATABASES
        }
        for found in self._databases().values():
            found.status = "available"
        self.stream, self.calls = Stream(), Calls()
        self.calls.after_write = self.stream.look
        self.external_ids: dict[str, str] = {}
        self.last_clocks: dict[str, Json] = {}
        self.method, self.checked, self.steps = "", 0, 0

    @initialize(
        bodies=st.tuples(*(new_accounts() for _ in range(4))),
        connected=st.sampled_from([4, 3, 0]),
        schedules=st.tuples(weeks, weeks),
    )
    def begin(
        self, bodies: tuple[Json, ...], connected: int, schedules: tuple[str | None, ...]
    ) -> None:
        """Two organizations with accounts, perhaps with the same number. Most are connected, and
        two have a resource.
        """
        for index, body in enumerate(bodies):
            caller = Caller(ORGANIZATIONS[index % 2], "admin")
            self._create(caller, body, None)
            account_id = self.account_id(caller, 0)
            if index < connected:
                self._begin_test(caller, account_id)
                self._finish(list(self.model.tests.values())[-1], "works")
            if index < len(schedules):
                region = body["regions"][0]
                instance = next(each for each in DATABASES if each[0] == region)
                self._add_resource(caller, account_id, instance, schedules[index])

    # ---- accounts

    @rule(caller=callers, body=new_accounts(), key=idempotency_keys)
    def create(self, caller: Caller, body: Json, key: str | None) -> None:
        self._create(caller, body, key)

    def _create(self, caller: Caller, body: Json, key: str | None) -> None:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.ask(caller, "POST", "/v1/accounts", body, headers)
        account = self.expect(
            answer,
            caller,
            201,
            lambda: self.model.create(caller, body, key, answer.json.get("account_id", "")),
        )
        if account:
            _shows(answer, account.shown)
            assert answer.headers["location"] == f"/v1/accounts/{account.account_id}"

    def get_account(self, caller: Caller, account_id: str, limit: int) -> None:
        answer = self.ask(caller, "GET", f"/v1/accounts/{account_id}")
        account = self.expect(answer, caller, 200, lambda: self.model.own(caller, account_id))
        if account:
            testing = self.model.testing(account)
            _shows(answer, account.shown | {"testing": testing})
            assert ("revoked" in [i["code"] for i in answer.json["issues"]]) is account.revoked
            assert answer.headers["etag"] == etag(account.version, account.writes, testing=testing)

    @rule(caller=callers, index=which, body=changes, behind=st.none() | st.integers(0, 1))
    def change(self, caller: Caller, index: int, body: Json, behind: int | None) -> None:
        account_id = self.account_id(caller, index)
        version, headers = None, {}
        if behind is not None and account_id in self.model.accounts:
            version = self.model.accounts[account_id].version - behind
            headers = {"If-Match": f'"{version}"'}
        answer = self.ask(caller, "PATCH", f"/v1/accounts/{account_id}", body, headers)
        account = self.expect(
            answer, caller, 200, lambda: self.model.change(caller, account_id, body, version)
        )
        if account:
            _shows(answer, account.shown)

    @rule(caller=callers, index=which, key=st.sampled_from(KEYS))
    def rotate(self, caller: Caller, index: int, key: Json) -> None:
        account_id = self.account_id(caller, index)
        answer = self.ask(caller, "PUT", f"/v1/accounts/{account_id}/credentials", key)
        self.expect(answer, caller, 204, lambda: self.model.rotate(caller, account_id, key))

    @rule(caller=callers, index=which)
    def revoke(self, caller: Caller, index: int) -> None:
        account_id = self.account_id(caller, index)
        answer = self.ask(caller, "POST", f"/v1/accounts/{account_id}/revoke")
        self.expect(answer, caller, 204, lambda: self.model.revoke(caller, account_id))

    @rule(caller=callers, index=which)
    def delete(self, caller: Caller, index: int) -> None:
        account_id = self.account_id(caller, index)
        answer = self.ask(caller, "DELETE", f"/v1/accounts/{account_id}")
        self.expect(answer, caller, 204, lambda: self.model.delete(caller, account_id))

    def list_accounts(self, caller: Caller, limit: int) -> None:
        for prefix, status in SEARCHES:
            query = {"q": prefix} if prefix else {}
            query |= {"status": status} if status else {}
            found = self.pages(caller, "/v1/accounts", limit, **query)
            assert [each["account_id"] for each in found] == self.model.listed(
                caller.organization, prefix, status
            )
            for each in found:
                _shows(each, self.model.accounts[each["account_id"]].shown)

    def get_organization(self, caller: Caller, limit: int) -> None:
        answer = self.ask(caller, "GET", "/v1/organization").json
        external_id = self.external_ids.setdefault(caller.organization, answer["external_id"])
        assert external_id == answer["external_id"]
        assert len(set(self.external_ids.values())) == len(self.external_ids)
        counts = self.model.counts(caller.organization)
        there = listed_versions(stack.items())
        newest = there[template_pk(caller.organization, current())]
        assert answer["accounts"] == {
            "total": sum(counts.values()),
            "by_status": counts,
            "by_template_version": [{"version": current(), "accounts": newest, "outdated": False}],
        }

    # ---- tests

    @rule(caller=callers, index=which)
    def begin_test(self, caller: Caller, index: int) -> None:
        self._begin_test(caller, self.account_id(caller, index))

    def _begin_test(self, caller: Caller, account_id: str) -> None:
        answer = self.ask(caller, "POST", f"/v1/accounts/{account_id}/verifications")
        test = self.expect(
            answer,
            caller,
            202,
            lambda: self.model.begin(caller, account_id, answer.json.get("verification_id", "")),
        )
        if test:
            _shows(
                answer,
                {
                    "verification_id": test.test_id,
                    "trigger": test.trigger,
                    "state": "running",
                    "outcome": None,
                },
            )
            assert bool(answer.json["execution_arn"]) is (caller.group == "operator")

    @precondition(lambda self: self.model.tests)
    @rule(data=st.data(), found=findings)
    def finish(self, data: Any, found: str) -> None:
        """A running test, if there is one: mostly the newest. Else the report comes once more."""
        tests = list(self.model.tests.values())
        running = [test for test in tests if test.state == "running"]
        which_test = data.draw(which, "which test") % len(running or tests)
        self._finish((running or tests)[-1 - which_test], found)

    def _finish(self, test: Verification, found: str) -> None:
        account = self.model.accounts[test.account_id]
        event = {
            "organization_id": account.organization,
            "account_id": test.account_id,
            "verification_id": test.test_id,
            "trigger": test.trigger,
            "correlation_id": "c",
        }
        stored = None
        if not account.deleted:
            stored = wiring.accounts().get(account.organization, account.account_id)
        self.run(record_verification.handler, _report(event, stored, found), account.organization)
        self.model.finish(test, found)

    def list_tests(self, caller: Caller, account_id: str, limit: int) -> None:
        path = f"/v1/accounts/{account_id}/verifications"
        if found := self.owned_pages(caller, account_id, path, limit):
            tests = [t for t in self.model.tests.values() if t.account_id == account_id]
            assert [
                (each["verification_id"], each["state"], each["outcome"]) for each in found
            ] == [(t.test_id, t.shown_state(self.model.now), t.outcome) for t in reversed(tests)]

    @rule()
    def sweep(self) -> None:
        due = {
            a.account_id: wiring.accounts().get(a.organization, a.account_id).next_verification_at
            for a in self.model.live()
        }
        event = {"sweep_arn": "arn:sweep", "sweep_id": "s", "apart": True}
        # Tests have pages of one because of threads, and here are none.
        with mock.patch.multiple(sweep, AT_ONCE=len(due) + 1, CALLS_OF_A_PAGE=inf):
            answer = self.run(sweep_accounts.handler, event)
        leased = answer["handed_over"]
        assert sorted(leased) == sorted(self.model.due(due))
        for account_id in leased:
            owner = self.model.accounts[account_id].organization
            slot = wiring.accounts().get(owner, account_id).slot
            assert slot
            self.model.leased(account_id, slot.verification_id)

    # ---- instances

    @rule(caller=callers, index=which, region=st.none() | st.sampled_from([REGION, ELSEWHERE]))
    def list_instances(self, caller: Caller, index: int, region: str | None) -> None:
        account_id = self.account_id(caller, index)
        query = {"kind": "rds"} | ({"region": region} if region else {})
        wiring.kept_listings.cache_clear()  # as in a process that keeps none: each is read
        self._let_pass(timedelta(minutes=1))  # and each counts
        path = f"/v1/accounts/{account_id}/instances"
        answer = self.ask(caller, "GET", path, query=query)
        account = self.model.accounts.get(account_id)
        found = self.expect(
            answer, caller, 200, lambda: self.model.list_instances(caller, account_id, region)
        )
        if found is not None and account:
            assert {each["instance_id"] for each in answer.json["items"]} == found
            for each in answer.json["items"]:
                there = (account.number, each["region"], each["instance_id"])
                assert each["state"] == self.model.instances[there]

    @rule(
        caller=callers,
        index=which,
        action=st.sampled_from(["start", "stop"]),
        instance=st.sampled_from([*DATABASES, (REGION, "nothing")]),
        with_region=st.booleans(),
        key=idempotency_keys,
    )
    def act(
        self,
        caller: Caller,
        index: int,
        action: str,
        instance: tuple[str, str],
        with_region: bool,
        key: str | None,
    ) -> None:
        account_id, (region, instance_id) = self.account_id(caller, index), instance
        asked = region if with_region else None
        answer = self.ask(
            caller,
            "POST",
            f"/v1/accounts/{account_id}/instances/rds/{instance_id}/{action}",
            headers={"Idempotency-Key": key} if key else {},
            query={"region": asked} if asked else {},
        )
        given = answer.json.get("interaction_id")
        interaction_id = self.expect(
            answer,
            caller,
            202,
            lambda: self.model.act(caller, account_id, action, instance_id, asked, key, given),
        )
        if interaction_id:
            _shows(answer, {"interaction_id": interaction_id, "outcome": "accepted"})

    def list_interactions(self, caller: Caller, account_id: str, limit: int) -> None:
        path = f"/v1/accounts/{account_id}/interactions"
        found = self.owned_pages(caller, account_id, path, limit)
        if found is not None:
            ids = [each["interaction_id"] for each in found]
            assert ids == sorted(set(ids), reverse=True)
            assert Counter(
                (each["action"], each["instance_id"], each["outcome"], each["actor"])
                for each in found
            ) == Counter(
                (each.action, each.instance_id, each.outcome, each.actor)
                for each in self.model.interactions
                if each.account_id == account_id
            )

    def get_usage(self, caller: Caller, account_id: str, limit: int) -> None:
        answer = self.ask(caller, "GET", f"/v1/accounts/{account_id}/usage")
        if self.expect(answer, caller, 200, lambda: self.model.own(caller, account_id)):
            period = f"{self.model.now:%Y-%m}"
            used = self.model.used().get((account_id, period), 0)
            over = used - FREE_INTERACTIONS
            _shows(
                answer,
                {
                    "period": period,
                    "used": used,
                    "remaining": max(-over, 0),
                    "billable": max(over, 0),
                },
            )

    def list_usage(self, caller: Caller, limit: int) -> None:
        period = f"{self.model.now:%Y-%m}"
        found = self.pages(caller, "/v1/organization/usage", limit)
        used = [each["used"] for each in found]
        assert used == sorted(used, reverse=True)
        expected = {
            account_id: (count, None if account.deleted else account.name)
            for (account_id, month), count in self.model.used().items()
            for account in [self.model.accounts[account_id]]
            if month == period and account.organization == caller.organization
        }
        assert {each["account_id"]: (each["used"], each["name"]) for each in found} == expected

    # ---- resources

    @rule(caller=callers, index=which, instance=st.sampled_from(DATABASES), schedule=weeks)
    def add_resource(
        self, caller: Caller, index: int, instance: tuple[str, str], schedule: str | None
    ) -> None:
        self._add_resource(caller, self.account_id(caller, index), instance, schedule)

    def _add_resource(
        self, caller: Caller, account_id: str, instance: tuple[str, str], schedule: str | None
    ) -> None:
        region, instance_id = instance
        body = {"kind": "rds", "instance_id": instance_id, "region": region} | _schedule(schedule)
        answer = self.ask(caller, "POST", f"/v1/accounts/{account_id}/resources", body)
        given = answer.json.get("resource_id", "")
        resource = self.expect(
            answer,
            caller,
            201,
            lambda: self.model.add_resource(caller, account_id, instance, schedule, given),
        )
        if resource:
            self._shows_resource(answer.json, resource)

    @precondition(lambda self: self.model.resources)
    @rule(caller=callers, index=which, schedule=weeks)
    def change_schedule(self, caller: Caller, index: int, schedule: str | None) -> None:
        account_id, resource_id = self.resource_ids(caller, index)
        path = f"/v1/accounts/{account_id}/resources/{resource_id}"
        answer = self.ask(caller, "PATCH", path, _schedule(schedule))
        resource = self.expect(
            answer,
            caller,
            200,
            lambda: self.model.schedule(caller, account_id, resource_id, schedule),
        )
        if resource:
            self._shows_resource(answer.json, resource)

    @precondition(lambda self: self.model.resources)
    @rule(caller=callers, index=which)
    def remove_resource(self, caller: Caller, index: int) -> None:
        account_id, resource_id = self.resource_ids(caller, index)
        path = f"/v1/accounts/{account_id}/resources/{resource_id}"
        answer = self.ask(caller, "DELETE", path)
        self.expect(
            answer,
            caller,
            204,
            lambda: self.model.remove_resource(caller, account_id, resource_id),
        )

    def list_resources(self, caller: Caller, account_id: str, limit: int) -> None:
        answer = self.ask(caller, "GET", f"/v1/accounts/{account_id}/resources")
        if self.expect(answer, caller, 200, lambda: self.model.own(caller, account_id)):
            expected = self.model.resources_of(account_id)
            assert len(answer.json["items"]) == len(expected)
            for shown, resource in zip(answer.json["items"], expected, strict=True):
                self._shows_resource(shown, resource)

    @precondition(lambda self: stack.clocks())
    @rule(index=which, wait=st.booleans())
    def follow_schedule(self, index: int, wait: bool) -> None:
        """A clock fires: at its time, or needlessly. Once more after its resource was removed."""
        for clock in stack.clocks():
            self.last_clocks[clock.name] = stack.message_of(clock)
        live = [clock.name for clock in stack.clocks()]
        gone = [
            name
            for name, given in self.last_clocks.items()
            if given["resource_id"] not in self.model.resources
        ]
        names = sorted(live) + sorted(gone)
        event = self.last_clocks[names[index % len(names)]]
        resource = self.model.resources.get(event["resource_id"])
        if wait and resource and resource.schedule:
            self._let_pass(WEEKS[resource.schedule].next(self.model.now)[0] - self.model.now)
        answer = self.run(follow_schedule.handler, event, event["organization_id"])
        done = self.model.follow(event["resource_id"])
        assert (answer["done"] or {}).get("action") == done

    @precondition(lambda self: self.model.undelivered)
    @rule(again=st.booleans())
    def end_resources(self, again: bool) -> None:
        """EventBridge delivers `Account Deleted`, at least once."""
        account = self.model.accounts[self.model.undelivered[0]]
        detail = {
            "event_id": "e",
            "organization_id": account.organization,
            "account_id": account.account_id,
            "occurred_at": "2026-03-01T12:00:00Z",
        }
        event = {"detail-type": "Account Deleted", "detail": detail}
        for _ in range(1 + again):
            self.run(end_resources.handler, event, account.organization)
        self.model.resources_ended(account.account_id)

    # ---- the organization's

    @rule(caller=callers, events=st.sampled_from(MESSAGE_TYPES), rotate=st.booleans())
    def set_webhook(self, caller: Caller, events: str, rotate: bool) -> None:
        """Sets it, and sends a message."""
        body = {"url": f"https://{caller.group}.example.com/", "events": [events]}
        before = self.model.webhooks.get(caller.organization)
        answer = self.ask(
            caller, "PUT", "/v1/organization/webhook", body | {"rotate_secret": rotate}
        )

        def set_it() -> Json:
            action = "webhook_secret_rotated" if rotate and before else "webhook_set"
            self.model.webhooks[caller.organization] = body
            self.model.audit_webhook(caller, action)
            return body

        if self.expect(answer, caller, 200 if before else 201, set_it):
            _shows(answer, body)
            assert bool(answer.json["secret"]) is (rotate or before is None)
        answer = self.ask(caller, "POST", "/v1/organization/webhook/test")
        self.expect(answer, caller, 202, lambda: self.model.test_webhook(caller, Clock.time))

    @precondition(lambda self: self.model.webhooks)
    @rule(caller=callers)
    def remove_webhook(self, caller: Caller) -> None:
        answer = self.ask(caller, "DELETE", "/v1/organization/webhook")
        self.expect(answer, caller, 204, lambda: self.model.remove_webhook(caller))

    def get_webhook(self, caller: Caller, limit: int) -> None:
        answer = self.ask(caller, "GET", "/v1/organization/webhook")
        webhook = self.expect(answer, caller, 200, lambda: self.model.webhook(caller))
        if webhook:
            _shows(answer, webhook | {"secret": None})

    def list_audit(self, caller: Caller, limit: int) -> None:
        own = [entry[1:] for entry in self.model.audit if entry[0] == caller.organization]
        self._same_entries(self.pages(caller, "/v1/audit", limit + 3), own)

    def list_account_audit(self, caller: Caller, account_id: str, limit: int) -> None:
        """Also of a deleted account."""
        path = f"/v1/accounts/{account_id}/audit"
        own = (caller.organization, account_id)
        if expected := [entry[1:] for entry in self.model.audit if entry[:2] == own]:
            self._same_entries(self.pages(caller, path, limit + 1), expected)
        else:
            assert is_problem(self.ask(caller, "GET", path), 404)

    def _same_entries(self, found: list[Json], expected: list[tuple[str, str, str]]) -> None:
        ids = [each["entry_id"] for each in found]
        assert ids == sorted(set(ids), reverse=True)
        shown = Counter((e["account_id"] or "", e["action"], _name(e["actor"])) for e in found)
        assert shown == Counter(expected)

    @rule(minutes=st.sampled_from([1, 7, 45, 13 * 60]))
    def time_passes(self, minutes: int) -> None:
        self._let_pass(timedelta(minutes=minutes))

    # ---- what always holds

    @invariant()
    def everything_reads_as_the_model_has_it(self) -> None:
        """Now and then both organizations read all: also what is not theirs, or deleted."""
        self.steps += 1
        if self.steps % READ_EVERY:
            return
        limit = 1 + self.steps % 3
        for organization, group in zip(ORGANIZATIONS, ("viewer", "operator"), strict=True):
            caller = Caller(organization, group)
            for read in OF_ORGANIZATIONS:
                read(self, caller, limit)
            for account_id in (*self.model.accounts, http.UNKNOWN_ID):
                for read_one in OF_ACCOUNTS:
                    read_one(self, caller, account_id, limit)

    @invariant()
    def what_is_stored_is_the_models(self) -> None:
        items = stack.plain_items()
        assert _stored(items) == self._expected()
        assert list(wrong_version_counts(items.values())) == []

    @invariant()
    def the_clocks_are_those_of_the_schedules(self) -> None:
        there = Counter(
            (
                stack.message_of(clock)["resource_id"],
                clock.schedule_expression,
                clock.schedule_expression_timezone,
            )
            for clock in stack.clocks()
        )
        assert there == self.model.expected_clocks()

    @invariant()
    def databases_are_in_the_state_that_was_asked_for(self) -> None:
        assert {
            where: found.status for where, found in self._databases().items()
        } == self.model.instances

    @invariant()
    def every_change_is_published(self) -> None:
        if records := self.stream.new_records():
            self.run(publish_events.handler, {"Records": records})
        self.checked = 0
        events, self.calls.events = self.calls.events, []
        published = Counter((e["detail-type"], e["detail"]["account_id"] or "") for e in events)
        assert published == self.model.published
        for event in events:
            account = self.model.accounts.get(event["detail"]["account_id"])
            if account:
                assert event["detail"]["organization_id"] == account.organization
        self.model.published.clear()

    def _expected(self) -> Json:
        live = self.model.live()
        return {
            "accounts": {
                a.account_id: (a.organization, a.status, a.revision, a.version, a.writes, a.slot)
                for a in live
            },
            "counts": Counter((a.organization, a.status) for a in live),
            "claims": {(a.organization, a.number): a.account_id for a in live},
            "keys": {a.account_id for a in live if a.key},
            "tests": {t.test_id: (t.state, t.outcome) for t in self.model.tests.values()},
            "used": {
                (self.model.accounts[account_id].organization, account_id, month): count
                for (account_id, month), count in self.model.used().items()
            },
            "interactions": len(self.model.interactions),
            "resources": {r.resource_id: r.account_id for r in self.model.resources.values()},
            "resource claims": sorted(
                (r.account_id, r.resource_id) for r in self.model.resources.values()
            ),
            "audit": Counter(self.model.audit),
            "webhooks": {o: w["url"] for o, w in self.model.webhooks.items()},
        }

    # ---- how requests are sent and compared

    def ask(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: Json | None = None,
    ) -> Answer:
        """Sends a request. It may touch only what is the caller's, and show nothing of others."""
        self._let_pass(timedelta(seconds=1))
        self.method = method
        api = Api(caller.organization, caller.group, {"sub": caller.name, "email": caller.name})
        in_instances = "/instances" in path or "/resources" in path
        with pytest.MonkeyPatch.context() as patch, watched(self.calls):
            if in_instances:
                patch.setattr(http, "app", instances_api)
            answer = api.send(method, path, body, headers, query)
        assert answer.status < 500, answer.text
        self._only_of(caller.organization)
        for organization in set(ORGANIZATIONS) - {caller.organization}:
            for theirs in (*self.model.ids(organization), self.external_ids.get(organization)):
                assert theirs is None or theirs in path or theirs not in answer.text
        for key in KEYS:
            assert key["secret_access_key"] not in answer.text
        return answer

    def run(self, handler: Any, event: Json, organization: str | None = None) -> Any:
        """Invokes a function, which may touch only what is the organization's."""
        with watched(self.calls):
            answer = handler(copy.deepcopy(event), Context())
        if organization:
            self._only_of(organization)
        self.checked = len(self.stream.records)
        return answer

    def expect(
        self, answer: Answer, caller: Caller, status: int, follow: Callable[[], T]
    ) -> T | None:
        """What the model answers, or null if it refuses as the API does."""
        if not caller.may(self.method):
            assert is_problem(answer, 403)
            return None
        expected, refusal = None, None
        try:
            expected = follow()
        except Refused as refused:
            refusal = refused.status
        assert answer.status == (refusal or status), answer.text
        assert refusal is None or is_problem(answer, refusal)
        return expected

    def pages(self, caller: Caller, path: str, limit: int, **query: Any) -> list[Json]:
        """Every entry of a list, by pages."""
        found: list[Json] = []
        cursor: Json = {}
        while True:
            answer = self.ask(caller, "GET", path, query={"limit": limit} | query | cursor)
            assert answer.status == 200, answer.text
            page = answer.json
            assert len(page["items"]) <= limit
            found += page["items"]
            if not page["next_cursor"]:
                return found
            assert len(page["items"]) == limit
            cursor = {"cursor": page["next_cursor"]}
            other = next(Caller(o, "admin") for o in ORGANIZATIONS if o != caller.organization)
            foreign = self.ask(other, "GET", path, query={"limit": limit} | query | cursor)
            assert foreign.status in (404, 422)

    def owned_pages(
        self, caller: Caller, account_id: str, path: str, limit: int
    ) -> list[Json] | None:
        """The list of an account of the caller's; null if there is no such account."""
        answer = self.ask(caller, "GET", path)
        if self.expect(answer, caller, 200, lambda: self.model.own(caller, account_id)):
            return self.pages(caller, path, limit)
        return None

    def account_id(self, caller: Caller, index: int) -> str:
        """One of the caller's accounts, the newest first; or one that is not, or no longer."""
        own = [a.account_id for a in self.model.live(caller.organization)][::-1]
        others = [a for a in self.model.accounts if a not in own][::-1]
        if index < 7 and own:
            return own[index % len(own)]
        return others[0] if others else http.UNKNOWN_ID

    def resource_ids(self, caller: Caller, index: int) -> tuple[str, str]:
        """The account and the id of a resource: mostly the caller's, sometimes one that is gone."""
        if index == 6 and self.model.removed:
            return list(self.model.removed)[-1]
        found = sorted(
            self.model.resources.values(),
            key=lambda r: self.model.accounts[r.account_id].organization != caller.organization,
        )
        resource = found[-1] if index == 7 else found[0 if index < 5 else index % len(found)]
        return resource.account_id, resource.resource_id

    def _let_pass(self, time: timedelta) -> None:
        Clock.time += time
        self.model.now = Clock.time

    def _only_of(self, organization: str) -> None:
        """What was changed since the last look is this organization's."""
        records, self.checked = self.stream.records[self.checked :], len(self.stream.records)
        for pk, sk in stack.keys_of(records):
            kind, _, name = pk.partition("#")
            owner = name if kind == "ORG" else self.model.accounts[name].organization
            assert owner == organization, f"{organization} changed {pk} {sk}"

    def _shows_resource(self, shown: Json, resource: Resource) -> None:
        week = WEEKS[resource.schedule] if resource.schedule else None
        _shows(
            shown,
            {
                "resource_id": resource.resource_id,
                "instance_id": resource.instance_id,
                "region": resource.region,
                "schedule": week.body if week else None,
            },
        )
        if week:
            at, action = week.next(self.model.now)
            assert shown["next_action"] == {"action": action, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        else:
            assert shown["next_action"] is None

    def _databases(self) -> dict[tuple[str, str, str], Any]:
        return {
            (number, region, name): stack.backend("rds", number, region).databases[name]
            for number in NUMBERS
            for region, name in DATABASES
        }


OF_ORGANIZATIONS = (
    Comparison.get_organization,
    Comparison.get_webhook,
    Comparison.list_accounts,
    Comparison.list_audit,
    Comparison.list_usage,
)
OF_ACCOUNTS = (
    Comparison.get_account,
    Comparison.get_usage,
    Comparison.list_account_audit,
    Comparison.list_interactions,
    Comparison.list_resources,
    Comparison.list_tests,
)


def _shows(shown: Answer | Json, expected: Json) -> None:
    """That an answer has these fields, with these values."""
    fields = shown.json if isinstance(shown, Answer) else shown
    assert {name: fields[name] for name in expected} == expected


def _schedule(name: str | None) -> Json:
    return {"schedule": WEEKS[name].body if name else None}


def _stored(items: dict[tuple[str, str], Json]) -> Json:
    """What the table holds, in the model's words."""

    def of(prefix: str) -> Iterator[tuple[str, str, Json]]:
        """Owner, rest of the sort key, and item."""
        for (pk, sk), item in items.items():
            if sk.startswith(prefix):
                yield pk.partition("#")[2], sk.removeprefix(prefix), item

    accounts = {
        account_id: (
            organization,
            item["status"],
            item["connection_revision"],
            item["edition"],
            item["version"],
            item.get("slot_verification_id"),
        )
        for organization, account_id, item in of("ACCOUNT#")
    }
    return {
        "accounts": accounts,
        "counts": {
            (organization, status): int(item[status])
            for organization, rest, item in of("ORG")
            for status in STATUSES
            if not rest and item[status]
        },
        "claims": {
            (organization, claim.removeprefix("aws#")): item["account_id"]
            for organization, claim, item in of("PROVIDER#")
        },
        "keys": {account_id for _, account_id, _ in of("CREDENTIALS#")},
        "tests": {
            test_id: (item["state"], item.get("outcome"))
            for _, test_id, item in of("VERIFICATION#")
        },
        "used": {
            (item["organization_id"], account_id, month): int(item["used"])
            for account_id, month, item in of("USAGE#")
        },
        "interactions": sum(1 for _ in of("INTERACTION#")),
        "resources": {resource_id: account_id for account_id, resource_id, _ in of("RESOURCE#")},
        "resource claims": sorted(
            (account_id, item["resource_id"]) for account_id, _, item in of("RESOURCE_OF#")
        ),
        "audit": Counter(
            (
                organization,
                item.get("audited_account", "").removeprefix("ACCOUNT#"),
                item["action"],
                item["actor"],
            )
            for organization, _, item in of("AUDIT#")
        ),
        "webhooks": {organization: item["url"] for organization, _, item in of("WEBHOOK")},
    }


def _name(actor: Json) -> str:
    name: str = actor["email"] or actor["kind"]
    return name


def _report(event: Json, account: StoredAccount | None, found: str) -> Json:
    """What the workflow of a test tells at its end."""
    if found == "died":
        return {"detail": {"status": "FAILED", "input": json.dumps(event)}}
    if found in ("not entered", "unanswered"):
        error = "EntryRefused" if found == "not entered" else "EntryInconclusive"
        cause = json.dumps({"errorMessage": "AccessDenied: no"})
        return event | {"failure": {"Error": error, "Cause": cause}}
    changed: dict[str, list[Step]] = {
        "lost": denied(["ec2:StopInstances"]),
        "unlogged": denied(["logs:PutLogEvents"]),
        "open": [a_step(WITHOUT_EXTERNAL_ID, Verdict.ALLOWED, Reason.CONFUSED_DEPUTY)],
    }
    steps = steps_of(account, *changed.get(found, [])) if account else []
    return event | {"steps": [step.as_dict() for step in steps]}


# ---- the test ------------------------------------------------------------------------------------


@pytest.fixture
def _around(monkeypatch: pytest.MonkeyPatch) -> None:
    stack.surround(monkeypatch, FREE_INTERACTIONS=str(FREE_INTERACTIONS))
    for each in NUMBERS:
        _make_databases(each)


def _make_databases(number: str) -> None:
    role = f"arn:aws:iam::{number}:role/CavokCloud"
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    for region, name in DATABASES:
        boto3.client(
            "rds",
            region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        ).create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t4g.small",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="root",
            MasterUserPassword="not-a-secret",
        )


@pytest.mark.usefixtures("_around")
def test_the_api_answers_stores_and_publishes_what_the_model_does() -> None:
    run_state_machine_as_test(Comparison, settings=SETTINGS)
