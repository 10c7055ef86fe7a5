"""The HTTP API, v1: organization, accounts, verifications, instructions and permissions.

Each route reads the request, makes one call and answers; errors become problems elsewhere.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import cavok.api.deferred  # noqa: F401  first, before Powertools makes models

# isort: split
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.api import audit, documentation, gate, models, problems, usage, webhooks
from cavok.api.caller import Caller
from cavok.api.documentation import ACCEPTED, CREATED, NO_CONTENT, NO_TOKEN, PUBLIC, answers
from cavok.api.gate import caller_of
from cavok.api.idempotency import once
from cavok.api.models import Cursor, Limit
from cavok.domain.accounts import Account, Status
from cavok.domain.errors import AccountNotFound, Conflict
from cavok.domain.instructions import Trust
from cavok.domain.pages import Position
from cavok.observability import logger
from cavok.services.accounts import (
    change_account,
    connect_account,
    disconnect_account,
    rotate_credentials,
)
from cavok.services.instructions import instructions_for
from cavok.services.organizations import organization_of
from cavok.services.start_verification import start_verification

app = documentation.WholeApi(enable_validation=True)
problems.install(app)
documentation.install(app)
app.include_router(audit.router)
app.include_router(usage.router)
app.include_router(webhooks.router)


def _caller() -> Caller:
    return caller_of(app.current_event.raw_event)


def _now() -> datetime:
    return datetime.now(UTC)


def _account_answer(
    account: Account, status: HTTPStatus = HTTPStatus.OK
) -> Response[models.AccountBody]:
    headers = {"ETag": models.etag(account)}
    if status is CREATED:
        headers["Location"] = f"/v1/accounts/{account.account_id}"
    return Response(
        status_code=status.value,
        content_type="application/json",
        body=models.AccountBody.of(account, _now()),
        headers=headers,
    )


@app.get(
    "/v1/providers",
    summary="Cloud providers",
    tags=["Access details"],
    responses=PUBLIC,
    security=NO_TOKEN,
)
def list_providers() -> models.ProviderList:
    """The cloud providers, and which are available."""
    return models.PROVIDERS


@app.get(
    "/v1/permissions",
    summary="Access Details",
    tags=["Access details"],
    responses=PUBLIC,
    security=NO_TOKEN,
)
def list_permissions() -> models.PermissionsBody:
    """Every permission that Cavok asks for, and why."""
    return models.PermissionsBody.of_catalog()


@app.get(
    "/v1/organization", summary="Your organization", tags=["Organization"], responses=answers()
)
def get_organization() -> models.OrganizationBody:
    """The organization, its external ID, and how many accounts it has connected."""
    organization = organization_of(
        _caller().organization_id, accounts=wiring.accounts(), now=_now()
    )
    return models.OrganizationBody.of(organization, wiring.setting("TRUSTED_ACCOUNT_ID"))


@app.post(
    "/v1/accounts",
    summary="Connect an account",
    tags=["Accounts"],
    responses=answers(400, 409, ok=CREATED),
)
def create_account(
    body: models.NewAccountBody,
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)
    ] = None,
) -> Response[models.AccountBody]:
    """Adds an account, unconfirmed. The same Idempotency-Key and body answer with the same
    account.
    """
    caller = _caller()
    account_id = once(
        caller.organization_id,
        idempotency_key,
        body,
        lambda: (
            connect_account(
                caller.organization_id,
                body.new_account(wiring.setting("AWS_REGION")),
                actor=caller.name,
                accounts=wiring.accounts(),
                sealer=wiring.sealer(),
                now=_now(),
            ).account_id
        ),
        app.lambda_context,
    )
    try:
        account = wiring.accounts().get(caller.organization_id, account_id)
    except AccountNotFound:
        raise Conflict(
            "The account that this Idempotency-Key created was deleted. Use a new key."
        ) from None
    return _account_answer(account, CREATED)


@app.get("/v1/accounts", summary="List accounts", tags=["Accounts"], responses=answers())
def list_accounts(
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Annotated[
        str | None, Query(max_length=64, description="Prefix of the name or the number.")
    ] = None,
    status: Annotated[Status | None, Query()] = None,
) -> models.AccountPage:
    """Accounts by name; with digits in `q`, those whose number starts so come after those whose
    name does.
    """
    organization_id, prefix, now = _caller().organization_id, q or "", _now()
    scope = f"{organization_id}/accounts/{prefix}/{status or ''}"
    page = wiring.accounts().page(
        organization_id,
        limit=limit,
        prefix=prefix,
        status=status,
        after=Position.of_cursor(cursor, scope),
    )
    return models.AccountPage(
        items=[models.AccountBody.of(account, now) for account in page.items],
        next_cursor=page.end.cursor(scope) if page.end else None,
    )


@app.get(
    "/v1/accounts/<account_id>", summary="One account", tags=["Accounts"], responses=answers(404)
)
def get_account(account_id: str) -> Response[models.AccountBody]:
    """An account, with its version as ETag."""
    return _account_answer(wiring.accounts().get(_caller().organization_id, account_id))


@app.patch(
    "/v1/accounts/<account_id>",
    summary="Change an account",
    tags=["Accounts"],
    responses=answers(400, 404, 409, 412),
)
def patch_account(
    account_id: str,
    body: models.AccountChangeBody,
    if_match: Annotated[str | None, Header(alias="If-Match")] = None,
) -> Response[models.AccountBody]:
    """Changes name, write_logs, regions or role_name. Another role or regions make the account
    unconfirmed.
    """
    caller = _caller()
    account = change_account(
        caller.organization_id,
        account_id,
        body.change(),
        version=models.version_of(if_match),
        actor=caller.name,
        accounts=wiring.accounts(),
        now=_now(),
    )
    return _account_answer(account)


@app.put(
    "/v1/accounts/<account_id>/credentials",
    summary="Rotate the access key",
    tags=["Accounts"],
    responses=answers(400, 404, 409, ok=NO_CONTENT),
)
def put_credentials(account_id: str, body: models.CredentialsBody) -> Response[None]:
    """Replaces the access key. The account is unconfirmed until it is tested again."""
    caller = _caller()
    rotate_credentials(
        caller.organization_id,
        account_id,
        body.access_key(),
        actor=caller.name,
        accounts=wiring.accounts(),
        sealer=wiring.sealer(),
        now=_now(),
    )
    return Response(status_code=NO_CONTENT.value)


@app.delete(
    "/v1/accounts/<account_id>",
    summary="Disconnect an account",
    tags=["Accounts"],
    responses=answers(400, 404, 409, ok=NO_CONTENT),
)
def delete_account(account_id: str) -> Response[None]:
    """Forgets the account; its secrets are gone at once."""
    caller = _caller()
    disconnect_account(
        caller.organization_id,
        account_id,
        actor=caller.name,
        accounts=wiring.accounts(),
        now=_now(),
    )
    return Response(status_code=NO_CONTENT.value)


@app.get(
    "/v1/accounts/<account_id>/instructions",
    summary="How to let Cavok in",
    tags=["Accounts"],
    responses=answers(404),
)
def get_instructions(account_id: str) -> models.InstructionsBody:
    """The policies, the “Deploy on AWS” link, CloudFormation, Terraform and CLI, with your external
    ID in them.
    """
    accounts, organization_id = wiring.accounts(), _caller().organization_id
    account = accounts.get(organization_id, account_id)
    organization = organization_of(organization_id, accounts=accounts, now=_now())
    trust = Trust(
        trusted_account_id=wiring.setting("TRUSTED_ACCOUNT_ID"),
        external_id=organization.external_id,
    )
    template, url = instructions_for(account, trust, templates=wiring.templates())
    return models.InstructionsBody.of(account, trust, template, url)


@app.post(
    "/v1/accounts/<account_id>/verifications",
    summary="Test an account",
    tags=["Verifications"],
    responses=answers(400, 404, 409, 503, ok=ACCEPTED),
)
def create_verification(account_id: str) -> Response[models.VerificationBody]:
    """Starts a test, or answers with the one that is running."""
    caller, now = _caller(), _now()
    verification = start_verification(
        caller.organization_id,
        account_id,
        actor=caller.name,
        correlation_id=app.current_event.raw_event["requestContext"]["requestId"],
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        workflows=wiring.workflows(),
        now=now,
    )
    logger.info("Test asked for", verification_id=verification.verification_id)
    return Response(
        status_code=ACCEPTED.value,
        content_type="application/json",
        body=models.VerificationBody.of(verification, now, with_execution=caller.sees_executions),
        headers={
            "Location": f"/v1/accounts/{account_id}/verifications/{verification.verification_id}"
        },
    )


@app.get(
    "/v1/accounts/<account_id>/verifications",
    summary="Tests of an account",
    tags=["Verifications"],
    responses=answers(404),
)
def list_verifications(
    account_id: str, limit: Limit = 50, cursor: Cursor = None
) -> models.VerificationPage:
    """Newest first."""
    caller, now = _caller(), _now()
    wiring.accounts().get(caller.organization_id, account_id)
    scope = f"{caller.organization_id}/verifications/{account_id}"
    page = wiring.verifications().page(
        account_id, limit=limit, after=Position.of_cursor(cursor, scope)
    )
    return models.VerificationPage(
        items=[
            models.VerificationBody.of(v, now, with_execution=caller.sees_executions)
            for v in page.items
        ],
        next_cursor=page.end.cursor(scope) if page.end else None,
    )


@app.get(
    "/v1/accounts/<account_id>/verifications/<verification_id>",
    summary="One test of an account",
    tags=["Verifications"],
    responses=answers(404),
)
def get_verification(account_id: str, verification_id: str) -> models.VerificationBody:
    """A test, with the steps that are finished so far."""
    caller = _caller()
    wiring.accounts().get(caller.organization_id, account_id)
    verification = wiring.verifications().get(account_id, verification_id)
    return models.VerificationBody.of(verification, _now(), with_execution=caller.sees_executions)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request in API Gateway's payload format 2.0."""
    answer = gate.refusal(event) or app.resolve(event, context)
    request = event["requestContext"]["http"]
    logger.info(
        "Answered", method=request["method"], path=request["path"], status=answer["statusCode"]
    )
    return answer
