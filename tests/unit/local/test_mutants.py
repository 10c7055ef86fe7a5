"""What `make mutants` says in the end."""

from __future__ import annotations

from local.mutants import _summary

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
