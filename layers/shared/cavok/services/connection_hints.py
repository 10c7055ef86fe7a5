"""Following what customers' stacks and EventBridge say of accounts: CloudFormation gets its answer,
and a test shows what is true.
"""

import json
from bisect import insort
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from urllib.parse import urlsplit

from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts
from cavok.adapters.table.connection_hints import Hints
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.table.table import retry_on_conflict
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.webhook_client import NotDelivered, WebhookClient
from cavok.adapters.workflows import Workflows
from cavok.domain.accounts import Account
from cavok.domain.actors import SYSTEM, Requester
from cavok.domain.connection_hints import (
    ANSWER_TRIED_FOR,
    OTHERS_ANSWERED_WITHIN,
    OWN_TURNS_APART,
    STRANGERS_ANSWERED_WITHIN,
    TURNS_APART,
    Admission,
    ConnectionHint,
    HintedChange,
)
from cavok.domain.enrollments import EnrollmentStatus
from cavok.domain.errors import (
    AccountNotFound,
    BusyWithOthers,
    ComesAgain,
    Conflict,
    EnrollmentNotFound,
    ServiceUnavailable,
)
from cavok.domain.providers import Provider
from cavok.domain.role_changes import RoleChange
from cavok.observability import count, logger
from cavok.services.first_tries import FirstTries
from cavok.services.start_synchronizations import StartDependencies, start_synchronization
from cavok.services.start_verification import start_unasked

ANSWER_SECONDS = 5.0
_FAULT = 500
"""From this status on, a repetition may succeed. Any other refusal is for good: the address has
expired, or somebody made it up.
"""
_GOES_ON = (Admission.ADMITTED, Admission.AGAIN)
_LISTED = ":listed"
"""After an organization's ID: its share of the time for late answers to what is followed. Whoever
knows its external ID alone cannot use it up.
"""


class Followed(StrEnum):
    """What came of a hint. `unknown`: nobody here has this account or external ID. `repeated`,
    `too_many`: not followed, as `Admission` has it. `due`: a sweep tests the account. `unused`: it
    is revoked or gone.
    """

    UNKNOWN = "unknown"
    REPEATED = "repeated"
    TOO_MANY = "too_many"
    STARTED = "started"
    DUE = "due"
    UNUSED = "unused"
    SYNCHRONIZING = "synchronizing"


class Answers(FirstTries):
    """The time that this process spent on answers, by organization, and the turns of messages that
    found none.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turns: dict[str, list[datetime]] = {}
        self._next: datetime | None = None

    def wait(self, organization_id: str, sent_at: datetime, now: datetime) -> float:
        """In how many seconds a message has its turn; 0: it has none. Each wait is at least half as
        long as the message is old, so that the queue does not give it up.
        """
        turns = [each for each in self._turns.get(organization_id, ()) if each > now]
        of_all = max(self._next or now, now)
        turn = max(now + (now - sent_at) / 2, of_all)
        for each in turns:
            if abs(turn - each) < OWN_TURNS_APART:
                turn = each + OWN_TURNS_APART
        if turn >= sent_at + OTHERS_ANSWERED_WITHIN:
            return 0
        insort(turns, turn)
        self._turns[organization_id], self._next = turns, of_all + TURNS_APART
        return (turn - now).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingDependencies:
    """`workflows` are those of tests that nobody watches."""

    organizations: Organizations
    accounts: Accounts
    hints: Hints
    verifications: Verifications
    workflows: Workflows
    synchronizing: StartDependencies
    client: WebhookClient
    answers: Answers


@dataclass(frozen=True, slots=True)
class _Concerned:
    """What a hint is about in the organization with its external ID."""

    organization_id: str
    account: Account | None
    enrollment_ids: list[str]


def hear(
    said: ConnectionHint | RoleChange,
    sent_at: datetime,
    dependencies: HearingDependencies,
    now: datetime,
) -> Followed:
    """Follows what a message of the queue says; `sent_at`: when it was sent, UTC. May be called any
    number of times. Raises what `hear_connection` and `hear_role_change` do.
    """
    if isinstance(said, RoleChange):
        return hear_role_change(said, sent_at, dependencies, now)
    return hear_connection(said, sent_at, dependencies, now)


def hear_role_change(
    change: RoleChange, sent_at: datetime, dependencies: HearingDependencies, now: datetime
) -> Followed:
    """Has each account tested that has the role and was connected once, of whichever organization:
    an event on its way to a bus can be given no external ID, and anybody can add a number. Returns
    what came of the last one.

    Raises ComesAgain, Conflict or ServiceUnavailable once every account was seen: one organization
    that waits delays no other.
    """
    followed, later = Followed.UNKNOWN, None
    for ids in dependencies.accounts.with_number(change.account_number):
        try:
            account = dependencies.accounts.get(*ids)
            has_role = (account.provider, account.role_name) == (Provider.AWS, change.role_name)
            if has_role and account.connected_at:
                followed = _follow_change(account, change, sent_at, dependencies, now)
        except AccountNotFound:  # the index has it for a moment more
            followed = Followed.UNUSED
        except (ComesAgain, Conflict, ServiceUnavailable) as waits:
            later = waits
    if later:
        raise later
    return followed


def _follow_change(
    account: Account,
    change: RoleChange,
    sent_at: datetime,
    dependencies: HearingDependencies,
    now: datetime,
) -> Followed:
    # Beside what stacks say: however often a role is changed, its stack is heard.
    name = f"{account.account_number}:role"
    request = account.organization_id, name, change.request_id, now
    admission = dependencies.hints.admit(*request)
    if admission is Admission.TOO_MANY:
        _note(account, lambda each: change.noted_too_often(each, now), dependencies.accounts)
    if admission not in _GOES_ON:
        return Followed(admission.value)
    if wait := change.waits(now):
        raise ComesAgain(wait.total_seconds())
    followed = _have_tested(account, change, sent_at, dependencies, now)
    dependencies.hints.note_followed(*request)
    return followed


def hear_connection(
    hint: ConnectionHint, sent_at: datetime, dependencies: HearingDependencies, now: datetime
) -> Followed:
    """Answers CloudFormation, and has the account tested if it is one of the organization with the
    hint's external ID. A test, and nothing that the hint says, decides what is shown.

    May be called any number of times; the hint is followed once. `sent_at`: when its message was
    sent, UTC. Raises ComesAgain; NotDelivered once the hint was followed, but not answered; also
    Conflict, ServiceUnavailable. After each of these the message comes again.
    """
    answer = partial(_answer, hint, dependencies.client, age := now - sent_at)
    organization_id = _organization_of(hint, dependencies)
    if organization_id is None:
        # Once: a queue hides so many messages, and no more.
        answer(STRANGERS_ANSWERED_WITHIN, spending=nullcontext)
        return Followed.UNKNOWN
    answers, listed = dependencies.answers, organization_id + _LISTED
    has_time = answers.seconds(organization_id, now)
    within = OTHERS_ANSWERED_WITHIN if has_time else STRANGERS_ANSWERED_WITHIN
    answer = partial(answer, spending=partial(answers.spending, organization_id))
    early = age < within
    # Whatever follows, or fails: others who speak of the same account keep no stack waiting.
    not_answered = answer(None) if early else None
    answered = early and not not_answered
    concerned = _concerned(organization_id, hint, sent_at, dependencies, now)
    followed = Followed.UNKNOWN
    if concerned:
        request, hints = (organization_id, hint.account_number, hint.request_id), dependencies.hints
        admission = hints.admit(*request, now, answered=answered)
        if not early and hint.response_address and admission is not Admission.TOO_MANY:
            late = partial(answer, None, spending=partial(answers.spending, listed))
            has_time = answers.seconds(listed, now) > 0
            answered, not_answered = _answer_late(late, has_time, hints, request, now)
        if admission in _GOES_ON:
            followed = _follow(concerned, hint, sent_at, dependencies, now)
            hints.note_followed(*request, now)
        else:
            followed = _not_followed(concerned, admission, hint, dependencies, now)
    if not_answered and age < ANSWER_TRIED_FOR:
        raise not_answered
    if not answered and hint.response_address:
        turn = answers.wait(organization_id, sent_at, now)
        _answer_in_turn(turn, partial(answer, within))
    return followed


def _answer_late(
    answer: Callable[[], NotDelivered | None],
    has_time: bool,
    hints: Hints,
    request: tuple[str, str, str],
    now: datetime,
) -> tuple[bool, NotDelivered | None]:
    """Whether CloudFormation has its answer, and the failure if a repetition may succeed. Once a
    request: whoever has one account listed may publish copies of it.
    """
    if hints.was_answered(*request):
        return True, None
    if not has_time:
        return False, None
    if not_answered := answer():
        return False, not_answered
    hints.note_answered(*request, now)
    return True, None


def _answer_in_turn(wait: float, answer: Callable[[], NotDelivered | None]) -> None:
    """Raises ComesAgain. Without a turn, the answer is tried once more, and then given up."""
    if wait:
        raise ComesAgain(wait)
    if answer():
        count("UnansweredHints")


def _answer(
    hint: ConnectionHint,
    client: WebhookClient,
    age: timedelta,
    within: timedelta | None,
    *,
    spending: Callable[[], AbstractContextManager[None]],
) -> NotDelivered | None:
    """Returns the failure if a repetition may succeed. `within`: an older message is not answered.
    Anybody may publish as much as they like: it must not delay what is followed. `spending` counts
    the time that an answer takes.
    """
    if hint.response_address is None:
        return None
    if within is not None and age >= within:
        count("UnansweredHints")
        return None
    body = json.dumps(hint.response()).encode()
    try:
        with spending():
            client.put(urlsplit(hint.response_address), body, seconds=ANSWER_SECONDS)
    except NotDelivered as error:
        logger.info("Not answered", reason=str(error))
        if error.status is None or error.status >= _FAULT:
            return error
    return None


def _organization_of(hint: ConnectionHint, dependencies: HearingDependencies) -> str | None:
    """By one read, which is all that a stranger costs beside the answer."""
    if hint.external_id is None:
        return None
    return dependencies.organizations.with_external_id(hint.external_id)


def _concerned(
    organization_id: str,
    hint: ConnectionHint,
    sent_at: datetime,
    dependencies: HearingDependencies,
    now: datetime,
) -> _Concerned | None:
    """Null if the organization does not have the account, and no enrollment is synchronized for it
    at once: there may be none, or one that then is due sooner.
    """
    number = hint.account_number
    accounts = dependencies.accounts.with_numbers(organization_id, Provider.AWS, [number])
    account = accounts.get(number)
    joins = account is None and hint.change is HintedChange.CREATE
    enrollments = dependencies.synchronizing.enrollments
    enrollment_ids = []
    for each in enrollments.of_organization(organization_id):
        own = each.management_account_id == number
        if not own and not joins:
            continue
        last = each.last_synchronized_at
        if own and last and last > sent_at and hint.change is not HintedChange.DELETE:
            continue  # it was let in since
        if each.starts_for(now, own=own):
            enrollment_ids.append(each.enrollment_id)
        elif each.with_new_member(now) != each:
            with suppress(EnrollmentNotFound):  # ended at this moment
                enrollments.changed(
                    organization_id, each.enrollment_id, lambda found: found.with_new_member(now)
                )
    if account is None and not enrollment_ids:
        return None
    return _Concerned(organization_id, account, enrollment_ids)


def _follow(
    concerned: _Concerned,
    hint: ConnectionHint,
    sent_at: datetime,
    dependencies: HearingDependencies,
    now: datetime,
) -> Followed:
    request = concerned.organization_id, hint.account_number, hint.request_id
    followed, account = Followed.SYNCHRONIZING, concerned.account
    if account and dependencies.hints.was_tested(*request):
        account = None  # The role may have been made anew since.
    if account and hint.change is HintedChange.DELETE:
        # At once: the role may be gone before the message is followed, also because it waits for a
        # test that runs, and somebody else's test finds that first.
        _note(account, lambda each: each.with_deletion(now), dependencies.accounts)
    if wait := hint.waits(sent_at, now):
        raise ComesAgain(wait.total_seconds())
    # The test first: until it can start, the message comes again.
    if account:
        followed = _have_tested(account, hint, sent_at, dependencies, now)
        if concerned.enrollment_ids:  # The message comes again if one cannot be synchronized.
            dependencies.hints.note_tested(*request, now)
    waiting = [
        _synchronize(concerned.organization_id, enrollment_id, hint, dependencies, now)
        for enrollment_id in concerned.enrollment_ids
    ]
    # AWS may not follow the role yet, and a synchronization that runs may be older than it.
    if any(waiting) and (wait := hint.waits_for_test(sent_at, now)):
        raise ComesAgain(wait.total_seconds())
    return followed


def _note(found: Account, noted: Callable[[Account], Account], accounts: Accounts) -> None:
    """Writes the account as `noted` has it, if that changes it: a flood costs no more reads."""
    if noted(found) == found:
        return
    with suppress(AccountNotFound):  # deleted at this moment
        accounts.changed(found.organization_id, found.account_id, noted)


def _synchronize(
    organization_id: str,
    enrollment_id: str,
    hint: ConnectionHint,
    dependencies: HearingDependencies,
    now: datetime,
) -> bool:
    """Whether the enrollment has to be let in yet, or again."""
    starting, own = dependencies.synchronizing, (organization_id, enrollment_id)
    deleted = hint.change is HintedChange.DELETE
    try:
        found = starting.enrollments.changed(
            *own, lambda each: each if deleted else each.heard_of(now)
        )
        start_synchronization(
            *own,
            requester=Requester(actor=SYSTEM, request_id=hint.request_id),
            dependencies=starting,
            quotas=None,
            now=now,
        )
    except EnrollmentNotFound:  # ended at this moment
        return False
    return found.status is not EnrollmentStatus.CONNECTED and not deleted


def _have_tested(
    found: Account,
    hint: ConnectionHint | RoleChange,
    sent_at: datetime,
    dependencies: HearingDependencies,
    now: datetime,
) -> Followed:
    ids, accounts = (found.organization_id, found.account_id), dependencies.accounts

    def attempt() -> Followed:
        account = accounts.get(*ids)
        if account.revoked:
            return Followed.UNUSED
        running = account.slot if account.testing(now) else None
        shown = running is not None and hint.shown_by(running)
        if running and not shown and (wait := hint.waits_for_test(sent_at, now)):
            raise ComesAgain(wait.total_seconds())
        at_once = not running and dependencies.hints.starts_at_once(
            account.organization_id, account.account_number, hint.request_id, now
        )
        said = hint.noted(account, now, due=not (at_once or shown))
        if not at_once:
            if said != account:
                accounts.save(account, said)
            return Followed.DUE
        start_unasked(
            said,
            actor=SYSTEM,
            request_id=hint.request_id,
            verifications=dependencies.verifications,
            workflows=dependencies.workflows,
            now=now,
        )
        return Followed.STARTED

    try:
        return retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))
    except AccountNotFound:  # deleted at this moment
        return Followed.UNUSED


def _not_followed(
    concerned: _Concerned,
    admission: Admission,
    hint: ConnectionHint,
    dependencies: HearingDependencies,
    now: datetime,
) -> Followed:
    """Of hints beyond the limit, one may be the owner's."""
    if admission is not Admission.TOO_MANY:
        return Followed(admission.value)
    organization_id, found = concerned.organization_id, concerned.account
    enrollments = dependencies.synchronizing.enrollments
    deleted = hint.change is HintedChange.DELETE
    for enrollment_id in concerned.enrollment_ids:
        with suppress(EnrollmentNotFound):  # ended at this moment
            enrollments.changed(
                organization_id,
                enrollment_id,
                lambda each: each.heard_too_often(now, deleted=deleted),
            )
    if found:
        _note(found, lambda each: hint.noted_too_often(each, now), dependencies.accounts)
    return Followed.TOO_MANY
