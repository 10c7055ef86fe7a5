"""A client that was generated from the API's description works."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from local.api_description import CLIENT
from local.customers import CustomerAccount
from local.settings import HOME, ROOT, environment
from local.stack import Stack
from tests.e2e.using import connect_and_use
from tests.support.http import answer
from tests.support.organizations import new_organization

TOUR = ROOT / "tests" / "e2e" / "client_tour.py"


def _run(*command: object, **variables: str) -> str:
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment("http://127.0.0.1:9") | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def test_the_generated_client_makes_the_readmes_tour(
    stack: Stack, new_place: Callable[[], CustomerAccount]
) -> None:
    _run("make", "client")
    with new_organization(stack) as organization:
        account = connect_and_use(organization.admin, new_place()).connected
        enrollment = {
            "name": "Northwind",
            "provider": "aws",
            "management_account_id": new_place().account_number,
            "write_logs": False,
        }
        answer(organization.admin.post("/v1/enrollments", json=enrollment))
        said = _run(
            HOME / "venvs" / "client" / "bin" / "python",
            TOUR,
            account.account_id,
            PYTHONPATH=str(CLIENT.parent),
            API_URL=stack.api_url,
            TOKEN=organization.admin.headers["authorization"].removeprefix("Bearer "),
        )

    assert said == "The tour is over.\n"
