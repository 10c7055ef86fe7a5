"""The API keeps to what it says of itself, whatever it is sent."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pytest

from local.customers import CustomerAccount
from local.settings import environment
from local.stack import Stack
from tests.e2e.using import connect_and_use, control
from tests.support import webhook_receiver
from tests.support.connections import connect
from tests.support.http import answer
from tests.support.organizations import Organization, new_organization
from tests.support.webhook_receiver import Receiver

SECONDS = 75
VALID = ("--phases=fuzzing", "--mode=positive", "--max-examples=8")
"""What should work, of every operation; however long that takes."""
ANY = (f"--max-time={SECONDS}", "--max-examples=25")
WEBHOOK = "/v1/organization/webhook"
NEVER_DONE = {
    f"DELETE {WEBHOOK}",  # what is about the webhook needs it
    # An event of usage comes once an account has used 80 % of its free interactions.
    f"POST {WEBHOOK}/deliveries/{{account_id}}/{{period}}/{{percent}}/redeliver",
}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
LEAVE_THE_WEBHOOK = """
[[operations]]
include-operation-id = "put_webhook"
enabled = false
"""
"""Messages to an address where nobody is would wait in the queue for hours."""
KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "not-a-real-one"}


@dataclass(frozen=True)
class Known:
    """What is there: ids by the parameter that names them."""

    kept: list[str]
    """Accounts whose tests, keys and roles change. None of them is connected."""
    keyed: list[str]
    """Those of them that are entered with an access key."""
    deletable: list[str]
    used: list[str]
    """A connected account, whose instances, resources and test are used."""
    tests: list[str]
    instances: list[str]
    resources: list[str]
    deletable_resources: list[str]
    enrollments: list[str]
    deletable_enrollments: list[str]
    synchronizations: list[str]
    bulk: list[str]
    deliveries: list[str]
    receiver: list[str]
    invitations: list[str]
    """Of an account that nothing else is sent to, so that none of them is replaced."""


def prepared(
    organization: Organization, new_place: Callable[[], CustomerAccount], receiver: Receiver
) -> Known:
    admin = organization.admin
    webhook = {"url": receiver.url, "events": ["Account Created", "Account Confirmed"]}
    answer(admin.put(WEBHOOK, json=webhook))
    used = connect_and_use(admin, new_place())
    keyed = [
        connect(admin, new_place(), access_type="access_key", credentials=KEYS) for _ in range(2)
    ]
    kept = [*keyed, *(connect(admin, new_place()) for _ in range(2))]
    database, *instances = used.prepared.db_instance_id, *used.prepared.instance_ids
    receiver.wait_for(lambda one: one.json["type"] == "Account Confirmed", "the connection")
    invited = connect(admin, new_place())
    invitation = answer(admin.post(f"/v1/accounts/{invited.account_id}/invitations"))
    deliveries = answer(admin.get(f"{WEBHOOK}/deliveries"))["items"]
    enrollments = [enroll(admin) for _ in range(6)]
    begun = admin.post(f"/v1/enrollments/{enrollments[0]}/synchronizations")
    bulk = {"action": "test", "selection": {"account_ids": [invited.account_id]}}
    return Known(
        bulk=[answer(admin.post("/v1/accounts/bulk", json=bulk))["operation_id"]],
        enrollments=enrollments[:1],
        deletable_enrollments=enrollments[1:],
        synchronizations=[answer(begun)["synchronization_id"]],
        kept=[account.account_id for account in kept],
        keyed=[account.account_id for account in keyed],
        deletable=[connect(admin, new_place()).account_id for _ in range(10)],
        used=[used.connected.account_id],
        tests=[used.get("verifications")["items"][0]["verification_id"]],
        instances=instances,
        resources=[control(used, "ec2", instances[0])["resource_id"]],
        deletable_resources=[control(used, "rds", database)["resource_id"]],
        deliveries=[delivery["event_id"] for delivery in deliveries],
        receiver=[receiver.url],
        invitations=[invitation["url"].rpartition("/")[2]],
    )


def enroll(admin: httpx.Client) -> str:
    """An enrollment of an AWS Organization whose stack is not there."""
    number = f"9{random.randrange(10**11):011}"
    body = {"name": "Absent", "provider": "aws", "management_account_id": number}
    made = answer(admin.post("/v1/enrollments", json=body | {"write_logs": True}))
    return str(made["enrollment_id"])


def configuration(known: Known, share: float, tags: Sequence[str]) -> str:
    """This share of the requests is about what is there; those that delete have some of their own.
    The webhook is never at the version that its deletion asks for.
    """
    dictionaries = asdict(known) | {
        "kinds": ["ec2"],
        "aurora": ["aurora"],
        "clusters": ["ledger"],
        "regions": ["us-east-1"],
        "stale": ['"0"'],
        "secrets": [KEYS["secret_access_key"]],
        "tags": tags,
        "harmless": ["test"],
    }
    everywhere = {
        "path.account_id": "kept",
        "path.event_id": "deliveries",
        "path.operation_id": "bulk",
        "header.if-match": "tags",
        "header.if-none-match": "stale",
        "header.invitation": "invitations",
        "body.url": "receiver",
    }
    of_used = {
        "path.account_id": "used",
        "path.verification_id": "tests",
        "path.resource_id": "resources",
        "path.kind": "kinds",
        "path.instance_id": "instances",
        "query.region": "regions",
        "body.kind": "aurora",
        "body.instance_id": "clusters",
        "body.region": "regions",
    }
    of_enrollment = {
        "path.enrollment_id": "enrollments",
        "path.synchronization_id": "synchronizations",
    }
    of_keyed = {"path.account_id": "keyed", "body.secret_access_key": "secrets"}
    ended = {"path.enrollment_id": "deletable_enrollments"}
    deleted = {"path.account_id": "used", "path.resource_id": "deletable_resources"}
    values = "\n".join(f"{k} = {{ values = {json.dumps(v)} }}" for k, v in dictionaries.items())
    return "\n".join(
        (
            f"[dictionaries]\n{values}\n[parameters]\n{bound(everywhere, share)}",
            operations('path-regex = "/(instances|resources|verifications/)"', of_used, share),
            operations('operation-id = "delete_resource"', deleted, share),
            operations('operation-id = "delete_account"', {"path.account_id": "deletable"}, share),
            # Others need the accounts that a filter would delete.
            operations('operation-id = "create_bulk_operation"', {"body.action": "harmless"}, 1.0),
            operations('operation-id = "put_credentials"', of_keyed, share),
            operations('path-regex = "/enrollments/"', of_enrollment, share),
            operations('operation-id = "delete_enrollment"', ended, share),
            operations('operation-id = "delete_webhook"', {"header.if-match": "stale"}, 1.0),
        )
    )


def operations(which: str, names: dict[str, str], share: float) -> str:
    return f"[[operations]]\ninclude-{which}\n[operations.parameters]\n{bound(names, share)}"


def bound(names: dict[str, str], share: float) -> str:
    """Parameters that take values of a dictionary."""
    return "\n".join(
        f'"{parameter}" = {{ dictionary = "{dictionary}", probability = {share} }}'
        for parameter, dictionary in names.items()
    )


@pytest.mark.timeout(1800)  # on a machine that takes seconds for an answer
def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    stack: Stack, new_place: Callable[[], CustomerAccount], tmp_path: Path
) -> None:
    wanted = {"200", "201", "202", "204", "404", "409", "412", "422"}
    answers: set[str] = set()
    with (
        new_organization(stack) as organization,
        webhook_receiver.receiver() as receiver,
        ExitStack() as ending,
    ):
        ending.callback(organization.admin.delete, WEBHOOK)
        known = prepared(organization, new_place, receiver)
        (tmp_path / "schemathesis.toml").write_text(configuration(known, 1.0, ["*"]))
        undone, done = operations_of(stack), {}
        for seed in range(1, 6):  # eight valid requests may all have a cursor that nobody gave
            done |= run_schemathesis(
                stack, organization, tmp_path, *VALID, *named(undone), f"--seed={seed}"
            )
            undone -= NEVER_DONE | {one for one in undone if good(done.get(one, set()))}
            if not undone:
                break
        assert not undone, {one: done.get(one) for one in undone}

        (tmp_path / "schemathesis.toml").write_text(
            configuration(known, 0.5, ["*", '"0"', '"1"', 'W/"1"']) + LEAVE_THE_WEBHOOK
        )
        unreached = operations_of(stack) - {f"PUT {WEBHOOK}"}
        for seed in range(8):  # a busy machine needs more than one run to see every answer
            whole = not wanted <= answers
            only = [] if whole else named(unreached)
            seen = run_schemathesis(stack, organization, tmp_path, *ANY, *only, f"--seed={seed}")
            answers |= set().union(*seen.values())
            unreached -= {one for one, statuses in seen.items() if statuses}
            if wanted <= answers and not unreached:
                break

    assert wanted <= answers
    assert not unreached


def operations_of(stack: Stack) -> set[str]:
    paths = httpx.get(f"{stack.api_url}/openapi.json", timeout=60, trust_env=False).json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def named(operations: Collection[str]) -> list[str]:
    return [f"--include-name={one}" for one in operations]


def good(statuses: set[str]) -> bool:
    return any(status.startswith("2") for status in statuses)


def run_schemathesis(
    stack: Stack, organization: Organization, folder: Path, *options: str
) -> dict[str, set[str]]:
    """The status codes that a run saw, by operation. Fails if the API broke one of CHECKS."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{stack.api_url}/openapi.json",
            f"--url={stack.api_url}",
            f"--header=Authorization: {organization.admin.headers['authorization']}",
            f"--checks={','.join(CHECKS)}",
            "--request-timeout=60",  # on a busy machine, ten are not enough
            "--generation-with-security-parameters=false",
            *options,
            "--continue-on-failure",
            "--no-color",
            "--report=ndjson",
            "--report-ndjson-path=report.ndjson",
        ],
        cwd=folder,
        env=environment(stack.emulator_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr[-2000:]
    seen: dict[str, set[str]] = {}
    for line in (folder / "report.ndjson").read_text().splitlines():
        if scenario := json.loads(line).get("ScenarioFinished"):
            found = re.findall(r'"status_code": ?(\d+)', json.dumps(scenario["recorder"]))
            seen.setdefault(scenario["recorder"]["label"], set()).update(found)
    return seen
