"""Whether an answer that a test makes up is one that the API could give."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from cavok.api.models.accounts import AccountBody, AccountPage
from cavok.api.models.audit import AuditPage
from cavok.api.models.bulk import BulkAnswer, OperationBody
from cavok.api.models.detection import DetectionBody
from cavok.api.models.enrollments import (
    EndedEnrollmentBody,
    EnrollmentBody,
    EnrollmentInstructionsBody,
    EnrollmentPage,
)
from cavok.api.models.imports import AccountsImportResult
from cavok.api.models.instances import InstanceList
from cavok.api.models.instructions import InstructionsBody
from cavok.api.models.interactions import InteractionBody, InteractionPage
from cavok.api.models.invitations import InvitationBody, InvitationPage, InvitedBody
from cavok.api.models.least_privilege import LeastPrivilegeBody
from cavok.api.models.members import MemberPage, UnitPage
from cavok.api.models.organizations import OrganizationBody
from cavok.api.models.permissions import PermissionsBody
from cavok.api.models.resource_list import OrganizationResourceList
from cavok.api.models.resources import ResourceBody, ResourceList
from cavok.api.models.shared_problems import SharedProblemPage
from cavok.api.models.synchronizations import SynchronizationBody
from cavok.api.models.usage import MonthList, OrganizationUsageBody, UsageBody
from cavok.api.models.verifications import VerificationBody, VerificationPage
from cavok.api.models.webhooks import DeliveryPage, Redelivery, TestMessage, WebhookBody
from cavok.api.problems import Problem

_ACCOUNT = "/v1/accounts/[^/]+"
_ENROLLMENT = "/v1/enrollments/[^/]+"
_ANSWERS: dict[str, type[BaseModel]] = {
    "GET /v1/organization": OrganizationBody,
    "GET /v1/organization/usage": OrganizationUsageBody,
    "GET /v1/problems": SharedProblemPage,
    "GET /v1/organization/usage/months": MonthList,
    "GET /v1/permissions": PermissionsBody,
    "(GET|PUT) /v1/organization/webhook": WebhookBody,
    "POST /v1/organization/webhook/test": TestMessage,
    "GET /v1/organization/webhook/deliveries": DeliveryPage,
    "POST /v1/organization/webhook/deliveries/.+/redeliver": Redelivery,
    f"GET /v1/audit|GET {_ACCOUNT}/audit": AuditPage,
    "GET /v1/accounts": AccountPage,
    "POST /v1/accounts/import": AccountsImportResult,
    "POST /v1/accounts/bulk": BulkAnswer,
    "(GET|DELETE) /v1/operations/[^/]+": OperationBody,
    f"POST /v1/accounts|(GET|PATCH) {_ACCOUNT}": AccountBody,
    f"GET {_ACCOUNT}/instructions": InstructionsBody,
    f"GET {_ACCOUNT}/least-privilege": LeastPrivilegeBody,
    f"GET {_ACCOUNT}/invitations": InvitationPage,
    f"POST {_ACCOUNT}/invitations": InvitationBody,
    "GET /v1/invitation": InvitedBody,
    f"GET {_ACCOUNT}/verifications": VerificationPage,
    f"POST {_ACCOUNT}/verifications|GET {_ACCOUNT}/verifications/[^/]+": VerificationBody,
    f"POST {_ACCOUNT}/detection": DetectionBody,
    f"GET {_ACCOUNT}/usage": UsageBody,
    f"GET {_ACCOUNT}/instances": InstanceList,
    f"POST {_ACCOUNT}/instances/[^/]+/[^/]+/(start|stop)": InteractionBody,
    f"GET {_ACCOUNT}/interactions": InteractionPage,
    "GET /v1/resources": OrganizationResourceList,
    f"GET {_ACCOUNT}/resources": ResourceList,
    f"POST {_ACCOUNT}/resources|(GET|PATCH) {_ACCOUNT}/resources/[^/]+": ResourceBody,
    "GET /v1/enrollments": EnrollmentPage,
    f"POST /v1/enrollments|(GET|PATCH) {_ENROLLMENT}": EnrollmentBody,
    f"DELETE {_ENROLLMENT}": EndedEnrollmentBody,
    f"GET {_ENROLLMENT}/instructions": EnrollmentInstructionsBody,
    f"GET {_ENROLLMENT}/units": UnitPage,
    f"GET {_ENROLLMENT}/members": MemberPage,
    f"(POST|GET) {_ENROLLMENT}/synchronizations(/[^/]+)?": SynchronizationBody,
}
"""By method and path. What is not here is not made up by any test."""


@lru_cache(maxsize=500)
def drift_of(method: str, path: str, status: int, text: str) -> str | None:
    """The same of a body as it is sent: the same answers are given again and again."""
    return drift(method, path, status, json.loads(text))


def drift(method: str, path: str, status: int, body: Any) -> str | None:
    """What is different from what the API would send."""
    request = f"{method} {path[path.index('/v1/') :]}"
    if status >= 400:
        if set(body) == {"message"}:
            return None  # the gateway's own answer
        return _difference(Problem, body, request, leave_out_none=True)
    if status == 204:
        return None if body is None else f"{request}: {body} with 204"
    for pattern, model in _ANSWERS.items():
        if re.fullmatch(pattern, request):
            return _difference(model, body, request)
    return f"{request}: no such answer is known to shapes.py"


def _difference(
    model: type[BaseModel], body: Any, request: str, *, leave_out_none: bool = False
) -> str | None:
    try:
        # The problem of one account may lack its `errors`.
        has_problems = model in {AccountsImportResult, OperationBody}
        sent = model.model_validate(body).model_dump(
            mode="json", exclude_none=leave_out_none, exclude_unset=has_problems
        )
    except ValidationError as error:
        return f"{request}: {error}"
    made_up = json.dumps(body, sort_keys=True)
    real = json.dumps(sent, sort_keys=True)
    return None if made_up == real else f"{request}: made up {made_up}, but the API sends {real}"
