"""How issues and the resources of steps are stored."""

import json
from dataclasses import replace

import pytest

from cavok.adapters.table.issues import issue_of, issue_row
from cavok.adapters.table.verifications import pack_steps, unpack_steps
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Fix, Issue, Severity
from cavok.domain.steps import MAX_EXAMPLES, AskedResources, ResourceVerdict, Step, Verdict
from tests.support.builders import an_account, steps_of

ISSUE = Issue("c", "m", "r")


@pytest.mark.parametrize(
    ("issue", "stored"),
    [
        (ISSUE, ["c", "m", "r"]),
        (replace(ISSUE, severity=Severity.INFORMATION), ["c", "m", "r", "information"]),
        (replace(ISSUE, fix=Fix(cli="aws")), ["c", "m", "r", "problem", {"cli": "aws"}]),
        (replace(ISSUE, actions=("s:A", "s:B")), ["c", "m", "r", "problem", {}, ["s:A", "s:B"]]),
    ],
)
def test_an_issue_is_read_as_it_was_stored(issue: Issue, stored: list[object]) -> None:
    assert issue_row(issue) == stored
    assert issue_of(json.loads(json.dumps(stored))) == issue


@pytest.mark.parametrize(
    ("severity", "actions"),
    [("problem", ("ec2:StopInstances", "rds:StopDBCluster")), ("information", ())],
)
def test_an_issue_of_before_there_was_a_field_for_its_actions_has_those_of_its_message(
    severity: str, actions: tuple[str, ...]
) -> None:
    message = "ec2:StopInstances, rds:StopDBCluster are refused for i-1."

    assert issue_of(["instance_refused", message, "Grant it.", severity]).actions == actions


def test_the_resources_of_a_step_are_read_as_they_were_stored() -> None:
    steps = steps_of(an_account())
    verdicts = [
        ResourceVerdict("i-1", "us-east-1", Verdict.ALLOWED),
        ResourceVerdict("i-2", "us-east-1", Verdict.DENIED, Reason.IDENTITY_POLICY),
    ]
    steps[5] = replace(steps[5], verdict=Verdict.PARTIAL, resources=AskedResources.of(verdicts))

    assert unpack_steps(pack_steps(steps) or b"") == tuple(steps)
    assert Step.from_dict(json.loads(json.dumps(steps[5].as_dict()))) == steps[5]


def test_the_refused_resources_are_shown_first() -> None:
    allowed = [ResourceVerdict(f"i-{n}", "us-east-1", Verdict.ALLOWED) for n in range(30)]
    denied = ResourceVerdict("i-denied", "us-east-1", Verdict.DENIED, Reason.EXPLICIT_DENY)

    resources = AskedResources.of([*allowed, denied])

    assert (resources.asked, resources.allowed, resources.denied) == (31, 30, 1)
    assert resources.examples == (denied, *allowed[: MAX_EXAMPLES - 1])
