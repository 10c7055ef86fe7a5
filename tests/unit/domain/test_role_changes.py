"""What EventBridge says of a customer's role."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.accounts import Status
from cavok.domain.connection_hints import IN_EFFECT_AFTER, ConnectionHint
from cavok.domain.errors import MalformedHint
from cavok.domain.role_changes import LONGEST_MESSAGE, RoleChange, said_in
from cavok.domain.verifications import TIME_LIMIT
from tests.support.builders import NOW, a_slot, an_account
from tests.support.role_changes import ADA, event_of_iam

REGION = "us-east-1"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


def change(**but: Any) -> RoleChange:
    read = said_in(json.dumps(event_of_iam(**but)), REGION)
    assert isinstance(read, RoleChange)
    return read


def test_an_event_says_whose_role_was_changed_when_and_by_whom() -> None:
    read = change()

    assert (read.account_number, read.role_name, read.at) == ("111122223333", "CavokCloud", NOW)
    assert read.text == (
        "CloudTrail says that the role's trust policy was changed on 2025-03-01 at 12:00 UTC by "
        f"{ADA}."
    )


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("CreateRole", "role was created"),
        ("DeleteRole", "role was deleted"),
        ("PutRolePolicy", "role's policies were changed"),
        ("DeleteRolePolicy", "role's policies were changed"),
        ("AttachRolePolicy", "role's policies were changed"),
        ("DetachRolePolicy", "role's policies were changed"),
        ("PutRolePermissionsBoundary", "role's permissions boundary was changed"),
        ("DeleteRolePermissionsBoundary", "role's permissions boundary was changed"),
    ],
)
def test_each_call_is_told_in_words(call: str, what: str) -> None:
    assert change(eventName=call).what == what


@pytest.mark.parametrize(
    ("identity", "by"),
    [
        ({"arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada@example.com"}, "arn:aws:sts"),
        ({"arn": "arn:aws:iam::111122223333:root"}, "arn:aws:iam::111122223333:root"),
        ({"invokedBy": "cloudformation.amazonaws.com"}, "cloudformation.amazonaws.com"),
        (
            {"invokedBy": "member.org.stacksets.cloudformation.amazonaws.com"},
            "member.org.stacksets.cloudformation.amazonaws.com",
        ),
        ({"invokedBy": "s3.amazonaws.com"}, "s3.amazonaws.com"),
        ({"invokedBy": "a.example/?amazonaws.com"}, "somebody whom"),
        ({"arn": "<script>"}, "somebody whom"),
        ({"arn": "arn:aws:iam::111122223333:user/" + "a" * 301}, "somebody whom"),
        ({"arn": ADA + "\n"}, "somebody whom"),
        (None, "somebody whom"),
    ],
)
def test_nobody_writes_more_than_a_plain_name_into_the_text(identity: Any, by: str) -> None:
    assert f"12:00 UTC by {by}" in change(userIdentity=identity).text


def test_the_account_is_the_one_that_aws_stamps_whatever_the_event_says_of_itself() -> None:
    identity = {"arn": ADA.replace("111122223333", "999988887777"), "accountId": "999988887777"}

    assert change(userIdentity=identity, recipientAccountId="999988887777").account_number == (
        "111122223333"
    )


@pytest.mark.parametrize(
    ("but", "name"),
    [
        ({"eventName": "TagRole"}, "eventName"),
        ({"eventName": ["PutRolePolicy"]}, "eventName"),
        ({"errorCode": "AccessDenied"}, "eventName"),
        ({"eventSource": "ec2.amazonaws.com"}, "detail"),
        ({"requestParameters": None}, "roleName"),
        ({"requestParameters": {"roleName": "a b"}}, "roleName"),
        ({"eventTime": "2025-02-31T12:00:00Z"}, "eventTime"),
        ({"eventTime": 7}, "eventTime"),
    ],
)
def test_what_changed_no_role_is_dropped(but: dict[str, Any], name: str) -> None:
    with pytest.raises(MalformedHint, match=name):
        change(**but)


@pytest.mark.parametrize(
    ("but", "name"),
    [
        ({"source": "cavok.accounts"}, "source"),
        ({"detail-type": "EC2 Instance State-change Notification"}, "source"),
        ({"account": "1111"}, "account"),
        ({"account": None}, "account"),
        ({"id": "i" * 65}, "id"),
        ({"detail": "text"}, "detail"),
        ({"filler": "x" * LONGEST_MESSAGE}, "too long"),
    ],
)
def test_what_is_no_event_of_iam_is_dropped(but: dict[str, Any], name: str) -> None:
    with pytest.raises(MalformedHint, match=name):
        said_in(json.dumps(event_of_iam() | but), REGION)


@given(st.dictionaries(st.sampled_from(sorted(event_of_iam()["detail"])), ANY))
def test_any_event_is_read_or_dropped(but: dict[str, Any]) -> None:
    try:
        read = change(**but)
    except MalformedHint:
        return
    assert len(read.text) < 500
    assert read.text.isprintable()


def test_an_event_that_somebody_publishes_to_the_topic_of_stacks_is_none() -> None:
    """SNS wraps it, so it cannot name an account."""
    wrapped = {"Type": "Notification", "Message": json.dumps(event_of_iam())}

    with pytest.raises(MalformedHint, match="StackId"):
        said_in(json.dumps(wrapped), REGION)


@pytest.mark.parametrize("published", [None, 7, {}, "x" * 20_000])
def test_a_notification_without_a_request_is_dropped(published: Any) -> None:
    with pytest.raises(MalformedHint):
        said_in(json.dumps({"Type": "Notification", "Message": published}), REGION)


@pytest.mark.parametrize("wrap", [True, False], ids=["wrapped", "as older versions sent it"])
def test_a_stacks_request_is_taken_out_of_its_envelope(wrap: bool) -> None:
    request = {
        "RequestType": "Create",
        "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/a/b",
        "RequestId": "r",
        "LogicalResourceId": "CavokConnection",
    }
    text = json.dumps(request)

    message = json.dumps({"Type": "Notification", "Message": text}) if wrap else text
    said = said_in(message, REGION)

    assert isinstance(said, ConnectionHint)
    assert said.account_number == "111122223333"


@pytest.mark.parametrize(("age", "wait"), [(-3600, 10), (0, 10), (9, 1), (10, 0), (3600, 0)])
def test_a_change_is_tested_when_aws_follows_it(age: int, wait: int) -> None:
    assert change().waits(NOW + timedelta(seconds=age)) == timedelta(seconds=wait)


def test_a_running_test_that_began_later_shows_the_change_too() -> None:
    ends = NOW + IN_EFFECT_AFTER + TIME_LIMIT

    assert change().shown_by(replace(a_slot(), expires_at=ends))
    assert not change().shown_by(replace(a_slot(), expires_at=ends - timedelta(seconds=1)))


def test_a_change_is_kept_with_the_account_and_makes_it_due_if_it_must_wait() -> None:
    account = an_account(status=Status.CONFIRMED, next_verification_at=None)

    assert change().noted(account, NOW, due=True).next_verification_at == NOW
    noted = change().noted(account, NOW, due=False)
    assert (noted.role_change, noted.next_verification_at) == (change().text, None)


def test_a_change_beyond_the_limit_is_told_where_the_account_is_written() -> None:
    """The twentieth was somebody else's, perhaps."""
    account = an_account(status=Status.CONFIRMED, next_verification_at=NOW + timedelta(hours=5))
    earlier = change(eventName="PutRolePolicy", eventTime=f"{NOW - timedelta(minutes=1):%FT%TZ}")
    noted = earlier.noted(account, NOW, due=False)

    last = change().noted_too_often(noted, NOW)

    assert (last.role_change, last.heard_at) == (change().text, NOW)
    another = change(eventName="DeleteRole", eventTime=f"{NOW + timedelta(seconds=1):%FT%TZ}")
    assert another.noted_too_often(last, NOW) is last, "a flood writes nothing"


def test_an_older_change_that_arrives_later_is_tested_and_not_told() -> None:
    connected = an_account(status=Status.CONFIRMED, next_verification_at=None)
    newer = change(eventName="PutRolePolicy", eventTime=f"{NOW + timedelta(seconds=1):%FT%TZ}")
    noted = newer.noted(connected, NOW, due=False)

    again = change().noted(noted, NOW, due=True)

    assert (again.role_change, again.next_verification_at) == (newer.text, NOW)
    assert newer.noted(change().noted(connected, NOW, due=False), NOW, due=False) == noted
