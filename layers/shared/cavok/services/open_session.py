"""Entering an account for a workflow. The session is sealed before it leaves the function."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import permissions
from cavok.domain.steps import Step
from cavok.services.enter_account import EntryDependencies
from cavok.services.enter_for_verification import VerificationRequest, enter_for_verification
from cavok.services.sealed_session import seal_session


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """What the next states need. `session` is sealed. If the credentials belong to another AWS
    account, `session` is null and there are no probes.
    """

    session: str | None
    steps: Sequence[Step]
    probes: Sequence[str]
    regions: Sequence[str]
    write_logs: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON form, for the workflow. Each probe names its group, so that the workflow can make a
        step for a probe that crashed.
        """
        return {
            "session": self.session,
            "steps": [step.as_dict() for step in self.steps],
            "probes": [
                {"action": action, "group": permissions.group_of(action)} for action in self.probes
            ],
            "regions": list(self.regions),
            "region": self.regions[0],
            "write_logs": self.write_logs,
        }


def open_session(
    request: VerificationRequest,
    dependencies: EntryDependencies,
    canary: Canary,
) -> OpenedSession:
    """Enters the account, and seals the session. Raises what `enter_for_verification` raises.

    The session is sealed while its trust is checked, because a person waits, and thrown away if
    that fails.
    """
    sealing: list[Future[str]] = []
    with ThreadPoolExecutor(1) as pool:

        def seal(session: CustomerSession) -> None:
            names = asdict(request)
            sealing.append(pool.submit(seal_session, session, names, dependencies.sealer()))

        result = enter_for_verification(request, dependencies, canary, on_session=seal)
    return OpenedSession(
        session=sealing[0].result() if result.session else None,
        steps=result.steps,
        probes=result.probes,
        regions=result.account.regions,
        write_logs=result.account.write_logs and result.session is not None,
    )
