"""The bodies of accounts."""

from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictStr,
    create_model,
)

from cavok.api.models.common import (
    Matching,
    MayBeLeftOut,
    RegionHealthBody,
    RequestBodyWithoutNulls,
    ResponseBody,
    Timestamp,
    left_out,
)
from cavok.api.models.credentials import CredentialsBody
from cavok.domain.accounts import AccessType, Capability, Outcome, Severity, Status
from cavok.domain.errors import InvalidField
from cavok.domain.permissions import CAPABILITY_GROUPS, DEFAULT_ROLE_NAME, DEFAULT_ROLE_PATH
from cavok.domain.providers import AVAILABLE, Provider
from cavok.domain.regions import REGIONS
from cavok.services.accounts import AccountEdit, NewAccount


def _available(value: str) -> str:
    if value in AVAILABLE:
        return value
    to_come = [f" {p.descriptor.title} is {p.descriptor.note}." for p in Provider if p == value]
    raise ValueError(f"provider is {' or '.join(AVAILABLE)}.{''.join(to_come)}")


def _known_region(value: str) -> str:
    if value not in REGIONS:
        raise ValueError(f"{value[:40]!a} is not the name of an AWS region, such as us-east-1.")
    return value


AvailableProvider = Annotated[
    StrictStr, AfterValidator(_available), Field(json_schema_extra={"enum": [*AVAILABLE]})
]
ProviderId = Annotated[
    StrictStr, Matching("[0-9]{12}", "An AWS account number is 12 digits, as a string.")
]
Name = Annotated[
    StrictStr,
    Matching(
        "[A-Za-z0-9]{1,64}",
        "A name is 1 to 64 letters and digits, without spaces or other characters.",
    ),
]
RoleName = Annotated[
    StrictStr,
    Matching(
        r"Cavok[A-Za-z0-9+=,.@_-]{0,59}",
        "A role name is Cavok, followed by up to 59 letters, digits or +=,.@_- characters.",
    ),
]
RolePath = Annotated[
    StrictStr,
    Field(max_length=64),
    Matching(
        r"/([A-Za-z0-9+=,.@_-]+/)*",
        "A role path is / or, for example, /team/: letters, digits or +=,.@_- between slashes.",
    ),
]
Region = Annotated[
    StrictStr, AfterValidator(_known_region), Field(json_schema_extra={"enum": sorted(REGIONS)})
]
Regions = Annotated[list[Region], Field(min_length=1, max_length=20)]


class NewAccountBody(RequestBodyWithoutNulls):
    """An account to connect."""

    provider: AvailableProvider
    provider_id: ProviderId
    name: Name
    access_type: AccessType
    write_logs: StrictBool
    regions: Regions = Field(
        default_factory=list, description="Default: the region of this service."
    )
    role_name: RoleName = Field(default_factory=lambda: DEFAULT_ROLE_NAME)
    role_path: RolePath = Field(default_factory=lambda: DEFAULT_ROLE_PATH)
    credentials: Annotated[CredentialsBody | None, MayBeLeftOut()] = Field(default_factory=left_out)

    def new_account(self, default_region: str) -> NewAccount:
        """Raises InvalidField for what belongs to the other access type."""
        uses_keys = self.access_type is AccessType.ACCESS_KEY
        if uses_keys and self.credentials is None:
            raise InvalidField(
                "credentials", "credentials is required for the access type access_key."
            )
        for field in ("role_name", "role_path"):
            if uses_keys and field in self.model_fields_set:
                raise InvalidField(field, f"{field} is only for the access type assume_role.")
        if not uses_keys and self.credentials is not None:
            raise InvalidField("credentials", "credentials is only for the access type access_key.")
        return NewAccount(
            provider=Provider(self.provider),
            account_number=self.provider_id,
            name=self.name,
            access_type=self.access_type,
            write_logs=self.write_logs,
            regions=tuple(dict.fromkeys(self.regions)) or (default_region,),
            role_name=None if uses_keys else self.role_name,
            role_path=self.role_path,
            access_key=self.credentials.access_key() if self.credentials else None,
        )


class AccountChangeBody(RequestBodyWithoutNulls):
    """What to change. Fields that are left out stay as they are."""

    name: Annotated[Name | None, MayBeLeftOut()] = Field(default_factory=left_out)
    write_logs: Annotated[StrictBool | None, MayBeLeftOut()] = Field(default_factory=left_out)
    regions: Annotated[Regions | None, MayBeLeftOut()] = Field(default_factory=left_out)
    role_name: Annotated[RoleName | None, MayBeLeftOut()] = Field(default_factory=left_out)
    role_path: Annotated[RolePath | None, MayBeLeftOut()] = Field(default_factory=left_out)

    def change(self) -> AccountEdit:
        """The change as the domain has it; each region once, in the given order."""
        regions = tuple(dict.fromkeys(self.regions)) if self.regions else None
        return AccountEdit(
            name=self.name,
            write_logs=self.write_logs,
            regions=regions,
            role_name=self.role_name,
            role_path=self.role_path,
        )


class FixBody(ResponseBody):
    """A remedy to copy. In messages, it has neither `terraform` nor `stack_url`."""

    policy_statement: str | None
    cli: str | None
    terraform: str | None = None
    console_url: str | None
    stack_url: str | None = None


class IssueBody(ResponseBody):
    """Something to know about an account. Only problems degrade or fail it."""

    code: str
    message: str
    remedy: str
    severity: Severity
    fix: FixBody | None


if TYPE_CHECKING:
    CapabilitiesBody = ResponseBody
else:
    # One field a group of the catalog. The domain's capabilities are a mapping by group.
    _BY_GROUP = {group.group: (Capability, ...) for group in CAPABILITY_GROUPS}
    CapabilitiesBody = create_model("CapabilitiesBody", __base__=ResponseBody, **_BY_GROUP)


class TemplateChangeBody(ResponseBody):
    """What a later version changes, as IAM actions and in words."""

    version: int
    text: str
    adds: list[str]
    removes: list[str]


class TemplateBody(ResponseBody):
    """The template version of the account's role. An older version is no problem."""

    version: int
    current: int
    outdated: bool
    changes: list[TemplateChangeBody]


class LastVerificationBody(ResponseBody):
    verification_id: str
    outcome: Outcome
    finished_at: Timestamp


class StatusChangeBody(ResponseBody):
    """A change of an account's status."""

    on: str
    before: Status


class AccountBody(ResponseBody):
    """A connected account. Only the last four characters of an access key's id are shown."""

    account_id: str
    provider: str
    provider_id: str
    name: str
    access_type: AccessType
    role_arn: str | None
    role_path: str
    access_key_id: str | None
    write_logs: bool
    regions: list[str]
    region_health: list[RegionHealthBody]
    status: Status
    status_changes: list[StatusChangeBody]
    issues: list[IssueBody]
    capabilities: CapabilitiesBody
    template: TemplateBody | None
    enrollment_id: str | None
    verification: LastVerificationBody | None
    testing: bool
    next_verification_at: Timestamp | None
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp
    version: int


class AccountPage(ResponseBody):
    items: list[AccountBody]
    next_cursor: str | None
