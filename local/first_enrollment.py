"""The sample AWS Organization, enrolled over the HTTP API as a new customer does it: one stack in
its management account. Its members are connected while people look around.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local import sample_organization
from local.customers import Offer
from local.display import step
from local.first_account import Api
from local.sample_organization import EXCLUDED_UNIT, MANAGEMENT, MEMBERS, NAME, AwsOrganization
from local.settings import Problem
from local.stack import Stack


def enroll(stack: Stack) -> None:
    """Make the AWS Organization, enroll it and begin to deploy its stack, each only if needed.
    Raises Problem.
    """
    api = Api(stack)
    with step(f"AWS Organization of management account {MANAGEMENT}") as current:
        organization = sample_organization.prepare(stack.emulator_url)
        current.outcome = f"{len(organization.units)} units, {len(MEMBERS)} members"
    with step(f"AWS Organization enrolled as {NAME}"):
        path = f"/v1/enrollments/{_enrollment(api, organization)['enrollment_id']}"
    with step("“Deploy on AWS” followed in the management account") as current:
        offer = Offer.from_link(api.get(f"{path}/instructions")["deploy_on_aws_url"])
        try:
            organization.begin_to_deploy(offer, ReportConnection="Yes")
        except ClientError as error:
            if "_IN_PROGRESS" not in str(error):  # else an earlier run has begun it
                raise Problem(
                    f"The stack cannot be updated. `make down` ends all. {error}"
                ) from error
        current.outcome = "begun: its stack tells Cavok, and members are connected within minutes"


def _enrollment(api: Api, organization: AwsOrganization) -> Any:
    """The enrollment, or the one that an earlier run made."""
    found = [each for each in api.get("/v1/enrollments")["items"] if each["name"] == NAME]
    return found[0] if found else api.post("/v1/enrollments", new_enrollment(organization))


def new_enrollment(organization: AwsOrganization) -> dict[str, Any]:
    """The body of `POST /v1/enrollments` for the sample."""
    return {
        "name": NAME,
        "provider": "aws",
        "management_account_id": organization.management.account_number,
        "exclude_ous": [organization.units[EXCLUDED_UNIT]],
        "write_logs": True,
    }
