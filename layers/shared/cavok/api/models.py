"""The shapes of the HTTP API, v1. Unknown fields of a request are refused."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    SecretStr,
    StrictBool,
    StrictStr,
    field_validator,
)
from pydantic_core import core_schema

from cavok.domain import instructions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import AccessType, Account, Capability, Outcome, Status
from cavok.domain.errors import InvalidField
from cavok.domain.organizations import Organization
from cavok.domain.permissions import DEFAULT_ROLE_NAME, GROUPS, policy_document
from cavok.domain.regions import REGIONS
from cavok.domain.steps import Evidence, Step, Verdict
from cavok.domain.verifications import State, Trigger, Verification
from cavok.services.accounts import AccessKey, AccountChange, NewAccount

AZURE_NOTE = "coming soon"


class _Matching:
    """A string that matches the whole of an ASCII pattern, or an error that says so in words."""

    def __init__(self, pattern: str, message: str) -> None:
        self._pattern = re.compile(pattern, re.ASCII)
        self._message = message

    def _check(self, value: str) -> str:
        if not self._pattern.fullmatch(value):
            raise ValueError(self._message)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{self._pattern.pattern}$"}


def _aws_only(value: str) -> str:
    if value == "azure":
        raise ValueError(f"Azure is {AZURE_NOTE}. Choose aws.")
    if value != "aws":
        raise ValueError("Choose aws.")
    return value


def _known_region(value: str) -> str:
    if value not in REGIONS:
        raise ValueError(f"{value[:40]} is not the name of an AWS region, such as us-east-1.")
    return value


def _long_term_key(value: str) -> str:
    if value.startswith("ASIA"):
        raise ValueError(
            "This is a temporary key. Enter the access key of an IAM user; it starts with AKIA."
        )
    return value


Limit = Annotated[int, Query(ge=1, le=100, description="Entries of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next_cursor` of the page before.")
]

Timestamp = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.isoformat().replace("+00:00", "Z"), return_type=str, when_used="json"
    ),
]
"""ISO 8601, UTC."""

Provider = Annotated[
    StrictStr, AfterValidator(_aws_only), Field(json_schema_extra={"enum": ["aws"]})
]
ProviderId = Annotated[
    StrictStr, _Matching("[0-9]{12}", "An AWS account number is 12 digits, as a string.")
]
Name = Annotated[
    StrictStr,
    _Matching(
        "[A-Za-z0-9]{1,64}", "A name is 1 to 64 letters and digits, without spaces or signs."
    ),
]
RoleName = Annotated[
    StrictStr,
    _Matching(
        r"Cavok[A-Za-z0-9+=,.@_-]{0,59}",
        "A role name starts with Cavok, and goes on with up to 59 letters, digits or +=,.@_-",
    ),
]
Region = Annotated[
    StrictStr, AfterValidator(_known_region), Field(json_schema_extra={"enum": sorted(REGIONS)})
]
Regions = Annotated[list[Region], Field(min_length=1, max_length=20)]
AccessKeyId = Annotated[
    StrictStr,
    _Matching(
        r"[A-Za-z0-9_]{16,128}",
        "An access key ID is 16 to 128 letters and digits; it starts with AKIA.",
    ),
    AfterValidator(_long_term_key),
]
SecretKey = Annotated[SecretStr, Field(min_length=1, max_length=128)]


class _MayBeLeftOut:
    """Marks a field that may be left out but not be null, so that OpenAPI shows no null."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shown = handler(schema)
        (given,) = (option for option in shown.pop("anyOf") if option != {"type": "null"})
        return {**shown, **given}


def _left_out() -> None:
    """Its default: a factory, which OpenAPI does not show."""


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("Give a value, or leave the field out.")
        return value


class CredentialsBody(Request):
    """An access key of an IAM user. It goes in and never comes out."""

    access_key_id: AccessKeyId
    secret_access_key: SecretKey

    def access_key(self) -> AccessKey:
        return AccessKey(self.access_key_id, self.secret_access_key.get_secret_value())


class NewAccountBody(Request):
    """An account to connect."""

    provider: Provider
    provider_id: ProviderId
    name: Name
    access_type: AccessType
    write_logs: StrictBool
    regions: Regions = Field(
        default_factory=list, description="Default: the region of this service."
    )
    role_name: RoleName = Field(default_factory=lambda: DEFAULT_ROLE_NAME)
    credentials: Annotated[CredentialsBody | None, _MayBeLeftOut()] = Field(
        default_factory=_left_out
    )

    def new_account(self, default_region: str) -> NewAccount:
        """Raises InvalidField for what belongs to the other access type."""
        uses_keys = self.access_type is AccessType.ACCESS_KEY
        if uses_keys and self.credentials is None:
            raise InvalidField("credentials", "Required for the access type access_key.")
        if uses_keys and "role_name" in self.model_fields_set:
            raise InvalidField("role_name", "Only for the access type assume_role.")
        if not uses_keys and self.credentials is not None:
            raise InvalidField("credentials", "Only for the access type access_key.")
        return NewAccount(
            account_number=self.provider_id,
            name=self.name,
            access_type=self.access_type,
            write_logs=self.write_logs,
            regions=tuple(dict.fromkeys(self.regions)) or (default_region,),
            role_name=None if uses_keys else self.role_name,
            access_key=self.credentials.access_key() if self.credentials else None,
        )


class AccountChangeBody(Request):
    """What to change; what is left out stays."""

    name: Annotated[Name | None, _MayBeLeftOut()] = Field(default_factory=_left_out)
    write_logs: Annotated[StrictBool | None, _MayBeLeftOut()] = Field(default_factory=_left_out)
    regions: Annotated[Regions | None, _MayBeLeftOut()] = Field(default_factory=_left_out)
    role_name: Annotated[RoleName | None, _MayBeLeftOut()] = Field(default_factory=_left_out)

    def change(self) -> AccountChange:
        regions = tuple(dict.fromkeys(self.regions)) if self.regions else None
        return AccountChange(
            name=self.name, write_logs=self.write_logs, regions=regions, role_name=self.role_name
        )


class IssueBody(BaseModel):
    code: str
    message: str
    remedy: str


class CapabilitiesBody(BaseModel):
    ec2: Capability
    rds: Capability
    logs: Capability


class LastVerificationBody(BaseModel):
    verification_id: str
    outcome: Outcome
    finished_at: Timestamp


class AccountBody(BaseModel):
    """A connected account. Of an access key, only the last four characters of the ID are shown."""

    account_id: str
    provider: str
    provider_id: str
    name: str
    access_type: AccessType
    role_arn: str | None
    access_key_id: str | None
    write_logs: bool
    regions: list[str]
    status: Status
    issues: list[IssueBody]
    capabilities: CapabilitiesBody
    verification: LastVerificationBody | None
    testing: bool
    next_verification_at: Timestamp | None
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp
    version: int

    @classmethod
    def of(cls, account: Account, now: datetime) -> Self:
        last = account.verification
        return cls(
            account_id=account.account_id,
            provider=account.provider,
            provider_id=account.account_number,
            name=account.name,
            access_type=account.access_type,
            role_arn=account.role_arn,
            access_key_id=account.access_key_id_ending,
            write_logs=account.write_logs,
            regions=list(account.regions),
            status=account.status,
            issues=[
                IssueBody(code=i.code, message=i.message, remedy=i.remedy) for i in account.issues
            ],
            capabilities=CapabilitiesBody.model_validate(account.capabilities),
            verification=LastVerificationBody(
                verification_id=last.verification_id,
                outcome=last.outcome,
                finished_at=last.finished_at,
            )
            if last
            else None,
            testing=account.testing(now),
            next_verification_at=account.next_verification_at,
            created_at=account.created_at,
            created_by=account.created_by,
            updated_at=account.updated_at,
            version=account.version,
        )


class AccountPage(BaseModel):
    items: list[AccountBody]
    next_cursor: str | None


class StepBody(BaseModel):
    """One step of a verification: what was tried and what AWS's answer proves."""

    step: str
    group: Literal["trust", "checking", "ec2", "rds", "logs"]
    verdict: Verdict
    ok: bool | None
    evidence: Evidence
    reason: Reason | None
    error_code: str | None
    detail: str | None
    region: str | None
    started_at: Timestamp
    duration_ms: int

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls.model_validate(step, from_attributes=True)


class VerificationBody(BaseModel):
    """One test of an account. Operators also see the execution that ran it."""

    verification_id: str
    account_id: str
    trigger: Trigger
    state: State
    outcome: Outcome | None
    started_at: Timestamp
    finished_at: Timestamp | None
    steps: list[StepBody]
    execution_arn: str | None = None

    @classmethod
    def of(cls, verification: Verification, now: datetime, *, with_execution: bool) -> Self:
        shown = verification.as_of(now)
        return cls(
            verification_id=shown.verification_id,
            account_id=shown.account_id,
            trigger=shown.trigger,
            state=shown.state,
            outcome=shown.outcome,
            started_at=shown.started_at,
            finished_at=shown.finished_at,
            steps=[StepBody.of(step) for step in shown.steps],
            execution_arn=shown.execution_arn if with_execution else None,
        )


class VerificationPage(BaseModel):
    items: list[VerificationBody]
    next_cursor: str | None


class ByStatus(BaseModel):
    unconfirmed: int
    confirmed: int
    degraded: int
    failed: int


class AccountCounts(BaseModel):
    total: int
    by_status: ByStatus


class OrganizationBody(BaseModel):
    organization_id: str
    external_id: str
    trusted_account_id: str
    accounts: AccountCounts

    @classmethod
    def of(cls, organization: Organization, trusted_account_id: str) -> Self:
        return cls(
            organization_id=organization.organization_id,
            external_id=organization.external_id,
            trusted_account_id=trusted_account_id,
            accounts=AccountCounts(
                total=sum(organization.counts.values()),
                by_status=ByStatus.model_validate(organization.counts),
            ),
        )


class ProviderBody(BaseModel):
    id: str
    name: str
    available: bool


class ProviderToCome(ProviderBody):
    note: str


class ProviderList(BaseModel):
    items: list[ProviderToCome | ProviderBody]


PROVIDERS = ProviderList(
    items=[
        ProviderBody(id="aws", name="AWS", available=True),
        ProviderToCome(id="azure", name="Azure", available=False, note=AZURE_NOTE),
    ]
)


class ActionBody(BaseModel):
    action: str
    why: str


class PermissionGroupBody(BaseModel):
    group: str
    title: str
    why: str
    required: bool
    resource: str
    actions: list[ActionBody]


class PermissionsBody(BaseModel):
    """The Access Details: every permission, why, and the policy that grants them all."""

    groups: list[PermissionGroupBody]
    policy_document: dict[str, Any]

    @classmethod
    def of_catalog(cls) -> Self:
        return cls(
            groups=[
                PermissionGroupBody(
                    group=group.group,
                    title=group.title,
                    why=group.why,
                    required=group.required,
                    resource=group.resource,
                    actions=[ActionBody(action=p.action, why=p.why) for p in group.permissions],
                )
                for group in GROUPS
            ],
            policy_document=policy_document(),
        )


class InstructionStepBody(BaseModel):
    title: str
    text: str


class InstructionsBody(BaseModel):
    """How to let Cavok in, with this organization's external ID. Policies are JSON documents."""

    steps: list[InstructionStepBody]
    trust_policy: dict[str, Any] | None
    permissions_policy: dict[str, Any]
    deploy_on_aws_url: str
    cloudformation_template: str
    terraform: str
    cli: str

    @classmethod
    def of(
        cls, account: Account, trust: instructions.Trust, template: str, deploy_url: str
    ) -> Self:
        return cls(
            steps=[
                InstructionStepBody(title=s.title, text=s.text) for s in instructions.steps(account)
            ],
            trust_policy=instructions.trust_policy(account, trust),
            permissions_policy=policy_document(instructions.granted_groups(account)),
            deploy_on_aws_url=deploy_url,
            cloudformation_template=template,
            terraform=instructions.terraform(account, trust),
            cli=instructions.cli(account, trust),
        )


class Health(BaseModel):
    status: Literal["ok"] = "ok"


def etag(account: Account) -> str:
    return f'"{account.version}"'


def version_of(if_match: str | None) -> int | None:
    """The version that an If-Match header demands: none for `*`, and one that nothing has for what
    is no ETag.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = re.fullmatch(r'\s*(?:W/)?"(\d{1,18})"\s*', if_match)
    return int(tag[1]) if tag else -1
