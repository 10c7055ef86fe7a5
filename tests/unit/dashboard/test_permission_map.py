"""What the page makes of a refusal follows from what the API makes of it."""

from __future__ import annotations

import re

from cavok.domain.access_denied import Reason
from cavok.domain.fixes import fix_of_refusal
from local.settings import ROOT
from tests.support.builders import an_account

MODULE = (ROOT / "functions/dashboard/static/lib/permission-map.js").read_text()


def test_the_page_has_a_statement_for_those_refusals_for_which_the_api_has_one() -> None:
    (found,) = re.findall(r"^const NOT_GRANTED = \[(.*)\];$", MODULE, re.MULTILINE)
    fixes = {
        reason: fix_of_refusal(an_account(), reason, ["ec2:StopInstances"]) for reason in Reason
    }

    assert set(re.findall(r'"(\w+)"', found)) == {
        reason for reason, fix in fixes.items() if fix and fix.policy_statement
    }
