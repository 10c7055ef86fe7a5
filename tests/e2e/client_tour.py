"""The README's tour with the Python client that `make client` generates, in its environment.

API_URL and TOKEN say where and who. The argument is the id of an account to test.
"""

from __future__ import annotations

import os
import sys
import time
from http import HTTPStatus
from typing import TypeVar

import httpx
from cavok_client import AuthenticatedClient
from cavok_client.api.accounts import (
    create_account,
    delete_account,
    get_account,
    get_instructions,
    list_accounts,
    patch_account,
)
from cavok_client.api.enrollments import (
    create_enrollment,
    create_synchronization,
    delete_enrollment,
    get_enrollment,
    get_enrollment_instructions,
    get_synchronization,
    list_enrollments,
    list_members,
)
from cavok_client.api.organization import get_organization
from cavok_client.api.verifications import create_verification, get_verification
from cavok_client.models import (
    AccessType,
    AccountBody,
    AccountChangeBody,
    AccountPage,
    EndedEnrollmentBody,
    EnrollmentBody,
    EnrollmentInstructionsBody,
    EnrollmentPage,
    InstructionsBody,
    MemberPage,
    NewAccountBody,
    NewAccountBodyProvider,
    NewEnrollmentBody,
    NewEnrollmentBodyEnrollmentProvider,
    OrganizationBody,
    Problem,
    QuotaBody,
    QuotaName,
    State,
    Status,
    SynchronizationBody,
    SynchronizationState,
    VerificationBody,
)

T = TypeVar("T")
TEST_SECONDS = 180


def a(kind: type[T], answer: object) -> T:
    """The answer, if it is what the document promises for success."""
    assert isinstance(answer, kind), answer
    return answer


def names_may_be_added() -> None:
    """A client takes a name that it does not know, and knows those of its day."""
    quota = {"name": "requests", "limit": 1, "per_seconds": 1, "remaining": 1}
    assert QuotaBody.from_dict(quota).name is QuotaName.REQUESTS
    assert QuotaBody.from_dict(quota | {"name": "of_tomorrow"}).name == "of_tomorrow"


def tour(client: AuthenticatedClient, connected: str) -> None:
    """Every line of the tour."""
    assert a(OrganizationBody, get_organization.sync(client=client)).external_id

    new = NewAccountBody(
        provider=NewAccountBodyProvider.AWS,
        provider_id="123456789012",
        name="Staging1",
        access_type=AccessType.ASSUME_ROLE,
        write_logs=False,
    )
    key = f"tour-{time.time_ns()}"
    account = a(AccountBody, create_account.sync(client=client, body=new, idempotency_key=key))
    again = a(AccountBody, create_account.sync(client=client, body=new, idempotency_key=key))
    assert again.account_id == account.account_id
    assert create_account.sync_detailed(client=client, body=new).status_code == HTTPStatus.CONFLICT
    shown = a(AccountBody, get_account.sync(account.account_id, client=client))
    assert (shown.status, shown.verification) == (Status.UNCONFIRMED, None)

    cli = a(InstructionsBody, get_instructions.sync(account.account_id, client=client)).cli
    assert "aws iam create-role --role-name 'CavokCloud'" in cli

    found = a(AccountPage, list_accounts.sync(client=client, q="Staging")).items
    assert [each.account_id for each in found] == [account.account_id]
    test = a(VerificationBody, create_verification.sync(connected, client=client))
    deadline = time.monotonic() + TEST_SECONDS
    while test.state is State.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.5)
        test = a(
            VerificationBody, get_verification.sync(connected, test.verification_id, client=client)
        )
    assert a(AccountBody, get_account.sync(connected, client=client)).status is Status.CONFIRMED

    change, first = AccountChangeBody(name="Staging2"), '"1"'
    renamed = patch_account.sync(account.account_id, client=client, body=change, if_match=first)
    assert a(AccountBody, renamed).name == "Staging2"
    late = patch_account.sync(account.account_id, client=client, body=change, if_match=first)
    assert a(Problem, late).code == "precondition_failed"
    gone = delete_account.sync_detailed(account.account_id, client=client)
    assert gone.status_code == HTTPStatus.NO_CONTENT

    provider = NewEnrollmentBodyEnrollmentProvider.AWS
    southwind = NewEnrollmentBody(name="Southwind", provider=provider, write_logs=False)
    new = a(EnrollmentBody, create_enrollment.sync(client=client, body=southwind)).enrollment_id
    instructions = a(
        EnrollmentInstructionsBody, get_enrollment_instructions.sync(new, client=client)
    )
    assert "&stackName=CavokOrganization&" in instructions.deploy_on_aws_url

    oldest, _ = a(EnrollmentPage, list_enrollments.sync(client=client)).items
    enrolled = oldest.enrollment_id
    started = a(SynchronizationBody, create_synchronization.sync(enrolled, client=client))
    while started.state is SynchronizationState.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.5)
        read = get_synchronization.sync(enrolled, started.synchronization_id, client=client)
        started = a(SynchronizationBody, read)
    assert a(EnrollmentBody, get_enrollment.sync(enrolled, client=client)).name == "Northwind"
    assert a(MemberPage, list_members.sync(enrolled, client=client, limit=20)).items == []

    ended = a(EndedEnrollmentBody, delete_enrollment.sync(new, client=client))
    assert "The stack CavokOrganization" in [step.title for step in ended.steps]


if __name__ == "__main__":
    names_may_be_added()
    address, token = os.environ["API_URL"], os.environ["TOKEN"]
    tour(AuthenticatedClient(address, token, timeout=httpx.Timeout(60)), sys.argv[1])
    print("The tour is over.")
