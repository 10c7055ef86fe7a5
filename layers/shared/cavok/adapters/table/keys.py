"""Every item, key and index of the table. `files` are in this folder: that of the item's class, and
others that read or write it.

| item                                  | pk                | sk                                  | files                                                          |
| ------------------------------------- | ----------------- | ----------------------------------- | -------------------------------------------------------------- |
| organization                          | ORG#<org>         | ORG                                 | organizations, accounts, enrollments                           |
| its webhook                           | ORG#<org>         | WEBHOOK                             | webhooks                                                       |
| account                               | ORG#<org>         | ACCOUNT#<account>                   | accounts, account_list, due_accounts, resources, verifications |
| its sealed access key                 | ORG#<org>         | CREDENTIALS#<account>               | accounts                                                       |
| claim: a number once per organization | ORG#<org>         | PROVIDER#<provider>#<12 digits>     | accounts, account_list                                         |
| its accounts with a template version  | ORG#<org>         | TEMPLATE#<version>                  | template_versions, accounts                                    |
| enrollment                            | ORG#<org>         | ENROLLMENT#<enrollment>             | enrollments                                                    |
| its members by state                  | ORG#<org>         | TOTALS#<enrollment>                 | enrollment_totals, enrollments, account_list                   |
| its member                            | ORG#<org>         | MEMBER#<enrollment>#<12 digits>     | members                                                        |
| synchronization of an enrollment      | ORG#<org>         | SYNCHRONIZATION#<enrollment>#<ulid> | synchronizations                                               |
| what was said of an AWS account       | ORG#<org>         | HINT#<12 digits>, …:role            | connection_hints                                               |
| audit entry                           | ORG#<org>         | AUDIT#<ulid>                        | audit                                                          |
| what counts against a quota           | ORG#<org>         | QUOTA#<name>                        | quotas                                                         |
| health of the webhook's receiver      | WEBHOOK#<org>     | HEALTH                              | webhooks, stream                                               |
| messages kept waiting, of one day     | WEBHOOK#<org>     | WAITING#<yyyy-mm-dd>                | webhooks                                                       |
| delivery to the webhook, for a week   | WEBHOOK#<org>     | DELIVERY#<time>#<event>             | webhooks                                                       |
| accounts that are looked at           | ORG#<org>         | LOOKS                               | looks                                                          |
| deleted account or enrollment         | ORG#<org>         | DELETED#<account or enrollment>     | deleted, accounts, enrollments                                 |
| what an Idempotency-Key made          | ORG#<org>         | IDEMPOTENCY#<sha256>                | idempotency, accounts, bulk                                    |
| bulk operation, for a week            | ORG#<org>         | OPERATION#<ulid>                    | bulk                                                           |
| accounts of a bulk operation, by page | ORG#<org>         | SELECTED#<operation>#<page>         | bulk                                                           |
| verification                          | ACCOUNT#<account> | VERIFICATION#<ulid>                 | verifications                                                  |
| interaction                           | ACCOUNT#<account> | INTERACTION#<ulid>                  | interactions                                                   |
| interaction begun by a request key    | ACCOUNT#<account> | REQUEST#<sha256>                    | interactions                                                   |
| usage of a month                      | ACCOUNT#<account> | USAGE#<yyyy-mm>                     | usage                                                          |
| proof of a role's trust, by purpose   | ACCOUNT#<account> | TRUST#<purpose>                     | trust_proofs                                                   |
| invitation of somebody, for a week    | ACCOUNT#<account> | INVITATION                          | invitations                                                    |
| resource                              | ACCOUNT#<account> | RESOURCE#<ulid>                     | resources, resource_list                                       |
| claim: an instance is one resource    | ACCOUNT#<account> | RESOURCE_OF#<kind>#<region>#<id>    | resources                                                      |
| deleted resource, for a day           | ACCOUNT#<account> | DELETED#<resource>                  | deleted, resources                                             |
| steps of a running verification       | PROGRESS#<ulid>   | PROGRESS#<step>                     | verifications, progress                                        |

| index              | holds          | hash key        | range key            | projection |
| ------------------ | -------------- | --------------- | -------------------- | ---------- |
| by_name            | accounts       | pk              | name_key             | keys only  |
| by_status          | accounts       | status_pk       | name_key             | keys only  |
| by_template        | accounts       | template_pk     | name_key             | keys only  |
| by_due             | what is due    | due_shard       | next_verification_at | keys only  |
| by_audited_account | audit entries  | audited_account | sk                   | all        |
| by_usage           | usage counters | usage_of        | used                 | keys only  |
| by_schedule        | resources      | scheduled       | sk                   | keys only  |
| by_turn            | resources      | turns_of        | turn_key             | keys only  |
| by_external_id     | organizations  | external_id     | sk                   | keys only  |
| by_number          | accounts       | provider_id     | sk                   | keys only  |

A verification that changes neither name nor status, and reads the same version, writes nothing to
by_name, by_status and by_template. A page of accounts is one query and one batch read. All others,
and by_template, are sparse: what lacks their keys is not in them, such as an account whose role has
no known version, a resting one, or an audit entry of the webhook. by_due has accounts in the
partitions `DUE#<n>`, and enrollments in one of their own.

Others spell these keys too: workflows, event filters and IAM conditions in the template, and the
readers of the stream. A test holds them together. This module loads no PynamoDB, so every function
may import it.
"""  # noqa: E501

import hashlib
from datetime import UTC, datetime

ORGANIZATION = "ORG#"
ACCOUNT = "ACCOUNT#"
CREDENTIALS = "CREDENTIALS#"
CLAIM = "PROVIDER#"
AUDIT = "AUDIT#"
IDEMPOTENCY = "IDEMPOTENCY#"
VERIFICATION = "VERIFICATION#"
PROGRESS = "PROGRESS#"
INTERACTION = "INTERACTION#"
REQUEST = "REQUEST#"
USAGE = "USAGE#"
TRUST = "TRUST#"
TEMPLATE = "TEMPLATE#"
ENROLLMENT = "ENROLLMENT#"
TOTALS = "TOTALS#"
MEMBER = "MEMBER#"
SYNCHRONIZATION = "SYNCHRONIZATION#"
HINT = "HINT#"
RESOURCE = "RESOURCE#"
RESOURCE_CLAIM = "RESOURCE_OF#"
DELETED = "DELETED#"
OPERATION = "OPERATION#"
SELECTED = "SELECTED#"

WEBHOOK = "WEBHOOK#"
"""A partition of its own: the function that sends to receivers may write to no other."""

DELIVERY = "DELIVERY#"
WAITING = "WAITING#"
QUOTA = "QUOTA#"

ORGANIZATION_SK = "ORG"
WEBHOOK_SK = "WEBHOOK"
LOOKS_SK = "LOOKS"
HEALTH_SK = "HEALTH"
INVITATION_SK = "INVITATION"

SCHEDULED = "SCHEDULED"
"""The one partition of by_schedule. Only setting or ending a schedule writes there."""

NO_TURN = "~"
"""In place of the time of a resource's next turn. It sorts after all times."""

DUE_ENROLLMENTS = "ENROLLMENTS"
"""The one partition of by_due that has enrollments. A synchronization writes there a few times in
six hours.
"""

DUE_SHARDS = tuple(f"DUE#{shard}" for shard in range(8))
"""Partitions of by_due. One partition accepts 1,000 writes a second, and each test of an account
writes there once, removing one entry and adding another.
"""


def organization_pk(organization_id: str) -> str:
    return f"{ORGANIZATION}{organization_id}"


def webhook_pk(organization_id: str) -> str:
    return f"{WEBHOOK}{organization_id}"


def delivery_sk(at: datetime, event_id: str) -> str:
    return f"{DELIVERY}{at:%Y-%m-%dT%H:%M:%S.%f}#{event_id}"


def waiting_sk(at: datetime) -> str:
    return f"{WAITING}{at:%Y-%m-%d}"


def quota_sk(name: str) -> str:
    return f"{QUOTA}{name}"


def account_pk(account_id: str) -> str:
    return f"{ACCOUNT}{account_id}"


def account_sk(account_id: str) -> str:
    return f"{ACCOUNT}{account_id}"


def credentials_sk(account_id: str) -> str:
    return f"{CREDENTIALS}{account_id}"


def claim_sk(provider: str, account_number: str) -> str:
    return f"{CLAIM}{provider}#{account_number}"


def number_claimed(sk: str) -> tuple[str, str]:
    """The provider and the account number of a claim's sort key."""
    provider, _, account_number = sk.removeprefix(CLAIM).partition("#")
    return provider, account_number


def enrollment_sk(enrollment_id: str) -> str:
    return f"{ENROLLMENT}{enrollment_id}"


def totals_sk(enrollment_id: str) -> str:
    return f"{TOTALS}{enrollment_id}"


def member_sk(enrollment_id: str, account_number: str) -> str:
    return f"{MEMBER}{enrollment_id}#{account_number}"


def member_in(sk: str) -> tuple[str, str]:
    """The enrollment and the account number of a member's sort key."""
    enrollment_id, _, account_number = sk.removeprefix(MEMBER).partition("#")
    return enrollment_id, account_number


def members_after(enrollment_id: str, account_number: str) -> tuple[str, str]:
    """The first and the last sort key that a later member may have; of any, if the number is empty.
    `!` sorts before every digit, `~` after.
    """
    return member_sk(enrollment_id, f"{account_number}!"), member_sk(enrollment_id, "~")


def synchronization_in(sk: str) -> tuple[str, str]:
    """The ids of the enrollment and of the synchronization of a sort key."""
    enrollment_id, _, synchronization_id = sk.removeprefix(SYNCHRONIZATION).partition("#")
    return enrollment_id, synchronization_id


def synchronization_sk(enrollment_id: str, synchronization_id: str) -> str:
    return f"{SYNCHRONIZATION}{enrollment_id}#{synchronization_id}"


def hint_sk(account_number: str) -> str:
    """`account_number`: empty for those of all accounts."""
    return f"{HINT}{account_number}"


def audit_sk(entry_id: str) -> str:
    return f"{AUDIT}{entry_id}"


def idempotency_sk(key: str) -> str:
    return f"{IDEMPOTENCY}{hashlib.sha256(key.encode()).hexdigest()}"


def operation_sk(operation_id: str) -> str:
    return f"{OPERATION}{operation_id}"


def selected_sk(operation_id: str, page: int) -> str:
    return f"{SELECTED}{operation_id}#{page}"


def verification_sk(verification_id: str) -> str:
    return f"{VERIFICATION}{verification_id}"


def progress_pk(verification_id: str) -> str:
    """A separate partition, so that functions that hold a customer's session may write there and
    nowhere else: DynamoDB's policies do not support sort keys.
    """
    return f"{PROGRESS}{verification_id}"


def progress_sk(step: str) -> str:
    return f"{PROGRESS}{step}"


def interaction_sk(interaction_id: str) -> str:
    return f"{INTERACTION}{interaction_id}"


def interactions_after(interaction_id: str) -> tuple[str, str]:
    """The first and the last sort key that a later interaction may have. `~` sorts after every
    character of a ULID.
    """
    return interaction_sk(f"{interaction_id}0"), interaction_sk("~")


def request_sk(key_hash: str) -> str:
    return f"{REQUEST}{key_hash}"


def usage_sk(period: str) -> str:
    return f"{USAGE}{period}"


def trust_sk(purpose: str) -> str:
    return f"{TRUST}{purpose}"


def resource_sk(resource_id: str) -> str:
    return f"{RESOURCE}{resource_id}"


def resource_claim_sk(kind: str, region: str, instance_id: str) -> str:
    return f"{RESOURCE_CLAIM}{kind}#{region}#{instance_id}"


def deleted_sk(deleted_id: str) -> str:
    """For an account or an enrollment under its organization, for a resource under its account."""
    return f"{DELETED}{deleted_id}"


def name_key(name: str, account_id: str) -> str:
    """Sorts by name, ignoring case. `#` sorts before letters and digits: `ab` before `ab1`."""
    return f"{name.lower()}#{account_id}"


def name_in(key: str) -> str:
    """The name of a `name_key`, in lower case."""
    return key.partition("#")[0]


def status_pk(organization_id: str, status: str) -> str:
    return f"{organization_pk(organization_id)}#{status}"


def template_sk(version: int) -> str:
    return f"{TEMPLATE}{version}"


def template_pk(organization_id: str, version: int) -> str:
    return f"{organization_pk(organization_id)}#{template_sk(version)}"


def due_shard(account_id: str) -> str:
    digest = hashlib.blake2b(account_id.encode(), digest_size=2, person=b"due").digest()
    return DUE_SHARDS[int.from_bytes(digest) % len(DUE_SHARDS)]


def usage_of(organization_id: str, period: str) -> str:
    return f"{organization_pk(organization_id)}#{usage_sk(period)}"


def turns_of(organization_id: str) -> str:
    """A turn writes there twice: it removes one entry and adds another."""
    return f"{organization_pk(organization_id)}#TURNS"


def turn_time(at: datetime) -> str:
    """Sorts as the times do."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def turn_key(at: datetime | None, action: str, kind: str, region: str, resource_id: str) -> str:
    """Sorts by the time of a turn; resources without a schedule come last. The rest is what a list
    is filtered by, so that it reads only those resources that it shows.
    """
    return "#".join((turn_time(at) if at else NO_TURN, action, kind, region, resource_id))


def turn_in(key: str) -> tuple[str, str, str, str, str]:
    """What a `turn_key` is made of; of the time its text."""
    at, action, kind, region, resource_id = key.split("#")
    return at, action, kind, region, resource_id
