"""A small model of the API in plain Python: what two organizations have, and what each request must
answer. It knows no AWS, no table and nothing of the code that it is compared with.

A method takes what a request asks for and changes the model as the contract says. It raises Refused
with the status of the answer if the request must change nothing. Ids are those of the answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

STATUSES = ("unconfirmed", "confirmed", "degraded", "failed")
CONNECTED = ("confirmed", "degraded")
FREE_INTERACTIONS = 5
REPEATED_WITHIN = timedelta(days=1)
TEST_LASTS = timedelta(minutes=6)


class Refused(Exception):
    """The request changes nothing and is answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


@dataclass(frozen=True)
class Caller:
    """A person. `group` is empty for somebody who is in none."""

    organization: str
    group: str

    @property
    def name(self) -> str:
        return f"{self.group or 'nobody'}@{self.organization}.example"

    def may(self, method: str) -> bool:
        return self.group in ("admin", "operator") or (self.group == "viewer" and method == "GET")


@dataclass
class Account:
    """`key` is null for an account that is entered through a role. `connected`: since the last
    change of the connection a test found it so. `proven`: a test has found that it may stop.
    """

    organization: str
    account_id: str
    number: str
    name: str
    role: str
    key: Json | None
    write_logs: bool
    regions: list[str]
    status: str = "unconfirmed"
    revoked: bool = False
    connected: bool = False
    proven: bool = False
    revision: int = 1
    version: int = 1
    writes: int = 1
    slot: str | None = None
    deleted: datetime | None = None

    @property
    def later_words(self) -> list[str]:
        """The name from each word on but the first, in lower case."""
        begins = [match.start() for match in re.finditer("[A-Z]|(?<![0-9])[0-9]", self.name)]
        return [self.name[at:].lower() for at in begins if at]

    def written(self, *, version: int = 0) -> None:
        """A test leaves the version as it is, unless it changes the status."""
        self.writes += 1
        self.version += version

    @property
    def shown(self) -> Json:
        """Fields of the answer."""
        arn = f"arn:aws:iam::{self.number}:role/{self.role}"
        return {
            "account_id": self.account_id,
            "provider_id": self.number,
            "name": self.name,
            "access_type": "access_key" if self.key else "assume_role",
            "role_arn": None if self.key else arn,
            "role_path": "/",
            "access_key_id": self.key["access_key_id"][-4:] if self.key else None,
            "write_logs": self.write_logs,
            "regions": self.regions,
            "status": self.status,
            "version": self.version,
        }


@dataclass
class Verification:
    account_id: str
    test_id: str
    trigger: str
    actor: str
    started_at: datetime
    revision: int
    state: str = "running"
    outcome: str | None = None

    def shown_state(self, now: datetime) -> str:
        late = self.state == "running" and now > self.started_at + TEST_LASTS
        return "aborted" if late else self.state


@dataclass(frozen=True)
class Interaction:
    account_id: str
    action: str
    instance_id: str | None
    outcome: str
    actor: str
    at: datetime


@dataclass
class Resource:
    account_id: str
    resource_id: str
    instance_id: str
    region: str
    schedule: str | None
    followed_at: datetime
    made: tuple[str, datetime, str | None] | None
    """Who added it, when, and with which schedule; null once that was changed."""


@dataclass(frozen=True)
class Week:
    """A schedule: its body, its clocks in Scheduler, and whether an instance is on at a local
    time.
    """

    body: Json
    crons: frozenset[str]
    on: Callable[[datetime], bool]

    @property
    def clocks(self) -> frozenset[tuple[str, str]]:
        return frozenset((cron, self.body["time_zone"]) for cron in self.crons)

    def latest(self, now: datetime) -> tuple[datetime, str]:
        """The last hour at which the wanted state changed, and the action. Midnight, if it never
        changes.
        """
        hour = now.replace(minute=0, second=0, microsecond=0)
        while not self._changes(hour):
            hour -= timedelta(hours=1)
        return hour, "start" if self._on(hour) else "stop"

    def next(self, now: datetime) -> tuple[datetime, str]:
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        while not self._changes(hour):
            hour += timedelta(hours=1)
        return hour, "start" if self._on(hour) else "stop"

    def _on(self, at: datetime) -> bool:
        return self.on(at.astimezone(ZoneInfo(self.body["time_zone"])))

    def _changes(self, hour: datetime) -> bool:
        if not self.body["windows"]:
            return hour.astimezone(ZoneInfo(self.body["time_zone"])).hour == 0
        return self._on(hour) is not self._on(hour - timedelta(hours=1))


def _week(zone: str, crons: set[str], on: Callable[[datetime], bool], *windows: Json) -> Week:
    return Week({"time_zone": zone, "windows": list(windows)}, frozenset(crons), on)


_EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_ALL = "MON,TUE,WED,THU,FRI,SAT,SUN"

WEEKS = {
    "office": _week(
        "Europe/Berlin",
        {"cron(0 8 ? * MON,TUE,WED,THU,FRI *)", "cron(0 18 ? * MON,TUE,WED,THU,FRI *)"},
        lambda at: at.weekday() < 5 and 8 <= at.hour < 18,
        {"days": _EVERY_DAY[:5], "start": "08:00", "stop": "18:00"},
    ),
    "late": _week(
        "UTC",
        {f"cron(0 8 ? * {_ALL} *)", f"cron(0 22 ? * {_ALL} *)"},
        lambda at: 8 <= at.hour < 22,
        {"days": _EVERY_DAY, "start": "08:00", "stop": "22:00"},
    ),
    "never": _week("UTC", {f"cron(0 0 ? * {_ALL} *)"}, lambda at: False),
}
"""None of their times is skipped when clocks go forward."""


@dataclass
class Reference:
    """What there is, and what was published since the last look."""

    now: datetime
    accounts: dict[str, Account] = field(default_factory=dict)
    tests: dict[str, Verification] = field(default_factory=dict)
    interactions: list[Interaction] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    removed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Accounts and resources that a request removed, and when."""
    audit: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Organization, account (empty: the webhook), action, actor."""
    webhooks: dict[str, Json] = field(default_factory=dict)
    webhook_tests: dict[str, list[datetime]] = field(default_factory=dict)
    instances: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """State by account number, region and identifier."""
    created: dict[tuple[str, str], tuple[Json, str]] = field(default_factory=dict)
    """Body and account by organization and Idempotency-Key."""
    acts: dict[tuple[str, ...], tuple[str, str | None]] = field(default_factory=dict)
    """Outcome and interaction by account, Idempotency-Key, action and instance."""
    published: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Events by type and account."""
    undelivered: list[str] = field(default_factory=list)
    """Deleted accounts whose resources are not yet ended."""

    # ---- the webhook -----------------------------------------------------------------------------

    def webhook(self, caller: Caller) -> Json:
        if caller.organization not in self.webhooks:
            raise Refused(404)
        return self.webhooks[caller.organization]

    def audit_webhook(self, caller: Caller, action: str) -> None:
        self.audit.append((caller.organization, "", action, caller.name))

    def test_webhook(self, caller: Caller, now: datetime) -> None:
        """Six in a minute that begins with the first."""
        self.webhook(caller)
        recent = self.webhook_tests.setdefault(caller.organization, [])
        if recent and now - recent[0] >= timedelta(minutes=1):
            recent.clear()
        if len(recent) >= 6:
            raise Refused(429)
        recent.append(now)
        self.audit_webhook(caller, "webhook_tested")

    def remove_webhook(self, caller: Caller) -> None:
        if self.webhooks.pop(caller.organization, None):
            self.audit_webhook(caller, "webhook_removed")

    # ---- reading ---------------------------------------------------------------------------------

    def own(self, caller: Caller, account_id: str) -> Account:
        account = self.accounts.get(account_id)
        if account is None or account.organization != caller.organization or account.deleted:
            raise Refused(404)
        return account

    def live(self, organization: str | None = None) -> list[Account]:
        return [
            account
            for account in self.accounts.values()
            if not account.deleted and organization in (None, account.organization)
        ]

    def counts(self, organization: str) -> Json:
        found = Counter(account.status for account in self.live(organization))
        return {status: found[status] for status in STATUSES}

    def listed(self, organization: str, q: str, status: str | None) -> list[str]:
        """Account ids: by name those whose name begins so, then those in which another word does;
        then by number those whose account number does.
        """
        accounts = [a for a in self.live(organization) if status in (None, a.status)]
        by_name = sorted(accounts, key=lambda a: (a.name.lower(), a.account_id))
        by_number = sorted(accounts, key=lambda a: a.number)
        found = [a for a in by_name if a.name.lower().startswith(q.lower())]
        found += [a for a in by_name if any(w.startswith(q.lower()) for w in a.later_words)]
        found += [a for a in by_number if a.number.startswith(q)]
        return list(dict.fromkeys(a.account_id for a in found))

    def used(self) -> dict[tuple[str, str], int]:
        """Interactions by account and month."""
        return Counter((i.account_id, f"{i.at:%Y-%m}") for i in self.interactions)

    def testing(self, account: Account) -> bool:
        return bool(account.slot) and self.tests[account.slot].shown_state(self.now) == "running"

    def expected_clocks(self) -> Counter[tuple[str, str, str]]:
        """Resource, cron expression and time zone of each clock."""
        return Counter(
            (resource.resource_id, cron, zone)
            for resource in self.resources.values()
            if resource.schedule
            for cron, zone in WEEKS[resource.schedule].clocks
        )

    # ---- accounts --------------------------------------------------------------------------------

    def create(self, caller: Caller, body: Json, key: str | None, account_id: str) -> Account:
        request = (caller.organization, key or "")
        if key and request in self.created:
            first, first_id = self.created[request]
            if first != body:
                raise Refused(422)
            if self.accounts[first_id].deleted:
                raise Refused(409)
            return self.accounts[first_id]
        if any(a.number == body["provider_id"] for a in self.live(caller.organization)):
            raise Refused(409)
        account = Account(
            organization=caller.organization,
            account_id=account_id,
            number=body["provider_id"],
            name=body["name"],
            role=body.get("role_name", "CavokCloud"),
            key=body.get("credentials"),
            write_logs=body["write_logs"],
            regions=body["regions"],
        )
        if account_id in self.accounts:
            raise Refused(409)
        self.accounts[account_id] = account
        if key:
            self.created[request] = body, account_id
        self._audit(account, "created", caller.name)
        self._publish("Account Created", account)
        return account

    def change(self, caller: Caller, account_id: str, body: Json, version: int | None) -> Account:
        account = self.own(caller, account_id)
        if version is not None and version != account.version:
            raise Refused(412)
        if "role_name" in body and account.key:
            raise Refused(422)
        way_in = (body.get("regions", account.regions), body.get("role_name", account.role))
        simple = (body.get("name", account.name), body.get("write_logs", account.write_logs))
        if (way_in, simple) == (
            (account.regions, account.role),
            (account.name, account.write_logs),
        ):
            return account
        if way_in != (account.regions, account.role):
            account.regions, account.role = way_in
            self._reconnect(account)
        account.name, account.write_logs = simple
        account.written(version=1)
        self._audit(account, "changed", caller.name)
        return account

    def rotate(self, caller: Caller, account_id: str, key: Json) -> None:
        account = self.own(caller, account_id)
        if not account.key:
            raise Refused(409)
        account.key = key
        account.written(version=1)
        self._reconnect(account)
        self._audit(account, "credentials_rotated", caller.name)

    def _reconnect(self, account: Account) -> None:
        account.status = "unconfirmed"
        account.connected = account.proven = False
        account.revision += 1

    def revoke(self, caller: Caller, account_id: str) -> None:
        account = self.own(caller, account_id)
        if account.revoked and not account.slot:
            return
        if not account.revoked:
            self._publish("Account Revoked", account)
        account.status, account.revoked, account.slot = "unconfirmed", True, None
        account.revision += 1
        account.written(version=1)
        self._audit(account, "revoked", caller.name)

    def delete(self, caller: Caller, account_id: str) -> None:
        """Repeated within a day, it is answered alike and does nothing."""
        gone = self.accounts.get(account_id)
        if gone and gone.organization == caller.organization and self._lately(gone.deleted):
            return
        account = self.own(caller, account_id)
        account.deleted = self.now
        self.undelivered.append(account_id)
        self._audit(account, "deleted", caller.name)
        self._publish("Account Deleted", account)

    def resources_ended(self, account_id: str) -> None:
        """The event of a deleted account was delivered."""
        self.undelivered = [each for each in self.undelivered if each != account_id]
        for resource in self.resources_of(account_id):
            del self.resources[resource.resource_id]
            self._audit(self.accounts[account_id], "resource_removed", "system")

    def _lately(self, at: datetime | None) -> bool:
        return at is not None and self.now - at < REPEATED_WITHIN

    # ---- tests -----------------------------------------------------------------------------------

    def begin(self, caller: Caller, account_id: str, test_id: str) -> Verification:
        account = self.own(caller, account_id)
        if self.testing(account):
            return self.tests[account.slot or ""]
        return self._begun(account, test_id, "manual", caller.name)

    def due(self, at: dict[str, datetime | None]) -> list[str]:
        """Accounts that a sweep leases, if these are the times at which accounts are due. Tests
        that died are aborted instead.
        """
        leased = []
        for account in self.live():
            due_at = at[account.account_id]
            if due_at is None or due_at > self.now or self.testing(account):
                continue
            if account.slot:
                self._abort(account, self.tests[account.slot])
            else:
                leased.append(account.account_id)
        return leased

    def leased(self, account_id: str, test_id: str) -> None:
        self._begun(self.accounts[account_id], test_id, "scheduled", "schedule")

    def _begun(self, account: Account, test_id: str, trigger: str, actor: str) -> Verification:
        if test_id in self.tests:
            raise Refused(409)
        test = Verification(account.account_id, test_id, trigger, actor, self.now, account.revision)
        self.tests[test_id] = test
        account.slot = test_id
        account.written()
        if trigger == "manual":
            self._audit(account, "tested", actor)
        return test

    def finish(self, test: Verification, found: str) -> None:
        """`found`: works, lost (it may no longer stop), unlogged, not entered, open; or unanswered,
        died, which prove nothing.
        """
        account = self.accounts[test.account_id]
        if test.state != "running":
            return
        if account.deleted:
            test.state = "aborted"
            return
        stale = test.revision != account.revision or account.slot not in (None, test.test_id)
        if stale or found in ("unanswered", "died"):
            self._abort(account, test)
            return
        outcome = self._outcome(account, found)
        before = account.status
        if outcome != "failed" or account.connected or found != "not entered":
            account.status = outcome
        if outcome != "failed":
            account.connected = True
            account.proven = account.proven or found != "lost"
        account.revoked, account.slot = False, None
        account.written(version=account.status != before)
        test.state, test.outcome = "finished", outcome
        self._publish("Verification Finished", account)
        if account.status not in (before, "unconfirmed"):
            self._publish(f"Account {account.status.capitalize()}", account)
        if test.trigger == "manual":
            accepted = "refused" if outcome == "failed" else "accepted"
            self._interact(account, "test", None, accepted, test.actor, test.started_at)

    def _outcome(self, account: Account, found: str) -> str:
        if found == "not entered" or (found == "open" and not account.key):
            return "failed"
        lost = found == "lost" and account.proven
        unlogged = found == "unlogged" and account.write_logs
        return "degraded" if lost or unlogged else "confirmed"

    def _abort(self, account: Account, test: Verification) -> None:
        test.state = "aborted"
        account.written()
        if account.slot == test.test_id:
            account.slot = None

    # ---- instances -------------------------------------------------------------------------------

    def list_instances(self, caller: Caller, account_id: str, region: str | None) -> set[str]:
        account = self.own(caller, account_id)
        if region not in (None, *account.regions):
            raise Refused(422)
        if account.status not in CONNECTED:
            raise Refused(409)
        self._interact(account, "list", None, "accepted", caller.name, self.now)
        regions = [region] if region else account.regions
        return {i for number, r, i in self.instances if number == account.number and r in regions}

    def act(
        self,
        caller: Caller,
        account_id: str,
        action: str,
        instance_id: str,
        region: str | None,
        key: str | None,
        interaction_id: str | None,
    ) -> str | None:
        """The interaction that the answer names."""
        account = self.own(caller, account_id)
        request = (caller.name, account_id, key or "", action, instance_id, region or "")
        if key and request in self.acts:
            outcome, first_id = self.acts[request]
            if outcome == "refused":
                raise Refused(409)
            return first_id
        status = self._act(account, action, instance_id, region, caller.name)
        if key:
            self.acts[request] = "refused" if status else "accepted", interaction_id
        if status:
            raise Refused(status)
        return interaction_id

    def _act(
        self, account: Account, action: str, instance_id: str, region: str | None, actor: str
    ) -> int | None:
        """Acts and counts. The status of a refusal; null if it was accepted."""
        there = [
            (account.number, each, instance_id)
            for each in ([region] if region else account.regions)
            if each in account.regions and (account.number, each, instance_id) in self.instances
        ]
        refusal = None
        if account.status not in CONNECTED or len(there) > 1:
            refusal = 409
        elif not there:
            refusal = 404
        else:
            self.instances[there[0]] = "available" if action == "start" else "stopped"
        outcome = "refused" if refusal else "accepted"
        self._audit(account, f"{action}_requested", actor)
        self._interact(account, action, instance_id, outcome, actor, self.now)
        return refusal

    # ---- resources -------------------------------------------------------------------------------

    def resources_of(self, account_id: str) -> list[Resource]:
        """Oldest first."""
        return [r for r in self.resources.values() if r.account_id == account_id]

    def own_resource(self, caller: Caller, account_id: str, resource_id: str) -> Resource:
        self.own(caller, account_id)
        resource = self.resources.get(resource_id)
        if resource is None or resource.account_id != account_id:
            raise Refused(404)
        return resource

    def add_resource(
        self,
        caller: Caller,
        account_id: str,
        instance: tuple[str, str],
        schedule: str | None,
        resource_id: str,
    ) -> Resource:
        """`instance`: region and identifier."""
        region, instance_id = instance
        self.own(caller, account_id)
        for there in self.resources_of(account_id):
            if (there.region, there.instance_id) == instance:
                return self._added_before(there, caller, schedule)
        if instance_id not in self.list_instances(caller, account_id, region):
            raise Refused(404)
        made = (caller.name, self.now, schedule)
        resource = Resource(account_id, resource_id, instance_id, region, schedule, self.now, made)
        self.resources[resource_id] = resource
        self._audit(self.accounts[account_id], "resource_added", caller.name)
        if schedule is not None:
            self._audit(self.accounts[account_id], "schedule_changed", caller.name)
        return resource

    def _added_before(self, there: Resource, caller: Caller, schedule: str | None) -> Resource:
        """The same request within a day completes what was begun."""
        who, at, what = there.made or ("", self.now, None)
        if (who, what) != (caller.name, schedule) or not self._lately(at):
            raise Refused(409)
        return there

    def schedule(
        self, caller: Caller, account_id: str, resource_id: str, schedule: str | None
    ) -> Resource:
        resource = self.own_resource(caller, account_id, resource_id)
        if schedule != resource.schedule:
            resource.schedule, resource.followed_at, resource.made = schedule, self.now, None
            self._audit(self.accounts[account_id], "schedule_changed", caller.name)
        return resource

    def remove_resource(self, caller: Caller, account_id: str, resource_id: str) -> None:
        """Repeated within a day, it is answered alike and does nothing."""
        self.own(caller, account_id)
        gone = self.removed.get((account_id, resource_id))
        if not self._lately(gone):
            self.own_resource(caller, account_id, resource_id)
            del self.resources[resource_id]
            self.removed[account_id, resource_id] = self.now
            self._audit(self.accounts[account_id], "resource_removed", caller.name)

    def follow(self, resource_id: str) -> str | None:
        """A clock of this resource fired. The action, if it was due and accepted."""
        resource = self.resources.get(resource_id)
        if resource is None or resource.schedule is None:
            return None
        account = self.accounts[resource.account_id]
        if account.deleted:
            del self.resources[resource_id]
            self._audit(account, "resource_removed", "system")
            return None
        at, action = WEEKS[resource.schedule].latest(self.now)
        if at <= resource.followed_at:
            return None
        resource.followed_at = at
        refused = self._act(account, action, resource.instance_id, resource.region, "schedule")
        return None if refused else action

    # ---- what is published -----------------------------------------------------------------------

    def _interact(
        self,
        account: Account,
        action: str,
        instance_id: str | None,
        outcome: str,
        actor: str,
        at: datetime,
    ) -> None:
        interaction = Interaction(account.account_id, action, instance_id, outcome, actor, at)
        self.interactions.append(interaction)
        self._publish("Instance Interaction", account)
        used = self.used()[account.account_id, f"{at:%Y-%m}"]
        for _ in (percent for percent in (80, 100) if used == FREE_INTERACTIONS * percent // 100):
            self._publish("Usage Threshold Crossed", account)

    def _audit(self, account: Account, action: str, actor: str) -> None:
        self.audit.append((account.organization, account.account_id, action, actor))

    def _publish(self, event_type: str, account: Account) -> None:
        self.published[event_type, account.account_id] += 1

    def ids(self, organization: str) -> Iterator[str]:
        """What no other organization may ever see."""
        for account in self.accounts.values():
            if account.organization == organization:
                yield account.account_id
        for owned in (*self.tests.items(), *self.resources.items()):
            if self.accounts[owned[1].account_id].organization == organization:
                yield owned[0]
