"""The bodies of enrollments."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictStr

from cavok.api.models.accounts import (
    AvailableProvider,
    IssueBody,
    Name,
    ProviderId,
    Regions,
    RolePath,
    TemplateBody,
)
from cavok.api.models.common import (
    Matching,
    MayBeLeftOut,
    RequestBodyWithoutNulls,
    ResponseBody,
    Timestamp,
    UnitId,
    left_out,
)
from cavok.api.models.instructions import InstructionStepBody, UpdateBody
from cavok.api.models.members import MemberTotals
from cavok.domain import enrollment_templates
from cavok.domain.enrollments import (
    FEATURES,
    MOST_EXCLUDED,
    MOST_TAGS,
    MOST_UNITS,
    Enrollment,
    EnrollmentOptions,
    EnrollmentStatus,
    features_of,
)
from cavok.domain.instructions import Trust
from cavok.domain.permissions import DEFAULT_ROLE_PATH
from cavok.domain.template_versions import Template


def _known_feature(value: str) -> str:
    if value not in FEATURES:
        raise ValueError(f"{value[:40]!a} is no feature: {', '.join(FEATURES)}.")
    return value


Units = Annotated[list[UnitId], Field(max_length=MOST_UNITS)]
NumbersLeftOut = Annotated[list[ProviderId], Field(max_length=MOST_EXCLUDED)]
NamePattern = Annotated[
    StrictStr,
    Matching(
        r"[\x20-\x7e]{1,64}",
        "A pattern of names is up to 64 characters; * and ? stand for any others.",
    ),
]
Boundary = Annotated[
    StrictStr,
    Field(max_length=512),
    Matching(
        "([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]*",
        "A permissions boundary is a policy's name, with its path, such as team/Limits.",
    ),
]
Feature = Annotated[
    StrictStr, AfterValidator(_known_feature), Field(json_schema_extra={"enum": [*FEATURES]})
]
Features = Annotated[list[Feature], Field(max_length=len(FEATURES))]
_TAG_KEY, _TAG_VALUE = "(?!aws:)[A-Za-z0-9 +._:/@-]{1,128}", "[A-Za-z0-9 +._:/@-]{0,256}"
_TAGS = (
    "A tag's key is 1 to 128, its value up to 256 letters, digits, spaces or +._:/@- characters. "
    "Keys that begin with aws: are AWS's own."
)


def _fit(tags: Any) -> Any:
    """An error names the field, and not an entry whose name may be anything. Raises ValueError.

    IAM makes no role with keys that differ only in case. Source: IAM User Guide, "Tags for AWS
    Identity and Access Management resources", "Case sensitivity".
    """
    if isinstance(tags, dict):
        for key, value in tags.items():
            fits = isinstance(value, str) and re.fullmatch(_TAG_VALUE, value)
            if not fits or not re.fullmatch(_TAG_KEY, key):
                raise ValueError(_TAGS)
        if len({key.lower() for key in tags}) < len(tags):
            raise ValueError("Tags have keys that differ in more than case: to IAM, Team is team.")
    return tags


Tags = Annotated[
    dict[
        Annotated[StrictStr, Matching(_TAG_KEY, _TAGS)],
        Annotated[StrictStr, Matching(_TAG_VALUE, _TAGS)],
    ],
    Field(max_length=MOST_TAGS),
    BeforeValidator(_fit),
]


class NewEnrollmentBody(RequestBodyWithoutNulls):
    """An AWS Organization to connect by one stack."""

    name: Name
    provider: Annotated[AvailableProvider, Field(title="EnrollmentProvider")]
    management_account_id: Annotated[ProviderId | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    include_ous: Units = Field(default_factory=list)
    exclude_ous: Units = Field(default_factory=list)
    exclude_accounts: NumbersLeftOut = Field(default_factory=list)
    name_pattern: Annotated[NamePattern | None, MayBeLeftOut()] = Field(default_factory=left_out)
    regions: Regions = Field(
        default_factory=list, description="Default: the region of this service."
    )
    write_logs: StrictBool
    role_path: RolePath = Field(default_factory=lambda: DEFAULT_ROLE_PATH)
    permissions_boundary: Annotated[Boundary | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    tags: Tags = Field(default_factory=dict)
    features: Annotated[Features | None, MayBeLeftOut()] = Field(default_factory=left_out)

    def options(self, default_region: str) -> EnrollmentOptions:
        """What the person chose, each entry of a list once. Raises InvalidField."""
        return EnrollmentOptions(
            name=self.name,
            include_ous=_once(self.include_ous),
            exclude_ous=_once(self.exclude_ous),
            exclude_accounts=_once(self.exclude_accounts),
            name_pattern=self.name_pattern,
            regions=_once(self.regions) or (default_region,),
            write_logs=self.write_logs,
            role_path=self.role_path,
            permissions_boundary=self.permissions_boundary or None,
            tags=self.tags,
            features=features_of(self.features, write_logs=self.write_logs),
        )


class EnrollmentChangeBody(RequestBodyWithoutNulls):
    """What to change. Fields that are left out stay as they are."""

    name: Annotated[Name | None, MayBeLeftOut()] = Field(default_factory=left_out)
    management_account_id: Annotated[ProviderId | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    include_ous: Annotated[Units | None, MayBeLeftOut()] = Field(default_factory=left_out)
    exclude_ous: Annotated[Units | None, MayBeLeftOut()] = Field(default_factory=left_out)
    exclude_accounts: Annotated[NumbersLeftOut | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    name_pattern: Annotated[NamePattern | None, MayBeLeftOut()] = Field(default_factory=left_out)
    regions: Annotated[Regions | None, MayBeLeftOut()] = Field(default_factory=left_out)
    write_logs: Annotated[StrictBool | None, MayBeLeftOut()] = Field(default_factory=left_out)
    permissions_boundary: Annotated[Boundary | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    tags: Annotated[Tags | None, MayBeLeftOut()] = Field(default_factory=left_out)
    features: Annotated[Features | None, MayBeLeftOut()] = Field(default_factory=left_out)

    def options(self) -> dict[str, Any]:
        """The given fields, as the domain has them."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        lists = {name: _once(value) for name, value in given.items() if isinstance(value, list)}
        empty = {"permissions_boundary": None} if given.get("permissions_boundary") == "" else {}
        return given | lists | empty


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


class EnrollmentIssueBody(IssueBody):
    """What is wrong with an enrollment, or why its last synchronization failed."""


class EnrollmentBody(ResponseBody):
    """An AWS Organization that your organization connects by one stack."""

    enrollment_id: str
    name: str
    provider: str
    management_account_id: str | None
    organization_arn: str | None
    include_ous: list[str]
    exclude_ous: list[str]
    exclude_accounts: list[str]
    name_pattern: str | None
    regions: list[str]
    write_logs: bool
    role_path: str
    permissions_boundary: str | None
    tags: dict[str, str]
    features: list[str]
    status: EnrollmentStatus
    issues: list[EnrollmentIssueBody]
    totals: MemberTotals
    template: TemplateBody | None
    synchronizing: bool
    last_synchronized_at: Timestamp | None
    next_synchronization_at: Timestamp | None
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp
    version: int


class EnrollmentPage(ResponseBody):
    """All of them, so there is no next page."""

    items: list[EnrollmentBody]
    next_cursor: str | None = None


class EndedEnrollmentBody(ResponseBody):
    """What to delete in AWS now, in this order."""

    steps: list[InstructionStepBody]

    @classmethod
    def made(cls) -> Self:
        """The same for every enrollment."""
        found = enrollment_templates.ending_steps()
        return cls(steps=[InstructionStepBody.of(step) for step in found])


class EnrollmentInstructionsBody(ResponseBody):
    """How to deploy the one stack, with your organization's external ID."""

    steps: list[InstructionStepBody]
    deploy_on_aws_url: str
    cloudformation_template: str
    terraform: str
    cli: str
    update: UpdateBody | None

    @classmethod
    def of_enrollment(
        cls, enrollment: Enrollment, trust: Trust, template_url: str, template: Template | None
    ) -> Self:
        """The instructions in every form. `template_url`: of the published template. `template`:
        the version that the stack has.
        """
        made = enrollment_templates
        update = made.update_of(enrollment, template, template_url, trust.region)
        return cls(
            steps=[InstructionStepBody.of(step) for step in made.steps(enrollment, trust.region)],
            deploy_on_aws_url=made.deploy_url(enrollment, trust, template_url),
            cloudformation_template=made.cloudformation_template(enrollment, trust),
            terraform=made.terraform(enrollment, trust, template_url),
            cli=made.cli(enrollment, trust, template_url),
            update=UpdateBody.of(update) if update else None,
        )
