"""Every two operations on an account and its tests, each between every two AWS calls of the other:
what is stored agrees with itself, and with what each caller was told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.sealing import credentials_context
from cavok.domain.accounts import Account, Status
from cavok.observability import metrics
from functions.list_due_accounts import app as list_due_accounts
from functions.record_verification import app as record_verification
from tests.integration.conftest import REGION
from tests.integration.test_every_call_fails import _broken, _items, _plain
from tests.support.api import KEY_ACCOUNT, KEYS, Answer, Api, Context, number
from tests.support.builders import ORGANIZATION_ID, an_interaction, confirmed, steps_of
from tests.support.interleaving import Interleaving, interleavings, snapshot

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Json = dict[str, Any]
ADMIN = Api(ORGANIZATION_ID, "admin")
OTHER_KEYS = {"access_key_id": "AKIAIOSFODNN7OTHERKY", "secret_access_key": "the other one's"}
NEW = KEY_ACCOUNT | {"provider_id": number(1), "name": "New"}
CONFLICTS = {404, 409}
"""What a caller may be told who came too late."""


class World:
    """A connected account with an access key: one under a person's test, and one that is due."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.account_id = ADMIN.account(**KEY_ACCOUNT)["account_id"]
        self.path = f"/v1/accounts/{self.account_id}"
        self.test = ADMIN.post(f"{self.path}/verifications").json["verification_id"]
        due_id = ADMIN.account(**KEY_ACCOUNT | {"provider_id": number(2)})["account_id"]
        self.due_path = f"/v1/accounts/{due_id}"
        for account_id in (self.account_id, due_id):
            wiring.accounts().changed(ORGANIZATION_ID, account_id, confirmed, actor=None)
        self._items = snapshot()
        (machine,) = get_backend("stepfunctions")["123456789012"][REGION].state_machines
        self._machine, self._executions = machine, list(machine.executions)

    def again(self) -> None:
        self._items()
        self._machine.executions = list(self._executions)

    @property
    def executions(self) -> list[str]:
        return [execution.name for execution in self._machine.executions]

    def finish(self) -> Any:
        account = wiring.accounts().get(ORGANIZATION_ID, self.account_id)
        steps = [step.as_dict() for step in steps_of(account)]
        return self._record({**self._named, "steps": steps})

    def die(self) -> Any:
        return self._record({"detail": {"status": "FAILED", "input": json.dumps(self._named)}})

    @property
    def _named(self) -> Json:
        return {
            "organization_id": ORGANIZATION_ID,
            "account_id": self.account_id,
            "verification_id": self.test,
            "trigger": "manual",
        }

    def _record(self, event: Json) -> Any:
        return record_verification.handler(event, Context())  # type: ignore[arg-type]

    def sweep(self) -> Any:
        event = {"sweep_arn": "arn:sweep", "sweep_id": "s"}
        return list_due_accounts.handler(event, Context())  # type: ignore[arg-type]

    def record(self) -> Any:
        return wiring.interactions().record(an_interaction(account_id=self.account_id, at=self.now))

    def operation(self, name: str) -> Callable[[], Any]:
        path = self.due_path if name.endswith("the due one") else self.path
        return {
            "connect": lambda: ADMIN.post("/v1/accounts", NEW, Idempotency_Key="one"),
            "connect again": lambda: ADMIN.post("/v1/accounts", NEW, Idempotency_Key="one"),
            "connect alike": lambda: ADMIN.post("/v1/accounts", NEW, Idempotency_Key="two"),
            "rename": lambda: ADMIN.patch(path, {"name": "Renamed"}),
            "move": lambda: ADMIN.patch(path, {"regions": ["eu-west-1"]}),
            "rotate": lambda: ADMIN.put(f"{path}/credentials", KEYS),
            "rotate to another": lambda: ADMIN.put(f"{path}/credentials", OTHER_KEYS),
            "revoke": lambda: ADMIN.post(f"{path}/revoke"),
            "delete": lambda: ADMIN.delete(path),
            "delete the due one": lambda: ADMIN.delete(path),
            "test": lambda: ADMIN.post(f"{path}/verifications"),
            "test the due one": lambda: ADMIN.post(f"{path}/verifications"),
            "finish": self.finish,
            "die": self.die,
            "sweep": self.sweep,
            "record": self.record,
        }[name]


OPERATIONS = (
    "connect",
    "rename",
    "move",
    "rotate",
    "rotate to another",
    "revoke",
    "delete",
    "test",
    "finish",
    "die",
    "record",
)
ON_THE_DUE_ONE = ("sweep", "test the due one", "delete the due one")
CONNECTING = ("connect", "connect again", "connect alike")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return World()


def runs(world: World, first: str, second: str) -> Iterator[tuple[Interleaving, dict[str, Any]]]:
    """Each interleaving, with what each operation answered."""
    one, two = world.operation(first), world.operation(second)
    for run in interleavings(world.again, one, two):
        yield run, {f"1 {first}": run.first, f"2 {second}": run.second}


@pytest.mark.parametrize("first", OPERATIONS)
def test_whatever_comes_between_what_is_stored_is_what_was_answered(
    first: str, world: World
) -> None:
    _hold(world, first, OPERATIONS)


@pytest.mark.parametrize("first", ON_THE_DUE_ONE)
def test_an_account_that_is_due_has_one_test_whoever_begins_it(first: str, world: World) -> None:
    _hold(world, first, ON_THE_DUE_ONE)


@pytest.mark.parametrize("first", CONNECTING)
def test_a_number_is_connected_once_whoever_asks(first: str, world: World) -> None:
    for second in CONNECTING:
        for run, answers in runs(world, first, second):
            statuses = sorted(answer.value.status for answer in answers.values())
            same_key = "connect alike" not in {first, second} or first == second
            assert statuses == ([201, 201] if same_key else [201, 409]), f"{second} at {run.at}"
            ids = {a.value.json["account_id"] for a in answers.values() if a.value.status == 201}
            assert len(ids) == 1, f"{second} at {run.at}"
            assert not (wrong := _broken(_stored())), f"{second} at {run.at}: {wrong}"


def _hold(world: World, first: str, others: tuple[str, ...]) -> None:
    for second in others:
        for run, answers in runs(world, first, second):
            done = {name[2:] for name, answer in answers.items() if _done(answer)}
            wrong = [
                *(f"{name}: {a.error or a.value}" for name, a in answers.items() if _bad(a)),
                *_broken(_stored()),
                *_disagreeing(world, done, same=first == second),
            ]
            assert not wrong, f"{first} | {second} at {run.at}: {wrong}"


def _stored() -> dict[tuple[str, str], Json]:
    return {key: _plain(item) for key, item in _items().items()}


def _done(answer: Any) -> bool:
    value = answer.value
    return not answer.error and (not isinstance(value, Answer) or value.status < 300)


def _bad(answer: Any) -> bool:
    """Whether somebody was told what is no answer."""
    value = answer.value
    refused = isinstance(value, Answer) and value.status >= 300 and value.status not in CONFLICTS
    gone = type(answer.error).__name__ == "AccountNotFound"  # the helper that makes steps reads it
    return refused or bool(answer.error and not gone)


def _disagreeing(world: World, done: set[str], *, same: bool) -> Iterator[str]:
    items = _stored()
    accounts = {a.account_id: a for a in _accounts()}
    account = accounts.get(world.account_id)
    if ("delete" in done) is not (account is None):
        yield "deleted, and there" if account else "gone, though nobody deleted it"
    for each in accounts.values():
        yield from _wrong_test(each, items, world)
    if account:
        yield from _wrong_fields(account, done)
    yield from _wrong_audit(done, items, world, twice=same)


def _wrong_fields(account: Account, done: set[str]) -> Iterator[str]:
    rotated = done & {"rotate", "rotate to another"}
    if "rename" in done and account.name != "Renamed":
        yield "not renamed"
    if "move" in done and account.regions != ("eu-west-1",):
        yield "not moved"
    if rotated | done & {"move", "revoke"} and account.status is not Status.UNCONFIRMED:
        yield f"{account.status}, though it is entered otherwise or not at all"
    if "revoke" in done and not account.revoked:
        yield "not revoked"
    sealed = wiring.accounts().sealed_credentials(account)
    assert sealed
    key = wiring.sealer().open(sealed, credentials_context(ORGANIZATION_ID, account.account_id))
    if account.access_key_id_ending != key["access_key_id"][-4:]:
        yield "the key is not the one that is shown"
    if len(rotated) == 1 and key != (KEYS if "rotate" in rotated else OTHER_KEYS):
        yield "the key is not the one that was set"


def _wrong_test(account: Account, items: Any, world: World) -> Iterator[str]:
    """One test holds the slot, and it runs. No other one counts as running for ever."""
    running = {
        sk.removeprefix("VERIFICATION#"): item
        for (pk, sk), item in items.items()
        if pk == f"ACCOUNT#{account.account_id}" and item.get("state") == "running"
    }
    slot = account.slot.verification_id if account.slot else None
    for verification_id, item in running.items():
        if item["trigger"] == "manual" and verification_id not in world.executions:
            yield "a test of a person's without an execution"
    if slot and slot not in running:
        yield "a slot whose test does not run"
    if len(running) > 1 and not account.connection_revision > 1:
        yield "two tests of one connection"


def _wrong_audit(done: set[str], items: Any, world: World, *, twice: bool) -> Iterator[str]:
    """What was done is in the trail, once."""
    told = Counter(
        item["action"]
        for (_, sk), item in items.items()
        if sk.startswith("AUDIT#") and item["audited_account"] == f"ACCOUNT#{world.account_id}"
    )
    if told["deleted"] != ("delete" in done):
        yield f"the trail tells of {told['deleted']} deletions"
    if not twice and told["credentials_rotated"] != len(done & {"rotate", "rotate to another"}):
        yield f"the trail tells of {told['credentials_rotated']} rotations"
    if told["changed"] != len(done & {"rename", "move"}):
        yield f"the trail tells of {told['changed']} changes"


def _accounts() -> list[Account]:
    ids = [sk.removeprefix("ACCOUNT#") for _, sk in _items() if sk.startswith("ACCOUNT#")]
    return wiring.accounts().read(ORGANIZATION_ID, ids)
