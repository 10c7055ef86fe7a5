"""No test depends on the time of day, of the week or of the month, nor on how fast a machine is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import pytest

from local.settings import ROOT

READS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"} | {
    f"time.{name}" for name in ("time", "time_ns", "gmtime", "localtime", "ctime", "strftime")
}
AT_ANY_TIME = {
    "moves the clock of whole runs": {"tests/support/at.py"},
    "compares times of one run with its begin": {
        "tests/support/invariants.py",
        "tests/unit/support/test_invariants.py",
    },
    "waits until a month has time enough left": {"tests/support/months.py"},
    "keeps the edges of a week away from now": {"tests/support/weeks.py"},
    "makes a key or a name that no test has used": {
        "tests/e2e/client_tour.py",
        "tests/e2e/conftest.py",
        "tests/e2e/test_quotas.py",
        "tests/e2e/test_using_a_connection.py",
    },
    "the stack, or what stands in for AWS, has a clock of its own": {
        "tests/e2e/test_emulator_corrections.py",
        "tests/e2e/test_webhooks.py",
        "tests/support/sweeps.py",
        "tests/support/totp.py",
        "tests/support/webhook_messages.py",
    },
    "AWS has a clock of its own": {
        "tests/contract/test_alarms.py",
        "tests/contract/test_customer_logs.py",
        "tests/smoke/__main__.py",
    },
    "makes days that a view shows up to now, whichever they are": {"tests/support/page/acts.py"},
    "measures on this machine, with its clock": {
        "tests/bench/long_tasks.py",
        "tests/bench/prepared.py",
        "tests/bench/result.py",
        "tests/bench/sweep.py",
        "tests/bench/usual.py",
        "tests/bench/warm_request.py",
        "tests/bench/whole_test.py",
    },
    "takes pictures today; what a test asks of them is given a time": {"tests/browser/screens.py"},
    "signs a token that a browser checks": {"tests/support/page/hosted_sign_in.py"},
    "an hour ahead of the page: no listing is newer": {"tests/support/page/samples.py"},
    "an independent library compares it with its own clock": {"tests/unit/domain/test_webhooks.py"},
}
"""What reads the real clock, by why that is right at any minute. All else is given a time. Tests
that run on moto have `Clock` of tests/support/moto_stack.py, and so has the code under test.
"""
JUST_NOW = re.compile(r"\bDate\.now\(\)|\bnew Date\(\)")
SAYS_A_MOMENT = re.compile(r"\bhour\(|\bsecond\(|toLocale(Date|Time)?String\(|getDay\(|getHours\(")
"""Words of the page that differ by the time of day, not by an age."""


def reading(*folders: str) -> Iterator[tuple[str, str]]:
    """Each file that reads the clock, and how."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text()
            for node in ast.walk(ast.parse(text)) if any(how in text for how in READS) else ():
                if isinstance(node, ast.Call) and (how := ast.unparse(node.func)) in READS:
                    yield str(path.relative_to(ROOT)), how


def test_what_reads_the_real_clock_holds_at_any_minute() -> None:
    found = {path for path, _ in reading("tests")}

    assert found == {path for paths in AT_ANY_TIME.values() for path in paths}


def test_the_clock_that_tests_replace_is_the_only_one() -> None:
    """Tests on moto replace `datetime` where the code says `datetime.now(`."""
    assert {how for _, how in reading("functions", "layers/shared/cavok")} == {"datetime.now"}


def test_tests_of_the_pages_modules_ask_for_ages_alone() -> None:
    """They give the page's store the present time, by which it counts. No line asks how a moment
    of today is said. `locale.test.mjs` asks that there is a word for it, whatever it is.
    """
    assert [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "tests").rglob("*.mjs"))
        for line in path.read_text().splitlines()
        if JUST_NOW.search(line) and SAYS_A_MOMENT.search(line)
    ] == ["locale.test.mjs: assert.ok(hour(Date.now()));"]


# ---- tests on the stack, whose clocks nobody moves

ON_THE_STACK = [
    path for folder in ("e2e", "browser") for path in sorted((ROOT / "tests" / folder).glob("*.py"))
]
OF_THE_PAGE = [path for path in ON_THE_STACK if path.parent.name == "browser"]
name_of = attrgetter("stem")
each_module = pytest.mark.parametrize("path", ON_THE_STACK, ids=name_of)
each_of_the_page = pytest.mark.parametrize("path", OF_THE_PAGE, ids=name_of)
NO_TURN_COMES = {
    "e2e/test_schedules.py": {"test_the_refusal_of_a_malformed_schedule_names_the_field"},
    "browser/test_schedules.py": {
        "test_a_week_that_is_always_on_is_no_question_and_says_so",
        "test_a_week_without_a_window_says_that_it_is_always_off",
    },
    "browser/test_all_schedules.py": {""},
}
"""Weeks that no stack gets: it refuses them, or the test answers in the API's place."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def outermost(module: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The functions of a module, and what stands beside them, each with its name, if it has one."""
    for node in module.body:
        yield getattr(node, "name", ""), node


def literal_weeks(node: ast.AST) -> Iterator[int]:
    """The lines with windows of a schedule that are written out: their edges may be near. Those of
    tests/support/weeks.py are not.
    """
    for each in ast.walk(node):
        if isinstance(each, ast.Dict):
            for key, value in zip(each.keys, each.values, strict=True):
                match key, value:
                    case ast.Constant("windows"), ast.List(elts=[] | [ast.Dict(), *_]):
                        yield value.lineno


@each_module
def test_no_turn_of_a_schedule_comes_unless_the_test_waits_for_it(path: Path) -> None:
    """A week that is always off has a turn each midnight."""
    found = {name for name, node in outermost(parsed(path)) if [*literal_weeks(node)]}

    assert found == NO_TURN_COMES.get(f"{path.parent.name}/{path.name}", set())


def test_weeks_that_are_written_out_are_found() -> None:
    module = ast.parse(
        """
off = {"time_zone": "UTC", "windows": []}
office = {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "08:00", "stop": "18:00"}]}
far = {"time_zone": "UTC", "windows": [window_around_now("UTC", DAYS)]}
"""
    )
    assert [*literal_weeks(module)] == [2, 3]


@each_of_the_page
def test_a_page_is_asked_by_the_tests_own_loop(path: Path) -> None:
    """Playwright's evaluates a string in the page, each time but the first. The page's policy
    forbids that: such a test is red where what it waits for is not so at once.
    """
    assert "wait_for_function" not in path.read_text()


# ---- the zone of the page's clock, which is UTC on any machine

WITHOUT_A_ZONE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
SET_THE_CLOCK = [
    *(ROOT / "tests/browser").rglob("*.py"),
    *(ROOT / "tests/support/page").glob("*.py"),
]


def without_a_zone(module: ast.Module) -> Iterator[int]:
    """Lines with a literal time that Playwright and `datetime` read in the machine's zone."""
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str):
            said = re.sub(r"{[^}]*}", "00", ast.unparse(node)).strip("f'")
            if WITHOUT_A_ZONE.fullmatch(said):
                yield node.lineno


@pytest.mark.parametrize("path", sorted(SET_THE_CLOCK), ids=name_of)
def test_a_time_for_the_page_has_its_zone(path: Path) -> None:
    assert [*without_a_zone(parsed(path))] == []


def test_times_without_a_zone_are_found() -> None:
    module = ast.parse(
        """
stop_the_clock(page, "2026-01-05T10:00:00")
page.clock.set_system_time(f"2026-01-10T{clock}:00:00")
opened(admin, at="2026-01-05T12:00:00Z")
page.clock.pause_at(f"2026-01-10T{clock}:00+01:00")
"""
    )

    assert [*without_a_zone(module)] == [2, 3]


# ---- the page's clock, which goes on in real time unless it is stopped

SHORTEST_MS = 30_000
PASSES = re.compile(r"\.clock\.(run_for|fast_forward)$|^pass_time")
NO_TIME_ADDS_ONE = {
    "browser/test_detection.py": {
        # Nobody looks at such an account, or for such a person.
        "test_nobody_looks_at_an_account_that_waits_for_no_role",
        "test_a_viewer_looks_at_nothing",
        "test_an_account_that_another_deletes_is_looked_for_no_more",
    },
    "browser/test_the_list.py": {
        # A hidden tab asks for nothing.
        "test_a_hidden_tab_asks_for_nothing_and_at_once_when_it_is_looked_at_again",
    },
    "browser/test_what_is_true_now.py": {
        # Rows: what is offered is not shown until somebody asks for it.
        "test_accounts_that_others_add_are_offered_and_then_shown_in_their_place",
    },
    "browser/test_using_a_connection.py": {
        # Listings, which cost: a result alone causes one, or a person.
        "test_a_stop_is_under_way_until_its_result_is_known_and_only_then_listed_again",
        "test_a_stop_whose_result_does_not_come_is_left_with_words",
    },
}
"""What they count does not depend on how much time passes."""
ASKS_A_STACK = {
    f"httpx.{way}" for way in ("Client", "delete", "get", "patch", "post", "put", "request")
}
INSTALLS = ".clock.install("
CLOCKS_STAND = re.compile(r"\.pause_at\(|\bstop_the_clock\(|\.set_fixed_time\(")


def functions_of(module: ast.Module) -> Iterable[ast.FunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef))


def too_short(node: ast.AST) -> Iterator[int]:
    """Lines that wait shorter for something than a slow machine may need."""
    for each in ast.walk(node):
        match each:
            case ast.keyword(arg="timeout", value=ast.Constant(value=int(milliseconds))):
                # Those of HTTP clients are in seconds.
                if 1_000 <= milliseconds < SHORTEST_MS:
                    yield each.value.lineno


def without_sixty_seconds(module: ast.Module) -> Iterator[int]:
    """Lines that ask a stack over HTTP, and give it less time than a busy machine may need, such as
    httpx's own five seconds.
    """
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ASKS_A_STACK:
            given = [each.value for each in node.keywords if each.arg == "timeout"]
            if not [
                one for one in given if isinstance(one, ast.Constant) and (one.value or 0) >= 60
            ]:
                yield node.lineno


def counts_in_real_time(test: ast.FunctionDef, module: ast.Module) -> list[int]:
    """Lines that say at most how often something was asked for, after time of the page's has passed
    whose clock goes on in real time: on a slow machine, it asks more often. A helper of the module
    may have installed the clock, or let the time pass.
    """
    helpers = [each for each in functions_of(module) if not each.name.startswith("test_")]
    installs = any(INSTALLS in ast.unparse(each) for each in (test, *helpers))
    if not installs or CLOCKS_STAND.search(ast.unparse(test)):
        return []
    passers = {each.name for each in helpers if passes_time(each)}
    passes = [
        node.lineno
        for node in ast.walk(test)
        if isinstance(node, ast.Call)
        and (PASSES.search(said := ast.unparse(node.func)) or said.rpartition(".")[2] in passers)
    ]
    return [
        node.lineno
        for node in ast.walk(test)
        if isinstance(node, ast.Assert)
        and passes
        and node.lineno > min(passes)
        and is_an_upper_limit(node.test)
    ]


def passes_time(helper: ast.FunctionDef) -> bool:
    """Whether it lets time of the page's pass."""
    calls = (node for node in ast.walk(helper) if isinstance(node, ast.Call))
    return any(PASSES.search(ast.unparse(call.func)) for call in calls)


def is_an_upper_limit(asserted: ast.expr) -> bool:
    """Of how many there are: `len(asked) == 3`, `len(asked) <= 4`, `asked == []`."""
    match asserted:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Lt() | ast.LtE()], comparators=[right]):
            return "len(" in ast.unparse(left) or ast.unparse(right) == "[]"
    return False


@each_of_the_page
def test_whatever_must_come_has_thirty_seconds(path: Path) -> None:
    """What must not come meanwhile is kept away by a clock that stands, not by a shorter wait."""
    assert [*too_short(parsed(path))] == []


@pytest.mark.parametrize("folder", ["local", "tests/browser", "tests/e2e", "tests/support"])
def test_a_stack_has_sixty_seconds_to_answer(folder: str) -> None:
    assert [
        f"{path.name}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in without_sixty_seconds(parsed(path))
    ] == []


def test_a_request_without_a_time_of_its_own_is_found() -> None:
    module = ast.parse("""
httpx.get(url)
httpx.Client(timeout=10)
httpx.put(url, timeout=60)
""")

    assert [*without_sixty_seconds(module)] == [2, 3]


@each_of_the_page
def test_requests_are_counted_while_the_clock_stands(path: Path) -> None:
    module = parsed(path)
    tests = (each for each in functions_of(module) if each.name.startswith("test_"))
    found = {test.name for test in tests if counts_in_real_time(test, module)}

    assert found == NO_TIME_ADDS_ONE.get(f"{path.parent.name}/{path.name}", set())


def leaps_without_a_wait(module: ast.Module) -> Iterator[int]:
    """Lines that assert right after time of the page's has passed. The requests of that time reach
    a test only while it waits.
    """
    for node in ast.walk(module):
        body = getattr(node, "body", None)
        for pair in pairwise(body) if isinstance(body, list) else ():
            match pair:
                case ast.Expr() as leap, ast.Assert(test=asserted):
                    passes = re.search(r"\.clock\.(run_for|fast_forward)\(", ast.unparse(leap))
                    if passes and is_an_upper_limit(asserted):
                        yield asserted.lineno


@each_of_the_page
def test_what_did_not_happen_had_time_to_happen(path: Path) -> None:
    assert [*leaps_without_a_wait(parsed(path))] == []


def test_races_with_the_pages_clock_are_found() -> None:
    module = ast.parse(
        """
def test_a_race():
    page.clock.install()
    expect(mark).to_have_text("Live", timeout=4_500)
    page.clock.run_for(2_500)
    assert len(asked) == 3
"""
    )
    (test,) = functions_of(module)

    assert [*too_short(module)] == [4]
    assert counts_in_real_time(test, module) == [6]
    assert [*leaps_without_a_wait(module)] == [6]


def test_a_clock_that_a_helper_installed_is_found() -> None:
    module = ast.parse(
        """
def opened(page):
    page.clock.install()

class Instructions:
    def wait(self, seconds):
        self.page.clock.run_for(seconds)

def test_a_race(page):
    there = opened(page)
    there.wait(20)
    assert len(asked) == 3
"""
    )
    (test,) = (each for each in functions_of(module) if each.name == "test_a_race")

    assert counts_in_real_time(test, module) == [12]
