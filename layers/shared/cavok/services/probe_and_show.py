"""The probe of one permission in a person's test, whose workflow carries a sealed session."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.sealing import Sealer
from cavok.adapters.table.progress import Progress
from cavok.domain.deadlines import Deadline
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.services.probe_permission import probe_permission
from cavok.services.sealed_session import unseal_session
from cavok.services.write_customer_log import PREPARING, prepare_log


def probe_and_show(
    test: Mapping[str, Any],
    progress: Progress,
    sealer: Sealer,
    deadline: Deadline,
    now: datetime,
) -> list[Step]:
    """Probes the IAM `action`, shows its step and returns it. The calls that make a log group
    depend on each other, so the first of their actions makes them all. `test` also has the names
    under which its `session` is sealed, and its `survey`. Raises SealBroken, ProbeTransient.
    """
    session = unseal_session(test["session"], test, sealer)
    if test["action"] == PREPARING[0]:
        steps = prepare_log(session, now, deadline)
    else:
        account = ProbedAccount.of(session, Survey.from_dict(test["survey"]), deadline)
        steps = [probe_permission(test["action"], account)]
    progress.show(test["verification_id"], steps, now)
    return steps
