"""The first kind of a service is added as docs/architecture.md says, in a copy, whose tests then
find no other edit to make.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from local.catalog import MOST_CALLS
from tests.support.copied_code import add, added, copied, edit, run
from tests.support.made_up_kind import DESCRIPTOR, PERMISSIONS, PROBES

READING_THE_KINDS = (
    "tests/integration/test_probes.py",
    "tests/unit/domain/test_kinds.py",
    "tests/unit/domain/test_session_policies.py",
    "tests/unit/domain/test_start_stop_sessions.py",
    "tests/unit/domain/test_survey.py",
    "tests/unit/services/test_calls_of_a_test.py",
    "tests/unit/services/test_survey_regions.py",
    "tests/unit/test_service_authorization.py",
)
REAL = "".join(line for line in DESCRIPTOR.splitlines(True) if "extra_arns" not in line)
"""A start needs nothing else, by AWS's Service Authorization Reference."""
ARN = 'Kind.WAREHOUSE: f"arn:aws:redshift:*:{NUMBER}:cluster:sales"'


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_other_edit_is_needed(tmp_path: Path) -> None:
    """What is in the way of a kind fails in the copy: a count of the services, a fake without an
    answer for another one, a list of all kinds.
    """
    copy = copied(tmp_path)
    add(copy / "layers/shared", added("WAREHOUSES", PERMISSIONS), probes=PROBES)
    kinds = copy / "layers/shared/cavok/domain/kinds.py"
    kinds.write_text(kinds.read_text() + REAL)
    budget = f"MOST_CALLS = {MOST_CALLS}\n"
    edit(copy / "local/catalog.py", budget, budget.replace(str(MOST_CALLS), str(MOST_CALLS + 25)))
    of_a_start = copy / "tests/unit/domain/test_start_stop_sessions.py"
    edit(of_a_start, "ARNS = {\n", f"ARNS = {{\n    {ARN},\n")

    run(copy, "local.catalog")

    run(copy, "pytest", "-q", "-p", "no:cacheprovider", *READING_THE_KINDS)
