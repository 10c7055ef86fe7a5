"""The outcome and the issues that follow from a test's steps. Each issue has a remedy."""

from collections.abc import Iterable, Iterator, Sequence

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Issue, Outcome
from cavok.domain.steps import Step, Verdict

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
    "allow {actions}; ask whoever manages AWS Organizations.",
    Reason.RESOURCE_CONTROL_POLICY: "A resource control policy of your AWS organization does not "
    "allow {actions}; ask whoever manages AWS Organizations.",
    Reason.SESSION_POLICY: "Cavok's own session policy does not allow {actions}. "
    "This is on Cavok's side; please contact support.",
    Reason.RESOURCE_POLICY: "A resource-based policy does not allow {actions}; "
    "look at the policy of the resource.",
    Reason.VPC_ENDPOINT_POLICY: "A VPC endpoint policy does not allow {actions}; extend it.",
}

_LOST = ("was allowed and no longer is", "were allowed and no longer are")
_REFUSED = ("is refused", "are refused")
_LOGS_REFUSED = ("is refused, but Write logs is Yes", "are refused, but Write logs is Yes")
"""Texts for one action, and for several."""


def find_issues(account: Account, steps: Sequence[Step]) -> tuple[Outcome, tuple[Issue, ...]]:
    """The outcome of a test that reached the account or was refused by it, and the issues to
    show.
    """
    if failures := tuple(_failures(account, steps)):
        return Outcome.FAILED, failures
    denied = list(_denied(steps, *permissions.REMEMBERED_GROUPS))
    lost = [step for step in denied if step.step in account.proven]
    refused_logs = list(_denied(steps, permissions.LOGS.group)) if account.write_logs else []
    issues = (
        *_permission_issues("permission_lost", _LOST, account, lost),
        *log_writing_issues(account, refused_logs),
        *_permission_issues("permission_missing", _REFUSED, account, _odd_ones_out(steps, lost)),
    )
    return Outcome.DEGRADED if lost or refused_logs else Outcome.CONFIRMED, issues


LOG_WRITING_REFUSED = "log_writing_refused"


def log_writing_issues(account: Account, refused: Iterable[Step]) -> tuple[Issue, ...]:
    """The issues for denied log writing in an account whose Write logs is Yes."""
    return tuple(_permission_issues(LOG_WRITING_REFUSED, _LOGS_REFUSED, account, refused))


def _failures(account: Account, steps: Sequence[Step]) -> Iterator[Issue]:
    by_name = {step.step: step for step in steps}
    if by_name[permissions.ASSUME_ROLE].reason is Reason.ROLE_NOT_ASSUMABLE:
        yield Issue(
            "role_not_assumable",
            f"The role {account.role_arn} could not be assumed. Either it does not exist, or its "
            "trust policy does not name Cavok's account, or it asks for another external ID. "
            "AWS does not say which.",
            "Deploy the role as the Instructions show, with this organization's external ID, then "
            "press Test.",
        )
    match = by_name[permissions.ACCOUNT_MATCHES]
    if match.reason is Reason.CREDENTIALS_REJECTED:
        yield Issue(
            "credentials_rejected",
            "AWS does not accept the access key: it was deleted, deactivated, or mistyped.",
            "Create a new access key for the IAM user, enter it under Rotate keys, then press "
            "Test.",
        )
    elif match.ok is False:
        yield Issue(
            "wrong_account",
            match.detail or f"These credentials do not belong to account {account.account_number}.",
            "Enter credentials of that account, or add the account that they belong to.",
        )
    if any(step.reason is Reason.CONFUSED_DEPUTY for step in steps):
        yield confused_deputy(account)


def confused_deputy(account: Account) -> Issue:
    """The issue of a role that can be assumed without the right external ID."""
    return Issue(
        "confused_deputy",
        f"The role {account.role_arn} can be assumed without this organization's external ID. "
        "Anyone who knows its name could make Cavok act on the account.",
        "Put the condition StringEquals sts:ExternalId with this organization's external ID "
        "into the role's trust policy, as the Instructions show, then press Test.",
    )


def _denied(steps: Iterable[Step], *groups: str) -> Iterator[Step]:
    return (step for step in steps if step.group in groups and step.verdict is Verdict.DENIED)


def _odd_ones_out(steps: Sequence[Step], lost: Sequence[Step]) -> Iterator[Step]:
    """Denied permissions of a group that works in part. A group that is denied as a whole was left
    out by choice, which is no issue.
    """
    for group in permissions.REMEMBERED_GROUPS:
        if any(step.group == group and step.verdict is Verdict.ALLOWED for step in steps):
            yield from (step for step in _denied(steps, group) if step not in lost)


def _permission_issues(
    code: str, texts: tuple[str, str], account: Account, steps: Iterable[Step]
) -> Iterator[Issue]:
    """One issue per reason, naming every action it concerns."""
    by_reason: dict[Reason, list[str]] = {}
    for step in steps:
        by_reason.setdefault(step.reason or Reason.UNSTATED, []).append(step.step)
    principal = "role" if account.role_name else "user"
    for reason, actions in by_reason.items():
        listed, text = ", ".join(actions), texts[len(actions) > 1]
        yield Issue(
            code, f"{listed} {text}.", _REMEDIES[reason].format(actions=listed, principal=principal)
        )
