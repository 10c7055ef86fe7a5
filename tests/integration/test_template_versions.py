"""A role's version, from the customer's stack to the API: with both kinds of test, and with the
update that the instructions give.
"""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from jsonschema import Draft202012Validator

from cavok import wiring
from cavok.adapters import templates
from cavok.domain import permissions, template_versions
from cavok.domain.accounts import AccessType
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.ids import new_id
from cavok.domain.members import Standing
from cavok.domain.organizations import Organization
from cavok.domain.template_versions import VERSIONS, TemplateVersion
from cavok.domain.verifications import Trigger
from cavok.observability import metrics
from cavok.services import instructions as instructions_service
from cavok.services.sweep import Sweep, SweepDependencies
from local.catalog import template_text
from tests.support.api import Api, Context
from tests.support.asl import Run
from tests.support.builders import (
    ACCOUNT_ID,
    ORGANIZATION_ID,
    a_verification,
    an_account,
)
from tests.support.declared import described_api
from tests.support.enrollments import NEW, a_member, add_member, connected
from tests.support.faults import Calls, watched
from tests.support.moto_stack import REGION, Clock, begin_test, client, items, let_customers_in
from tests.support.state_machines import VERIFY
from tests.support.version_counts import wrong_version_counts

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

SECOND = TemplateVersion(version=2, text="Cavok can do more.", adds=("ec2:RebootInstances",))
PATH = f"/v1/accounts/{ACCOUNT_ID}"
FUNCTIONS = {
    "OpenSession": "open_session",
    "SurveyRegions": "survey_regions",
    "ProbePermission": "probe_permission",
    "WriteCustomerLog": "write_customer_log",
    "RecordVerification": "record_verification",
    "ProbeAccount": "probe_account",
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CANARY_ROLE_ARN", "CANARY_EXTERNAL_ID"):
        monkeypatch.setenv(name, "not used: no customer refuses us")
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    let_customers_in(monkeypatch)
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), Clock.time)
    wiring.accounts().add(an_account(write_logs=False), None)


@pytest.fixture(autouse=True)
def first_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many versions there are by now."""
    monkeypatch.setattr(template_versions, "VERSIONS", VERSIONS[:1])


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """A release with a second version, which `make catalog` has written."""

    def release() -> None:
        monkeypatch.setattr(template_versions, "VERSIONS", (*VERSIONS[:1], SECOND))
        (tmp_path / "role-v9.yaml").write_text(template_text("role"))
        of_enrollments = f"{templates.ENROLLMENT_TEMPLATE}.yaml"
        (tmp_path / of_enrollments).write_text((templates.FILES / of_enrollments).read_text())
        monkeypatch.setattr(templates, "FILES", tmp_path)
        names = {AccessType.ASSUME_ROLE: "role-v9"}
        monkeypatch.setattr(instructions_service, "TEMPLATE_NAMES", names)

    return release


def deploy(admin: Api) -> None:
    """The customer runs the commands of the instructions."""
    client("iam").create_role(RoleName="CavokCloud", AssumeRolePolicyDocument="{}")
    put_policies(admin.get(f"{PATH}/instructions").json["cli"])


def put_policies(commands: str) -> None:
    for command in commands.split("\n\n"):
        if command.startswith("aws iam put-role-policy"):
            given = options(command)
            put(given["--policy-name"], json.loads(given["--policy-document"]))


def role_policies() -> dict[str, Any]:
    iam, role = client("iam"), {"RoleName": "CavokCloud"}
    names = iam.list_role_policies(**role)["PolicyNames"]
    return {n: iam.get_role_policy(PolicyName=n, **role)["PolicyDocument"] for n in names}


def put(name: str, document: Any) -> None:
    client("iam").put_role_policy(
        RoleName="CavokCloud", PolicyName=name, PolicyDocument=json.dumps(document)
    )


def renumber(name: str, sid: str) -> None:
    """Somebody gives the only statement of a policy another Sid."""
    document = role_policies()[name]
    document["Statement"][0]["Sid"] = sid
    put(name, document)


def by_a_person() -> None:
    in_the_workflow(Trigger.MANUAL)


def by_a_schedule_alone() -> None:
    in_the_workflow(Trigger.SCHEDULED)


def in_the_workflow(trigger: Trigger) -> None:
    """The whole workflow: its definition, and its functions as they are deployed."""
    stored = wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID)
    test = a_verification(verification_id=new_id(), trigger=trigger, started_at=Clock.time)
    begin_test(stored, test)

    def call(state: str, _: str, arguments: Any) -> Any:
        app = importlib.import_module(f"functions.{FUNCTIONS[state]}.app")
        return {"Payload": app.handler(json.loads(json.dumps(arguments["Payload"])), Context())}

    given = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "verification_id": test.verification_id,
        "trigger": trigger.value,
        "correlation_id": "c",
    }
    Run({"Execution": {"Input": given}}, call).run(VERIFY, given)


def in_a_sweep() -> None:
    arn = "arn:aws:states:us-east-1:111122223333:execution:reverify-accounts:one"
    ours = SweepDependencies(
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        webhooks=wiring.webhooks(),
        workflows=Mock(running_beside=lambda _: {}),
        testing=wiring.testing_dependencies(),
        clock=lambda: Clock.time,
    )
    swept = Sweep(arn, "one", Clock.time, 0, ours).run(NO_DEADLINE)
    assert (dict(swept.outcomes), swept.failed) == ({"confirmed": 1}, {})


each_test = pytest.mark.parametrize("test", [by_a_person, by_a_schedule_alone, in_a_sweep])


@each_test
def test_a_test_reads_the_version_of_a_deployed_role(admin: Api, test: Callable[[], None]) -> None:
    deploy(admin)
    assert admin.get(PATH).json["template"] is None

    test()

    shown = admin.get(PATH).json
    assert shown["status"] == "confirmed"
    assert shown["template"] == {"version": 1, "current": 1, "outdated": False, "changes": []}
    assert "template_outdated" not in str(shown["issues"])


@each_test
@pytest.mark.parametrize(
    ("sid", "version"),
    [("CavokEc2", 1), ("CavokEc2V999", None), ("CavokEc2V0", None), ("Mine", 1)],
)
def test_a_forged_version_is_not_believed_and_changes_no_verdict(
    admin: Api, test: Callable[[], None], sid: str, version: int | None
) -> None:
    """One without a number is older than the numbers, and one that is not ours says nothing."""
    deploy(admin)
    renumber("CavokEc2", sid)

    test()

    shown = admin.get(PATH).json
    assert (shown["template"] or {}).get("version") == version
    assert (shown["status"], shown["capabilities"]["ec2"]) == ("confirmed", "full")


def test_a_role_made_by_hand_has_a_version_only_if_it_has_our_sids(admin: Api) -> None:
    shown = permissions.policy_document()
    for statement in shown["Statement"]:
        statement.pop("Sid")
    client("iam").create_role(RoleName="CavokCloud", AssumeRolePolicyDocument="{}")
    put("Mine", shown)

    in_a_sweep()

    assert admin.get(PATH).json["template"] is None


def test_a_new_release_makes_the_role_outdated_at_once_and_an_update_makes_it_current(
    admin: Api, released: Callable[[], None]
) -> None:
    deploy(admin)
    by_a_person()
    before = admin.get(PATH)
    assert admin.get(f"{PATH}/instructions").json["update"] is None

    released()

    after = admin.get(PATH)
    assert after.json["template"] == {
        "version": 1,
        "current": 2,
        "outdated": True,
        "changes": [
            {
                "version": 2,
                "text": "Cavok can do more.",
                "adds": ["ec2:RebootInstances"],
                "removes": [],
            }
        ],
    }
    (issue,) = after.json["issues"]
    assert (issue["code"], issue["severity"]) == ("template_outdated", "information")
    assert after.json["status"] == "confirmed"
    assert after.headers["etag"] != before.headers["etag"], "nobody keeps the older answer"
    assert admin.get("/v1/accounts").json["items"] == [after.json]

    guide = admin.get(f"{PATH}/instructions").json
    for body, component in ((after.json, "AccountBody"), (guide, "InstructionsBody")):
        schema = {"$ref": f"#/components/schemas/{component}"} | described_api()
        Draft202012Validator(schema).validate(body)
    assert issue["fix"]["console_url"] == guide["update"]["console_url"]
    put_policies(guide["cli"])
    by_a_schedule_alone()

    updated = admin.get(PATH).json
    assert updated["template"] == {"version": 2, "current": 2, "outdated": False, "changes": []}
    assert updated["issues"] == []
    assert admin.get(f"{PATH}/instructions").json["update"] is None


def test_every_link_to_the_stack_opens_our_region_if_the_account_has_it(
    admin: Api, released: Callable[[], None]
) -> None:
    deploy(admin)
    by_a_person()
    released()
    wiring.accounts().changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda found: replace(found, regions=("eu-west-1", REGION))
    )

    (issue,) = admin.get(PATH).json["issues"]
    guide = admin.get(f"{PATH}/instructions").json

    for link in (
        guide["deploy_on_aws_url"],
        guide["update"]["console_url"],
        issue["fix"]["console_url"],
    ):
        assert link.startswith(f"https://{REGION}.console.aws.amazon.com/")


@each_test
def test_an_organization_sees_how_many_accounts_run_which_version(
    admin: Api, released: Callable[[], None], test: Callable[[], None]
) -> None:
    deploy(admin)
    assert in_use(admin) == [(1, 0, False)]

    test()

    assert in_use(admin) == [(1, 1, False)]
    assert found(admin, 1) == [ACCOUNT_ID]
    released()
    assert in_use(admin) == [(2, 0, False), (1, 1, True)]
    put_policies(admin.get(f"{PATH}/instructions").json["cli"])
    Clock.time += timedelta(days=2)  # due again

    test()

    assert in_use(admin) == [(2, 1, False)]
    assert (found(admin, 1), found(admin, 2)) == ([], [ACCOUNT_ID])
    renumber("CavokEc2", "CavokEc2V999")
    Clock.time += timedelta(days=2)
    test()
    assert in_use(admin) == [(2, 0, False)], "it is not known any more"
    assert found(admin, 2) == []


def test_an_enrollment_has_the_version_of_its_own_account_and_says_how_to_update_all(
    admin: Api, released: Callable[[], None]
) -> None:
    """The one stack makes the role of its own account, and those of the members."""
    deploy(admin)
    account = wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID)
    path = f"/v1/enrollments/{enroll(admin, account.account_number)}"
    by_a_person()
    assert admin.get(path).json["template"] is None, "a role of its own says nothing of the stack"
    enrollment_id = path.rpartition("/")[2]
    wiring.accounts().changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda found: found.enrolled(enrollment_id, Clock.time)
    )
    before = admin.get(path)
    assert before.json["template"] == admin.get(PATH).json["template"]
    assert admin.get(f"{path}/instructions").json["update"] is None

    released()

    after, guide = admin.get(path), admin.get(f"{path}/instructions").json
    assert after.json["template"]["outdated"] is True
    assert after.headers["etag"] != before.headers["etag"]
    assert admin.get("/v1/enrollments").json["items"] == [after.json]
    update = guide["update"]
    for name in ("--stack-name", "--capabilities", "--template-url"):
        assert name in update["cli"]
    assert "UsePreviousValue=true" in update["cli"]
    assert "CavokOrganization" in update["console_url"]
    assert account.account_number in update["steps"][0]["text"]
    for body, component in ((after.json, "EnrollmentBody"), (guide, "EnrollmentInstructionsBody")):
        schema = {"$ref": f"#/components/schemas/{component}"} | described_api()
        Draft202012Validator(schema).validate(body)
    of_the_member = admin.get(f"{PATH}/instructions").json["update"]["steps"]
    assert of_the_member[0]["title"] == "AWS Organization"
    wiring.accounts().changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda found: replace(found, role_name="CavokMine")
    )
    assert admin.get(path).json["template"] is None, "adopted with a role of its own"


def test_an_enrollment_that_excludes_its_own_account_has_a_version_too(admin: Api) -> None:
    """The stack makes the role there whoever is excluded, but the account is no member."""
    deploy(admin)
    by_a_person()
    account = wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID)
    enrollment_id = enroll(admin, account.account_number)
    wiring.enrollments().changed(ORGANIZATION_ID, enrollment_id, connected)

    shown = admin.get(f"/v1/enrollments/{enrollment_id}").json

    assert account.enrollment_id is None
    assert shown["template"] == admin.get(PATH).json["template"]
    wiring.accounts().changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda found: replace(found, role_name="CavokMine")
    )
    assert admin.get(f"/v1/enrollments/{enrollment_id}").json["template"] is None


@pytest.mark.parametrize(
    ("origin", "name", "title"),
    [
        ("alone", "CavokCloud", "CloudFormation"),
        ("added", "CavokOrganization", "In this account"),
        ("adopted", "CavokCloud", "AWS Organization"),
        ("of the stack", "CavokOrganization", "Roles that the stack did not make"),
    ],
)
def test_an_update_is_of_the_stack_that_made_the_role(
    origin: str, name: str, title: str, admin: Api, released: Callable[[], None]
) -> None:
    deploy(admin)
    number = wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID).account_number
    own = number if origin == "of the stack" else "999999999999"
    enrollment_id = enroll(admin, own)
    if origin != "alone":
        enrollment = wiring.enrollments().get(ORGANIZATION_ID, enrollment_id)
        given = None if origin == "adopted" else "Production1"
        member = a_member(enrollment, account_number=number, given_name=given)
        add_member(replace(member, account_id=ACCOUNT_ID, standing=Standing.INCLUDED))
        wiring.accounts().changed(
            ORGANIZATION_ID, ACCOUNT_ID, lambda found: found.enrolled(enrollment_id, Clock.time)
        )
    by_a_person()
    released()

    update = admin.get(f"{PATH}/instructions").json["update"]

    assert f"--stack-name {name} " in update["cli"]
    assert update["console_url"].endswith(f"filteringText={name}")
    kind = "organization" if name == "CavokOrganization" else "role"
    assert f"/{kind}-v" in update["template_url"]
    assert title in [step["title"] for step in update["steps"]]
    text = " ".join(step["text"] for step in update["steps"])
    assert (f"account {own}" in text) is (kind == "organization")
    assert "ReportConnection is No" in text


def test_enrollments_read_the_accounts_of_their_stacks_together(admin: Api) -> None:
    for index in range(3):
        enroll(admin, f"10000000000{index}")
    calls = Calls()

    with watched(calls):
        assert len(admin.get("/v1/enrollments").json["items"]) == 3

    assert calls.made.count("BatchGetItem") == 2, "one of claims, and one of totals"


def enroll(admin: Api, account_number: str) -> str:
    body = NEW | {"management_account_id": account_number, "name": f"Org{account_number}"}
    return str(admin.post("/v1/enrollments", body).json["enrollment_id"])


@pytest.mark.parametrize("end", ["delete", "revoke", "reconnect", "lost"])
def test_an_account_counts_no_longer_once_its_version_is_not_known(admin: Api, end: str) -> None:
    deploy(admin)
    by_a_person()
    assert in_use(admin) == [(1, 1, False)]

    match end:
        case "delete":
            assert admin.delete(PATH).status == 204
        case "revoke":
            assert admin.post(f"{PATH}/revoke").status == 204
        case "reconnect":
            assert admin.patch(PATH, {"role_name": "CavokOther"}).status == 200
        case "lost":
            for name in role_policies():
                client("iam").delete_role_policy(RoleName="CavokCloud", PolicyName=name)
            by_a_person()

    assert in_use(admin) == [(1, 0, False)]
    assert found(admin, 1) == []
    assert list(wrong_version_counts(items())) == []


def in_use(admin: Api) -> list[tuple[int, int, bool]]:
    shown = admin.get("/v1/organization").json["accounts"]["by_template_version"]
    return [(each["version"], each["accounts"], each["outdated"]) for each in shown]


def found(admin: Api, version: int) -> list[str]:
    listed = admin.get("/v1/accounts", template_version=version).json["items"]
    return [account["account_id"] for account in listed]


def options(command: str) -> dict[str, str]:
    words = shlex.split(command)
    return {
        name: value for name, value in zip(words, [*words[1:], ""], strict=True) if "--" in name
    }
