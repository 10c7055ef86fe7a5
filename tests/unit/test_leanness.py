"""What each function loads before its first event: start-up is a feature, shown by what is in
`sys.modules` and not by a timer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from local.settings import ROOT
from tests.support.page import built

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
EVERYWHERE = {"aws_xray_sdk", "jsonschema", "requests", "cryptography", "moto"}
"""What no function has a use for before its first event."""
HTTP = {"pydantic", "aws_lambda_powertools.event_handler", "cavok.api", "ulid"}
_PROBES, _SESSION = "cavok.adapters.customer.probes", "cavok.adapters.customer.session"
_OF_ROUTES = {
    "cavok.adapters.table.enrollments",
    "cavok.adapters.table.interactions",
    "cavok.adapters.table.verifications",
    "cavok.adapters.table.webhooks",
    "cavok.api.models.accounts",
    "cavok.api.openapi",
    "cavok.api.routes",
    "cavok.domain.instructions",
    "cavok.domain.interactions",
    "cavok.domain.schedules",
    "cavok.domain.survey",
    "cavok.domain.verifications",
    "cavok.services.accounts",
    "cavok.services.enrollments",
    "cavok.services.finish_verification",
    "cavok.services.instances",
    "cavok.services.webhooks",
    "ulid",
}
"""What some routes need. The first request below a module's paths imports it."""
HEAVY = {
    "accounts_api": _OF_ROUTES
    | {
        "boto3",
        "cavok.adapters.customer",
        "cavok.adapters.webhook_client",
        "cavok.domain.events",
        "cavok.domain.kinds",
        "cavok.domain.policy_evaluation",
        "cavok.domain.webhooks",
    },
    "instances_api": _OF_ROUTES | {_PROBES, "cavok.adapters.sealing"},
    "end_resources": HTTP | {"boto3", _SESSION, "aws_lambda_powertools.utilities.batch"},
    "dashboard": HTTP | {"boto3", "botocore", "pynamodb", "cavok", "aws_lambda_powertools"},
    "deliver_webhook": HTTP | {_SESSION},
    "follow_outcome": HTTP | {_PROBES, "cavok.domain.instructions"},
    "follow_schedule": HTTP | {"boto3", _SESSION},
    "hear_connections": HTTP | {_SESSION, _PROBES, "cavok.adapters.sealing"},
    "log_interactions": HTTP | {_PROBES, "cavok.domain.instructions"},
    "open_session": HTTP | {_PROBES, "cavok.domain.instructions"},
    "probe_account": HTTP | {"cavok.domain.instructions"},
    "probe_permission": HTTP | {"pynamodb", "cavok.adapters.table.table", "cavok.domain.accounts"},
    "publish_events": HTTP | {"pynamodb", "cavok.adapters.table.table", _SESSION},
    "reconcile_clocks": HTTP | {_SESSION, "aws_lambda_powertools.utilities.batch"},
    "run_bulk_operation": HTTP | {_SESSION, _PROBES, "cavok.domain.instructions"},
    "sweep_accounts": HTTP | {"cavok.domain.instructions"},
    "read_organization": HTTP
    | {_PROBES, "cavok.domain.instructions", "aws_lambda_powertools.utilities.batch"},
    "survey_regions": HTTP | {_PROBES, "cavok.domain.instructions"},
    "write_customer_log": HTTP
    | {"pynamodb", "cavok.adapters.customer.probes", "cavok.domain.accounts"},
    "record_verification": HTTP | {"boto3", "cavok.adapters.sealing", _SESSION},
}
"""What each function must not load. A new function says here what it can do without."""


PREPARED = {
    "accounts_api": {"dynamodb"},
    "instances_api": {"dynamodb", "sts"},
    "deliver_webhook": {"dynamodb", "kms"},
    "end_resources": {"dynamodb"},
    "follow_outcome": {"dynamodb", "sts"},
    "follow_schedule": {"dynamodb"},
    "hear_connections": {"dynamodb", "stepfunctions"},
    "log_interactions": {"dynamodb", "sts"},
    "open_session": {"dynamodb", "kms", "sts"},
    "probe_account": {"dynamodb", "sts"},
    "probe_permission": {"dynamodb", "kms"},
    "publish_events": {"events"},
    "reconcile_clocks": {"dynamodb", "scheduler"},
    "read_organization": {"dynamodb", "sts"},
    "record_verification": {"dynamodb"},
    "run_bulk_operation": {"dynamodb", "stepfunctions"},
    "survey_regions": {"dynamodb", "kms"},
    "sweep_accounts": {"dynamodb", "sts", "stepfunctions"},
    "write_customer_log": {"kms"},
}
"""The services whose clients each invocation of a function needs, so that they are made while it
starts. The page needs none.
"""

NOTE_COLLECTIONS = """
import gc, sys
made = []
ours = "cavok.start_up"
gc.callbacks.append(lambda phase, _: made.append(phase) if ours in sys.modules else None)
"""

NOTE_CLIENTS = """
import socket
from botocore.session import Session
made, sessions, create = [], set(), Session.create_client
def create_client(session, service, *words, **named):
    made.append(service)
    sessions.add(session)
    return create(session, service, *words, **named)
def refuse(*_):
    raise AssertionError("AWS was called")
Session.create_client = create_client
socket.socket.connect = socket.getaddrinfo = refuse
"""


@cache
def loaded(function: str) -> frozenset[str]:
    """The modules in a fresh process that imported the function's app, as Lambda starts it."""
    return frozenset(after_importing(function, "names = list(sys.modules)", **ON_LAMBDA))


def after_importing(function: str, code: str, before: str = "", **variables: str) -> list[Any]:
    """The `names` that this code makes in a fresh process that imported the function's app, with
    these variables of its environment. `before` is code that runs before.
    """
    folder = built.folder() if function == "dashboard" else ROOT / "functions" / function
    environment = {
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "layers" / "shared"))),
        "PATH": os.environ["PATH"],
        "AWS_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Cavok/Accounts",
        **variables,
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{before}\nimport app, json, sys\n{code}\nprint(json.dumps(names))",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[Any] = json.loads(done.stdout)
    return names


def test_every_function_says_what_it_can_do_without() -> None:
    assert set(FUNCTIONS) == set(HEAVY)


OURS = [f for f in FUNCTIONS if f != "dashboard"]
"""The function of the page does without the layer."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_what_it_uses(function: str) -> None:
    assert loaded(function) & (EVERYWHERE | HEAVY[function]) == set()


@pytest.mark.parametrize(
    ("function", "path", "module"),
    [
        ("accounts_api", "/v1/accounts", "accounts"),
        ("accounts_api", "/v1/accounts/1", "accounts"),
        ("accounts_api", "/v1/accounts/1/verifications", "verifications"),
        ("accounts_api", "/v1/enrollments/1/members", "members"),
        ("accounts_api", "/v1/enrollments/1/synchronizations/2", "synchronizations"),
        ("instances_api", "/v1/accounts/1/instances", "instances"),
    ],
)
def test_a_request_imports_the_routes_of_its_path_alone(
    function: str, path: str, module: str
) -> None:
    request = f"app.app.methods_at({path!r}); names = list(sys.modules)"

    names = after_importing(function, request, **ON_LAMBDA)

    routes = [name for name in names if name.startswith("cavok.api.routes.")]
    assert routes == [f"cavok.api.routes.{module}"]


def test_a_list_of_accounts_loads_no_instructions() -> None:
    """Nor, with them, all that a test of an account is made of."""
    request = "app.app.methods_at('/v1/accounts'); names = list(sys.modules)"

    names = after_importing("accounts_api", request, **ON_LAMBDA)

    assert {"cavok.domain.instructions", "cavok.domain.verifications"}.isdisjoint(names)


@pytest.mark.parametrize("function", OURS)
def test_a_function_loads_its_own_layer(function: str) -> None:
    """So that the test above speaks of modules that could be there at all."""
    assert {"cavok.start_up", "aws_lambda_powertools", "botocore"} <= loaded(function)


ON_LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "cavok",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "TABLE_NAME": "table",
    "SEALING_KEY_ID": "key",
    "EVENT_BUS_NAME": "bus",
    "CLOCKS_GROUP": "clocks",
    "VERIFY_ACCOUNT_ARN": "arn:aws:states:us-east-1:111122223333:stateMachine:verify_account",
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_makes_the_clients_that_each_invocation_needs_while_it_starts(
    function: str,
) -> None:
    """And no other. AWS may be away: nothing is called."""
    made = after_importing(function, "names = made", NOTE_CLIENTS, **ON_LAMBDA)

    assert set(made) == PREPARED.get(function, set())


@pytest.mark.parametrize("function", [f for f in OURS if len(PREPARED[f]) > 1])
def test_the_clients_of_a_function_come_from_one_session(function: str) -> None:
    """Also PynamoDB's, which would make a session of its own."""
    assert after_importing(function, "names = [len(sessions)]", NOTE_CLIENTS, **ON_LAMBDA) == [1]


@pytest.mark.parametrize("function", OURS)
def test_a_function_collects_no_garbage_while_it_starts_and_does_afterwards(function: str) -> None:
    """Not among what the start made: that lives as long as the process."""
    started = "names = [made.count('start'), gc.isenabled(), gc.get_freeze_count()]"

    collections, enabled, frozen = after_importing(function, started, NOTE_COLLECTIONS, **ON_LAMBDA)

    assert collections <= 1, "the one that was due"
    assert enabled
    assert frozen > 10_000


def test_what_is_not_configured_fails_no_start() -> None:
    """Its first invocation says it."""
    not_set = ON_LAMBDA | {"TABLE_NAME": ""}

    assert after_importing("record_verification", "names = made", NOTE_CLIENTS, **not_set) == []


MODELS = """
from pydantic import BaseModel
def models(base):
    return [model for sub in base.__subclasses__() for model in (sub, *models(sub))]
app.app.all_routes()
names = [model.__qualname__ for model in models(BaseModel) if model.__pydantic_complete__ is %s]
"""


@pytest.mark.parametrize("function", ["accounts_api", "instances_api"])
def test_an_http_function_builds_its_pydantic_models_at_their_first_use(function: str) -> None:
    """`cavok.api.deferred` comes before every module that makes models, Powertools' included."""
    assert {"Problem", "RegionHealthBody"} <= set(after_importing(function, MODELS % False))
    assert after_importing(function, MODELS % True) == []
