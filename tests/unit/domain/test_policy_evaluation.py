"""Predicting a permission from a role's inline policies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import permissions
from cavok.domain.policy_evaluation import Prediction, predict

ACTION = "ec2:StopInstances"
ALLOWED, DENIED, UNKNOWN = Prediction.ALLOWED, Prediction.DENIED, Prediction.UNKNOWN


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = ACTION, **but: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*"} | but


def deny(action: Any = ACTION, **but: Any) -> dict[str, Any]:
    return allow(action, **but) | {"Effect": "Deny"}


@pytest.mark.parametrize(
    "action",
    [
        "ec2:StopInstances",
        "EC2:stopinstances",
        "ec2:*",
        "ec2:Stop*",
        "ec2:*Instances",
        "ec2:St?pInstances",
        "*",
        ["rds:*", "ec2:StopInstances"],
    ],
)
def test_an_allow_that_names_the_action_in_any_way_predicts_allowed(action: Any) -> None:
    assert predict([policy(allow(action))], ACTION) is ALLOWED


@pytest.mark.parametrize(
    "action", ["ec2:StartInstances", "ec2:StopInstance", "ec2:Stop?", "rds:*", "ec2.StopInstances"]
)
def test_an_allow_of_something_else_predicts_nothing(action: str) -> None:
    assert predict([policy(allow(action))], ACTION) is UNKNOWN


def test_a_dot_in_an_action_is_a_dot() -> None:
    assert predict([policy(allow("ec2:.topInstances"))], ACTION) is UNKNOWN


def test_a_statement_may_stand_without_brackets() -> None:
    assert predict([{"Statement": allow()}], ACTION) is ALLOWED


def test_not_action_names_everything_else() -> None:
    without = {"Effect": "Allow", "Resource": "*"}

    assert predict([policy(without | {"NotAction": "iam:*"})], ACTION) is ALLOWED
    assert predict([policy(without | {"NotAction": ["iam:*", "ec2:Stop*"]})], ACTION) is UNKNOWN
    others = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    assert predict([policy(allow(), others)], ACTION) is DENIED


def test_an_explicit_deny_wins_over_any_allow_in_any_policy() -> None:
    assert predict([policy(allow("*")), policy(deny())], ACTION) is DENIED
    assert predict([policy(deny(), allow())], ACTION) is DENIED


CONDITION = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.mark.parametrize(
    "limit",
    [
        CONDITION,
        {"Resource": "arn:aws:ec2:*:*:instance/i-0123456789abcdef0"},
        {"Resource": ["arn:aws:ec2:*:*:instance/*"]},
        {"Resource": None, "NotResource": "arn:aws:ec2:*:*:instance/i-1"},
    ],
)
def test_what_holds_only_sometimes_predicts_nothing(limit: dict[str, Any]) -> None:
    assert predict([policy(allow(**limit))], ACTION) is UNKNOWN
    assert predict([policy(allow(), deny(**limit))], ACTION) is UNKNOWN


def test_a_list_of_resources_that_holds_all_of_them_is_all_of_them() -> None:
    assert predict([policy(allow(Resource=["arn:aws:s3:::b", "*"]))], ACTION) is ALLOWED


@pytest.mark.parametrize("documents", [[], [{}], [{"Statement": []}], [policy(deny("rds:*"))]])
def test_policies_that_do_not_speak_of_the_action_predict_nothing(documents: list[Any]) -> None:
    """Managed policies, which may allow it, cannot be read."""
    assert predict(documents, ACTION) is UNKNOWN


@pytest.mark.parametrize("action", [a for g in permissions.GRANTED_GROUPS for a in g.actions])
def test_the_policy_of_the_instructions_allows_what_it_is_asked_to(action: str) -> None:
    everywhere = {"Resource": "*"}
    statements = [s | everywhere for s in permissions.policy_document()["Statement"]]

    assert predict([policy(*statements)], action) is ALLOWED


PATTERNS = st.text("ec2:StopInstances*?", max_size=20)
STATEMENTS = st.builds(
    lambda effect, names, key, resource, condition: (
        {"Effect": effect, key: names, "Resource": resource} | condition
    ),
    st.sampled_from(["Allow", "Deny"]),
    PATTERNS | st.lists(PATTERNS | st.just(ACTION), max_size=3) | st.just("*"),
    st.sampled_from(["Action", "NotAction"]),
    st.just("*") | st.just(["arn:aws:ec2:*:*:instance/*"]),
    st.just({}) | st.just(CONDITION),
)
DOCUMENTS = st.lists(st.builds(lambda s: policy(*s), st.lists(STATEMENTS, max_size=4)), max_size=3)


@given(DOCUMENTS)
def test_a_deny_without_condition_can_only_make_it_denied(documents: list[Any]) -> None:
    assert predict([*documents, policy(deny())], ACTION) is DENIED


@given(DOCUMENTS)
def test_an_allow_never_turns_a_denial_around(documents: list[Any]) -> None:
    before, after = predict(documents, ACTION), predict([*documents, policy(allow())], ACTION)

    assert after is not UNKNOWN or before is UNKNOWN
    assert (after is DENIED) == (before is DENIED)


@given(DOCUMENTS, st.randoms())
def test_the_order_of_policies_and_statements_does_not_matter(
    documents: list[Any], random: Any
) -> None:
    shuffled = [policy(*random.sample(d["Statement"], len(d["Statement"]))) for d in documents]
    random.shuffle(shuffled)

    assert predict(shuffled, ACTION) is predict(documents, ACTION)
