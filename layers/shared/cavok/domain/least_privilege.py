"""The smallest policy with which an account would still work, and what it removes.

It grants reading, and starting and stopping the instances that are under Cavok's control or that
Cavok recently started or stopped.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cavok.domain.accounts import Account
from cavok.domain.errors import PolicyTooLong
from cavok.domain.instances import InstanceKey
from cavok.domain.instructions import granted_groups, template_groups
from cavok.domain.interactions import (
    KEPT_FOR,
    Interaction,
    InteractionAction,
    InteractionOutcome,
)
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import CHECKING, PermissionGroup

if TYPE_CHECKING:
    from cavok.domain.resources import Resource

TAG_KEY, TAG_VALUE = "cavok:managed", "true"
"""The tag that customers set on the instances that Cavok may start and stop."""

MAX_ROLE_CHARACTERS = 10_240
MAX_USER_CHARACTERS = 2_048
"""All inline policies of a role, and of a user, without white space. Source: IAM User Guide, "IAM
and AWS STS quotas"."""

SHOWN = 20
"""How many instances a sentence names."""

_DOING = {Action.START: "Starting", Action.STOP: "Stopping"}
_ACTIONS = {InteractionAction.START: Action.START, InteractionAction.STOP: Action.STOP}


class NotCovered(Exception):
    """The policy would not allow what Cavok must do. A bug: such a policy is never offered."""


class Scope(StrEnum):
    """How the policy names instances: each by its ARN, or all with the tag."""

    ARN = "arn"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Covered:
    """A resource under control, and the IAM actions on it that the policy certainly allows."""

    resource_id: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeastPrivilege:
    """The policy's statements by group, in the order of the catalog.

    removes  what Access Details grants and this policy does not, in words.
    """

    statements: Mapping[str, tuple[dict[str, Any], ...]]
    removes: tuple[str, ...]
    covers: tuple[Covered, ...]

    @property
    def policy_document(self) -> dict[str, Any]:
        """All statements as one policy."""
        return _document(s for statements in self.statements.values() for s in statements)

    def document_of(self, group: PermissionGroup) -> dict[str, Any]:
        """The document of one group. If the account does not grant the group today, the document is
        complete: parameters of the template turn it on.
        """
        return _document(_granted(self.statements, group))


_Needs = Mapping[InstanceKey, frozenset[Action]]
_Statements = Mapping[str, tuple[dict[str, Any], ...]]


def least_privilege(
    account: Account,
    by: Scope,
    *,
    resources: Sequence["Resource"],
    interactions: Iterable[Interaction],
    now: datetime,
    since: datetime | None = None,
) -> LeastPrivilege:
    """The policy for an account, proven to cover each resource under control.

    since  the oldest interaction that was read, if there are older ones of the last 90 days.

    Raises PolicyTooLong if the policy would be longer than IAM allows.
    """
    needs = _needs(resources, interactions, now)
    statements = {
        group.group: _statements(group, account, by, needs) for group in granted_groups(account)
    }
    _require_fitting(account, by, statements)
    return LeastPrivilege(
        statements,
        removes=(*_removed(account, by, needs), *_not_looked_at(since)),
        covers=_covers(account, by, resources, statements),
    )


def _needs(
    resources: Iterable["Resource"], interactions: Iterable[Interaction], now: datetime
) -> _Needs:
    """The instances to start and stop: both if under control, otherwise what was done before."""
    needs: dict[InstanceKey, set[Action]] = defaultdict(set)
    for resource in resources:
        needs[resource.instance] |= set(Action)
    for interaction in interactions:
        action = _ACTIONS.get(interaction.action)
        accepted = interaction.outcome is InteractionOutcome.ACCEPTED
        kind, region, name = interaction.kind, interaction.region, interaction.instance_id
        if action and accepted and kind and region and name and now - interaction.at <= KEPT_FOR:
            needs[InstanceKey(kind, region, name)].add(action)
    return {instance: frozenset(actions) for instance, actions in needs.items()}


def _statements(
    group: PermissionGroup, account: Account, by: Scope, needs: _Needs
) -> tuple[dict[str, Any], ...]:
    """The group's own statement without starting and stopping, and statements for these."""
    kinds = [kind for kind in Kind if kind.descriptor.start in group.actions]
    acting = {kind.descriptor.permission(action) for kind in kinds for action in Action}
    looking = group.statement()
    looking["Action"] = [action for action in group.actions if action not in acting]
    if group is CHECKING:
        # A test reads the policies of the role that it is in, and of no other.
        looking["Resource"] = account.role_arn
    return (
        looking,
        *(
            statement
            for kind in kinds
            for statement in (*_acting(kind, account, by, needs), *_extra(kind, account, needs))
        ),
    )


def _acting(kind: Kind, account: Account, by: Scope, needs: _Needs) -> list[dict[str, Any]]:
    """One statement for all instances of a kind that need the same actions."""
    of_kind = {instance: actions for instance, actions in needs.items() if instance.kind is kind}
    if by is Scope.TAG:
        every = InstanceKey(kind, "*", "*").arn(account.account_number)
        actions = frozenset(action for wanted in of_kind.values() for action in wanted)
        tagged = {"StringEquals": {f"aws:ResourceTag/{TAG_KEY}": TAG_VALUE}}
        return [_statement(kind, actions, every) | {"Condition": tagged}] if actions else []
    arns: dict[frozenset[Action], list[str]] = defaultdict(list)
    for instance, actions in of_kind.items():
        arns[actions].append(instance.arn(account.account_number))
    return [
        _statement(kind, actions, sorted(found))
        for actions, found in sorted(arns.items(), key=lambda entry: sorted(entry[0]))
    ]


def _extra(kind: Kind, account: Account, needs: _Needs) -> list[dict[str, Any]]:
    """Other resources that starting instances of a kind uses. Alone, this starts no instance."""
    extra = kind.descriptor.extra_resources(account.account_number)
    starts = any(
        instance.kind is kind and Action.START in actions for instance, actions in needs.items()
    )
    if not extra or not starts:
        return []
    starting = _statement(kind, frozenset({Action.START}), extra)
    return [starting | {"Sid": f"{starting['Sid']}With"}]


def _statement(kind: Kind, actions: frozenset[Action], resource: str | list[str]) -> dict[str, Any]:
    done = [action for action in Action if action in actions]
    return {
        "Sid": f"Cavok{kind.value.title()}{'And'.join(action.value.title() for action in done)}",
        "Effect": "Allow",
        "Action": [kind.descriptor.permission(action) for action in done],
        "Resource": resource,
    }


def _granted(statements: _Statements, group: PermissionGroup) -> tuple[dict[str, Any], ...]:
    return statements.get(group.group, (group.statement(),))


def _document(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _covers(
    account: Account,
    by: Scope,
    resources: Sequence["Resource"],
    statements: _Statements,
) -> tuple[Covered, ...]:
    """The resources, with what the policy allows on them. A policy by tag allows it once they have
    the tag. Raises NotCovered.
    """
    from cavok.domain.policy_evaluation import Decision, Request, evaluate, request_on

    documents = [_document(granted) for granted in statements.values()]
    tags = {TAG_KEY: TAG_VALUE} if by is Scope.TAG else None
    covers = []
    for resource in resources:
        kind = resource.kind.descriptor
        instance = resource.instance
        arn = instance.arn(account.account_number)
        requests = [
            Request(kind.describe, "*"),
            *(
                request_on(action, arn, tags, account.role_arn)
                for action in (kind.start, kind.stop)
            ),
        ]
        for request in requests:
            if evaluate(documents, request) is not Decision.ALLOWED:
                raise NotCovered(f"{request.action} on {arn}")
        covers.append(Covered(resource.resource_id, tuple(r.action for r in requests)))
    return tuple(covers)


def _require_fitting(account: Account, by: Scope, statements: _Statements) -> None:
    """Also with every option of the template on."""
    limit = MAX_ROLE_CHARACTERS if account.role_name else MAX_USER_CHARACTERS
    size = sum(
        len(json.dumps(_document(_granted(statements, group)), separators=(",", ":")))
        for group in template_groups(account.access_type)
    )
    if size > limit and by is Scope.ARN:
        holder = "role" if account.role_name else "user"
        raise PolicyTooLong(
            "by",
            f"This policy would name too many instances: it would have {size:,} characters, and "
            f"the inline policies of a {holder} have at most {limit:,}. Ask for by=tag, whose "
            "length does not depend on the number of instances.",
        )


def _removed(account: Account, by: Scope, needs: _Needs) -> list[str]:
    granted = {action for group in granted_groups(account) for action in group.actions}
    kinds = [kind for kind in Kind if kind.descriptor.start in granted]
    texts = [text for kind in kinds for text in _removed_of(kind, by, needs)]
    later = "has the tag" if by is Scope.TAG else "is added to it"
    texts.append(
        "Instances that you put under Cavok's control later: this policy does not let Cavok start "
        f"or stop one until it {later}, or until its kind is added if the policy has none of it."
    )
    started = {i.kind for i, needed in needs.items() if Action.START in needed}
    texts += [
        f"Starting {kind.descriptor.plural} with volumes under a customer managed key of KMS, "
        "unless you turn on EncryptedVolumes in the template."
        for kind in kinds
        if kind.descriptor.encrypted_volumes and kind in started
    ]
    if account.role_name:
        texts.append(f"Reading the policies of roles other than {account.role_name}.")
    return texts


def _removed_of(kind: Kind, by: Scope, needs: _Needs) -> list[str]:
    names = {
        action: sorted(
            f"{instance.instance_id} ({instance.region})"
            for instance, actions in needs.items()
            if instance.kind is kind and action in actions
        )
        for action in Action
    }
    every = sorted({name for found in names.values() for name in found})
    if not every:
        return [
            f"Starting and stopping {kind.descriptor.plural}: {_unused('started or stopped', kind)}"
        ]
    texts = [
        f"{_DOING[action]} {kind.descriptor.plural}: {_unused(done, kind)}"
        for action, done in ((Action.START, "started"), (Action.STOP, "stopped"))
        if not names[action]
    ]
    if by is Scope.TAG:
        texts.append(
            f"Starting and stopping {kind.descriptor.plural} without the tag {TAG_KEY} = "
            f"{TAG_VALUE}. Before you apply the policy, set the tag on: {_listed(every)}."
        )
    elif names[Action.START] == names[Action.STOP]:
        texts.append(f"Starting and stopping {kind.descriptor.plural} other than {_listed(every)}.")
    else:
        texts += [
            f"{_DOING[action]} {kind.descriptor.plural} other than {_listed(found)}."
            for action, found in names.items()
            if found
        ]
    return texts


def _unused(done: str, kind: Kind) -> str:
    descriptor = kind.descriptor
    permissions = {
        "started": descriptor.start,
        "stopped": descriptor.stop,
    }.get(done, f"{descriptor.start} and {descriptor.stop}")
    return (
        f"none is under Cavok's control, and none was {done} in the last 90 days. If a test found "
        f"{permissions} allowed before, the next one reports a lost permission."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _not_looked_at(since: datetime | None) -> list[str]:
    if since is None:
        return []
    return [
        "What was started or stopped before "
        f"{since:%Y-%m-%d %H:%M} UTC only: older interactions were too many to look at."
    ]
