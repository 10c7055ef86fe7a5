"""An AWS Organization in the piped emulator."""

from __future__ import annotations

import json
from typing import Any

from tests.support.piped_emulator import PipedEmulator

A_WHILE = 60
"""Seconds: longer than an account is being made, or closed."""


class Organization:
    """An organization, in the hands of its management account."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        self.emulator = emulator
        self.number = number
        self.client = emulator.client("organizations", number)
        self.client.create_organization(FeatureSet="ALL")
        self.root = self.client.list_roots()["Roots"][0]["Id"]

    def unit(self, name: str, parent: str | None = None) -> str:
        made = self.client.create_organizational_unit(Name=name, ParentId=parent or self.root)
        return str(made["OrganizationalUnit"]["Id"])

    def member(self, name: str, unit: str | None = None) -> str:
        number = made(self.client, name, self.emulator)
        if unit:
            self.client.move_account(
                AccountId=number, SourceParentId=self.root, DestinationParentId=unit
            )
        return number

    def described(self, number: str) -> dict[str, Any]:
        account: dict[str, Any] = self.client.describe_account(AccountId=number)["Account"]
        return account

    def enter(self, number: str, service: str) -> Any:
        """A client in a member, by the role that it was made with."""
        return assume(self.emulator, self.number, number, "OrganizationAccountAccessRole", service)


def made(client: Any, name: str, emulator: PipedEmulator) -> str:
    """The number of a new account. The client may be moto's, which takes no time."""
    asked = client.create_account(AccountName=name, Email=f"{name}@customer.example")
    emulator.let_pass(A_WHILE)
    return str(ended(client, asked)["AccountId"])


def ended(client: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """What became of an account that was asked for."""
    request = {"CreateAccountRequestId": asked["CreateAccountStatus"]["Id"]}
    status: dict[str, Any] = client.describe_create_account_status(**request)["CreateAccountStatus"]
    return status


def assume(emulator: PipedEmulator, caller: str, number: str, role: str, service: str) -> Any:
    given = emulator.client("sts", caller).assume_role(
        RoleArn=f"arn:aws:iam::{number}:role/{role}", RoleSessionName="test"
    )
    return emulator.client(service, number, credentials=given["Credentials"])


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
