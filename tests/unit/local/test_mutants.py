"""What `make mutants` says in the end, and of which modules docs/mutants.md tells."""

from __future__ import annotations

import re

from local.mutants import DOMAIN, _summary
from local.settings import ROOT

RESULTS = """
    cavok.domain.ids.x_is_id__mutmut_1: killed
    cavok.domain.ids.x_is_id__mutmut_2: survived
    cavok.domain.ids.x_is_id__mutmut_3: killed
    cavok.domain.steps.xǁStepǁof__mutmut_1: no tests
"""


def test_it_names_what_was_not_killed_and_counts_by_module() -> None:
    assert list(_summary(RESULTS)) == [
        "cavok.domain.ids.x_is_id__mutmut_2: survived",
        "cavok.domain.steps.xǁStepǁof__mutmut_1: no tests",
        "ids                      2 of     3 killed   66 %",
        "steps                    0 of     1 killed    0 %",
    ]


def test_the_document_counts_each_module_of_the_domain_or_says_that_it_does_not() -> None:
    document, _, _ = (ROOT / "docs" / "mutants.md").read_text().partition("\n## ")
    rows = "".join(re.findall(r"^\| (`.*?) \|", document, re.M))
    _, _, uncounted = document.partition("\nNot counted yet: ")
    named = re.findall(r"`(\w+)`", rows + uncounted.partition("\n\n")[0])

    assert sorted(named) == sorted(path.stem for path in DOMAIN.glob("[!_]*.py"))
