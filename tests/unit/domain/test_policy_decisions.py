"""What a role's policies say about a call on one resource."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import permissions
from cavok.domain.policy_evaluation import (
    MAX_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    Decision,
    Request,
    evaluate,
    learn_from_success,
    request_on,
)
from tests.support.generated_policies import Case, cases

NUMBER = "123456789012"
ROLE_ARN = f"arn:aws:iam::{NUMBER}:role/CavokCloud"
DATABASE = f"arn:aws:rds:us-east-1:{NUMBER}:db:dev-orders"
INSTANCE = f"arn:aws:ec2:us-east-1:{NUMBER}:instance/i-0123456789abcdef0"
STOP = request_on("rds:StopDBInstance", DATABASE, {"env": "dev"}, ROLE_ARN)

ALLOWED, DENIED = Decision.ALLOWED, Decision.DENIED
NOT_ALLOWED, UNKNOWN = Decision.NOT_ALLOWED, Decision.UNKNOWN


def policy(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def allow(**but: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": "*"} | but
    return {name: value for name, value in made.items() if value is not None}


def deny(**but: Any) -> dict[str, Any]:
    return allow(Effect="Deny", **but)


def decision(*statements: Any, request: Request | None = None) -> Decision:
    """Of the role's stop of the database, if no request is given."""
    own = request or request_on("rds:StopDBInstance", DATABASE, {"env": "dev"}, ROLE_ARN)
    return evaluate([policy(*statements)], own)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow()], ALLOWED),
        ([], NOT_ALLOWED),
        ([allow(Action="rds:StartDBInstance")], NOT_ALLOWED),
        ([allow(), deny()], DENIED),
        ([deny()], DENIED),
        ([allow(), deny(Action="rds:Start*")], ALLOWED),
        ([allow(Resource=f"arn:aws:rds:*:{NUMBER}:db:dev-*")], ALLOWED),
        ([allow(Resource=[DATABASE.replace("dev", "prod"), DATABASE])], ALLOWED),
        ([allow(Resource="arn:aws:rds:*:*:db:prod-*")], NOT_ALLOWED),
        ([allow(), deny(Resource="arn:aws:rds:*:*:db:dev-*")], DENIED),
        ([allow(Resource=None, NotResource="arn:aws:rds:*:*:db:prod-*")], ALLOWED),
        ([allow(Resource=None, NotResource=["arn:aws:rds:*:*:db:d*"])], NOT_ALLOWED),
        ([allow(Action=None, NotAction=["iam:*", "rds:Start*"])], ALLOWED),
        ([allow(Action=None, NotAction="rds:*")], NOT_ALLOWED),
    ],
)
def test_statements_decide_on_one_resource(statements: list[Any], expected: Decision) -> None:
    assert decision(*statements) is expected


CONDITIONS = [
    ({"StringEquals": {"aws:ResourceTag/env": "dev"}}, True),
    ({"StringEquals": {"rds:db-tag/env": "dev"}}, True),
    ({"StringEquals": {"aws:resourcetag/ENV": "prod"}}, False),
    ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, False),
    ({"Null": {"aws:ResourceTag/team": "true"}}, True),
    ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, True),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Cavok*"}}, True),
    ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
    ({"Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"}}, True),
    ({"Null": {"aws:username": "true"}}, True),
    ({"StringEquals": {"ec2:ResourceTag/env": "dev"}}, None),
    ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, None),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, None),
    ({"StringEqualsIfExists": {"aws:PrincipalTag/team": "blue"}}, None),
]


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS)
def test_a_condition_allows_only_if_it_is_certain_and_denies_unless_it_is_not(
    condition: dict[str, Any], holds: bool | None
) -> None:
    allowed = {True: ALLOWED, False: NOT_ALLOWED, None: UNKNOWN}[holds]
    not_denied = {True: DENIED, False: ALLOWED, None: UNKNOWN}[holds]

    assert decision(allow(Condition=condition)) is allowed
    assert decision(allow(), deny(Condition=condition)) is not_denied


def test_all_that_is_known_of_a_call_from_outside() -> None:
    """And no more: what is in neither may hold or not."""
    request = request_on("rds:StopDBInstance", DATABASE, {"env": "dev", "Team": "blue"}, ROLE_ARN)

    assert request == Request(
        "rds:StopDBInstance",
        DATABASE,
        {
            "aws:requestedregion": ("us-east-1",),
            "aws:resourceaccount": (NUMBER,),
            "aws:principalaccount": (NUMBER,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
            "aws:principalarn": (ROLE_ARN,),
            "aws:principaltype": ("AssumedRole",),
            "aws:resourcetag/env": ("dev",),
            "rds:db-tag/env": ("dev",),
            "aws:resourcetag/team": ("blue",),
            "rds:db-tag/team": ("blue",),
        },
        frozenset({"aws:username", "aws:resourcetag/", "rds:db-tag/"}),
    )
    of_a_key = request_on("s3:GetObject", f"arn:aws:s3:eu-west-1:{NUMBER}:thing/x", {"a": "b"})
    assert of_a_key.absent == frozenset()
    assert of_a_key.context["aws:requestedregion"] == ("eu-west-1",)
    assert not [
        key for key in of_a_key.context if "tag" in key or key.startswith("aws:principalar")
    ]


@pytest.mark.parametrize(
    ("arn", "family"),
    [
        (INSTANCE, "ec2:ResourceTag"),
        (DATABASE, "rds:db-tag"),
        (DATABASE.replace(":db:", ":cluster:"), "rds:cluster-tag"),
    ],
)
def test_each_kind_of_resource_has_its_own_keys_for_tags(arn: str, family: str) -> None:
    service = arn.split(":")[2]
    for key in (f"{family}/env", "aws:ResourceTag/env"):
        statement = allow(Action="*", Condition={"StringEquals": {key: "dev"}})
        for tags, expected in (({"env": "dev"}, ALLOWED), ({}, NOT_ALLOWED), (None, UNKNOWN)):
            request = request_on(f"{service}:Stop", arn, tags, ROLE_ARN)
            assert decision(statement, request=request) is expected


def test_the_name_of_a_family_of_tags_is_no_tag() -> None:
    assert STOP.values("aws:ResourceTag/other") == ()
    assert STOP.values("aws:ResourceTag") is None


def test_a_variable_of_several_values_is_unknown() -> None:
    request = replace(STOP, context={**STOP.context, "aws:calledvia": ("db", "other")})
    named = f"arn:aws:rds:*:{NUMBER}:${{aws:CalledVia}}:dev-orders"

    assert request.variable("aws:CalledVia", None) is None
    assert request.variable("aws:CalledVia", "db") is None
    assert decision(allow(Resource=named), request=request) is UNKNOWN


def test_two_tags_that_differ_in_case_only_are_unknown() -> None:
    request = request_on("rds:StopDBInstance", DATABASE, {"env": "dev", "Env": "prod"}, ROLE_ARN)
    statement = allow(Condition={"StringEquals": {"aws:ResourceTag/env": "dev"}})

    assert decision(statement, request=request) is UNKNOWN


def test_of_an_access_key_the_principal_is_not_known() -> None:
    request = request_on("rds:StopDBInstance", DATABASE, {}, None)
    for condition in (
        {"ArnLike": {"aws:PrincipalArn": "*"}},
        {"Null": {"aws:username": "true"}},
        {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    ):
        assert decision(allow(Condition=condition), request=request) is UNKNOWN


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        ("arn:aws:rds:*:*:db:${aws:ResourceTag/env}-orders", True),
        ("arn:aws:rds:*:*:db:${aws:ResourceTag/team, 'dev'}-orders", True),
        ("arn:aws:rds:*:*:db:${aws:ResourceTag/team}-orders", None),
        ("arn:aws:rds:*:*:db:${aws:PrincipalTag/team}-orders", None),
        # Only the part after the fifth colon has variables.
        ("arn:aws:rds:${aws:RequestedRegion}:*:db:dev-orders", None),
        ("arn:aws:rds:us-west-2:${aws:PrincipalAccount}:db:dev-orders", None),
        # AWS calls a wildcard in the resource type incorrect.
        ("arn:aws:rds:*:*:d?:dev-orders", None),
        ("arn:aws:rds:*:*:db*", None),
        ("arn:aws:rds:*:*:*:dev-orders", None),
        ("arn:aws:rds:*:*:${aws:ResourceTag/team, 'db'}:dev-orders", None),
        ("arn:aws:rds:*:*:c*:dev-orders", False),
        ("arn:aws:rds:*:*:*", True),
        ("arn:aws:rds:*", True),
        ("arn:aws:ec2:*", None),
        ("arn:aws:rds*:123456789012:db:*", None),
        ("arn:aws:rds:us-east-1:123456789012:db:DEV-orders", False),
    ],
)
def test_a_resource_is_named_certainly_or_not_at_all_or_it_is_unknown(
    resource: str, names: bool | None
) -> None:
    allowed = {True: ALLOWED, False: NOT_ALLOWED, None: UNKNOWN}[names]
    inverted = {True: NOT_ALLOWED, False: ALLOWED, None: UNKNOWN}[names]

    assert decision(allow(Resource=resource)) is allowed
    assert decision(allow(Resource=None, NotResource=resource)) is inverted


def test_an_old_document_names_nothing_by_what_would_be_a_variable_elsewhere() -> None:
    named = allow(Resource="arn:aws:rds:*:${aws:PrincipalAccount}:db:*")

    assert evaluate([policy(named)], STOP) is UNKNOWN
    assert evaluate([policy(named, version="2008-10-17")], STOP) is NOT_ALLOWED


def test_an_old_document_has_no_variables() -> None:
    statement = allow(Resource="arn:aws:rds:*:*:db:${aws:ResourceTag/env}-orders")

    assert evaluate([policy(statement, version="2008-10-17")], STOP) is NOT_ALLOWED
    assert evaluate([{"Statement": statement}], STOP) is NOT_ALLOWED


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("RDS:stopdbinstance", ALLOWED),
        ("rds:*", ALLOWED),
        ("rds:Stop*", ALLOWED),
        ("rds:*Instance", ALLOWED),
        ("rds:St?pDBInstance", ALLOWED),
        ("*", ALLOWED),
        (["ec2:*", "rds:StopDBInstance"], ALLOWED),
        ("rds:StopDBInstances", NOT_ALLOWED),
        ("rds:StopDBInstanc", NOT_ALLOWED),
        ("rds:Stop?", NOT_ALLOWED),
        ("rds.StopDBInstance", NOT_ALLOWED),
        ("rds:.topDBInstance", NOT_ALLOWED),
    ],
)
def test_an_action_is_named_by_wildcards_and_in_any_case(action: Any, expected: Decision) -> None:
    assert decision(allow(Action=action)) is expected


ANYWHERE = Request("rds:StopDBInstance")
"""On which database is not known."""


@pytest.mark.parametrize(
    "limit",
    [
        {"Resource": DATABASE},
        {"Resource": ["arn:aws:rds:*:*:db:*"]},
        {"Resource": None, "NotResource": DATABASE},
        {"Condition": {"StringEquals": {"aws:ResourceTag/env": "dev"}}},
    ],
)
def test_what_holds_for_some_resources_is_unknown_while_the_resource_is(
    limit: dict[str, Any],
) -> None:
    assert decision(allow(**limit), request=ANYWHERE) is UNKNOWN
    assert decision(allow(), deny(**limit), request=ANYWHERE) is UNKNOWN


def test_a_star_among_other_resources_is_all_of_them() -> None:
    assert decision(allow(Resource=["arn:aws:s3:::b", "*"]), request=ANYWHERE) is ALLOWED


@pytest.mark.parametrize("action", [a for g in permissions.GRANTED_GROUPS for a in g.actions])
def test_the_policy_of_access_details_allows_each_action_it_names(action: str) -> None:
    statements = [s | {"Resource": "*"} for s in permissions.policy_document()["Statement"]]

    assert decision(*statements, request=Request(action)) is ALLOWED


def test_a_call_that_names_no_resource_needs_a_star() -> None:
    describe = Request("ec2:DescribeInstances", "*")

    assert decision(allow(Action="ec2:*"), request=describe) is ALLOWED
    assert decision(allow(Action="ec2:*", Resource=INSTANCE), request=describe) is NOT_ALLOWED


def test_what_is_unknown_gives_way_to_a_certain_deny_and_to_nothing_else() -> None:
    unknown = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

    assert decision(allow(Condition=unknown), deny()) is DENIED
    assert decision(allow(Condition=unknown), allow()) is ALLOWED
    assert decision(deny(Condition=unknown)) is NOT_ALLOWED


MALFORMED: list[Any] = [
    None,
    [],
    "Allow everything",
    {"Version": "2026-01-01", "Statement": allow()},
    {"Statement": None},
    {"Statement": [None]},
    {"Statement": [[]]},
    {"Statement": allow(), "Extra": 1},
    policy(allow(Extra=1)),
    policy(allow(Principal="*")),
    policy(allow(Effect="allow")),
    policy(allow(Action=None)),
    policy(allow(NotAction="*")),
    policy(allow(Resource=None)),
    policy(allow(NotResource="*")),
    policy(allow(Action=[])),
    policy(allow(Action=[1])),
    policy(allow(Resource={})),
    policy(allow(Condition=[])),
]


@pytest.mark.parametrize("document", MALFORMED)
def test_a_malformed_document_may_allow_and_may_deny(document: Any) -> None:
    assert evaluate([document], STOP) is UNKNOWN
    assert evaluate([document, policy(allow())], STOP) is UNKNOWN or "Condition" in str(document)
    assert evaluate([document, policy(deny())], STOP) is DENIED


def sized(characters: int) -> dict[str, Any]:
    """A policy that allows the call, of so many characters as compact JSON."""
    bare = policy(allow(Sid=""))
    return policy(allow(Sid="x" * (characters - len(json.dumps(bare, separators=(",", ":"))))))


def test_every_element_of_a_document_is_known() -> None:
    document = policy(allow(Sid="A", Condition={})) | {"Id": "own"}

    assert evaluate([document], STOP) is ALLOWED


def test_a_letter_counts_once_whatever_its_bytes() -> None:
    """As IAM counts."""
    umlauts = allow(Resource=[DATABASE, "ü" * (MAX_CHARACTERS - 400)])

    assert decision(umlauts) is ALLOWED


def test_a_document_nested_deeper_than_can_be_written_is_unknown() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]

    assert evaluate([policy(allow()) | {"Id": nested}], STOP) is UNKNOWN


def test_a_policy_longer_than_iam_stores_is_unknown() -> None:
    assert evaluate([sized(MAX_CHARACTERS)], STOP) is ALLOWED
    assert evaluate([sized(MAX_CHARACTERS + 1)], STOP) is UNKNOWN


def test_policies_beyond_what_a_role_can_have_are_not_read() -> None:
    most = [sized(MAX_CHARACTERS // 4)] * 4
    read = []

    def documents() -> Iterator[Any]:
        for document in (*most, policy(deny()), policy(deny())):
            read.append(document)
            yield document

    assert evaluate(most, STOP) is ALLOWED
    assert evaluate(documents(), STOP) is UNKNOWN
    assert len(read) == len(most) + 1


class Counted(str):
    """A text that counts how many of its characters are looked at, over all that there are."""

    __slots__ = ()
    looks = 0

    def __iter__(self) -> Iterator[str]:
        for character in super().__iter__():
            Counted.looks += 1
            yield character


CASES = ["".join(letters) for letters in islice(product(*zip("kindly", "KINDLY", strict=True)), 50)]
"""As many tags as AWS accepts, which differ in case only."""


@pytest.mark.parametrize("tags", [["kindly"], CASES])
@pytest.mark.parametrize("operator", ["StringLike", "ForAnyValue:StringLike"])
@pytest.mark.parametrize("pattern", ["*z", "*?z", "v*z"])
def test_the_worst_policies_take_one_look_at_each_character_for_each_pattern(
    pattern: str, operator: str, tags: list[str]
) -> None:
    count = MAX_CHARACTERS // len(f'"{pattern}",') - 40
    condition = {operator: {"aws:ResourceTag/kindly": [pattern] * count}}
    document = policy(deny(Condition=condition))
    assert 0.9 < len(json.dumps(document, separators=(",", ":"))) / MAX_CHARACTERS <= 1
    longest = dict.fromkeys(tags, Counted("v" * MAX_VALUE_CHARACTERS))

    Counted.looks = 0
    evaluate([document], request_on("rds:StopDBInstance", DATABASE, longest, ROLE_ARN))

    assert Counted.looks <= count * MAX_VALUE_CHARACTERS


def test_a_document_that_is_no_json_is_unknown() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]

    assert evaluate([policy(allow(Condition={"Bool": {"x": deep}}))], STOP) is UNKNOWN
    assert evaluate([{"Statement": {1, 2}}], STOP) is UNKNOWN


def test_longer_values_than_aws_has_are_unknown() -> None:
    longest = "x" * MAX_VALUE_CHARACTERS
    tagged = allow(Condition={"StringLike": {"aws:ResourceTag/env": "x*"}})
    named = allow(Resource="arn:aws:rds:*:*:db:*")

    for tag, arn, expected in (
        (longest, DATABASE.ljust(MAX_VALUE_CHARACTERS, "x"), ALLOWED),
        (longest + "x", DATABASE.ljust(MAX_VALUE_CHARACTERS + 1, "x"), UNKNOWN),
    ):
        request = request_on("rds:StopDBInstance", DATABASE, {"env": tag})
        assert decision(tagged, request=request) is expected
        request = request_on("rds:StopDBInstance", arn, {})
        assert decision(named, request=request) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("Version", "Statement", "Effect", "Action", "NotAction", "Resource", "Condition")
            )
            | st.sampled_from(("StringLike", "NumericEquals", "DateEquals", "IpAddress", "Null"))
            | st.sampled_from(("aws:ResourceTag/env", "aws:RequestedRegion"))
            | st.text(max_size=5),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)
VALUES = JSON | st.text("${}*?:,'aws:ResourceTag/env 0123456789-TZ.", max_size=40)
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(("Allow", "Deny")) | JSON, "Action": st.just("*") | VALUES},
    optional={
        "Resource": st.just("*") | VALUES,
        "NotResource": VALUES,
        "Condition": st.dictionaries(
            st.sampled_from([operator for condition, _ in CONDITIONS for operator in condition])
            | st.sampled_from(("NumericLessThan", "DateLessThan", "ForAllValues:ArnLike"))
            | st.text(max_size=10),
            st.dictionaries(
                st.sampled_from(("aws:ResourceTag/env", "aws:RequestedRegion", "x")),
                VALUES | st.lists(VALUES, max_size=2),
                max_size=2,
            )
            | JSON,
            max_size=2,
        ),
    },
)
DOCUMENTS = st.lists(
    JSON | st.fixed_dictionaries({"Version": st.just("2012-10-17"), "Statement": STATEMENTS}),
    max_size=3,
)
TAGS = st.none() | st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=2)


@given(DOCUMENTS, TAGS)
def test_nothing_that_a_customer_stores_raises(
    documents: list[Any], tags: Mapping[str, str] | None
) -> None:
    request = request_on("rds:StopDBInstance", DATABASE, tags, ROLE_ARN)

    assert evaluate(documents, request) in Decision


@given(DOCUMENTS)
def test_to_know_more_never_turns_a_decision_around(documents: list[Any]) -> None:
    known = evaluate(
        documents, request_on("rds:StopDBInstance", DATABASE, {"env": "dev"}, ROLE_ARN)
    )
    less = evaluate(documents, request_on("rds:StopDBInstance", DATABASE, None))

    assert less in (UNKNOWN, known) or (less, known) == (NOT_ALLOWED, DENIED)


@given(DOCUMENTS)
def test_what_a_success_teaches_is_read_as_any_policy(documents: list[Any]) -> None:
    learned = learn_from_success(documents, STOP)

    assert evaluate(learned, STOP) in Decision
    assert evaluate(learned, STOP) is not NOT_ALLOWED or evaluate(documents, STOP) is NOT_ALLOWED


def test_what_a_success_teaches_contradicts_no_evaluator_that_knows_the_whole_request() -> None:
    """The same caller, on another resource of the same kind, with other tags."""
    random, decided, learned_more = Random(7), Counter[Decision](), 0
    for case in cases(2_500, seed=11):
        caller = {k: v for k, v in case.context.items() if not is_of_the_resource(k)}
        if case.resource == "*" or not is_allowed(case):
            continue
        other = replace(case, resource=case.resource[:-2] + random.choice(("s1", "rs", "x0")))
        env = random.choice(("dev", "prod", None))
        other.context = caller | ({"aws:ResourceTag/env": (env,)} if env else {})
        known = evaluate(other.documents, request_of(other))
        partly = request_of(other, hidden=case.hidden)
        learned = learn_from_success(case.documents, request_of(case, hidden=case.hidden))
        guessed = evaluate(learned, partly)

        assert guessed in (UNKNOWN, known) or (guessed, known) == (NOT_ALLOWED, DENIED), (
            case,
            other,
        )
        decided[guessed] += 1
        learned_more += evaluate(case.documents, partly) is UNKNOWN is not guessed
    assert min(decided[decision] for decision in Decision) > 5
    assert learned_more > 5


def is_of_the_resource(key: str) -> bool:
    return "ResourceTag" in key or key.startswith("rds:")


def request_of(case: Case, *, hidden: frozenset[str] = frozenset()) -> Request:
    context = {key.lower(): v for key, v in case.context.items() if key not in hidden}
    absent = frozenset(key.lower() for key in case.keys - hidden - case.context.keys())
    return Request(case.action, case.resource, context, absent)


def is_allowed(case: Case) -> bool:
    return evaluate(case.documents, request_of(case)) is ALLOWED


@given(DOCUMENTS)
def test_a_deny_without_limits_denies_whatever_else_is_stored(documents: list[Any]) -> None:
    assert evaluate([*documents, policy(deny())], STOP) is DENIED


@given(DOCUMENTS)
def test_a_further_allow_takes_nothing_away(documents: list[Any]) -> None:
    before = evaluate(documents, STOP)
    after = evaluate([*documents, policy(allow())], STOP)

    assert (after is DENIED) == (before is DENIED)
    assert after is ALLOWED or before is not ALLOWED
    assert after is not NOT_ALLOWED


@given(DOCUMENTS, st.randoms())
def test_the_order_of_the_policies_does_not_matter(documents: list[Any], random: Any) -> None:
    shuffled = random.sample(documents, len(documents))

    assert evaluate(shuffled, STOP) is evaluate(documents, STOP)
