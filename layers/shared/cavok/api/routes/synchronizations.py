"""The routes of an enrollment's synchronizations."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.synchronizations import SynchronizationBody
from cavok.api.responses import ACCEPTED, accepted, answers
from cavok.api.router import Router

router = Router()


@router.post(
    "/v1/enrollments/<enrollment_id>/synchronizations",
    summary="Synchronize an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found", "has_no_account_yet", ok=ACCEPTED),
)
def create_synchronization(enrollment_id: str) -> Response[SynchronizationBody]:
    """Starts a synchronization, or returns the one that is running. It also makes members whose
    role is missing due for a test, unless they were tested within ten minutes. It takes the place
    of one that Cavok started by itself, which then has failed.
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
    address = f"/v1/enrollments/{enrollment_id}/synchronizations/{begun.synchronization_id}"
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
    found = wiring.synchronizations().get(organization_id, enrollment_id, synchronization_id)
    return SynchronizationBody.of(found.as_of(enrollment, now))
