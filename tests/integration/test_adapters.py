"""Accounts, verifications and seals where they are kept: what stays true whoever writes when."""

from __future__ import annotations

import base64
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cavok import wiring
from cavok.adapters.sealing import PLAINTEXT_LIMIT, credentials_context, session_context
from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem, Accounts
from cavok.adapters.table.table import (
    ItemBusy,
    ItemChanged,
    retry_on_conflict,
    retry_while_busy,
    waiting_until,
)
from cavok.adapters.table.verifications import pack_steps, unpack_steps
from cavok.domain import audit, permissions
from cavok.domain.account_list import Selection
from cavok.domain.accounts import Account, Status
from cavok.domain.audit import created
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import (
    AccountNotFound,
    BusyWithOthers,
    Conflict,
    SealBroken,
    ServiceUnavailable,
    VerificationNotFound,
)
from cavok.domain.ids import new_id
from cavok.domain.organizations import Organization
from cavok.domain.verifications import KEPT_FOR, State, Trigger, finish
from tests.support.api import number
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    NOW,
    ORGANIZATION_ID,
    OTHER_VERIFICATION_ID,
    VERIFICATION_ID,
    a_slot,
    a_step,
    a_verification,
    an_account,
    an_account_with_keys,
    steps_of,
)
from tests.support.faults import Calls, Fault, watched
from tests.support.moto_stack import SWEEP, begin_test, client, items
from tests.support.version_counts import wrong_version_counts

ACTOR = ADA


@pytest.fixture
def accounts() -> Accounts:
    store = wiring.accounts()
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    return store


def counts(accounts: Accounts) -> dict[Status, int]:
    organization = wiring.organizations().get(ORGANIZATION_ID)
    assert organization
    return {status: count for status, count in organization.counts.items() if count}


def audited() -> list[str]:
    """The actions in the audit trail, oldest first."""
    actions = {item["sk"]: item["action"] for item in items() if item["sk"].startswith("AUDIT#")}
    return [actions[sk] for sk in sorted(actions)]


def test_an_account_comes_back_as_it_was_stored(accounts: Accounts) -> None:
    account = replace(
        an_account(regions=("eu-west-1", "us-east-1")),
        slot=a_slot(),
        proven=frozenset({"ec2:StopInstances"}),
        connected_at=NOW,
    )

    stored = accounts.add(account, None)

    assert stored == replace(account, version=1, writes=1)
    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID) == stored


def test_an_organization_that_two_requests_make_at_once_is_made_once(accounts: Accounts) -> None:
    first = wiring.organizations().get(ORGANIZATION_ID)

    second = wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)

    assert second == first


def test_an_account_is_only_found_in_its_organization(accounts: Accounts) -> None:
    accounts.add(an_account(), None)

    with pytest.raises(AccountNotFound):
        accounts.get("org-two", ACCOUNT_ID)


def test_a_write_of_what_somebody_else_changed_meanwhile_is_refused(accounts: Accounts) -> None:
    read = accounts.add(an_account(), None, entry=created(an_account(), ACTOR))
    accounts.save(read, read.renamed("Theirs", NOW))

    with pytest.raises(ItemChanged):
        accounts.save(read, read.renamed("Mine", NOW))
    with pytest.raises(ItemChanged):
        accounts.delete(read, entry=audit.deleted(read, ACTOR, NOW), now=NOW)

    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).name == "Theirs"
    assert counts(accounts) == {Status.UNCONFIRMED: 1}
    assert audited() == ["created"], "a failed change has no entry"


def test_a_write_of_a_deleted_account_does_not_bring_it_back(accounts: Accounts) -> None:
    read = accounts.add(an_account(), None)
    accounts.delete(read, entry=audit.deleted(read, ACTOR, NOW), now=NOW)

    with pytest.raises(ItemChanged):
        accounts.save(read, replace(read, status=Status.CONFIRMED))

    assert counts(accounts) == {}


def test_a_change_is_made_again_on_what_somebody_else_wrote_meanwhile(accounts: Accounts) -> None:
    accounts.add(an_account(), None, entry=created(an_account(), ACTOR))
    interruptions = iter(["Theirs", None])

    def rename(account: Account) -> Account:
        if name := next(interruptions):
            accounts.save(account, account.renamed(name, NOW))
        return account.with_write_logs(False, NOW)

    after = accounts.changed(
        ORGANIZATION_ID, ACCOUNT_ID, rename, entry_of=partial(audit.changed, requester=ACTOR)
    )

    assert (after.name, after.write_logs, after.version) == ("Theirs", False, 3)
    assert audited() == ["created", "changed"], "one entry, however many tries"


def test_a_change_that_never_gets_through_is_a_conflict_and_no_endless_loop(
    accounts: Accounts,
) -> None:
    accounts.add(an_account(), None)

    def interrupted(account: Account) -> Account:
        accounts.save(account, account.renamed("Theirs", NOW))
        return account.renamed("Mine", NOW)

    with pytest.raises(Conflict, match="Try again"):
        accounts.changed(
            ORGANIZATION_ID,
            ACCOUNT_ID,
            interrupted,
            entry_of=partial(audit.changed, requester=ACTOR),
        )


def test_a_number_that_is_taken_stores_nothing(accounts: Accounts) -> None:
    accounts.add(an_account(), None)
    before = items()

    with pytest.raises(Conflict, match="already connected"):
        accounts.add(an_account_with_keys(account_id="01JN8Q5M3C0000000000000002"), "sealed")

    assert items() == before


def busy(monkeypatch: pytest.MonkeyPatch, times: int, reason: str = "TransactionConflict") -> None:
    """DynamoDB cancels so many transactions, for another is in the way. Nobody waits."""
    dynamodb = wiring.table().connection.client
    call, left = dynamodb._make_api_call, iter(range(times))

    def refuse(operation: str, *rest: Any) -> Any:
        if operation == "TransactWriteItems" and next(left, None) is not None:
            details = {
                "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
                "CancellationReasons": [{"Code": "None"}, {"Code": reason}],
            }
            raise ClientError(details, operation)  # type: ignore[arg-type]
        return call(operation, *rest)

    monkeypatch.setattr(dynamodb, "_make_api_call", refuse)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def test_two_accounts_connected_at_the_same_moment_are_both_connected(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both count up the organization: DynamoDB lets one of them through and refuses the other."""
    busy(monkeypatch, 2)

    assert accounts.add(an_account(), None).version == 1
    assert counts(accounts) == {Status.UNCONFIRMED: 1}


@pytest.mark.parametrize("reason", ["ProvisionedThroughputExceeded", "ThrottlingError"])
def test_a_throttled_transaction_is_tried_again(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """The SDK does not: it sees a cancelled transaction."""
    busy(monkeypatch, 2, reason)

    assert accounts.add(an_account(), None).version == 1


def test_an_organization_that_stays_busy_is_a_conflict(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(monkeypatch, 1000)

    with pytest.raises(Conflict, match="try again"):
        accounts.add(an_account(), None)


STEPS_OF_A_LIFE = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([*Status, "add", "delete", "stale"])), max_size=15
)


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(STEPS_OF_A_LIFE)
def test_the_counts_by_status_stay_true_whatever_happens(
    accounts: Accounts, life: list[tuple[int, Any]]
) -> None:
    alive: dict[int, Account] = {}
    for index, event in life:
        account = alive.get(index)
        if event == "add" and not account:
            fresh = an_account(account_id=f"01JN8Q5M3C{index:016}", account_number=number(index))
            alive[index] = accounts.add(fresh, None)
        elif account and event == "delete":
            gone = alive.pop(index)
            accounts.delete(gone, entry=audit.deleted(gone, ACTOR, NOW), now=NOW)
        elif account and event == "stale":
            with pytest.raises(ItemChanged):
                accounts.save(account, replace(account, status=Status.FAILED, writes=99))
        elif account and isinstance(event, Status):
            alive[index] = accounts.save(account, replace(account, status=event))

    assert counts(accounts) == Counter(account.status for account in alive.values())
    for account in alive.values():
        accounts.delete(account, entry=audit.deleted(account, ACTOR, NOW), now=NOW)
    assert counts(accounts) == {}


def saved(accounts: Accounts, account: Account, version: int | None) -> None:
    accounts.save(account, replace(account, template_version=version))


def confirmed_again(accounts: Accounts, account: Account, version: int | None) -> None:
    accounts.confirm(replace(account, template_version=version), quiet=True)


def begun(accounts: Accounts, account: Account, version: int | None) -> None:
    begin_test(account, a_verification(verification_id=new_id()))


def revoked(accounts: Accounts, account: Account, version: int | None) -> None:
    accounts.save(account, account.with_use_revoked(NOW))


def deleted(accounts: Accounts, account: Account, version: int | None) -> None:
    accounts.delete(account, entry=audit.deleted(account, ACTOR, NOW), now=NOW)


def overtaken(accounts: Accounts, account: Account, version: int | None) -> None:
    older = replace(account, template_version=version, writes=99)
    for write in (saved, confirmed_again, deleted):
        with pytest.raises(ItemChanged):
            write(accounts, older, version)


def not_counted_yet(accounts: Accounts, account: Account, version: int | None) -> None:
    if account.counted_version is None:
        as_it_was_stored(account, version)


WRITES = (saved, confirmed_again, begun, revoked, deleted, overtaken, not_counted_yet)


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(WRITES), st.sampled_from([None, 1, 2, 12])),
        max_size=25,
    )
)
def test_the_counts_by_version_stay_true_whatever_happens(
    accounts: Accounts, life: list[tuple[int, Any, int | None]]
) -> None:
    """Also with accounts as they were stored before versions were counted: these count from their
    next write on.
    """

    def stored(index: int) -> Account | None:
        with suppress(AccountNotFound):
            return accounts.get(ORGANIZATION_ID, f"01JN8Q5M3C{index:016}")
        return None

    for index, write, version in life:
        if account := stored(index):
            write(accounts, account, version)
        else:
            fresh = an_account(account_id=f"01JN8Q5M3C{index:016}", account_number=number(index))
            accounts.add(replace(fresh, template_version=version), None)
        assert list(wrong_version_counts(items())) == []

    alive = list(filter(None, map(stored, range(3))))
    expected = Counter(each.counted_version for each in alive if each.counted_version)
    assert +Counter(wiring.template_versions().counts(ORGANIZATION_ID)) == expected
    for account in alive:
        deleted(accounts, account, None)
    assert not +Counter(wiring.template_versions().counts(ORGANIZATION_ID))


def as_it_was_stored(account: Account, version: int | None) -> None:
    """Before versions were counted. The item of a release that counts has one attribute more."""
    item = AccountItem.of(replace(account, template_version=version))
    item.template_pk = None
    wiring.table().put(item)


def test_an_account_stored_before_versions_were_counted_counts_from_its_next_write_on(
    accounts: Accounts,
) -> None:
    as_it_was_stored(accounts.add(an_account(), None), 1)
    versions = wiring.template_versions()
    before = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    assert (before.template_version, before.counted_version) == (1, None)
    assert versions.counts(ORGANIZATION_ID) == {}

    accounts.confirm(before, quiet=True)

    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).counted_version == 1
    assert versions.counts(ORGANIZATION_ID) == {1: 1}
    with pytest.raises(ItemChanged):
        accounts.confirm(before, quiet=True)
    assert versions.counts(ORGANIZATION_ID) == {1: 1}, "a test that ends twice counts once"


@pytest.mark.parametrize(
    "search",
    [
        {"template_version": 1},
        {"template_version": 1, "status": Status.UNCONFIRMED},
        {"template_version": 1, "q": an_account().account_number[:4]},
    ],
    ids=["by version", "and status", "and number"],
)
def test_an_account_stored_before_versions_were_counted_is_found_by_its_version_from_then_on_too(
    accounts: Accounts, search: dict[str, Any]
) -> None:
    """However it is looked for."""
    as_it_was_stored(accounts.add(an_account(), None), 1)

    found_by = wiring.account_list().page

    assert found_by(ORGANIZATION_ID, Selection(**search), limit=10).items == []

    accounts.confirm(accounts.get(ORGANIZATION_ID, ACCOUNT_ID), quiet=True)

    (found,) = found_by(ORGANIZATION_ID, Selection(**search), limit=10).items
    assert found.account_id == ACCOUNT_ID
    other = Selection(**{**search, "template_version": 2})
    assert found_by(ORGANIZATION_ID, other, limit=10).items == []


def test_a_test_that_reads_the_same_version_writes_neither_the_counts_nor_the_index(
    accounts: Accounts,
) -> None:
    before = accounts.add(an_account(template_version=1), None)
    calls = Calls()

    with watched(calls):
        accounts.confirm(before, quiet=True)

    assert calls.made == ["PutItem"]
    (stored,) = (item for item in items() if item["sk"].startswith("ACCOUNT#"))
    assert stored["template_pk"] == keys.template_pk(ORGANIZATION_ID, 1)
    assert stored["name_key"] == keys.name_key(before.name, ACCOUNT_ID)


def test_a_test_takes_the_slot_and_ends_with_it_free(accounts: Accounts) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    assert account.slot
    assert account.slot.verification_id == VERIFICATION_ID

    after, ended = finish(account, verification, steps_of(account), NOW)
    verifications.finish(account, after, ended, None)

    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID) == replace(
        after.after(account), writes=account.writes + 1
    )
    assert verifications.get(ACCOUNT_ID, VERIFICATION_ID) == ended
    assert counts(accounts) == {Status.CONFIRMED: 1}


def test_a_persons_test_is_an_interest_in_the_account_and_a_scheduled_one_is_not(
    accounts: Accounts,
) -> None:
    account = accounts.add(an_account(), None)
    scheduled = a_verification(trigger=Trigger.SCHEDULED, started_at=NOW)

    account = begin_test(account, scheduled)
    assert account.touched_at < NOW
    by_hand = a_verification(verification_id=OTHER_VERIFICATION_ID, started_at=NOW)
    assert begin_test(account, by_hand).touched_at == NOW


def test_two_tests_that_begin_at_once_begin_once(accounts: Accounts) -> None:
    verifications, account = wiring.verifications(), accounts.add(an_account(), None)
    begin_test(account, a_verification())

    with pytest.raises(ItemChanged):
        begin_test(account, a_verification(verification_id=OTHER_VERIFICATION_ID))

    with pytest.raises(VerificationNotFound):
        verifications.get(ACCOUNT_ID, OTHER_VERIFICATION_ID)


def test_the_end_of_a_test_is_not_written_over_a_rename_nor_the_account_without_it(
    accounts: Accounts,
) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    accounts.save(account, account.renamed("Renamed", NOW))

    after, ended = finish(account, verification, steps_of(account), NOW)
    with pytest.raises(ItemChanged):
        verifications.finish(account, after, ended, None)

    assert verifications.get(ACCOUNT_ID, VERIFICATION_ID).state is State.RUNNING
    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).name == "Renamed"
    assert counts(accounts) == {Status.UNCONFIRMED: 1}


def test_the_test_of_a_deleted_account_ends_alone(accounts: Accounts) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    accounts.delete(account, entry=audit.deleted(account, ACTOR, NOW), now=NOW)

    verifications.finish_orphan(verification.aborted(NOW))

    assert verifications.get(ACCOUNT_ID, VERIFICATION_ID).state is State.ABORTED
    with pytest.raises(AccountNotFound):
        accounts.get(ORGANIZATION_ID, ACCOUNT_ID)


def test_a_test_and_its_account_are_read_in_one_call(accounts: Accounts) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    found = partial(verifications.stored_with_account, ORGANIZATION_ID, ACCOUNT_ID)

    with watched(Calls()) as calls:
        assert found(VERIFICATION_ID) == (verification, account)

    assert calls.made == ["BatchGetItem"]
    with pytest.raises(VerificationNotFound):
        found(OTHER_VERIFICATION_ID)
    with watched(Calls()) as calls, pytest.raises(VerificationNotFound):
        found("longer than DynamoDB allows" * 100)
    assert calls.made == []
    accounts.delete(account, entry=audit.deleted(account, ACTOR, NOW), now=NOW)
    assert found(VERIFICATION_ID) == (verification, None)


def test_a_test_of_another_organizations_account_is_not_found(accounts: Accounts) -> None:
    """It is not taken for that of a deleted account, which would end it."""
    begin_test(accounts.add(an_account(), None), a_verification())

    with pytest.raises(VerificationNotFound):
        wiring.verifications().stored_with_account("org-two", ACCOUNT_ID, VERIFICATION_ID)


def test_what_dynamodb_leaves_out_of_an_answer_is_read_again(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A throttled BatchGetItem answers with a part."""
    verification = a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    asked, _ = answers_with_parts(monkeypatch, 1)
    found = wiring.verifications().stored_with_account(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)

    assert found == (verification, account)
    assert asked == [2, 1]


def answers_with_parts(monkeypatch: pytest.MonkeyPatch, size: int) -> tuple[list[int], list[float]]:
    """DynamoDB answers so many keys of a BatchGetItem. Returns how many it is asked for, and the
    waits, in seconds, for which nobody waits.
    """
    dynamodb = wiring.table().connection.client
    call, asked, waited = dynamodb._make_api_call, list[int](), list[float]()

    def answer_a_part(operation: str, arguments: dict[str, Any]) -> Any:
        ((table, wanted),) = arguments["RequestItems"].items()
        asked.append(len(wanted["Keys"]))
        now, others = wanted["Keys"][:size], wanted["Keys"][size:]
        if not now:
            return {"Responses": {table: []}, "UnprocessedKeys": {table: wanted}}
        answer = call(operation, {"RequestItems": {table: wanted | {"Keys": now}}})
        left = {table: {"Keys": others, "ConsistentRead": True}} if others else {}
        return answer | {"UnprocessedKeys": left}

    monkeypatch.setattr(dynamodb, "_make_api_call", answer_a_part)
    monkeypatch.setattr(time, "sleep", waited.append)
    return asked, waited


def read_many(wanted: list[tuple[str, str]]) -> list[str]:
    return [item.sk for item in wiring.table().get_many(AccountItem, wanted)]


def read_each(wanted: list[tuple[str, str]]) -> list[str]:
    found = wiring.table().get_each(AccountItem, wanted, lambda item: item.sk)
    return [str(read()) for _, read in found]


def read_rows(wanted: list[tuple[str, str]]) -> list[str]:
    return [row.sk for row in wiring.table().get_rows(AccountItem, wanted, ["sk"])]


READERS = pytest.mark.parametrize("read", [read_many, read_each, read_rows])


@READERS
def test_what_a_throttled_table_leaves_out_is_asked_for_after_a_wait(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, read: Callable[[Any], list[str]]
) -> None:
    """Asked at once, it stays throttled."""
    for n in range(5):
        accounts.add(replace(an_account(), account_id=f"A{n}", account_number=number(n)), None)
    wanted = [(keys.organization_pk(ORGANIZATION_ID), keys.account_sk(f"A{n}")) for n in range(5)]
    asked, waited = answers_with_parts(monkeypatch, 2)
    monkeypatch.setattr(random, "uniform", lambda _, most: most)

    assert sorted(read(wanted)) == [sk for _, sk in wanted]
    assert (asked, waited) == ([5, 3, 1], [0.05, 0.1])


@READERS
def test_nobody_asks_a_table_for_ever_that_answers_with_nothing(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, read: Callable[[Any], list[str]]
) -> None:
    asked, waited = answers_with_parts(monkeypatch, 0)
    monkeypatch.setattr(random, "uniform", lambda _, most: most)

    with pytest.raises(ServiceUnavailable):
        read([(keys.organization_pk(ORGANIZATION_ID), keys.account_sk(ACCOUNT_ID))])

    assert (len(asked), sum(waited) < 10) == (12, True)


def test_reads_in_a_row_wait_together_no_longer_than_their_caller(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, waited = answers_with_parts(monkeypatch, 0)
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    wanted = [(keys.organization_pk(ORGANIZATION_ID), keys.account_sk(ACCOUNT_ID))]

    with waiting_until(Deadline.after(5, lambda: sum(waited))):
        for read in (read_many, read_rows, read_each):
            with pytest.raises(ServiceUnavailable):
                read(wanted)
        with pytest.raises(BusyWithOthers):
            retry_on_conflict(held, or_raise=BusyWithOthers(""))
        with pytest.raises(ItemBusy):
            retry_while_busy(held, lambda: True)
    assert 5 <= sum(waited) < 6


def held() -> None:
    raise ItemBusy("held")


@READERS
def test_a_table_that_answers_with_some_each_time_is_asked_to_the_end(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, read: Callable[[Any], list[str]]
) -> None:
    accounts.add(an_account(), None)
    pk = keys.organization_pk(ORGANIZATION_ID)
    others = [(pk, keys.account_sk(f"gone{n}")) for n in range(20)]
    asked, _ = answers_with_parts(monkeypatch, 1)

    assert read([*others, (pk, keys.account_sk(ACCOUNT_ID))]) == [keys.account_sk(ACCOUNT_ID)]
    assert len(asked) == 21


def test_what_is_named_twice_is_read_once(accounts: Accounts) -> None:
    """DynamoDB refuses a BatchGetItem that has a key twice."""
    accounts.add(an_account(), None)
    key = keys.organization_pk(ORGANIZATION_ID), keys.account_sk(ACCOUNT_ID)

    assert read_many([key, key]) == [key[1]]


def expiry(verification_id: str) -> int | None:
    (item,) = (i for i in items() if i["sk"] == f"VERIFICATION#{verification_id}")
    return int(item["expires_at"]) if "expires_at" in item else None


def test_a_test_is_kept_for_ninety_days_and_the_last_of_a_resting_account_for_ever(
    accounts: Accounts,
) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    account = begin_test(accounts.add(an_account(), None), verification)
    assert expiry(VERIFICATION_ID) == int((verification.started_at + KEPT_FOR).timestamp())

    account = replace(account, touched_at=NOW - timedelta(days=30))
    after, ended = finish(account, verification, [], NOW)
    assert after.next_verification_at is None
    verifications.finish(account, after, ended, None)

    assert expiry(VERIFICATION_ID) is None


def test_steps_are_packed_without_loss_and_small() -> None:
    steps = tuple(a_step(step, detail="a message of AWS " * 20) for step in permissions.STEPS)

    packed = pack_steps(steps)

    assert unpack_steps(packed) == steps
    assert len(packed) < 1024


CONTEXT = credentials_context(ORGANIZATION_ID, ACCOUNT_ID)
SECRET = {"access_key_id": "AKIA", "secret_access_key": "s3cret"}


def test_a_sealed_secret_opens_under_its_own_context() -> None:
    sealed = wiring.sealer().seal(SECRET, CONTEXT)

    assert "s3cret" not in sealed
    assert b"s3cret" not in base64.b64decode(sealed)
    assert wiring.sealer().open(sealed, CONTEXT) == SECRET


@pytest.mark.parametrize(
    "context",
    [
        credentials_context("org-two", ACCOUNT_ID),
        credentials_context(ORGANIZATION_ID, OTHER_VERIFICATION_ID),
        session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID),
        {},
    ],
    ids=str,
)
def test_a_sealed_secret_does_not_open_under_another_context(context: dict[str, str]) -> None:
    """KMS says InvalidCiphertextException, and so does moto. Source: KMS API reference, Decrypt."""
    sealed = wiring.sealer().seal(SECRET, CONTEXT)

    with pytest.raises(SealBroken):
        wiring.sealer().open(sealed, context)


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "IncorrectKeyException"])
def test_a_seal_of_another_key_or_a_damaged_one_is_broken(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = wiring.sealer()

    def refuse(**_: Any) -> None:
        raise getattr(sealer._kms.exceptions, code)({"Error": {"Code": code}}, "Decrypt")

    monkeypatch.setattr(sealer._kms, "decrypt", refuse)

    with pytest.raises(SealBroken):
        sealer.open(base64.b64encode(b"x" * 100).decode(), CONTEXT)


def test_a_kms_that_refuses_us_is_no_broken_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer = wiring.sealer()

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Decrypt")

    monkeypatch.setattr(sealer._kms, "decrypt", refuse)

    with pytest.raises(ClientError, match="AccessDenied"):
        sealer.open("eA==", CONTEXT)


def test_a_secret_that_kms_would_not_take_is_refused_before() -> None:
    with pytest.raises(ValueError, match="more than KMS encrypts"):
        wiring.sealer().seal({"token": "x" * PLAINTEXT_LIMIT}, CONTEXT)


def test_two_seals_of_the_same_secret_differ() -> None:
    assert wiring.sealer().seal(SECRET, CONTEXT) != wiring.sealer().seal(SECRET, CONTEXT)


# ---- executions


def test_another_execution_is_found_while_it_runs_with_its_start() -> None:
    sfn = client("stepfunctions")
    machine = SWEEP.replace(":execution:", ":stateMachine:").removesuffix(":one")
    one, other = (
        sfn.start_execution(stateMachineArn=machine, name=name)["executionArn"]
        for name in ("one", "other")
    )
    assert one == SWEEP

    began = sfn.describe_execution(executionArn=other)["startDate"]
    assert wiring.workflows().running_beside(SWEEP) == {other: began}
    sfn.stop_execution(executionArn=other)
    assert wiring.workflows().running_beside(SWEEP) == {}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.TIMEOUT])
def test_executions_that_cannot_be_listed_are_told(fault: Fault) -> None:
    with watched(Calls(index=0, fault=fault)) as calls, pytest.raises(ServiceUnavailable):
        wiring.workflows().running_beside(SWEEP)

    assert calls.made == ["ListExecutions"]
