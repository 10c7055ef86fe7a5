"""Enrollments, and synchronizing one on moto."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

from cavok import wiring
from cavok.adapters.table.enrollment_totals import Counted, count_members
from cavok.adapters.table.members import save_member
from cavok.domain import audit
from cavok.domain.accounts import Account
from cavok.domain.actors import SCHEDULE, Requester
from cavok.domain.audit import AuditAction
from cavok.domain.deadlines import Deadline
from cavok.domain.enrollments import Enrollment, EnrollmentStatus
from cavok.domain.members import Member, Place, Standing
from cavok.domain.synchronizations import Synchronization
from cavok.services import synchronize_organization as synchronizing
from cavok.services.start_synchronizations import start_synchronization
from tests.support.aws_organization import InMemoryOrganization
from tests.support.builders import ADA, NOW, ORGANIZATION_ID, WORKLOAD
from tests.support.moto_stack import Clock, plain_items

ENROLLMENT_ID = "01JN8Q5M3C0000000000000E01"
SYNCHRONIZATION_ID = "01JN8Q5M3C0000000000000S01"
MANAGEMENT = "999999999999"
NEW = {
    "name": "Northwind",
    "provider": "aws",
    "management_account_id": MANAGEMENT,
    "write_logs": True,
}
"""A body of POST /v1/enrollments."""


def an_enrollment(**but: Any) -> Enrollment:
    """An enrollment of all accounts, whose stack nobody has seen yet."""
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "enrollment_id": ENROLLMENT_ID,
        "provider": "aws",
        "name": "Northwind",
        "management_account_id": MANAGEMENT,
        "regions": ("us-east-1",),
        "write_logs": True,
        "features": ("ec2", "rds", "logs"),
        "next_synchronization_at": NOW,
        "created_at": NOW - timedelta(days=1),
        "created_by": "ada@example.com",
        "updated_at": NOW - timedelta(days=1),
        "touched_at": NOW - timedelta(hours=1),
        "version": 1,
    }
    return Enrollment(**ordinary | but)


def connected(enrollment: Enrollment) -> Enrollment:
    return replace(enrollment, status=EnrollmentStatus.CONNECTED, last_synchronized_at=NOW)


def make_one(enrollment_id: str, synchronization_id: str, organization_id: str, index: int) -> None:
    """An enrollment with a member that is left out, while a synchronization runs."""
    enrollment = an_enrollment(
        organization_id=organization_id,
        enrollment_id=enrollment_id,
        name=f"Hidden{index}",
        management_account_id=f"77777777777{index}",
        created_at=NOW,
    )
    entry = audit.of_enrollment(AuditAction.ENROLLMENT_CREATED, enrollment, ADA, NOW)
    made = wiring.enrollments().create(enrollment, entry, lambda transaction: None)
    synchronization = Synchronization(
        organization_id=organization_id,
        enrollment_id=enrollment_id,
        synchronization_id=synchronization_id,
        actor=SCHEDULE,
        again=False,
        started_at=NOW,
    )
    begun = made.begun(synchronization_id, NOW, by_person=False)
    wiring.enrollments().begin(
        made, begun, synchronization, entry=None, count=lambda transaction: None
    )
    member = a_member(enrollment, account_number=f"88888888888{index}", name=f"Unseen {index}")
    add_member(member)


def a_member(enrollment: Enrollment, **but: Any) -> Member:
    """A member that the enrollment leaves out."""
    ordinary: dict[str, Any] = {
        "organization_id": enrollment.organization_id,
        "enrollment_id": enrollment.enrollment_id,
        "account_number": "200000000002",
        "name": "Sandbox",
        "place": Place(("r-abcd", "ou-abcd-11111111"), "Root/Sandbox"),
        "standing": Standing.EXCLUDED,
    }
    return Member(**ordinary | but)


def add_member(member: Member) -> None:
    """A new one, counted."""
    with wiring.table().transaction() as transaction:
        save_member(transaction, member)
        counted = Counted(member.enrollment_id, None, member.state(None))
        count_members(transaction, member.organization_id, [counted])


def stored(enrollment_id: str, organization_id: str = ORGANIZATION_ID) -> Enrollment:
    found = wiring.enrollments().stored(organization_id, enrollment_id)
    assert found
    return found


def dependencies(organization: InMemoryOrganization) -> synchronizing.SynchronizationDependencies:
    made = wiring.synchronization_dependencies()
    return replace(made, connect=organization.connect, own_account=WORKLOAD)


def request_of(begun: Synchronization, **but: Any) -> synchronizing.RoundRequest:
    request = synchronizing.RoundRequest(
        organization_id=begun.organization_id,
        enrollment_id=begun.enrollment_id,
        synchronization_id=begun.synchronization_id,
    )
    return replace(request, **but)


def begin(
    enrollment_id: str, *, by_person: bool = False, organization_id: str = ORGANIZATION_ID
) -> Synchronization:
    """A synchronization that the schedule starts, or a person."""
    return start_synchronization(
        organization_id,
        enrollment_id,
        requester=ADA if by_person else Requester(actor=SCHEDULE, request_id="r-1"),
        dependencies=wiring.start_dependencies(),
        quotas=None,
        now=Clock.now(),
    )


def one_round(
    begun: Synchronization, organization: InMemoryOrganization, seconds: float = inf
) -> bool:
    """Whether another round is needed."""
    deadline = Deadline(seconds, lambda: 0.0)
    return synchronizing.make_round(request_of(begun), dependencies(organization), deadline)


def synchronize(
    enrollment_id: str,
    organization: InMemoryOrganization,
    *,
    by_person: bool = False,
    organization_id: str = ORGANIZATION_ID,
) -> Synchronization:
    """From its start to its end."""
    begun = begin(enrollment_id, by_person=by_person, organization_id=organization_id)
    for _ in range(1000):
        if not one_round(begun, organization):
            break
    return wiring.synchronizations().get(organization_id, enrollment_id, begun.synchronization_id)


def accounts_of(organization_id: str = ORGANIZATION_ID) -> dict[str, Account]:
    """By number."""
    ids = [
        sk.removeprefix("ACCOUNT#")
        for pk, sk in plain_items()
        if pk == f"ORG#{organization_id}" and sk.startswith("ACCOUNT#")
    ]
    found = [wiring.accounts().get(organization_id, each) for each in ids]
    return {account.account_number: account for account in found}


def wrong_counts() -> list[str]:
    """Counts of members by state, and of accounts by status, that are not of what is there."""
    items = plain_items()
    counted: dict[tuple[str, str], Counter[str]] = {}
    for (pk, sk), item in items.items():
        if sk.startswith("MEMBER#"):
            _, enrollment_id, number = sk.split("#")
            organization_id = pk.removeprefix("ORG#")
            members = wiring.members().with_numbers(organization_id, enrollment_id, [number])
            account_id = item.get("account_id", "")
            found = wiring.accounts().read(organization_id, [account_id] if account_id else [])
            state = members[number].state(found[0] if found else None)
            counted.setdefault((pk, enrollment_id), Counter())[state] += 1
    wrong = []
    for (pk, sk), item in items.items():
        if sk.startswith("TOTALS#"):
            shown = +Counter({k: int(v) for k, v in item.items() if k not in ("pk", "sk")})
            there = counted.pop((pk, sk.removeprefix("TOTALS#")), Counter())
            if shown != there:
                wrong.append(f"{sk} counts {shown} of {there}")
        if sk == "ORG":
            statuses = Counter(
                other["status"]
                for (own, key), other in items.items()
                if own == pk and key.startswith("ACCOUNT#")
            )
            names = ("unconfirmed", "confirmed", "degraded", "failed")
            kept = +Counter({name: int(item.get(name, 0)) for name in names})
            if kept != statuses:
                wrong.append(f"{pk} counts {kept} of {statuses}")
    return wrong + [f"{key} is counted nowhere" for key in counted]
