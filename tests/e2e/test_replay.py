"""Every call of every role, decided again by another simulator, after all other tests.

What the stack did must be allowed there too, and each role must be denied what is another's
business. The emulator may be wrong about IAM in the same way as the template; two are rarely.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from local import calls
from local.calls import Call
from local.stack import Stack
from tests.support.replay import Deployed, Policies, decide

pytestmark = pytest.mark.last


def table(actions: str, *partitions: str) -> set[str]:
    return {f"dynamodb:{action} Table {key}" for action in actions.split() for key in partitions}


def index(*names: str) -> set[str]:
    return {f"dynamodb:Query Table/{name}" for name in names}


ENTERS = {
    "sts:AssumeRole customers",
    # Whom it lets in is left to its trust policy, as with customers.
    "sts:AssumeRole CanaryRole",
    "kms:Decrypt SealingKey account,organization",
}
OPENS_SESSIONS = {"kms:Decrypt SealingKey account,organization,verification"}
SHOWS_PROGRESS = table("PutItem", "PROGRESS")
READS_PROGRESS = table("Query", "PROGRESS")
FAILS_ACCOUNTS = table("PutItem UpdateItem", "ORG")
ENDS_CLOCKS = {"scheduler:DeleteSchedule Clocks"}
SETS_CLOCKS = {"scheduler:CreateSchedule Clocks", "iam:PassRole ClocksRole", *ENDS_CLOCKS}
READS_ACCOUNTS = table("GetItem", "ACCOUNT", "ORG")
WRITES_INTERACTIONS = table("Query PutItem UpdateItem DeleteItem", "ACCOUNT")

MAY: Mapping[str, set[str]] = {
    "AccountsApiRole": {
        *table(
            "GetItem BatchGetItem Query PutItem UpdateItem DeleteItem", "ACCOUNT", "ORG", "WEBHOOK"
        ),
        *READS_PROGRESS,
        *index("by_name", "by_status", "by_template", "by_audited_account", "by_usage", "by_turn"),
        "kms:Encrypt SealingKey account,organization",
        "kms:Encrypt SealingKey organization,webhook",
        "sqs:SendMessage WebhookMessages",
        "states:StartExecution VerifyAccount",
        "states:StartExecution SynchronizeOrganization",
        "s3:PutObject TemplatesBucket",
        "s3:GetObject TemplatesBucket",
    },
    "InstancesApiRole": {
        *READS_ACCOUNTS,
        *READS_PROGRESS,
        *table("BatchGetItem ConditionCheckItem", "ACCOUNT", "ORG"),
        *WRITES_INTERACTIONS,
        *FAILS_ACCOUNTS,
        *SETS_CLOCKS,
        *ENTERS,
        "sqs:SendMessage FiredClocks",
        "states:StartExecution VerifyAccount",
    },
    "OpenSessionRole": {
        *table("GetItem", "ORG"),
        "kms:Encrypt SealingKey account,organization,verification",
        *ENTERS,
    },
    "ProbeAccountRole": {
        *table("GetItem", "ORG"),
        *table("Query", "ACCOUNT"),
        *ENTERS,
    },
    "SurveyRegionsRole": {*table("Query", "ACCOUNT"), *OPENS_SESSIONS, *SHOWS_PROGRESS},
    "ProbePermissionRole": OPENS_SESSIONS | SHOWS_PROGRESS,
    "WriteCustomerLogRole": OPENS_SESSIONS,
    "RecordVerificationRole": table("BatchGetItem Query PutItem UpdateItem", "ACCOUNT", "ORG")
    | READS_PROGRESS
    | {"sqs:SendMessage UnrecordedTests"},
    "VerifyAccountRole": {
        "lambda:InvokeFunction OpenSession",
        "lambda:InvokeFunction SurveyRegions",
        "lambda:InvokeFunction ProbePermission",
        "lambda:InvokeFunction ProbeAccount",
        "lambda:InvokeFunction WriteCustomerLog",
        "lambda:InvokeFunction RecordVerification",
    },
    "ReverifyAccountsRole": {"lambda:InvokeFunction SweepAccounts"},
    "SweepAccountsRole": {
        *index("by_due"),
        *table("GetItem BatchGetItem Query PutItem UpdateItem", "ACCOUNT", "ORG"),
        *READS_PROGRESS,
        *ENTERS,
        "states:StartExecution VerifyAccountExpress",
        "states:StartExecution SynchronizeOrganization",
        "states:ListExecutions ReverifyAccounts",
    },
    "PublishEventsRole": {
        "events:PutEvents Bus cavok.accounts",
        "sqs:SendMessage FollowedActs",
        "sqs:SendMessage BulkOperations",
        "sqs:SendMessage WebhookMessages",
    },
    "RunBulkOperationRole": {
        *table("GetItem BatchGetItem PutItem UpdateItem DeleteItem", "ACCOUNT", "ORG"),
        *table("Query", "ORG"),
        *READS_PROGRESS,
        "states:StartExecution VerifyAccount",
        "sqs:SendMessage BulkOperations",
        "sqs:ChangeMessageVisibility BulkOperations",
    },
    "DeliverWebhookRole": {
        *table("GetItem", "ORG"),
        *table("GetItem PutItem UpdateItem", "WEBHOOK"),
        "kms:Decrypt SealingKey organization,webhook",
        "sqs:ChangeMessageVisibility WebhookRetries",
        "sqs:SendMessage WebhookRetries",
        "sqs:SendMessage UndeliveredWebhooks",
    },
    "LogInteractionsRole": {
        *table("GetItem BatchGetItem PutItem UpdateItem", "ACCOUNT", "ORG"),
        *ENTERS,
    },
    "FollowOutcomeRole": {
        *READS_ACCOUNTS,
        *WRITES_INTERACTIONS,
        *FAILS_ACCOUNTS,
        *ENTERS,
        "sqs:ChangeMessageVisibility FollowedActs",
    },
    "HearConnectionsRole": {
        *index("by_external_id"),
        *index("by_number"),
        *table("GetItem BatchGetItem Query PutItem UpdateItem", "ACCOUNT", "ORG"),
        "states:StartExecution VerifyAccountExpress",
        "states:StartExecution SynchronizeOrganization",
        "sqs:ChangeMessageVisibility ConnectionHints",
    },
    "FollowScheduleRole": {
        *READS_ACCOUNTS,
        *WRITES_INTERACTIONS,
        *FAILS_ACCOUNTS,
        *ENTERS,
        *ENDS_CLOCKS,
        "sqs:ChangeMessageVisibility FiredClocks",
    },
    "ClocksRole": {
        "sqs:SendMessage FiredClocks",
        "sqs:SendMessage UnfollowedSchedules",
        "lambda:InvokeFunction FollowSchedule",
    },
    "EndResourcesRole": {
        *READS_ACCOUNTS,
        *table("Query PutItem UpdateItem DeleteItem", "ACCOUNT"),
        *table("PutItem", "ORG"),
        *ENDS_CLOCKS,
    },
    "SynchronizeOrganizationRole": {"lambda:InvokeFunction ReadOrganization"},
    "ReadOrganizationRole": {
        *table("GetItem BatchGetItem Query PutItem UpdateItem DeleteItem", "ORG"),
        *index("by_name"),
        "sts:AssumeRole customers",
        "sts:AssumeRole CanaryRole",
    },
    "ReconcileClocksRole": {
        *index("by_schedule"),
        *table("GetItem BatchGetItem", "ACCOUNT"),
        *SETS_CLOCKS,
        "scheduler:GetSchedule Clocks",
        "scheduler:ListSchedules",
    },
}
"""The business of each role, besides what AWS does with it as the template says."""


@dataclass(frozen=True)
class Replay:
    """All calls of the stack, and the policies that decide them."""

    deployed: Deployed
    calls: list[Call]
    business: Mapping[str, set[str]]

    def wrongly_decided(self, policies: Policies) -> list[Call]:
        """What the emulator decided otherwise."""
        decided = zip(self.calls, decide(policies, self.calls), strict=True)
        return [call for call, allowed in decided if allowed != call.allowed]

    def wrongly_allowed(self, policies: Policies) -> list[str]:
        """What each role is allowed of the others' business, once a kind."""
        one_of_each = {self.deployed.kinds(call): call for call in self.calls if call.allowed}
        denied = [
            (role, kinds, replace(call, role=role))
            for role in policies
            for kinds, call in one_of_each.items()
            if not kinds <= self.business.get(role, set())
        ]
        assert len(denied) > len(policies)
        decided = decide(policies, [call for _, _, call in denied])
        return [
            f"{role}: {', '.join(kinds)}"
            for (role, kinds, _), allowed in zip(denied, decided, strict=True)
            if allowed
        ]


def _kept(deployed: Deployed, made: list[Call]) -> list[Call]:
    """Without refusals of a kind that the role was allowed at another time: tests take policies of
    our roles away for a while (test_sweep_survives.py), and this is about the deployed ones.
    """

    def kind(call: Call) -> tuple[str, frozenset[str]]:
        return call.role, deployed.kinds(call)

    allowed = {kind(call) for call in made if call.allowed}
    return [call for call in made if call.allowed or kind(call) not in allowed]


@pytest.fixture(scope="module")
def replay(stack: Stack) -> Replay:
    deployed = Deployed(stack)
    made, by_aws = deployed.own(calls.recorded()), deployed.own(deployed.calls_of_aws())
    made = _kept(deployed, made)
    business = {role: {*MAY.get(role, ())} for role in deployed.policies}
    for call in by_aws:
        business[call.role] |= deployed.kinds(call)
    return Replay(deployed, [*made, *deployed.passing_roles(made), *by_aws], business)


@pytest.fixture
def policies(replay: Replay) -> Policies:
    return copy.deepcopy(replay.deployed.policies)


def test_another_simulator_decides_every_call_as_the_emulator_did(
    replay: Replay, policies: Policies
) -> None:
    assert len(replay.calls) > 50
    assert replay.wrongly_decided(policies) == []


def test_a_role_does_nothing_but_its_business(replay: Replay) -> None:
    done = {
        f"{call.role}: {kind}"
        for call in replay.calls
        if call.allowed
        for kind in replay.deployed.kinds(call) - replay.business[call.role]
    }

    assert done == set()


def test_a_role_is_denied_the_business_of_others(replay: Replay, policies: Policies) -> None:
    assert replay.wrongly_allowed(policies) == []


def test_a_missing_permission_is_noticed(replay: Replay, policies: Policies) -> None:
    (document,) = policies["DashboardPageRole"]
    (log,) = (s for s in document["Statement"] if s["Sid"] == "WriteItsLog")
    log["Action"] = ["logs:CreateLogStream"]

    missed = replay.wrongly_decided(policies)

    assert [f"{call.role}: {call.action}" for call in missed] == [
        "DashboardPageRole: logs:PutLogEvents"
    ]


def test_a_permission_that_is_too_broad_is_noticed(replay: Replay, policies: Policies) -> None:
    (document,) = policies["DashboardPageRole"]
    document["Statement"].append(
        {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": "*"}
    )

    assert sorted(replay.wrongly_allowed(policies)) == [
        f"DashboardPageRole: sqs:ReceiveMessage {queue}"
        for queue in (
            "BulkOperations",
            "ConnectionHints",
            "FiredClocks",
            "FollowedActs",
            "InteractionsToLog",
            "WebhookMessages",
            "WebhookRetries",
        )
    ]
