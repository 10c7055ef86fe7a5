"""What the page takes of a connection between its tests follows from the API's own times."""

from __future__ import annotations

import re
from datetime import timedelta

from cavok.domain.verifications import KEPT_FOR, UNTESTED
from local.settings import ROOT

MODULE = (ROOT / "functions/dashboard/static/lib/health.js").read_text()
TEXTS = (ROOT / "functions/dashboard/static/views/texts.js").read_text()


def test_a_test_holds_as_long_as_an_account_may_go_without_another() -> None:
    (hours,) = re.findall(r"^const KNOWN_FOR_MS = (\d+) \* HOUR_MS;$", MODULE, re.MULTILINE)

    assert timedelta(hours=int(hours)) == UNTESTED
    assert f"found it, for {hours} hours at" in TEXTS


def test_as_many_days_are_shown_as_tests_are_kept() -> None:
    (days,) = re.findall(r"^export const DAYS_BACK = (\d+);$", MODULE, re.MULTILINE)

    assert timedelta(days=int(days)) == KEPT_FOR
