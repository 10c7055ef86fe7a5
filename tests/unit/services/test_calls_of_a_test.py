"""How many calls of a customer's API one test makes, and how long they take one after the other.

Waiting is simulated: see `tests/support/simulated_time.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.kinds import Kind
from cavok.domain.permissions import GRANTED_GROUPS, policy_document
from cavok.domain.regions import REGIONS
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.domain.verifications import Trigger
from cavok.services import survey_regions as survey_regions_module
from cavok.services.enter_account import EntryDependencies
from cavok.services.enter_for_verification import VerificationRequest, enter_for_verification
from cavok.services.probe_account import probe_account
from cavok.services.probe_permission import probe_permission
from cavok.services.survey_regions import survey_regions
from cavok.services.sweep import calls_of_a_test
from cavok.services.write_customer_log import write_verification_log
from local.catalog import MOST_CALLS
from tests.support.builders import (
    ACCOUNT_ID,
    EXTERNAL_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    an_account,
)
from tests.support.documents import cost_figures
from tests.support.fake_aws import ASSUMED, refused, with_nothing
from tests.support.in_memory import OUR_ROLE, SEALER, Accounts, Organizations
from tests.support.simulated_time import SimulatedTime, simulated_time

TWENTY = tuple(sorted(REGIONS))[:20]
ABSENT = {
    action.partition(":")[2]: min(kind.descriptor.absent)
    for kind in Kind
    for action in (kind.descriptor.start, kind.descriptor.stop)
    if not kind.descriptor.dry_run
}
"""What AWS answers for the absent instance that a probe names, by operation."""

INLINE = {group.policy_name: policy_document([group]) for group in GRANTED_GROUPS}


@dataclass
class Customer:
    """An account whose role may do everything, by one inline policy a group as in our template.
    Each region in `having` has instances.
    """

    time: SimulatedTime
    having: tuple[str, ...]
    instances: int = 3
    calls: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, region: str, operation: str, parameters: dict[str, Any]) -> Any:
        self.calls.append((operation, region))
        self.time.call()
        if operation == "AssumeRole" and parameters.get("ExternalId") != EXTERNAL_ID:
            raise refused("AccessDenied", "is not authorized to perform")
        if parameters.get("DryRun"):
            raise refused("DryRunOperation")
        if operation in ABSENT:
            raise refused(ABSENT[operation])
        if operation == "GetRolePolicy":
            return {"PolicyDocument": INLINE[parameters["PolicyName"]]}
        return self._found(operation, region)

    def _found(self, operation: str, region: str) -> dict[str, Any] | None:
        count = self.instances if region in self.having else 0
        instances = [
            {
                "InstanceId": f"i-{TWENTY.index(region) if count else 0:08x}{n:09x}",
                "State": {"Name": "running"},
                "InstanceType": "t3.small",
            }
            for n in range(count)
        ]
        answers: dict[str, Any] = {
            "AssumeRole": ASSUMED,
            "GetCallerIdentity": {"Account": NUMBER},
            "DescribeInstances": {"Reservations": [{"Instances": instances}]},
            "ListRolePolicies": {"PolicyNames": [*INLINE]},
            "ListAttachedRolePolicies": {"AttachedPolicies": []},
        }
        return answers.get(operation)


@pytest.fixture
def customer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Customer]:
    with simulated_time(monkeypatch) as time:
        customer = Customer(time, TWENTY)

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            answer = customer.answer(client.meta.region_name, operation, parameters)
            return answer or with_nothing(client.meta.service_model.operation_model(operation))

        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        # The limit is of real time: a busy machine must not look like a region without an answer.
        monkeypatch.setattr(survey_regions_module, "TIME_LIMIT_SECONDS", 300)
        yield customer


def run_test(*regions: str, trigger: Trigger = Trigger.SCHEDULED) -> tuple[list[Step], Survey]:
    """What a test of an account finds: a scheduled one made as ProbeAccount makes it, a person's as
    its workflow makes it, where each step has a function of its own and knows what is handed on.
    """
    account = an_account(regions=regions)
    stored = Accounts(account)
    sts = boto3.client(
        "sts", "us-east-1", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="none"
    )
    result = enter_for_verification(
        VerificationRequest(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID, trigger),
        EntryDependencies(
            organizations=Organizations(stored.known),  # type: ignore[arg-type]
            accounts=stored,  # type: ignore[arg-type]
            roles=lambda: CustomerRoles(sts, lambda: sts),
            sealer=lambda: SEALER,  # type: ignore[arg-type,return-value]
        ),
        Canary(sts, lambda: sts, OUR_ROLE, "cavok-canary"),
    )
    assert result.session
    survey = survey_regions(regions, result.session, [], trigger=trigger, now=NOW)
    steps = list(result.steps)
    if trigger is Trigger.MANUAL:
        handed_on = json.dumps(survey.as_dict())
        steps += [
            probe_permission(
                action,
                ProbedAccount(
                    session=result.session, survey=Survey.from_dict(json.loads(handed_on))
                ),
            )
            for action in result.probes
        ]
    else:
        steps += probe_account(result.probes, ProbedAccount(session=result.session, survey=survey))
    steps += write_verification_log({"trigger": trigger}, steps, result.session, NOW)
    return steps, survey


@pytest.mark.parametrize("trigger", Trigger)
def test_a_test_of_twenty_regions_makes_fewer_calls_than_promised(
    customer: Customer, trigger: Trigger
) -> None:
    """The plain case: AWS refuses nothing. Halving takes more calls where it does."""
    steps, survey = run_test(*TWENTY, trigger=trigger)

    assert all(step.ok for step in steps), [step for step in steps if not step.ok]
    assert set(survey.reachable) == set(survey.instances) == set(TWENTY)
    counted = Counter(operation for operation, _ in customer.calls)
    assert counted["StopInstances"] >= len(TWENTY), "each region's instances are asked about"
    assert len(customer.calls) < MOST_CALLS, counted


@pytest.mark.parametrize("trigger", Trigger)
def test_the_costs_say_how_many_calls_a_test_of_one_region_makes(
    customer: Customer, trigger: Trigger
) -> None:
    run_test(TWENTY[0], trigger=trigger)

    by_person, scheduled, most = cost_figures("STS and the customer's API calls")
    said = by_person if trigger is Trigger.MANUAL else scheduled
    assert (said, most) == (round(len(customer.calls), -1), MOST_CALLS)


@pytest.mark.parametrize("regions", [1, 5, 20])
def test_a_sweep_knows_about_how_many_calls_a_test_makes(customer: Customer, regions: int) -> None:
    """It fills its pages by that."""
    run_test(*TWENTY[:regions])

    expected = calls_of_a_test(TWENTY[:regions])
    assert len(customer.calls) == pytest.approx(expected, rel=0.1)


def test_twenty_regions_take_less_than_twice_as_long_as_one(customer: Customer) -> None:
    run_test(TWENTY[0])
    one_region = customer.time.now

    run_test(*TWENTY)

    assert customer.time.now - one_region < 2 * one_region


def test_a_person_is_told_of_other_regions_within_as_many_calls(customer: Customer) -> None:
    customer.having = (TWENTY[3],)

    _, survey = run_test(*TWENTY[:3], trigger=Trigger.MANUAL)

    assert survey.elsewhere == (TWENTY[3],)
    assert len(customer.calls) < MOST_CALLS


def test_the_simulated_time_of_few_threads_is_longer(customer: Customer) -> None:
    """What the other tests rely on."""
    for threads, rounds in ((10, 1), (5, 2), (1, 10)):
        before = customer.time.now
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: customer.time.call(), range(10)))
        assert customer.time.now - before == rounds
