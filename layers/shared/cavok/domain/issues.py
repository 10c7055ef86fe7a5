"""The outcome and the issues that follow from a test's steps. Each issue has a remedy.

Only problems degrade or fail an account: a test without a problem confirms it. Permissions that a
customer left out or narrowed on purpose are information.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cavok.domain import permissions
from cavok.domain.access_denied import (
    DENIED_CODES,
    FROM_OUTSIDE,
    POLICIES_UNREAD,
    Reason,
    refusal_reason,
    region_without_sts,
)
from cavok.domain.accounts import (
    DISCONNECTED_WITHIN,
    ROLE_GOES_WITHIN,
    Account,
    Fix,
    Issue,
    IssueCode,
    Outcome,
    Severity,
)
from cavok.domain.fixes import ACCOUNT_SETTINGS, enabling, fix_of_refusal, grant, principal_page
from cavok.domain.instances import InstanceKey
from cavok.domain.kinds import Action, Kind
from cavok.domain.regions import ALWAYS_ENABLED, UNUSABLE, RegionHealth, RegionStatus
from cavok.domain.steps import MAX_EXAMPLES, Step, Verdict

_OF_PERMISSIONS = frozenset(
    {IssueCode.PERMISSION_LOST, IssueCode.INSTANCE_REFUSED, IssueCode.LOG_WRITING_REFUSED}
)
"""Problems that end only with an answer about the same permission or region."""

_GRANT = "Add {actions} to the {principal}'s policy, as the Instructions show."
_REMEDIES = {
    Reason.IDENTITY_POLICY: _GRANT,
    Reason.UNSTATED: _GRANT
    + " If it is there already, look for a deny in a boundary or an organization's policy.",
    Reason.EXPLICIT_DENY: "A policy of the {principal} denies {actions} explicitly; "
    "remove that Deny statement. Allowing it elsewhere does not help.",
    Reason.PERMISSIONS_BOUNDARY: "The {principal}'s permissions boundary does not allow {actions}; "
    "extend the boundary, or set another.",
    Reason.SERVICE_CONTROL_POLICY: "A service control policy of your AWS organization does not "
    "allow {actions}; ask an administrator of AWS Organizations.",
    Reason.RESOURCE_CONTROL_POLICY: "A resource control policy of your AWS organization does not "
    "allow {actions}; ask an administrator of AWS Organizations.",
    Reason.SESSION_POLICY: "Cavok's own session policy does not allow {actions}. "
    "This is on Cavok's side; please contact support.",
    Reason.RESOURCE_POLICY: "A resource-based policy does not allow {actions}; "
    "look at the policy of the resource.",
    Reason.VPC_ENDPOINT_POLICY: "A VPC endpoint policy does not allow {actions}; extend it.",
}
_SCOPES = {
    Reason.IDENTITY_POLICY: "The {principal}'s policy is limited to some {plural}; "
    "extend its Resource or Condition.",
    Reason.EXPLICIT_DENY: "A policy of the {principal} denies it explicitly for some {plural}; "
    "narrow that Deny statement.",
    Reason.PERMISSIONS_BOUNDARY: "The {principal}'s permissions boundary is limited to some "
    "{plural}; extend the boundary, or set another.",
    Reason.SERVICE_CONTROL_POLICY: "A service control policy of your AWS organization leaves some "
    "{plural} out; ask an administrator of AWS Organizations.",
}

_ENROLLED_ROLE = (
    "The stack of your AWS Organization makes this role, in the account of its enrollment: look "
    "there whether its stack set has an instance in this account, and why it has none or fails. "
    "Then press Test. A role with a stack of its own is deployed as the Instructions show. So is "
    "the management account's if the stack is in a delegated administrator: no stack set makes it."
)

_LOST = ("was allowed and no longer is", "were allowed and no longer are")
_MISSING = ("is not allowed; Cavok does without it", "are not allowed; Cavok does without them")
_LOGS_REFUSED = ("is refused, but Write logs is Yes", "are refused, but Write logs is Yes")
"""Texts for one action, and for several."""


def find_issues(
    account: Account,
    steps: Sequence[Step],
    *,
    region_health: Iterable[RegionHealth] = (),
    under_control: Collection[InstanceKey] = (),
) -> tuple[Outcome, tuple[Issue, ...]]:
    """The outcome of a test that reached the account or was refused by it, and the issues to show,
    problems first.

    A permission that is allowed for some instances only is no problem, as long as all those of
    `under_control` that the test asked about are among them. If an account has more instances under
    Cavok's control, these are the oldest MAX_UNDER_CONTROL.
    """
    if failures := tuple(_failures(account, steps)):
        return Outcome.FAILED, _after_a_change(account, failures)
    health = tuple(region_health)
    denied = list(_denied(steps, *permissions.REMEMBERED_GROUPS))
    lost = [step for step in denied if step.step in account.proven]
    refused = {
        step.step: found
        for step in steps
        if step not in lost
        and (
            found := _refused_under_control(step, under_control)
            or _refused_as_a_whole(account, step, under_control)
        )
    }
    refused_logs = list(_denied(steps, permissions.LOGS.group)) if account.write_logs else []
    missing = [
        step for step in _odd_ones_out(steps) if step not in lost and step.step not in refused
    ]
    problems = [
        *_permission_issues(
            IssueCode.PERMISSION_LOST, _LOST, account, lost, under_control=under_control
        ),
        *_instance_issues(account, refused),
        *_cut_off(under_control, health),
        *log_writing_issues(account, refused_logs),
    ]
    problems += _undecided(account, steps, health, under_control, problems)
    information = (
        *_permission_issues(
            IssueCode.PERMISSION_MISSING, _MISSING, account, missing, severity=Severity.INFORMATION
        ),
        *_scoped(account, steps),
        *_unproven(account, steps),
        *_unusable_regions(health),
    )
    return (
        Outcome.DEGRADED if problems else Outcome.CONFIRMED,
        (*_after_a_change(account, problems), *information),
    )


def _after_a_change(account: Account, problems: Sequence[Issue]) -> tuple[Issue, ...]:
    """With what CloudTrail said of the role's last change since no problem was found. The first
    problem has it: one of several may be older.
    """
    if not problems or not account.role_change:
        return tuple(problems)
    first, *others = problems
    return replace(first, message=f"{first.message} {account.role_change}"), *others


def log_writing_issues(account: Account, refused: Sequence[Step]) -> tuple[Issue, ...]:
    """The issues if AWS denied log writing, or answered it with a lasting error, and the account's
    Write logs is Yes.
    """
    denied = [step for step in refused if step.verdict is Verdict.DENIED]
    return (
        *_permission_issues(IssueCode.LOG_WRITING_REFUSED, _LOGS_REFUSED, account, denied),
        *(
            Issue(
                IssueCode.LOG_WRITING_REFUSED,
                f"{step.step} fails, but Write logs is Yes. AWS says {step.error_code}: "
                f"{step.detail}",
                "Fix what AWS names, then press Test. Or set Write logs to No.",
                actions=(step.step,),
            )
            for step in refused
            if step.verdict is not Verdict.DENIED
        ),
    )


def _failures(account: Account, steps: Sequence[Step]) -> Iterator[Issue]:
    by_name = {step.step: step for step in steps}
    refused = by_name[permissions.ASSUME_ROLE].reason is Reason.ROLE_NOT_ASSUMABLE
    if refused:
        yield _refused(account, by_name[permissions.ASSUME_ROLE])
    match = by_name[permissions.ACCOUNT_MATCHES]
    if match.reason is Reason.CREDENTIALS_REJECTED:
        yield Issue(
            IssueCode.CREDENTIALS_REJECTED,
            "AWS does not accept the access key: it was deleted, deactivated, or mistyped.",
            "Create a new access key for the IAM user, enter it under Rotate keys, then press "
            "Test.",
            fix=Fix(console_url=principal_page(account, "permissions")),
        )
    elif match.ok is False:
        yield _wrong_account(account, match)
    if any(step.reason is Reason.CONFUSED_DEPUTY for step in steps):
        yield confused_deputy(account)


def confused_deputy(account: Account) -> Issue:
    """The issue of a role that can be assumed without the right external ID."""
    return Issue(
        IssueCode.CONFUSED_DEPUTY,
        f"The role {account.role_arn} can be assumed without this organization's external ID. "
        "Anyone who knows its name could make Cavok act on the account.",
        "Put the condition StringEquals sts:ExternalId with this organization's external ID "
        "into the role's trust policy, as the Instructions show, then press Test.",
        fix=Fix(console_url=principal_page(account, "trust_relationships")),
    )


_ANOTHER_STACK = (
    "If the role is still there, look at its trust policy: another stack may have been deleted, or "
    "ReportConnection of this one set to No."
)


def _refused(account: Account, refused: Step) -> Issue:
    """Anybody can say that a stack is being deleted. A role that lets Cavok in long after that may
    have another reason.
    """
    deleted_at, connected_at = account.stack_deleted_at, account.connected_at
    if not (deleted_at and connected_at):
        return _role_not_assumable(account, refused)
    let_in = f"Cavok was let in after that, until {_utc(connected_at)}."
    if connected_at <= deleted_at + ROLE_GOES_WITHIN:
        return _disconnected(account, deleted_at, "since.")
    if connected_at <= deleted_at + DISCONNECTED_WITHIN:
        return _disconnected(account, deleted_at, f"any more. {let_in}")
    issue = _role_not_assumable(account, refused)
    said = (
        f"In the name of its stack somebody said on {_utc(deleted_at)} that it is being deleted; "
        f"{let_in}"
    )
    return replace(issue, message=f"{issue.message} {said}")


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d at %H:%M} UTC"


def _role_not_assumable(account: Account, refused: Step) -> Issue:
    """AWS answers the same for a role that does not exist and for one that does not let us in. A
    working role may also be refused in the region to which Cavok falls back when STS is off in
    ours.
    """
    why = (
        "Either it does not exist, or its trust policy does not name Cavok's account, or it asks "
        "for another external ID. AWS does not say which."
    )
    if account.connected_at is None:
        said = (
            f"The role {account.role_arn} is not there yet, or does not let Cavok in: a test tried "
            f"to assume it with this organization's external ID, and AWS refused. {why}"
        )
        fix = None
    else:
        said = f"The role {account.role_arn} could not be assumed. {why}"
        fix = Fix(console_url=principal_page(account, "trust_relationships"))
    remedy = (
        _ENROLLED_ROLE
        if account.has_enrolled_role
        else "Deploy the role as the Instructions show, with this organization's external ID, then "
        "press Test."
    )
    if region := region_without_sts(refused.detail or ""):
        said += (
            f" AWS STS is turned off in {region} in this account, so Cavok tried another region."
        )
        remedy += f" If the role is there, turn AWS STS on in {region}: IAM, Account settings."
        fix = Fix(console_url=ACCOUNT_SETTINGS)
    return Issue(IssueCode.ROLE_NOT_ASSUMABLE, said, remedy, fix=fix)


def _disconnected(account: Account, deleted_at: datetime, since: str) -> Issue:
    """The issue of a role that is gone, as the customer's stack had announced. `since`: when."""
    return Issue(
        IssueCode.DISCONNECTED,
        f"Its stack said on {_utc(deleted_at)} that it is being deleted, and the "
        f"role {account.role_arn} cannot be assumed {since}",
        "If the account should be disconnected, delete it here. If not, deploy the role again, "
        + ("from its stack set" if account.has_enrolled_role else "as the Instructions show")
        + f": Cavok then tests it. {_ANOTHER_STACK}",
        fix=Fix(console_url=principal_page(account, "trust_relationships")),
    )


def _wrong_account(account: Account, match: Step) -> Issue:
    own = account.account_number
    others = [each for each in re.findall(r"\b[0-9]{12}\b", match.detail or "") if each != own]
    if not others:
        return Issue(
            IssueCode.WRONG_ACCOUNT,
            match.detail or f"These credentials do not belong to account {own}.",
            f"Enter credentials of account {own}, or add the account that they belong to.",
        )
    return Issue(
        IssueCode.WRONG_ACCOUNT,
        f"These credentials belong to account {others[0]}, not to {own}.",
        f"Enter credentials of account {own}, or add account {others[0]} as an account of its own.",
    )


def _denied(steps: Iterable[Step], *groups: str) -> Iterator[Step]:
    return (step for step in steps if step.group in groups and step.verdict is Verdict.DENIED)


def _odd_ones_out(steps: Sequence[Step]) -> Iterator[Step]:
    """Denied permissions of a group that works in part. A group that is denied as a whole was left
    out by choice, which is no issue.
    """
    works = (Verdict.ALLOWED, Verdict.PARTIAL)
    for group in permissions.REMEMBERED_GROUPS:
        if any(step.group == group and step.verdict in works for step in steps):
            yield from _denied(steps, group)


def _permission_issues(
    code: IssueCode,
    texts: tuple[str, str],
    account: Account,
    steps: Iterable[Step],
    *,
    severity: Severity = Severity.PROBLEM,
    under_control: Collection[InstanceKey] = (),
) -> Iterator[Issue]:
    """One issue per reason, naming every action it concerns. The fix is for the refused instances
    under Cavok's control, if each action has some.
    """
    by_reason: dict[Reason, list[Step]] = {}
    for step in steps:
        by_reason.setdefault(step.reason or Reason.UNSTATED, []).append(step)
    for reason, alike in by_reason.items():
        actions = [step.step for step in alike]
        listed, text = ", ".join(actions), texts[len(actions) > 1]
        refused = [_refused_under_control(step, under_control) for step in alike]
        keys = sorted({key for found in refused for key in found}) if all(refused) else ()
        yield Issue(
            code,
            f"{listed} {text}.",
            _remedy(account, reason, listed),
            severity,
            fix_of_refusal(account, reason, actions, keys),
            tuple(actions) if severity is Severity.PROBLEM else (),
        )


def _remedy(account: Account, reason: Reason, actions: str) -> str:
    return _REMEDIES.get(reason, _REMEDIES[Reason.UNSTATED]).format(
        actions=actions, principal=_principal(account)
    )


def _principal(account: Account) -> str:
    return "role" if account.role_name else "user"


# ---- instances under Cavok's control -------------------------------------------------------------


def _kinds() -> Mapping[str, Kind]:
    """The kind of instance that a permission starts or stops."""
    return {kind.descriptor.permission(action): kind for kind in Kind for action in Action}


def needed_for() -> Mapping[str, Kind]:
    """The kind of instance that cannot be started or stopped without a permission."""
    return {**_kinds(), **{kind.descriptor.describe: kind for kind in Kind}}


def _refused_under_control(
    step: Step, under_control: Collection[InstanceKey]
) -> dict[InstanceKey, Reason]:
    """The instances under Cavok's control that the step found refused, and why."""
    kind = _kinds().get(step.step)
    if kind is None or step.resources is None:
        return {}
    denied = {
        InstanceKey(kind, each.region, each.id): each.reason or Reason.UNSTATED
        for each in step.resources.examples
        if each.verdict is Verdict.DENIED
    }
    return {key: reason for key, reason in denied.items() if key in under_control}


def _refused_as_a_whole(
    account: Account, step: Step, under_control: Collection[InstanceKey]
) -> dict[InstanceKey, Reason]:
    """The instances under Cavok's control that need a permission which the step found refused for
    every instance. A refused Describe counts only for its own region.
    """
    if step.verdict is not Verdict.DENIED or (step.resources and step.resources.asked):
        return {}
    kind, reason = needed_for().get(step.step), step.reason or Reason.UNSTATED
    regions = account.regions if step.step in _kinds() else [step.region]
    return {key: reason for key in under_control if key.kind is kind and key.region in regions}


def _instance_issues(
    account: Account, refused: Mapping[str, Mapping[InstanceKey, Reason]]
) -> Iterator[Issue]:
    """One issue per reason and set of instances, naming every action it concerns. No policy can
    limit a Describe action to some instances, so those have issues of their own.
    """
    actions_of: dict[tuple[Reason, tuple[InstanceKey, ...], bool], list[str]] = {}
    for action, found in refused.items():
        for reason in dict.fromkeys(found.values()):
            keys = tuple(sorted(key for key, why in found.items() if why is reason))
            actions_of.setdefault((reason, keys, action in _kinds()), []).append(action)
    for (reason, keys, acting), actions in actions_of.items():
        listed, names = ", ".join(actions), _named(keys)
        on, few = f" on {names}" if acting else "", len(keys) <= MAX_EXAMPLES
        yield Issue(
            IssueCode.INSTANCE_REFUSED,
            f"{listed} {_are(actions)} refused for {names}, which {_are(keys)} under Cavok's "
            "control.",
            f"{_remedy(account, reason, f'{listed}{on}')} Or end Cavok's control.",
            fix=fix_of_refusal(account, reason, actions, keys if acting and few else ()),
            actions=tuple(actions),
        )


def _cut_off(
    under_control: Collection[InstanceKey], region_health: Iterable[RegionHealth]
) -> Iterator[Issue]:
    """Instances under Cavok's control in regions where no call works."""
    for health in (each for each in region_health if each.status in UNUSABLE):
        keys = sorted(key for key in under_control if key.region == health.region)
        if keys:
            yield Issue(
                IssueCode.INSTANCE_REFUSED,
                f"{_named(keys)} {_are(keys)} under Cavok's control, but {_no_call(health)}.",
                f"{_region_remedy(health, [health.region])} Or end Cavok's control.",
                fix=_region_fix(health, [health.region]),
            )


def _named(keys: Sequence[InstanceKey]) -> str:
    """The instances in words, as many as a step names."""
    more = f" and {len(keys) - MAX_EXAMPLES} more" if len(keys) > MAX_EXAMPLES else ""
    names = (f"{key.instance_id} in {key.region}" for key in keys[:MAX_EXAMPLES])
    return f"{', '.join(names)}{more}"


_NAMED = re.compile(r"(?<![\w-])([\w-]+)(?= in ([\w-]+))")
"""What `_named` says: an identifier and its region."""


def _are(several: Sequence[object]) -> str:
    return "are" if len(several) > 1 else "is"


def _undecided(
    account: Account,
    steps: Iterable[Step],
    region_health: Iterable[RegionHealth],
    under_control: Collection[InstanceKey],
    found: Sequence[Issue],
) -> list[Issue]:
    """Earlier problems that this test could neither confirm nor rule out. They stay: a test without
    proof ends no problem.
    """
    regions = [each.region for each in region_health if each.status is RegionStatus.UNKNOWN]
    kept: list[Issue] = []
    for issue in account.issues:
        of_instance = issue.code == IssueCode.INSTANCE_REFUSED
        keys = _of(issue, under_control) if of_instance else []
        if issue.code not in _OF_PERMISSIONS or (of_instance and not keys):
            continue
        if of_instance and _names(issue, regions):
            kept.append(issue)
            continue
        in_doubt = [
            step.step
            for step in steps
            if _names(issue, [step.step])
            and (
                any(_is_open(step, key, under_control) for key in keys)
                if of_instance
                else step.verdict is Verdict.INCONCLUSIVE
            )
        ]
        if in_doubt:
            kept.append(_narrowed(issue, in_doubt))
    return [issue for issue in kept if issue not in found]


def _of(issue: Issue, keys: Iterable[InstanceKey]) -> list[InstanceKey]:
    """The instances that the issue names. Its message is read once: there may be thousands."""
    named = set(_NAMED.findall(issue.message))
    return [key for key in keys if (key.instance_id, key.region) in named]


def _is_open(step: Step, key: InstanceKey, under_control: Collection[InstanceKey]) -> bool:
    """Whether the step proved nothing about an instance under control."""
    resources = step.resources
    if needed_for().get(step.step) is not key.kind:
        return False
    if resources is None:
        return step.verdict is Verdict.INCONCLUSIVE
    shown = {InstanceKey(key.kind, each.region, each.id): each for each in resources.examples}
    if key in shown:
        return shown[key].verdict in (Verdict.INCONCLUSIVE, Verdict.SKIPPED)
    only_such = all(
        each in under_control and example.verdict is not Verdict.ALLOWED
        for each, example in shown.items()
    )
    hidden = len(shown) >= MAX_EXAMPLES and only_such
    return step.verdict is Verdict.INCONCLUSIVE or hidden


def doubted(
    account: Account, steps: Sequence[Step], under_control: Collection[InstanceKey]
) -> tuple[Step, ...]:
    """The steps, some of them marked as in doubt. Such a step was refused for a database under
    Cavok's control in an earlier test, AWS now allows it for an absent one, and the test could not
    read all of the role's policies. The policy that denies it may still exist.
    """
    if account.role_name is None or _read_all_policies(steps):
        return tuple(steps)
    kinds = {action: kind for action, kind in _kinds().items() if not kind.descriptor.dry_run}
    keys_of = {
        step.step: {
            key
            for issue in account.issues
            if issue.code == IssueCode.INSTANCE_REFUSED and _names(issue, [step.step])
            for key in _of(issue, under_control)
            if key.kind is kinds[step.step]
        }
        for step in steps
        if step.step in kinds
    }
    return tuple(_doubted(step, keys_of.get(step.step, ())) for step in steps)


def _doubted(step: Step, keys: Collection[InstanceKey]) -> Step:
    """The step, whose success on an absent database proves nothing about these databases. A verdict
    after a refusal stands, because it needs all policies.
    """
    if keys and step.verdict is Verdict.ALLOWED and step.resources is None:
        return step.predicted(Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE, _STILL_REFUSED)
    if step.verdict is not Verdict.PARTIAL or not step.resources or step.error_code in DENIED_CODES:
        return step
    known = step.resources.doubting({(key.region, key.instance_id) for key in keys})
    if known == step.resources:
        return step
    verdict = known.verdict(listed=True, complete=True)
    reason = Reason.NOT_PROVABLE if verdict is Verdict.INCONCLUSIVE else None
    return step.predicted(verdict, reason, _STILL_REFUSED, known)


_STILL_REFUSED = (
    "AWS allows it for a name that no database has. An earlier test found it refused for a "
    "database under Cavok's control, by policies that this test could not read."
)


def _read_all_policies(steps: Iterable[Step]) -> bool:
    """Whether the test could read all of the role's policies."""
    return _may_read_policies(step for step in steps if step.error_code != POLICIES_UNREAD)


def _may_read_policies(steps: Iterable[Step]) -> bool:
    """Whether the test has the permissions to read the role's own policies."""
    allowed = {step.step for step in steps if step.verdict is Verdict.ALLOWED}
    return allowed.issuperset(_POLICY_READERS)


def _names(issue: Issue, names: Iterable[str]) -> list[str]:
    """The instances that the issue names. One name may begin or end with another."""
    return [
        name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", issue.message)
    ]


def refused_for_instances(issues: Iterable[Issue]) -> frozenset[str]:
    """The actions that issues call refused for instances under Cavok's control."""
    found = (issue.actions for issue in issues if issue.code == IssueCode.INSTANCE_REFUSED)
    return frozenset(action for actions in found for action in actions)


def _narrowed(issue: Issue, actions: Sequence[str]) -> Issue:
    """The issue, narrowed to these actions."""
    before, listed = ", ".join(issue.actions), ", ".join(actions)
    if not before or before == listed:
        return issue
    message = listed + issue.message.removeprefix(before)
    if len(actions) == 1:
        for one, several in (_LOST, _LOGS_REFUSED, ("is refused", "are refused")):
            message = message.replace(f"{listed} {several}", f"{listed} {one}")
    remedy = issue.remedy.replace(before, listed)
    return replace(issue, message=message, remedy=remedy, actions=tuple(actions))


# ---- information ---------------------------------------------------------------------------------


def _scoped(account: Account, steps: Iterable[Step]) -> Iterator[Issue]:
    """One issue for permissions that are allowed for equally many of the same kind."""
    alike: dict[str, list[Step]] = {}
    for step in steps:
        if step.verdict is Verdict.PARTIAL and step.group in permissions.REMEMBERED_GROUPS:
            alike.setdefault(f"{step.group} {_counted(step)}", []).append(step)
    for scoped in alike.values():
        actions = [step.step for step in scoped]
        reasons = dict.fromkeys(
            each.reason or Reason.UNSTATED
            for step in scoped
            if step.resources
            for each in step.resources.examples
            if each.verdict is Verdict.DENIED
        )
        principal, plural = _principal(account), _plural(actions[0])
        why = [
            _SCOPES[reason].format(principal=principal, plural=plural)
            if reason in _SCOPES
            else _remedy(account, reason, ", ".join(actions))
            for reason in reasons
        ]
        yield Issue(
            IssueCode.PERMISSION_SCOPED,
            f"{', '.join(actions)} {_are(actions)} allowed for {_counted(scoped[0])}.",
            " ".join(["If that is intended, there is nothing to do.", *why]),
            Severity.INFORMATION,
        )


def _counted(step: Step) -> str:
    found = step.resources
    plural = _plural(step.step)
    if found is None:
        return f"some {plural} only"
    undecided = found.asked - found.allowed - found.denied
    unknown = f"; {undecided} could not be decided" if undecided else ""
    return f"{found.allowed} of {found.asked} {plural}{unknown}"


def _plural(action: str) -> str:
    """What the action starts, stops or lists, in words."""
    kind = _kinds().get(action)
    return kind.descriptor.plural if kind else "instances"


_POLICY_READERS = permissions.CHECKING.actions


def _unproven(account: Account, steps: Sequence[Step]) -> Iterator[Issue]:
    """One issue per reason for permissions that a test could not prove, and what would do so."""
    by_reason: dict[tuple[Reason, Reason | None], list[Step]] = {}
    for step in steps:
        operational = permissions.group_with(step.step).operational
        if step.verdict is Verdict.INCONCLUSIVE and operational:
            key = (step.reason or Reason.ERROR, _refused_from_outside(step))
            by_reason.setdefault(key, []).append(step)
    for (reason, outside), unproven in by_reason.items():
        actions = [step.step for step in unproven]
        if outside:
            why, remedy, fix = _what_lets_it_be_proven(account, outside, actions)
        else:
            why, remedy, fix = _what_would_prove(account, reason, unproven, steps)
        yield Issue(
            IssueCode.PERMISSION_UNPROVEN,
            f"{', '.join(actions)} could not be proven: {why}.",
            remedy,
            Severity.INFORMATION,
            fix,
        )


def _refused_from_outside(step: Step) -> Reason | None:
    """The policy that AWS names when it refuses an absent database or instance, if Cavok cannot
    read it. Such a refusal proves nothing about real ones.
    """
    if step.error_code not in DENIED_CODES or step.reason is not Reason.NOT_PROVABLE:
        return None
    reason = refusal_reason(step.detail or "")
    return reason if reason in FROM_OUTSIDE else None


def _what_lets_it_be_proven(
    account: Account, outside: Reason, actions: Sequence[str]
) -> tuple[str, str, Fix | None]:
    """Why permissions could not be proven behind a policy that Cavok cannot read, what would prove
    them, and its fix.
    """
    return (
        "a policy that Cavok cannot read refuses it for a nonexistent name",
        "If that is intended, there is nothing to do. "
        f"{_remedy(account, outside, ', '.join(actions))} Once every name is allowed, a test "
        "proves it. The first use proves it too.",
        fix_of_refusal(account, outside, actions),
    )


def _what_would_prove(
    account: Account, reason: Reason, unproven: Sequence[Step], steps: Iterable[Step]
) -> tuple[str, str, Fix | None]:
    """Why permissions could not be proven, what would prove them, and its fix."""
    if reason is Reason.REGION_DISABLED:
        regions = {step.region or account.home_region for step in unproven}
        # Where no region can be disabled, the credentials were rejected instead.
        if off := sorted(regions - ALWAYS_ENABLED):
            return (
                f"the region {', '.join(off)} is not enabled in the account",
                "Enable the region, or take it out of the account's regions.",
                enabling(off),
            )
    if reason is Reason.SESSION_POLICY:
        refused = ", ".join(step.step for step in unproven)
        return "a policy of Cavok's own refuses it", _remedy(account, reason, refused), None
    if reason is not Reason.NOT_PROVABLE:
        return "AWS gave no usable answer", "Nothing to do: the next test asks again.", None
    why = "AWS's answer allows no conclusion"
    actions = [step.step for step in unproven]
    everywhere = f"An instance that {', '.join(actions)} could be tried on, or a grant for all"
    if account.role_name is None:
        return why, f"{everywhere}, would prove it. The first use proves it too.", None
    if _may_read_policies(steps):
        remedy = (
            "The role's policies do not decide it for the instances of this account. A statement "
            "of an inline policy that names them by ARN, or by their tags, would prove it, in a "
            "role without managed policies: tests do not read those. The first use proves it too."
        )
        return why, remedy, None
    remedy = (
        f"Let tests read the role's own policies: add {', '.join(_POLICY_READERS)} to the role's "
        "policy, as the Instructions show. The first use proves it too."
    )
    return why, remedy, grant(account, _POLICY_READERS)


def _unusable_regions(region_health: Iterable[RegionHealth]) -> Iterator[Issue]:
    """Information, not problems: an organization restricts its accounts to some regions, or does
    not opt in to others, on purpose. Only an instance under control in such a region is a problem.
    """
    alike: dict[tuple[RegionStatus, Reason | None], list[RegionHealth]] = {}
    for each in region_health:
        if each.status in UNUSABLE:
            alike.setdefault((each.status, each.reason), []).append(each)
    for found in alike.values():
        health, regions = found[0], [each.region for each in found]
        off = health.status is RegionStatus.NOT_ENABLED
        yield Issue(
            IssueCode.REGION_NOT_ENABLED if off else IssueCode.REGION_REFUSED,
            f"Nothing can be used in {', '.join(regions)}: {_no_call(health)}.",
            _region_remedy(health, regions),
            Severity.INFORMATION,
            _region_fix(health, regions),
        )


def instances_elsewhere(account: Account, regions: Sequence[str] | None) -> tuple[Issue, ...]:
    """The proposal of a test that found instances in `regions` but none in the account's own.

    Null if it did not look, because only a person's test does. Then an earlier proposal stays.
    """
    if regions is None:
        return tuple(
            issue for issue in account.issues if issue.code == IssueCode.INSTANCES_ELSEWHERE
        )
    if not regions:
        return ()
    return (
        Issue(
            IssueCode.INSTANCES_ELSEWHERE,
            f"No instance was found in {', '.join(account.regions)}. There are instances in "
            f"{', '.join(regions)}.",
            "Add the regions that Cavok should use to the account's regions, then press Test.",
            Severity.INFORMATION,
        ),
    )


def _no_call(health: RegionHealth) -> str:
    if health.status is RegionStatus.NOT_ENABLED:
        return "the account has not enabled the region"
    if health.reason is Reason.SERVICE_CONTROL_POLICY:
        return "a service control policy of your AWS organization refuses every call there"
    return "AWS refuses every call there"


def _region_remedy(health: RegionHealth, regions: Sequence[str]) -> str:
    names = ", ".join(regions)
    if health.status is RegionStatus.NOT_ENABLED:
        return f"Enable {names} in the account, or take it out of the account's regions."
    if health.reason is Reason.SERVICE_CONTROL_POLICY:
        return (
            f"Ask an administrator of AWS Organizations to allow {names}, or take it out of the "
            "account's regions."
        )
    return (
        f"Allow the Describe actions in {names}, as the Instructions show, or take it out of the "
        "account's regions."
    )


def _region_fix(health: RegionHealth, regions: Sequence[str]) -> Fix | None:
    return enabling(regions) if health.status is RegionStatus.NOT_ENABLED else None
