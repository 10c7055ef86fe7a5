"""The routes of enrollments."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, tag_of, versions_of
from cavok.api.idempotency import request_key
from cavok.api.models.common import Cursor, IdempotencyKey, Limit, UnitId
from cavok.api.models.enrollments import (
    EndedEnrollmentBody,
    EnrollmentBody,
    EnrollmentChangeBody,
    EnrollmentInstructionsBody,
    EnrollmentPage,
    MemberBody,
    MemberPage,
    NewEnrollmentBody,
    SynchronizationBody,
    UnitBody,
    UnitPage,
)
from cavok.api.responses import ACCEPTED, CREATED, accepted, answers, created, ok, paged
from cavok.api.router import Router
from cavok.domain.enrollments import Enrollment
from cavok.domain.member_states import MemberState
from cavok.domain.pages import Position
from cavok.domain.providers import Provider
from cavok.domain.synchronizations import Synchronization

router = Router()
# Each route imports its use case: most processes never need it.


def _bodies(enrollments: list[Enrollment]) -> list[EnrollmentBody]:
    from cavok.services.enrollment_versions import stack_templates

    templates = stack_templates(enrollments, accounts=wiring.accounts())
    ids = [each.enrollment_id for each in enrollments]
    totals = wiring.enrollments().totals(router.caller.organization_id, ids)
    now = router.now()
    return [
        EnrollmentBody.of(
            each,
            totals={str(state): number for state, number in totals[each.enrollment_id].items()},
            template=templates[each.enrollment_id],
            synchronizing=each.synchronizing(now),
        )
        for each in enrollments
    ]


def _tagged(enrollment: Enrollment) -> tuple[EnrollmentBody, str]:
    (body,) = _bodies([enrollment])
    return body, tag_of(enrollment.tag, body)


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
    Your organization may have ten. A request with the same Idempotency-Key and body returns the
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
    shown, tag = _tagged(enrollment)
    return created(shown, _path(enrollment.enrollment_id), tag)


@router.get(
    "/v1/enrollments", summary="List enrollments", tags=["Enrollments"], responses=answers()
)
def list_enrollments() -> EnrollmentPage:
    """Lists all enrollments, oldest first."""
    found = wiring.enrollments().of_organization(router.caller.organization_id)
    return EnrollmentPage(items=_bodies(found))


@router.get(
    "/v1/enrollments/<enrollment_id>",
    summary="One enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def get_enrollment(enrollment_id: str) -> Response[EnrollmentBody]:
    """Returns an enrollment, and how many members are in which state."""
    found = wiring.enrollments().get(router.caller.organization_id, enrollment_id)
    shown, tag = _tagged(found)
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

    enrollment = change_enrollment(
        router.caller.organization_id,
        enrollment_id,
        body.options(),
        versions=versions_of(if_match, if_none_match),
        own_account=wiring.setting("TRUSTED_ACCOUNT_ID"),
        requester=router.requester,
        enrollments=wiring.enrollments(),
        members=wiring.members(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    shown, tag = _tagged(enrollment)
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
    from cavok.services.organizations import organization_of

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    organization = organization_of(
        organization_id, organizations=wiring.organizations(), now=router.now()
    )
    trust = wiring.trust(organization.external_id)
    address = wiring.templates().address_of(ENROLLMENT_TEMPLATE)
    templates = stack_templates([enrollment], accounts=wiring.accounts())
    template = templates[enrollment_id]
    return EnrollmentInstructionsBody.of_enrollment(enrollment, trust, address, template)


@router.post(
    "/v1/enrollments/<enrollment_id>/synchronizations",
    summary="Synchronize an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found", "has_no_account_yet", ok=ACCEPTED),
)
def create_synchronization(enrollment_id: str) -> Response[SynchronizationBody]:
    """Starts a synchronization, or returns the one that is running. It also makes members whose
    role is missing due for a test, unless they were tested within ten minutes.
    """
    from cavok.services.start_synchronizations import start_synchronization

    begun = start_synchronization(
        router.caller.organization_id,
        enrollment_id,
        requester=router.requester,
        dependencies=wiring.start_dependencies(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    address = f"{_path(enrollment_id)}/synchronizations/{begun.synchronization_id}"
    return accepted(SynchronizationBody.of(begun), address)


@router.get(
    "/v1/enrollments/<enrollment_id>/synchronizations/<synchronization_id>",
    summary="One synchronization",
    tags=["Enrollments"],
    responses=answers("synchronization_not_found"),
)
def get_synchronization(enrollment_id: str, synchronization_id: str) -> SynchronizationBody:
    """Returns a synchronization of the last 90 days, with what it found so far."""
    organization_id, now = router.caller.organization_id, router.now()
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    found: Synchronization = wiring.synchronizations().get(
        organization_id, enrollment_id, synchronization_id
    )
    alive = enrollment.held_by(synchronization_id) and enrollment.synchronizing(now)
    return SynchronizationBody.of(found.as_of(alive=alive))


@router.get(
    "/v1/enrollments/<enrollment_id>/members",
    summary="Members of an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def list_members(
    enrollment_id: str,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[MemberState | None, Query(description="Only members in this state.")] = None,
    ou: Annotated[
        UnitId | None, Query(description="Only members in this unit, at any depth.")
    ] = None,
    direct: Annotated[
        bool, Query(description="With `ou`: only members in the unit itself.")
    ] = False,
) -> Response[MemberPage]:
    """Lists the accounts of the AWS Organization by number. With `state` or `ou`, a page may have
    few or no members: go on while there is a `next_cursor`.
    """
    from cavok.services.members import members_page

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    scope = f"{organization_id}/members/{enrollment_id}/{state or ''}/{ou or ''}/{direct}"
    page = members_page(
        enrollment,
        state=state,
        unit_id=ou,
        direct=direct,
        limit=limit,
        after=Position.of_cursor(cursor, scope, "member"),
        members=wiring.members(),
        accounts=wiring.accounts(),
    )
    items = [MemberBody.of_member(shown) for shown in page.items]
    return paged(MemberPage(items=items, next_cursor=page.next_cursor(scope)), router.query)


@router.get(
    "/v1/enrollments/<enrollment_id>/units",
    summary="Units of an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def list_units(enrollment_id: str, cursor: Cursor = None) -> Response[UnitPage]:
    """Counts the members in each root and unit itself, by state: of up to 500 members a page. A
    unit may be on several pages, so go on while there is a `next_cursor`, and add up its `totals`.
    """
    from cavok.services.members import units_page

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    scope = f"{organization_id}/units/{enrollment_id}"
    page = units_page(
        enrollment,
        after=Position.of_cursor(cursor, scope, "member"),
        members=wiring.members(),
        accounts=wiring.accounts(),
    )
    items = [UnitBody.of_unit(unit) for unit in page.items]
    return paged(UnitPage(items=items, next_cursor=page.next_cursor(scope)), router.query)
