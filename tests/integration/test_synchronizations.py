"""Synchronizing an enrollment with its AWS Organization: on moto, with an AWS Organization in
memory.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import QueryError

from cavok import wiring
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.enrollments import Enrollments
from cavok.adapters.table.members import Members
from cavok.adapters.table.synchronizations import Synchronizations
from cavok.adapters.table.table import ItemBusy
from cavok.adapters.workflows import SynchronizationWorkflows
from cavok.domain.enrollments import NEW_AFTER, SYNCHRONIZED_EVERY, EnrollmentStatus
from cavok.domain.errors import (
    OrganizationBusy,
    OrganizationUnclear,
    ServiceUnavailable,
    SynchronizationNotStarted,
    UnitGone,
)
from cavok.domain.synchronizations import Synchronization
from cavok.domain.verifications import finish
from cavok.services import synchronize_organization as synchronizing
from tests.support.api import Api, is_problem
from tests.support.aws_organization import ARN, ROOT, InMemoryOrganization
from tests.support.builders import ORGANIZATION_ID, WORKLOAD, a_verification, steps_of
from tests.support.enrollments import (
    MANAGEMENT,
    NEW,
    accounts_of,
    begin,
    one_round,
    request_of,
    stored,
    synchronize,
    wrong_counts,
)
from tests.support.moto_stack import (
    OURS,
    Clock,
    begin_test,
    let_customers_in,
    plain_items,
    stored_items,
)


@pytest.fixture(autouse=True)
def _surroundings(stack: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CANARY_ROLE_ARN", f"arn:aws:iam::{OURS}:role/canary")
    monkeypatch.setenv("CANARY_EXTERNAL_ID", "cavok-canary")
    monkeypatch.setenv("OWN_ACCOUNT_ID", WORKLOAD)
    let_customers_in(monkeypatch)
    yield
    assert wrong_counts() == []


@pytest.fixture
def organization() -> InMemoryOrganization:
    """A management account, and two members in units."""
    made = InMemoryOrganization()
    shops = made.unit("Shops")
    north = made.unit("North", shops)
    made.member(MANAGEMENT, "Main account")
    made.member("100000000001", "Shop one", shops)
    made.member("100000000002", "Shop north", north)
    return made


def enroll(admin: Api, **but: Any) -> str:
    answer = admin.post("/v1/enrollments", NEW | but)
    assert answer.status == 201, answer.text
    return str(answer.json["enrollment_id"])


def members(admin: Api, enrollment_id: str, **query: Any) -> dict[str, dict[str, Any]]:
    answer = admin.get(f"/v1/enrollments/{enrollment_id}/members", limit=100, **query)
    assert answer.status == 200, answer.text
    return {each["provider_id"]: each for each in answer.json["items"]}


def states(admin: Api, enrollment_id: str) -> dict[str, str]:
    return {number: each["state"] for number, each in members(admin, enrollment_id).items()}


def test_each_account_becomes_a_member_and_is_due_for_a_test(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)

    done = synchronize(enrollment_id, organization)

    assert (done.state, done.found, done.added, done.changed, done.missing) == (
        "finished",
        3,
        3,
        0,
        3,
    )
    enrollment = stored(enrollment_id)
    assert (enrollment.status, enrollment.organization_arn) == ("connected", ARN)
    assert enrollment.last_synchronized_at == Clock.now()
    assert enrollment.next_synchronization_at == Clock.now() + timedelta(hours=6)
    north = members(admin, enrollment_id)["100000000002"]
    account = accounts_of()["100000000002"]
    assert north == {
        "provider_id": "100000000002",
        "name": "Shop north",
        "ou_id": "ou-abcd-00000002",
        "ou_path": "Root/Shops/North",
        "state": "role_missing",
        "account_id": account.account_id,
    }
    assert (account.name, account.role_arn) == (
        "Shopnorth",
        "arn:aws:iam::100000000002:role/CavokCloud",
    )
    assert account.next_verification_at == Clock.now()
    assert account.enrollment_id == enrollment_id
    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert shown["totals"]["role_missing"] == 3
    assert admin.get(f"/v1/accounts/{account.account_id}").json["enrollment_id"] == enrollment_id
    trail = admin.get(f"/v1/accounts/{account.account_id}/audit").json["items"]
    assert [(each["action"], each["actor"]["kind"]) for each in trail] == [("created", "system")]


def test_the_same_synchronization_twice_writes_nothing(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization, by_person=True)

    def others() -> dict[Any, Any]:
        own = ("SYNCHRONIZATION#", "ENROLLMENT#", "AUDIT#")
        return {k: v for k, v in stored_items().items() if not k[1].startswith(own)}

    before = others()
    again = synchronize(enrollment_id, organization, by_person=True)

    assert (again.found, again.added, again.changed, again.missing) == (3, 0, 0, 3)
    assert others() == before


def test_cavoks_own_account_is_never_added(admin: Api, organization: InMemoryOrganization) -> None:
    organization.member(WORKLOAD, "Cavok itself")
    enrollment_id = enroll(admin)

    synchronize(enrollment_id, organization)

    assert WORKLOAD not in accounts_of()


def test_units_accounts_and_names_that_a_person_left_out_are_excluded(
    admin: Api, organization: InMemoryOrganization
) -> None:
    sandbox = organization.unit("Sandbox")
    organization.member("100000000003", "Shop sand", sandbox)
    organization.member("100000000004", "Other", "ou-abcd-00000001")
    organization.member("100000000005", "Shop five", "ou-abcd-00000001")
    enrollment_id = enroll(
        admin, exclude_ous=[sandbox], name_pattern="SHOP*", exclude_accounts=["100000000005"]
    )

    synchronize(enrollment_id, organization)

    assert states(admin, enrollment_id) == {
        MANAGEMENT: "role_missing",
        "100000000001": "role_missing",
        "100000000002": "role_missing",
        "100000000003": "excluded",
        "100000000004": "excluded",
        "100000000005": "excluded",
    }
    assert set(accounts_of()) == {MANAGEMENT, "100000000001", "100000000002"}


def test_accounts_outside_of_the_chosen_units_are_not_members(
    admin: Api, organization: InMemoryOrganization
) -> None:
    organization.member("100000000003", "Elsewhere")
    enrollment_id = enroll(admin, include_ous=["ou-abcd-00000002"])

    synchronize(enrollment_id, organization)

    assert states(admin, enrollment_id) == {
        MANAGEMENT: "role_missing",
        "100000000002": "role_missing",
    }


def test_what_moved_was_suspended_closed_or_left_is_marked_and_nothing_is_deleted(
    admin: Api, organization: InMemoryOrganization
) -> None:
    shops, north = "ou-abcd-00000001", "ou-abcd-00000002"
    for number in ("100000000003", "100000000004"):
        organization.member(number, f"Shop {number}", shops)
    enrollment_id = enroll(admin, include_ous=[shops])
    synchronize(enrollment_id, organization)
    organization.members["100000000001"].parent = north
    organization.members["100000000002"].state = "SUSPENDED"
    organization.members["100000000003"].parent = ROOT
    del organization.members["100000000004"]

    done = synchronize(enrollment_id, organization)

    assert (done.added, done.changed) == (0, 4)
    assert states(admin, enrollment_id) == {
        MANAGEMENT: "role_missing",
        "100000000001": "role_missing",
        "100000000002": "suspended",
        "100000000003": "excluded",
        "100000000004": "closed",
    }
    assert members(admin, enrollment_id)["100000000001"]["ou_path"] == "Root/Shops/North"
    kept = accounts_of()
    assert len(kept) == 5
    assert {n for n, a in kept.items() if a.enrollment_id} == {MANAGEMENT, "100000000001"}
    organization.members["100000000002"].state = "ACTIVE"
    synchronize(enrollment_id, organization)
    assert states(admin, enrollment_id)["100000000002"] == "role_missing"
    assert len(accounts_of()) == 5


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("PENDING_ACTIVATION", "suspended"),
        ("SUSPENDED", "suspended"),
        ("PENDING_CLOSURE", "closed"),
        ("CLOSED", "closed"),
    ],
)
def test_an_account_that_cannot_be_used_is_a_member_without_an_account(
    admin: Api, organization: InMemoryOrganization, state: str, shown: str
) -> None:
    organization.member("100000000003", "Not now", state=state)
    enrollment_id = enroll(admin)

    synchronize(enrollment_id, organization)

    assert states(admin, enrollment_id)["100000000003"] == shown
    assert "100000000003" not in accounts_of()


@pytest.mark.parametrize("state", [None, "SOMETHING_NEW"])
def test_an_unknown_state_changes_nothing(
    admin: Api, organization: InMemoryOrganization, state: str | None
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    before = members(admin, enrollment_id)
    organization.members["100000000001"].state = state
    organization.member("100000000003", "New", state=state)

    synchronize(enrollment_id, organization)

    assert members(admin, enrollment_id) == before


def test_an_account_that_a_person_deleted_is_not_added_again_until_they_add_it(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    deleted = accounts_of()["100000000001"]
    assert admin.delete(f"/v1/accounts/{deleted.account_id}").status == 204
    assert states(admin, enrollment_id)["100000000001"] == "excluded"
    assert wrong_counts() == []

    for _ in range(2):
        synchronize(enrollment_id, organization)
        assert states(admin, enrollment_id)["100000000001"] == "excluded"
        assert "100000000001" not in accounts_of()

    admin.account(provider_id="100000000001", name="MyShop")
    assert wrong_counts() == []
    synchronize(enrollment_id, organization)
    assert states(admin, enrollment_id)["100000000001"] == "role_missing"
    assert accounts_of()["100000000001"].name == "MyShop"


def test_an_account_that_was_added_by_hand_is_adopted_as_it_is(
    admin: Api, organization: InMemoryOrganization
) -> None:
    mine = admin.account(
        provider_id="100000000001", name="Mine", role_name="CavokMine", regions=["eu-west-1"]
    )
    enrollment_id = enroll(admin)

    done = synchronize(enrollment_id, organization)

    assert (done.added, done.changed) == (2, 1)
    adopted = accounts_of()["100000000001"]
    assert (adopted.account_id, adopted.name, adopted.role_name, adopted.regions) == (
        mine["account_id"],
        "Mine",
        "CavokMine",
        ("eu-west-1",),
    )
    assert adopted.enrollment_id == enrollment_id
    organization.members["100000000001"].name = "Renamed"
    synchronize(enrollment_id, organization)
    assert accounts_of()["100000000001"].name == "Mine"


def test_an_account_that_a_person_adds_at_this_moment_is_adopted_and_not_added_twice(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    read = Accounts.with_numbers
    mine: list[str] = []

    def read_and_then_added(self: Accounts, *arguments: Any) -> Any:
        found = read(self, *arguments)
        if not mine:
            mine.append(admin.account(provider_id="100000000001", name="Mine")["account_id"])
        return found

    monkeypatch.setattr(Accounts, "with_numbers", read_and_then_added)

    done = synchronize(enrollment_id, organization)

    assert (done.state, done.added, done.changed) == ("finished", 2, 1)
    assert [accounts_of()["100000000001"].account_id] == mine
    assert len(accounts_of()) == len(wiring.accounts().names(ORGANIZATION_ID)) == 3


def test_names_are_unique_letters_and_digits_and_follow_aws_until_a_person_changes_them(
    admin: Api, organization: InMemoryOrganization
) -> None:
    organization.member("100000000003", "shop-one")
    organization.member("100000000004", "日本")
    admin.account(provider_id="200000000001", name="ShopNorth")
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)

    names = {number: account.name for number, account in accounts_of().items()}

    assert sorted([names["100000000001"], names["100000000003"]], key=len) in (
        ["Shopone", "shopone100000000003"],
        ["shopone", "Shopone100000000001"],
    )
    assert names["100000000002"] == "Shopnorth100000000002"
    assert names["100000000004"] == "100000000004"
    mine = accounts_of()["100000000001"]
    assert admin.patch(f"/v1/accounts/{mine.account_id}", {"name": "MyName"}).status == 200
    for number in ("100000000001", "100000000003"):
        organization.members[number].name = f"Now {number[-1]}"
    synchronize(enrollment_id, organization)
    assert accounts_of()["100000000001"].name == "MyName"
    assert accounts_of()["100000000003"].name == "Now3"


@pytest.mark.parametrize("after", [0, 1])
def test_names_stay_plain_when_a_batch_is_written_once_more(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for number in range(30):
        organization.member(f"3{number:011}", f"Twin {number // 2}", "ou-abcd-00000002")
    enrollment_id = enroll(admin)
    tries = _busy_once(monkeypatch, "add_all", after)
    synchronize(enrollment_id, organization)
    added = {number: account.name for number, account in accounts_of().items()}
    organization.members["100000000001"].name = "Market one"
    _busy_once(monkeypatch, "save", 0)
    synchronize(enrollment_id, organization)

    assert len(tries) > after + 1
    names = [name for number, name in added.items() if number.startswith("3")]
    assert sorted(name for name in names if len(name) < 12) == sorted(f"Twin{n}" for n in range(15))
    assert len(set(names)) == 30
    assert accounts_of()["100000000001"].name == "Marketone"


def _busy_once(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> list[None]:
    """The write of accounts with this name meets another one once, after so many that do not."""
    write, tries = getattr(Accounts, name), list[None]()

    def busy(self: Accounts, *args: Any, **named: Any) -> Any:
        tries.append(None)
        if len(tries) == after + 1:
            raise ItemBusy("held")
        return write(self, *args, **named)

    monkeypatch.setattr(Accounts, name, busy)
    return tries


def test_a_large_organization_is_read_in_turns_and_added_in_batches(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(130):
        organization.member(f"3{number:011}", f"Member {number}", "ou-abcd-00000002")
    enrollment_id = enroll(admin)
    batches = []
    add_all = Accounts.add_all

    def noted(self: Accounts, accounts: Any, *args: Any, **named: Any) -> None:
        batches.append(len(accounts))
        add_all(self, accounts, *args, **named)

    monkeypatch.setattr(Accounts, "add_all", noted)
    monkeypatch.setattr("cavok.services.synchronize_organization.PAGES_A_ROUND", 3)
    begun = begin(enrollment_id)
    rounds = 1
    while one_round(begun, organization):
        rounds += 1

    done = wiring.synchronizations().get(ORGANIZATION_ID, enrollment_id, begun.synchronization_id)
    assert (done.state, done.found, done.added) == ("finished", 133, 133)
    assert rounds > 3
    assert sum(batches) == 133
    assert max(batches) == 24
    assert len(accounts_of()) == 133


class Killed(BaseException):
    """The process ends."""


def kill(monkeypatch: pytest.MonkeyPatch, of: type, write: str, after: int) -> list[str]:
    """Ends the process after so many writes of this kind. Has the write once it did."""
    made, killed, count = getattr(of, write), list[str](), itertools.count(1)

    def die(*args: Any, **named: Any) -> Any:
        answer = made(*args, **named)
        if next(count) == after:
            killed.append(write)
            raise Killed
        return answer

    monkeypatch.setattr(of, write, die)
    return killed


def go_on(begun: Synchronization, organization: InMemoryOrganization) -> None:
    """Each round that dies is made once more."""
    more = True
    while more:
        with suppress(Killed):
            more = one_round(begun, organization)


@pytest.mark.parametrize("after", range(1, 6))
def test_killed_after_any_batch_and_run_again_nothing_is_doubled_or_lost(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for number in range(100):
        organization.member(f"3{number:011}", f"Member {number}", "ou-abcd-00000002")
    enrollment_id = enroll(admin)
    killed = kill(monkeypatch, Accounts, "add_all", after)
    begun = begin(enrollment_id)
    go_on(begun, organization)

    assert killed
    done = wiring.synchronizations().get(ORGANIZATION_ID, enrollment_id, begun.synchronization_id)
    assert (done.state, done.found, done.added, done.missing) == ("finished", 103, 103, 103)
    assert len(accounts_of()) == 103
    numbers = [sk for _, sk in plain_items() if sk.startswith("PROVIDER#")]
    assert len(numbers) == 103


@pytest.mark.parametrize(
    ("of", "write", "after"),
    [
        *((Accounts, "save", after) for after in (1, 2, 3)),
        *((Accounts, "add_all", after) for after in (1, 2)),
        *((Synchronizations, "advance", after) for after in (1, 2, 3)),
        (Enrollments, "end", 1),
    ],
)
def test_killed_after_any_write_of_what_moved_closed_or_was_renamed_nothing_is_doubled_or_lost(
    admin: Api,
    organization: InMemoryOrganization,
    monkeypatch: pytest.MonkeyPatch,
    of: type,
    write: str,
    after: int,
) -> None:
    organization.member("100000000003", "Kiosk")
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    kiosk = accounts_of()["100000000003"].account_id
    organization.members["100000000001"].parent = ROOT
    organization.members["100000000002"].state = "SUSPENDED"
    organization.members["100000000003"].name = "Stand"
    del organization.members[MANAGEMENT]
    organization.member("100000000004", "Newcomer")
    monkeypatch.setattr(synchronizing, "PAGES_A_ROUND", 2)
    killed = kill(monkeypatch, of, write, after)
    begun = begin(enrollment_id)

    go_on(begun, organization)

    assert killed == [write]
    done = wiring.synchronizations().get(ORGANIZATION_ID, enrollment_id, begun.synchronization_id)
    assert (done.state, done.found, done.added, done.changed) == ("finished", 4, 1, 4)
    shown = members(admin, enrollment_id)
    assert {number: (each["state"], each["ou_path"]) for number, each in shown.items()} == {
        MANAGEMENT: ("closed", "Root"),
        "100000000001": ("role_missing", "Root"),
        "100000000002": ("suspended", "Root/Shops/North"),
        "100000000003": ("role_missing", "Root"),
        "100000000004": ("role_missing", "Root"),
    }
    assert accounts_of()["100000000003"].name == "Stand"
    trail = admin.get(f"/v1/accounts/{kiosk}/audit").json["items"]
    assert [each["action"] for each in trail] == ["changed", "created"]
    assert stored(enrollment_id).slot is None


@pytest.mark.parametrize(
    ("of", "write", "after"),
    [
        *((Accounts, "save", after) for after in (1, 2)),
        (Members, "delete", 1),
        (Enrollments, "remove", 1),
    ],
)
def test_killed_after_any_write_of_a_removal_no_member_stays_and_no_account_goes(
    admin: Api,
    organization: InMemoryOrganization,
    monkeypatch: pytest.MonkeyPatch,
    of: type,
    write: str,
    after: int,
) -> None:
    enrollment_id = enroll(admin, exclude_ous=["ou-abcd-00000002"])
    synchronize(enrollment_id, organization)
    begun = begin(enrollment_id)
    assert admin.delete(f"/v1/enrollments/{enrollment_id}").status == 200
    killed = kill(monkeypatch, of, write, after)

    go_on(begun, organization)

    assert killed == [write]
    assert wiring.enrollments().stored(ORGANIZATION_ID, enrollment_id) is None
    assert not [sk for _, sk in plain_items() if sk.startswith("MEMBER#")]
    assert {each.enrollment_id for each in accounts_of().values()} == {None}
    assert len(accounts_of()) == 2


def test_a_name_that_aws_changes_in_case_alone_stays(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    organization.members["100000000001"].name = "SHOP ONE"

    assert synchronize(enrollment_id, organization).changed == 1

    assert accounts_of()["100000000001"].name == "Shopone"
    assert members(admin, enrollment_id)["100000000001"]["name"] == "SHOP ONE"
    organization.members["100000000001"].name = "Shop two"
    synchronize(enrollment_id, organization)
    assert accounts_of()["100000000001"].name == "Shoptwo", "it still follows AWS"


def test_units_that_aws_does_not_list_are_named_and_the_others_are_used(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synchronizing, "PAGES_A_ROUND", 1)
    shops, mistyped = "ou-abcd-00000001", "ou-abcd-00000009"
    enrollment_id = enroll(admin, include_ous=[shops, mistyped])

    synchronize(enrollment_id, organization)

    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    (issue,) = shown["issues"]
    assert (shown["status"], issue["code"]) == ("connected", "unit_not_found")
    assert issue["severity"] == "information"
    assert mistyped in issue["message"]
    assert shops not in issue["message"]
    assert len(accounts_of()) == 3
    admin.patch(f"/v1/enrollments/{enrollment_id}", {"include_ous": [shops]})
    synchronize(enrollment_id, organization)
    assert admin.get(f"/v1/enrollments/{enrollment_id}").json["issues"] == []


def test_one_whose_execution_died_lapses_and_the_next_begins_anew(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    dead = begin(enrollment_id)
    assert begin(enrollment_id) == dead
    Clock.time += timedelta(minutes=11)

    done = synchronize(enrollment_id, organization)

    assert done.synchronization_id != dead.synchronization_id
    assert (done.state, done.added) == ("finished", 3)
    path = f"/v1/enrollments/{enrollment_id}/synchronizations/{dead.synchronization_id}"
    assert admin.get(path).json["state"] == "failed"
    organization.calls = 0
    assert not one_round(dead, organization)
    assert organization.calls == 0


@pytest.fixture
def rounds(organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger AWS Organization, which takes several rounds."""
    for number in range(60):
        organization.member(f"4{number:011}", f"Shop {number}", "ou-abcd-00000001")
    monkeypatch.setattr("cavok.services.synchronize_organization.PAGES_A_ROUND", 4)


MOVED = "100000000001"


def passed_by(
    admin: Api, organization: InMemoryOrganization
) -> tuple[str, str, InMemoryOrganization]:
    """MOVED, of a first enrollment's AWS Organization, is in another one too, as the second
    enrollment is synchronized: both enrollments' ids, and the other AWS Organization.
    """
    management = "888888888888"
    first = enroll(admin)
    second = enroll(admin, management_account_id=management, name="Two")
    synchronize(first, organization)
    another = another_organization(management)
    another.member(MOVED, "Moved")
    synchronize(second, another)
    return first, second, another


@pytest.mark.parametrize("stays", [True, False], ids=["moves out of the units", "is gone"])
def test_an_account_that_moves_to_another_organization_of_the_customer_is_soon_its_member(
    stays: bool, admin: Api, organization: InMemoryOrganization
) -> None:
    """The other one, which was read first, passed it by."""
    first, second, another = passed_by(admin, organization)
    assert states(admin, second)[MOVED] == "excluded"
    if stays:
        assert admin.patch(f"/v1/enrollments/{first}", {"exclude_accounts": [MOVED]}).status == 200
    else:
        del organization.members[MOVED]

    synchronize(first, organization)

    due = stored(second).next_synchronization_at
    assert due == Clock.now() + NEW_AFTER
    Clock.time += NEW_AFTER
    synchronize(second, another)
    assert states(admin, second)[MOVED] == "role_missing"
    assert stored(first).next_synchronization_at == Clock.now() - NEW_AFTER + SYNCHRONIZED_EVERY


def test_whoever_looks_while_an_account_is_let_go_looks_again(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw the account as another enrollment's."""
    first, second, another = passed_by(admin, organization)
    del organization.members[MOVED]
    save = Accounts.save

    def looked_before(self: Accounts, *args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(Accounts, "save", save)
        Clock.time += NEW_AFTER
        synchronize(second, another)
        assert states(admin, second)[MOVED] == "excluded"
        return save(self, *args, **kwargs)

    monkeypatch.setattr(Accounts, "save", looked_before)

    synchronize(first, organization)

    assert stored(second).next_synchronization_at == Clock.now() + NEW_AFTER


def another_organization(management: str = "888888888888") -> InMemoryOrganization:
    made = InMemoryOrganization(organization_arn=ARN.replace("o-example", "o-another"))
    made.member(management, "Another company")
    return made


def test_another_account_is_never_read_as_the_rest_of_the_first_ones_organization(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id, another = enroll(admin), another_organization()
    path = f"/v1/enrollments/{enrollment_id}"
    begun = begin(enrollment_id)
    assert one_round(begun, organization)
    assert admin.patch(path, {"management_account_id": "888888888888"}).status == 200

    assert not one_round(begun, another)

    assert another.calls == 0
    ended = admin.get(f"{path}/synchronizations/{begun.synchronization_id}").json
    assert (ended["state"], ended["finished_at"] is not None) == ("failed", True)
    assert "A person changed the enrollment" in ended["reason"]
    waits = stored(enrollment_id)
    assert (waits.status, waits.organization_arn, waits.slot) == ("waiting", None, None)
    done = synchronize(enrollment_id, another)
    assert (done.state, done.found, done.added) == ("finished", 1, 1)
    assert stored(enrollment_id).organization_arn == another.organization_arn
    assert states(admin, enrollment_id)["888888888888"] == "role_missing"
    assert {*states(admin, enrollment_id).values()} == {"role_missing", "closed"}


@pytest.mark.parametrize("moment", ["_hold_slot", "arn", "_finished"])
def test_an_account_that_nobody_entered_is_never_connected(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """At whichever moment of the only round a person changes it."""
    enrollment_id = enroll(admin)
    path = f"/v1/enrollments/{enrollment_id}"
    where: dict[str, Any] = {
        "_hold_slot": synchronizing._Synchronizing,
        "arn": InMemoryOrganization,
        "_finished": synchronizing._Synchronizing,
    }
    asked, begun, changed = getattr(where[moment], moment), begin(enrollment_id), []

    def change_once(*args: Any, **named: Any) -> Any:
        if not changed:
            changed.append(True)
            answer = admin.patch(path, {"management_account_id": "888888888888"})
            assert answer.status == 200, answer.text
        return asked(*args, **named)

    monkeypatch.setattr(where[moment], moment, change_once)

    assert not one_round(begun, organization)

    waits = stored(enrollment_id)
    assert (waits.status, waits.organization_arn) == ("waiting", None)
    assert waits.due(Clock.now())
    assert admin.patch(path, {"management_account_id": MANAGEMENT}).status == 200
    assert bool(accounts_of()) is (moment == "_finished")


def test_what_a_person_leaves_out_in_the_middle_is_left_out_by_the_next_at_once(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id = enroll(admin)
    begun = begin(enrollment_id)
    assert one_round(begun, organization)
    changed = {"exclude_ous": ["ou-abcd-00000001"]}
    assert admin.patch(f"/v1/enrollments/{enrollment_id}", changed).status == 200

    assert not one_round(begun, organization)

    assert stored(enrollment_id).due(Clock.now())
    synchronize(enrollment_id, organization)
    used = {number for number, each in accounts_of().items() if each.enrollment_id}
    assert used == {MANAGEMENT}


def test_a_round_that_is_overtaken_stores_no_new_members_that_are_left_out_either(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin, exclude_ous=["ou-abcd-00000001"], exclude_accounts=[MANAGEMENT])
    begun, read = begin(enrollment_id), Accounts.with_numbers

    def read_and_then_overtaken(self: Accounts, *given: Any) -> Any:
        monkeypatch.setattr(Accounts, "with_numbers", read)
        body = {"include_ous": ["ou-abcd-00000002"]}
        assert admin.patch(f"/v1/enrollments/{enrollment_id}", body).status == 200
        return read(self, *given)

    monkeypatch.setattr(Accounts, "with_numbers", read_and_then_overtaken)

    assert not one_round(begun, organization)

    assert states(admin, enrollment_id) == {}


def test_a_name_is_no_reason_to_begin_anew(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id = enroll(admin)
    begun = begin(enrollment_id)
    assert one_round(begun, organization)
    assert admin.patch(f"/v1/enrollments/{enrollment_id}", {"name": "Southwind"}).status == 200

    while one_round(begun, organization):
        pass

    renamed = stored(enrollment_id)
    assert (renamed.name, renamed.status) == ("Southwind", "connected")


@pytest.mark.parametrize("renamed", [False, True])
def test_a_new_member_that_speaks_in_the_middle_has_the_next_one_begin_sooner(
    renamed: bool, admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    begun = begin(enrollment_id)
    wiring.enrollments().changed(
        ORGANIZATION_ID, enrollment_id, lambda each: each.with_new_member(Clock.now())
    )
    if renamed:
        assert admin.patch(f"/v1/enrollments/{enrollment_id}", {"name": "Southwind"}).status == 200

    while one_round(begun, organization):
        pass

    assert stored(enrollment_id).next_synchronization_at == Clock.now() + timedelta(minutes=10)


def test_organizations_that_is_busy_ends_a_turn_and_nothing_else(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    for calls in range(12):
        organization.calls, organization.busy_after = 0, calls

        done = synchronize(enrollment_id, organization)

        assert (done.state, done.found) == ("finished", 3)
    assert len(accounts_of()) == 3


def test_whoever_changes_the_enrollment_at_this_moment_ends_no_round(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction of theirs holds the synchronization, and may change nothing."""
    advance, refusals = Synchronizations.advance, [ItemBusy("held")]

    def held_once(self: Synchronizations, *given: Any) -> None:
        if refusals:
            raise refusals.pop()
        advance(self, *given)

    monkeypatch.setattr(Synchronizations, "advance", held_once)

    assert synchronize(enroll(admin), organization).state == "finished"
    assert refusals == []


def test_a_table_that_does_not_answer_ends_a_round_and_no_synchronization(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    begun = begin(enrollment_id)
    late = QueryError("Failed", cause=ReadTimeoutError(endpoint_url="https://dynamodb"))
    with monkeypatch.context() as patched:
        patched.setattr(Members, "after", Mock(side_effect=late))

        with pytest.raises(ServiceUnavailable):
            one_round(begun, organization)

    assert stored(enrollment_id).held_by(begun.synchronization_id)
    while one_round(begun, organization):
        pass
    assert stored(enrollment_id).status is EnrollmentStatus.CONNECTED


def test_organizations_that_takes_no_call_is_given_up_with_its_last_reason(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synchronizing, "STUCK_ROUNDS", 3)
    monkeypatch.setattr(synchronizing, "PAGES_A_ROUND", 1)
    enrollment_id = enroll(admin)
    begun = begin(enrollment_id)
    organization.fails = OrganizationBusy("TooManyRequestsException: too many")
    assert [one_round(begun, organization) for _ in range(2)] == [True, True]
    organization.fails = None
    assert one_round(begun, organization), "it came further, so it counts anew"
    organization.fails = OrganizationBusy("TooManyRequestsException: too many")

    assert [one_round(begun, organization) for _ in range(3)] == [True, True, False]

    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert [issue["code"] for issue in shown["issues"]] == ["synchronization_failed"]
    assert shown["issues"][0]["message"].endswith("TooManyRequestsException: too many")
    assert stored(enrollment_id).next_synchronization_at == Clock.now() + timedelta(minutes=5)


def test_an_error_that_a_retry_does_not_change_ends_it_at_once_and_proves_nothing(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    organization.fails = OrganizationUnclear("SomethingNew: why")
    begun = begin(enrollment_id)

    assert not one_round(begun, organization)

    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert shown["status"] == "connected"
    assert shown["issues"][0]["message"].endswith("SomethingNew: why")


def test_a_token_that_is_not_taken_any_more_begins_the_unit_anew(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        organization.member(f"3{number:011}", f"Member {number}", "ou-abcd-00000002")
    enrollment_id = enroll(admin)
    accounts = InMemoryOrganization.accounts
    refused: list[str] = []

    def refuse_once(self: InMemoryOrganization, place: Any, token: str | None) -> Any:
        if token == "20" and not refused:
            refused.append(token)
            raise UnitGone("InvalidInputException", "NextToken")
        return accounts(self, place, token)

    monkeypatch.setattr(InMemoryOrganization, "accounts", refuse_once)
    monkeypatch.setattr("cavok.services.synchronize_organization.PAGES_A_ROUND", 1)

    done = synchronize(enrollment_id, organization)

    assert refused
    assert (done.state, done.found, done.added, done.missing) == ("finished", 53, 53, 53)


def test_a_token_is_used_at_once_however_much_is_below_the_units_of_its_page(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS does not say how long a token is good: here, for one call."""
    for number in range(45):
        organization.member(
            f"3{number:011}", f"Member {number}", organization.unit(f"Unit {number}")
        )
    enrollment_id = enroll(admin)
    units, issued = InMemoryOrganization.units, [0]

    def lapsing(self: InMemoryOrganization, parent: str, token: str | None) -> Any:
        if token and self.calls > issued[0]:
            raise UnitGone("InvalidInputException", "NextToken")
        page = units(self, parent, token)
        issued[0] = self.calls
        return page

    monkeypatch.setattr(InMemoryOrganization, "units", lapsing)

    done = synchronize(enrollment_id, organization)

    assert (done.state, done.found) == ("finished", 48)


@pytest.mark.parametrize("pages", [1, 100])
def test_a_token_that_is_never_taken_ends_it_and_says_why(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    for number in range(50):
        organization.member(f"3{number:011}", f"Member {number}", "ou-abcd-00000002")
    enrollment_id = enroll(admin)
    accounts = InMemoryOrganization.accounts

    def refuse(self: InMemoryOrganization, place: Any, token: str | None) -> Any:
        if token:
            raise UnitGone("InvalidInputException", "InvalidInputException: NextToken")
        return accounts(self, place, token)

    monkeypatch.setattr(InMemoryOrganization, "accounts", refuse)
    monkeypatch.setattr("cavok.services.synchronize_organization.PAGES_A_ROUND", pages)

    done = synchronize(enrollment_id, organization)

    assert done.state == "failed"
    assert str(done.reason).endswith("InvalidInputException: NextToken")
    assert organization.calls < 50


def test_a_unit_that_was_deleted_meanwhile_is_left_out(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    units = organization.units

    def listed_and_gone(parent: str, token: str | None) -> Any:
        page = units(parent, token)
        if parent == ROOT:
            organization.units_by_id.pop("ou-abcd-00000001", None)
        return page

    organization.units = listed_and_gone  # type: ignore[method-assign]

    done = synchronize(enrollment_id, organization)

    assert (done.state, done.found) == ("finished", 1)


def test_an_account_that_moved_while_the_tree_was_read_is_not_taken_for_gone(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    monkeypatch.setattr("cavok.services.synchronize_organization.PAGES_A_ROUND", 5)
    organization.members["100000000002"].parent = "elsewhere"  # listed nowhere, and there

    synchronize(enrollment_id, organization)

    assert states(admin, enrollment_id)["100000000002"] == "role_missing"


def test_a_person_has_members_whose_role_is_missing_tried_again_and_the_schedule_has_not(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    before = _put_off("100000000001", timedelta(hours=20))
    Clock.time += timedelta(hours=1)

    synchronize(enrollment_id, organization)
    assert accounts_of()["100000000001"].next_verification_at == before.next_verification_at
    synchronize(enrollment_id, organization, by_person=True)

    tried = accounts_of()["100000000001"]
    assert (tried.next_verification_at, tried.attempts) == (Clock.now(), 0)
    assert tried.version == before.version


def test_a_persons_synchronization_tries_missing_roles_again_also_while_a_scheduled_one_runs(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    _put_off("400000000000", timedelta(hours=20))
    Clock.time += timedelta(hours=1)
    scheduled = begin(enrollment_id)
    assert one_round(scheduled, organization)

    asked = begin(enrollment_id, by_person=True)

    assert begin(enrollment_id, by_person=True) == asked == begin(enrollment_id)
    assert not one_round(scheduled, organization)
    path = f"/v1/enrollments/{enrollment_id}/synchronizations/{scheduled.synchronization_id}"
    assert admin.get(path).json["state"] == "failed"
    while one_round(asked, organization):
        pass
    assert accounts_of()["400000000000"].next_verification_at == Clock.now()
    assert stored(enrollment_id).last_synchronized_at == Clock.now()


def test_a_synchronization_keeps_its_slot_if_it_cannot_be_started_again(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    begun = begin(enrollment_id, by_person=True)
    with monkeypatch.context() as patched:
        refused = Mock(side_effect=SynchronizationNotStarted("no"))
        patched.setattr(SynchronizationWorkflows, "start", refused)
        with pytest.raises(SynchronizationNotStarted):
            begin(enrollment_id, by_person=True)

    assert not one_round(begun, organization)

    assert stored(enrollment_id).status is EnrollmentStatus.CONNECTED


def test_what_a_person_asked_for_outlives_their_change_of_the_enrollment(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    _put_off("400000000059", timedelta(hours=20))
    Clock.time += timedelta(hours=1)
    asked = begin(enrollment_id, by_person=True)
    assert one_round(asked, organization)
    changed = {"exclude_accounts": ["400000000000"]}
    assert admin.patch(f"/v1/enrollments/{enrollment_id}", changed).status == 200
    assert not one_round(asked, organization)

    assert synchronize(enrollment_id, organization).again

    assert accounts_of()["400000000059"].next_verification_at == Clock.now()
    assert not synchronize(enrollment_id, organization).again


def _put_off(number: str, by: timedelta) -> Any:
    """The account as it is now: not due before so long, after some attempts."""
    due = Clock.time + by
    account_id = accounts_of()[number].account_id
    return wiring.accounts().changed(
        ORGANIZATION_ID,
        account_id,
        lambda account: replace(account, next_verification_at=due, attempts=5),
    )


def test_totals_follow_the_tests_of_members(admin: Api, organization: InMemoryOrganization) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    account = accounts_of()["100000000001"]
    verification = a_verification(account_id=account.account_id)
    tested = begin_test(account, verification)
    after, ended = finish(tested, verification, steps_of(tested), Clock.now())
    wiring.verifications().finish(tested, after, ended, None)

    totals = admin.get(f"/v1/enrollments/{enrollment_id}").json["totals"]

    assert (totals["connected"], totals["role_missing"]) == (1, 2)
    assert states(admin, enrollment_id)["100000000001"] == "connected"
    assert members(admin, enrollment_id, state="connected").keys() == {"100000000001"}
    assert admin.post(f"/v1/accounts/{account.account_id}/revoke").status == 204
    assert states(admin, enrollment_id)["100000000001"] == "excluded"


def units(admin: Api, enrollment_id: str, **query: Any) -> dict[str, Any]:
    answer = admin.get(f"/v1/enrollments/{enrollment_id}/units", **query)
    assert answer.status == 200, answer.text
    return dict(answer.json)


def test_units_count_their_own_members_by_state(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin, exclude_ous=["ou-abcd-00000002"])
    synchronize(enrollment_id, organization)

    page = units(admin, enrollment_id)

    counted = {
        each["ou_path"]: {state: count for state, count in each["totals"].items() if count}
        for each in page["items"]
    }
    assert counted == {
        "Root": {"role_missing": 1},
        "Root/Shops": {"role_missing": 1},
        "Root/Shops/North": {"excluded": 1},
    }
    assert page["next_cursor"] is None
    north = page["items"][-1]
    assert north["ou_ids"] == [ROOT, "ou-abcd-00000001", "ou-abcd-00000002"]
    assert north["ou_id"] == north["ou_ids"][-1]


def test_pages_of_units_add_up(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    monkeypatch.setattr("cavok.services.members.BATCH", 1)
    monkeypatch.setattr("cavok.services.members.MOST_READ", 2)

    first = units(admin, enrollment_id)
    second = units(admin, enrollment_id, cursor=first["next_cursor"])

    paths = [[each["ou_path"] for each in page["items"]] for page in (first, second)]
    assert paths == [["Root/Shops", "Root/Shops/North"], ["Root"]]
    assert second["next_cursor"] is None


def test_members_of_a_unit_are_listed_with_or_without_those_below_it(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    shops = "ou-abcd-00000001"

    assert members(admin, enrollment_id, ou=shops).keys() == {"100000000001", "100000000002"}
    assert members(admin, enrollment_id, ou=shops, direct="true").keys() == {"100000000001"}
    assert members(admin, enrollment_id, ou=shops, direct="true", state="connected") == {}


@pytest.mark.parametrize("route", ["POST", "PATCH"])
def test_an_account_whose_stack_is_another_enrollments_is_refused(
    route: str, admin: Api, other_admin: Api, organization: InMemoryOrganization
) -> None:
    """Nor one that manages its AWS Organization. Of other organizations nothing is told."""
    first, waiting = enroll(other_admin), enroll(admin, management_account_id="100000000001")
    synchronize(waiting, organization)
    own = enroll(admin, management_account_id="666666666666")
    before = stored_items()

    for number in ("100000000001", MANAGEMENT):
        body = {"management_account_id": number}
        refused = (
            admin.post("/v1/enrollments", NEW | body)
            if route == "POST"
            else admin.patch(f"/v1/enrollments/{own}", body)
        )

        assert is_problem(refused, 409)
        assert refused.json["code"] == "already_enrolled"
        for said in ("management_account_id", number, "Northwind", waiting):
            assert said in refused.json["detail"]
        assert first not in refused.text
    assert stored_items() == before
    assert admin.delete(f"/v1/enrollments/{waiting}").status == 200
    assert admin.patch(f"/v1/enrollments/{own}", body).status == 200


def test_a_second_enrollment_of_an_aws_organization_fails_and_names_the_first(
    admin: Api, organization: InMemoryOrganization
) -> None:
    """Its stack set could not make a role that is there, so nobody waits for it."""
    first = enroll(admin)
    second = enroll(admin, management_account_id="100000000001", name="Twin")
    synchronize(first, organization)
    before = accounts_of()

    done = synchronize(second, organization)

    shown = admin.get(f"/v1/enrollments/{second}").json
    assert (done.state, shown["status"], shown["organization_arn"]) == ("failed", "failed", None)
    (issue,) = shown["issues"]
    assert issue["code"] == "already_enrolled"
    assert f"Northwind ({first})" in issue["message"]
    assert (accounts_of(), states(admin, second)) == (before, {})
    synchronize(first, organization)
    assert admin.get(f"/v1/enrollments/{first}").json["status"] == "connected"


@pytest.mark.parametrize("at", ["while it walks", "as it ends"])
def test_of_two_first_synchronizations_at_once_one_connects_the_aws_organization(
    at: str, admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = enroll(admin)
    second = enroll(admin, management_account_id="100000000001", name="Twin")
    of, name = (InMemoryOrganization, "roots") if at == "while it walks" else (Enrollments, "end")
    original = getattr(of, name)

    def meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(of, name, original)
        assert synchronize(first, organization).state == "finished"
        return original(*given, **named)

    monkeypatch.setattr(of, name, meanwhile)

    assert synchronize(second, organization).state == "failed"

    assert (stored(first).organization_arn, stored(second).organization_arn) == (ARN, None)
    (issue,) = admin.get(f"/v1/enrollments/{second}").json["issues"]
    assert issue["code"] == "already_enrolled"
    another = InMemoryOrganization(organization_arn=ARN.replace("o-example", "o-another"))
    third = enroll(admin, management_account_id="666666666666")
    assert synchronize(third, another).state == "finished"


def test_two_enrollments_of_one_organization_share_no_member(
    admin: Api, organization: InMemoryOrganization
) -> None:
    first = enroll(admin)
    second = enroll(admin, management_account_id="100000000001", include_ous=["ou-abcd-00000001"])
    synchronize(first, organization)
    synchronize(second, organization)

    assert states(admin, second) == {}
    assert admin.delete(f"/v1/enrollments/{first}").status == 200
    remove(first, organization)
    synchronize(second, organization)
    assert states(admin, second)["100000000001"] == "role_missing"
    assert accounts_of()["100000000001"].enrollment_id == second


def test_another_organizations_enrollment_cannot_claim_this_ones_members(
    admin: Api, other_admin: Api, organization: InMemoryOrganization
) -> None:
    own, theirs = enroll(admin), enroll(other_admin)
    synchronize(own, organization)
    before = accounts_of()

    synchronize(theirs, organization, organization_id="org-two")

    assert accounts_of() == before
    assert {a.enrollment_id for a in accounts_of("org-two").values()} == {theirs}
    for path in ("", "/members", "/units", "/instructions"):
        assert other_admin.get(f"/v1/enrollments/{own}{path}").status == 404
    assert other_admin.post(f"/v1/enrollments/{own}/synchronizations").status == 404
    assert other_admin.delete(f"/v1/enrollments/{own}").status == 404


def remove(enrollment_id: str, organization: InMemoryOrganization) -> None:
    """As the workflow does after an enrollment was ended."""
    request = request_of(_removal(enrollment_id))
    from cavok.domain.deadlines import NO_DEADLINE
    from cavok.services.synchronize_organization import make_round
    from tests.support.enrollments import dependencies

    while make_round(request, dependencies(organization), NO_DEADLINE):
        pass


def _removal(enrollment_id: str) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(
        organization_id=ORGANIZATION_ID,
        enrollment_id=enrollment_id,
        synchronization_id="01JN8Q5M3C0000000000000R01",
    )


def test_after_its_end_accounts_stay_and_nothing_else(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    path = f"/v1/enrollments/{enrollment_id}"

    answer = admin.delete(path)

    assert answer.status == 200
    assert [step["title"] for step in answer.json["steps"]][1] == "The stack CavokOrganization"
    assert admin.get(path).status == 404
    assert admin.get("/v1/enrollments").json["items"] == []
    assert admin.delete(path).json == answer.json
    remove(enrollment_id, organization)
    assert [a.enrollment_id for a in accounts_of().values()] == [None] * 3
    left = {sk.partition("#")[0] for _, sk in plain_items()}
    assert left & {"ENROLLMENT", "MEMBER", "TOTALS"} == set()


def test_a_synchronization_that_runs_while_the_enrollment_is_ended_removes_it(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    begun = begin(enrollment_id)
    admin.delete(f"/v1/enrollments/{enrollment_id}")

    while one_round(begun, organization):
        pass

    assert wiring.enrollments().stored(ORGANIZATION_ID, enrollment_id) is None


@pytest.mark.parametrize("fails", [False, True])
def test_an_enrollment_that_is_ended_in_the_last_round_is_removed_by_the_next(
    fails: bool, admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrollment_id = enroll(admin)
    begun, roots = begin(enrollment_id), InMemoryOrganization.roots

    def ended_meanwhile(self: InMemoryOrganization) -> Any:
        assert admin.delete(f"/v1/enrollments/{enrollment_id}").status == 200
        if fails:
            raise OrganizationUnclear("no")
        return roots(self)

    monkeypatch.setattr(InMemoryOrganization, "roots", ended_meanwhile)

    assert [one_round(begun, organization), one_round(begun, organization)] == [True, False]

    assert wiring.enrollments().stored(ORGANIZATION_ID, enrollment_id) is None


def test_the_next_enrollment_has_within_minutes_what_an_ended_one_had_when_it_was_read(
    admin: Api, organization: InMemoryOrganization
) -> None:
    """A removal takes rounds, and whoever ends one enrollment may make another at once."""
    first = enroll(admin)
    synchronize(first, organization)
    assert admin.delete(f"/v1/enrollments/{first}").status == 200
    second = enroll(admin)
    synchronize(second, organization)
    assert set(states(admin, second).values()) == {"excluded"}
    Clock.time += timedelta(minutes=1)

    remove(first, organization)

    due = stored(second).next_synchronization_at
    assert due
    assert due <= Clock.time + NEW_AFTER
    synchronize(second, organization)
    assert set(states(admin, second).values()) == {"role_missing"}


def test_an_enrollment_whose_first_synchronization_runs_while_another_is_removed_is_read_again(
    admin: Api, organization: InMemoryOrganization, rounds: None
) -> None:
    first = enroll(admin)
    synchronize(first, organization)
    assert admin.delete(f"/v1/enrollments/{first}").status == 200
    second = enroll(admin)
    begun = begin(second)
    assert one_round(begun, organization)

    remove(first, organization)
    while one_round(begun, organization):
        pass

    assert "excluded" in states(admin, second).values()
    assert stored(second).next_synchronization_at == Clock.now() + NEW_AFTER


def test_ten_enrollments_are_the_most(admin: Api) -> None:
    made = [enroll(admin, management_account_id=f"77777777777{n}") for n in range(10)]

    refused = admin.post("/v1/enrollments", NEW)

    assert (refused.status, refused.json["code"]) == (409, "too_many_enrollments")
    admin.delete(f"/v1/enrollments/{made[0]}")
    enroll(admin)


def test_a_key_makes_one_enrollment_for_a_day(admin: Api, other_admin: Api) -> None:
    first = admin.post("/v1/enrollments", NEW, idempotency_key="k")
    admin.patch(f"/v1/enrollments/{first.json['enrollment_id']}", {"name": "Renamed"})

    again = admin.post("/v1/enrollments", NEW, idempotency_key="k")

    assert (first.status, again.status) == (201, 201)
    assert again.json["enrollment_id"] == first.json["enrollment_id"]
    assert again.json["name"] == "Renamed", "as it is now"
    assert len(admin.get("/v1/enrollments").json["items"]) == 1
    other = admin.post("/v1/enrollments", {**NEW, "name": "Other"}, idempotency_key="k")
    assert (other.status, other.json["code"]) == (422, "key_reused")
    of_others = other_admin.post("/v1/enrollments", NEW, idempotency_key="k")
    assert of_others.json["enrollment_id"] != first.json["enrollment_id"]
    Clock.time += timedelta(days=1)
    admin.delete(f"/v1/enrollments/{first.json['enrollment_id']}")
    later = admin.post("/v1/enrollments", NEW, idempotency_key="k")
    assert later.json["enrollment_id"] != first.json["enrollment_id"]


def test_a_key_whose_enrollment_was_ended_makes_no_other_one(admin: Api) -> None:
    made = admin.post("/v1/enrollments", NEW, idempotency_key="k").json
    admin.delete(f"/v1/enrollments/{made['enrollment_id']}")

    answer = admin.post("/v1/enrollments", NEW, idempotency_key="k")

    assert (answer.status, answer.json["code"]) == (409, "made_and_deleted")
    assert "enrollment" in answer.json["detail"]


@pytest.mark.parametrize("number", [MANAGEMENT, None], ids=["of an account", "of none yet"])
@pytest.mark.parametrize("before", [0, 9], ids=["first", "tenth"])
def test_requests_with_one_key_that_run_side_by_side_make_one_enrollment(
    before: int, number: str | None, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks before the first has stored anything."""
    new = {k: v for k, v in NEW.items() if number or k != "management_account_id"}
    for n in range(before):
        enroll(admin, management_account_id=f"77777777777{n}")
    first = admin.post("/v1/enrollments", new, idempotency_key="k")
    seen, made_by = [], Enrollments.made_by

    def at_first_nothing(self: Enrollments, *words: Any) -> Any:
        seen.append(words)
        return made_by(self, *words) if len(seen) > 1 else None

    monkeypatch.setattr(Enrollments, "made_by", at_first_nothing)

    second = admin.post("/v1/enrollments", new, idempotency_key="k")

    assert (second.status, second.json) == (201, first.json)
    assert len(seen) == 2
    assert len(admin.get("/v1/enrollments").json["items"]) == before + 1


def test_a_role_that_lets_others_in_fails_the_enrollment(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.adapters.customer.assume_role import CustomerRoles
    from cavok.domain.steps import ALLOWED

    enrollment_id = enroll(admin)
    with monkeypatch.context() as opened:
        opened.setattr(CustomerRoles, "_try", lambda *_: ALLOWED)
        done = synchronize(enrollment_id, organization)

    assert (done.state, accounts_of()) == ("failed", {})
    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert shown["status"] == "failed"
    assert [issue["code"] for issue in shown["issues"]] == ["confused_deputy"]
    synchronize(enrollment_id, organization)
    assert admin.get(f"/v1/enrollments/{enrollment_id}").json["status"] == "connected"


def test_a_role_that_does_not_let_us_in_leaves_the_enrollment_waiting_and_then_fails_it(
    admin: Api, organization: InMemoryOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.domain.errors import EntryRefused
    from cavok.services import enter_organization

    def refuse(*_: Any, **__: Any) -> Any:
        raise EntryRefused("AccessDenied: no")

    enrollment_id = enroll(admin)
    with monkeypatch.context() as closed:
        closed.setattr(enter_organization, "enter_account", refuse)
        closed.setattr(enter_organization, "check_canary", lambda *_: None)
        done = synchronize(enrollment_id, organization)
        waiting = stored(enrollment_id)
        assert (done.state, waiting.status) == ("failed", EnrollmentStatus.WAITING)
        assert waiting.next_synchronization_at == Clock.now() + timedelta(minutes=5)
        assert waiting.issues[0].code == "role_not_assumable"
        assert done.reason == waiting.issues[0].message
    synchronize(enrollment_id, organization)
    with monkeypatch.context() as closed:
        closed.setattr(enter_organization, "enter_account", refuse)
        closed.setattr(enter_organization, "check_canary", lambda *_: None)
        synchronize(enrollment_id, organization)
    assert stored(enrollment_id).status is EnrollmentStatus.FAILED
    assert len(accounts_of()) == 3


def test_what_the_workflow_gives_up_keeps_its_reason_and_the_status(
    admin: Api, organization: InMemoryOrganization
) -> None:
    from cavok.domain.deadlines import NO_DEADLINE
    from cavok.services.synchronize_organization import make_round
    from tests.support.enrollments import dependencies

    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    begun = begin(enrollment_id)
    cause = json.dumps({"errorMessage": "after 180 s", "stackTrace": ["/var/task/app.py, line 1"]})
    request = request_of(begun, failure={"Error": "Sandbox.Timedout", "Cause": cause})

    assert not make_round(request, dependencies(organization), NO_DEADLINE)

    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert shown["status"] == "connected"
    assert [issue["code"] for issue in shown["issues"]] == ["synchronization_failed"]
    assert shown["issues"][0]["message"].endswith(": Sandbox.Timedout: after 180 s")
    assert not shown["synchronizing"]


def test_a_failed_enrollment_moves_within_its_aws_organization_alone(
    admin: Api, organization: InMemoryOrganization
) -> None:
    """In another one, all its members would be missing."""
    enrollment_id = enroll(admin)
    path = f"/v1/enrollments/{enrollment_id}"
    synchronize(enrollment_id, organization)
    del organization.members["100000000002"]
    synchronize(enrollment_id, organization)
    organization.refuses = "AWSOrganizationsNotInUseException"
    synchronize(enrollment_id, organization)
    assert admin.get(path).json["status"] == "failed"

    for other in ("888888888888", "100000000002"):  # it has left
        refused = admin.patch(path, {"management_account_id": other})

        assert is_problem(refused, 422)
        ((field, message),) = ((e["field"], e["message"]) for e in refused.json["errors"])
        assert field == "management_account_id"
        assert "Another AWS Organization is another enrollment." in message
        assert stored(enrollment_id).management_account_id == MANAGEMENT
    assert admin.patch(path, {"management_account_id": "100000000001"}).status == 200
    assert admin.patch(path, {"management_account_id": MANAGEMENT}).status == 200


def test_an_account_that_is_in_another_aws_organization_now_closes_no_member(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = enroll(admin)
    synchronize(enrollment_id, organization)
    before = states(admin, enrollment_id)
    another = InMemoryOrganization(organization_arn=ARN.replace("o-example", "o-another"))
    another.member("100000000009", "Somebody else's")

    done = synchronize(enrollment_id, another)

    assert (done.state, done.found) == ("failed", 0)
    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json
    assert (shown["status"], shown["organization_arn"]) == ("failed", ARN)
    assert [issue["code"] for issue in shown["issues"]] == ["wrong_organization"]
    assert states(admin, enrollment_id) == before
    synchronize(enrollment_id, organization)
    assert admin.get(f"/v1/enrollments/{enrollment_id}").json["status"] == "connected"


def test_enrollments_that_are_due_are_started_and_others_are_not(
    admin: Api, organization: InMemoryOrganization
) -> None:
    from cavok.domain.actors import SCHEDULE, Requester
    from cavok.domain.deadlines import NO_DEADLINE, Deadline
    from cavok.services.start_synchronizations import start_due

    due, known = enroll(admin, management_account_id="100000000009"), enroll(admin)
    synchronize(known, organization)
    nobody = {k: v for k, v in NEW.items() if k != "management_account_id"}
    assert admin.post("/v1/enrollments", nobody).status == 201

    def start(deadline: Deadline = NO_DEADLINE) -> list[str]:
        requester = Requester(actor=SCHEDULE, request_id="r")
        return start_due(wiring.start_dependencies(), requester, Clock.now(), deadline)

    assert start(Deadline.after(0, lambda: 0.0)) == []
    assert start() == [due]
    assert start() == []
    admin.delete(f"/v1/enrollments/{known}")
    Clock.time += timedelta(hours=7)
    assert set(start()) == {due, known}


def test_a_sweep_that_cannot_read_which_enrollments_are_due_has_done_its_work(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its workflow would think that an account killed it, and take accounts apart."""
    from cavok.domain.actors import SCHEDULE, Requester
    from cavok.domain.deadlines import NO_DEADLINE
    from cavok.services.start_synchronizations import start_due

    throttled = Mock(due=Mock(side_effect=QueryError("throttled")))
    ours = replace(wiring.start_dependencies(), enrollments=throttled)
    requester = Requester(actor=SCHEDULE, request_id="r")

    assert start_due(ours, requester, Clock.now(), NO_DEADLINE) == []
