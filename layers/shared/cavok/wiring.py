"""Makes the adapters from the function's environment, once per warm process, at their first use or
during the start (`cavok.start_up`).

Imports are inside the functions so that a Lambda function loads only what it uses.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cavok.adapters import making_clients
from cavok.adapters.making_clients import made_once, tries

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

    from cavok.adapters.bus import Bus
    from cavok.adapters.customer.assume_role import CustomerRoles
    from cavok.adapters.customer.canary import Canary
    from cavok.adapters.queue import Queue
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.sealing import Sealer
    from cavok.adapters.table.account_list import AccountList
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.audit import AuditTrail
    from cavok.adapters.table.bulk import BulkOperations
    from cavok.adapters.table.due_accounts import DueAccounts
    from cavok.adapters.table.enrollments import Enrollments
    from cavok.adapters.table.interactions import Interactions
    from cavok.adapters.table.invitations import Invitations
    from cavok.adapters.table.looks import LooksInTable
    from cavok.adapters.table.members import Members
    from cavok.adapters.table.organizations import Organizations
    from cavok.adapters.table.progress import Progress
    from cavok.adapters.table.quotas import Quotas
    from cavok.adapters.table.resource_list import ResourceList
    from cavok.adapters.table.resources import Resources
    from cavok.adapters.table.synchronizations import Synchronizations
    from cavok.adapters.table.table import Table
    from cavok.adapters.table.template_versions import TemplateVersions
    from cavok.adapters.table.usage import UsageCounters
    from cavok.adapters.table.verifications import Verifications
    from cavok.adapters.table.webhooks import Webhooks
    from cavok.adapters.templates import Templates
    from cavok.adapters.webhook_client import WebhookClient
    from cavok.adapters.workflows import SynchronizationWorkflows, Workflows
    from cavok.domain.fixes import TrustPolicy
    from cavok.domain.instructions import Trust
    from cavok.services.bulk import BulkDependencies
    from cavok.services.connection_hints import Answers, HearingDependencies
    from cavok.services.connections import ConnectionDependencies
    from cavok.services.customer_sessions import CustomerSessions
    from cavok.services.enter_account import EntryDependencies
    from cavok.services.first_tries import FirstTries
    from cavok.services.instructions import InstructionDependencies
    from cavok.services.kept_listings import KeptListings
    from cavok.services.log_interactions import LogWriting
    from cavok.services.request_quota import RequestQuota
    from cavok.services.resources import ResourceDependencies
    from cavok.services.scheduled_test import TestingDependencies
    from cavok.services.start_synchronizations import StartDependencies
    from cavok.services.sweep import SweepDependencies
    from cavok.services.synchronize_organization import SynchronizationDependencies
    from cavok.services.trust import TrustGuard
    from cavok.services.webhooks import DeliveryDependencies


class NotConfigured(Exception):
    """The function's environment lacks something that the template should have set."""


def setting(name: str) -> str:
    """A required environment variable. Raises NotConfigured."""
    value = os.environ.get(name)
    if not value:
        raise NotConfigured(
            f"The environment variable {name} is not set; the template sets it for this function."
        )
    return value


@cache
def table() -> "Table":
    from cavok.adapters.table.table import Table

    return Table(setting("TABLE_NAME"), setting("AWS_REGION"))


@cache
def organizations() -> "Organizations":
    from cavok.adapters.table.organizations import Organizations

    return Organizations(table())


@cache
def template_versions() -> "TemplateVersions":
    from cavok.adapters.table.template_versions import TemplateVersions

    return TemplateVersions(table())


@cache
def accounts() -> "Accounts":
    from cavok.adapters.table.accounts import Accounts

    return Accounts(table(), _audit_kept_for())


@cache
def account_list() -> "AccountList":
    from cavok.adapters.table.account_list import AccountList

    return AccountList(table(), accounts())


def _audit_kept_for() -> timedelta:
    return timedelta(days=int(setting("AUDIT_DAYS")))


@cache
def invitations() -> "Invitations":
    from cavok.adapters.table.invitations import Invitations

    return Invitations(table(), _audit_kept_for())


@cache
def verifications() -> "Verifications":
    from cavok.adapters.table.verifications import Verifications

    return Verifications(table(), accounts())


@cache
def due_accounts() -> "DueAccounts":
    from cavok.adapters.table.due_accounts import DueAccounts

    return DueAccounts(table())


@cache
def progress() -> "Progress":
    from cavok.adapters.table.progress import ONCE, Progress

    return Progress(making_clients.session().client("dynamodb", config=ONCE), setting("TABLE_NAME"))


@made_once
def sealer() -> "Sealer":
    from cavok.adapters.sealing import Sealer

    return Sealer(
        making_clients.session().client("kms", config=tries(2)), setting("SEALING_KEY_ID")
    )


@made_once
def _sts(region: str | None = None) -> "STSClient":
    """The STS client of the function's own region, or of another."""
    from cavok.adapters.customer.session import CALL

    return making_clients.session().client("sts", region_name=region, config=CALL)


@cache
def customer_roles() -> "CustomerRoles":
    from cavok.adapters.customer.assume_role import STS_ALWAYS_ON, CustomerRoles

    return CustomerRoles(_sts(), lambda: _sts(STS_ALWAYS_ON))


@cache
def canary() -> "Canary":
    from cavok.adapters.customer.assume_role import STS_ALWAYS_ON
    from cavok.adapters.customer.canary import Canary

    return Canary(
        _sts(),
        lambda: _sts(STS_ALWAYS_ON),
        setting("CANARY_ROLE_ARN"),
        setting("CANARY_EXTERNAL_ID"),
    )


def entry_dependencies() -> "EntryDependencies":
    from cavok.services.enter_account import EntryDependencies

    return EntryDependencies(
        organizations=organizations(), accounts=accounts(), roles=customer_roles, sealer=sealer
    )


def testing_dependencies() -> "TestingDependencies":
    from cavok.services.scheduled_test import TestingDependencies

    return TestingDependencies(entry=entry_dependencies(), canary=canary(), resources=resources)


def sweeping_dependencies() -> "TestingDependencies":
    """What one invocation needs: it reads each organization once, for the external ID."""
    from dataclasses import replace

    from cavok.adapters.table.organizations import KeptOrganizations

    found = testing_dependencies()
    return replace(found, entry=replace(found.entry, organizations=KeptOrganizations(table())))


def sweep_dependencies() -> "SweepDependencies":
    from cavok.services.sweep import SweepDependencies

    return SweepDependencies(
        due=due_accounts(),
        accounts=accounts(),
        verifications=verifications(),
        webhooks=webhooks(),
        workflows=express_workflows(),
        testing=sweeping_dependencies(),
        clock=lambda: datetime.now(UTC),
    )


@cache
def audit_trail() -> "AuditTrail":
    from cavok.adapters.table.audit import AuditTrail

    return AuditTrail(table())


@cache
def webhooks() -> "Webhooks":
    from cavok.adapters.table.webhooks import Webhooks

    return Webhooks(table(), _audit_kept_for())


@cache
def enrollments() -> "Enrollments":
    from cavok.adapters.table.enrollments import Enrollments

    return Enrollments(table(), _audit_kept_for())


@cache
def synchronizations() -> "Synchronizations":
    from cavok.adapters.table.synchronizations import Synchronizations

    return Synchronizations(table())


@cache
def members() -> "Members":
    from cavok.adapters.table.members import Members

    return Members(table())


@cache
def synchronization_workflows() -> "SynchronizationWorkflows":
    from cavok.adapters.workflows import SynchronizationWorkflows

    return SynchronizationWorkflows(_sfn(), setting("SYNCHRONIZE_ORGANIZATION_ARN"))


def start_dependencies() -> "StartDependencies":
    from cavok.services.start_synchronizations import StartDependencies

    return StartDependencies(
        enrollments=enrollments(),
        synchronizations=synchronizations(),
        workflows=synchronization_workflows(),
    )


def synchronization_dependencies() -> "SynchronizationDependencies":
    from cavok.adapters.customer.aws_organization import AwsOrganization
    from cavok.services.synchronize_organization import SynchronizationDependencies

    return SynchronizationDependencies(
        enrollments=enrollments(),
        members=members(),
        synchronizations=synchronizations(),
        accounts=accounts(),
        entry=entry_dependencies(),
        canary=canary,
        connect=AwsOrganization,
        own_account=setting("OWN_ACCOUNT_ID"),
        clock=lambda: datetime.now(UTC),
    )


@cache
def quotas() -> "Quotas":
    from cavok.adapters.table.quotas import Quotas
    from cavok.domain.quotas import parse_quotas

    try:
        return Quotas(table(), parse_quotas(setting("QUOTAS")))
    except ValueError as error:
        raise NotConfigured(str(error)) from None


@cache
def kept_listings() -> "KeptListings":
    from cavok.services.kept_listings import KeptListings

    return KeptListings()


@cache
def request_quota() -> "RequestQuota":
    from cavok.domain.quotas import QuotaName
    from cavok.services.request_quota import RequestQuota

    return RequestQuota(quotas().quotas[QuotaName.REQUESTS])


@cache
def quota_of_ends() -> "RequestQuota":
    """The quota of requests that end something: as large as that of all other requests, and counted
    apart.
    """
    from cavok.services.request_quota import RequestQuota

    return RequestQuota(request_quota().quota)


def loopback_webhooks_allowed() -> bool:
    return setting("ALLOW_LOOPBACK_WEBHOOKS") == "true"


@cache
def webhook_client() -> "WebhookClient":
    from cavok.adapters.webhook_client import WebhookClient

    return WebhookClient(allow_loopback=loopback_webhooks_allowed())


@cache
def first_tries() -> "FirstTries":
    from cavok.services.first_tries import FirstTries

    return FirstTries()


@cache
def answers_to_stacks() -> "Answers":
    """Apart from those of webhooks: the time that answers to customers' stacks take."""
    from cavok.services.connection_hints import Answers

    return Answers()


@cache
def _queue(url: str) -> "Queue":
    from cavok.adapters.queue import Queue

    # After a receiver's eight seconds, deliver_webhook has time to say that it failed.
    return Queue(making_clients.session().client("sqs", config=tries(2)), url)


def webhook_messages() -> "Queue":
    return _queue(setting("WEBHOOK_QUEUE_URL"))


def webhook_retries() -> "Queue":
    return _queue(setting("WEBHOOK_RETRIES_URL"))


def undelivered_webhooks() -> "Queue":
    return _queue(setting("UNDELIVERED_WEBHOOKS_URL"))


def delivery_dependencies() -> "DeliveryDependencies":
    from cavok.services.webhooks import DeliveryDependencies

    return DeliveryDependencies(
        webhooks=webhooks(),
        sealer=sealer(),
        client=webhook_client(),
        first_tries=first_tries(),
        retries=webhook_retries,
        undelivered=undelivered_webhooks,
        allow_loopback=loopback_webhooks_allowed(),
    )


def connection_hints() -> "Queue":
    return _queue(setting("CONNECTION_HINTS_URL"))


def hearing_dependencies() -> "HearingDependencies":
    from cavok.adapters.table.connection_hints import Hints
    from cavok.services.connection_hints import HearingDependencies

    return HearingDependencies(
        organizations=organizations(),
        accounts=accounts(),
        hints=Hints(table()),
        verifications=verifications(),
        workflows=express_workflows(),
        synchronizing=start_dependencies(),
        client=webhook_client(),
        answers=answers_to_stacks(),
    )


def followed_acts() -> "Queue":
    return _queue(setting("FOLLOWED_ACTS_URL"))


def bulk_messages() -> "Queue":
    return _queue(setting("BULK_OPERATIONS_URL"))


@cache
def bulk_operations() -> "BulkOperations":
    from cavok.adapters.table.bulk import BulkOperations

    return BulkOperations(table(), _audit_kept_for())


def bulk_dependencies() -> "BulkDependencies":
    from cavok.services.bulk import BulkDependencies

    return BulkDependencies(
        operations=bulk_operations(),
        accounts=accounts(),
        members=members,
        verifications=verifications(),
        workflows=workflows(),
        quotas=quotas().in_bulk(),
        messages=bulk_messages,
        clock=lambda: datetime.now(UTC),
    )


def fired_clocks() -> "Queue":
    return _queue(setting("FIRED_CLOCKS_URL"))


@cache
def workflows() -> "Workflows":
    from cavok.adapters.workflows import Workflows

    return Workflows(_sfn(), setting("VERIFY_ACCOUNT_ARN"))


@cache
def express_workflows() -> "Workflows":
    """Those of scheduled tests. Two starts would make two executions, whatever their name, so a
    start that is not answered is not repeated. Source: Step Functions Developer Guide, "Execution
    guarantees".
    """
    from cavok.adapters.workflows import Workflows

    once = making_clients.session().client("stepfunctions", config=tries(1))
    return Workflows(once, setting("VERIFY_ACCOUNT_ARN"))


@cache
def _sfn() -> "SFNClient":
    return making_clients.session().client("stepfunctions", config=tries(2))


@cache
def templates() -> "Templates":
    from cavok.adapters.templates import Templates, address_config

    public = setting("PUBLIC_TEMPLATES") == "true"
    addresses = making_clients.session().client("s3", config=address_config(public=public))
    return Templates(
        making_clients.session().client("s3", config=tries(2)),
        addresses,
        setting("TEMPLATES_BUCKET"),
        setting("TRUSTED_ACCOUNT_ID"),
        setting("CONNECTIONS_TOPIC"),
    )


def trust(external_id: str) -> "Trust":
    """What the roles of an organization with this external ID trust."""
    from cavok.domain.instructions import Trust

    return Trust(
        trusted_account_id=setting("TRUSTED_ACCOUNT_ID"),
        external_id=external_id,
        connections_topic=setting("CONNECTIONS_TOPIC"),
    )


def trust_policy(organization_id: str) -> "TrustPolicy":
    """Reads an organization's trust policy, once, when it is asked for."""
    from cavok.domain import permissions

    @cache
    def read() -> "dict[str, Any] | None":
        found = organizations().get(organization_id)
        ours = setting("TRUSTED_ACCOUNT_ID")
        return permissions.trust_policy(ours, found.external_id) if found else None

    return read


def instruction_dependencies() -> "InstructionDependencies":
    from cavok.services.instructions import InstructionDependencies

    return InstructionDependencies(
        organizations=organizations(),
        enrollments=enrollments(),
        members=members(),
        templates=templates(),
        trust=trust,
    )


@cache
def interactions() -> "Interactions":
    from cavok.adapters.table.interactions import Interactions

    return Interactions(table(), _audit_kept_for())


@cache
def usage_counters() -> "UsageCounters":
    from cavok.adapters.table.usage import UsageCounters

    return UsageCounters(table(), accounts())


@cache
def customer_sessions() -> "CustomerSessions":
    from cavok.services.customer_sessions import CustomerSessions

    return CustomerSessions(entry_dependencies(), trust_guard())


@cache
def looks() -> "LooksInTable":
    from cavok.adapters.table.looks import LooksInTable

    return LooksInTable(table())


def trust_guard() -> "TrustGuard":
    from cavok.adapters.table.trust_proofs import TrustProofs
    from cavok.services.trust import TrustGuard

    return TrustGuard(
        accounts=accounts(),
        proofs=TrustProofs(table()),
        roles=customer_roles,
        max_age=timedelta(minutes=int(setting("TRUST_MAX_AGE"))),
    )


@cache
def bus() -> "Bus":
    from cavok.adapters.bus import Bus

    return Bus(
        making_clients.session().client("events", config=tries(2)), setting("EVENT_BUS_NAME")
    )


def connection_dependencies() -> "ConnectionDependencies":
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.services.connections import ConnectionDependencies

    return ConnectionDependencies(
        accounts=accounts(),
        verifications=verifications(),
        sessions=customer_sessions(),
        interactions=interactions(),
        connect=InstanceClient,
    )


def log_writing() -> "LogWriting":
    from cavok.services.log_interactions import LogWriting

    return LogWriting(
        accounts=accounts(), interactions=interactions(), sessions=customer_sessions()
    )


@cache
def resources() -> "Resources":
    from cavok.adapters.table.resources import Resources

    return Resources(table(), _audit_kept_for())


@cache
def resource_list() -> "ResourceList":
    from cavok.adapters.table.resource_list import ResourceList

    return ResourceList(table(), accounts())


@cache
def scheduler_client() -> "SchedulerClient":
    from cavok.adapters.scheduler import SchedulerClient, SchedulerSettings

    # A function that only deletes schedules has no target.
    settings = SchedulerSettings(
        group=setting("CLOCKS_GROUP"),
        queue_url=os.environ.get("FIRED_CLOCKS_URL", ""),
        role_arn=os.environ.get("CLOCKS_ROLE_ARN", ""),
        dead_letter_arn=os.environ.get("UNFOLLOWED_SCHEDULES_ARN", ""),
    )
    return SchedulerClient(making_clients.session().client("scheduler"), settings)


def resource_dependencies() -> "ResourceDependencies":
    from cavok.services.resources import ResourceDependencies

    return ResourceDependencies(
        resources=resources(),
        scheduler=scheduler_client(),
        fired_clocks=fired_clocks,
        connections=connection_dependencies(),
    )
