"""How long a test may go on."""

from __future__ import annotations

import pytest

from cavok.domain.deadlines import (
    ACCOUNT_SECONDS,
    LOG_SECONDS,
    NO_DEADLINE,
    PERMISSION_SECONDS,
    Deadline,
)
from cavok.domain.errors import OutOfTime
from tests.support.longest_calls import A_CALL, SHOWING
from tests.support.state_machines import VERIFY
from tests.support.template import template


def test_a_deadline_is_over_after_its_seconds() -> None:
    now = 100.0
    deadline = Deadline.after(5, lambda: now)

    deadline.check()
    assert deadline.left == 5

    now = 105.0
    assert deadline.left == 0
    assert deadline.later(2).left == 2
    with pytest.raises(OutOfTime, match=r"^The time for this test ran out before AWS was asked\.$"):
        deadline.check()
    NO_DEADLINE.check()


@pytest.mark.parametrize(
    ("function", "seconds"),
    [
        ("ProbeAccount", ACCOUNT_SECONDS + LOG_SECONDS),
        ("ProbePermission", PERMISSION_SECONDS + SHOWING),
        ("WriteCustomerLog", PERMISSION_SECONDS),
    ],
)
def test_a_call_that_begins_at_the_deadline_ends_before_its_function_and_its_state(
    function: str, seconds: float
) -> None:
    states = VERIFY["States"] | VERIFY["States"]["ProbePermissions"]["ItemProcessor"]["States"]
    timeout = template()["Resources"][function]["Properties"]["Timeout"]

    assert seconds + A_CALL + 1 <= timeout < states[function]["TimeoutSeconds"]
