"""The real AWS account of the contract tests: creating resources there, and removing them."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import permissions
from cavok.domain.accounts import Account
from cavok.domain.session_policies import probing_policy_text
from cavok.domain.steps import Judgement
from tests.support.builders import an_account

EVERYTHING = permissions.policy_document()
"""What the Access Details page asks for."""

ON_LOOPBACK = "AWS_ENDPOINT_URL" in os.environ
"""The tests themselves are tested, on the local stack."""

REFUSALS = (BotoCoreError, ClientError)
"""What AWS answers, or boto3 says before it asks: no profile, no credentials, no such region."""

USABLE_WITHIN = 60.0
POLICY_EFFECTIVE_AFTER = 0.0 if ON_LOOPBACK else 15.0
"""Seconds after a role's creation: the first until it can be assumed, the second until its policy
takes effect. IAM User Guide, "Changes that I make are not always immediately visible".
"""

WOULD_CREATE = (
    "about 50 IAM roles, one user with an access key, and two managed policies, all named "
    "CavokContract-…",
    "one state machine, and one execution of it that only waits",
    "two log groups /cavok/contract-…, with a few lines",
    "one alarm, one topic and one queue that subscribes to it",
    "one bus with a rule and a queue, one more rule in us-east-1, and if no trail logs there, one "
    "trail and its bucket",
    "one more topic and queue, and two stacks whose one custom resource makes nothing",
    "one table, which stays empty",
    "one KMS key, whose deletion is scheduled at the end (7 days; AWS bills it until then)",
    "one Cognito user pool with three users, and one on the plan Plus with nobody, by a stack",
    "three S3 buckets with one template each, one of them public, and two CloudFormation stacks "
    "that make one role each",
    "if this account manages an organization: two roles in one of its member accounts, and a "
    "service control policy there that limits one of these roles only (which member: the first "
    "that lets this profile in, or the one of the role in CAVOK_CONTRACT_MEMBER_ROLE)",
)
"""What a run creates, for the person who confirms it. All but the key is removed at the end."""


class NotUsable(Exception):
    """A new role could not be assumed within a minute."""


class Place:
    """One AWS account and region, as the profile reaches it."""

    def __init__(self, session: boto3.session.Session) -> None:
        self.session = session
        self.region = session.region_name or "us-east-1"
        self.account_number = self.client("sts").get_caller_identity()["Account"]
        self.run = secrets.token_hex(4)
        self.external_id = f"cavok-contract-{secrets.token_urlsafe(16)}"
        self._undo = ExitStack()
        self._made_at: dict[str, float] = {}

    def client(self, service: str, *, region: str | None = None, **options: Any) -> Any:
        """`options` are those of botocore's Config."""
        config = Config(inject_host_prefix=not ON_LOOPBACK, **options)  # loopback: no subdomains
        return self.session.client(  # type: ignore[call-overload]
            service, region_name=region or self.region, config=config
        )

    def name(self, what: str) -> str:
        """A name that is unique to this run."""
        return f"CavokContract-{self.run}-{what}"

    def later(self, undo: Callable[..., object], **arguments: Any) -> None:
        """Registers the removal of a resource. The newest is removed first. A failure does not stop
        the others.
        """
        self._undo.callback(undo, **arguments)

    def clean_up(self) -> None:
        self._undo.close()

    def role(
        self,
        what: str,
        policy: Mapping[str, Any] = EVERYTHING,
        *,
        condition: Mapping[str, Any] | None = None,
        boundary: str | None = None,
        path: str = "/",
    ) -> str:
        """Creates a role that this account may assume, under `condition` or with the run's external
        ID. Returns its name, with its path.
        """
        iam, name = self.client("iam"), self.name(what)
        trust = permissions.trust_policy(self.account_number, self.external_id)
        if condition is not None:
            trust["Statement"][0]["Condition"] = condition
        limits = {"PermissionsBoundary": boundary} if boundary else {}
        document = json.dumps(trust)
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document, **limits)
        self.later(iam.delete_role, RoleName=name)
        iam.put_role_policy(RoleName=name, PolicyName="P", PolicyDocument=json.dumps(policy))
        self.later(iam.delete_role_policy, RoleName=name, PolicyName="P")
        named = f"{path}{name}".removeprefix("/")
        self._made_at[named] = time.monotonic()
        return named

    def try_role(self, role_name: str, external_id: str | None) -> Judgement:
        """One attempt to assume a role, as a test of an account makes it."""
        return self._assume(role_name, external_id)[0]

    def enter(self, role_name: str) -> CustomerSession:
        """A session of a role that may be seconds old, with the session policy of a test. Raises
        NotUsable.
        """
        made_at = self._made_at.get(role_name, 0.0)
        time.sleep(max(0.0, made_at + POLICY_EFFECTIVE_AFTER - time.monotonic()))
        while True:
            judgement, session = self._assume(role_name, self.external_id)
            if session is not None:
                return session
            if time.monotonic() > made_at + USABLE_WITHIN:
                raise NotUsable(f"{role_name}: {judgement.error_code} {judgement.detail}")
            time.sleep(2)

    def _assume(
        self, role_name: str, external_id: str | None
    ) -> tuple[Judgement, CustomerSession | None]:
        sts = self.client("sts")
        roles, account = CustomerRoles(sts, lambda: sts), self.account(role_name)
        return roles.assume(account, f"cavok-{self.run}", external_id, probing_policy_text())

    def client_of(self, role_name: str, service: str, **options: Any) -> Any:
        """A client with a role's full permissions, without a session policy. Waits until the role
        can be assumed.
        """
        self.enter(role_name)
        given = self.client("sts").assume_role(
            RoleArn=self.account(role_name).role_arn,
            RoleSessionName=f"cavok-{self.run}",
            ExternalId=self.external_id,
        )["Credentials"]
        return self.session.client(
            service,  # type: ignore[call-overload]
            region_name=self.region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            **options,
        )

    def account(self, role_name: str) -> Account:
        return an_account(
            account_number=self.account_number, role_name=role_name, regions=(self.region,)
        )


def without(*actions: str) -> dict[str, Any]:
    """The policy that grants everything but these actions."""
    groups = [
        {**statement, "Action": [a for a in statement["Action"] if a not in actions]}
        for statement in EVERYTHING["Statement"]
    ]
    return {**EVERYTHING, "Statement": [group for group in groups if group["Action"]]}


def denying(*actions: str) -> dict[str, Any]:
    """The policy that grants everything and denies these actions explicitly."""
    deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
    return {**EVERYTHING, "Statement": [*EVERYTHING["Statement"], deny]}
