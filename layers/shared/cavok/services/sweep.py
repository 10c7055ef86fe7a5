"""A sweep's work: it tests due accounts in this process, many at once, and takes organizations in
turn. If an account's test ends unclear, or not in time, the account gets a test of its own, which
the sweep does not wait for.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import choice, sample
from threading import Event
from typing import Any

from cavok.adapters.customer.probes import PROBES
from cavok.adapters.customer.session import WrongKey, close_idle_connections
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.due_accounts import DueAccounts
from cavok.adapters.table.table import WriteConflict, retry_while_busy
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.table.webhooks import Webhooks
from cavok.adapters.workflows import Workflows
from cavok.domain.access_denied import PASSING_CODES, Reason
from cavok.domain.accounts import CONNECTED, Account
from cavok.domain.actors import SCHEDULE
from cavok.domain.deadlines import (
    BEGINNING_SECONDS,
    HAND_OVER_SECONDS,
    HOLD_UP_SECONDS,
    LEAST_WEIGHING_SECONDS,
    PATIENCE_SECONDS,
    SHORT_TEST_SECONDS,
    SWEEP_IS_OVER_SECONDS,
    SWEEP_SECONDS,
    UNCLEAR_HOLD_UP_SECONDS,
    WEIGHING_SECONDS,
    Deadline,
    ProcessorTime,
)
from cavok.domain.errors import (
    AccountNotFound,
    EntryRefused,
    ServiceUnavailable,
    SweepFailed,
    VerificationNotFound,
    VerificationNotStarted,
)
from cavok.domain.events import EventType
from cavok.domain.fair_queue import AccountKey, FairQueue
from cavok.domain.ids import new_id
from cavok.domain.permissions import GRANTED_GROUPS, STEPS
from cavok.domain.regions import RegionStatus
from cavok.domain.reverification import LONGEST_WAIT
from cavok.domain.steps import refused_by_us
from cavok.domain.survey import SURVEYED
from cavok.domain.verifications import (
    UNTESTED,
    State,
    Trigger,
    Verification,
    begin,
    count_only,
    found_again,
    untested_since,
)
from cavok.observability import logger
from cavok.services.calls_at_once import call_at_once
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.finish_verification import VerificationReport, abort_verification, judge
from cavok.services.scheduled_test import Found, TestingDependencies, make_scheduled_test

AT_ONCE = 24
"""The most accounts of a page. Each takes up to 22 threads; Lambda allows 1,024. Each makes three
STS calls; STS allows 600 a second.
"""

CALLS_OF_A_PAGE = 720
"""The most calls of customers' AWS APIs on a page, without those that WEIGHING_SECONDS pays. The
processor is the limit: a call takes CALL_SECONDS of a whole one, of which the function has six
tenths, and a page must end in SHORT_TEST_SECONDS.
"""

PROVED = len(SURVEYED) + 2
"""Steps that the survey of a scheduled test proves. In a person's test each makes a call more."""

HAND_OVERS_AT_ONCE = 8
"""Each is a transaction and a start of an execution."""

HUNG = 1_000
"""Lines from this number on are of organizations that hung."""

LAST_PAGE_SECONDS = PATIENCE_SECONDS + HAND_OVER_SECONDS
"""How long before the end of a sweep a page may be its last one."""

BETWEEN_SWEEPS = timedelta(minutes=1)
"""The least time after which the next sweep begins. Source: EventBridge Scheduler User Guide,
"Schedule types".
"""

_UNREADABLE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of reading an item that was written in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDependencies:
    """`workflows` are those in which an account has a test of its own."""

    due: DueAccounts
    accounts: Accounts
    verifications: Verifications
    webhooks: Webhooks
    workflows: Workflows
    testing: TestingDependencies
    clock: Callable[[], datetime]


@dataclass(slots=True)
class Swept:
    """What a sweep did.

    outcomes        tests by outcome, including tests that found no change.
    unchanged       how many of them were only counted.
    tests           the account of each test, by the test's id, which its session is named after.
    handed_over     why an account was given a test of its own, by account.
    failed          what failed in Cavok, by account. They are due again, at the latest after LEASE.
    refused_by_us   actions of tests that our own session policy refused.
    wrong_keys      tests that stopped because another customer's key had signed a call.
    left            whether accounts may still be due: the time was up, another sweep runs, or they
                    became due meanwhile.
    left_to_another whether another sweep runs, so that this one did not look.
    hours_untested  the longest time that a due account had gone without a verdict; of one that
                    cannot be read, or whose turn did not come, the longest that it can be.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    tests: dict[str, str] = field(default_factory=dict)
    handed_over: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)
    refused_by_us: set[str] = field(default_factory=set)
    wrong_keys: list[WrongKey] = field(default_factory=list)
    left: bool = False
    left_to_another: bool = False
    hours_untested: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON form, for the workflow."""
        return {
            "tested": self.outcomes.total(),
            "handed_over": list(self.handed_over),
            "left": self.left,
        }


def calls_of_a_test(regions: Collection[str]) -> int:
    """About how many calls of the customer's AWS APIs a scheduled test makes: one a step that the
    survey does not prove; one that lists the role's inline policies, and one a group to read them;
    in each region one a service, and the dry runs.
    """
    return _CALLS_ONCE + _CALLS_A_REGION * len(regions)


_DRY_RUNS = sum(probe.dry_run is not None for probe in PROBES.values())
_CALLS_ONCE = len(STEPS) - _DRY_RUNS - PROVED + 1 + len(GRANTED_GROUPS)
_CALLS_A_REGION = len(SURVEYED) + _DRY_RUNS


def _key(account: Account) -> AccountKey:
    return AccountKey(account.organization_id, account.account_id)


def _was_verified(account: Account) -> bool:
    """Whether its last test ended with a verdict, as far as the account shows."""
    last = account.verification
    return not account.attempts or (last is not None and last.finished_at >= account.updated_at)


def _shares(page: Collection[Account]) -> dict[str, ProcessorTime]:
    """The time for what is more than a plain test's calls, by account. Those of an organization
    share it, so that none uses another's.
    """
    organizations = {account.organization_id for account in page}
    seconds = max(WEIGHING_SECONDS / len(organizations), LEAST_WEIGHING_SECONDS)
    shares = {each: ProcessorTime(seconds, time.thread_time) for each in organizations}
    return {each.account_id: shares[each.organization_id].of_one() for each in page}


def _usual(seconds: Collection[float]) -> float:
    """What half of them take: a page may be slow as a whole. If there are none, all time counts,
    because others may become due meanwhile and wait.
    """
    return sorted(seconds)[(len(seconds) - 1) // 2] if seconds else 0.0


def seconds_of(tests: Collection[Future[Any]], patience: float) -> dict[Future[Any], float]:
    """How long each test took, in seconds. Tests that outlast the patience are left out."""
    began, took = time.monotonic(), dict[Future[Any], float]()
    with suppress(TimeoutError):
        for test in as_completed(tests, timeout=patience):
            took[test] = time.monotonic() - began
    return took


def what_may_differ(found: Found) -> list[str]:
    """What proves nothing or a part, and may prove more in a moment: steps, by error code, and
    regions, also those of which only the list of instances is missing. A step's code may be AWS's
    answer to something else than what AWS did not answer.
    """
    steps = {
        str(step.error_code)
        for step in found.steps
        if step.reason is Reason.ERROR or (step.ok is None and step.error_code in PASSING_CODES)
    }
    unknown = {
        each.region
        for each in found.survey.region_health
        if each.status is RegionStatus.UNKNOWN and each.reason is Reason.ERROR
    }
    unlisted = {region for region, why in found.survey.unlisted.items() if why is Reason.ERROR}
    return sorted(steps | unknown | unlisted)


class NothingProven(Exception):
    """A test got an answer that may differ in a moment."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One invocation. `arn`, `name` and `started_at` (UTC) are those of the sweep's execution. At
    most `tests_of_their_own` are started, half of them for one organization.
    """

    arn: str
    name: str
    started_at: datetime
    tests_of_their_own: int
    dependencies: SweepDependencies
    swept: Swept = field(default_factory=Swept)
    _of_organization: Counter[str] = field(default_factory=Counter)
    _held_up: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _tried: set[str] = field(default_factory=set)
    _stalled: Event = field(default_factory=Event)
    _due: dict[AccountKey, datetime] = field(default_factory=dict)
    _reached: set[AccountKey] = field(default_factory=set)
    _queue: FairQueue = field(default_factory=FairQueue)
    _alone: FairQueue = field(default_factory=FairQueue)
    _hung: set[str] = field(default_factory=set)

    def run(self, deadline: Deadline, *, apart: bool = False) -> Swept:
        """Tests page by page, until the others can wait. No page begins after the deadline. Leaves
        everything to an older sweep that runs. `apart`: whether the last invocation died, after
        which no test is made here (`take_apart`). Raises SweepFailed.
        """
        if apart:
            return self.take_apart()
        if self._an_older_one_runs():
            self.swept.left = self.swept.left_to_another = True
            return self.swept
        self._test_pages(deadline)
        self._note_age_of_the_others()
        self.swept.left = bool(self._queue or self._alone)
        return self.swept

    def _test_pages(self, deadline: Deadline) -> None:
        began = minute = since = None
        while left := deadline.left:
            try:
                since = self._look(since)
                if minute is None or since - minute > BETWEEN_SWEEPS:
                    began = minute = since
                began = began or since
                line = self._next_line(began, last=left < LAST_PAGE_SECONDS)
                if line is None:
                    self._reached.update(self._queue)  # by the next sweep
                    break
                number, shares = line
                wanted = (
                    self._queue.take(AT_ONCE, number) if shares else self._alone.take(1, number)
                )
                page = self._next_page(wanted)
            except Exception as error:
                raise SweepFailed(repr(error)) from error
            if page and self._test(page, shares=shares):
                began = None

    def _next_line(self, began: datetime, *, last: bool) -> tuple[int, bool] | None:
        """The number of the next line, and whether it is of accounts that share a page. First comes
        who held up others least; of one number, who needs a page alone: shared pages of accounts
        that are too heavy would bring nothing again. If several accounts still need pages alone
        when a sweep's `last` page comes, chance chooses of all lines: otherwise, the next sweep
        would end before the same ones. None if all can wait.
        """
        shared = (n for n, line in self._queue.lines.items() if not self._can_wait(line, began))
        lines = [*((n, True) for n in shared), *((n, False) for n in self._alone.lines)]
        first = min(lines, default=None)
        by_chance = last and len(self._alone) > 1 and first and not first[1]
        return choice(lines) if by_chance else first  # noqa: S311

    def _can_wait(self, line: Sequence[AccountKey], began: datetime) -> bool:
        """Whether a line has only accounts that became due since `began` and fill no page. A page
        takes as long as its slowest test, however few accounts it has. If each newly due account
        made one, sweeps would hardly end. `began`: when the sweep did, or when the last page ended
        on which an account was unclear, too heavy or slow, so that nobody waits for the next sweep
        for that. In a sweep that lasts longer, it is never longer ago than BETWEEN_SWEEPS.
        """
        return len(line) < AT_ONCE and all(self._due[key] > began for key in line)

    def _an_older_one_runs(self) -> bool:
        """Whether a sweep that began before this one runs. Of sweeps that begin in one moment, the
        first by ARN goes on, so that they do not all leave the work to each other.

        Two sweeps that test an account at once do no harm, since one result counts, but they call
        STS twice as often. So nobody waits long for the answer: no answer means no.
        """
        try:
            others = self.dependencies.workflows.running_beside(self.arn)
        except ServiceUnavailable as error:
            logger.warning("Other sweeps not found", error=repr(error.__cause__))
            return False
        over = self.started_at - timedelta(seconds=SWEEP_IS_OVER_SECONDS)
        ours = self.started_at, self.arn
        return any(over < began and (began, arn) < ours for arn, began in others.items())

    def take_apart(self) -> Swept:
        """After an account killed this process, gives accounts of the first page tests of their
        own. First come those whose last test may have been aborted, as it was if an account did
        this before. The others come by chance: sooner or later this chooses the account that did
        it, wherever it is. Raises what kept it from starting any.
        """
        self._look(None)
        page = self._next_page(self._queue.take(AT_ONCE))
        suspects = sorted(sample(page, len(page)), key=_was_verified)
        self._note_age_of_the_others()
        self._hand_over([(each, "after a crash") for each in suspects], SWEEP_SECONDS)
        failed = [a.account_id for a in page if a.account_id in self.swept.failed]
        if failed and not self.swept.handed_over:
            raise self.swept.failed[failed[0]]
        return self.swept

    def _look(self, since: datetime | None) -> datetime:
        now = self.dependencies.clock()
        for key, at in self.dependencies.due.keys(now, since).items():
            self._due.setdefault(key, at)
            self._queue.add(key)
        return now

    def _next_page(self, wanted: list[AccountKey]) -> list[Account]:
        """Those of the wanted accounts that nobody is testing: one, and more if their calls fit on
        the page. A test that died is aborted first: its account is due again later, and less and
        less often if its tests keep dying.
        """
        now = self.dependencies.clock()
        found = self._read(wanted, now)
        self._skip([key for key in wanted if key not in found])
        page: list[Account] = []
        for place, key in enumerate(wanted):
            if key not in found:
                continue
            self._reached.add(key)
            account = found[key]
            if account is None:
                continue
            with self._concerning(account.account_id):
                self._note_age(untested_since(account), now)
                if account.testing(now):
                    continue
                calls = sum(calls_of_a_test(each.regions) for each in [*page, account])
                if page and calls > CALLS_OF_A_PAGE:
                    self._queue.put_back([each for each in wanted[place:] if found.get(each)])
                    break
                if dead := self._dead_test(account):
                    self._abort(dead, now)
                else:
                    page.append(account)
        return page

    def _read(self, wanted: list[AccountKey], now: datetime) -> dict[AccountKey, Account | None]:
        """As `DueAccounts.read`; null also for what cannot be read."""
        read, found = self.dependencies.due.read, dict[AccountKey, Account | None]()
        try:
            return read(wanted, now)
        except _UNREADABLE:  # one by one
            for key in wanted:
                with self._concerning(key.account_id):
                    try:
                        found |= read([key], now)
                    except _UNREADABLE:
                        found[key] = None
                        self._note_age(self._due[key] - UNTESTED, now)
                        raise
        return found

    def _skip(self, left_out: Iterable[AccountKey]) -> None:
        """Takes no more accounts of organizations that the table left out: each page would wait for
        them. They are still due, and nobody read since when they have had no verdict.
        """
        for key in left_out:
            self._leave(key.organization_id)
            error = ServiceUnavailable("The table left the account out.")
            self.swept.failed.setdefault(key.account_id, error)

    def _leave(self, organization_id: str) -> None:
        self._queue.leave(organization_id)
        self._alone.leave(organization_id)

    def _note_age(self, since: datetime, now: datetime) -> None:
        hours = (now - since).total_seconds() / 3600
        self.swept.hours_untested = max(self.swept.hours_untested, hours)

    def _note_age_of_the_others(self) -> None:
        """Of accounts whose turn did not come: nobody read since when they have had no verdict."""
        others = [due for key, due in self._due.items() if key not in self._reached]
        if others:
            self._note_age(min(others) - LONGEST_WAIT, self.dependencies.clock())

    def _dead_test(self, account: Account) -> Verification | None:
        """The test that never ended, of an account whose slot has expired if it has one."""
        if account.slot is None:
            return None
        try:
            test = self.dependencies.verifications.stored(
                account.account_id, account.slot.verification_id
            )
        except VerificationNotFound:
            return None
        return test if test.running else None

    def _abort(self, dead: Verification, now: datetime) -> None:
        abort_verification(dead, verifications=self.dependencies.verifications, now=now)
        self.swept.outcomes["aborted"] += 1

    @contextmanager
    def _concerning(self, account_id: str) -> Iterator[None]:
        """A failure concerns its account alone: the others are tested."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  see above
            self.swept.failed[account_id] = error

    def _test(self, page: Collection[Account], *, shares: bool) -> bool:
        """Tests accounts at once, and waits PATIENCE_SECONDS for the slowest, and until those that
        end unclear were handed over. Whoever ends so for want of processor time is first tested
        once more, on a page of its own. A test that ends later changes nothing: Lambda may have
        frozen it for hours. Returns whether others may have waited for one that was unclear, too
        heavy or slow.
        """
        deadline = Deadline.after(SHORT_TEST_SECONDS, time.monotonic)
        pool, too_late = ThreadPoolExecutor(AT_ONCE), Event()
        weighing = _shares(page)
        one = partial(self._test_one, deadline=deadline, weighing=weighing, too_late=too_late)
        tests = {pool.submit(one, account): account for account in page}
        took = seconds_of(tests, PATIENCE_SECONDS)
        too_late.set()
        pool.shutdown(wait=False, cancel_futures=True)
        close_idle_connections()
        slowest, unclear = dict[str, float](), list[tuple[Account, str]]()
        too_heavy = list[AccountKey]()
        for test, account in tests.items():
            organization_id, seconds = account.organization_id, took.get(test, PATIENCE_SECONDS)
            slowest[organization_id] = max(seconds, slowest.get(organization_id, 0.0))
            why = self._why_unclear(test) if test in took else "no end in time"
            short = test in took and weighing[account.account_id].short
            if why and short and len(page) > 1:
                too_heavy.append(_key(account))
            elif why:
                unclear.append((account, why))
        handing = time.monotonic()
        for organization_id in self._hand_over(unclear, HAND_OVER_SECONDS):
            self._leave(organization_id)
        each = (time.monotonic() - handing) / max(len(unclear), 1)
        handed = Counter(account.organization_id for account, _ in unclear)
        for key in too_heavy:
            self._alone.add(key)
        heavy = {key.organization_id for key in too_heavy}
        slow = self._weigh(slowest, {name: n * each for name, n in handed.items()}, heavy, shares)
        return bool(unclear or too_heavy or slow)

    def _weigh(
        self,
        slowest: Mapping[str, float],
        unclear: Mapping[str, float],
        heavy: Set[str],
        shares: bool,
    ) -> bool:
        """Puts behind who held up others. `slowest`: how long each organization's slowest test
        took, in seconds. `unclear`: of those with unclear tests, how long handing over took.
        Returns whether one whose tests are clear was slow on a page that is shared.
        """
        clear = slowest.keys() - unclear.keys() - heavy
        usual = _usual([slowest[name] for name in clear]) if shares else 0.0
        slow = False
        for name, seconds in slowest.items():
            held_up = max(seconds - usual, 0.0) + unclear.get(name, 0.0)
            if name in heavy:
                held_up = max(held_up, UNCLEAR_HOLD_UP_SECONDS)
            if shares and name in clear:
                if held_up <= HOLD_UP_SECONDS:
                    continue
                slow = True
            self._put_behind(name, held_up, hung=name in unclear and held_up > HOLD_UP_SECONDS)
        return slow

    def _put_behind(self, organization_id: str, held_up: float, *, hung: bool) -> None:
        """Puts an organization behind those that held up others for less time in this sweep, in
        seconds, and whoever hung behind all who did not. They share no page with it again. Those
        that hung for about as long share theirs.
        """
        self._held_up[organization_id] += held_up
        if hung:
            self._hung.add(organization_id)
        behind = self._held_up[organization_id]
        number = int(behind / UNCLEAR_HOLD_UP_SECONDS)
        if organization_id in self._hung:
            number = HUNG + int(behind / PATIENCE_SECONDS)
        self._queue.move(organization_id, number)
        self._alone.move(organization_id, number)

    def _why_unclear(self, test: Future[tuple[str, bool]]) -> str | None:
        """None if the result is stored, or if the account was changed meanwhile, because the change
        then decides.
        """
        try:
            outcome, unchanged = test.result()
        except (WriteConflict, AccountNotFound):
            return None
        except Exception as error:  # noqa: BLE001  a failure concerns its account alone
            if isinstance(error, WrongKey):
                self.swept.wrong_keys.append(error)
            return repr(error)[:300]
        self.swept.outcomes[outcome] += 1
        self.swept.unchanged += unchanged
        return None

    def _test_one(
        self,
        account: Account,
        deadline: Deadline,
        weighing: Mapping[str, ProcessorTime],
        too_late: Event,
    ) -> tuple[str, bool]:
        """The outcome, and whether it was only counted. Raises the error that leaves it unclear."""
        ours, test = self.dependencies, self._new_test(account)
        names: dict[str, Any] = {
            "organization_id": test.organization_id,
            "account_id": test.account_id,
            "verification_id": test.verification_id,
            "trigger": test.trigger,
        }
        self.swept.tests[test.verification_id] = test.account_id
        try:
            found = make_scheduled_test(
                VerificationRequest(**names),
                ours.testing,
                deadline,
                ours.clock(),
                weighing=weighing[account.account_id],
                account=account,
            )
        except EntryRefused as error:
            if account.status in CONNECTED:
                raise
            refused = EntryRefused.__name__
            report = VerificationReport(**names, error=refused, cause=str(error))
        else:
            self.swept.refused_by_us.update(refused_by_us(found.steps))
            if passing := what_may_differ(found):
                raise NothingProven(", ".join(passing))
            steps, survey = tuple(found.steps), found.survey.recorded
            report = VerificationReport(**names, steps=steps, survey=survey)
        after, ended = judge(report, account, test, ours.testing.resources, ours.clock())
        if ended.state is not State.FINISHED or ended.outcome is None:
            raise NothingProven("The test would be aborted.")
        if weighing[account.account_id].short and not found_again(account, after):
            raise NothingProven("Too little processor time for a change.")
        if too_late.is_set():
            raise NothingProven("The answer came too late.")
        quiet = found_again(account, after) and not self._asks_for_each_test(account)
        counted = count_only(account, after)
        store = (
            partial(ours.accounts.confirm, counted, quiet=quiet)
            if counted
            else partial(ours.verifications.finish, account, after, ended, None, quiet=quiet)
        )
        # Tests that change a status or a version meet in the count of their organization.
        retry_while_busy(store, lambda: bool(deadline.left))
        return ended.outcome.value, counted is not None

    def _asks_for_each_test(self, account: Account) -> bool:
        """Read once the test has ended: a webhook that was set before then gets the event."""
        webhook = self.dependencies.webhooks.get(account.organization_id)
        return webhook is not None and webhook.wants(EventType.VERIFICATION_FINISHED)

    def _hand_over(self, unclear: Iterable[tuple[Account, str]], seconds: float) -> set[str]:
        """Gives these accounts, each with the reason, tests of their own while there are any left;
        the others stay due. Waits so long at most until they are begun. Gives no more in this sweep
        once Step Functions does not answer, or no test began in time.

        Returns the organizations with more such accounts than their share. An organization that
        gets no test because others used them up is not among them.
        """
        beyond, own, reasons = set[str](), dict[str, Callable[[], None]](), dict[str, str]()
        for account, why in unclear:
            organization_id = account.organization_id
            self._of_organization[organization_id] += 1
            if self._of_organization[organization_id] > self.tests_of_their_own // 2:
                beyond.add(organization_id)
            elif len(self._tried) < self.tests_of_their_own and not self._stalled.is_set():
                self._tried.add(account.account_id)
                test = self._new_test(account)
                self._note_age(untested_since(account), test.started_at)
                own[account.account_id] = partial(self._begin, account, test)
                reasons[account.account_id] = why
        begun = call_at_once(own, HAND_OVERS_AT_ONCE, seconds=seconds)
        if own and not begun:
            self._stalled.set()
        for account_id, why in reasons.items():
            if account_id not in begun:  # It may begin yet. If not, the account is due again.
                logger.warning("Not handed over in time", account=account_id, reason=why)
                continue
            with self._concerning(account_id), suppress(WriteConflict):  # somebody else has it
                begun[account_id].result()
                self.swept.handed_over[account_id] = why
        return beyond

    def _begin(self, account: Account, test: Verification) -> None:
        """Such a test holds the slot and the lease, so that it is aborted if it dies or could not
        be started.
        """
        tested, entry = begin(account, test)
        self._require_time(test)
        self.dependencies.verifications.begin(account, tested, test, entry)
        self._require_time(test)
        try:
            self.dependencies.workflows.start(test, self.name)
        except VerificationNotStarted:  # A refusal is an answer.
            raise
        except ServiceUnavailable:
            self._stalled.set()
            raise

    def _require_time(self, test: Verification) -> None:
        """Raises VerificationNotStarted. Nobody waits for a thread that hands over late, and Lambda
        may have frozen it for hours. By this clock, since a monotonic one may have stood still.
        """
        if self.dependencies.clock() > test.started_at + timedelta(seconds=BEGINNING_SECONDS):
            raise VerificationNotStarted("It is too late to begin this test.")

    def _new_test(self, account: Account) -> Verification:
        return Verification.new(
            account,
            verification_id=new_id(),
            trigger=Trigger.SCHEDULED,
            actor=SCHEDULE,
            started_at=self.dependencies.clock(),
            execution_arn=self.arn,
        )
