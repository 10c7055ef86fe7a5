"""Making, changing and ending enrollments."""

from collections.abc import Container
from datetime import datetime
from typing import Any

from cavok.adapters.table.enrollments import Enrollments, retry_while_changed
from cavok.adapters.table.members import Members
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.table.quotas import Quotas
from cavok.domain import audit
from cavok.domain.actors import Requester
from cavok.domain.audit import AuditAction
from cavok.domain.enrollments import Enrollment, EnrollmentOptions
from cavok.domain.errors import CavokError, EnrollmentNotFound, InvalidField
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import new_id
from cavok.domain.members import Standing
from cavok.domain.providers import Provider
from cavok.domain.quotas import QuotaName
from cavok.observability import logger
from cavok.services.organizations import organization_of
from cavok.services.start_synchronizations import StartDependencies, start_removal


def create_enrollment(
    organization_id: str,
    options: EnrollmentOptions,
    *,
    provider: Provider,
    management_account_id: str | None,
    own_account: str,
    key: IdempotencyKey | None,
    requester: Requester,
    organizations: Organizations,
    enrollments: Enrollments,
    quotas: Quotas,
    now: datetime,
) -> Enrollment:
    """Stores a new enrollment that waits for its stack; or returns the one that this key created
    in the last 24 hours. Raises InvalidField for the account in which Cavok runs,
    TooManyEnrollments, QuotaExceeded, KeyReused, and Conflict, also if the key's was ended.
    """
    _require_theirs(management_account_id, own_account)
    if key and (made := enrollments.made_by(organization_id, key, now)):
        return made
    organization_of(organization_id, organizations=organizations, now=now)
    enrollment = Enrollment(
        **{name: getattr(options, name) for name in EnrollmentOptions.__dataclass_fields__},
        organization_id=organization_id,
        enrollment_id=new_id(),
        provider=provider,
        management_account_id=management_account_id,
        next_synchronization_at=now if management_account_id else None,
        created_at=now,
        created_by=requester.actor.name,
        updated_at=now,
        touched_at=now,
        version=1,
    )
    changes = audit.chosen(None, enrollment)
    action = AuditAction.ENROLLMENT_CREATED
    entry = audit.of_enrollment(action, enrollment, requester, now, changes=changes)
    count = quotas.counting(QuotaName.CHANGES, organization_id, now)
    return enrollments.create(enrollment, entry, count, key)


def change_enrollment(
    organization_id: str,
    enrollment_id: str,
    options: dict[str, Any],
    *,
    versions: Container[str] | None,
    own_account: str,
    requester: Requester,
    enrollments: Enrollments,
    members: Members,
    quotas: Quotas,
    now: datetime,
) -> Enrollment:
    """Changes these options. Accounts that were added before keep theirs. Raises
    EnrollmentNotFound, InvalidField, PreconditionFailed, QuotaExceeded, Conflict.
    """
    account_number = options.get("management_account_id")
    _require_theirs(account_number, own_account)

    def is_member(number: str) -> bool:
        found = members.with_numbers(organization_id, enrollment_id, [number]).get(number)
        return found is not None and found.standing is not Standing.CLOSED

    def change(found: Enrollment) -> Enrollment:
        found.at_one_of(versions).require_same_organization(account_number, is_member)
        return found.changed(now, **options)

    def entry_of(before: Enrollment, after: Enrollment) -> audit.AuditEntry:
        changes = audit.chosen(before, after)
        action = AuditAction.ENROLLMENT_CHANGED
        return audit.of_enrollment(action, after, requester, now, changes=changes)

    return enrollments.changed(
        organization_id,
        enrollment_id,
        change,
        entry_of=entry_of,
        with_items=quotas.counting(QuotaName.CHANGES, organization_id, now),
    )


def _require_theirs(account_number: str | None, own_account: str) -> None:
    if account_number == own_account:
        raise InvalidField(
            "management_account_id", "This is Cavok's own account. Enter one of yours."
        )


def end_enrollment(
    organization_id: str,
    enrollment_id: str,
    *,
    versions: Container[str] | None,
    requester: Requester,
    dependencies: StartDependencies,
    now: datetime,
) -> None:
    """Ends it: nobody sees it any more, and its accounts stay, without it. A repetition within a
    day does nothing. Raises EnrollmentNotFound, PreconditionFailed, Conflict.
    """

    enrollments = dependencies.enrollments

    def attempt() -> Enrollment | None:
        try:
            before = enrollments.get(organization_id, enrollment_id).at_one_of(versions)
        except EnrollmentNotFound:
            if not enrollments.was_ended(organization_id, enrollment_id, now):
                raise
            return None
        action = AuditAction.ENROLLMENT_ENDED
        entry = audit.of_enrollment(action, before, requester, now)
        enrollments.mark_ended(before, before.ended(now), entry, now)
        return before

    ended = retry_while_changed(attempt)
    if ended and not ended.synchronizing(now):
        try:
            start_removal(organization_id, enrollment_id, dependencies, requester, now)
        except CavokError as error:  # it is due, so that the schedule starts it
            logger.warning("Removal not started", enrollment_id=enrollment_id, error=repr(error))
