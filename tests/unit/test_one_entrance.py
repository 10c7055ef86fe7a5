"""`services/enter_account.py` is the only way into a customer's account."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from local.settings import ROOT

SERVICES, CUSTOMER = "layers/shared/cavok/services", "layers/shared/cavok/adapters/customer"
ENTER_ACCOUNT = f"{SERVICES}/enter_account.py"
ASSUME_ROLE = f"{CUSTOMER}/assume_role.py"
SESSION = f"{CUSTOMER}/session.py"

USES = {
    # CustomerRoles.assume is the only function that returns a session of a role.
    "assume": {ENTER_ACCOUNT},
    # boto3's call. The canary assumes a role of our own.
    "assume_role": {ASSUME_ROLE, f"{CUSTOMER}/canary.py"},
    # Reading the stored access key.
    "sealed_credentials": {ENTER_ACCOUNT, "layers/shared/cavok/adapters/table/accounts.py"},
    # Opening its seal, and sealing it.
    "credentials_context": {ENTER_ACCOUNT, f"{SERVICES}/accounts.py"},
    # Making a session from credentials.
    "in_account": {ENTER_ACCOUNT, ASSUME_ROLE},
    # Opening a session that `enter_account` opened and `seal_session` sealed.
    "of_secret": {f"{SERVICES}/sealed_session.py"},
    # boto3 clients with somebody else's credentials.
    "aws_access_key_id": {SESSION},
}
"""Names of the parts of an entrance, and the files that may use them."""

FILES = sorted(
    path
    for folder in ("layers", "functions")
    for path in ROOT.glob(f"{folder}/**/*.py")
    if "site-packages" not in path.parts
)


@pytest.mark.parametrize("name", USES)
def test_only_the_entrance_uses_the_parts_of_an_entrance(name: str) -> None:
    users = {str(path.relative_to(ROOT)) for path in FILES if name in names(path)}

    assert users == USES[name]


def test_only_the_session_module_makes_sessions_by_hand() -> None:
    makers = {
        str(path.relative_to(ROOT)) for path in FILES if "CustomerSession" in set(called(path))
    }

    assert makers == set(), "use enter_account"


@cache
def names(path: Path) -> frozenset[str]:
    return frozenset(used(path))


def used(path: Path) -> Iterator[str]:
    """Every attribute, variable, keyword and imported name of a module, `getattr` included."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.Call(ast.Name("getattr"), [_, ast.Constant(str(name)), *_]):
                yield name


def called(path: Path) -> Iterator[str]:
    """Every class and function that a module calls; one that it renames counts as called."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(attr=name)):
                yield name
            case ast.alias(name=name, asname=str()):
                yield name
