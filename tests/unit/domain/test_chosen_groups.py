"""What a customer chooses to grant: each form says the same, and no choice breaks a new account."""

from __future__ import annotations

import io
import json
from typing import Any

import hcl2
import pytest

from cavok.domain import instructions, permissions
from cavok.domain.accounts import Account, Outcome
from cavok.domain.chosen_groups import OFFERED, Choice, GroupAccess, choice_of, reading_part
from cavok.domain.errors import InvalidField
from cavok.domain.instructions import Trust
from cavok.domain.issues import find_issues
from cavok.domain.permissions import CHECKING, EC2, ENCRYPTED_VOLUMES, LOGS, RDS, TRUST
from cavok.domain.steps import REFUSALS_WANTED, Verdict
from tests.support.builders import (
    EXTERNAL_ID,
    WORKLOAD,
    a_step,
    an_account,
    an_account_with_keys,
)
from tests.support.customer_templates import granted_by

CAVOK = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
ACCOUNTS = {"role": an_account(), "user": an_account_with_keys()}
CHOICES = (
    "checking,ec2,rds,logs",
    "checking,ec2:read_only,rds,logs",
    "ec2:read_only,rds:read_only",
    "checking,rds",
    "ec2,encrypted_volumes,logs",
    "",
)
each_choice = pytest.mark.parametrize("text", CHOICES)
each_account = pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())


# ---- reading a choice ----------------------------------------------------------------------------


def test_what_is_not_named_is_left_out_and_what_is_required_is_not_counted() -> None:
    choice = choice_of("trust,ec2:read_only,logs")

    assert [choice.of(group) for group in (CHECKING, EC2, RDS, LOGS)] == [
        GroupAccess.NONE,
        GroupAccess.READ_ONLY,
        GroupAccess.NONE,
        GroupAccess.ALL,
    ]
    everything = choice_of(",".join(group.group for group in permissions.GRANTED_GROUPS))
    assert [everything.of(group) for group in permissions.GROUPS if group is not TRUST] == [
        OFFERED.of(group) for group in permissions.GROUPS if group is not TRUST
    ]


@pytest.mark.parametrize("text", ["s3", "ec2:read", "logs:read_only", "ec2,ec2:read_only", " ec2"])
def test_a_choice_that_nobody_can_make_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        choice_of(text)

    assert refused.value.field == "groups"


def test_only_groups_that_look_and_act_can_be_divided() -> None:
    divided = [group for group in permissions.GROUPS if reading_part(group)]

    assert divided == [EC2, RDS]
    reading = reading_part(EC2)
    assert reading
    left_out = {"ec2:StartInstances", "ec2:StopInstances"}
    assert reading.actions == tuple(each for each in EC2.actions if each not in left_out)
    assert reading.statement()["Sid"] == EC2.statement()["Sid"]


# ---- the same in every form ----------------------------------------------------------------------


def granted(account: Account, choice: Choice) -> dict[str, Any]:
    """The policy documents that the choice means, by name."""
    groups = instructions.granted_groups(account, choice)
    return {group.policy_name: permissions.policy_document([group]) for group in groups}


@each_choice
@each_account
def test_a_stack_grants_what_was_chosen(account: Account, text: str) -> None:
    choice = choice_of(text)
    copied = json.loads(instructions.cloudformation_template(account, CAVOK, choice=choice))
    by_link = instructions.stack_parameters(account, CAVOK, choice)

    assert granted_by(copied) == granted(account, choice)
    assert granted_by(instructions.generic_template(account.access_type), **by_link) == granted(
        account, choice
    ), "the link deploys the published template with these parameters"


@each_choice
@each_account
def test_terraform_and_the_commands_grant_what_was_chosen(account: Account, text: str) -> None:
    choice = choice_of(text)
    configuration = instructions.terraform(account, CAVOK, choice=choice)
    commands = instructions.cli(account, CAVOK, choice)

    policies = [
        (block["name"].strip('"'), block.get("count"))
        for resource in hcl2.load(io.StringIO(configuration))["resource"]
        for kinds in resource.values()
        for block in kinds.values()
        if "policy" in block
    ]
    made = [name for name, count in policies if count is None]
    if "default     = true" in configuration:
        made.append(ENCRYPTED_VOLUMES.policy_name)
    run = [
        line.partition("--policy-name ")[2].split()[0]
        for line in commands.splitlines()
        if "--policy-name" in line and not line.startswith("#")
    ]
    assert sorted(made) == sorted(granted(account, choice))
    assert run == list(granted(account, choice))
    acting = {each.action for group in (EC2, RDS) for each in group.permissions} - {
        action for group in instructions.granted_groups(account, choice) for action in group.actions
    }
    assert [action for action in acting if action in configuration or action in commands] == []


@each_choice
def test_texts_for_an_account_that_nobody_added_yet_grant_it_too(text: str) -> None:
    choice = choice_of(text)
    template, configuration = instructions.documents_for_all(choice, WORKLOAD)
    parsed = hcl2.load(io.StringIO(configuration))

    assert granted_by(json.loads(template)) == granted(ACCOUNTS["role"], choice)
    assert "Default" not in json.loads(template)["Parameters"]["ExternalId"]
    assert "external_id" in {name.strip('"') for each in parsed["variable"] for name in each}
    assert '"sts:ExternalId": "${var.external_id}"' in configuration
    assert WORKLOAD in template


def test_logs_stay_off_where_write_logs_is_no() -> None:
    account = an_account(write_logs=False)

    assert "CavokLogs" not in granted(account, choice_of("logs,ec2"))
    assert instructions.stack_parameters(account, CAVOK, choice_of("logs,ec2"))["WriteLogs"] == "No"
    assert "logs" not in {each.group for each in instructions.choice_for(account, OFFERED)}


def test_the_longest_link_with_a_choice_is_shorter_than_any_limit() -> None:
    account = an_account(role_name="Cavok" + "+" * 59, role_path="/+" * 31 + "+/")
    address = f"https://{'b' * 63}.s3.us-east-1.amazonaws.com/connect/{WORKLOAD}/role-v10.yaml"
    choice = choice_of("ec2:read_only,rds:read_only,encrypted_volumes")

    assert len(instructions.deploy_url(account, CAVOK, address, choice)) < 1024


# ---- what a test then says -----------------------------------------------------------------------


def outcome_of(account: Account, choice: Choice) -> tuple[Outcome, list[str]]:
    """The outcome of a test of a role that grants just this, and the codes of its problems."""
    allowed = {
        action for group in instructions.granted_groups(account, choice) for action in group.actions
    } | (set(permissions.TRUST_STEPS) - REFUSALS_WANTED)
    steps = [
        a_step(step, Verdict.ALLOWED if step in allowed else Verdict.DENIED)
        for step in permissions.STEPS
        if account.write_logs or step not in LOGS.actions
    ]
    outcome, issues = find_issues(account, steps)
    return outcome, [issue.code for issue in issues if issue.severity == "problem"]


@each_choice
def test_no_choice_is_a_problem_of_a_new_account(text: str) -> None:
    account = an_account(write_logs="logs" in text)
    choice = choice_of(text)

    assert outcome_of(account, choice) == (Outcome.CONFIRMED, [])
    assert instructions.warnings(account, choice) == ()


def test_what_the_next_test_reports_as_a_problem_is_said_before() -> None:
    account = an_account(proven=frozenset({"ec2:StopInstances", "ec2:DescribeInstances"}))
    choice = choice_of("checking,ec2:read_only,rds")

    lost, logs = instructions.warnings(account, choice)

    assert lost.startswith("A test found ec2:StopInstances allowed before")
    assert logs.startswith("Write logs is Yes")
    assert outcome_of(account, choice) == (
        Outcome.DEGRADED,
        ["permission_lost", "log_writing_refused"],
    )
    assert instructions.warnings(account, OFFERED) == ()


def test_the_trust_is_never_a_matter_of_choice() -> None:
    assert TRUST not in instructions.granted_groups(ACCOUNTS["role"], choice_of("trust"))
    assert instructions.trust_policy(ACCOUNTS["role"], CAVOK) is not None
