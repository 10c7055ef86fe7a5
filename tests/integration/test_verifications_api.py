"""Tests over HTTP: starting one at a time, watching it, what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from cavok import wiring
from cavok.api.router import Router
from cavok.domain import permissions
from cavok.domain.accounts import UNKNOWN_CAPABILITIES, Account
from cavok.domain.steps import Step
from cavok.domain.template_versions import current
from cavok.domain.verifications import TIME_LIMIT, Trigger
from cavok.services.finish_verification import VerificationReport, finish_verification
from tests.support.api import Answer, Api, is_problem, walk
from tests.support.builders import (
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_step,
    a_verification,
    denied,
    steps_of,
)
from tests.support.faults import Calls, watched
from tests.support.moto_stack import TABLE, WORKFLOW, Clock, begin_test, client, stored_items


@pytest.fixture
def account(admin: Api) -> dict[str, Any]:
    return admin.account()


def path_of(account: dict[str, Any]) -> str:
    return f"/v1/accounts/{account['account_id']}/verifications"


def executions() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("stepfunctions").list_executions(stateMachineArn=WORKFLOW)[
        "executions"
    ]
    return found


def stored(account: dict[str, Any]) -> Account:
    return wiring.accounts().get(ORGANIZATION_ID, account["account_id"])


@contextmanager
def starting(*, raises: Exception, happens: bool = False) -> Iterator[None]:
    """Step Functions fails, before or after it started an execution."""
    real = wiring.workflows()._sfn.start_execution

    def start(**arguments: Any) -> None:
        if happens:
            real(**arguments)
        raise raises

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(wiring.workflows()._sfn, "start_execution", start)
        yield


def finish(account: dict[str, Any], verification_id: str, *changes: Step, **report: Any) -> None:
    """What the workflow tells when a test went through."""
    event = {
        "organization_id": ORGANIZATION_ID,
        "account_id": account["account_id"],
        "verification_id": verification_id,
        "trigger": "manual",
        "steps": [step.as_dict() for step in steps_of(stored(account), *changes)],
    }
    finish_verification(
        VerificationReport.of_event(event | report),
        verifications=wiring.verifications(),
        resources=wiring.resources,
        now=Clock.time,
    )


def show(verification_id: str, *steps: Step) -> None:
    """As the workflow's functions do while it runs."""
    for step in steps:
        assert wiring.progress().show(verification_id, [step], Clock.time)


def test_pressing_test_starts_one_execution_of_that_name(
    admin: Api, account: dict[str, Any]
) -> None:
    answer = admin.post(path_of(account))

    test = answer.json
    assert answer.status == 202
    assert answer.headers["location"] == f"{path_of(account)}/{test['verification_id']}"
    assert test == {
        "verification_id": test["verification_id"],
        "account_id": account["account_id"],
        "trigger": "manual",
        "state": "running",
        "outcome": None,
        "started_at": test["started_at"],
        "finished_at": None,
        "steps": [],
        "region_health": [],
        "unchanged": None,
        "execution_arn": None,
    }
    (execution,) = executions()
    assert execution["name"] == test["verification_id"]
    assert admin.get(f"/v1/accounts/{account['account_id']}").json["testing"] is True


def test_the_execution_input_holds_only_ids(admin: Api, account: dict[str, Any]) -> None:
    test = admin.post(path_of(account)).json

    (execution,) = executions()
    described = client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {
        "organization_id": ORGANIZATION_ID,
        "account_id": account["account_id"],
        "verification_id": test["verification_id"],
        "trigger": "manual",
        "correlation_id": "AbCdEfGhIAMEVvg=",
    }


def test_a_second_press_returns_the_test_that_runs(admin: Api, account: dict[str, Any]) -> None:
    first = admin.post(path_of(account))
    second = admin.post(path_of(account))

    assert second.status == 202
    assert second.json == first.json
    assert second.headers["location"] == first.headers["location"]
    assert len(executions()) == 1


def test_only_operators_see_the_execution(
    admin: Api, operator: Api, viewer: Api, account: dict[str, Any]
) -> None:
    pressed = operator.post(path_of(account)).json
    path = f"{path_of(account)}/{pressed['verification_id']}"

    (execution,) = executions()
    assert pressed["execution_arn"] == execution["executionArn"]
    assert operator.get(path).json["execution_arn"] == execution["executionArn"]
    assert operator.get(path_of(account)).json["items"][0]["execution_arn"]
    for other in (admin, viewer):
        assert other.get(path).json["execution_arn"] is None
        assert ":execution:" not in other.get(path_of(account)).text


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ExecutionLimitExceeded"}}, "StartExecution"),
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "StartExecution"),
    ],
    ids=str,
)
def test_a_test_that_is_refused_says_so_and_leaves_the_account_free(
    error: Exception, admin: Api, account: dict[str, Any]
) -> None:
    with starting(raises=error):
        answer = admin.post(path_of(account))

    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "2"
    assert admin.get(f"/v1/accounts/{account['account_id']}").json["testing"] is False
    (aborted,) = admin.get(path_of(account)).json["items"]
    assert (aborted["state"], aborted["outcome"]) == ("aborted", None)
    assert admin.post(path_of(account)).status == 202


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://states"),
        ReadTimeoutError(endpoint_url="https://states"),
        ClientError(
            {
                "Error": {"Code": "InternalFailure"},
                "ResponseMetadata": {"HTTPStatusCode": 500},  # type: ignore[typeddict-item]
            },
            "StartExecution",
        ),
        ClientError(
            {
                "Error": {"Code": "ThrottlingException"},
                "ResponseMetadata": {  # type: ignore[typeddict-item]
                    "HTTPStatusCode": 400,
                    "RetryAttempts": 1,
                },
            },
            "StartExecution",
        ),
    ],
    ids=["no connection", "no answer", "500", "throttled after a lost answer"],
)
@pytest.mark.parametrize("happened", [True, False])
def test_a_test_whose_start_is_not_answered_has_one_execution_after_the_next_press(
    error: Exception, happened: bool, admin: Api, account: dict[str, Any]
) -> None:
    with starting(raises=error, happens=happened):
        assert is_problem(admin.post(path_of(account)), 503)

    again = admin.post(path_of(account))

    assert again.status == 202
    assert [each["name"] for each in executions()] == [again.json["verification_id"]]
    assert [each["state"] for each in admin.get(path_of(account)).json["items"]] == ["running"]


def test_an_execution_that_aws_runs_twice_is_recorded_once(
    admin: Api, account: dict[str, Any]
) -> None:
    """EXPRESS ones run at least once. Source: Step Functions Developer Guide, "Execution
    guarantees".
    """
    test = a_verification(
        account_id=account["account_id"], trigger=Trigger.SCHEDULED, started_at=Clock.time
    )
    begin_test(stored(account), test)
    finish(account, test.verification_id, trigger="scheduled")
    once = stored_items()

    refused = {"Error": "EntryRefused", "Cause": '{"errorMessage": "AccessDenied: no"}'}
    finish(account, test.verification_id, trigger="scheduled", failure=refused)

    assert stored_items() == once


def test_a_second_press_that_is_refused_ends_no_test(admin: Api, account: dict[str, Any]) -> None:
    test = admin.post(path_of(account)).json
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution")

    with starting(raises=throttled):
        assert is_problem(admin.post(path_of(account)), 503)

    assert admin.get(f"{path_of(account)}/{test['verification_id']}").json["state"] == "running"


def test_a_press_during_a_scheduled_test_starts_no_execution_beside_it(
    admin: Api, account: dict[str, Any]
) -> None:
    scheduled = a_verification(
        account_id=account["account_id"], trigger=Trigger.SCHEDULED, started_at=Clock.time
    )
    begin_test(stored(account), scheduled)

    answer = admin.post(path_of(account))

    assert (answer.status, answer.json["trigger"]) == (202, "scheduled")
    assert executions() == []


def test_finished_steps_are_seen_while_the_test_runs(admin: Api, account: dict[str, Any]) -> None:
    test = admin.post(path_of(account)).json
    show(test["verification_id"], a_step("rds:StopDBCluster"), a_step("sts:AssumeRole"))

    running = admin.get(f"{path_of(account)}/{test['verification_id']}").json

    assert running["state"] == "running"
    assert [step["step"] for step in running["steps"]] == ["sts:AssumeRole", "rds:StopDBCluster"]
    assert running["steps"][0] == {
        "step": "sts:AssumeRole",
        "group": "trust",
        "verdict": "allowed",
        "ok": True,
        "evidence": "live",
        "reason": None,
        "error_code": None,
        "detail": None,
        "region": None,
        "started_at": "2025-03-01T12:00:00Z",
        "duration_ms": 12,
        "resources": None,
    }


def test_a_finished_test_shows_on_the_account(admin: Api, account: dict[str, Any]) -> None:
    test = admin.post(path_of(account)).json
    finish(account, test["verification_id"])

    seen = admin.get(f"/v1/accounts/{account['account_id']}").json
    finished = admin.get(f"{path_of(account)}/{test['verification_id']}").json

    assert (finished["state"], finished["outcome"]) == ("finished", "confirmed")
    assert [step["step"] for step in finished["steps"]] == list(permissions.STEPS)
    assert (seen["status"], seen["testing"]) == ("confirmed", False)
    assert seen["capabilities"] == dict.fromkeys(UNKNOWN_CAPABILITIES, "full")
    assert seen["verification"] == {
        "verification_id": test["verification_id"],
        "outcome": "confirmed",
        "finished_at": finished["finished_at"],
    }
    assert admin.get("/v1/organization").json["accounts"]["by_status"]["confirmed"] == 1


@pytest.fixture
def found_again(admin: Api, account: dict[str, Any]) -> str:
    """The account's last test, after which two sweeps found nothing new."""
    test = admin.post(path_of(account)).json["verification_id"]
    finish(account, test)
    before = stored(account)
    assert before.verification
    counted = replace(before.verification, unchanged=2, finished_at=Clock.time)
    wiring.accounts().confirm(replace(before, verification=counted), quiet=True)
    return str(test)


def test_the_count_of_the_test_before_is_kept_in_the_transaction_of_the_next(
    admin: Api, account: dict[str, Any], found_again: str
) -> None:
    """A person waits for each call that follows another."""
    path = path_of(account)
    test = admin.post(path).json["verification_id"]

    with watched(Calls()) as calls:
        finish(account, test)

    assert [call for call in calls.made if call not in ("GetItem", "BatchGetItem")] == [
        "TransactWriteItems"
    ]
    assert [each["verification_id"] for each in admin.get(path).json["items"]] == [
        test,
        found_again,
    ]
    assert admin.get(f"{path}/{found_again}").json["unchanged"]["tests"] == 2


def test_a_test_before_that_has_expired_does_not_come_back(
    admin: Api, account: dict[str, Any], found_again: str
) -> None:
    path = path_of(account)
    test = admin.post(path).json["verification_id"]
    key = {"pk": f"ACCOUNT#{account['account_id']}", "sk": f"VERIFICATION#{found_again}"}
    client("dynamodb").delete_item(
        TableName=TABLE, Key={name: {"S": value} for name, value in key.items()}
    )

    finish(account, test)

    assert admin.get(f"{path}/{test}").json["state"] == "finished"
    assert [each["verification_id"] for each in admin.get(path).json["items"]] == [test]


def test_an_account_that_lost_a_permission_says_what_to_do(
    admin: Api, account: dict[str, Any]
) -> None:
    finish(account, admin.post(path_of(account)).json["verification_id"])
    lost = denied(["ec2:StopInstances"])

    finish(account, admin.post(path_of(account)).json["verification_id"], *lost)

    seen = admin.get(f"/v1/accounts/{account['account_id']}").json
    assert seen["status"] == "degraded"
    (issue,) = seen["issues"]
    assert set(issue) == {"code", "message", "remedy", "severity", "fix"}
    assert issue["code"] == "permission_lost"
    assert admin.get("/v1/organization").json["accounts"] == {
        "total": 1,
        "by_status": {"unconfirmed": 0, "confirmed": 0, "degraded": 1, "failed": 0},
        "by_template_version": [{"version": current(), "accounts": 0, "outdated": False}],
    }


@pytest.mark.parametrize(
    "change", [{"role_name": "CavokOther"}, {"regions": ["eu-west-1"]}], ids=str
)
def test_another_way_in_makes_a_confirmed_account_unconfirmed(
    change: dict[str, Any], admin: Api, account: dict[str, Any]
) -> None:
    finish(account, admin.post(path_of(account)).json["verification_id"])

    seen = admin.patch(f"/v1/accounts/{account['account_id']}", change).json

    assert (seen["status"], seen["issues"]) == ("unconfirmed", [])
    assert seen["capabilities"]["ec2"] == "unknown"
    assert admin.get("/v1/organization").json["accounts"]["by_status"]["unconfirmed"] == 1


@pytest.mark.parametrize("change", [{"name": "Renamed"}, {"write_logs": False}], ids=str)
def test_any_other_change_leaves_it_confirmed(
    change: dict[str, Any], admin: Api, account: dict[str, Any]
) -> None:
    finish(account, admin.post(path_of(account)).json["verification_id"])

    assert admin.patch(f"/v1/accounts/{account['account_id']}", change).json["status"] == (
        "confirmed"
    )


def test_a_test_of_the_role_as_it_was_before_decides_nothing(
    admin: Api, account: dict[str, Any]
) -> None:
    test = admin.post(path_of(account)).json
    admin.patch(f"/v1/accounts/{account['account_id']}", {"role_name": "CavokOther"})

    finish(account, test["verification_id"])

    seen = admin.get(f"/v1/accounts/{account['account_id']}").json
    assert (seen["status"], seen["testing"]) == ("unconfirmed", False)
    assert admin.get(f"{path_of(account)}/{test['verification_id']}").json["state"] == "aborted"


def test_a_test_past_its_deadline_is_dead_and_another_may_start(
    admin: Api, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = admin.post(path_of(account)).json
    later = Clock.time + TIME_LIMIT + timedelta(seconds=1)
    monkeypatch.setattr(Router, "now", staticmethod(lambda: later))

    assert admin.get(f"/v1/accounts/{account['account_id']}").json["testing"] is False
    assert admin.get(f"{path_of(account)}/{dead['verification_id']}").json["state"] == "aborted"
    fresh = admin.post(path_of(account)).json

    assert fresh["verification_id"] != dead["verification_id"]
    assert len(executions()) == 2
    finish(account, dead["verification_id"])
    assert stored(account).slot, "the dead test's late word frees nothing"
    assert admin.get(f"/v1/accounts/{account['account_id']}").json["status"] == "unconfirmed"


def test_an_account_deleted_while_its_test_runs_stays_deleted(
    admin: Api, account: dict[str, Any]
) -> None:
    test = admin.post(path_of(account)).json
    report = {
        "organization_id": ORGANIZATION_ID,
        "account_id": account["account_id"],
        "verification_id": test["verification_id"],
        "trigger": "manual",
        "steps": [],
    }
    admin.delete(f"/v1/accounts/{account['account_id']}")

    ended = finish_verification(
        VerificationReport.of_event(report),
        verifications=wiring.verifications(),
        resources=wiring.resources,
        now=Clock.time,
    )

    assert (ended.verification.state, ended.overtaken) == ("aborted", True)
    assert admin.get(f"/v1/accounts/{account['account_id']}").status == 404
    assert admin.get("/v1/organization").json["accounts"]["total"] == 0


def test_tests_come_newest_first_page_by_page(admin: Api, account: dict[str, Any]) -> None:
    made = []
    for _ in range(5):
        made.append(admin.post(path_of(account)).json["verification_id"])
        finish(account, made[-1])

    pages = walk(admin, path_of(account), limit=2)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [test["verification_id"] for page in pages for test in page] == made[::-1]


def test_an_account_that_was_never_tested_has_no_tests(admin: Api, account: dict[str, Any]) -> None:
    assert walk(admin, path_of(account)) == [[]]


@pytest.mark.parametrize("name", [VERIFICATION_ID, "nonsense", "VERIFICATION", "x" * 2000])
def test_a_test_that_does_not_exist_is_not_there(
    name: str, admin: Api, account: dict[str, Any]
) -> None:
    assert is_problem(admin.get(f"{path_of(account)}/{name}"), 404)


def test_a_test_of_another_account_is_not_there(admin: Api, account: dict[str, Any]) -> None:
    other = admin.account(provider_id="999999999999")
    test = admin.post(path_of(other)).json

    assert is_problem(admin.get(f"{path_of(account)}/{test['verification_id']}"), 404)


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": 0}, "limit"), ({"cursor": "x"}, "cursor")], ids=str
)
def test_a_query_that_is_out_of_range_is_named(
    query: dict[str, Any], field: str, admin: Api, account: dict[str, Any]
) -> None:
    answer: Answer = admin.get(path_of(account), **query)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
