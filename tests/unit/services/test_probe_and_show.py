"""One permission of a person's test: its step shows as soon as it is found."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from cavok.adapters.sealing import session_context
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.errors import ProbeTransient, SealBroken
from cavok.domain.steps import Step, Verdict
from cavok.domain.survey import Survey
from cavok.services.probe_and_show import probe_and_show
from cavok.services.write_customer_log import PREPARING
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, VERIFICATION_ID
from tests.support.fake_aws import Aws, a_session, refused
from tests.support.in_memory import SEALER

NAMES = session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)
DESCRIBE = "ec2:DescribeInstances"


def probed(action: str, progress: Mock, names: Any = NAMES) -> list[Step]:
    test = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "verification_id": VERIFICATION_ID,
        "session": SEALER.seal(a_session().as_secret(), names),
        "survey": Survey().as_dict(),
        "action": action,
    }
    return probe_and_show(test, progress, SEALER, NO_DEADLINE, NOW)


def test_a_permission_is_probed_and_its_step_is_shown(aws: Aws) -> None:
    progress = Mock()

    (step,) = probed(DESCRIBE, progress)

    assert (step.step, step.verdict) == (DESCRIBE, Verdict.ALLOWED)
    progress.show.assert_called_once_with(VERIFICATION_ID, [step], NOW)


def test_the_first_action_of_the_log_group_makes_all_and_shows_their_steps(aws: Aws) -> None:
    progress = Mock()

    steps = probed(PREPARING[0], progress)

    assert tuple(step.step for step in steps) == PREPARING
    progress.show.assert_called_once_with(VERIFICATION_ID, steps, NOW)


def test_a_probe_that_is_worth_repeating_shows_nothing(aws: Aws) -> None:
    progress, aws.answers["DescribeInstances"] = Mock(), refused("RequestLimitExceeded")

    with pytest.raises(ProbeTransient):
        probed(DESCRIBE, progress)

    progress.show.assert_not_called()


def test_a_session_of_another_test_does_not_open(aws: Aws) -> None:
    with pytest.raises(SealBroken):
        probed(DESCRIBE, Mock(), session_context(ORGANIZATION_ID, ACCOUNT_ID, "another"))

    assert aws.calls == []
