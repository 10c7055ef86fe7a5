"""A scheduled test of one account in one call: it enters the account, surveys its regions, runs
all probes and writes the customer's log. The session stays in this process, so it is not sealed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.table.resources import Resources
from cavok.domain.accounts import Account
from cavok.domain.deadlines import LOG_SECONDS, Deadline, ProcessorTime
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.services.enter_account import EntryDependencies
from cavok.services.enter_for_verification import VerificationRequest, enter_for_verification
from cavok.services.probe_account import probe_account
from cavok.services.survey_regions import survey_regions
from cavok.services.write_customer_log import prepare_log, write_verification_log


@dataclass(frozen=True, slots=True, kw_only=True)
class TestingDependencies:
    """Our own adapters that a test needs."""

    entry: EntryDependencies
    canary: Canary
    resources: Callable[[], Resources]


class Found(NamedTuple):
    """What a test found: the steps of all groups, and the regions."""

    steps: list[Step]
    survey: Survey


def make_scheduled_test(
    request: VerificationRequest,
    dependencies: TestingDependencies,
    deadline: Deadline,
    now: datetime,
    *,
    weighing: ProcessorTime | None = None,
    account: Account | None = None,
) -> Found:
    """Tests an account. `weighing`: processor time for evaluating policies on databases, and for
    long lists of instances; None: as long as it takes. `account`: as just read, or None to read it.
    Raises what entering the account raises.
    """
    entered = enter_for_verification(request, dependencies.entry, dependencies.canary, account)
    steps, session = list(entered.steps), entered.session
    if session is None:
        return Found(steps, Survey())
    pool = ThreadPoolExecutor(1)
    # Beside the probes: waiting costs money.
    prepared = (
        pool.submit(prepare_log, session, now, deadline) if entered.account.write_logs else None
    )
    pool.shutdown(wait=False)
    survey = survey_regions(
        entered.account.regions,
        session,
        dependencies.resources().all_of(request.account_id),
        trigger=request.trigger,
        now=now,
        of_test=deadline,
        share=weighing,
    )
    probed = ProbedAccount.of(session, survey, deadline, weighing)
    steps += probe_account(entered.probes, probed)
    if prepared:
        steps += prepared.result()
        test = {
            "account_id": request.account_id,
            "verification_id": request.verification_id,
            "trigger": request.trigger.value,
        }
        steps += write_verification_log(test, steps, session, now, deadline.later(LOG_SECONDS))
    return Found(steps, survey)
