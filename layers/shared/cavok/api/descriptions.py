"""What each parameter and property of the API means: for /openapi.json and /docs alone.

They are here and not on the fields, so that a function that serves requests does not load them. A
test names each property without a description, and each description without a property.
"""

from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from cavok.domain.accounts import IssueCode
from cavok.domain.events import EventType
from cavok.domain.kinds import Kind
from cavok.domain.member_states import MemberState
from cavok.domain.permissions import CAPABILITY_GROUPS
from cavok.domain.providers import AVAILABLE

_KINDS = ", ".join(f"`{kind}` for {kind.descriptor.plural}" for kind in Kind)
_KIND = f"The kind of the instance: {_KINDS}."

PARAMETERS = {
    "account_id": "The account, as `POST /v1/accounts` returned it.",
    "verification_id": "The test.",
    "resource_id": "The resource.",
    "operation_id": "The operation, as `POST /v1/accounts/bulk` returned it.",
    "enrollment_id": "The enrollment, as `POST /v1/enrollments` returned it.",
    "synchronization_id": "The synchronization.",
    "event_id": "The event, as the list of deliveries names it.",
    "period": "The second part of the `event_id`.",
    "percent": "The last part of the `event_id`.",
    "instance_id": "The instance, as AWS identifies it.",
    "kind": _KIND,
    "status": "Only accounts in this status.",
    "idempotency-key": "Makes it safe to repeat the request: within a day, it acts only once.",
}
"""Parameters that several routes share. A parameter of one route is described in that route."""

SHARED = {
    "access_type": "How Cavok enters the account.",
    "account_id": "Cavok's own id of the account, not the AWS account number.",
    "action": "What was done, or will be done.",
    "actor": "Who did it: the email address of a person, or `schedule`.",
    "actions": "The IAM actions.",
    "at": "The time.",
    "billable": "Interactions beyond the free ones. They are billed; nothing is blocked.",
    "cloudformation_template": "A CloudFormation template to deploy, as JSON.",
    "cli": "A command of the AWS CLI.",
    "console_url": "Where to do it in the AWS console.",
    "created_at": "When it was created.",
    "created_by": "Who created it.",
    "detail": "What happened, in words.",
    "enrollment_id": "The enrollment.",
    "duration_ms": "How long it took, in milliseconds.",
    "event_id": "The event. It stays the same however often its message is sent.",
    "events": "The types of events that are sent.",
    "free_interactions": "How many interactions are free in a month, for each account.",
    "instance_id": "The instance, as AWS identifies it.",
    "interaction_id": "The start, stop, listing or test.",
    "issues": "The issues of the account.",
    "items": "The entries.",
    "kind": _KIND,
    "message": "What it is, in words.",
    "name": "The display name.",
    "next_cursor": "What `cursor` takes to get the next page. Null on the last one.",
    "next_try_at": "When it is tried again. Null if it is not.",
    "occurred_at": "When the event occurred.",
    "organization_id": "The organization.",
    "outcome": "The outcome.",
    "percent": "The percentage of the free interactions that was reached.",
    "period": "The calendar month in UTC, such as 2026-11.",
    "policy_statement": "A statement to add to the role's policy, as JSON. With a `Principal`, it "
    "is of the trust policy: put it in place of the one that lets Cavok in. Beside that one, it "
    "would shut nobody out.",
    "previous_status": "The account's status before.",
    "provider": "The cloud provider.",
    "provider_id": "The AWS account number: 12 digits, as a string.",
    "reason": "The reason. Null if there is none.",
    "region": "The AWS region.",
    "region_health": "What the last test found in each of the account's regions.",
    "regions": "The AWS regions in which the account is used.",
    "remaining": "How many free interactions are left.",
    "request_id": "The request. Quote it when you ask for help.",
    "resets_at": "When the count restarts: the first of the next month.",
    "resource_id": "The resource.",
    "role_name": "The name of the IAM role that Cavok assumes. It starts with `Cavok`.",
    "role_path": "The path of that role, such as `/` or `/team/`.",
    "schema_version": "The version of the event's schema.",
    "severity": "Only problems degrade or fail an account.",
    "started_at": "When it began.",
    "state": "Its current state.",
    "status": "The status of the account, or of the entry.",
    "terraform": "The same as a Terraform configuration.",
    "title": "The title to display.",
    "type": "The type of the event.",
    "used": "Interactions of this month so far.",
    "verdict": "Whether AWS allows it.",
    "verification": "The last test that ended with a verdict. Null if there was none.",
    "verification_id": "The test.",
    "version": "Counts the changes. If-Match compares it.",
    "why": "What Cavok needs it for.",
    "write_logs": "Whether Cavok writes what it did to the account's own CloudWatch Logs.",
}
"""By property name, where the meaning is the same everywhere."""

_PROVIDERS = " or ".join(f"`{provider}`" for provider in AVAILABLE)

_RESOURCE = {
    "name": "The instance's name when it was added. Null if it had none.",
    "schedule": "When the instance runs. Null if it has no schedule.",
    "next_action": "What the schedule does next, if the account is connected then. "
    "Null without a schedule.",
    "note": "What went wrong or was unusual the last time. Null if nothing was.",
    "created_by": "Who put the instance under control.",
    "updated_at": "When the schedule was set.",
}
_FIX = {
    "terraform": "The same policy in Terraform: a resource, or an argument of the role's.",
    "stack_url": "The AWS console's list of stacks, with the one that made the role; not if a "
    "stack set of your AWS Organization makes it.",
}
_OPTIONS = {
    "include_ous": "Ids of the units, or of the root, whose accounts are members. Empty: all.",
    "exclude_ous": "Ids of units whose accounts are left out, at any depth.",
    "exclude_accounts": "Account numbers that are left out.",
    "name_pattern": "A pattern of AWS's names, with * and ?; case does not count. Others are left "
    "out. Null for all.",
    "permissions_boundary": "The name of the permissions boundary of each role, with its path. "
    "Null for none.",
    "tags": "Tags of each role.",
    "features": "What the members' roles grant: groups of permissions.",
    "management_account_id": "The account in which the stack is: the management account or a "
    "delegated administrator.",
}
_CHOICES = {
    "name": "The name that your organization gives the enrollment.",
    "regions": "The AWS regions in which new members are used.",
    "write_logs": "Whether Cavok writes what it did to new members' own CloudWatch Logs.",
    "role_path": "The path of all roles, such as `/` or `/team/`.",
    **_OPTIONS,
}

OWN: dict[str, dict[str, str]] = {
    "AccountBody": {
        "name": "The name that your organization gave the account.",
        "role_arn": "The role that Cavok assumes. Null for an account with an access key.",
        "access_key_id": "The last four characters of the access key's id. Null for a role.",
        "status": "The status that follows from the latest verdict.",
        "status_changes": "The latest 8 changes of status, oldest first, two of a day at most: the "
        "first, and the one that says the worst. Of the time before the oldest of 8, nothing is "
        "known.",
        "capabilities": "What the account can be used for.",
        "enrollment_id": "The enrollment that it is a member of. Null if none uses it.",
        "template": "The template version of its role. Null for an access key, before the first "
        "test, while the account is not connected, and if the role's inline policies do not say.",
        "testing": "Whether a test is running.",
        "next_verification_at": "When the next scheduled test is due. Null if there is none.",
        "created_by": "Who connected the account.",
        "created_at": "When the account was added.",
        "updated_at": "When it last changed: by a person, or by a test whose result was stored.",
    },
    "AccountChangeBody": {
        "name": "The new name: 1 to 64 ASCII letters and digits.",
        "regions": "The new regions. The account is unconfirmed until it is tested.",
        "role_name": "The new role. The account is unconfirmed until it is tested.",
        "role_path": "The new path. The account is unconfirmed until it is tested.",
    },
    "AccountCounts": {
        "total": "All accounts.",
        "by_status": "Accounts by status.",
        "by_template_version": "Accounts by the version of their role, newest first.",
    },
    "AccountPage": {"items": "The accounts of this page."},
    "AccountUsageBody": {"name": "The account's name. Null if it was deleted."},
    "AccountFilterBody": {
        "q": "What a word of the name begins with, or the account number.",
        "status": "Only accounts in this status.",
        "access_type": "Only accounts that are entered so.",
        "has_problems": "Only accounts with an issue that is a problem, or only those without.",
        "template_version": "The version that their role has.",
        "enrollment_id": "Only accounts that this enrollment has.",
        "ou": "Only accounts of enrollments that are in this unit, at any depth.",
    },
    "AccountSelectionBody": {
        "account_ids": "These accounts. An account that is named twice counts once.",
        "filter": "All accounts that the list would have.",
        "changed_by": "The accounts whose write_logs this operation changed. It must be over.",
    },
    "AccountsImportBody": {"accounts": "The accounts. What is wrong with one stops no other."},
    "AccountsImportResult": {
        "created": "The accounts that were connected, also by an earlier request with this key.",
        "refused": "The accounts that were not connected.",
    },
    "ActionBody": {"action": "The IAM action, such as `ec2:StopInstances`."},
    "ActorBody": {
        "sub": "The person, as the user pool identifies them. Nobody can change it.",
        "email": "The person's email address at that time. Verified, unless `sub` is null.",
        "kind": "A person, a schedule, or Cavok itself.",
    },
    "BulkRequestBody": {
        "action": "What to do with each account.",
        "selection": "Which accounts.",
        "value": "Whether to write logs. For `write_logs` alone, and required there.",
        "expected_total": "How many accounts must be selected. With more or fewer, nothing begins.",
        "dry_run": "Whether only to count the accounts.",
    },
    "BulkAnswer": {
        "operation_id": "The operation that was begun. Null for a dry run.",
        "total": "How many accounts are selected.",
    },
    "BulkFailureBody": {
        "account_id": "The account.",
        "name": "Its name. Null if it is not known.",
        "problem": "Why it was refused.",
    },
    "OperationBody": {
        "operation_id": "The operation.",
        "action": "What is done with each account.",
        "value": "What `write_logs` becomes. Null for other actions.",
        "state": "Whether it still runs.",
        "total": "How many accounts were selected.",
        "done": "How many were treated, also those that were skipped or refused.",
        "skipped": "How many were left as they were: those that the filter no longer selected when "
        "their turn came, and of a test revoked ones.",
        "changed": "How many were changed, tested or deleted. One that had the value already was "
        "not changed.",
        "failed": "The first accounts that were refused, at most 100.",
        "failed_total": "How many accounts were refused.",
        "started_at": "When it was asked for.",
        "finished_at": "When it ended. Null while it runs.",
    },
    "OperationList": {"operations": "The latest ten, newest first."},
    "AuditEntryBody": {
        "audit_id": "The entry. For a test, a start or a stop it is also the interaction's id.",
        "entry_id": "The same as `audit_id`.",
        "account_id": "The account. Null if the entry is about none, or about many.",
        "account_name": "The account's name at that time. Null if it was deleted before.",
        "action": "What was done.",
        "actor": "Who did it.",
        "at": "When it was done.",
        "target": "What it was done to.",
        "changes": "The changed fields. Empty if none changed.",
        "request_id": "The request's id in Cavok's own logs.",
        "source_ip": "The IP address that the request came from. Null if no person sent it.",
        "detail": "More about it, in words. Never a secret.",
    },
    "ChangeBody": {
        "field": "The field, as the API names it.",
        "before": "Its value before the change.",
        "after": "Its value after the change.",
    },
    "TargetBody": {
        "type": "What it is.",
        "id": "Its id. Null for the webhook: an organization has only one.",
        "name": "Its name, if it has one.",
    },
    "ByStatus": {
        "unconfirmed": "Accounts that are not proven yet.",
        "confirmed": "Accounts that are connected.",
        "degraded": "Accounts that are connected, but in which something does not work.",
        "failed": "Accounts that cannot be used.",
    },
    "CapabilitiesBody": {
        group.group: f"Whether AWS allows Cavok what it needs for {group.title}."
        for group in CAPABILITY_GROUPS
    },
    "CredentialsBody": {
        "access_key_id": "The id of an IAM user's access key. It starts with AKIA.",
        "secret_access_key": "Its secret. No answer ever shows it.",
    },
    "DeliveryBody": {
        "at": "When the event occurred.",
        "http_status": "The status code that your receiver answered with. Null without an answer.",
        "duration_ms": "How long your receiver took. Null if nothing was sent.",
        "status": "What became of the message.",
        "tries": "How often Cavok tried to send it, or held it back in a pause.",
    },
    "DeliveryPage": {"next_cursor": "Always null: there is one page."},
    "DetectionBody": {"state": "What the check found."},
    "FieldError": {
        "field": "The field, such as `credentials.access_key_id`; or the parameter or header.",
        "message": "What is wrong with it.",
    },
    "FixBody": _FIX,
    "GatewayMessage": {"message": "What is wrong, such as `Unauthorized`."},
    "Health": {"status": "Always `ok`: the API answers."},
    "InstanceBody": {
        "name": "Its name. For an EC2 instance, the tag `Name`. Null if it has none.",
        "state": "Its state, in AWS's own word.",
        "type": "Its type or class, such as `t3.micro`.",
    },
    "InstanceList": {
        "items": "The instances.",
        "unavailable": "What could not be listed. Empty if all could.",
        "as_of": "When AWS was asked.",
    },
    "InstructionStepBody": {"text": "What to do."},
    "InstructionsBody": {
        "steps": "What to do, in order.",
        "trust_policy": "The role's trust policy, as JSON. Null for an access key.",
        "permissions_policy": "The policy with the permissions, as JSON.",
        "deploy_on_aws_url": "Opens the template in the AWS console.",
        "cli": "The same as commands of the AWS CLI.",
        "update": "How to update the role. Null unless the account's `template` is outdated.",
        "choice": "How much of each group all of this grants, of those that matter to the account.",
        "warnings": "What the next test will report as a problem if the role grants just this.",
    },
    "InvitationBody": {
        "url": "The page, relative to the root of the API. Whoever has it needs no sign-in.",
        "expires_at": "When the link ends.",
    },
    "InvitationPage": {"next_cursor": "Null: there is no next page."},
    "ValidInvitationBody": {"expires_at": "When the link ends."},
    "InvitedBody": {
        "role_arn": "The role that Cavok will assume. Null for an account with an access key.",
        "trusted_account_id": "The AWS account that the role trusts: Cavok's own. Null without a "
        "role.",
        "external_id": "What the role's trust policy asks for. Null without a role.",
        "groups": "The permissions, by group.",
        "trust_policy": "The role's trust policy, as JSON. Null for an access key.",
        "permissions_policy": "The policy with the permissions, as JSON.",
        "deploy_on_aws_url": "Opens the template in the AWS console.",
        "expires_at": "When the link ends.",
    },
    "InstanceInteractionData": {
        "organization_id": "The organization of the account.",
        "action": "What was done: `start`, `stop`, `list`, `test`, or another service's word.",
        "at": "When it happened, as `occurred_at`.",
        "request_id": "The request's id in Cavok's own logs.",
    },
    "InteractionBody": {
        "kind": "The kind of the instance. Null for a test or a listing of all kinds.",
        "instance_id": "The instance. Null for a test or a listing.",
        "region": (
            "The region. Null for a test, for a listing of all regions, and for a start or stop "
            "whose instance was not found."
        ),
        "outcome": "The answer to the request.",
        "logged": "Whether its line is in the account's own log.",
        "result": "Whether the instance reached the requested state.",
        "state": "The last observed state, in AWS's own word.",
        "state_reason": "Why it is in that state, and what to do.",
    },
    "GroupChoiceBody": {
        "group": "The group.",
        "access": "How much of it: all, only what looks, or nothing.",
    },
    "IssueBody": {
        "code": "The issue, for programs. Codes may be added.",
        "message": "What it is, in words.",
        "remedy": "What to do about it.",
        "fix": "A fix to copy. Null if there is none.",
    },
    "LastVerificationBody": {
        "outcome": "What it found.",
        "finished_at": "When it ended.",
    },
    "LeastPrivilegeBody": {
        "policy_document": "The policy, as JSON.",
        "terraform": "The role with this policy, as a Terraform configuration.",
        "cloudformation_template": "The role with this policy, as a CloudFormation template.",
        "removes": "What it leaves out of the policy in the instructions, in words.",
        "covers": "The resources that it was checked against.",
    },
    "NewAccountBody": {
        "provider": f"The cloud provider. Only {_PROVIDERS} for now.",
        "name": "The display name: 1 to 64 ASCII letters and digits.",
        "credentials": "Required for `access_key`, otherwise refused.",
        "role_name": "The IAM role that Cavok assumes. Default: CavokCloud.",
        "role_path": "The path of that role. Default: `/`.",
    },
    "NewResourceBody": {
        "schedule": "When the instance runs. Null or omitted: it has no schedule.",
    },
    "NextAction": {"action": "What the schedule does next.", "at": "When it does it."},
    "OrganizationBody": {
        "external_id": "What the trust policies of your roles ask for. It never changes by itself.",
        "trusted_account_id": "The AWS account that your roles trust: Cavok's own.",
        "accounts": "How many accounts your organization has connected.",
        "quotas": "Your organization's rate limits.",
    },
    "MonthBody": {
        "used": "How many interactions counted in it.",
        "complete": "Whether all accounts are added. If not, there were more interactions.",
    },
    "MonthList": {"items": "The months, oldest first."},
    "OrganizationUsageBody": {"items": "The usage of each account, the most used first."},
    "PermissionGroupBody": {
        "group": "The group, for programs.",
        "required": "Whether every account must grant it.",
        "optional": "Whether you grant it only if you want it.",
        "feature": "Whether it is one of the `features` of an enrollment, which may leave it out. "
        "By default it has those that are not optional.",
        "resource": "What the policy grants it on: an ARN, or `*`.",
        "actions": "The permissions of the group.",
        "read_only": "The IAM actions that only look, if they can be granted without the others.",
    },
    "PermissionsBody": {
        "groups": "The permissions, by group.",
        "policy_document": "The role's policy, as JSON, which the trust is not in: of `groups`, "
        "else of all groups but the optional ones.",
        "choice": "How much of each group the documents grant.",
        "cloudformation_template": "A CloudFormation template of the role, as JSON. Null without "
        "`groups`.",
        "terraform": "A Terraform configuration of the role. Null without `groups`.",
    },
    "RefusedAccountBody": {
        "index": "The place of the account in the request, from 0.",
        "problem": "Why it was not connected. `type` is relative to the address of the request.",
    },
    "Problem": {
        "title": "The code in words: the same for each problem of this type.",
        "status": "The HTTP status.",
    },
    "ProviderBody": {
        "id": "The provider, for programs.",
        "available": "Whether its accounts can be connected.",
    },
    "ProviderList": {"items": "The providers."},
    "ProviderToCome": {
        "id": "The provider, for programs.",
        "available": "Whether its accounts can be connected.",
        "note": "When the provider will be available.",
    },
    "QuotaBody": {
        "name": "What is limited. Names may be added.",
        "limit": "The most uses in a period. Viewers see their share of it.",
        "per_seconds": "The length of the period, which begins with the first use.",
        "remaining": "How many uses are left in the current period.",
    },
    "Redelivery": {"detail": "What happens now."},
    "RegionHealthBody": {
        "status": "Whether calls work there.",
        "reason": "Why AWS refuses calls there. `error`: AWS did not answer some. Null if all "
        "are answered, and none is refused.",
    },
    "ListedResourceBody": {
        **_RESOURCE,
        "turn_at": "The time of its first turn that was not made yet: the due one, or the next. "
        "Null without a schedule.",
        "account_name": "The account's name.",
        "account_status": "The status of the account.",
    },
    "ResourceBody": _RESOURCE,
    "ResourceChangeBody": {"schedule": "The new schedule. Null ends it."},
    "ResourceList": {
        "items": "The resources of this page, oldest first.",
    },
    "OrganizationResourceList": {
        "items": "The resources of this page, by what their schedules do next.",
    },
    "ResourceVerdictBody": {"id": "The instance, as AWS identifies it."},
    "ResourcesBody": {
        "asked": "How many instances were checked, with AWS or against the policies.",
        "allowed": "For how many of them the action is allowed.",
        "denied": "For how many of them the action is denied.",
        "examples": "Some of them, denied ones first.",
    },
    "ScheduleBody": {
        "time_zone": "A time zone of the IANA database, such as `Europe/Berlin`.",
        "windows": "When the instance is on. Empty: always off. If the instance is on (or off) all "
        "week, Cavok starts (or stops) it every midnight.",
    },
    "SharedFixBody": _FIX,
    "SharedProblemBody": {
        "cause": "Names the cause: 16 hexadecimal digits, the same in every answer.",
        "code": "The issue, for programs. Codes may be added.",
        "remedy": "What to do about it, in each account.",
        "fix": "A fix to copy. Null if there is none, or another one for each account.",
        "differing": "The parts of `fix` that accounts have, but not all the same.",
        "accounts": "The accounts that have it, of those that this answer covers.",
    },
    "SharedProblemPage": {
        "accounts_read": "How many accounts with problems this answer covers.",
        "items": "The problems, those of failed accounts first.",
    },
    "StepBody": {
        "step": "What was tried: an IAM action, or a check of the trust. Steps may be added.",
        "group": "The group of the permission. Groups may be added.",
        "ok": "Whether the step passed. Null if that is not known.",
        "evidence": "The source of the verdict: an answer from AWS, or the role's policies.",
        "reason": "Which policy denies it, or why that is not known.",
        "error_code": "AWS's own error code. Null without an error.",
        "detail": "What AWS said.",
        "region": "The region that was checked. Null if none was.",
        "resources": "The verdicts for single instances. Null if none were checked.",
    },
    "TestMessage": {"detail": "What happens now."},
    "UnavailableBody": {"detail": "Why it could not be listed."},
    "UnchangedBody": {
        "tests": "How many scheduled tests found the same verdicts. If a permission is allowed for "
        "all instances, their number may differ.",
        "last_at": "When the last of them ended.",
    },
    "VerificationBody": {
        "trigger": "Whether a person or the schedule started the test.",
        "state": "Whether the test is still running.",
        "outcome": "What it found. Null while it runs, and if it was aborted.",
        "finished_at": "When it ended. Null while it runs.",
        "steps": "The steps so far.",
        "region_health": "What this test found in each of the account's regions.",
        "unchanged": "Later scheduled tests that found the same. Null if there were none.",
        "execution_arn": "The workflow that ran the test. Only operators see it.",
    },
    "WebhookBody": {
        "state": "Whether messages are sent, or wait.",
        "url": "Where messages are sent.",
        "updated_at": "When a person last set it.",
        "updated_by": "Who last set it.",
        "secret": "The signing secret. Shown once, in the answer that creates it.",
    },
    "TemplateBody": {
        "version": "The role's version. If its policies differ, the lowest.",
        "current": "The newest version.",
        "outdated": "Whether there is a newer version than the role's.",
        "changes": "What the newer versions change, oldest first.",
    },
    "TemplateChangeBody": {
        "version": "The version that changes it.",
        "text": "What the change is for, in a sentence.",
        "adds": "The IAM actions that it adds.",
        "removes": "The IAM actions that it removes.",
    },
    "UpdateBody": {
        "steps": "What to do: one way for each tool that can have created the role.",
        "template_url": "The published template, for CloudFormation.",
        "cli": "A command for a POSIX shell that updates the stack and keeps its parameters.",
    },
    "StatusChangeBody": {
        "on": "The day in UTC, such as 2026-11-30.",
        "before": "What the status was until then.",
    },
    "UsageBody": {"months": "The last twelve months, the current one too, oldest first."},
    "VersionInUseBody": {
        "version": "The version.",
        "accounts": "How many accounts have it.",
        "outdated": "Whether there is a newer one.",
    },
    "WebhookSettings": {
        "url": "A public https address. Write non-ASCII host names as A-labels, such as "
        "`xn--exmple-cua.com`.",
        "rotate_secret": "Whether to create a new signing secret.",
    },
    "NewEnrollmentBody": _CHOICES,
    "EnrollmentChangeBody": {name: text for name, text in _CHOICES.items() if name != "role_path"},
    "EnrollmentBody": {
        **_CHOICES,
        "organization_arn": "The AWS Organization. Null before the first synchronization.",
        "status": "Whether the stack lets Cavok in.",
        "issues": "What is wrong with the role, or why the last synchronization failed.",
        "totals": "How many members are in which state.",
        "template": "The template version of its stack, as a test found it in the role of the "
        "stack's own account. Null if none has.",
        "synchronizing": "Whether a synchronization is running.",
        "last_synchronized_at": "When the last one ended that read everything. Null if none did.",
        "next_synchronization_at": "When the next one is due. Null if none is.",
        "updated_at": "When it, or its status, last changed.",
    },
    "EnrollmentPage": {"next_cursor": "Null: there is no next page."},
    "EnrollmentIssueBody": {
        "code": "What it is, for programs.",
        "remedy": "What to do about it.",
        "fix": "The remedy in a form to copy. Null if there is none.",
    },
    "MemberTotals": {
        "connected": "Cavok is let in.",
        "role_missing": "Their role is not there yet.",
        "problem": "Something is wrong.",
        "excluded": "Left out, deleted or revoked.",
        "suspended": "AWS lets nobody use them.",
        "closed": "Closed, or no longer in the AWS Organization.",
    },
    "EndedEnrollmentBody": {"steps": "What to delete, in this order."},
    "EnrollmentInstructionsBody": {
        "steps": "The steps, in order.",
        "deploy_on_aws_url": "The page of the AWS console that deploys the stack, filled in.",
        "cli": "Commands of the AWS CLI that deploy the same stack.",
        "update": "How to update the stack, and with it every member, to the newest version and to "
        "what was chosen anew since the first synchronization. Null before that.",
    },
    "SynchronizationBody": {
        "synchronization_id": "The synchronization.",
        "found": "Accounts that AWS listed so far.",
        "added": "Accounts that were added.",
        "changed": "Members and accounts that were changed.",
        "missing": "Members whose role is not there yet.",
        "reason": "Why it failed. Null if it did not.",
        "finished_at": "When it ended. Null while it runs.",
    },
    "MemberBody": {
        "name": "The account's name in AWS.",
        "ou_id": "The unit, or the root, in which it is.",
        "ou_path": "The names from the root to that unit, as `Root/Shops/North`.",
        "state": "What it is to Cavok.",
        "account_id": "Its account in Cavok. Null if it has none.",
    },
    "UnitBody": {
        "ou_id": "The root or unit.",
        "ou_ids": "The ids from the root to it.",
        "ou_path": "The names from the root to it, as `Root/Shops/North`.",
        "totals": "How many of the page's members are in it, and not in a unit below it, by state.",
    },
    "WindowBody": {
        "days": "The days on which the window starts.",
        "start": "The local time at which the instance is started: HH:MM.",
        "stop": "The local time at which it is stopped: HH:MM.",
    },
}
"""By component, for all other properties."""

MESSAGES: dict[str, str] = {
    EventType.INTERACTION: "An instance was started or stopped, instances were listed, or a "
    "person's test ended; or any of these was refused. Some come from other services of Cavok. "
    "`interaction_id` identifies repetitions.",
}
"""Descriptions of messages whose event means more on our bus than to a receiver."""

COMPONENTS = {
    "AccountCounts": "The number of accounts.",
    "AccountPage": "A page of accounts.",
    "EnrollmentStatus": "Whether the stack of an enrollment lets Cavok in.",
    "MemberState": getdoc(MemberState) or "",
    "SynchronizationState": "Whether a synchronization has read everything.",
    "ActionBody": "A permission that Cavok asks for.",
    "AuditPage": "A page of the audit trail, newest first.",
    "ByStatus": "The number of accounts in each status.",
    "CapabilitiesBody": "What an account can be used for, by group of permissions.",
    "ErrorCode": "The cause of a problem. Each has a page: `/docs/problems/…`.",
    "Health": "The API answers.",
    "IssueCode": getdoc(IssueCode) or "",
    "InstanceList": "The instances of an account, and what could not be listed.",
    "InstructionStepBody": "One thing to do.",
    "InteractionPage": "A page of interactions, newest first.",
    "LastVerificationBody": "A test that ended with a verdict.",
    "NextAction": "What a schedule does next.",
    "OrganizationBody": "Your organization, and what customers' roles must trust.",
    "InteractionOutcome": "The answer to a request: accepted, or refused by Cavok or AWS.",
    "PermissionGroup": "Permissions that are granted or left out together.",
    "PermissionGroupBody": "Permissions that serve one purpose.",
    "ProviderBody": "A cloud provider.",
    "ProviderList": "The cloud providers.",
    "ProviderToCome": "A cloud provider that is not supported yet.",
    "Redelivery": "A message is sent again.",
    "ResourceList": "The resources of an account.",
    "OrganizationResourceList": "The resources of all accounts.",
    "ResourceVerdictBody": "The verdict for one instance.",
    "StepName": "What a test tries: IAM actions, and checks of the trust.",
    "TestMessage": "A test message was sent.",
    "VerificationPage": "A page of tests, newest first.",
    "WebhookState": "Whether messages are sent.",
}
"""Descriptions of components whose docstring is not for clients."""


def describe(document: dict[str, Any]) -> None:
    """Adds these descriptions to an OpenAPI document. Of existing ones, it replaces only those in
    `OWN`.
    """
    for name, schema in document["components"]["schemas"].items():
        if name in COMPONENTS:
            schema.setdefault("description", COMPONENTS[name])
        own = OWN.get(name, {})
        for field in own.keys() & schema.get("properties", {}).keys():
            schema["properties"][field]["description"] = own[field]
        _describe(schema, SHARED | own)


def _describe(schema: Any, texts: Mapping[str, str]) -> None:
    """Describes the properties of a schema and of its nested schemas."""
    for name, shape in schema.get("properties", {}).items():
        if name in texts:
            shape.setdefault("description", texts[name])
        _describe(shape, texts)
        _describe(shape.get("items", {}), texts)
