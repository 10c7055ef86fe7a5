"""Problems that accounts share: what has one cause, and one remedy, in however many accounts."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from cavok.domain.accounts import Fix, Issue, IssueCode, ListedAccount, is_problem
from cavok.domain.fixes import ShownFix, TrustPolicy, unread, with_trust
from cavok.domain.role_changes import SAID
from cavok.domain.template_updates import fix_shown

_INSTANCE = r"[\w-]+ in [a-z]{2}(?:-[a-z]+)+-[0-9]+"
_INSTANCES = rf"{_INSTANCE}(?:, {_INSTANCE})*(?: and [0-9]+ more)?"
_OF_INSTANCES = (
    (re.compile(rf"for {_INSTANCES}, which (?:is|are)"), "for some instances, which are"),
    (re.compile(rf"^{_INSTANCES} (?:is|are)"), "Some instances are"),
    (re.compile(rf" on {_INSTANCES}"), ""),
)
"""What `domain/issues.py` says of instances under Cavok's control, and what holds for any."""

_OF_ANY = (
    (re.compile(rf" {SAID}.*$", re.DOTALL), ""),
    (re.compile(r"(?:,? until| on) [0-9]{4}-[0-9]{2}-[0-9]{2} at [0-9]{2}:[0-9]{2} UTC"), ""),
    (re.compile(r" arn:aws[\w-]*:iam::[0-9]{12}:role/\S+"), ""),
    (re.compile(r"\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})\b"), "<id>"),
    (re.compile(r"\b[0-9]{12}\b"), "<number>"),
)
"""What any issue may say: who changed a role and when, times, roles, identifiers such as those of
KMS keys, which AWS's own words have, and numbers.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedProblem:
    """A problem without what only one account says of it: numbers, roles, times, instances.

    cause      names the problem: the same text for the same problem, in any answer.
    fix        what can be copied for every account alike. A part is null if it differs between
               them, or if there is none.
    differing  the parts of a fix that accounts have, but not all the same.
    accounts   that have it, in the order in which they were given.
    """

    cause: str
    code: str
    message: str
    remedy: str
    fix: ShownFix | None
    differing: tuple[str, ...]
    accounts: tuple[ListedAccount, ...]


def shared_problems(
    accounts: Iterable[ListedAccount], ours: str = "", trust_policy: TrustPolicy = unread
) -> list[SharedProblem]:
    """The problems of accounts, each once, in the order in which they are met first. `ours`: as of
    `stack_region`.
    """
    met: dict[str, list[tuple[ListedAccount, Issue]]] = {}
    for account in accounts:
        for issue in _problems(account, trust_policy):
            met.setdefault(cause_of(issue), []).append((account, issue))
    return [_shared(cause, alike, ours) for cause, alike in met.items()]


def cause_of(issue: Issue) -> str:
    """16 hexadecimal digits, the same for issues with one cause and one remedy."""
    said = "\0".join((issue.code, *_in_general(issue)))
    return hashlib.blake2b(said.encode(), digest_size=8, person=b"cause").hexdigest()


def _problems(account: ListedAccount, trust_policy: TrustPolicy) -> list[Issue]:
    return [
        issue
        for issue in with_trust(account, trust_policy)
        if is_problem(issue.code, issue.severity, write_logs=account.write_logs)
    ]


def _shared(cause: str, alike: Sequence[tuple[ListedAccount, Issue]], ours: str) -> SharedProblem:
    _, issue = alike[0]
    message, remedy = _in_general(issue)
    fix, differing = _in_common(
        [fix_shown(account, each.fix or Fix(), ours) for account, each in alike]
    )
    return SharedProblem(
        cause=cause,
        code=issue.code,
        message=message,
        remedy=remedy,
        fix=fix,
        differing=differing,
        # An account may have it twice, with other instances.
        accounts=tuple({account.account_id: account for account, _ in alike}.values()),
    )


def _in_general(issue: Issue) -> tuple[str, str]:
    """Message and remedy without what is the account's own."""
    of_instances = _OF_INSTANCES if issue.code == IssueCode.INSTANCE_REFUSED else ()
    message, remedy = issue.message, issue.remedy
    for own, instead in (*of_instances, *_OF_ANY):
        message, remedy = own.sub(instead, message), own.sub(instead, remedy)
    return message, remedy


def _in_common(fixes: Sequence[ShownFix]) -> tuple[ShownFix | None, tuple[str, ...]]:
    """The parts that are the same in all, null if there is none; and the names of the others."""
    given = {field.name: {getattr(fix, field.name) for fix in fixes} for field in fields(ShownFix)}
    parts = {name: values.pop() for name, values in given.items() if len(values) == 1}
    differing = tuple(name for name in given if name not in parts)
    return ShownFix(**parts) if any(parts.values()) else None, differing
