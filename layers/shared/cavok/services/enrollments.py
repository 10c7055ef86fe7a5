"""Making, changing and ending enrollments."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.enrollments import Enrollments, retry_while_changed
from cavok.adapters.table.members import Members
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.table.quotas import Quotas
from cavok.domain import audit
from cavok.domain.accounts import require_not_own
from cavok.domain.actors import Requester
from cavok.domain.audit import AuditAction
from cavok.domain.enrollment_templates import with_changed_parameters
from cavok.domain.enrollments import Enrollment, EnrollmentOptions, require_not_enrolled
from cavok.domain.errors import AlreadyEnrolled, CavokError, EnrollmentNotFound
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import new_id
from cavok.domain.member_states import MemberState
from cavok.domain.members import Standing
from cavok.domain.providers import Provider
from cavok.domain.quotas import QuotaName
from cavok.domain.template_versions import Template
from cavok.observability import logger
from cavok.services.enrollment_versions import stack_templates
from cavok.services.organizations import organization_of
from cavok.services.start_synchronizations import StartDependencies, start_removal


@dataclass(frozen=True, slots=True)
class EnrollmentShown:
    """An enrollment as it is listed. `totals`: how many members are in which state. `template`: the
    version that its stack has.
    """

    enrollment: Enrollment
    totals: Mapping[MemberState, int]
    template: Template | None
    synchronizing: bool


def shown(
    organization_id: str,
    found: Sequence[Enrollment],
    *,
    enrollments: Enrollments,
    accounts: Accounts,
    now: datetime,
    just_made: bool = False,
) -> list[EnrollmentShown]:
    """Enrollments of an organization, with their members by state. Of one that was `just_made`
    nothing is read: a read that fails must not hide that it was made.
    """
    begun = [each for each in found if each.writes > 1 or not just_made]
    totals = enrollments.totals(organization_id, [each.enrollment_id for each in begun])
    templates = stack_templates(begun, accounts=accounts)
    return [
        EnrollmentShown(
            each,
            totals.get(each.enrollment_id) or dict.fromkeys(MemberState, 0),
            templates.get(each.enrollment_id),
            each.synchronizing(now),
        )
        for each in found
    ]


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
    AlreadyEnrolled, TooManyEnrollments, QuotaExceeded, KeyReused, and Conflict, also if the key's
    was ended.
    """
    require_not_own(management_account_id, own_account, field="management_account_id")
    if key and (made := enrollments.made_by(organization_id, key, now)):
        return made
    try:
        if management_account_id:
            others = enrollments.of_organization(organization_id)
            require_not_enrolled(management_account_id, others)
    except AlreadyEnrolled:
        if key and (made := enrollments.made_by(organization_id, key, now)):
            return made  # a request with the same key was faster
        raise
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
    accounts: Accounts,
    quotas: Quotas,
    now: datetime,
) -> EnrollmentShown:
    """Changes these options, and ends a synchronization that runs with the old ones. Accounts that
    were added before keep theirs. What is shown beside it is read before the write: a read that
    fails must not hide that the change was made. Raises EnrollmentNotFound, InvalidField,
    AlreadyEnrolled, PreconditionFailed, QuotaExceeded, Conflict.
    """
    beside: list[EnrollmentShown] = []
    account_number = options.get("management_account_id")
    require_not_own(account_number, own_account, field="management_account_id")

    def is_member(number: str) -> bool:
        found = members.with_numbers(organization_id, enrollment_id, [number]).get(number)
        return found is not None and found.standing is not Standing.CLOSED

    def change(found: Enrollment) -> Enrollment:
        found.at_one_of(versions).require_same_organization(account_number, is_member)
        if account_number != found.management_account_id:
            others = enrollments.of_organization(organization_id)
            own = found.enrollment_id
            require_not_enrolled(account_number, (x for x in others if x.enrollment_id != own))
        after = with_changed_parameters(found, found.changed(now, **options))
        beside[:] = shown(
            organization_id, [after], enrollments=enrollments, accounts=accounts, now=now
        )
        return after

    def entry_of(before: Enrollment, after: Enrollment) -> audit.AuditEntry:
        changes = audit.chosen(before, after)
        action = AuditAction.ENROLLMENT_CHANGED
        return audit.of_enrollment(action, after, requester, now, changes=changes)

    changed = enrollments.changed(
        organization_id,
        enrollment_id,
        change,
        entry_of=entry_of,
        with_items=quotas.counting(QuotaName.CHANGES, organization_id, now),
        overtaken_at=now,
    )
    return replace(*beside, enrollment=changed)


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
