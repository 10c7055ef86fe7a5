"""Probing one permission."""

from cavok.adapters.customer import probes
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import TRANSIENT_CODES, Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.policy_evaluation import Prediction, predict
from cavok.domain.steps import Step, Verdict
from cavok.services.timing import timed


def probe_permission(action: str, session: CustomerSession) -> Step:
    """The step of one IAM action. Raises ProbeTransient if repeating the probe may prove more."""
    region = session.region if probes.is_regional(action) else None
    step = timed(action, lambda: probes.run(action, session), region)
    if step.error_code in TRANSIENT_CODES:
        raise ProbeTransient(f"{step.error_code}: {step.detail}")
    if step.verdict is Verdict.INCONCLUSIVE and step.reason is Reason.NOT_PROVABLE:
        return _predicted(step, session)
    return step


def _predicted(step: Step, session: CustomerSession) -> Step:
    """The step with the verdict that the role's inline policies give, if they give one."""
    answer = f"AWS answered {step.error_code}, which proves nothing."
    match predict(probes.inline_policies(session), step.step):
        case Prediction.ALLOWED:
            return step.predicted(
                Verdict.ALLOWED, None, f"The role's inline policies allow it. {answer}"
            )
        case Prediction.DENIED:
            detail = f"The role's inline policies deny it explicitly. {answer}"
            return step.predicted(Verdict.DENIED, Reason.EXPLICIT_DENY, detail)
        case Prediction.UNKNOWN:
            return step
