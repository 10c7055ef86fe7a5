"""The stack of a customer's role: its name, its console, and what a person does there. Apart from
the instructions, which lists of accounts do not need.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cavok.domain.accounts import ListedAccount

USER_NAME = "CavokCloud"


@dataclass(frozen=True, slots=True)
class InstructionStep:
    """One step of the instructions, as plain text."""

    title: str
    text: str


def stack_name(account: ListedAccount) -> str:
    """One name for each role, so that a second role of an AWS account gets its own stack."""
    return re.sub("[^A-Za-z0-9]", "-", account.role_name or f"{USER_NAME}User")


def stack_region(regions: Sequence[str], ours: str) -> str:
    """Where the link deploys: in Cavok's own region, where the stack speaks, if it is one of these.
    `ours`: that region, or empty.
    """
    return ours if ours in regions else regions[0]


def console_of(region: str) -> str:
    """CloudFormation's console, before what it shows."""
    return f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}"
