"""An account under test, and what its probes share: each is read at most once."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import unquote

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.described import read_answer
from cavok.adapters.customer.session import CustomerSession, method_of, paginator_of
from cavok.domain.access_denied import POLICIES_UNREAD, TIMED_OUT, WORTH_REPEATING, Reason
from cavok.domain.deadlines import CALL_SECONDS, NO_DEADLINE, Deadline, ProcessorTime
from cavok.domain.kinds import Kind
from cavok.domain.policy_verdicts import Database, Databases, RolePolicies
from cavok.domain.regions import RegionStatus
from cavok.domain.steps import ALLOWED, Judgement, Verdict
from cavok.domain.survey import Survey

MAX_INLINE_POLICIES = 50
"""How many inline policies of a role are read. IAM limits their total to 10,240 characters, not
their number.
"""

MAX_DATABASES = 200
"""How many databases of one kind are read in a region. The default quota is 40. Source: RDS User
Guide, "Quotas".
"""

REGIONS_AT_ONCE = 4
DOCUMENTS_AT_ONCE = 4
"""Inline policies that are read at once. The template's role has as many, or one more."""

_LARGEST_DOCUMENT = 3 * 131_072
"""Characters of a policy document in percent-encoding. Source: IAM API Reference, PutRolePolicy."""


_LONGEST_NAME = 128
"""Characters of a policy's name that a step shows. IAM allows no more."""

_MOST_UNREAD = 3
"""How many unread policies a step names."""

NO_SUCH_POLICY = frozenset({"NoSuchEntity", "NoSuchEntityException"})
"""The error codes for a policy that does not exist. Only authorized callers receive them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedAccount:
    """A session in the account, what the test found in its regions, and the test's deadline.
    `weighing`: processor time for what is more than the calls of a plain test; null: as long as it
    takes.

    Without a survey, only the home region counts. `proved`: what reading the role's policies
    proves, by permission.
    """

    session: CustomerSession
    survey: Survey = field(default_factory=Survey)
    deadline: Deadline = NO_DEADLINE
    weighing: ProcessorTime | None = None
    proved: dict[str, Judgement] = field(default_factory=dict, init=False, compare=False)
    _read: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _reading: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        session: CustomerSession,
        survey: Survey,
        deadline: Deadline = NO_DEADLINE,
        weighing: ProcessorTime | None = None,
    ) -> "ProbedAccount":
        """An account as its survey found it, probed in the region that the survey chose."""
        region = survey.probing_region(session.region)
        return cls(session=session.at(region), survey=survey, deadline=deadline, weighing=weighing)

    @property
    def regions(self) -> tuple[str, ...]:
        """The account's regions that answer."""
        return self.survey.reachable if self.survey.region_health else (self.session.region,)

    @property
    def every_region_answers(self) -> bool:
        """Whether no region is unknown: an unknown one may have databases and instances."""
        health = self.survey.region_health
        return all(each.status is not RegionStatus.UNKNOWN for each in health)

    @property
    def unlisted(self) -> Mapping[str, Reason]:
        """Regions that may have EC2 instances that the test does not know, and why. `error`: AWS
        did not answer.
        """
        unknown = {
            each.region: each.reason or Reason.ERROR
            for each in self.survey.region_health
            if each.status is RegionStatus.UNKNOWN
        }
        return unknown | dict(self.survey.unlisted)

    @property
    def knows_all_instances(self) -> bool:
        """Whether the survey names all EC2 instances."""
        return not self.unlisted and not self.survey.asked_in_part

    @property
    def regions_with_instances(self) -> tuple[str, ...]:
        """The regions in which there are EC2 instances to ask about."""
        return tuple(region for region in self.regions if self.survey.instances.get(region))

    def further_call(self) -> AbstractContextManager[None]:
        """For a call that a plain test does not make. Raises OutOfTime."""
        return self.weighing.spent(CALL_SECONDS) if self.weighing else nullcontext()

    def arn(self, kind: Kind, name: str, region: str | None = None) -> str:
        """The ARN of an instance, in the home region or in `region`."""
        anywhere = kind.descriptor.arn.format(
            account_number=self.session.account_number, instance_id=name
        )
        return anywhere.replace(":*:", f":{region or self.session.region}:", 1)

    def policies(self) -> RolePolicies:
        """The role's policies. Raises OutOfTime."""
        inline = self.inline_policies()
        managed = self._once("managed policies", self._unread_managed_policies)
        unread = (*inline.unread, *managed)[:_MOST_UNREAD]
        return RolePolicies(inline.documents, unread, inline.unanswered)

    @property
    def policy_name(self) -> str | None:
        """An inline policy of the role. Null if none is known."""
        return self._read.get("policy name", self.survey.policy_name)

    def inline_policies(self) -> RolePolicies:
        """The role's inline policies alone. Raises OutOfTime."""
        found = self._once("inline policies", self._read_inline_policies)
        if found.unanswered not in (None, TIMED_OUT):  # a repeated probe reads them again
            self._read.pop("inline policies", None)
        return found

    def databases(self, kind: Kind) -> Databases:
        """All databases of a kind in the reachable regions. Raises OutOfTime."""
        found = self._once(kind, lambda: self._read_databases(kind))
        if found.unanswered in WORTH_REPEATING:  # a repeated probe reads them again
            self._read.pop(kind, None)
        return found

    def _once(self, what: str, read: Callable[[], T]) -> T:
        with self._reading:
            if what not in self._read:
                self._read[what] = read()
            found: T = self._read[what]
            return found

    def _read_inline_policies(self) -> RolePolicies:
        """The steps of the checking group report a refusal. Here it only leaves policies unread."""
        if self.survey.inline_policies is not None:
            return RolePolicies(self.survey.inline_policies)
        if self.session.role_name is None:
            return RolePolicies(unread=("the policies of an access key's user",))
        unread: list[str] = []
        unanswered: list[str] = []
        names, all_named = self._named("iam:ListRolePolicies", "PolicyNames", unanswered)
        self._read["policy name"] = next(iter(names), None)
        with ThreadPoolExecutor(DOCUMENTS_AT_ONCE) as pool:
            read = partial(self._document, unanswered=unanswered)
            documents = list(pool.map(read, names[:MAX_INLINE_POLICIES]))
        for name, document in zip(names, documents, strict=False):
            if document is None:
                unread.append(f"the inline policy {name[:_LONGEST_NAME]}")
        if not all_named or len(names) > MAX_INLINE_POLICIES:
            unread.append("all of the role's inline policies")
        known = tuple(each for each in documents if each is not None)
        return RolePolicies(known, tuple(unread), unanswered[0] if unanswered else None)

    def _unread_managed_policies(self) -> tuple[str, ...]:
        """Cavok does not ask for `GetPolicyVersion`: managed policies are named, not read."""
        if self.session.role_name is None:
            return ()
        attached, all_named = self._named("iam:ListAttachedRolePolicies", "AttachedPolicies", [])
        unread = [f"the managed policy {each['PolicyName'][:_LONGEST_NAME]}" for each in attached]
        return (*unread, *([] if all_named else ["which managed policies the role has"]))

    def _named(
        self, permission: str, field_name: str, unanswered: list[str]
    ) -> tuple[list[Any], bool]:
        """The first page of a list of the role's policies, and whether that is all. An error that
        proves nothing is added to `unanswered`.
        """
        self.deadline.check()
        call = getattr(self.session.client("iam"), method_of(permission))
        try:
            page = call(RoleName=self.session.role_name)
        except AWS_ERRORS as error:
            self.proved[permission] = judge_error(error)
            unanswered += _unanswered(error)
            return [], False
        self.proved[permission] = judge_list(page)
        return page.get(field_name, []), not page.get("IsTruncated", False)

    def _document(self, name: str, unanswered: list[str]) -> Any:
        """An inline policy as JSON; null if it could not be read. An error that proves nothing is
        added to `unanswered`.
        """
        self.deadline.check()
        iam = self.session.client("iam")
        try:
            found = iam.get_role_policy(RoleName=self.session.role_name, PolicyName=name)
            self.proved["iam:GetRolePolicy"] = ALLOWED
            document = found["PolicyDocument"]
            if isinstance(document, str):
                document = json.loads(unquote(document[:_LARGEST_DOCUMENT]))
        except AWS_ERRORS as error:
            self.proved.setdefault("iam:GetRolePolicy", judge_error(error, NO_SUCH_POLICY))
            unanswered += _unanswered(error)
            return None
        except (ValueError, RecursionError):
            return None
        return document

    def _read_databases(self, kind: Kind) -> Databases:
        with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
            parts = list(pool.map(lambda region: self._databases_in(kind, region), self.regions))
        return Databases(
            tuple(each for part in parts for each in part.found),
            self.every_region_answers and all(part.complete for part in parts),
            next((part.unanswered for part in parts if part.unanswered), None),
        )

    def _databases_in(self, kind: Kind, region: str) -> Databases:
        """Databases that start and stop on their own: not the members of a cluster."""
        client = self.session.client(kind.descriptor.service, region)
        found: list[Database | None] = []
        unanswered = None
        try:
            for database in islice(self._listed(client, kind, region), MAX_DATABASES + 1):
                found.append(database)
            complete = len(found) <= MAX_DATABASES and None not in found
        except AWS_ERRORS as error:
            complete, judgement = False, judge_error(error)
            unanswered = judgement.error_code if judgement.reason is Reason.ERROR else None
        return Databases(
            tuple(each for each in found[:MAX_DATABASES] if each), complete, unanswered
        )

    def _listed(self, client: Any, kind: Kind, region: str) -> Iterator[Database | None]:
        """Null for each that cannot be read."""
        pages = iter(paginator_of(client, kind.descriptor.describe).paginate())
        while True:
            self.deadline.check()
            with self.further_call():
                page = next(pages, None)
            if page is None:
                return
            described = read_answer(
                kind, page, account_number=self.session.account_number, region=region
            )
            yield from (None for _ in described.unreadable)
            for each in described.instances:
                if kind.descriptor.lists(each):
                    arn = self.arn(kind, each.instance_id, region)
                    yield Database(each.instance_id, region, arn, each.tags)


def judge_list(page: Mapping[str, Any]) -> Judgement:
    """What the first page of a list of the role's policies proves: allowed, and whether it names
    policies that are not read.
    """
    if page.get("AttachedPolicies") or ("AttachedPolicies" in page and page.get("IsTruncated")):
        return _unread("The role has managed policies, which tests do not read.")
    if page.get("IsTruncated") or len(page.get("PolicyNames", ())) > MAX_INLINE_POLICIES:
        return _unread(f"Of the role's inline policies, {MAX_INLINE_POLICIES} are read.")
    return ALLOWED


def _unread(why: str) -> Judgement:
    return replace(ALLOWED, error_code=POLICIES_UNREAD, detail=why)


def _unanswered(error: Exception) -> list[str]:
    """The code of an error that proves nothing, or nothing for a refusal."""
    judgement = judge_error(error)
    return [] if judgement.verdict is Verdict.DENIED else [str(judgement.error_code)]
