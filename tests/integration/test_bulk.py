"""Bulk operations: one request for many accounts, each treated as by its own route."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from cavok import wiring
from cavok.adapters.table import account_list, keys
from cavok.adapters.table import bulk as bulk_table
from cavok.adapters.table.accounts import AccountItem
from cavok.adapters.table.bulk import BulkOperationItem
from cavok.adapters.table.members import MemberItem
from cavok.api.models.bulk import AccountFilterBody
from cavok.domain import bulk as domain_bulk
from cavok.domain.account_list import Selection
from cavok.domain.accounts import AccessType, Account, Issue, LastVerification, Outcome, Status
from cavok.domain.bulk import CARRIED_OUT_WITHIN, MOST_REPEATS, BulkMessage, BulkState
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import BusyWithOthers, ComesAgain, ServiceUnavailable, code_of
from cavok.domain.members import Member, Place, Standing
from cavok.domain.quotas import QuotaName
from cavok.services import bulk
from cavok.services.bulk import Receipt, carry_on
from functions.run_bulk_operation import app as run_bulk_operation
from tests.support.api import Answer, Api, Context
from tests.support.builders import ORGANIZATION_ID, sample_event
from tests.support.declared import described_api as described
from tests.support.enrollments import ENROLLMENT_ID
from tests.support.failing_calls import Run, connected, environment
from tests.support.faults import Died
from tests.support.moto_stack import TABLE, Clock, Json, client, items

__all__ = ["environment"]

OUT_OF_TIME = Deadline(0.0, lambda: 1.0)


@dataclass
class Sent:
    """The queue of operations: messages with their delays, in order."""

    messages: list[tuple[BulkMessage, timedelta]] = field(default_factory=list)
    hidden: list[tuple[str, int]] = field(default_factory=list)

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self.hidden.append((receipt_handle, seconds))

    def send(self, messages: list[BulkMessage], *, delay: timedelta) -> list[None]:
        self.messages += [(each, delay) for each in messages]
        return [None] * len(messages)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(wiring, "bulk_messages", lambda: sent)
    return sent


@pytest.fixture
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four uses a minute of this quota, of which operations have two."""
    limits = {name: 4 if name is request.param else 1_000_000 for name in QuotaName}
    quotas = ",".join(f"{name}:{limit}/60" for name, limit in limits.items())
    monkeypatch.setenv("QUOTAS", quotas)
    wiring.quotas.cache_clear()
    yield
    wiring.quotas.cache_clear()


few_tests = pytest.mark.parametrize("few", [QuotaName.TESTS], indirect=True)
few_listings = pytest.mark.parametrize("few", [QuotaName.LISTINGS], indirect=True)
few_changes = pytest.mark.parametrize("few", [QuotaName.CHANGES], indirect=True)


def die(*_: Any) -> None:
    raise Died


def accounts(count: int = 3, **but: Any) -> list[Account]:
    return connected(Run(), count, **but)


def ids_of(found: list[Account]) -> list[str]:
    return [each.account_id for each in found]


def ask(api: Api, action: str, selection: Json, *, key: str | None = None, **body: Any) -> Answer:
    headers = {"Idempotency_Key": key} if key else {}
    body = {"action": action, "selection": selection, **body}
    return api.post("/v1/accounts/bulk", body, **headers)


def begun(api: Api, action: str, selection: Json, **body: Any) -> BulkMessage:
    answer = ask(api, action, selection, **body)
    assert answer.status == 202, answer.text
    return BulkMessage(ORGANIZATION_ID, answer.json["operation_id"])


def run(message: BulkMessage, received: int = 1, deadline: Deadline = NO_DEADLINE) -> bool:
    return carry_on(message, Receipt("m", received), wiring.bulk_dependencies(), deadline)


def run_one(message: BulkMessage) -> bool:
    """Has time for one account."""
    clock = itertools.count()
    return run(message, deadline=Deadline(1.0, lambda: float(next(clock))))


def progress(api: Api, message: BulkMessage) -> Json:
    answer = api.get(f"/v1/operations/{message.operation_id}")
    assert answer.status == 200, answer.text
    found: Json = answer.json
    return found


def counts(operation: Json) -> tuple[Any, ...]:
    return tuple(operation[name] for name in ("state", "total", "done", "skipped", "failed_total"))


def stored(account: Account) -> Account:
    return wiring.accounts().get(account.organization_id, account.account_id)


def audited(api: Api, account: Account) -> list[Json]:
    found: list[Json] = api.get(f"/v1/accounts/{account.account_id}/audit").json["items"]
    return found


def left() -> list[str]:
    return sorted(item["name"] for item in items() if item["sk"].startswith(keys.ACCOUNT))


def change(account: Account, **but: Any) -> None:
    before = stored(account)
    wiring.accounts().save(before, replace(before, **but))


def store_member(account: Account, unit_id: str) -> None:
    """Of its enrollment, in this unit."""
    member = Member(
        organization_id=account.organization_id,
        enrollment_id=ENROLLMENT_ID,
        account_number=account.account_number,
        name=account.name,
        place=Place(("r-ab12", unit_id), "…"),
        standing=Standing.INCLUDED,
        account_id=account.account_id,
    )
    with MemberItem.batch_write() as batch:
        batch.save(MemberItem.of(member))


# ---- each action, as by the account's own route --------------------------------------------------


def test_each_account_is_tested_in_the_persons_name(admin: Api) -> None:
    found = accounts()
    ids = [*ids_of(found), ids_of(found)[0]]

    message = begun(admin, "test", {"account_ids": ids})

    assert counts(progress(admin, message)) == ("running", 3, 0, 0, 0)
    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 3, 3, 0, 0)
    for account in found:
        (entry,) = audited(admin, account)
        assert (entry["action"], entry["actor"]["kind"]) == ("tested", "person")
        assert entry["request_id"] == "AbCdEfGhIAMEVvg="
        assert entry["source_ip"]
        assert admin.get(f"/v1/accounts/{account.account_id}").json["testing"]
    (request,) = (
        e for e in admin.get("/v1/audit").json["items"] if e["target"]["type"] != "account"
    )
    assert (request["action"], request["detail"]) == ("bulk_requested", "test: 3 accounts")


def test_write_logs_changes_those_that_differ(admin: Api) -> None:
    one, other = accounts(2)
    change(one, write_logs=False)
    change(other, write_logs=True)

    message = begun(admin, "write_logs", {"filter": {}}, value=False)

    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 2, 2, 0, 0)
    assert progress(admin, message)["changed"] == 1
    assert not stored(one).write_logs
    assert not stored(other).write_logs
    assert audited(admin, one) == []
    assert [entry["action"] for entry in audited(admin, other)] == ["changed"]


def test_a_deletion_by_filter_deletes_what_matched_and_still_matches(admin: Api) -> None:
    first, changed, gone, last = accounts(4)
    message = begun(admin, "delete", {"filter": {"status": "confirmed"}})
    change(changed, status=Status.DEGRADED)
    admin.delete(f"/v1/accounts/{gone.account_id}")
    change(first, write_logs=not first.write_logs)  # of another version, and still selected
    connected(Run(), 1, account_id=f"01JN8Q5M3C{9:016}", account_number="9" * 12, name="Late")

    assert run(message)

    assert left() == ["A1", "Late"]
    assert counts(progress(admin, message)) == ("finished", 4, 4, 1, 0)
    assert [entry["action"] for entry in audited(admin, last)] == ["deleted"]


def test_an_account_that_left_the_unit_of_the_filter_is_skipped(admin: Api) -> None:
    inside, left_it, no_member = accounts(3)
    for account in (inside, left_it):
        change(account, enrollment_id=ENROLLMENT_ID)
        store_member(account, "ou-ab12-11111111")
    message = begun(admin, "delete", {"filter": {"ou": "ou-ab12-11111111"}})
    store_member(left_it, "ou-ab12-22222222")

    assert run(message)

    assert left() == [left_it.name, no_member.name]
    assert counts(progress(admin, message)) == ("finished", 2, 2, 1, 0)


def test_an_account_that_changes_while_it_is_compared_is_compared_again(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = accounts(1)
    message = begun(admin, "delete", {"filter": {"status": "confirmed"}})
    delete = bulk.disconnect_account

    def change_before(*ids: Any, **given: Any) -> None:
        change(account, status=Status.FAILED)
        delete(*ids, **given)

    monkeypatch.setattr(bulk, "disconnect_account", change_before)

    assert run(message)

    assert left() == ["A0"]
    assert counts(progress(admin, message)) == ("finished", 1, 1, 1, 0)


@pytest.mark.parametrize("by", ["filter", "account_ids"])
def test_no_operation_brings_a_revoked_account_back_into_use(admin: Api, by: str) -> None:
    found = accounts(2)
    message = begun(admin, "test", {by: {"filter": {}, "account_ids": ids_of(found)}[by]})
    admin.post(f"/v1/accounts/{found[1].account_id}/revoke")

    assert run(message)

    assert counts(progress(admin, message)) == ("finished", 2, 2, 1, 0)
    assert not admin.get(f"/v1/accounts/{found[1].account_id}").json["testing"]


def test_an_account_that_is_revoked_while_it_is_compared_stays_revoked(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = accounts(1)
    message = begun(admin, "test", {"account_ids": [account.account_id]})
    start = bulk.start_verification

    def revoke_before(*ids: Any, **given: Any) -> Any:
        admin.post(f"/v1/accounts/{account.account_id}/revoke")
        return start(*ids, **given)

    monkeypatch.setattr(bulk, "start_verification", revoke_before)

    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 1, 1, 1, 0)
    assert not admin.get(f"/v1/accounts/{account.account_id}").json["testing"]


def test_the_operation_that_was_begun_last_counts_where_it_came_before_an_earlier_one(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it found the value that it sets."""
    monkeypatch.setattr(bulk_table, "PAGE", 2)
    found = accounts(4)
    for each in found:
        change(each, write_logs=True)
    first = begun(admin, "write_logs", {"account_ids": ids_of(found)}, value=False)
    assert not run_one(first)
    begun(admin, "test", {"account_ids": ids_of(found)})
    last = begun(admin, "write_logs", {"account_ids": ids_of(found[2:])}, value=True)
    assert not run_one(last)

    assert run(first)

    assert [stored(each).write_logs for each in found] == [False, False, True, False]
    assert counts(progress(admin, first)) == ("finished", 4, 4, 1, 0)
    assert progress(admin, first)["changed"] == 3
    assert run(last)
    assert [stored(each).write_logs for each in found] == [False, False, True, True]
    assert counts(progress(admin, last)) == ("finished", 2, 2, 0, 0)
    assert progress(admin, last)["changed"] == 1


@pytest.mark.parametrize("how", ["left", "refused"])
def test_an_account_that_the_later_of_two_same_presses_did_not_set_is_set_by_the_earlier(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It no longer fitted the later one's filter, or could not be set then."""
    found = accounts(3)
    for each in found:
        change(each, write_logs=True)
    first = begun(admin, "write_logs", {"account_ids": ids_of(found)}, value=False)
    assert not run_one(first)
    last = begun(admin, "write_logs", {"filter": {"status": "confirmed"}}, value=False)
    if how == "left":
        change(found[2], status=Status.DEGRADED)
        assert run(last)
    else:
        with monkeypatch.context() as refusing:
            refusing.setattr(bulk, "change_account", Mock(side_effect=RuntimeError))
            for received in range(1, 8):
                with suppress(RuntimeError):
                    run(last, received)

    assert run(first)

    assert not any(stored(each).write_logs for each in found)


# ---- what was changed, and taking it back --------------------------------------------------------


def test_what_an_operation_changed_is_selected_by_it(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_table, "PAGE", 2)
    found = accounts(11)
    for index in (0, 3, 9):
        change(found[index], write_logs=False)
    change(found[5], status=Status.FAILED)
    message = begun(admin, "write_logs", {"filter": {"status": "confirmed"}}, value=False)
    assert run(message)
    back = {"changed_by": message.operation_id}

    assert progress(admin, message)["changed"] == 7
    counted = ask(admin, "write_logs", back, value=True, dry_run=True)
    assert counted.json["total"] == 7
    undone = begun(admin, "write_logs", back, value=True)
    assert run(undone)

    assert counts(progress(admin, undone)) == ("finished", 7, 7, 0, 0)
    assert [each.name for each in found if not stored(each).write_logs] == ["A0", "A3", "A9"]
    again = ask(admin, "write_logs", {"changed_by": undone.operation_id}, value=False, dry_run=True)
    assert again.json["total"] == 7
    (entry,) = [
        e for e in admin.get("/v1/audit").json["items"] if e["target"]["id"] == undone.operation_id
    ]
    assert entry["detail"] == f"write_logs: 7 accounts; changed_by: {message.operation_id}"


def test_only_what_write_logs_changed_and_is_over_can_be_taken_back(
    admin: Api, other_admin: Api
) -> None:
    selection = {"account_ids": ids_of(accounts(1))}
    running = begun(admin, "write_logs", selection, value=False)
    tested = begun(admin, "test", selection)
    assert run(tested)
    unknown = BulkMessage(ORGANIZATION_ID, f"01JN8Q5M3C{7:016}")

    for message in (running, tested, unknown):
        back = {"changed_by": message.operation_id}
        answer = ask(admin, "write_logs", back, value=True)
        assert (answer.status, answer.fields) == (422, ["selection.changed_by"])
    assert run(running)
    theirs = ask(other_admin, "write_logs", {"changed_by": running.operation_id}, value=True)
    assert (theirs.status, theirs.fields) == (422, ["selection.changed_by"])


def test_what_was_stopped_just_now_is_taken_back_once_its_last_account_is_done(
    admin: Api, queue: Sent
) -> None:
    message = begun(admin, "write_logs", {"account_ids": ids_of(accounts(3))}, value=False)
    run_one(message)
    admin.delete(f"/v1/operations/{message.operation_id}")
    back = {"changed_by": message.operation_id}

    assert ask(admin, "write_logs", back, value=True).status == 409
    Clock.time += timedelta(seconds=10)

    assert ask(admin, "write_logs", back, value=True).json["total"] == 1


def test_what_an_operation_changed_is_not_known_without_its_list(admin: Api) -> None:
    """DynamoDB deletes what has expired in any order."""
    message = begun(admin, "write_logs", {"account_ids": ids_of(accounts(1))}, value=False)
    assert run(message)
    page = keys.selected_sk(message.operation_id, 0)
    client("dynamodb").delete_item(
        TableName=TABLE, Key={"pk": {"S": f"ORG#{ORGANIZATION_ID}"}, "sk": {"S": page}}
    )

    answer = ask(admin, "write_logs", {"changed_by": message.operation_id}, value=True)

    assert (answer.status, answer.fields) == (422, ["selection.changed_by"])


@pytest.mark.parametrize("name", ["get", "advance"])
def test_whatever_passes_the_message_comes_again_soon(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ServiceUnavailable("slow")

    message = begun(admin, "write_logs", {"account_ids": ids_of(accounts(1))}, value=False)
    monkeypatch.setattr(bulk_table.BulkOperations, name, fail)

    with pytest.raises(ComesAgain):
        run(message)


def test_a_change_whose_result_was_lost_counts_as_its_own(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = accounts(2)
    message = begun(admin, "write_logs", {"filter": {}}, value=False)
    with monkeypatch.context() as dying:
        dying.setattr(bulk_table.BulkOperations, "advance", die)
        with pytest.raises(Died):
            run(message)

    assert run(message, received=2)

    assert progress(admin, message)["changed"] == 2
    assert not any(stored(each).write_logs for each in found)


# ---- stopping ------------------------------------------------------------------------------------


def test_an_operation_is_stopped_and_keeps_the_rest(admin: Api, queue: Sent) -> None:
    message = begun(admin, "delete", {"account_ids": ids_of(accounts(3))})
    run_one(message)
    path = f"/v1/operations/{message.operation_id}"

    stopped = admin.delete(path)

    assert (stopped.status, counts(stopped.json)) == (200, ("stopped", 3, 1, 0, 0))
    assert stopped.json["finished_at"]
    assert run(message)
    assert left() == ["A1", "A2"]
    assert admin.delete(path).json == progress(admin, message) == stopped.json
    of_operation = [
        (entry["action"], entry["detail"])
        for entry in admin.get("/v1/audit").json["items"]
        if entry["target"]["id"] == message.operation_id
    ]
    assert of_operation == [
        ("bulk_stopped", "delete: 1 of 3 accounts"),
        ("bulk_requested", "delete: 3 accounts"),
    ]


def test_an_account_that_is_treated_when_somebody_stops_it_is_counted(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = begun(admin, "write_logs", {"account_ids": ids_of(accounts(3))}, value=False)
    change_one = bulk.change_account

    def stop_meanwhile(*ids: Any, **given: Any) -> Any:
        admin.delete(f"/v1/operations/{message.operation_id}")
        return change_one(*ids, **given)

    monkeypatch.setattr(bulk, "change_account", stop_meanwhile)

    assert run(message)

    assert counts(progress(admin, message)) == ("stopped", 3, 1, 0, 0)
    assert progress(admin, message)["changed"] == 1
    assert queue.messages == []


def test_an_operation_that_is_over_stays_as_it_is(
    admin: Api, viewer: Api, other_admin: Api
) -> None:
    message = begun(admin, "delete", {"filter": {}})
    path = f"/v1/operations/{message.operation_id}"

    assert (viewer.delete(path).status, other_admin.delete(path).status) == (403, 404)
    assert admin.delete(path).json == progress(admin, message)
    assert progress(admin, message)["state"] == "finished"
    late = begun(admin, "test", {"account_ids": ids_of(accounts(1))})
    Clock.time += CARRIED_OUT_WITHIN
    assert admin.delete(f"/v1/operations/{late.operation_id}").json["state"] == "stopped"
    assert all(e["action"] != "bulk_stopped" for e in admin.get("/v1/audit").json["items"])


def test_the_latest_operations_are_listed_newest_first(
    admin: Api, viewer: Api, other_admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = {"account_ids": ids_of(accounts(1))}
    made = []
    for number in range(12):
        monkeypatch.setattr(bulk, "new_id", lambda number=number: f"01JN8Q5M3C{number:016}")
        made.append(begun(admin, "test", selection))
    run(made[-1])
    begun(other_admin, "test", {"account_ids": [f"01JN8Q5M3C{7:016}"]})

    listed = viewer.get("/v1/operations").json["operations"]

    assert [each["operation_id"] for each in listed] == [
        message.operation_id for message in reversed(made[2:])
    ]
    assert listed[0] == progress(admin, made[-1])


# ---- failures of single accounts -----------------------------------------------------------------


def test_an_account_that_is_refused_stops_no_other(admin: Api, other_admin: Api) -> None:
    found = accounts(2)
    theirs = other_admin.account()["account_id"]
    ids = [ids_of(found)[0], theirs, ids_of(found)[1]]

    message = begun(admin, "delete", {"account_ids": ids})

    assert run(message)
    operation = progress(admin, message)
    assert counts(operation) == ("finished", 3, 3, 0, 1)
    (failed,) = operation["failed"]
    assert (failed["account_id"], failed["name"]) == (theirs, None)
    assert (failed["problem"]["code"], failed["problem"]["status"]) == ("account_not_found", 404)
    assert failed["problem"]["type"] == "../../docs/problems/account_not_found"
    assert other_admin.get(f"/v1/accounts/{theirs}").status == 200


def test_only_the_first_failures_are_listed(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_bulk, "MOST_LISTED", 2)
    nowhere = [f"01JN8Q5M3C{index:016}" for index in range(5)]

    message = begun(admin, "test", {"account_ids": nowhere})

    assert run(message)
    operation = progress(admin, message)
    assert (len(operation["failed"]), operation["failed_total"]) == (2, 5)


def test_an_account_on_which_invocations_die_holds_up_no_other(admin: Api) -> None:
    found = accounts(2)
    AccountItem(keys.organization_pk(ORGANIZATION_ID), keys.account_sk(found[0].account_id)).update(
        [AccountItem.provider.remove()], add_version_condition=False
    )
    message = begun(admin, "delete", {"account_ids": ids_of(found)})

    for received in range(1, MOST_REPEATS + 1):
        with pytest.raises(ValueError, match="lacks"):
            run(message, received)
        assert counts(progress(admin, message)) == ("running", 2, 0, 0, 0)

    assert run(message, MOST_REPEATS + 1)
    operation = progress(admin, message)
    assert counts(operation) == ("finished", 2, 2, 0, 1)
    assert operation["failed"][0]["problem"]["code"] == "internal_error"


def test_an_account_that_ends_invocations_is_left_and_the_others_are_treated(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = accounts(3)
    message = begun(admin, "delete", {"account_ids": ids_of(found)})
    delete = bulk.disconnect_account

    def die_of_the_second(organization_id: str, account_id: str, **given: Any) -> None:
        if account_id == found[1].account_id:
            raise Died
        delete(organization_id, account_id, **given)

    monkeypatch.setattr(bulk, "disconnect_account", die_of_the_second)
    for received in range(1, MOST_REPEATS + 2):
        with pytest.raises(Died):
            run(message, received)
        assert progress(admin, message)["done"] == 1

    assert run(message, MOST_REPEATS + 2)
    operation = progress(admin, message)
    assert counts(operation) == ("finished", 3, 3, 0, 1)
    assert operation["failed"][0]["account_id"] == found[1].account_id
    assert operation["failed"][0]["problem"]["code"] == "internal_error"
    assert left() == ["A1"]


@pytest.mark.parametrize("error", [ServiceUnavailable("Busy."), BusyWithOthers("Busy.")])
def test_an_outage_costs_one_account_and_not_those_after_it(
    admin: Api, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    message = begun(admin, "delete", {"account_ids": ids_of(accounts(4))})
    waits = []
    with monkeypatch.context() as outage:
        outage.setattr(bulk, "disconnect_account", Mock(side_effect=error))
        for received in range(1, 8):
            with pytest.raises(ComesAgain) as again:
                run(message, received)
            waits.append(again.value.seconds)

    assert waits == [30, 60, 120, 240, 480, 540, 540]
    assert counts(progress(admin, message)) == ("running", 4, 3, 0, 3)
    assert run(message, 8)
    operation = progress(admin, message)
    assert counts(operation) == ("finished", 4, 4, 0, 3)
    assert operation["failed"][0]["problem"]["code"] == code_of(type(error))


def test_an_operation_that_gets_on_between_failures_waits_anew(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = begun(admin, "delete", {"account_ids": ids_of(accounts(3))})
    delete = bulk.disconnect_account
    outcomes = iter([None, ServiceUnavailable("Busy.")])

    def fail_once(*ids: Any, **given: Any) -> None:
        if error := next(outcomes, None):
            raise error
        delete(*ids, **given)

    monkeypatch.setattr(bulk, "disconnect_account", fail_once)

    assert not run(message, received=MOST_REPEATS + 1)

    assert queue.messages == [(message, timedelta(seconds=30))]
    assert counts(progress(admin, message)) == ("running", 3, 1, 0, 0)
    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 3, 3, 0, 0)


def test_a_message_that_comes_again_is_hidden_for_so_long(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = begun(admin, "delete", {"account_ids": ids_of(accounts(1))})
    monkeypatch.setattr(bulk, "disconnect_account", Mock(side_effect=ServiceUnavailable("Busy.")))
    record = sample_event("run_bulk_operation")["Records"][0]
    record |= {"body": message.body, "receiptHandle": "r"}

    answer = run_bulk_operation.handler({"Records": [record]}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    assert queue.hidden == [("r", 30)]


# ---- in parts ------------------------------------------------------------------------------------


def test_it_goes_on_where_it_was_when_time_was_over(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_table, "PAGE", 2)
    found = accounts(5)
    message = begun(admin, "delete", {"account_ids": ids_of(found)})
    clock = itertools.count()

    for done in (3, 5):
        over = run(message, deadline=Deadline(next(clock) + 4.0, lambda: float(next(clock))))
        assert progress(admin, message)["done"] == done
        assert over is (done == 5)

    assert queue.messages == [(message, timedelta())]
    assert left() == []


@few_tests
def test_it_waits_for_the_half_of_the_quota_that_it_may_use(
    admin: Api, queue: Sent, few: None
) -> None:
    message = begun(admin, "test", {"account_ids": ids_of(accounts(3))})

    assert not run(message)

    assert counts(progress(admin, message)) == ("running", 3, 2, 0, 0)
    ((sent, delay),) = queue.messages
    assert sent == message
    assert timedelta() < delay <= timedelta(minutes=1)
    Clock.time += timedelta(minutes=1)
    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 3, 3, 0, 0)


@few_tests
def test_a_person_still_tests_meanwhile(admin: Api, queue: Sent, few: None) -> None:
    found = accounts(3)
    run(begun(admin, "test", {"account_ids": ids_of(found)}))

    assert admin.post(f"/v1/accounts/{found[2].account_id}/verifications").status == 202


@few_tests
def test_a_test_that_runs_already_counts_once(admin: Api, queue: Sent, few: None) -> None:
    one, other = accounts(2)
    admin.post(f"/v1/accounts/{one.account_id}/verifications")

    assert run(begun(admin, "test", {"account_ids": ids_of([one, other])}))


@few_listings
def test_a_filter_costs_a_listing_also_if_it_is_refused(admin: Api, few: None) -> None:
    accounts(1)
    too_many = {"selection": {"filter": {}}, "expected_total": 2}

    for asked in (too_many, too_many | {"dry_run": True}, too_many):
        assert admin.post("/v1/accounts/bulk", {"action": "delete", **asked}).status == 409
    assert ask(admin, "delete", {"filter": {}}, key="one").status == 202

    assert ask(admin, "delete", {"filter": {}}).status == 429
    assert ask(admin, "delete", {"filter": {}}, dry_run=True).status == 429
    assert ask(admin, "delete", {"filter": {}}, key="one").status == 202  # the same again


@few_changes
def test_accounts_by_their_ids_cost_a_change(admin: Api, few: None) -> None:
    selection = {"account_ids": ids_of(accounts(1))}

    for expected in (202, 202, 202, 202, 429):
        assert ask(admin, "test", selection).status == expected
    assert ask(admin, "test", {"filter": {}}).status == 202


def test_nothing_is_done_when_its_time_is_over(admin: Api) -> None:
    found = accounts(2)
    message = begun(admin, "delete", {"account_ids": ids_of(found)})

    Clock.time += CARRIED_OUT_WITHIN

    assert progress(admin, message)["state"] == "stopped"
    assert run(message)
    assert counts(progress(admin, message)) == ("stopped", 2, 0, 0, 0)
    assert left() == ["A0", "A1"]


def test_two_invocations_do_not_carry_it_on_together(
    admin: Api, queue: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = begun(admin, "delete", {"account_ids": ids_of(accounts(3))})
    delete, inner = bulk.disconnect_account, iter([True])

    def delete_while_another_does(*ids: Any, **given: Any) -> None:
        if next(inner, False):
            dependencies = wiring.bulk_dependencies()
            carry_on(message, Receipt("other", 1), dependencies, NO_DEADLINE)
        delete(*ids, **given)

    monkeypatch.setattr(bulk, "disconnect_account", delete_while_another_does)

    assert run(message)
    assert counts(progress(admin, message)) == ("finished", 3, 3, 0, 0)
    assert queue.messages == []


def test_an_account_is_not_tested_again_if_its_result_was_not_stored(admin: Api) -> None:
    (account,) = accounts(1)
    message = begun(admin, "test", {"account_ids": [account.account_id]})
    assert run(message)
    ended = LastVerification("Z" * 26, Outcome.CONFIRMED, Clock.time)
    change(account, slot=None, verification=ended)
    as_before = [BulkOperationItem.done.set(0), BulkOperationItem.state.set(BulkState.RUNNING)]
    BulkOperationItem(
        keys.organization_pk(ORGANIZATION_ID), keys.operation_sk(message.operation_id)
    ).update(as_before)

    assert run(message)

    assert counts(progress(admin, message)) == ("finished", 1, 1, 0, 0)
    assert [entry["action"] for entry in audited(admin, account)] == ["tested"]


def test_an_account_that_was_tested_and_is_another_for_it_is_not_skipped(admin: Api) -> None:
    (account,) = accounts(1)
    message = begun(admin, "test", {"filter": {"status": "confirmed"}})
    ended = LastVerification("Z" * 26, Outcome.FAILED, Clock.time)
    change(account, status=Status.FAILED, verification=ended)

    assert run(message)

    assert counts(progress(admin, message)) == ("finished", 1, 1, 0, 0)
    assert audited(admin, account) == []


def test_a_message_of_an_operation_that_is_gone_is_done_with_and_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warn = Mock()
    monkeypatch.setattr(bulk.logger, "warning", warn)

    assert run(BulkMessage(ORGANIZATION_ID, f"01JN8Q5M3C{7:016}"))

    warn.assert_called_once()


# ---- what is asked for ---------------------------------------------------------------------------


def test_a_repeated_request_gets_the_same_operation(admin: Api) -> None:
    selection = {"account_ids": ids_of(accounts(1))}
    first = ask(admin, "test", selection, key="one")

    again = ask(admin, "test", selection, key="one")
    other = ask(admin, "delete", selection, key="one")

    assert again.json == first.json
    assert (other.status, other.json["code"]) == (422, "key_reused")
    assert sum(item["sk"].startswith(keys.OPERATION) for item in items()) == 1


def test_a_dry_run_only_counts(admin: Api) -> None:
    accounts(3)

    answer = ask(admin, "delete", {"filter": {"q": "a"}}, dry_run=True)

    assert (answer.status, answer.json) == (202, {"operation_id": None, "total": 3})
    assert not any(item["sk"].startswith(keys.OPERATION) for item in items())


def test_nothing_begins_if_another_number_is_selected_than_somebody_saw(admin: Api) -> None:
    accounts(2)
    seen = ask(admin, "delete", {"filter": {}}, dry_run=True).json["total"]
    connected(Run(), 1, account_id=f"01JN8Q5M3C{9:016}", account_number="9" * 12, name="Late")

    for dry_run in (True, False):
        answer = ask(admin, "delete", {"filter": {}}, expected_total=seen, dry_run=dry_run)
        assert (answer.status, answer.json["code"]) == (409, "selection_changed")
        assert answer.json["detail"].startswith("This now selects 3 accounts, not 2. ")
    assert not any(item["sk"].startswith(keys.OPERATION) for item in items())

    first = ask(admin, "delete", {"filter": {}}, expected_total=3, key="one")
    assert (first.status, first.json["total"]) == (202, 3)
    run(BulkMessage(ORGANIZATION_ID, first.json["operation_id"]))
    again = ask(admin, "delete", {"filter": {}}, expected_total=3, key="one")
    assert again.json == first.json


def test_nothing_selected_is_finished_at_once(admin: Api) -> None:
    message = begun(admin, "delete", {"filter": {"q": "nobody"}})

    assert counts(progress(admin, message)) == ("finished", 0, 0, 0, 0)
    assert run(message)


def test_a_filter_that_selects_too_many_is_refused(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_SELECTED", 2)
    accounts(3)

    answer = ask(admin, "delete", {"filter": {}})

    assert (answer.status, answer.json["code"]) == (422, "selection_too_large")


def test_accounts_that_are_not_found_in_time_are_not_treated_in_part(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deadline, "after", lambda *_: OUT_OF_TIME)
    accounts(1)

    answer = ask(admin, "delete", {"filter": {}})

    assert (answer.status, answer.json["code"]) == (409, "busy_with_others")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "test", "selection": {}}, "selection"),
        (
            {"action": "test", "selection": {"account_ids": [], "filter": {}}},
            "selection.account_ids",
        ),
        ({"action": "write_logs", "selection": {"filter": {}}}, "value"),
        ({"action": "delete", "selection": {"filter": {}}, "value": True}, "value"),
        ({"action": "test", "selection": {"filter": {"sort": "name"}}}, "selection.filter.sort"),
        ({"action": "test", "selection": {"account_ids": ["one"]}}, "selection.account_ids"),
        ({"action": "revoke", "selection": {"filter": {}}}, "action"),
        ({"action": "test", "selection": {"filter": {}, "changed_by": "1" * 26}}, "selection"),
        ({"action": "test", "selection": {"changed_by": "one"}}, "selection.changed_by"),
        ({"action": "test", "selection": {"filter": {}}, "expected_total": -1}, "expected_total"),
    ],
)
def test_what_does_not_belong_together_is_refused(admin: Api, body: Json, field: str) -> None:
    answer = admin.post("/v1/accounts/bulk", body)

    assert (answer.status, answer.fields) == (422, [field])


def test_viewers_may_look_and_not_ask(admin: Api, viewer: Api, other_admin: Api) -> None:
    selection = {"account_ids": ids_of(accounts(1))}
    message = begun(admin, "test", selection)

    assert ask(viewer, "test", selection).status == 403
    assert progress(viewer, message)["total"] == 1
    assert other_admin.get(f"/v1/operations/{message.operation_id}").status == 404
    assert admin.get("/v1/operations/none").status == 404


# ---- which accounts a filter selects -------------------------------------------------------------


def test_an_account_that_is_found_twice_counts_once(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_SELECTED", 2)
    ids = ids_of(accounts(2))
    found = Mock(ids=lambda *_: iter([ids, ids]))
    monkeypatch.setattr(wiring, "account_list", lambda: found)

    assert ask(admin, "delete", {"filter": {}}, dry_run=True).json["total"] == 2


def test_an_operation_takes_every_filter_of_the_list() -> None:
    """One that it did not know would be lost, and more accounts deleted than somebody saw."""
    listing = described()["paths"]["/v1/accounts"]["get"]["parameters"]
    filters = {each["name"] for each in listing if each["in"] == "query"}

    assert filters - {"limit", "cursor", "sort"} == AccountFilterBody.model_fields.keys()


def test_a_filter_selects_the_same_one_by_one_as_in_a_list(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_list, "_ANSWER", 2)  # in many pages
    found = accounts(8)
    issue = Issue("role_not_assumable", "It is refused.", "Deploy it.")
    for index, account in enumerate(found):
        status = list(Status)[index % 4]
        change(
            account,
            name=f"{'Quiet' if index % 2 else 'Loud'}House{index}",
            status=status,
            issues=(issue,) if status is not Status.CONFIRMED and index % 3 else (),
            access_type=list(AccessType)[index % 2],
            template_version=index % 3 or None,
            enrollment_id=ENROLLMENT_ID if index % 4 < 3 else None,
        )
        if index % 4 < 3:
            store_member(account, "ou-ab12-11111111")
    every = itertools.product(
        ("", "house", found[0].account_number[:3], "none!"),
        (None, Status.FAILED),
        (None, AccessType.ASSUME_ROLE),
        (None, True, False),
        (None, 1),
        (None, ENROLLMENT_ID, "0" * 26),
    )
    for q, status, access_type, problems, version, enrollment_id in every:
        selection = Selection(
            q=q,
            status=status,
            access_type=access_type,
            has_problems=problems,
            template_version=version,
            enrollment_id=enrollment_id,
        )
        listed = itertools.chain(*wiring.account_list().ids(ORGANIZATION_ID, selection))
        one_by_one = {each.account_id for each in found if selection.selects(stored(each))}
        assert set(listed) == one_by_one, selection


def test_a_refusal_has_no_part_that_it_does_not_need(admin: Api) -> None:
    """As every problem: `errors` is a list wherever it is there."""
    message = begun(admin, "test", {"account_ids": [f"01JN8Q5M3C{9:016}"]})
    assert run(message)

    (refusal,) = progress(admin, message)["failed"]

    assert refusal["problem"]["code"] == "account_not_found"
    assert None not in refusal["problem"].values()
