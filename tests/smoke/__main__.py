"""Tries a deployed stack as a new organization would, and says what that proves:
`python -m tests.smoke STACK --account NUMBER` (make smoke).

It makes a person, an account and, with `--account-profile`, the role that "Deploy on AWS" offers,
and removes them. It changes nothing of anybody else. The sweep that it starts is like any other.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import httpx

from local.customers import Offer
from local.display import console
from local.stack import on_loopback
from tests.contract.place import ON_LOOPBACK, REFUSALS, Place
from tests.smoke.rows import Evidence, report
from tests.support.connections import new_account
from tests.support.http import answer

NUMBER = re.compile(r"\d{12}")
TEST_SECONDS, SWEEP_SECONDS, EVENT_SECONDS = 300, 900, 60
CHECK_SECONDS = 910
"""A little longer than `ReconcileClocks` may run."""
CLOCK_SKEW = 300.0
"""Seconds by which this machine may be ahead of AWS, which accepts requests up to that."""


class NotThere(Exception):
    """What is wrong with the stack, or with the profile that should see it."""


def place_of(profile: str | None = None, region: str | None = None) -> Place:
    """The account of a profile. Raises NotThere."""
    try:
        return Place(boto3.session.Session(profile_name=profile, region_name=region))
    except REFUSALS as error:
        raise NotThere(
            f"AWS does not know {f'the profile {profile}' if profile else 'who we are'}: {error}. "
            "Name another with PROFILE= or ACCOUNT_PROFILE=, and its region with REGION=."
        ) from error


@dataclass(frozen=True)
class Deployed:
    """The stack, as the profile of its account sees it."""

    place: Place
    outputs: dict[str, str]
    resources: dict[str, str]
    """Physical IDs by logical ones."""

    @classmethod
    def find(cls, place: Place, name: str) -> Deployed:
        """Raises NotThere."""
        client = place.client("cloudformation")
        where = f"in account {place.account_number}, {place.region}"
        try:
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
            pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
            summaries = [each for page in pages for each in page["StackResourceSummaries"]]
        except REFUSALS as error:
            raise NotThere(f"The stack {name} {where} cannot be read: {error}") from error
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        if "ReverifyAccountsArn" not in outputs or not stack["StackStatus"].endswith("_COMPLETE"):
            raise NotThere(
                f"The stack {name} {where} is {stack['StackStatus']}, and "
                f"has the outputs {', '.join(sorted(outputs)) or 'none'}. "
                "It is none of Cavok Accounts, or its deployment has not succeeded."
            )
        return cls(
            place,
            outputs,
            {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in summaries},
        )

    @contextmanager
    def person(self) -> Iterator[httpx.Client]:
        """The API as a new admin of a new organization calls it."""
        organization, password = f"smoke-{secrets.token_hex(6)}", f"aA1-{secrets.token_urlsafe(18)}"
        cognito, email = self.place.client("cognito-idp"), f"admin@{organization}.example"
        pool = {"UserPoolId": self.outputs["UserPoolId"], "Username": email}
        attributes = {"email": email, "email_verified": "true", "custom:organization": organization}
        cognito.admin_create_user(
            **pool,
            MessageAction="SUPPRESS",
            TemporaryPassword=password,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        self.place.later(cognito.admin_delete_user, **pool)
        cognito.admin_set_user_password(**pool, Password=password, Permanent=True)
        cognito.admin_add_user_to_group(**pool, GroupName="admin")
        signed_in = cognito.initiate_auth(
            ClientId=self.outputs["UserPoolClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        url, token = self.outputs["ApiUrl"], signed_in["AuthenticationResult"]["IdToken"]
        if ON_LOOPBACK:
            url = on_loopback(url, os.environ["AWS_ENDPOINT_URL"])
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(
            base_url=url, headers=headers, timeout=60, trust_env=not ON_LOOPBACK
        ) as http:
            yield http

    def lines_about(self, account_id: str, since: float) -> dict[str, int]:
        """By log group of the functions, from `since`, in seconds of the epoch. Waits for the line
        of an event, which comes last. A page may be empty although others follow. Source:
        CloudWatch Logs API Reference, FilterLogEvents.
        """
        logs, deadline = self.place.client("logs"), time.monotonic() + EVENT_SECONDS
        groups = [name for name in self.resources.values() if name.startswith("/aws/lambda/")]
        pages = logs.get_paginator("filter_log_events")
        asked = {"filterPattern": f'"{account_id}"', "startTime": int(since * 1000)}
        while True:
            found = {
                group: sum(
                    len(page["events"]) for page in pages.paginate(logGroupName=group, **asked)
                )
                for group in groups
            }
            delivered = any(n for group, n in found.items() if group.endswith("deliver_webhook"))
            if delivered or time.monotonic() > deadline:
                return found
            time.sleep(5)

    def sweep(self) -> int:
        """Start a sweep and wait for it. Returns how many accounts it tested."""
        client, deadline = self.place.client("stepfunctions"), time.monotonic() + SWEEP_SECONDS
        machine = self.outputs["ReverifyAccountsArn"]
        arn = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                return 0
            time.sleep(2)
        output = json.loads(found.get("output", "{}"))
        return int(output.get("tested", 0)) + len(output.get("handed_over", ()))

    def check_clocks(self) -> bool:
        """The daily check, once more. It mends clocks, and leaves right ones alone. By default,
        boto3 gives an answer up after a minute, and would start the check four more times.
        """
        client = self.place.client(
            "lambda",
            read_timeout=CHECK_SECONDS,
            tcp_keepalive=True,
            retries={"total_max_attempts": 1},
        )
        answered = client.invoke(FunctionName=self.resources["ReconcileClocks"], Payload=b"{}")
        return "FunctionError" not in answered

    def requests_are_counted(self) -> bool:
        dimension = {"Name": "ApiId", "Value": self.resources["Api"]}
        found = self.place.client("cloudwatch").list_metrics(
            Namespace="AWS/ApiGateway", MetricName="Count", Dimensions=[dimension]
        )
        return bool(found["Metrics"])


def lengths_are_kept(http: httpx.Client) -> bool:
    """Whether HEAD and 304 have no Content-Length, or that of GET. Source: RFC 9110, 8.6."""
    path, headers = "/openapi.json", {"accept-encoding": "identity"}
    whole = http.get(path, headers=headers)
    length = str(len(whole.content))
    head = http.head(path, headers=headers)
    unchanged = http.get(path, headers=headers | {"if-none-match": whole.headers["etag"]})
    return (head.status_code, unchanged.status_code) == (200, 304) and all(
        each.headers.get("content-length", length) == length for each in (head, unchanged)
    )


def test(person: httpx.Client, path: str) -> dict[str, Any]:
    """Press Test, and wait for the end."""
    started: dict[str, Any] = answer(person.post(f"{path}/verifications"))
    deadline = time.monotonic() + TEST_SECONDS
    while True:
        found: dict[str, Any] = answer(
            person.get(f"{path}/verifications/{started['verification_id']}")
        )
        if found["state"] != "running" or time.monotonic() > deadline:
            return found
        time.sleep(2)


def deploy(customer: Place, offer: Offer) -> None:
    """What the customer does behind the "Deploy on AWS" link. It is undone at the end."""
    client = customer.client("cloudformation")
    client.create_stack(
        StackName=offer.stack_name,
        TemplateBody=offer.template,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in offer.parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    customer.later(client.delete_stack, StackName=offer.stack_name)
    client.get_waiter("stack_create_complete").wait(
        StackName=offer.stack_name, WaiterConfig={"Delay": 2}
    )


def gather(stack: Deployed, number: str, customer: Place | None) -> Evidence:
    """Everything that a run does, in the order of a new customer."""
    since = time.time() - CLOCK_SKEW
    with stack.person() as person:
        added = answer(person.post("/v1/accounts", json=new_account(number, write_logs=False)))
        path = f"/v1/accounts/{added['account_id']}"
        deleted = 0
        try:
            refused, tested = test(person, path), None
            if customer:
                link = answer(person.get(f"{path}/instructions"))["deploy_on_aws_url"]
                deploy(customer, Offer.from_link(link))
                tested = test(person, path)
            swept = stack.sweep()
            lengths_kept = lengths_are_kept(person)
        finally:
            deleted = person.delete(path).status_code
    return Evidence(
        refused,
        tested,
        stack.lines_about(added["account_id"], since),
        swept,
        stack.check_clocks(),
        stack.requests_are_counted(),
        lengths_kept,
        deleted,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.smoke", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--account", help="the number of an account to connect, not the stack's")
    parser.add_argument(
        "--account-profile", help="a profile of that account, to make the role with"
    )
    given = parser.parse_args()
    try:
        stack_place = place_of()
        customer = (
            place_of(given.account_profile, stack_place.region) if given.account_profile else None
        )
        stack = Deployed.find(stack_place, given.stack)
    except NotThere as problem:
        sys.exit(str(problem))
    number = customer.account_number if customer else given.account or ""
    if not NUMBER.fullmatch(number) or number == stack_place.account_number:
        sys.exit(
            "Say which account to connect, another than the stack's: ACCOUNT=<12 digits> or "
            "ACCOUNT_PROFILE=…"
        )
    try:
        evidence = gather(stack, number, customer)
    finally:
        for place in filter(None, (customer, stack_place)):
            place.clean_up()
    lines = list(report(evidence))
    for proven, words in lines:
        console.print(f"{'[green]proven[/]    ' if proven else '[yellow]not proven[/]'} ", end="")
        console.print(words, markup=False)
    console.print(f"{sum(proven for proven, _ in lines)} of {len(lines)} rows proven")
    sys.exit(0 if evidence.works else 1)


if __name__ == "__main__":
    main()
