"""What EventBridge says of customers' roles, and what a stranger's EventBridge says: on moto."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table.connection_hints import Hints
from cavok.domain.accounts import TESTED_AGAIN_AFTER, Account
from cavok.domain.connection_hints import IN_EFFECT_AFTER, OF_AN_ACCOUNT, Admission
from cavok.domain.errors import BusyWithOthers
from cavok.domain.verifications import Trigger, entry_refused
from tests.support.api import Api
from tests.support.builders import NUMBER, ORGANIZATION_ID, a_verification
from tests.support.hearing import Queue, account_of, ends, hear, started
from tests.support.messages import environment
from tests.support.moto_stack import Clock, Json, begin_test, confirm, stored_items
from tests.support.role_changes import ADA, event_of_iam

__all__ = ["environment"]


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    made.install(monkeypatch)
    return made


def changed(age: timedelta = IN_EFFECT_AFTER, **but: Any) -> Json:
    """An event of a change that was made so long ago."""
    return event_of_iam(**{"number": NUMBER, "eventTime": f"{Clock.time - age:%FT%TZ}"} | but)


def connected(by: Api, organization_id: str = ORGANIZATION_ID) -> str:
    """An account that a test has confirmed. It is none of those that are started."""
    account_id = str(by.account(provider_id=NUMBER)["account_id"])
    confirm(organization_id, account_id)
    return account_id


@pytest.fixture
def account_id(admin: Api) -> str:
    return connected(admin)


def test_an_account_is_tested_once_its_role_changed_and_what_was_said_is_shown(
    admin: Api, account_id: str
) -> None:
    hear(changed(event="e-0"))
    ends(account_id)
    assert hear(changed()) == 0

    (_, test) = started()
    assert (test["account_id"], test["trigger"]) == (account_id, Trigger.SCHEDULED)
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))
    (issue,) = admin.get(f"/v1/accounts/{account_id}").json["issues"]
    assert issue["code"] == "role_not_assumable"
    assert "CloudTrail says that the role's trust policy was changed on" in issue["message"]
    assert issue["message"].endswith(f"by {ADA}.")


def test_an_older_change_that_arrives_later_leaves_what_is_said_of_the_newer_one(
    admin: Api, account_id: str
) -> None:
    hear(changed(eventName="DeleteRole", event="e-1"))
    hear(changed(timedelta(minutes=2), event="e-0"))
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    (issue,) = admin.get(f"/v1/accounts/{account_id}").json["issues"]
    assert "role was deleted" in issue["message"]
    assert "trust policy was changed" not in issue["message"]


def test_a_change_decides_nothing(admin: Api, account_id: str) -> None:
    """Whatever it says: the test finds the account as it was."""
    hear(changed(event="e-0"))
    ends(account_id)
    hear(changed(eventName="DeleteRole"))

    assert admin.get(f"/v1/accounts/{account_id}").json["status"] == "confirmed"
    ends(account_id)

    shown = admin.get(f"/v1/accounts/{account_id}").json
    assert (shown["status"], shown["issues"]) == ("confirmed", [])
    assert account_of(account_id).role_change is None


def test_an_event_that_is_delivered_twice_starts_one_test(account_id: str) -> None:
    hear(changed())
    ends(account_id)

    assert hear(changed()) == 0

    assert len(started()) == 1


@pytest.mark.parametrize(
    "but",
    [
        {"number": "100000000001"},
        {"requestParameters": {"roleName": "CavokOrganization"}},
        {"requestParameters": {"roleName": "Admin"}},
        {"errorCode": "AccessDenied"},
        {"eventName": "TagRole"},
    ],
)
def test_what_is_of_no_role_that_is_used_changes_nothing(
    account_id: str, but: dict[str, Any]
) -> None:
    before = stored_items()

    assert hear(changed(**but)) == 0

    assert (started(), stored_items()) == ([], before)


def test_a_stranger_can_speak_of_no_account_but_of_their_own(account_id: str) -> None:
    """EventBridge stamps it: whatever the event says inside."""
    inside = {"accountId": NUMBER, "arn": ADA.replace("111122223333", NUMBER)}
    before = stored_items()

    assert hear(changed(number="999988887777", userIdentity=inside, recipientAccountId=NUMBER)) == 0

    assert (started(), stored_items()) == ([], before)


def test_an_event_that_somebody_publishes_to_the_topic_of_stacks_changes_nothing(
    account_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored_items()

    assert hear({"Type": "Notification", "Message": json.dumps(changed())}) == 0

    assert (started(), stored_items()) == ([], before)
    assert '"MalformedHints":[1.0]' in capsys.readouterr().out


def test_each_organization_that_has_the_account_has_it_tested(
    account_id: str, other_admin: Api, queue: Queue
) -> None:
    """One that tests it at this moment delays nobody else."""
    theirs = connected(other_admin, str(other_admin.organization_id))
    held = a_verification(account_id=account_id, started_at=Clock.time - timedelta(minutes=1))
    begin_test(account_of(account_id), held)

    assert hear(changed()) == 1

    assert ([each["account_id"] for each in started()], queue.hidden) == ([theirs], [30])
    Clock.time += timedelta(minutes=7)
    assert hear(changed(timedelta(minutes=8)), received=2, age=timedelta(minutes=7)) == 0
    assert sorted(each["account_id"] for each in started()) == sorted([theirs, account_id])


def test_no_more_organizations_follow_one_event_than_the_limit(
    account_id: str, other_admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(other_admin, str(other_admin.organization_id))
    assert len(wiring.accounts().with_number(NUMBER)) == 2

    monkeypatch.setattr("cavok.adapters.table.accounts.MOST_WITH_A_NUMBER", 1)

    assert len(wiring.accounts().with_number(NUMBER)) == 1


def test_whoever_adds_a_number_hides_no_change_from_its_owner(
    other_admin: Api, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were first, so the index has them first."""
    other_admin.account(provider_id=NUMBER)
    Clock.time += timedelta(minutes=1)
    account_id = connected(admin)
    monkeypatch.setattr("cavok.adapters.table.accounts.MOST_WITH_A_NUMBER", 1)

    assert hear(changed()) == 0

    assert [each["account_id"] for each in started()] == [account_id]


def test_a_change_is_tested_once_aws_follows_it(account_id: str, queue: Queue) -> None:
    assert hear(changed(timedelta(seconds=3))) == 1
    assert (queue.hidden, started()) == ([7], [])
    Clock.time += timedelta(seconds=7)

    assert hear(changed(), received=2) == 0

    assert len(started()) == 1


def test_several_changes_at_once_take_two_tests(account_id: str, queue: Queue) -> None:
    """As when somebody updates a stack. The second test began after all of them."""
    events = [changed(timedelta(seconds=10 - n), event=f"e-{n}") for n in range(5)]
    assert hear(events[0]) == 0
    ends(account_id)
    Clock.time += timedelta(seconds=20)

    assert hear(*events[1:], received=2) == 0

    assert len(started()) == 2


def test_a_flood_of_changes_starts_few_tests(account_id: str) -> None:
    for n in range(2 * OF_AN_ACCOUNT.most):
        hear(changed(event=f"e-{n}"))
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=30)

    assert len(started()) == OF_AN_ACCOUNT.most


def test_a_flood_of_changes_does_not_hide_the_last_one_until_the_next_day(account_id: str) -> None:
    """As of whoever opens the role after twenty changes. However many follow, one is written."""
    for n in range(OF_AN_ACCOUNT.most):
        hear(changed(event=f"e-{n}"))
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=30)
    writes = account_of(account_id).writes

    for n in range(5):
        assert hear(changed(event=f"last-{n}")) == 0

    account = account_of(account_id)
    assert account.next_verification_at
    assert account.next_verification_at - Clock.time <= TESTED_AGAIN_AFTER
    assert account.writes == writes + 1


def test_a_change_beyond_the_limit_that_comes_during_a_test_is_tested_after_it(
    account_id: str,
) -> None:
    """The twentieth starts the test, and the next opens the role three seconds later."""
    for n in range(OF_AN_ACCOUNT.most):
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(minutes=1)
        hear(changed(event=f"e-{n}"))
    assert account_of(account_id).testing(Clock.time)

    Clock.time += timedelta(seconds=3)
    assert hear(changed(timedelta(seconds=2), event="last")) == 0
    ends(account_id)

    account = account_of(account_id)
    assert account.next_verification_at == Clock.time + TESTED_AGAIN_AFTER


def test_a_revoked_account_is_not_tested(admin: Api, account_id: str) -> None:
    admin.post(f"/v1/accounts/{account_id}/revoke")

    assert hear(changed()) == 0

    assert started() == []


def test_an_account_that_was_deleted_is_not_tested(admin: Api, account_id: str) -> None:
    admin.delete(f"/v1/accounts/{account_id}")

    assert hear(changed()) == 0

    assert started() == []


def test_who_was_never_let_in_learns_nothing_of_the_accounts_changes(
    account_id: str, other_admin: Api
) -> None:
    """Anybody can add its number."""
    theirs = other_admin.account(provider_id=NUMBER)["account_id"]
    before = other_admin.get(f"/v1/accounts/{theirs}").json

    assert hear(changed()) == 0

    assert [each["account_id"] for each in started()] == [account_id]
    assert other_admin.get(f"/v1/accounts/{theirs}").json == before


def test_who_is_not_let_in_any_more_does_not_read_who_changed_the_role(
    admin: Api, account_id: str
) -> None:
    hear(changed(event="e-0", eventName="DeleteRole"))
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))
    hear(changed(event="e-1", userIdentity={"arn": ADA.replace("ada", "eve")}))
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    (issue,) = admin.get(f"/v1/accounts/{account_id}").json["issues"]

    assert "role was deleted" in issue["message"], "what broke it"
    assert "eve" not in issue["message"]


def test_however_often_a_role_is_changed_its_stack_is_heard(account_id: str) -> None:
    for n in range(2 * OF_AN_ACCOUNT.most):
        hear(changed(event=f"e-{n}"))

    admitted = Hints(wiring.table()).admit(ORGANIZATION_ID, NUMBER, "r-1", Clock.time)

    assert admitted is Admission.ADMITTED


def test_one_organization_that_is_busy_delays_no_other(
    account_id: str, other_admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = connected(other_admin, str(other_admin.organization_id))
    get = wiring.accounts().get

    def busy(organization_id: str, of: str) -> Account:
        if of == account_id:
            raise BusyWithOthers("busy")
        return get(organization_id, of)

    monkeypatch.setattr(wiring.accounts(), "get", busy)

    assert hear(changed()) == 1

    assert [each["account_id"] for each in started()] == [theirs]
