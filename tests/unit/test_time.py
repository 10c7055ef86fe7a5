"""No test depends on the time of day, of the week or of the month."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from local.settings import ROOT

READS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"} | {
    f"time.{name}" for name in ("time", "time_ns", "gmtime", "localtime", "ctime", "strftime")
}
AT_ANY_TIME = {
    "tests/support/at.py": "moves the clock of whole runs",
    "tests/support/invariants.py": "compares times of one run with its begin",
    "tests/support/months.py": "waits until a month has time enough left",
    "tests/support/page/hosted_sign_in.py": "signs a token that a browser checks",
    "tests/support/page/samples.py": "the page says how long ago",
    "tests/support/sweeps.py": "the stack has a clock of its own",
    "tests/support/totp.py": "the user pool has a clock of its own",
    "tests/support/webhook_messages.py": "the stack has a clock of its own",
    "tests/unit/domain/test_webhooks.py": "an independent library compares it with its own clock",
    "tests/unit/support/test_invariants.py": "compares times of one run with its begin",
}
"""What reads the real clock, and why that is right at any minute. All else is given a time. The
tests that run on moto have `Clock` of tests/support/moto_stack.py, and so has the code under test.
"""


def reading(*folders: str) -> Iterator[tuple[str, str]]:
    """Each file that reads the clock, and how."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and (how := ast.unparse(node.func)) in READS:
                    yield str(path.relative_to(ROOT)), how


def test_what_reads_the_real_clock_holds_at_any_minute() -> None:
    found = {path for path, _ in reading("tests/unit", "tests/integration", "tests/support")}

    assert found == AT_ANY_TIME.keys()


def test_the_clock_that_tests_replace_is_the_only_one() -> None:
    """Tests on moto replace `datetime` where the code says `datetime.now(`."""
    assert {how for _, how in reading("functions", "layers/shared/cavok")} == {"datetime.now"}
