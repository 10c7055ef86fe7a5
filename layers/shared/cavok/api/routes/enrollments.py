"""The routes of enrollments."""

from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, tag_of, versions_of
from cavok.api.idempotency import request_key
from cavok.api.models.common import IdempotencyKey
from cavok.api.models.enrollments import (
    EndedEnrollmentBody,
    EnrollmentBody,
    EnrollmentChangeBody,
    EnrollmentInstructionsBody,
    EnrollmentPage,
    NewEnrollmentBody,
)
from cavok.api.responses import CREATED, answers, created, ok
from cavok.api.router import Router
from cavok.domain.enrollments import Enrollment
from cavok.domain.providers import Provider

if TYPE_CHECKING:
    from cavok.services.enrollments import EnrollmentShown

router = Router()
# Each route imports its use case: most processes never need it.


def _shown(found: list[Enrollment], *, just_made: bool = False) -> "list[EnrollmentShown]":
    from cavok.services.enrollments import shown

    return shown(
        router.caller.organization_id,
        found,
        enrollments=wiring.enrollments(),
        accounts=wiring.accounts(),
        now=router.now(),
        just_made=just_made,
    )


def _body(shown: "EnrollmentShown") -> EnrollmentBody:
    return EnrollmentBody.of(
        shown.enrollment,
        totals=shown.totals,
        template=shown.template,
        synchronizing=shown.synchronizing,
    )


def _tagged(shown: "EnrollmentShown") -> tuple[EnrollmentBody, str]:
    body = _body(shown)
    return body, tag_of(shown.enrollment.tag, body)


def _path(enrollment_id: str) -> str:
    return f"/v1/enrollments/{enrollment_id}"


@router.post(
    "/v1/enrollments",
    summary="Enroll an AWS Organization",
    tags=["Enrollments"],
    responses=answers("too_many_enrollments", ok=CREATED),
)
def create_enrollment(
    body: NewEnrollmentBody, idempotency_key: IdempotencyKey = None
) -> Response[EnrollmentBody]:
    """Adds an enrollment that waits for its stack. Its instructions have the link that deploys it.
    Your organization may have ten, and one of an account: a second one of the same is refused with
    `already_enrolled`. A request with the same Idempotency-Key and body returns the
    same enrollment.
    """
    from cavok.services.enrollments import create_enrollment as create

    enrollment = create(
        router.caller.organization_id,
        body.options(wiring.setting("AWS_REGION")),
        provider=Provider(body.provider),
        management_account_id=body.management_account_id,
        own_account=wiring.setting("TRUSTED_ACCOUNT_ID"),
        key=request_key(idempotency_key, body),
        requester=router.requester,
        organizations=wiring.organizations(),
        enrollments=wiring.enrollments(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    shown, tag = _tagged(*_shown([enrollment], just_made=True))
    return created(shown, _path(enrollment.enrollment_id), tag)


@router.get(
    "/v1/enrollments", summary="List enrollments", tags=["Enrollments"], responses=answers()
)
def list_enrollments() -> EnrollmentPage:
    """Lists all enrollments, oldest first."""
    found = wiring.enrollments().of_organization(router.caller.organization_id)
    return EnrollmentPage(items=[_body(each) for each in _shown(found)])


@router.get(
    "/v1/enrollments/<enrollment_id>",
    summary="One enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def get_enrollment(enrollment_id: str) -> Response[EnrollmentBody]:
    """Returns an enrollment, and how many members are in which state."""
    found = wiring.enrollments().get(router.caller.organization_id, enrollment_id)
    shown, tag = _tagged(*_shown([found]))
    return ok(shown, {"ETag": tag})


@router.patch(
    "/v1/enrollments/<enrollment_id>",
    summary="Change an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found", "busy_with_others", "precondition_failed"),
)
def patch_enrollment(
    enrollment_id: str,
    body: EnrollmentChangeBody,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[EnrollmentBody]:
    """Changes options, and synchronizes with them within minutes. Accounts that were added before
    keep their regions and write_logs; for a change of the role, update the stack too.
    """
    from cavok.services.enrollments import change_enrollment

    changed = change_enrollment(
        router.caller.organization_id,
        enrollment_id,
        body.options(),
        versions=versions_of(if_match, if_none_match),
        own_account=wiring.setting("TRUSTED_ACCOUNT_ID"),
        requester=router.requester,
        enrollments=wiring.enrollments(),
        members=wiring.members(),
        accounts=wiring.accounts(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    shown, tag = _tagged(changed)
    return ok(shown, {"ETag": tag})


@router.delete(
    "/v1/enrollments/<enrollment_id>",
    summary="End an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found", "busy_with_others", "precondition_failed"),
)
def delete_enrollment(
    enrollment_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> EndedEnrollmentBody:
    """Ends an enrollment, and says what to delete in AWS, and in which order. Its accounts stay
    connected until their roles are gone. Repeating the request within a day returns the same
    answer.
    """
    from cavok.services.enrollments import end_enrollment

    end_enrollment(
        router.caller.organization_id,
        enrollment_id,
        versions=versions_of(if_match, if_none_match),
        requester=router.requester,
        dependencies=wiring.start_dependencies(),
        now=router.now(),
    )
    return EndedEnrollmentBody.made()


@router.get(
    "/v1/enrollments/<enrollment_id>/instructions",
    summary="Instructions of an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def get_enrollment_instructions(enrollment_id: str) -> EnrollmentInstructionsBody:
    """Returns the “Deploy on AWS” link for the management account or a delegated administrator,
    CloudFormation, Terraform and CLI commands, with your external ID filled in, and how to update
    a stack of an older version.
    """
    from cavok.adapters.templates import ENROLLMENT_TEMPLATE
    from cavok.services.enrollment_versions import stack_templates
    from cavok.services.instructions import trust_and_address

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    trust, address = trust_and_address(
        organization_id, ENROLLMENT_TEMPLATE, wiring.instruction_dependencies(), router.now()
    )
    template = stack_templates([enrollment], accounts=wiring.accounts())[enrollment_id]
    return EnrollmentInstructionsBody.of_enrollment(enrollment, trust, address, template)
