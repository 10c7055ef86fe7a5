"""A synchronization as it is shown: one that died without saying so has failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cavok.domain.actors import SYSTEM
from cavok.domain.enrollments import SLOT_HELD_FOR, Enrollment
from cavok.domain.synchronizations import DIED, Synchronization, SynchronizationState
from tests.support.builders import NOW
from tests.support.enrollments import SYNCHRONIZATION_ID, an_enrollment

BEGUN = an_enrollment().begun(SYNCHRONIZATION_ID, NOW, by_person=True)
RUNNING = Synchronization(
    organization_id=BEGUN.organization_id,
    enrollment_id=BEGUN.enrollment_id,
    synchronization_id=SYNCHRONIZATION_ID,
    actor=SYSTEM,
    again=False,
    started_at=NOW,
)


def test_one_that_holds_the_slot_runs() -> None:
    assert RUNNING.as_of(BEGUN, NOW + SLOT_HELD_FOR - timedelta(seconds=1)) is RUNNING


@pytest.mark.parametrize(
    "enrollment",
    [
        an_enrollment(),
        BEGUN.begun("01JN8Q5M3C0000000000000009", NOW, by_person=True),
        BEGUN.begun(SYNCHRONIZATION_ID, NOW - SLOT_HELD_FOR, by_person=False),
    ],
    ids=["no slot", "another's slot", "a slot that lapsed"],
)
def test_one_that_does_not_has_died(enrollment: Enrollment) -> None:
    shown = RUNNING.as_of(enrollment, NOW)

    assert (shown.state, shown.reason) == (SynchronizationState.FAILED, DIED)
    finished = replace(RUNNING, state=SynchronizationState.FINISHED)
    assert finished.as_of(enrollment, NOW) is finished
