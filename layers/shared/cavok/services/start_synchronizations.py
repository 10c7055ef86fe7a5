"""Starting synchronizations of enrollments, and removals of those that were ended."""

from dataclasses import dataclass
from datetime import datetime

from cavok.adapters.table.enrollments import Enrollments, retry_while_changed
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.synchronizations import Synchronizations
from cavok.adapters.workflows import SynchronizationWorkflows
from cavok.domain import audit
from cavok.domain.actors import ActorKind, Requester
from cavok.domain.audit import AuditAction
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import HasNoAccountYet, SynchronizationNotStarted
from cavok.domain.ids import new_id
from cavok.domain.quotas import QuotaName
from cavok.domain.synchronizations import Synchronization
from cavok.observability import logger

STARTED_AT_ONCE = 50
"""Synchronizations that one sweep starts at most. Each takes a Lambda execution while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDependencies:
    """What starting needs."""

    enrollments: Enrollments
    synchronizations: Synchronizations
    workflows: SynchronizationWorkflows


def start_synchronization(
    organization_id: str,
    enrollment_id: str,
    *,
    requester: Requester,
    dependencies: StartDependencies,
    quotas: Quotas | None,
    now: datetime,
) -> Synchronization:
    """Starts a synchronization, or returns the one that runs. A person's takes the place of one
    that no person asked for: that one has passed members by whose role is missing, and keeps what
    it stored. One after a person's that did not end well does what that was asked for. `quotas`: a
    person's; None for a schedule. Raises EnrollmentNotFound, HasNoAccountYet, QuotaExceeded,
    Conflict, ServiceUnavailable.

    One that runs is started again, because the process that began it may have died before its
    execution. A person's counts again. Beyond the quota it is returned as it is.
    """
    enrollments, synchronizations = dependencies.enrollments, dependencies.synchronizations
    by_person = requester.actor.kind is ActorKind.PERSON

    def attempt() -> tuple[Synchronization, bool]:
        """The synchronization, and whether it was begun here."""
        before = enrollments.get(organization_id, enrollment_id)
        if before.management_account_id is None:
            raise HasNoAccountYet(
                "Enter the number of the account in which you deployed the stack: "
                "management_account_id."
            )
        if before.slot and before.synchronizing(now):
            own = before.slot.synchronization_id
            running = synchronizations.get(organization_id, enrollment_id, own)
            if running.again or not by_person:
                return running, False
        synchronization = Synchronization(
            organization_id=organization_id,
            enrollment_id=enrollment_id,
            synchronization_id=new_id(),
            actor=requester.actor,
            again=by_person or before.asked,
            started_at=now,
        )
        own = synchronization.synchronization_id
        after = before.begun(own, now, by_person=by_person)
        action = AuditAction.ENROLLMENT_SYNCHRONIZED
        entry = audit.of_enrollment(action, after, requester, now, detail=own)
        count = quotas.counting(QuotaName.TESTS, organization_id, now) if quotas else _uncounted
        enrollments.begin(
            before, after, synchronization, entry=entry if by_person else None, count=count
        )
        return synchronization, True

    synchronization, begun = retry_while_changed(attempt)
    if not synchronization.running:
        return synchronization
    # All organizations share Step Functions' quota of calls.
    if not begun and quotas and not quotas.takes(QuotaName.TESTS, organization_id, now):
        return synchronization
    _start(synchronization, dependencies, requester, now, begun=begun)
    return synchronization


def _uncounted(transaction: object) -> None:
    """Schedules have no quota."""


def _start(
    synchronization: Synchronization,
    dependencies: StartDependencies,
    requester: Requester,
    now: datetime,
    *,
    begun: bool,
) -> None:
    """Starts its execution, once. `begun`: just now, so without an execution it has no slot."""
    ids = synchronization.organization_id, synchronization.enrollment_id
    own = synchronization.synchronization_id
    try:
        dependencies.workflows.start(*ids, own, requester.request_id)
    except SynchronizationNotStarted:
        if begun:
            dependencies.enrollments.changed(*ids, lambda found: found.without_slot(own, now))
        raise


def start_removal(
    organization_id: str,
    enrollment_id: str,
    dependencies: StartDependencies,
    requester: Requester,
    now: datetime,
) -> None:
    """Starts the removal of an enrollment that was ended. Raises Conflict, ServiceUnavailable."""
    removal_id, enrollments = new_id(), dependencies.enrollments

    def attempt() -> None:
        before = enrollments.stored(organization_id, enrollment_id)
        if before:
            enrollments.save(before, before.begun(removal_id, now, by_person=False))

    retry_while_changed(attempt)
    dependencies.workflows.start(organization_id, enrollment_id, removal_id, requester.request_id)


def start_due(
    dependencies: StartDependencies, requester: Requester, now: datetime, deadline: Deadline
) -> list[str]:
    """Starts what is due, and returns the enrollments. One that cannot be started holds up no
    other, and stays due. So does what the deadline leaves, and everything if the table does not
    say what is due.
    """
    started: list[str] = []
    try:
        due = dependencies.enrollments.due(now, STARTED_AT_ONCE)
    except Exception as error:  # noqa: BLE001  the sweep itself has done its work
        logger.error("Not started", error=repr(error))
        return started
    for organization_id, enrollment_id in due:
        ids = organization_id, enrollment_id
        if not deadline.left:
            break
        try:
            found = dependencies.enrollments.stored(*ids)
            if found is None or not found.due(now):
                continue
            if found.ended_at:
                start_removal(*ids, dependencies, requester, now)
            else:
                start_synchronization(
                    *ids, requester=requester, dependencies=dependencies, quotas=None, now=now
                )
        except Exception as error:  # noqa: BLE001  one must hide no others
            logger.error("Not started", enrollment_id=enrollment_id, error=repr(error))
        else:
            started.append(enrollment_id)
    return started
