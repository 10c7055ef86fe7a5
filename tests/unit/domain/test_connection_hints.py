"""What customers' stacks say, and what anybody else says in their place."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.connection_hints import (
    ANSWER_TRIED_FOR,
    LONGEST,
    REMEMBERED_FOR,
    ConnectionHint,
    HintedChange,
    HintLimit,
    RecentHints,
    response_address,
)
from cavok.domain.errors import MalformedHint
from cavok.domain.organizations import new_external_id
from cavok.domain.regions import REGIONS
from cavok.services.connection_hints import Answers
from tests.support.builders import NOW
from tests.support.template import resource

STACK = (
    "arn:aws:cloudformation:eu-west-1:111122223333:stack/"
    "StackSet-cavok-0f6a/6d8c3bb0-1c2d-11f0-9a8e-0e5c3f2b1a77"
)
BUCKET = "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com"
ADDRESS = (
    f"{BUCKET}/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack/cavok/6d8c%7CConnection"
    "%7C0c1?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=7200&X-Amz-Signature=0f"
)
MESSAGE: dict[str, Any] = {
    "RequestType": "Create",
    "ServiceToken": "arn:aws:sns:eu-west-1:999988887777:cavok-connections",
    "ResponseURL": ADDRESS,
    "StackId": STACK,
    "RequestId": "0c1f2d3e-5a6b-4c7d-8e9f-001122334455",
    "LogicalResourceId": "Connection",
    "ResourceType": "Custom::CavokConnection",
    "ResourceProperties": {"ExternalId": new_external_id(), "Role": "CavokCloud"},
}


def hint(**but: Any) -> ConnectionHint:
    return ConnectionHint.of_message(json.dumps(MESSAGE | but), "eu-west-1")


@pytest.mark.parametrize("change", list(HintedChange))
def test_a_stack_says_which_account_it_is_in_and_gets_its_answer(change: HintedChange) -> None:
    read = hint(RequestType=change.value, PhysicalResourceId="whatever")

    assert (read.change, read.account_number) == (change, "111122223333")
    assert read.external_id == MESSAGE["ResourceProperties"]["ExternalId"]
    assert read.response_address == ADDRESS
    assert read.response() == {
        "Status": "SUCCESS",
        "RequestId": MESSAGE["RequestId"],
        "StackId": STACK,
        "LogicalResourceId": "Connection",
        "PhysicalResourceId": "cavok-connection-111122223333",
    }


def test_an_update_replaces_nothing_and_an_answer_is_short_enough() -> None:
    """Another physical ID would have CloudFormation delete the resource of the former one."""
    longest = hint(
        StackId=f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{'s' * 128}/{'i' * 64}",
        RequestId="r" * 64,
        LogicalResourceId="L" * 255,
    ).response()

    assert hint().response()["PhysicalResourceId"] == longest["PhysicalResourceId"]
    assert len(json.dumps(longest)) <= 4096


@pytest.mark.parametrize(
    "address",
    [
        f"{BUCKET}/key",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/key",
        "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/key?a=b",
    ],
)
def test_an_answer_goes_to_the_bucket_of_cloudformation_in_the_stacks_region(address: str) -> None:
    assert response_address(address, "eu-west-1") == address
    assert response_address(address, "eu-west-2") is None


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "file:///etc/passwd",
        "https://localhost/",
        ADDRESS.replace("https:", "http:"),
        ADDRESS.replace("https://", "https://cavok@"),
        ADDRESS.replace("https://", "HTTPS://"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com:8443/"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com.attacker.example/"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com@attacker.example/"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com\\@attacker.example/"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com#@attacker.example/"),
        ADDRESS.replace("amazonaws.com/", "amazonaws.com。attacker.example/"),
        ADDRESS.replace("eu-west-1.amazonaws", "eu-west-1.attacker.example#.amazonaws"),
        ADDRESS.replace("-euwest1.s3", "-useast1.s3"),
        ADDRESS.replace("s3.eu-west-1", "s3.us-east-1"),
        ADDRESS.replace("s3.eu-west-1", "s3.eu-west-1.vpce"),
        ADDRESS.replace("cloudformation-custom-resource-response-euwest1", "attackers-bucket"),
        ADDRESS.replace("cloudformation-", "cloudformation-waitcondition."),
        ADDRESS + "\r\nHost: attacker.example",
        ADDRESS + "\n",
        "\t" + ADDRESS,
        ADDRESS + " ",
        ADDRESS + "ü",
        ADDRESS + "#fragment",
        ADDRESS + "a" * LONGEST,
        "",
        None,
        7,
        [ADDRESS],
    ],
)
def test_no_other_address_is_ever_called(address: Any) -> None:
    assert hint(ResponseURL="x").response_address is None
    assert response_address(address, "eu-west-1") is None


@given(st.text(), st.sampled_from(sorted(REGIONS)))
def test_no_text_leads_to_another_host(text: str, region: str) -> None:
    for given_text in (text, BUCKET + text, f"https://{text}.amazonaws.com/", f"{BUCKET}/{text}"):
        found = response_address(given_text, region)

        assert found is None or (region == "eu-west-1" and found.startswith(f"{BUCKET}/"))


@pytest.mark.parametrize(
    ("but", "name"),
    [
        ({"RequestType": "Read"}, "RequestType"),
        ({"RequestType": ["Create"]}, "RequestType"),
        ({"StackId": None}, "StackId"),
        ({"StackId": STACK.replace("111122223333", "1111")}, "StackId"),
        ({"StackId": STACK.replace("111122223333", "١" * 12)}, "StackId"),
        ({"StackId": STACK.replace("arn:aws:", "arn:aws-cn:")}, "StackId"),
        ({"StackId": STACK + "\n"}, "StackId"),
        ({"StackId": STACK.replace("eu-west-1", "ap-southeast-2")}, "region"),
        ({"RequestId": "r" * 65}, "RequestId"),
        ({"LogicalResourceId": "a b"}, "LogicalResourceId"),
        ({"Filler": "x" * LONGEST}, "too long"),
    ],
)
def test_what_is_no_request_of_cloudformation_is_dropped(but: dict[str, Any], name: str) -> None:
    with pytest.raises(MalformedHint, match=name):
        hint(**but)


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '"Create"', "[" * 10_000, "{", "\x00"])
def test_what_is_no_object_is_dropped(text: str) -> None:
    with pytest.raises(MalformedHint):
        ConnectionHint.of_message(text, "eu-west-1")


@pytest.mark.parametrize("external_id", [None, "", "cavok-", "somebody-elses", 7, {"a": 1}])
def test_an_external_id_that_is_not_ours_is_none(external_id: Any) -> None:
    assert hint(ResourceProperties={"ExternalId": external_id}).external_id is None
    assert hint(ResourceProperties=external_id).external_id is None


LOCAL = "http://127.0.0.1:4566/cloudformation-custom-resource-response-euwest1/arn%3Aaws?X-Amz=0f"


def test_only_the_local_stack_answers_on_its_own_machine() -> None:
    assert response_address(LOCAL, "eu-west-1") is None
    assert response_address(LOCAL, "eu-west-1", allow_loopback=True) == LOCAL
    assert response_address(LOCAL, "eu-west-2", allow_loopback=True) is None
    assert hint(ResponseURL=LOCAL).response_address is None


@pytest.mark.parametrize(
    "address",
    [
        LOCAL.replace("127.0.0.1", "169.254.169.254"),
        LOCAL.replace("127.0.0.1", "127.0.0.1@attacker.example"),
        LOCAL.replace("127.0.0.1:4566", "127.0.0.1:4566@attacker.example"),
        LOCAL.replace("/cloudformation-", "/../latest/cloudformation-"),
        LOCAL.replace("custom-resource-response-euwest1", "custom-resource-response-useast1"),
        LOCAL + "\n",
    ],
)
def test_the_local_stack_answers_nowhere_else(address: str) -> None:
    assert response_address(address, "eu-west-1", allow_loopback=True) is None


@pytest.mark.parametrize(
    ("change", "age", "wait"),
    [
        ("Create", 0, 10),
        ("Create", 9, 1),
        ("Create", 10, 0),
        ("Update", 0, 10),
        ("Update", 11, 0),
        ("Delete", 0, 60),
        ("Delete", 59, 1),
        ("Delete", 61, 0),
    ],
)
def test_a_role_is_tested_once_aws_follows_it_or_a_minute_after_its_deletion_was_announced(
    change: str, age: int, wait: int
) -> None:
    waits = hint(RequestType=change).waits(NOW, NOW + timedelta(seconds=age))

    assert waits == timedelta(seconds=wait)


def test_a_request_counts_once_and_no_more_than_a_limit_within_its_time() -> None:
    limit, recent = HintLimit(2, timedelta(minutes=1)), RecentHints(NOW)
    said = []
    for request, seconds in [("a", 0), ("a", 1), ("b", 2), ("c", 3), ("a", 59), ("c", 60)]:
        now = NOW + timedelta(seconds=seconds)
        admission, recent = recent.with_request(request, limit, now)
        said.append(admission.value)

    assert said == ["admitted", "again", "admitted", "too_many", "again", "admitted"]
    assert recent == RecentHints(NOW + timedelta(seconds=60), ("c",))


def test_a_request_that_was_followed_is_repeated_from_then_on() -> None:
    limit, recent = HintLimit(2, timedelta(minutes=1)), RecentHints(NOW)
    _, recent = recent.with_request("a", limit, NOW)
    _, recent = recent.with_request("b", limit, NOW)

    followed = recent.with_followed("a")

    assert followed.with_request("a", limit, NOW) == ("repeated", followed)
    assert followed.with_request("b", limit, NOW) == ("again", followed)


def test_a_request_that_was_followed_stays_so_in_the_next_period() -> None:
    """Its message may come again then, if its answer was not taken."""
    limit, recent = HintLimit(2, timedelta(hours=1)), RecentHints(NOW, ("a", "b"), ("a",))

    admission, after = recent.with_request("a", limit, NOW + timedelta(minutes=61))

    assert admission == "repeated"
    assert after == RecentHints(NOW + timedelta(minutes=61), (), ("a",))


@pytest.mark.parametrize("change", list(HintedChange))
def test_the_queue_gives_up_no_message_that_waits_for_a_test_and_then_for_its_answer(
    change: HintedChange,
) -> None:
    queue, said, now, receives = resource("ConnectionHints"), hint(RequestType=change), NOW, 1
    visibility, answers = timedelta(seconds=queue["VisibilityTimeout"]), Answers()
    while (
        wait := said.waits(NOW, now)
        or said.waits_for_test(NOW, now)
        or (visibility if now - NOW < ANSWER_TRIED_FOR else None)
        or timedelta(seconds=answers.wait("org-one", NOW, now))
    ):
        now, receives = now + wait, receives + 1

    # Errors and throttled invocations count as receives, too.
    assert receives + 3 <= queue["RedrivePolicy"]["maxReceiveCount"]


def test_the_queue_gives_up_a_message_that_nobody_can_follow_after_36_minutes_as_documented() -> (
    None
):
    queue = resource("ConnectionHints")

    visibility = timedelta(seconds=queue["VisibilityTimeout"])
    assert queue["RedrivePolicy"]["maxReceiveCount"] * visibility <= timedelta(minutes=36)
    assert queue["RedrivePolicy"]["maxReceiveCount"] * visibility <= REMEMBERED_FOR


def test_a_clock_that_was_set_back_opens_the_limit_again() -> None:
    recent = RecentHints(NOW + timedelta(hours=3), ("a",))

    assert recent.with_request("b", HintLimit(1, timedelta(hours=1)), NOW)[0] == "admitted"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(MESSAGE)), json_values))
def test_any_message_is_read_or_dropped(but: dict[str, Any]) -> None:
    try:
        read = hint(**but)
    except MalformedHint:
        return
    assert len(json.dumps(read.response())) <= 4096
    assert read.response_address in (None, ADDRESS)
