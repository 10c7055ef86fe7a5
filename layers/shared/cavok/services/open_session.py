"""Entering an account for a workflow: the session travels sealed from state to state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cavok.adapters.sealing import session_context
from cavok.domain import permissions
from cavok.domain.steps import Step
from cavok.services.enter_account import Doors, Visit, enter


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """What the states that follow need. `session` is sealed. There is none, and there are no
    probes, where the account is not the one it should be.
    """

    session: str | None
    steps: Sequence[Step]
    probes: Sequence[str]
    region: str
    write_logs: bool

    def as_dict(self) -> dict[str, Any]:
        """What the workflow carries on. The probes name their group, for the step of a probe that
        crashed.
        """
        return {
            "session": self.session,
            "steps": [step.as_dict() for step in self.steps],
            "probes": [
                {"action": action, "group": permissions.group_of(action)} for action in self.probes
            ],
            "region": self.region,
            "write_logs": self.write_logs,
        }


def open_session(visit: Visit, doors: Doors) -> OpenedSession:
    """Enters, and seals the session. Raises what `enter` does."""
    entered = enter(visit, doors)
    session = entered.session
    context = session_context(visit.organization_id, visit.account_id, visit.verification_id)
    return OpenedSession(
        session=doors.sealer().seal(session.as_secret(), context) if session else None,
        steps=entered.steps,
        probes=entered.probes,
        region=entered.account.home_region,
        write_logs=entered.account.write_logs and session is not None,
    )
