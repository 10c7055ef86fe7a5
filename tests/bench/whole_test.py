"""Wall-clock of a whole test on the local stack, against a plain script that makes the same calls
in the customer's account one after another.

The script enters the role, checks the trust, probes every permission and writes the log. It uses
the project's own adapters, so that the calls are the same. It makes one client per service. It
seals nothing, and writes neither the table nor progress: this overhead counts against the workflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cavok.adapters.customer import probes
from cavok.adapters.customer.assume_role import CustomerRoles, whose_account
from cavok.adapters.customer.logs import VERIFICATIONS, CustomerLogs, LogLine
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.permissions import PROBED_GROUPS
from cavok.domain.session_policies import probing_policy_text
from cavok.domain.steps import Judgement, Verdict
from local import aws, customers
from local.customers import CUSTOMERS, Offer
from local.first_account import Api, new_account
from local.stack import Stack
from tests.bench.measure import Medians, Sample, interleaved
from tests.support.builders import an_account

_POLL_SECONDS = 0.05


def measure(stack: Stack, runs: int) -> tuple[Medians, Medians]:
    """The whole test, from `POST …/verifications` to the end of its execution, and the script."""
    api, customer = Api(stack), CUSTOMERS["all-permissions"]
    account = api.add_account(new_account(customer))
    path = f"/v1/accounts/{account['account_id']}"
    offer = Offer.from_link(api.get(f"{path}/instructions")["deploy_on_aws_url"])
    customers.prepare(customer, stack.emulator_url, offer=offer)
    medians = interleaved(
        {
            "workflow": _timed(lambda: _press_test(api, path, stack)),
            "script": _timed(lambda: _script(stack, account, offer.external_id)),
        },
        runs,
    )
    return medians["workflow"], medians["script"]


def _timed(work: Callable[[], None]) -> Callable[[], Sample]:
    def sample() -> Sample:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        return Sample(time.perf_counter() - wall, time.process_time() - cpu)

    return sample


def _press_test(api: Api, path: str, stack: Stack) -> None:
    verification = api.post(f"{path}/verifications")
    arn = stack.state_machines["verify_account"].replace(":stateMachine:", ":execution:")
    execution = f"{arn}:{verification['verification_id']}"
    step_functions = aws.step_functions(stack.emulator_url)
    while step_functions.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(_POLL_SECONDS)
    finished = api.get(f"{path}/verifications/{verification['verification_id']}")
    assert finished["outcome"] == "confirmed", finished


def _script(stack: Stack, account: dict[str, Any], external_id: str) -> None:
    sts = aws.client.__wrapped__("sts", stack.emulator_url)
    roles = CustomerRoles(sts, lambda: sts)
    target = an_account(
        account_id=account["account_id"],
        account_number=account["provider_id"],
        role_name=account["role_arn"].rpartition("/")[2],
    )
    judgement, session = roles.assume(target, "cavok-bench", external_id, probing_policy_text())
    assert session is not None, judgement
    own = _OneClientEach(session, stack.emulator_url)
    probed = ProbedAccount(session=own)  # type: ignore[arg-type]
    verdicts = [
        whose_account(own),  # type: ignore[arg-type]
        roles.try_without_external_id(target, "cavok-bench", None),
        roles.try_wrong_external_id(target, "cavok-bench", None),
        *(probes.run(a, probed) for group in PROBED_GROUPS for a in group.actions),
        *_write_log(own),
    ]
    refused = [v for v in verdicts if v.verdict is not Verdict.ALLOWED]
    assert len(refused) == 2, "only the two checks without the right external ID are refused"


def _write_log(session: _OneClientEach) -> list[Judgement]:
    now = datetime.now(UTC)
    line = LogLine(now, {"event": "Bench", "at": now.isoformat()})
    logs, stream = CustomerLogs(session), f"{now:%Y-%m-%d}"  # type: ignore[arg-type]
    calls = [*logs.prepare(VERIFICATIONS, stream), logs.write(VERIFICATIONS, stream, line)]
    return [call() for _, call in calls]


class _OneClientEach:
    """A customer's session as a plain script has it: one client per service, on the emulator."""

    def __init__(self, session: CustomerSession, emulator_url: str) -> None:
        self.account_number, self.region = session.account_number, session.region
        self.role_name, self._credentials = session.role_name, session.credentials
        self._emulator_url = emulator_url
        self._clients: dict[str, Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.session.Session().client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._emulator_url,
                region_name=region or self.region,
                aws_access_key_id=self._credentials.access_key_id,
                aws_secret_access_key=self._credentials.secret_access_key,
                aws_session_token=self._credentials.session_token,
            )
        return self._clients[service]
