"""The page suggests each region that the backend knows."""

from __future__ import annotations

import re

from cavok.domain.regions import REGIONS
from local.settings import ROOT

FIELD = (ROOT / "functions/dashboard/static/lib/regions-field.js").read_text()


def test_the_page_suggests_every_region() -> None:
    found = re.search(
        r"^export const KNOWN_REGIONS = \[(.*?)^\];$", FIELD, re.MULTILINE | re.DOTALL
    )
    assert found

    assert re.findall(r'"([^"]+)"', found[1]) == sorted(REGIONS)
