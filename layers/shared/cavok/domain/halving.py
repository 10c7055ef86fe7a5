"""Finding the instances that a call is refused for, if one call may name many.

A call that names several instances is refused unless it is allowed for each of them. Source: IAM
User Guide, "Policy evaluation logic"; a contract test shows it for a dry run of EC2.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from cavok.domain.access_denied import Reason

MAX_CALLS = 64
"""Calls a region and action. They count against the customer's own rate limit."""

MAX_IDS_PER_CALL = 100
"""EC2 documents no maximum for StartInstances and StopInstances. It accepts 1,000 IDs at most in
TerminateInstances, and recommends fewer. Source: EC2 API Reference, TerminateInstances.
"""

FEW = 16
"""Up to this many instances that no dry run can ask about are left out one call at a time."""


@dataclass(frozen=True, slots=True)
class Refused:
    """AWS refuses the call. `suspect` is an instance that its message names: no proof."""

    reason: Reason
    message: str
    suspect: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """These instances no longer exist, which AWS checks before anything else."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unaskable:
    """A call for these instances fails for another reason than a permission, such as protection
    from being stopped. Empty: the message names none.
    """

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An answer that proves nothing, as error code and message. Asking ends."""

    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """The call is allowed for each instance that it names."""


Answer = Permitted | Refused | Gone | Unaskable | Unanswered


@dataclass(slots=True)
class Findings:
    """The findings.

    undecided   the instances that remain. Some of them may be refused.
    skipped     instances that no dry run can ask about.
    unreached   instances that remain only because so many were skipped: no call was refused.
    unanswered  why asking ended early, if the calls had not run out.
    """

    allowed: list[str] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    unanswered: Unanswered | None = None
    calls: int = 0

    def learn(self, group: Sequence[str], answer: Answer) -> None:
        """Records what the answer to a call for these instances decides."""
        self.calls += 1
        done: Collection[str] = ()
        match answer:
            case Permitted():
                self.allowed += group
                done = group
            case Refused() if len(group) == 1:
                self.refused[group[0]] = answer
                done = group
            case Gone(ids):
                done = ids if len(group) > 1 else group
            case Unaskable(ids):
                done = ids if len(group) > 1 else group
                self.skipped += done
            case Unanswered():
                self.unanswered = answer
        self.undecided = [each for each in self.undecided if each not in done]

    @property
    def asked(self) -> int:
        """The instances in question."""
        return len(self.allowed) + len(self.refused) + len(self.undecided)


def find_refused(
    ids: Sequence[str], ask: Callable[[Sequence[str]], Answer], max_calls: int = MAX_CALLS
) -> Findings:
    """Asks about instances from the first to the last, in at most `max_calls` calls.

    After a refused call, the next names half as many instances; after an allowed one, twice as
    many. So the first instances are decided first, and few calls are needed if nearly all are
    allowed, or nearly all refused. An instance that a refusal names is asked about next, alone:
    only the answer to its own call decides.

    Instances that no dry run can ask about are skipped as AWS names them. If there are more than
    FEW, calls become smaller and come from both ends, so that other instances are still decided.
    """
    found = Findings(undecided=list(ids))
    size = MAX_IDS_PER_CALL
    suspect: str | None = None
    refused = False
    while found.undecided and found.calls < max_calls and found.unanswered is None:
        alone = suspect is not None
        group = [suspect] if suspect else found.undecided[:size]
        answer = ask(group)
        suspect = answer.suspect if isinstance(answer, Refused) and len(group) > 1 else None
        suspect = suspect if suspect in group else None
        found.learn(group, answer)
        refused = refused or isinstance(answer, Refused)
        many = isinstance(answer, Unaskable) and len(found.skipped) > FEW
        if many:
            found.undecided.reverse()
        if not alone:
            size = _next_size(len(group), answer, many=many)
    if found.skipped and not refused and found.unanswered is None:
        found.unreached, found.undecided = found.undecided, []
    return found


def _next_size(size: int, answer: Answer, *, many: bool) -> int:
    """How many instances to name next, after a call that named `size`."""
    if isinstance(answer, Permitted):
        return min(2 * size, MAX_IDS_PER_CALL)
    left_out = isinstance(answer, Gone | Unaskable) and answer.ids
    return size if left_out and not many else max(1, size // 2)
