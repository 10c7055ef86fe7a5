"""A person's test on AWS: from pressing Test until the verdict is stored, reckoned from what each
function takes there. Warm, and with every function started anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import boto3

from cavok.domain.accounts import Account
from local.settings import REGION, Problem
from tests.bench.functions import PARAMETERS, TABLE, Functions
from tests.bench.prepared import ORGANIZATION, connect_accounts, let_sweeps_find_the_same
from tests.bench.stand_in import StandIn
from tests.bench.workflows import Invoked, Performing, Pool, Reckoned, definition
from tests.support.template import template

COLD_RUNS, SHARED_RUNS, WARM_RUNS = 7, 3, 7

AT_ONCE = PARAMETERS["ProbesAtOnce"]
AT_ONCE_BY_DEFAULT = str(template()["Parameters"]["ProbesAtOnce"]["Default"])
"""Of a new AWS account, which has ten Lambda executions."""

NUMBER = 1_000_000
"""Of the account. Those of a sweep count up from zero."""


@dataclass(frozen=True)
class Pressed:
    """One test: seconds until the verdict, state transitions, and its invocations; of a median test
    those of all tests of its kind.
    """

    seconds: float
    transitions: int
    invocations: tuple[Invoked, ...]


@dataclass(frozen=True)
class PersonsTest:
    """The median test of each kind. `cold_with_shares`: as cold, if INIT too had the share of a
    processor that the memory gives. `warm_after_a_pause`: as warm, if AWS has closed the functions'
    connections meanwhile, so that each call that needs one shakes hands first.
    """

    cold: Pressed
    cold_with_shares: Pressed
    warm: Pressed
    warm_after_a_pause: Pressed


def measure(functions: Functions, aws: StandIn) -> Mapping[str, PersonsTest]:
    """By `ProbesAtOnce`: as where customers are served, and by default. Of an account that sweeps
    test too. The stand-in has our resources; see `prepared`. The first test is not counted, since
    moto loads itself service by service.
    """
    (account,) = connect_accounts(1, first=NUMBER)
    return {
        at_once: _measure(functions, aws, account, at_once)
        for at_once in (AT_ONCE, AT_ONCE_BY_DEFAULT)
    }


def _measure(functions: Functions, aws: StandIn, account: Account, at_once: str) -> PersonsTest:
    def cold(runs: int, *, init_has_its_share: bool = False) -> list[Pressed]:
        pressed = []
        for _ in range(runs):
            with Pool(functions.start, init_has_its_share=init_has_its_share) as pool:
                pressed.append(press(pool, aws, account, at_once, now=0))
        return pressed

    first = cold(COLD_RUNS + 1)[1:]
    with_shares = cold(SHARED_RUNS, init_has_its_share=True)
    with Pool(functions.start) as pool:
        minutes = [60.0 * minute for minute in range(2 * WARM_RUNS + 1)]
        _, *warm = [press(pool, aws, account, at_once, now=at) for at in minutes[: WARM_RUNS + 1]]
        paused = []
        for at in minutes[WARM_RUNS + 1 :]:
            aws.hang_up()
            paused.append(press(pool, aws, account, at_once, now=at))
    return PersonsTest(*map(_middle, (first, with_shares, warm, paused)))


def _middle(tests: list[Pressed]) -> Pressed:
    middle = median(test.seconds for test in tests)
    invocations = tuple(one for test in tests for one in test.invocations)
    chosen = next(test for test in tests if test.seconds == middle)
    return replace(chosen, invocations=invocations)


def press(
    pool: Pool, aws: StandIn, account: Account, at_once: str = AT_ONCE, *, now: float
) -> Pressed:
    """One test. `now`: when it is pressed, in reckoned time."""
    let_sweeps_find_the_same(account)
    account_id = account.account_id
    before, asked = len(pool.invocations), len(aws.calls)
    pressed = pool.invoke("AccountsApi", request("POST", f"/{account_id}/verifications"), now)
    started = next(c.asked for c in aws.calls[asked:] if c.operation == "StartExecution")
    given = json.loads(started["input"])
    context = {
        "Execution": {"Input": given, "Id": f"arn:{started['name']}", "Name": started["name"]},
        "State": {"EnteredTime": "2025-11-25T12:00:00Z"},
    }
    execution = Reckoned(context, perform=Performing(pool, aws).perform, now=now + pressed.seconds)
    execution.run(definition("verify_account", ProbesAtOnce=at_once), given)
    _check(account_id, started["name"])
    return Pressed(
        execution.now - now, execution.bill.transitions, tuple(pool.invocations[before:])
    )


def _check(account_id: str, verification_id: str) -> None:
    """Raises Problem unless the test found everything working."""
    key = {"pk": {"S": f"ACCOUNT#{account_id}"}, "sk": {"S": f"VERIFICATION#{verification_id}"}}
    stored = boto3.client("dynamodb", REGION).get_item(TableName=TABLE, Key=key)["Item"]
    outcome = stored.get("outcome", {}).get("S")
    if outcome != "confirmed":
        raise Problem(f"The test came to no good end: {stored}")


def request(
    method: str, path: str = "", *, under: str = "/v1/accounts", body: Any = None, key: str = ""
) -> Mapping[str, Any]:
    """An admin's request for a path `under` another, as API Gateway hands it to a function. `key`
    is its Idempotency-Key.
    """
    whole = f"{under}{path}"
    claims = {
        "sub": "1",
        "email": "admin@northwind.example",
        "custom:organization": ORGANIZATION,
        "cognito:groups": "[admin]",
    }
    return {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": whole,
        "rawQueryString": "",
        "headers": {
            "host": "api.example",
            "accept": "application/json",
            **({"content-type": "application/json"} if body is not None else {}),
            **({"idempotency-key": key} if key else {}),
        },
        **({"body": json.dumps(body)} if body is not None else {}),
        "requestContext": {
            "requestId": "request-1",
            "stage": "$default",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": whole},
            "authorizer": {"jwt": {"claims": claims}},
        },
        "isBase64Encoded": False,
    }
