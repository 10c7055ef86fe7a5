"""The routes of accounts."""

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, account_versions, etag
from cavok.api.idempotency import request_key
from cavok.api.models.accounts import AccountBody, AccountChangeBody, AccountPage, NewAccountBody
from cavok.api.models.common import Cursor, IdempotencyKey, Limit
from cavok.api.plain import Plain, plain
from cavok.api.responses import (
    CREATED,
    NO_CONTENT,
    answers,
    created,
    no_content,
    ok,
    paged_plainly,
)
from cavok.api.router import Router
from cavok.domain.accounts import Account, ListedAccount, Status
from cavok.domain.pages import Position
from cavok.domain.template_updates import template_outdated
from cavok.services.accounts import (
    change_account,
    connect_account,
    disconnect_account,
    revoke_account,
)

router = Router()


def _otherwise_named(account: ListedAccount, now: datetime) -> dict[str, Any]:
    """The fields of a body that an account does not have under the same name."""
    return {
        "provider_id": account.account_number,
        "access_key_id": account.access_key_id_ending,
        "issues": (*account.issues, *template_outdated(account)),
        "testing": account.testing(now),
    }


def account_body(account: ListedAccount, now: datetime) -> AccountBody:
    """An account as it is shown."""
    return AccountBody.of(account, **_otherwise_named(account, now))


def listed_account(account: ListedAccount, now: datetime) -> Plain:
    """The same as JSON, for lists."""
    return plain(AccountBody, account, **_otherwise_named(account, now))


def _body(account: ListedAccount) -> AccountBody:
    return account_body(account, router.now())


def _tag(account: Account) -> str:
    return etag(account.version, account.writes, testing=account.testing(router.now()))


def _ok(account: Account) -> Response[AccountBody]:
    return ok(_body(account), {"ETag": _tag(account)})


@router.post(
    "/v1/accounts",
    summary="Connect an account",
    tags=["Accounts"],
    responses=answers("already_connected", ok=CREATED),
)
def create_account(
    body: NewAccountBody, idempotency_key: IdempotencyKey = None
) -> Response[AccountBody]:
    """Adds an account with the status `unconfirmed`. A request with the same Idempotency-Key and
    body returns the same account.
    """
    account = connect_account(
        router.caller.organization_id,
        body.new_account(wiring.setting("AWS_REGION")),
        own_account=wiring.setting("TRUSTED_ACCOUNT_ID"),
        key=request_key(idempotency_key, body),
        requester=router.requester,
        organizations=wiring.organizations(),
        accounts=wiring.accounts(),
        sealer=wiring.sealer(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    return created(_body(account), f"/v1/accounts/{account.account_id}", _tag(account))


@router.get("/v1/accounts", summary="List accounts", tags=["Accounts"], responses=answers())
def list_accounts(
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Annotated[
        str | None,
        Query(max_length=64, description="The start of the name or of the account number."),
    ] = None,
    status: Annotated[Status | None, Query()] = None,
    template_version: Annotated[
        int | None, Query(ge=1, le=9999, description="The version that their role has.")
    ] = None,
) -> Response[AccountPage]:
    """Lists accounts by name. If `q` is digits, name matches come first, then account-number
    matches. A page of these, or by both `status` and `template_version`, may have few or no
    accounts: go on while there is a `next_cursor`.
    """
    organization_id, prefix = router.caller.organization_id, q or ""
    scope = f"{organization_id}/accounts/{prefix}/{status or ''}"
    if template_version:
        scope += f"/{template_version}"
    page = wiring.accounts().page(
        organization_id,
        limit=limit,
        prefix=prefix,
        status=status,
        template_version=template_version,
        after=Position.of_cursor(cursor, scope, "name", "number", prefix=prefix.lower()),
    )
    now = router.now()
    items = [listed_account(account, now) for account in page.items]
    return paged_plainly(AccountPage, items, page.next_cursor(scope), router.query)


@router.get(
    "/v1/accounts/<account_id>",
    summary="One account",
    tags=["Accounts"],
    responses=answers("account_not_found"),
)
def get_account(account_id: str) -> Response[AccountBody]:
    """Returns an account. Its ETag begins with its version, and If-Match compares that alone."""
    account = wiring.accounts().get(router.caller.organization_id, account_id)
    return _ok(account)


@router.patch(
    "/v1/accounts/<account_id>",
    summary="Change an account",
    tags=["Accounts"],
    responses=answers("account_not_found", "busy_with_others", "precondition_failed"),
)
def patch_account(
    account_id: str,
    body: AccountChangeBody,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[AccountBody]:
    """Changes name, write_logs, regions, role_name or role_path. A new role or new regions make the
    account unconfirmed.
    """
    account = change_account(
        router.caller.organization_id,
        account_id,
        body.change(),
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        accounts=wiring.accounts(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    return _ok(account)


@router.delete(
    "/v1/accounts/<account_id>",
    summary="Disconnect an account",
    tags=["Accounts"],
    responses=answers(
        "account_not_found", "busy_with_others", "precondition_failed", ok=NO_CONTENT
    ),
)
def delete_account(
    account_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> Response[None]:
    """Deletes the account and its access key. Cavok no longer uses the key, but sealed copies stay
    in backups for 35 days and in histories of tests for 90 days, so delete it in IAM too. Repeating
    the request within a day returns the same answer.
    """
    disconnect_account(
        router.caller.organization_id,
        account_id,
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        accounts=wiring.accounts(),
        now=router.now(),
    )
    return no_content()


@router.post(
    "/v1/accounts/<account_id>/revoke",
    summary="Revoke the use of an account",
    tags=["Accounts"],
    responses=answers(
        "account_not_found", "busy_with_others", "precondition_failed", ok=NO_CONTENT
    ),
)
def revoke(
    account_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> Response[None]:
    """Ends all use of the account at once: no start, stop, listing, log line or scheduled test
    until a person tests it. It is `unconfirmed`, with the issue `revoked`. Repeating it changes
    nothing.
    """
    revoke_account(
        router.caller.organization_id,
        account_id,
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        accounts=wiring.accounts(),
        now=router.now(),
    )
    return no_content()
