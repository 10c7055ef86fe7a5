"""Probing one permission."""

from contextlib import nullcontext
from dataclasses import replace

from cavok.adapters.customer import probes
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.access_denied import WORTH_REPEATING, Reason
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.errors import OutOfTime, ProbeTransient
from cavok.domain.kinds import Action, Kind
from cavok.domain.policy_evaluation import Decision
from cavok.domain.policy_verdicts import (
    DatabaseQuestion,
    Databases,
    RolePolicies,
    is_decided,
    judge_databases,
)
from cavok.domain.steps import Evidence, Judgement, Step, Verdict, out_of_time
from cavok.services.timing import timed

_DATABASE_ACTIONS = {
    kind.descriptor.permission(action): kind
    for kind in Kind
    for action in Action
    if not kind.descriptor.dry_run
}
"""The permissions that a probe tries on an absent database, with the kind of database."""


def probe_permission(action: str, account: ProbedAccount) -> Step:
    """The step of one IAM action. Raises ProbeTransient if repeating the probe may prove more."""

    def judge() -> Judgement:
        try:
            return _judged(action, account)
        except OutOfTime as error:
            return out_of_time(str(error))

    step = timed(action, judge, probes.region_of(action, account))
    if step.error_code in WORTH_REPEATING and not _found_something(step):
        raise ProbeTransient(f"{step.error_code}: {step.detail}")
    return step


def _found_something(step: Step) -> bool:
    """Whether the step has verdicts on resources, which a repetition would lose."""
    return step.resources is not None and bool(step.resources.allowed or step.resources.denied)


def _judged(action: str, account: ProbedAccount) -> Judgement:
    if proved := account.survey.proved.get(action):
        return proved
    answer = probes.run(action, account)
    try:
        kind = _DATABASE_ACTIONS.get(action)
        if kind and answer.verdict in (Verdict.ALLOWED, Verdict.DENIED):
            return _on_real_databases(action, kind, answer, account)
        if answer.verdict is Verdict.DENIED and probes.named_no_instance(action, answer, account):
            return _on_no_instance(action, answer, account)
        return _predicted(action, answer, account)
    except OutOfTime as error:
        # AWS's answer about a nonexistent name may differ for an existing one.
        return answer if answer.verdict is Verdict.INCONCLUSIVE else out_of_time(str(error))


def _on_real_databases(
    action: str, kind: Kind, answer: Judgement, account: ProbedAccount
) -> Judgement:
    """AWS's answer about an absent database, weighed with the policies on the real ones."""
    if answer.verdict is Verdict.ALLOWED:
        inline = account.inline_policies()
        if is_decided(action, answer, inline):
            return replace(answer, detail=_unread(inline)) if inline.unread else answer
    policies = account.policies()
    if is_decided(action, answer, policies):
        return answer
    question = DatabaseQuestion(
        action=action,
        answer=answer,
        absent_arn=account.arn(kind, probes.ABSENT_DATABASE),
        role_arn=account.session.role_arn,
    )
    # Without a policy that Cavok can read, nothing is predicted for any database.
    databases = account.databases(kind) if policies.documents else Databases()
    with account.weighing.used() if account.weighing else nullcontext(NO_DEADLINE) as weighing:
        return judge_databases(
            question,
            policies,
            databases,
            account.survey.under_control.get(kind, {}),
            account.deadline,
            weighing=weighing,
        )


def _unread(policies: RolePolicies) -> str:
    """Why a success is not certain: a policy that Cavok could not read may deny some."""
    return (
        "AWS allows it for a name that no database has. Cavok could not read "
        f"{', '.join(policies.unread)}: a Deny there for some databases would not show."
    )


def _on_no_instance(action: str, answer: Judgement, account: ProbedAccount) -> Judgement:
    """AWS refused an absent instance, and the test knows of no real one.

    AWS also refuses a role that is limited to some instances. So the refusal stands only if the
    policies certainly allow no instance.
    """
    policies = account.policies()
    if is_decided(action, answer, policies):
        return answer
    return replace(
        answer,
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=_why_open(account, policies),
        detail=(
            "The role's policies may allow it for some instances, and there is none that Cavok "
            f"could ask about. For an absent one, AWS answered: {answer.detail}"
        ),
    )


def _why_open(account: ProbedAccount, policies: RolePolicies) -> Reason:
    """Why nothing is certain of instances that the test does not know. `error` if the next test may
    know more: AWS did not answer.
    """
    passes = Reason.ERROR in account.unlisted.values() or policies.unanswered
    return Reason.ERROR if passes else Reason.NOT_PROVABLE


def _predicted(action: str, answer: Judgement, account: ProbedAccount) -> Judgement:
    """The answer; or the policies' verdict, if the answer proves nothing and the policies do."""
    if answer.verdict is not Verdict.INCONCLUSIVE or answer.reason is not Reason.NOT_PROVABLE:
        return answer
    asked = answer.resources if answer.resources and answer.resources.asked else None
    if asked and asked.allowed:
        return answer
    policies = account.policies()
    decision = policies.decision_for_all(action)
    if decision is Decision.UNKNOWN and probes.PROBES[action].dry_run:
        return replace(answer, reason=_why_open(account, policies))
    if decision is Decision.UNKNOWN or (asked and decision is Decision.ALLOWED):
        return answer
    verdict, reason, said = _PREDICTIONS[decision]
    proved = f"AWS answered {answer.error_code}, which proves nothing."
    return replace(
        answer,
        verdict=verdict,
        evidence=Evidence.POLICY,
        reason=reason,
        detail=f"{said} {answer.detail if asked else proved}",
    )


_PREDICTIONS = {
    Decision.ALLOWED: (Verdict.ALLOWED, None, "The role's inline policies allow it."),
    Decision.DENIED: (
        Verdict.DENIED,
        Reason.EXPLICIT_DENY,
        "The role's inline policies deny it explicitly.",
    ),
    Decision.NOT_ALLOWED: (
        Verdict.DENIED,
        Reason.IDENTITY_POLICY,
        "The role has no policy that allows it.",
    ),
}
