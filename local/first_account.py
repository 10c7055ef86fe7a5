"""The first account, connected over the HTTP API as a new customer does it: added, its role
deployed, its connection tested.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
from rich.markup import escape

from local import customers, tokens
from local.customers import CUSTOMERS, Customer, Offer
from local.display import console, step
from local.settings import Problem
from local.stack import Stack

_TEST_SECONDS = 120
_SYMBOLS = {True: "[green]✔[/]", False: "[red]✘[/]", None: "[yellow]–[/]"}
_STATUS_COLORS = {"confirmed": "green", "degraded": "yellow", "failed": "red"}


class Api:
    """The HTTP API as one signed-in user calls it. Error responses raise Problem."""

    def __init__(self, stack: Stack, user: str = "admin") -> None:
        headers = {"authorization": f"Bearer {tokens.id_token(stack, user)}"}
        self._http = httpx.Client(
            base_url=stack.api_url, headers=headers, timeout=60, trust_env=False
        )

    def get(self, path: str) -> Any:
        return self._content(self._http.get(path))

    def post(self, path: str, body: Any = None) -> Any:
        return self._content(self._http.post(path, json=body))

    def put(self, path: str, body: Any) -> Any:
        return self._content(self._http.put(path, json=body))

    def add_account(self, body: dict[str, Any]) -> Any:
        """The new account, or the one that already has this account number (409)."""
        answer = self._http.post("/v1/accounts", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            return self._content(answer)
        return self.get(f"/v1/accounts?q={body['provider_id']}")["items"][0]

    @staticmethod
    def _content(answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Problem(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: "
            f"{answer.text[:500]}"
        )


def connect(stack: Stack) -> None:
    """Connect the customer with all permissions and show the verdict of each step. Raises
    Problem.
    """
    api = Api(stack)
    customer = CUSTOMERS["all-permissions"]
    with step(f"Account {customer.account_number} added as {customer.name}"):
        account = api.add_account(new_account(customer))
        path = f"/v1/accounts/{account['account_id']}"
    with step("“Deploy on AWS” followed in the customer's account") as current:
        offer = Offer.from_link(api.get(f"{path}/instructions")["deploy_on_aws_url"])
        customers.prepare(customer, stack.emulator_url, offer=offer)
        current.outcome = f"role {offer.role_name}"
    verification = _test(api, path)
    account = api.get(path)
    _show_verdict(account, verification)


def new_account(customer: Customer, credentials: dict[str, str] | None = None) -> dict[str, Any]:
    """The body of `POST /v1/accounts` for a sample customer."""
    body: dict[str, Any] = {
        "provider": "aws",
        "provider_id": customer.account_number,
        "name": customer.name,
        "access_type": customer.access_type,
        "write_logs": customer.write_logs,
    }
    if customer.regions:
        body["regions"] = list(customer.regions)
    return body | ({"credentials": credentials} if credentials else {})


def _test(api: Api, path: str) -> Any:
    """Start a test and print each step when it finishes. Returns the finished verification."""
    started = time.monotonic()
    verification = api.post(f"{path}/verifications")
    shown: set[tuple[str, str | None]] = set()
    console.print("[bold]Test[/], as the “Test” icon starts it:")
    while True:
        verification = api.get(f"{path}/verifications/{verification['verification_id']}")
        for finished in verification["steps"]:
            if (key := (finished["step"], finished.get("region"))) not in shown:
                shown.add(key)
                _show_step(finished)
        if verification["state"] != "running":
            console.print(f"  [dim]{time.monotonic() - started:.1f} s[/]")
            return verification
        if time.monotonic() - started > _TEST_SECONDS:
            raise Problem(
                f"The test did not finish within {_TEST_SECONDS} s. "
                "The functions' logs may say why: make logs"
            )
        time.sleep(0.3)


def _show_step(finished: dict[str, Any]) -> None:
    reason = (
        escape(finished.get("detail") or finished.get("reason") or "")
        if finished["ok"] is not True
        else ""
    )
    evidence = " (predicted)" if finished["evidence"] == "policy" else ""
    verdict = f"{finished['verdict']}{evidence}"
    console.print(
        f"  {_SYMBOLS[finished['ok']]} {finished['step']:<34} {verdict}  [dim]{reason}[/]"
    )


def _show_verdict(account: dict[str, Any], verification: dict[str, Any]) -> None:
    color = _STATUS_COLORS.get(account["status"], "yellow")
    console.print(f"Account {account['name']} is [bold {color}]{account['status']}[/].")
    for issue in account["issues"]:
        console.print(
            f"  [yellow]![/] {escape(issue['message'])} [dim]{escape(issue['remedy'])}[/]"
        )
    if verification["outcome"] != "confirmed":
        raise Problem(
            "The sample account was not confirmed. The functions' logs may say why: make logs"
        )


def show_next_steps(stack: Stack) -> None:
    """Where things are, who may sign in, and how to stop."""
    console.print(f"\n[bold]API[/]        {stack.api_url}")
    console.print(f"[bold]Page[/]       {stack.dashboard_url}")
    console.print("[bold]A token[/]    make token USER=admin")
    console.print("[bold]Stop[/]       make down\n")
    for name, user in stack.users.items():
        console.print(
            f"{name:<12} {user['email']:<26} {user['password']}  [dim]of {user['organization']}[/]"
        )
