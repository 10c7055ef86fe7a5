"""What a role's policies add to AWS's answer, if that answer alone does not decide.

RDS has no dry run. A probe names a database that does not exist, so its refusal proves only that
the grant is not unconditional: a role limited to `db:dev-*` is refused too. Its success does not
rule out a Deny for some databases. So the role's policies are evaluated on the real ones.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from cavok.domain.access_denied import FROM_OUTSIDE, Reason
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.policy_evaluation import (
    Decision,
    Request,
    evaluate,
    learn_from_success,
    request_on,
)
from cavok.domain.steps import AskedResources, Evidence, Judgement, ResourceVerdict, Verdict

MAX_TAGS = 100
"""Tags of one database. AWS accepts 50, and adds some of its own. If there are more, they count as
not read. Source: RDS User Guide, "Tagging Amazon RDS resources"."""

_UNREAD: Mapping[str, Any] = {}
"""In place of policies that were not read: it may allow, and it may deny."""

_ANYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


MAX_WEIGHED = 200
"""Databases of one kind on which the policies are evaluated. Each takes some 20 ms of a whole CPU
at worst (`policy_evaluation.MAX_CHARACTERS`)."""


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """The policies of a role, as far as they can be read.

    documents  its inline policies.
    unread     other policies that the role may have, in words. Empty: the documents are complete.
    unanswered AWS's error code if an inline policy is unread because a call proved nothing; null
               if none is, or if AWS refuses to show it.
    """

    documents: tuple[Any, ...] = ()
    unread: tuple[str, ...] = ()
    unanswered: str | None = None

    def decision(self, request: Request) -> Decision:
        """What all policies together say, read or not."""
        in_part = self.unread or self.unanswered
        return evaluate((*self.documents, *([_UNREAD] if in_part else [])), request)

    def decision_for_all(self, action: str) -> Decision:
        """What they say about an action on every resource there is."""
        return self.decision(Request(action))

    def after_success(self, allowed: Request) -> Self:
        """What they say, given that AWS allowed a call. Unread policies do not count: one of them
        may have allowed it, and a Deny in them would not show.
        """
        learned = learn_from_success(self.documents, allowed)
        return replace(self, documents=(*learned, *([_ANYTHING] if self.unread else [])), unread=())

    @property
    def remedy(self) -> str:
        """What would let them decide, as a sentence."""
        if not self.unread:
            return "Its policies depend on what Cavok cannot see from outside."
        return (
            f"Cavok could not read {', '.join(self.unread)}. A grant in the role's inline "
            "policies, with the permissions of the group Checking and without managed policies, "
            "would prove it."
        )


@dataclass(frozen=True, slots=True)
class Database:
    """A database or a cluster. `tags` are all of its tags."""

    id: str
    region: str
    arn: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Databases:
    """Databases of the reachable regions. `complete` says whether these are all. `unanswered`:
    AWS's error code if they are not because a call was not answered, otherwise null.
    """

    found: tuple[Database, ...] = ()
    complete: bool = True
    unanswered: str | None = None


def is_decided(action: str, answer: Judgement, policies: RolePolicies) -> bool:
    """Whether AWS's answer about an absent database holds for every database.

    A refusal does if the role's policies certainly allow no database. A success does if the
    readable policies allow every database, or if none is readable, so that nothing contradicts it.
    A policy that could not be read, because AWS did not answer, may deny some.
    """
    if answer.verdict is Verdict.DENIED:
        return policies.decision_for_all(action) in (Decision.DENIED, Decision.NOT_ALLOWED)
    if policies.unanswered:
        return False
    readable = RolePolicies(policies.documents)
    return not readable.documents or readable.decision_for_all(action) is Decision.ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseQuestion:
    """An action that a probe tried on an absent database, and AWS's answer.

    absent_arn  the ARN that the probe named.
    role_arn    null for an access key.
    """

    action: str
    absent_arn: str
    answer: Judgement
    role_arn: str | None

    def verdict_for(self, database: Database, policies: RolePolicies) -> ResourceVerdict:
        """What the policies say about one database."""
        tags = database.tags if len(database.tags) <= MAX_TAGS else None
        request = request_on(self.action, database.arn, tags, self.role_arn)
        verdict, reason = self._verdict(policies.decision(request), policies)
        return ResourceVerdict(database.id, database.region, verdict, reason)

    def _verdict(self, decision: Decision, policies: RolePolicies) -> tuple[Verdict, Reason | None]:
        match decision:
            case Decision.DENIED:
                return Verdict.DENIED, Reason.EXPLICIT_DENY
            case Decision.NOT_ALLOWED:
                return Verdict.DENIED, Reason.IDENTITY_POLICY
            case Decision.ALLOWED if self.succeeded or self.is_explained(policies):
                return Verdict.ALLOWED, None
            case _:
                return Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE

    @property
    def succeeded(self) -> bool:
        """Whether AWS allowed the probe."""
        return self.answer.verdict is Verdict.ALLOWED

    @property
    def on_absent(self) -> Request:
        """The call that the probe made."""
        return request_on(self.action, self.absent_arn, {}, self.role_arn)

    def is_explained(self, policies: RolePolicies) -> bool:
        """Whether the policies explain a refusal. If they do not, something else refuses the call,
        such as a boundary, and may refuse it on a real database as well.
        """
        decision = policies.decision(self.on_absent)
        match self.answer.reason:
            case Reason.EXPLICIT_DENY:
                return decision is Decision.DENIED
            case Reason.IDENTITY_POLICY:
                return decision is Decision.NOT_ALLOWED
            case Reason.UNSTATED:
                return decision in (Decision.DENIED, Decision.NOT_ALLOWED)
            case _:
                return False


def judge_databases(
    question: DatabaseQuestion,
    policies: RolePolicies,
    databases: Databases,
    under_control: Mapping[str, Collection[str]],
    deadline: Deadline = NO_DEADLINE,
    *,
    weighing: Deadline = NO_DEADLINE,
) -> Judgement:
    """What the role's policies say about the real databases, if AWS's answer about an absent one
    does not decide (`is_decided`).

    A success stands unless a database may be refused, even one that was not evaluated. A refusal
    alone never stands: it is `denied` only if the policies refuse every database, and inconclusive
    if they leave one open. Databases under Cavok's control come first, and the first MAX_WEIGHED
    count. A controlled database that is not among them is skipped, unless it is certainly gone.
    `under_control` has IDs of the same kind, by region. Raises OutOfTime.
    """
    weighing.check()  # a success alone may take long to learn from
    databases = _first(databases, under_control)
    weighed = policies.after_success(question.on_absent) if question.succeeded else policies
    verdicts = []
    for database in databases.found:
        deadline.check()
        weighing.check()
        verdicts.append(question.verdict_for(database, weighed))
    verdicts += _not_weighed(databases, under_control)
    resources = AskedResources.of(verdicts, under_control)
    answer = question.answer
    all_weighed = databases.complete and not policies.unanswered
    if question.succeeded and resources.allowed == resources.asked and all_weighed:
        return answer
    verdict = resources.verdict(listed=databases.complete, complete=databases.complete)
    known = verdict is not Verdict.INCONCLUSIVE
    denied = [each.reason for each in resources.examples if each.verdict is Verdict.DENIED]
    unanswered = policies.unanswered or databases.unanswered
    unknown = Reason.ERROR if unanswered else None if known else Reason.NOT_PROVABLE
    if not known and unanswered:  # asking again may prove it
        answer = replace(answer, error_code=unanswered)
    return replace(
        answer,
        verdict=verdict,
        evidence=Evidence.POLICY if known else Evidence.NONE,
        reason=denied[0] if verdict is Verdict.DENIED else unknown,
        detail=_detail(question, policies, databases, resources, verdict),
        resources=resources if verdicts else None,
    )


def _first(databases: Databases, under_control: Mapping[str, Collection[str]]) -> Databases:
    """The first MAX_WEIGHED databases, those under Cavok's control first."""
    found = sorted(
        databases.found, key=lambda each: each.id not in under_control.get(each.region, ())
    )
    complete = databases.complete and len(found) <= MAX_WEIGHED
    return replace(databases, found=tuple(found[:MAX_WEIGHED]), complete=complete)


def _not_weighed(
    databases: Databases, under_control: Mapping[str, Collection[str]]
) -> Iterator[ResourceVerdict]:
    """Databases under Cavok's control that may exist but are not among `databases`."""
    weighed = {(each.region, each.id) for each in databases.found}
    for region, ids in under_control.items() if not databases.complete else ():
        for each in ids:
            if (region, each) not in weighed:
                yield ResourceVerdict(each, region, Verdict.SKIPPED, Reason.NOT_PROVABLE)


def _detail(
    question: DatabaseQuestion,
    policies: RolePolicies,
    databases: Databases,
    resources: AskedResources,
    verdict: Verdict,
) -> str:
    if question.succeeded:
        answered = "AWS allows it for a name that no database has."
    else:
        answered = (
            "AWS refuses it for a name that no database has, as it does for a role that is limited "
            f"to some databases. AWS answered: {question.answer.detail}"
        )
    if question.answer.reason in FROM_OUTSIDE and verdict is Verdict.INCONCLUSIVE:
        said = f"The role's policies do not decide. {_OUTSIDE}"
    elif not policies.documents:
        said = policies.remedy
    elif not databases.found:
        said = "There is no database that Cavok can list to evaluate the role's policies on."
    elif verdict is Verdict.INCONCLUSIVE:
        said = f"The role's policies do not decide. {_open(question, policies, databases)}"
    else:
        said = (
            f"The role's policies allow it for {resources.allowed} of {resources.asked} databases."
        )
    return f"{said} {answered}"


def _open(question: DatabaseQuestion, policies: RolePolicies, databases: Databases) -> str:
    """Why the policies leave databases open, and what would prove them."""
    if policies.unread or question.succeeded or question.is_explained(policies):
        return policies.remedy if databases.complete else "Not all databases could be listed."
    return _OUTSIDE


_OUTSIDE = (
    "They may allow it, but something refuses it that Cavok cannot read, such as a permissions "
    "boundary or a policy of the organization. Using it on a database with Cavok would prove it."
)
