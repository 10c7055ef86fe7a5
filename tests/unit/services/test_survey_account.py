"""The second state of a person's test: what was found of the trust shows, and regions are asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from cavok.adapters.sealing import session_context
from cavok.domain.permissions import ACCOUNT_MATCHES, ASSUME_ROLE
from cavok.domain.regions import RegionStatus
from cavok.domain.resources import Resource
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.services.survey_account import survey_account
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, VERIFICATION_ID, a_step
from tests.support.fake_aws import Aws, a_session
from tests.support.in_memory import SEALER

NAMES = session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)
ENTERING = [a_step(ASSUME_ROLE), a_step(ACCOUNT_MATCHES)]


def nothing() -> None:
    pass


@dataclass
class Dependencies:
    """What the state works with. `meet` is called where it reads, shows and opens."""

    meet: Callable[[], object] = nothing
    shown: list[tuple[str, list[Step]]] = field(default_factory=list)

    def all_of(self, _: str) -> Iterator[Resource]:
        self.meet()
        yield from ()

    def show(self, verification_id: str, steps: Sequence[Step], _: datetime) -> bool:
        self.meet()
        self.shown.append((verification_id, [*steps]))
        return True

    def open(self, sealed: str, context: Any) -> Any:
        self.meet()
        return SEALER.open(sealed, context)


STEPS = {"steps": [step.as_dict() for step in ENTERING]}


def surveyed(them: Dependencies, session: str | None, handed: dict[str, Any] = STEPS) -> Survey:
    test = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "verification_id": VERIFICATION_ID,
        "trigger": "manual",
        "regions": ["us-east-1"],
        "session": session,
    }
    return survey_account(test | handed, them, them, them, NOW)  # type: ignore[arg-type]


def sealed() -> str:
    return SEALER.seal(a_session().as_secret(), NAMES)


@pytest.mark.usefixtures("aws")
def test_the_steps_of_entering_show_while_the_session_is_opened() -> None:
    all_three = threading.Barrier(3, timeout=60)
    them = Dependencies(meet=all_three.wait)

    survey = surveyed(them, sealed())

    assert [each.status for each in survey.region_health] == [RegionStatus.REACHABLE]
    assert them.shown == [(VERIFICATION_ID, ENTERING)]


def test_of_another_account_the_steps_show_and_nothing_is_looked_at(aws: Aws) -> None:
    them = Dependencies()

    assert surveyed(them, None) == Survey()

    assert them.shown == [(VERIFICATION_ID, ENTERING)]
    assert aws.calls == []


def test_an_execution_that_began_before_an_update_hands_no_steps_and_is_surveyed(aws: Aws) -> None:
    """Its definition is of the release whose OpenSession showed them itself."""
    them = Dependencies()

    survey = surveyed(them, sealed(), handed={})

    assert survey.region_health
    assert them.shown == []
    assert aws.calls
