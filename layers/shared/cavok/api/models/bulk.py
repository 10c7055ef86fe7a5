"""The bodies of bulk operations."""

from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr

from cavok.api.models.common import (
    EnrollmentId,
    Matching,
    MayBeLeftOut,
    RequestBodyWithoutNulls,
    ResponseBody,
    Timestamp,
    UnitId,
    left_out,
)
from cavok.api.problems import Problem, part_of_code
from cavok.domain.account_list import Selection
from cavok.domain.accounts import AccessType, Status
from cavok.domain.bulk import (
    MOST_NAMED,
    BulkAction,
    BulkFailure,
    BulkOperation,
    BulkRequest,
    BulkState,
)
from cavok.domain.errors import InvalidField
from cavok.domain.ids import ULID_PATTERN

AccountId = Annotated[StrictStr, Matching(ULID_PATTERN, "An account's id is 26 characters.")]
OperationId = Annotated[StrictStr, Matching(ULID_PATTERN, "An operation's id is 26 characters.")]


class AccountFilterBody(RequestBodyWithoutNulls):
    """The filters of the list of accounts. Without any, it selects all accounts."""

    q: Annotated[StrictStr, Field(max_length=64)] = ""
    status: Annotated[Status | None, MayBeLeftOut()] = Field(default_factory=left_out)
    access_type: Annotated[AccessType | None, MayBeLeftOut()] = Field(default_factory=left_out)
    has_problems: Annotated[StrictBool | None, MayBeLeftOut()] = Field(default_factory=left_out)
    template_version: Annotated[
        Annotated[StrictInt, Field(ge=1, le=9999)] | None, MayBeLeftOut()
    ] = Field(default_factory=left_out)
    enrollment_id: Annotated[EnrollmentId | None, MayBeLeftOut()] = Field(default_factory=left_out)
    ou: Annotated[UnitId | None, MayBeLeftOut()] = Field(default_factory=left_out)

    def selection(self) -> Selection:
        """As the list has it."""
        return Selection(
            q=self.q.lower(),
            status=self.status,
            access_type=self.access_type,
            has_problems=self.has_problems,
            template_version=self.template_version,
            enrollment_id=self.enrollment_id,
            unit_id=self.ou,
        )


class AccountSelectionBody(RequestBodyWithoutNulls):
    """Accounts by their ids, by a filter, or by what an operation changed: one of these."""

    account_ids: Annotated[
        Annotated[list[AccountId], Field(min_length=1, max_length=MOST_NAMED)] | None,
        MayBeLeftOut(),
    ] = Field(default_factory=left_out)
    filter: Annotated[AccountFilterBody | None, MayBeLeftOut()] = Field(default_factory=left_out)
    changed_by: Annotated[OperationId | None, MayBeLeftOut()] = Field(default_factory=left_out)


class BulkRequestBody(RequestBodyWithoutNulls):
    """One action on many accounts."""

    action: BulkAction
    selection: AccountSelectionBody
    value: Annotated[StrictBool | None, MayBeLeftOut()] = Field(default_factory=left_out)
    expected_total: Annotated[Annotated[StrictInt, Field(ge=0)] | None, MayBeLeftOut()] = Field(
        default_factory=left_out
    )
    dry_run: StrictBool = False

    def bulk_request(self) -> BulkRequest:
        """Raises InvalidField for what does not belong together."""
        ids, given = self.selection.account_ids, self.selection.filter
        changed_by = self.selection.changed_by
        if [ids, given, changed_by].count(None) != 2:
            raise InvalidField("selection", "Use one of account_ids, filter and changed_by.")
        if (self.action is BulkAction.WRITE_LOGS) is (self.value is None):
            raise InvalidField("value", "value is for write_logs alone, and required there.")
        return BulkRequest(
            action=self.action,
            value=self.value,
            account_ids=ids or (),
            selection=given.selection() if given else None,
            changed_by=changed_by,
            expected_total=self.expected_total,
        )


class BulkAnswer(ResponseBody):
    """What was begun. `operation_id` is null for a dry run."""

    operation_id: str | None
    total: int


class BulkFailureBody(ResponseBody):
    """An account that was refused, and why."""

    account_id: str
    name: str | None
    problem: Problem

    @classmethod
    def of_failure(cls, failure: BulkFailure, request_id: str) -> Self:
        """A failure as it is shown."""
        return cls(
            account_id=failure.account_id,
            name=failure.name,
            problem=part_of_code(failure.code, failure.detail, request_id),
        )


class OperationBody(ResponseBody):
    """How far a bulk operation is."""

    operation_id: str
    action: BulkAction
    value: bool | None
    state: BulkState
    total: int
    done: int
    skipped: int
    changed: int
    failed: list[BulkFailureBody]
    failed_total: int
    started_at: Timestamp
    finished_at: Timestamp | None

    @classmethod
    def of_operation(cls, operation: BulkOperation) -> Self:
        """An operation as it is shown."""
        request_id = operation.requester.request_id
        failed = [BulkFailureBody.of_failure(each, request_id) for each in operation.failures]
        return cls.of(operation, failed=failed, failed_total=operation.failed)


class OperationList(ResponseBody):
    """The organization's latest bulk operations, newest first."""

    operations: list[OperationBody]
