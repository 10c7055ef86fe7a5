"""What customers' stacks say, and what anybody says in their name: on moto, with a bucket of
CloudFormation's that is in memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from unittest.mock import Mock
from urllib.parse import SplitResult

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok import wiring
from cavok.adapters.table.connection_hints import Hints
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain import enrollments as enrolling
from cavok.domain.accounts import TESTED_AGAIN_AFTER, Status
from cavok.domain.connection_hints import (
    ANSWER_TRIED_FOR,
    AT_ONCE,
    IN_EFFECT_AFTER,
    OF_AN_ACCOUNT,
    OTHERS_ANSWERED_WITHIN,
    OWN_TURNS_APART,
    STRANGERS_ANSWERED_WITHIN,
    TRIED_FOR,
    TURNS_APART,
)
from cavok.domain.enrollments import FIRST_RETRY, NEW_AFTER, Enrollment
from cavok.domain.errors import ChangedMeanwhile
from cavok.domain.first_tries import OWN_SECONDS, SHARED_SECONDS
from cavok.domain.organizations import new_external_id
from cavok.domain.verifications import Trigger, entry_refused
from cavok.services.connection_hints import ANSWER_SECONDS, Answers
from tests.support.api import Api
from tests.support.aws_organization import InMemoryOrganization
from tests.support.builders import NUMBER, ORGANIZATION_ID, WORKLOAD, a_verification
from tests.support.enrollments import (
    MANAGEMENT,
    NEW,
    accounts_of,
    begin,
    stored,
    synchronize,
    wrong_counts,
)
from tests.support.faults import Calls, watched
from tests.support.hearing import Queue, account_of, ends, hear, started
from tests.support.messages import environment, published
from tests.support.moto_stack import (
    OURS,
    SYNCHRONIZATIONS,
    Clock,
    Json,
    begin_test,
    let_customers_in,
    plain_items,
    stored_items,
)
from tests.support.template import template

__all__ = ["environment"]

REQUEST = "0c1f2d3e-5a6b-4c7d-8e9f-00112233"
BUCKET = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"


@dataclass
class CloudFormation(Queue):
    """Where answers arrive, and the queue."""

    answers: list[Json] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)
    takes: timedelta = timedelta()
    refuses_with: NotDelivered | None = None

    def put(self, url: SplitResult, body: bytes, *, seconds: float) -> int:
        self.hosts.add(url.hostname)
        Clock.time += self.takes
        if self.refuses_with:
            raise self.refuses_with
        self.answers.append(json.loads(body))
        return 200


@pytest.fixture(autouse=True)
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    made = CloudFormation()
    made.install(monkeypatch)
    return made


@pytest.fixture
def external_id(admin: Api) -> str:
    return str(admin.get("/v1/organization").json["external_id"])


Says = Callable[..., Json]


@pytest.fixture
def says(external_id: str) -> Says:
    """What the queue gets of what a stack in the account says."""

    def of(number: str = NUMBER, request: int = 1, external: str = external_id, **but: Any) -> Json:
        stack = f"arn:aws:cloudformation:us-east-1:{number}:stack/CavokCloud/6d8c3bb0"
        said = {
            "RequestType": "Create",
            "ResponseURL": f"{BUCKET}/{number}?X-Amz-Signature=0f",
            "StackId": stack,
            "RequestId": f"{REQUEST}{request:04}",
            "LogicalResourceId": "CavokConnection",
            "ResourceType": "Custom::CavokConnection",
            "ResourceProperties": {"ExternalId": external},
        }
        return published(said | but)

    return of


def a_connected_account(admin: Api, says: Says) -> str:
    """The id of an account that was tested, and found connected, once its stack had spoken."""
    account_id = str(admin.account(provider_id=NUMBER)["account_id"])
    hear(says())
    ends(account_id)
    return account_id


def test_an_account_is_tested_once_its_stack_says_so_and_the_stack_goes_on(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    audited = len(admin.get("/v1/audit").json["items"])

    assert hear(says()) == 0

    (test,) = started()
    assert (test["account_id"], test["trigger"]) == (account_id, Trigger.SCHEDULED)
    assert account_of(account_id).testing(Clock.time)
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["RequestId"]) == ("SUCCESS", f"{REQUEST}0001")
    assert answer["PhysicalResourceId"] == f"cavok-connection-{NUMBER}"
    quotas = {each["name"]: each for each in admin.get("/v1/organization").json["quotas"]}
    assert quotas["tests"]["remaining"] == quotas["tests"]["limit"], "it is no person's"
    assert len(admin.get("/v1/audit").json["items"]) == audited


def test_a_message_that_is_delivered_twice_starts_one_test_and_is_answered_twice(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    assert hear(says()) == 0
    ends(account_id)

    assert hear(says()) == 0

    assert (len(started()), len(cloudformation.answers)) == (1, 2)


@pytest.mark.parametrize(
    "but",
    [
        {"number": "100000000001"},
        {"external": new_external_id()},
        {"ResourceProperties": {}},
        {"ResourceProperties": {"ExternalId": "somebody's"}},
    ],
)
def test_what_nobody_here_has_is_answered_and_changes_nothing(
    admin: Api, says: Says, cloudformation: CloudFormation, but: dict[str, Any]
) -> None:
    admin.account(provider_id=NUMBER)
    before = stored_items()

    assert hear(says(**but)) == 0

    assert (len(cloudformation.answers), started(), stored_items()) == (1, [], before)


def test_an_account_of_another_organization_is_not_tested_by_this_ones_external_id(
    admin: Api, other_admin: Api, says: Says
) -> None:
    other_admin.account(provider_id=NUMBER)
    before = stored_items()

    assert hear(says()) == 0

    assert (started(), stored_items()) == ([], before)


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "https://attacker.example/",
        f"{BUCKET}.attacker.example/x",
        f"{BUCKET}@attacker.example/x",
        BUCKET.replace("useast1", "euwest1") + "/x",
        "http://127.0.0.1:4566/cloudformation-custom-resource-response-useast1/x",
        None,
    ],
)
def test_no_address_but_cloudformations_is_called_and_the_account_is_tested(
    admin: Api, says: Says, cloudformation: CloudFormation, address: str | None
) -> None:
    admin.account(provider_id=NUMBER)

    assert hear(says(ResponseURL=address)) == 0

    assert (cloudformation.hosts, len(started())) == (set(), 1)


@pytest.mark.parametrize("body", ["", "7", {}, {"RequestType": "Create"}, "x" * 20_000])
def test_what_is_no_request_is_dropped_without_an_answer(
    body: Any, cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hear(published(body)) == 0

    assert (cloudformation.hosts, plain_items()) == (set(), {})
    assert '"MalformedHints":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize("status", [301, 307, 403, 404])
def test_an_address_that_s3_refuses_for_good_is_not_called_again(
    admin: Api, says: Says, cloudformation: CloudFormation, status: int
) -> None:
    admin.account(provider_id=NUMBER)
    cloudformation.refuses_with = NotDelivered("no", status)

    assert hear(says()) == 0

    assert len(started()) == 1


@pytest.mark.parametrize("status", [None, 500, 503])
def test_an_answer_that_did_not_arrive_is_given_again_and_not_for_ever(
    admin: Api,
    says: Says,
    cloudformation: CloudFormation,
    status: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Anybody may publish an address in a region that has no such host."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    cloudformation.refuses_with = NotDelivered("no", status)

    ages = [IN_EFFECT_AFTER, *(timedelta(minutes=each) for each in (3, 6, 9, 12, 18, 27))]
    heard = [hear(says(), received=1 + n, age=age) for n, age in enumerate(ages)]

    assert (heard, cloudformation.hidden) == ([1, 1, 1, 1, 1, 1, 0], [6 * 60, 9 * 60])
    assert capsys.readouterr().out.count('"UnansweredHints":[1.0]') == 1
    assert [each["account_id"] for each in started()] == [account_id]


def use_up(share: str) -> None:
    """The time of this minute for answers; `share`: of the organization, or of its list."""
    wiring.answers_to_stacks().seconds(share, Clock.time)
    wiring.answers_to_stacks().spend(share, SHARED_SECONDS, accepted=False)


@pytest.mark.parametrize("used_up", [False, True], ids=["time left", "time used up"])
@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed"])
@pytest.mark.parametrize("minutes", [9, 11, 19, 29])
def test_one_fault_of_s3_leaves_no_stack_without_an_answer(
    minutes: int,
    listed: bool,
    used_up: bool,
    admin: Api,
    says: Says,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless no turn is left, and no time either."""
    admin.account(provider_id=NUMBER if listed else "222222222222")
    put, faults = cloudformation.put, [NotDelivered("S3 answered 503", 503)]

    def faulty(url: SplitResult, body: bytes, *, seconds: float) -> int:
        if faults:
            raise faults.pop()
        return put(url, body, seconds=seconds)

    monkeypatch.setattr(cloudformation, "put", faulty)
    age = timedelta(minutes=minutes)
    if used_up:
        use_up(ORGANIZATION_ID)

    while hear(says(), age=age):
        waited = timedelta(seconds=cloudformation.hidden.pop() if cloudformation.hidden else 180)
        Clock.time, age = Clock.time + waited, age + waited

    assert len(cloudformation.answers) == (0 if minutes == 29 and used_up else 1)


def test_a_test_does_not_wait_for_the_answer_and_is_not_repeated_with_it(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    cloudformation.refuses_with = NotDelivered("no host", None)

    assert hear(says()) == 1
    assert len(started()) == 1
    ends(account_id)
    assert hear(says(), received=2, age=timedelta(minutes=3)) == 1
    cloudformation.refuses_with = None
    assert hear(says(), received=3, age=timedelta(minutes=6)) == 0

    assert (len(started()), len(cloudformation.answers)) == (1, 1)


def test_a_deletion_is_answered_at_once_and_followed_when_the_role_is_gone(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = a_connected_account(admin, says)
    deletion = says(request=2, RequestType="Delete")

    assert hear(deletion, age=timedelta(seconds=2)) == 1
    assert (cloudformation.hidden, len(cloudformation.answers)) == ([58], 2)
    assert (len(started()), account_of(account_id).stack_deleted_at) == (1, Clock.time)
    Clock.time += timedelta(seconds=58)
    assert hear(deletion, received=2, age=timedelta(minutes=1)) == 0

    assert len(started()) == 2
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))
    shown = admin.get(f"/v1/accounts/{account_id}").json
    assert (shown["status"], [each["code"] for each in shown["issues"]]) == (
        "failed",
        ["disconnected"],
    )
    assert "stack said on " in shown["issues"][0]["message"]


def test_a_test_that_finds_the_role_gone_before_the_deletion_is_followed_says_disconnected(
    admin: Api, says: Says
) -> None:
    """As of whoever deletes the stack and presses Test."""
    account_id = a_connected_account(admin, says)
    deletion = says(request=2, RequestType="Delete")
    assert hear(deletion, age=timedelta(seconds=2)) == 1
    Clock.time += timedelta(seconds=20)
    admin.post(f"/v1/accounts/{account_id}/verifications")

    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    issues = admin.get(f"/v1/accounts/{account_id}").json["issues"]
    assert [each["code"] for each in issues] == ["disconnected"]


def test_a_late_deletion_that_waits_for_a_test_is_noted_before_the_next_one_finds_the_role_gone(
    admin: Api, says: Says
) -> None:
    """Its answer was late, too, and the role goes after it."""
    account_id = a_connected_account(admin, says)
    admin.post(f"/v1/accounts/{account_id}/verifications")
    deletion = says(request=2, RequestType="Delete")

    assert hear(deletion, received=2, age=timedelta(minutes=2)) == 1
    ends(account_id)
    admin.post(f"/v1/accounts/{account_id}/verifications")
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    assert [each.code for each in account_of(account_id).issues] == ["disconnected"]


def test_who_said_an_hour_before_that_a_stack_is_deleted_does_not_hide_that_it_is(
    admin: Api, says: Says
) -> None:
    account_id = a_connected_account(admin, says)
    hear(says(request=2, RequestType="Delete"))
    Clock.time += timedelta(minutes=45)
    admin.post(f"/v1/accounts/{account_id}/verifications")
    ends(account_id)

    assert hear(says(request=3, RequestType="Delete"), age=timedelta(seconds=2)) == 1
    admin.post(f"/v1/accounts/{account_id}/verifications")
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    assert [each.code for each in account_of(account_id).issues] == ["disconnected"]


def test_who_only_says_that_a_stack_was_deleted_disconnects_nothing(admin: Api, says: Says) -> None:
    account_id = a_connected_account(admin, says)

    assert hear(says(request=2, RequestType="Delete"), received=2, age=timedelta(minutes=2)) == 0
    assert admin.get(f"/v1/accounts/{account_id}").json["status"] == "confirmed"
    Clock.time += timedelta(hours=1)
    ends(account_id)

    assert account_of(account_id).status == Status.CONFIRMED
    assert (account_of(account_id).issues, account_of(account_id).stack_deleted_at) == ((), None)


def test_who_says_that_the_stack_of_a_failed_account_was_deleted_changes_no_reason(
    admin: Api, says: Says
) -> None:
    account_id = a_connected_account(admin, says)
    refused = entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time)
    hear(says(request=2))
    ends(account_id, refused)

    assert hear(says(request=3, RequestType="Delete"), received=2, age=timedelta(minutes=2)) == 0
    ends(account_id, refused)

    assert [each.code for each in account_of(account_id).issues] == ["role_not_assumable"]


@pytest.mark.parametrize("change", ["Create", "Update", "Delete"])
def test_too_much_in_the_name_of_a_stack_hides_nothing_that_it_says(
    change: str, admin: Api, says: Says
) -> None:
    """However much it is, it causes a write and a test in ten minutes."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    for request in range(OF_AN_ACCOUNT.most):
        hear(says(request=request, RequestType="Update"))
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=15)
    tests, writes = len(started()), account_of(account_id).writes

    for request in range(10):
        said = says(request=100 + request, RequestType=change)
        assert hear(said, received=2, age=timedelta(minutes=2)) == 0
        Clock.time += timedelta(seconds=15)

    account = account_of(account_id)
    assert account.next_verification_at
    assert account.next_verification_at - Clock.time <= TESTED_AGAIN_AFTER
    assert (account.stack_deleted_at is not None) == (change == "Delete")
    assert (len(started()), account.writes) == (tests, writes + 1)


def test_a_running_test_may_be_older_than_the_stack_so_another_one_follows(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    begin_test(account_of(account_id), a_verification(account_id=account_id, started_at=Clock.time))

    assert hear(says()) == 1
    assert (cloudformation.hidden, started()) == ([30], [])
    Clock.time += timedelta(minutes=7)
    assert hear(says(), received=2, age=timedelta(minutes=7)) == 0

    assert len(started()) == 1


def test_a_revoked_account_is_not_tested(admin: Api, says: Says) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    admin.post(f"/v1/accounts/{account_id}/revoke")

    assert hear(says(), says(request=2, RequestType="Delete")) == 1

    assert started() == []
    assert account_of(account_id).next_verification_at is None


def test_a_flood_about_one_account_starts_few_tests_and_delays_nobody_else(
    admin: Api, other_admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """By somebody who knows the external ID and the number."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    other = other_admin.account(provider_id="222222222222")["account_id"]
    theirs = other_admin.get("/v1/organization").json["external_id"]

    for request in range(3 * OF_AN_ACCOUNT.most):
        hear(says(request=request))
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=30)

    assert len(started()) == OF_AN_ACCOUNT.most
    assert len(cloudformation.answers) == 3 * OF_AN_ACCOUNT.most
    assert hear(says("222222222222", external=theirs)) == 0
    assert {each["account_id"] for each in started()} == {account_id, other}


def test_a_flood_of_strangers_keeps_no_customer_waiting_for_their_answers(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """Each answer takes as long as one may, and all were published before the customer's."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    cloudformation.takes = timedelta(seconds=ANSWER_SECONDS)
    published = Clock.time

    for request in range(100):
        stranger = says(request=request, external=new_external_id())
        assert hear(stranger, age=Clock.time - published) == 0
    waited = Clock.time - published
    assert hear(says(), age=waited) == 0

    assert waited <= STRANGERS_ANSWERED_WITHIN + cloudformation.takes
    assert [each["account_id"] for each in started()] == [account_id]
    assert cloudformation.answers[-1]["RequestId"] == f"{REQUEST}0001"
    answered = STRANGERS_ANSWERED_WITHIN // cloudformation.takes
    assert len(cloudformation.answers) == answered + 1


def count_answers_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """As long as `CloudFormation.takes`, from now on."""
    began = Clock.time

    def passed() -> float:
        return (Clock.time - began).total_seconds()

    monkeypatch.setattr("cavok.services.first_tries.time", Mock(monotonic=passed))
    return began


@dataclass
class RollOut:
    """Stacks that speak at once, heard by one process until nothing waits."""

    stacks: int
    says: Says
    cloudformation: CloudFormation
    published: datetime
    received: Counter[int] = field(default_factory=Counter)

    def number(self, stack: int) -> str:
        return f"4{stack:011}"

    def list_accounts(self, admin: Api) -> None:
        """In a moment, whatever the quota."""
        now = Clock.time
        for stack in range(self.stacks):
            Clock.time += timedelta(minutes=2 * (stack % 10 == 0))
            admin.account(provider_id=self.number(stack), name=f"A{stack}")
        Clock.time = now

    def heard(self) -> Iterator[timedelta]:
        """Yields each message's age before it is heard."""
        queue, hidden = template()["Resources"]["ConnectionHints"], self.cloudformation.hidden
        waiting = [(Clock.time, stack) for stack in range(self.stacks)]
        while waiting:
            due, stack = heappop(waiting)
            Clock.time = max(Clock.time, due)
            yield (age := Clock.time - self.published)
            self.received[stack] += 1
            hidden[:] = [queue["Properties"]["VisibilityTimeout"]]
            if hear(self.says(self.number(stack), stack), age=age):
                heappush(waiting, (Clock.time + timedelta(seconds=hidden[-1]), stack))
        most = queue["Properties"]["RedrivePolicy"]["maxReceiveCount"]
        assert max(self.received.values()) < most

    def without_answer(self) -> set[str]:
        stacks = {f"{REQUEST}{stack:04}" for stack in range(self.stacks)}
        return stacks - {each["RequestId"] for each in self.cloudformation.answers}


@pytest.mark.parametrize("listed", ["never", "before", "meanwhile"])
def test_a_roll_out_whose_answers_take_long_leaves_no_stack_without_one(
    listed: str,
    admin: Api,
    says: Says,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To accounts that are not in the list yet, or are: a synchronization found them."""
    cloudformation.takes = timedelta(seconds=4)
    published = count_answers_by_the_clock(monkeypatch)
    roll_out = RollOut(40, says, cloudformation, published)
    lists_after = {"before": timedelta(), "meanwhile": timedelta(minutes=3)}.get(listed)

    for age in roll_out.heard():
        if lists_after is not None and age >= lists_after:
            roll_out.list_accounts(admin)
            lists_after = None

    assert roll_out.without_answer() == set()
    assert Clock.time - published < OTHERS_ANSWERED_WITHIN


def test_stacks_of_listed_accounts_are_answered_once_s3_takes_answers_again(
    admin: Api, says: Says, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then what they said was followed, and their messages are no longer early."""
    cloudformation.takes = timedelta(seconds=ANSWER_SECONDS)
    cloudformation.refuses_with = NotDelivered("no host", None)
    published = count_answers_by_the_clock(monkeypatch)
    roll_out = RollOut(10, says, cloudformation, published)
    roll_out.list_accounts(admin)

    for age in roll_out.heard():
        if age > timedelta(seconds=205):
            cloudformation.refuses_with, cloudformation.takes = None, timedelta()

    assert roll_out.without_answer() == set()
    assert Clock.time - published < ANSWER_TRIED_FOR


def test_a_flood_hides_few_messages_of_its_organization() -> None:
    """A queue that hides too many hands out none."""
    answers, now = Answers(), Clock.time
    sent_at = now - STRANGERS_ANSWERED_WITHIN

    waits = [answers.wait(ORGANIZATION_ID, sent_at, now) for _ in range(1000)]

    hidden = [each for each in waits if each]
    assert len(hidden) <= OTHERS_ANSWERED_WITHIN / OWN_TURNS_APART
    assert max(hidden) <= OTHERS_ANSWERED_WITHIN.total_seconds()
    assert answers.wait("other", sent_at, now), "others have turns of their own"
    processes, hides = 24, 120_000
    assert processes * 2 * (OTHERS_ANSWERED_WITHIN / TURNS_APART) < hides


def test_a_flood_with_another_customers_external_id_keeps_nobody_waiting_for_its_answers(
    admin: Api,
    other_admin: Api,
    says: Says,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the flooding customer's own, and each answer takes as long as one may."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    theirs = other_admin.get("/v1/organization").json["external_id"]
    cloudformation.takes = timedelta(seconds=ANSWER_SECONDS)
    published = count_answers_by_the_clock(monkeypatch)

    for request in range(100):
        number = f"5{request:011}"
        assert hear(says(number, request, theirs), age=Clock.time - published) in (0, 1)
    waited = Clock.time - published
    assert hear(says(request=999), age=waited) == 0

    share = timedelta(seconds=SHARED_SECONDS)
    assert waited <= STRANGERS_ANSWERED_WITHIN + share + cloudformation.takes
    assert [each["account_id"] for each in started()] == [account_id]
    assert cloudformation.answers[-1]["RequestId"] == f"{REQUEST}0999"


@pytest.mark.parametrize("requests", [1, OF_AN_ACCOUNT.most], ids=["copies", "each its own"])
def test_a_flood_about_accounts_of_a_customers_own_list_keeps_nobody_waiting_for_its_answers(
    requests: int,
    admin: Api,
    other_admin: Api,
    says: Says,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anybody lists any number. One of them is tested: what is said of it is not followed yet."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    numbers = ["500000000001", "500000000002"]
    listed = [other_admin.account(provider_id=each)["account_id"] for each in numbers]
    tested = {"organization_id": "org-two", "account_id": listed[0], "started_at": Clock.time}
    begin_test(account_of(listed[0], "org-two"), a_verification(**tested))
    theirs = other_admin.get("/v1/organization").json["external_id"]
    cloudformation.takes = timedelta(seconds=ANSWER_SECONDS)
    published = count_answers_by_the_clock(monkeypatch)

    for n in range(2 * OF_AN_ACCOUNT.most):
        hear(says(numbers[n % 2], n // 2 % requests, theirs), age=Clock.time - published)
    waited = Clock.time - published
    assert hear(says(request=999), age=waited) == 0

    share = timedelta(seconds=SHARED_SECONDS + OWN_SECONDS)
    assert waited <= STRANGERS_ANSWERED_WITHIN + share + cloudformation.takes
    assert account_id in {each["account_id"] for each in started()}
    assert cloudformation.answers[-1]["RequestId"] == f"{REQUEST}0999"


def test_a_flood_with_an_external_id_leaves_the_stack_of_a_listed_account_its_late_answer(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """It has one, whether it is followed yet or was. Copies have none, and no turn."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    begin_test(account_of(account_id), a_verification(account_id=account_id, started_at=Clock.time))
    use_up(ORGANIZATION_ID)

    heard = [hear(says(), age=STRANGERS_ANSWERED_WITHIN) for _ in range(2)]
    ends(account_id)
    heard += [hear(says(), age=STRANGERS_ANSWERED_WITHIN) for _ in range(2)]

    assert (heard, len(cloudformation.answers)) == ([1, 1, 0, 0], 1)
    assert [each["account_id"] for each in started()] == [account_id]


def test_a_stack_that_was_answered_early_and_waits_for_a_test_takes_no_turn(
    admin: Api, says: Says, cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.account(provider_id=NUMBER)
    assert hear(says(), age=timedelta(seconds=2)) == 1
    use_up(ORGANIZATION_ID)
    use_up(f"{ORGANIZATION_ID}:listed")

    heard = [hear(says(), age=timedelta(minutes=each)) for each in (3, 29)]

    assert (heard, len(started()), len(cloudformation.answers)) == ([0, 0], 1, 1)
    assert "UnansweredHints" not in capsys.readouterr().out


def test_the_stack_of_a_listed_account_that_found_no_time_for_its_late_answer_has_it_later(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    admin.account(provider_id=NUMBER)
    use_up(ORGANIZATION_ID)
    use_up(f"{ORGANIZATION_ID}:listed")
    assert hear(says(), age=timedelta(minutes=10)) == 1
    assert (cloudformation.hidden, cloudformation.answers) == ([5 * 60], [])
    Clock.time += timedelta(minutes=5)
    use_up(ORGANIZATION_ID)

    assert hear(says(), received=2, age=timedelta(minutes=15)) == 0

    assert len(cloudformation.answers) == 1


def test_old_messages_have_turns_apart_and_young_ones_do_not_wait_behind_them() -> None:
    answers, now = Answers(), Clock.time
    old, young = now - timedelta(minutes=10), now - STRANGERS_ANSWERED_WITHIN

    waits = sorted(answers.wait(ORGANIZATION_ID, old, now) for _ in range(60))

    apart = OWN_TURNS_APART.total_seconds()
    assert [each - waits[0] for each in waits] == [n * apart for n in range(60)]
    assert answers.wait(ORGANIZATION_ID, young, now) == 60


def test_a_stranger_costs_one_read_and_no_call_while_the_queue_is_behind(
    admin: Api, says: Says, cloudformation: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.account(provider_id=NUMBER)
    calls, before = Calls(), stored_items()

    with watched(calls):
        assert hear(says(external=new_external_id()), age=STRANGERS_ANSWERED_WITHIN) == 0

    assert calls.made == ["Query"]
    assert (cloudformation.hosts, stored_items()) == (set(), before)
    assert '"UnansweredHints":[1.0]' in capsys.readouterr().out


def test_too_much_about_one_account_is_not_answered_either_while_the_queue_is_behind(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    for request in range(OF_AN_ACCOUNT.most + 3):
        hear(says(request=request), age=OTHERS_ANSWERED_WITHIN)
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=30)

    assert len(cloudformation.answers) == OF_AN_ACCOUNT.most


@pytest.mark.parametrize("change", ["Create", "Delete"])
def test_a_customers_stack_of_an_account_that_is_not_in_the_list_waits_for_no_flood_to_end(
    change: str, says: Says, cloudformation: CloudFormation
) -> None:
    """It was not added yet, or deleted before its stack."""
    late = OTHERS_ANSWERED_WITHIN - timedelta(minutes=1)

    assert hear(says("100000000001", RequestType=change), age=late) == 0

    assert len(cloudformation.answers) == 1


@pytest.mark.parametrize("status", [None, 500])
def test_an_answer_to_a_stranger_is_tried_once(
    says: Says, cloudformation: CloudFormation, status: int | None
) -> None:
    """Its message would be hidden meanwhile, and a queue hides so many."""
    cloudformation.refuses_with = NotDelivered("no host", status)

    assert hear(says(external=new_external_id())) == 0

    assert len(cloudformation.hosts) == 1


def test_no_message_comes_past_the_limit_by_coming_again(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """Its first delivery was not answered, failed, or found no execution."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    for request in range(OF_AN_ACCOUNT.most):
        hear(says(request=request))
        if account_of(account_id).testing(Clock.time):
            ends(account_id)
        Clock.time += timedelta(seconds=30)

    cloudformation.refuses_with = NotDelivered("no host", None)
    assert hear(says(request=99)) == 1
    cloudformation.refuses_with = None
    assert hear(says(request=99), received=2) == 0
    assert hear(says(request=98), received=3) == 0

    assert len(started()) == OF_AN_ACCOUNT.most


@pytest.mark.parametrize("step", [1, 0], ids=["each its own", "one for all"])
def test_many_accounts_at_once_become_due_for_the_sweep(step: int, admin: Api, says: Says) -> None:
    """Also if somebody gives all the same request ID."""
    numbers = [f"3000000000{n:02}" for n in range(AT_ONCE.most + 3)]
    ids = [admin.account(provider_id=number, name=f"A{number}")["account_id"] for number in numbers]
    for account_id in ids:
        wiring.accounts().changed(
            ORGANIZATION_ID, account_id, lambda found: found.enrolled(None, Clock.time)
        )
    later = Clock.time + timedelta(hours=8)
    Clock.time += timedelta(minutes=1)

    heard = [hear(says(number, request=step * n)) for n, number in enumerate(numbers)]

    assert set(heard) == {0}
    assert len(started()) == AT_ONCE.most
    rest = [account_of(each) for each in ids[AT_ONCE.most :]]
    assert all(each.next_verification_at and each.next_verification_at <= later for each in rest)
    assert not any(each.testing(Clock.time) for each in rest)


def test_the_stack_of_an_enrollment_starts_its_synchronization(admin: Api, says: Says) -> None:
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]

    assert hear(says(MANAGEMENT), age=TRIED_FOR) == 0
    assert hear(says(MANAGEMENT), age=TRIED_FOR) == 0
    assert hear(says(MANAGEMENT, request=2), age=TRIED_FOR) == 0

    assert [each["enrollment_id"] for each in started(SYNCHRONIZATIONS)] == [enrollment]
    assert started() == []


def test_whoever_follows_the_instructions_of_an_enrollment_starts_no_synchronization_by_hand(
    admin: Api, says: Says
) -> None:
    """The form lets the account out."""
    body = {name: value for name, value in NEW.items() if name != "management_account_id"}
    path = f"/v1/enrollments/{admin.post('/v1/enrollments', body).json['enrollment_id']}"
    number = {"management_account_id": MANAGEMENT}
    follow: dict[str, Callable[[], Any]] = {
        "The account of the stack": lambda: admin.patch(path, number),
        "Deploy on AWS": lambda: hear(says(MANAGEMENT), age=TRIED_FOR),
    }

    for step in admin.get(f"{path}/instructions").json["steps"]:
        follow.get(step["title"], lambda: None)()

    assert len(started(SYNCHRONIZATIONS)) == 1


def stored_after(enrollment_id: str, change: Callable[[Enrollment], Enrollment]) -> Enrollment:
    """The enrollment after this change."""
    return wiring.enrollments().changed(ORGANIZATION_ID, enrollment_id, change)


@pytest.mark.parametrize("before", ["waiting", "failed"])
def test_the_stack_of_an_enrollment_is_heard_again_until_it_has_let_cavok_in(
    before: str, admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """AWS may not follow the role yet, and the synchronization that runs may be older than it."""
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    refused = enrolling.refused(stored(enrollment), "AccessDenied: no")
    if before == "failed":
        stored_after(enrollment, lambda each: each.synchronized(Clock.time))
        stored_after(enrollment, lambda each: each.not_synchronized(refused, Clock.time))
        Clock.time += timedelta(hours=1)
    assert stored(enrollment).status == before
    begin(enrollment)

    assert hear(says(MANAGEMENT)) == 1
    assert (cloudformation.hidden, len(started(SYNCHRONIZATIONS))) == ([30], 1)
    stored_after(enrollment, lambda each: each.not_synchronized(refused, Clock.time))
    Clock.time += timedelta(seconds=30)
    assert hear(says(MANAGEMENT), received=2, age=timedelta(seconds=40)) == 1
    assert (cloudformation.hidden, len(started(SYNCHRONIZATIONS))) == ([30, 40], 2)
    stored_after(enrollment, lambda each: each.synchronized(Clock.time))
    Clock.time += timedelta(seconds=40)

    due = stored(enrollment).next_synchronization_at
    assert hear(says(MANAGEMENT), received=3, age=timedelta(seconds=80)) == 0
    assert len(started(SYNCHRONIZATIONS)) == 2
    assert stored(enrollment).next_synchronization_at == due, "it was let in since"


def test_an_enrollment_that_was_synchronized_before_its_role_went_is_so_again(
    admin: Api, says: Says
) -> None:
    """By whoever deletes the stack and presses Synchronize now: the role goes after that."""
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    deletion = says(MANAGEMENT, RequestType="Delete")
    synchronized_at = Clock.time + timedelta(seconds=20)
    stored_after(enrollment, lambda each: each.synchronized(synchronized_at))
    Clock.time += timedelta(minutes=1)

    assert hear(deletion, received=2, age=timedelta(minutes=1)) == 0

    assert stored(enrollment).next_synchronization_at == synchronized_at + NEW_AFTER


def test_an_enrollment_whose_stack_goes_on_late_is_synchronized_after_that_too(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    """CloudFormation deletes the role after our answer, which S3 took minutes later."""
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    stored_after(enrollment, lambda each: each.synchronized(Clock.time))
    Clock.time += timedelta(minutes=20)
    cloudformation.refuses_with = NotDelivered("no", status=500)
    deletion = says(MANAGEMENT, RequestType="Delete")
    assert hear(deletion, received=2, age=timedelta(minutes=1)) == 1
    assert len(started(SYNCHRONIZATIONS)) == 1
    synchronized_at = Clock.time + timedelta(seconds=20)
    stored_after(enrollment, lambda each: each.synchronized(synchronized_at))
    Clock.time += timedelta(minutes=6)
    cloudformation.refuses_with = None

    assert hear(deletion, received=4, age=timedelta(minutes=7)) == 0

    assert len(cloudformation.answers) == 1
    assert stored(enrollment).next_synchronization_at == synchronized_at + NEW_AFTER


@pytest.mark.parametrize("change", ["Create", "Update", "Delete"])
def test_a_flood_in_the_name_of_an_enrollments_stack_keeps_aws_organizations_as_busy_as_others(
    change: str, admin: Api, says: Says
) -> None:
    """A member's owner reads the external ID in its role. AWS shares the rate of these calls."""
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    stored_after(enrollment, lambda each: each.synchronized(Clock.time))

    for request in range(OF_AN_ACCOUNT.most):
        Clock.time += timedelta(minutes=3)
        hear(says(MANAGEMENT, request=request, RequestType=change), age=timedelta(minutes=2))
        stored_after(enrollment, lambda each: each.synchronized(Clock.time) if each.slot else each)

    assert 1 <= len(started(SYNCHRONIZATIONS)) <= timedelta(hours=1) // NEW_AFTER


def test_a_flood_in_the_name_of_a_stack_that_is_not_there_yet_postpones_no_retry(
    admin: Api, says: Says
) -> None:
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    refused = enrolling.refused(stored(enrollment), "AccessDenied: no")

    for request in range(OF_AN_ACCOUNT.most):
        hear(says(MANAGEMENT, request=request))
        stored_after(
            enrollment,
            lambda each: each.not_synchronized(refused, Clock.time) if each.slot else each,
        )

    due = stored(enrollment).next_synchronization_at
    assert due
    assert due - Clock.time <= FIRST_RETRY


@pytest.mark.parametrize(
    ("number", "connected", "listed"),
    [
        (MANAGEMENT, False, False),
        (MANAGEMENT, False, True),
        (MANAGEMENT, True, True),
        ("100000000001", True, False),
    ],
    ids=["its own", "its own, with an account", "of a connected one", "a new member's"],
)
def test_too_much_in_the_name_of_a_stack_has_its_enrollment_synchronized_within_ten_minutes(
    number: str, connected: bool, listed: bool, admin: Api, says: Says
) -> None:
    """Some of it may be the stack's own word. However much it is, it causes one write."""
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    if listed:
        admin.account(provider_id=number)
    stored_after(
        enrollment,
        lambda each: (
            each.synchronized(Clock.time)
            if connected
            else replace(each, next_synchronization_at=None)
        ),
    )
    Clock.time += timedelta(minutes=30)
    for request in range(OF_AN_ACCOUNT.most):
        Hints(wiring.table()).admit(ORGANIZATION_ID, number, f"forged-{request}", Clock.time)
    heard_at, writes = Clock.time, stored(enrollment).writes

    for request in range(5):
        assert hear(says(number, request=request)) == 0
        Clock.time += timedelta(minutes=1)

    assert stored(enrollment).next_synchronization_at == heard_at + NEW_AFTER
    assert (stored(enrollment).writes, started(SYNCHRONIZATIONS)) == (writes + 1, [])


@pytest.mark.parametrize("days", [0, 8])
def test_an_account_whose_new_role_aws_does_not_follow_yet_stays_due(
    days: int, admin: Api, says: Says
) -> None:
    """However long nobody touched it, and however often it was tested."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    wiring.accounts().changed(
        ORGANIZATION_ID,
        account_id,
        lambda found: replace(
            found,
            touched_at=found.touched_at - timedelta(days=days),
            attempts=12,
            next_verification_at=None if days else found.next_verification_at,
        ),
    )

    assert hear(says()) == 0
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    due = account_of(account_id).next_verification_at
    assert due
    assert due - Clock.time <= timedelta(minutes=5)


def test_a_role_is_tested_once_aws_follows_it_and_its_stack_goes_on_at_once(
    admin: Api, says: Says, cloudformation: CloudFormation
) -> None:
    admin.account(provider_id=NUMBER)

    assert hear(says(RequestType="Update"), age=timedelta(seconds=2)) == 1
    assert (len(cloudformation.answers), cloudformation.hidden, started()) == (1, [8], [])
    Clock.time += timedelta(seconds=8)
    assert hear(says(RequestType="Update"), received=2) == 0

    assert len(started()) == 1


def test_a_suspended_member_whose_stack_is_deleted_stays_suspended_and_its_account_says_why(
    admin: Api, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_customers_in(monkeypatch)
    monkeypatch.setenv("CANARY_ROLE_ARN", f"arn:aws:iam::{OURS}:role/canary")
    monkeypatch.setenv("CANARY_EXTERNAL_ID", "cavok-canary")
    monkeypatch.setenv("OWN_ACCOUNT_ID", WORKLOAD)
    organization = InMemoryOrganization()
    organization.member(MANAGEMENT, "Main account")
    organization.member(NUMBER, "Shop")
    enrollment_id = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    synchronize(enrollment_id, organization)
    account_id = accounts_of()[NUMBER].account_id
    hear(says())
    ends(account_id)
    organization.members[NUMBER].state = "SUSPENDED"
    synchronize(enrollment_id, organization)

    assert hear(says(request=2, RequestType="Delete"), received=2, age=timedelta(minutes=2)) == 0
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))

    def totals() -> dict[str, int]:
        found = admin.get(f"/v1/enrollments/{enrollment_id}").json["totals"]
        return {state: count for state, count in found.items() if count}

    shown = admin.get(f"/v1/accounts/{account_id}").json
    assert [each["code"] for each in shown["issues"]] == ["disconnected"]
    assert totals() == {"role_missing": 1, "suspended": 1}
    organization.members[NUMBER].state = "ACTIVE"
    synchronize(enrollment_id, organization)
    assert totals() == {"role_missing": 1, "problem": 1}
    assert wrong_counts() == []


def test_a_flood_about_one_account_postpones_no_answer_and_loses_no_hint(
    admin: Api, says: Says, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All write what was said of the account at once."""
    account_id = admin.account(provider_id=NUMBER)["account_id"]
    with monkeypatch.context() as patched:
        patched.setattr(Hints, "admit", Mock(side_effect=ChangedMeanwhile("too many")))
        assert hear(says()) == 1
        assert (len(cloudformation.answers), started()) == (1, [])
        assert hear(says(), received=2, age=OTHERS_ANSWERED_WITHIN) == 1
        assert len(cloudformation.answers) == 1, "it might be of a flood that fills the queue"

    assert hear(says(), received=3, age=timedelta(minutes=3)) == 0

    assert [each["account_id"] for each in started()] == [account_id]


def test_the_stack_of_a_new_member_starts_a_synchronization_and_a_flood_of_them_one(
    admin: Api, says: Says
) -> None:
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    joined = "100000000001"
    assert hear(says(joined)) == 0, "it waits for its stack"
    wiring.enrollments().changed(
        ORGANIZATION_ID, enrollment, lambda each: each.synchronized(Clock.time)
    )
    assert hear(says(joined, request=2)) == 0, "it has just been synchronized"
    assert started(SYNCHRONIZATIONS) == []
    Clock.time += timedelta(minutes=11)
    before = len(stored_items())
    assert hear(says(joined, request=3, RequestType="Delete")) == 0
    assert (started(SYNCHRONIZATIONS), len(stored_items())) == ([], before)

    for number in range(5):
        assert hear(says(f"10000000000{number}", request=4 + number)) == 0

    assert [each["enrollment_id"] for each in started(SYNCHRONIZATIONS)] == [enrollment]
    assert len(stored_items()) == before + 2, "the synchronization, and the first hint"


def test_new_members_that_speak_too_soon_have_the_next_synchronization_begin_sooner(
    admin: Api, says: Says
) -> None:
    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    ended_at = Clock.time
    done = wiring.enrollments().changed(
        ORGANIZATION_ID, enrollment, lambda each: each.synchronized(ended_at)
    )
    Clock.time += timedelta(minutes=1)

    for number in range(5):
        assert hear(says(f"10000000000{number}", request=number)) == 0

    after = wiring.enrollments().get(ORGANIZATION_ID, enrollment)
    assert after.next_synchronization_at == ended_at + NEW_AFTER
    assert (after.writes, started(SYNCHRONIZATIONS)) == (done.writes + 1, [])


def test_a_hint_that_waits_for_a_running_test_starts_one_synchronization(
    admin: Api, says: Says
) -> None:
    admin.post("/v1/enrollments", NEW)
    account_id = admin.account(provider_id=MANAGEMENT)["account_id"]
    begin_test(account_of(account_id), a_verification(account_id=account_id, started_at=Clock.time))

    heard = []
    for delivery, age in enumerate((0, 20, 40, 500), 1):
        heard.append(hear(says(MANAGEMENT), received=delivery, age=timedelta(seconds=age)))
        Clock.time += timedelta(seconds=20 if age < 40 else 460)

    assert heard == [1, 1, 1, 0]
    assert (len(started()), len(started(SYNCHRONIZATIONS))) == (1, 1)


def test_a_hint_whose_synchronization_fails_tests_its_account_once(
    admin: Api, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.adapters.workflows import SynchronizationWorkflows
    from cavok.domain.errors import SynchronizationNotStarted

    admin.post("/v1/enrollments", NEW)
    account_id = admin.account(provider_id=MANAGEMENT)["account_id"]
    with monkeypatch.context() as patched:
        failing = Mock(side_effect=SynchronizationNotStarted("no"))
        patched.setattr(SynchronizationWorkflows, "start", failing)
        assert hear(says(MANAGEMENT)) == 1
    ends(account_id)

    assert hear(says(MANAGEMENT), received=2, age=TRIED_FOR) == 0
    assert (len(started()), len(started(SYNCHRONIZATIONS))) == (1, 1)

    ended = account_of(account_id).testing(Clock.time)
    assert hear(says(MANAGEMENT, request=2), age=TRIED_FOR) == 0
    assert (ended, len(started())) == (False, 2), "another hint tests it again"


def test_an_old_deletion_that_comes_again_is_not_noted_after_the_role_was_made_anew(
    admin: Api, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes again because its enrollment cannot be synchronized; the role was tested for it."""
    from cavok.adapters.workflows import SynchronizationWorkflows
    from cavok.domain.errors import SynchronizationNotStarted

    admin.post("/v1/enrollments", NEW)
    account_id = admin.account(provider_id=MANAGEMENT)["account_id"]
    hear(says(MANAGEMENT))
    ends(account_id)
    deletion, sent_at = says(MANAGEMENT, request=2, RequestType="Delete"), Clock.time
    failing = Mock(side_effect=SynchronizationNotStarted("no"))
    monkeypatch.setattr(SynchronizationWorkflows, "start", failing)
    Clock.time += timedelta(minutes=1)
    assert hear(deletion, received=2, age=Clock.time - sent_at) == 1
    ends(account_id, entry_refused(account_of(account_id), "AccessDenied", "no", Clock.time))
    Clock.time += timedelta(minutes=3)
    hear(says(MANAGEMENT, request=3))
    ends(account_id)

    Clock.time += timedelta(minutes=11)
    assert hear(deletion, received=3, age=Clock.time - sent_at) == 1

    assert account_of(account_id).stack_deleted_at is None


def test_accounts_that_hints_do_not_test_use_up_no_tests_of_others(admin: Api, says: Says) -> None:
    """They are revoked, or another test holds them."""
    for number in range(AT_ONCE.most):
        made = admin.account(provider_id=f"3000000000{number:02}", name=f"A{number}")["account_id"]
        if number % 2:
            admin.post(f"/v1/accounts/{made}/revoke")
        else:
            begin_test(account_of(made), a_verification(account_id=made, started_at=Clock.time))
    account_id = admin.account(provider_id=NUMBER)["account_id"]

    for number in range(AT_ONCE.most):
        hear(says(f"3000000000{number:02}", request=number))
    assert (started(), hear(says(request=99))) == ([], 0)

    assert [each["account_id"] for each in started()] == [account_id]


def test_a_start_of_a_scheduled_test_that_is_not_answered_is_not_repeated(
    admin: Api, says: Says
) -> None:
    """It might begin two executions of one name: they are EXPRESS."""
    asked = []

    def unanswered(request: Any, **_: Any) -> None:
        asked.append(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    admin.account(provider_id=NUMBER)
    calls = wiring.express_workflows()._sfn.meta.events
    calls.register_first("before-send.sfn.StartExecution", unanswered)
    try:
        assert hear(says()) == 1
    finally:
        calls.unregister("before-send.sfn.StartExecution", unanswered)

    assert len(asked) == 1


def test_an_enrollment_that_is_ended_at_this_moment_is_not_synchronized(
    admin: Api, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.adapters.table.enrollments import Enrollments

    enrollment = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    listed = Enrollments.of_organization

    def list_and_end(self: Enrollments, organization_id: str) -> Any:
        found = list(listed(self, organization_id))
        assert admin.delete(f"/v1/enrollments/{enrollment}").status == 200
        return found

    monkeypatch.setattr(Enrollments, "of_organization", list_and_end)

    assert hear(says(MANAGEMENT)) == 0


def test_nobody_says_in_which_account_an_enrollment_is_but_a_person(admin: Api, says: Says) -> None:
    """A stranger would have the customer read another AWS Organization."""
    body = {name: value for name, value in NEW.items() if name != "management_account_id"}
    admin.post("/v1/enrollments", body)
    before = stored_items()

    assert hear(says("666666666666")) == 0

    assert (started(SYNCHRONIZATIONS), stored_items()) == ([], before)


def test_a_test_that_could_not_start_is_started_by_the_next_delivery(
    admin: Api, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.adapters.workflows import Workflows
    from cavok.domain.errors import VerificationNotStarted

    account_id = admin.account(provider_id=NUMBER)["account_id"]
    with monkeypatch.context() as patched:

        def refuse(*_: Any) -> None:
            raise VerificationNotStarted("no")

        patched.setattr(Workflows, "start", refuse)
        assert hear(says()) == 1
    assert not account_of(account_id).testing(Clock.time)

    assert hear(says(), received=2) == 0

    assert [each["account_id"] for each in started()] == [account_id]
