"""The routes of accounts."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, account_versions, etag
from cavok.api.idempotency import request_key
from cavok.api.models.accounts import (
    AccountBody,
    AccountChangeBody,
    AccountPage,
    NewAccountBody,
)
from cavok.api.models.common import Cursor, EnrollmentId, IdempotencyKey, UnitId
from cavok.api.negotiation import prefers_csv
from cavok.api.plain import Plain, plain
from cavok.api.responses import (
    CREATED,
    NO_CONTENT,
    answers,
    created,
    no_content,
    ok,
    paged_as_csv,
    paged_plainly,
)
from cavok.api.router import Router
from cavok.domain.account_list import AccountSort, Selection
from cavok.domain.accounts import AccessType, Account, ListedAccount, Status
from cavok.domain.fixes import TrustPolicy, unread
from cavok.domain.pages import Page, Position
from cavok.domain.template_updates import issues_shown
from cavok.services.accounts import (
    change_account,
    connect_account,
    disconnect_account,
    revoke_account,
)

router = Router()


def _otherwise_named(
    account: ListedAccount, now: datetime, trust_policy: TrustPolicy
) -> dict[str, Any]:
    """The fields of a body that an account does not have under the same name."""
    return {
        "provider_id": account.account_number,
        "access_key_id": account.access_key_id_ending,
        "issues": issues_shown(account, wiring.setting("AWS_REGION"), trust_policy),
        "testing": account.testing(now),
    }


def account_body(
    account: ListedAccount, now: datetime, trust_policy: TrustPolicy = unread
) -> AccountBody:
    """An account as it is shown."""
    return AccountBody.of(account, **_otherwise_named(account, now, trust_policy))


def listed_account(
    account: ListedAccount, now: datetime, trust_policy: TrustPolicy = unread
) -> Plain:
    """The same as JSON, for lists."""
    return plain(AccountBody, account, **_otherwise_named(account, now, trust_policy))


def _trust_policy() -> TrustPolicy:
    return wiring.trust_policy(router.caller.organization_id)


def _tag(account: Account) -> str:
    return etag(account.version, account.writes, testing=account.testing(router.now()))


def _ok(account: Account, trust_policy: TrustPolicy) -> Response[AccountBody]:
    return ok(account_body(account, router.now(), trust_policy), {"ETag": _tag(account)})


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
    shown = account_body(account, router.now(), _trust_policy())
    return created(shown, f"/v1/accounts/{account.account_id}", _tag(account))


@router.get("/v1/accounts", summary="List accounts", tags=["Accounts"], responses=answers())
def list_accounts(
    *,
    limit: Annotated[
        int | None,
        Query(
            ge=1,
            le=100,
            description="The maximum number of entries to return. Default: 50; as CSV, 1,000.",
        ),
    ] = None,
    cursor: Cursor = None,
    q: Annotated[
        str | None,
        Query(
            max_length=64,
            description="What a word of the name begins with, or the account number. Words begin "
            "at capitals and digits: `house` finds `QuietHouse`.",
        ),
    ] = None,
    status: Annotated[Status | None, Query()] = None,
    access_type: Annotated[
        AccessType | None, Query(description="Only accounts that are entered so.")
    ] = None,
    has_problems: Annotated[
        bool | None,
        Query(description="Only accounts with an issue that is a problem, or only those without."),
    ] = None,
    template_version: Annotated[
        int | None, Query(ge=1, le=9999, description="The version that their role has.")
    ] = None,
    enrollment_id: Annotated[
        EnrollmentId | None, Query(description="Only accounts that this enrollment has.")
    ] = None,
    ou: Annotated[
        UnitId | None,
        Query(description="Only accounts of enrollments that are in this unit, at any depth."),
    ] = None,
    sort: Annotated[
        AccountSort | None,
        Query(description="The order; with a hyphen the reverse. Default: as described above."),
    ] = None,
) -> Response[AccountPage]:
    """Lists accounts that all filters select. Without `sort` they come by name; with `q`, those
    whose name begins so come first, then those in which a later word does, then those whose number
    does. By `status`, failed accounts come first, then degraded, unconfirmed and confirmed ones.
    Where the order does not tell which accounts are selected, a page looks at 5,000 names and reads
    200 accounts at most, with `ou` as many members too. So it may have few or none: go on while
    there is a `next_cursor`. The accounts of an `enrollment_id` with up to 100 members are found at
    once, and an unknown one has none.

    With `Accept: text/csv` the same accounts come as CSV (RFC 4180, UTF-8), also with their
    `enrollment_id`, a thousand in an answer: the rest is at `rel="next"` of `Link`. Only the first
    answer has the line of names, so that all answers together are one file. What a spreadsheet
    would take for a formula begins with an apostrophe.
    """
    organization_id = router.caller.organization_id
    selection = Selection(
        q=(q or "").lower(),
        status=status,
        access_type=access_type,
        has_problems=has_problems,
        template_version=template_version,
        enrollment_id=enrollment_id,
        unit_id=ou,
    )
    scope = selection.scope(organization_id, sort)
    after = Position.of_cursor(cursor, scope, "name", "word", "status", "number")
    find = partial(wiring.account_list().page, organization_id, selection, sort=sort, after=after)
    answer = (_csv_page if prefers_csv(router.accept) else _json_page)(find, limit, scope)
    answer.headers["Vary"] = "Accept"
    return answer


def _json_page(
    find: Callable[..., Page[ListedAccount]], limit: int | None, scope: str
) -> Response[AccountPage]:
    page, now, trust_policy = find(limit=limit or 50), router.now(), _trust_policy()
    items = [listed_account(account, now, trust_policy) for account in page.items]
    return paged_plainly(AccountPage, items, page.next_cursor(scope), router.query)


def _csv_page(
    find: Callable[..., Page[ListedAccount]], limit: int | None, scope: str
) -> Response[AccountPage]:
    from cavok.api import as_csv

    page, now, first = find(limit=limit or as_csv.LIMIT), router.now(), "cursor" not in router.query
    lines = as_csv.csv_of([listed_account(each, now) for each in page.items], header=first)
    return paged_as_csv(lines, page.next_cursor(scope), router.query, header=first)


@router.get(
    "/v1/accounts/<account_id>",
    summary="One account",
    tags=["Accounts"],
    responses=answers("account_not_found"),
)
def get_account(account_id: str) -> Response[AccountBody]:
    """Returns an account. Its ETag begins with its version, and If-Match compares that alone."""
    account = wiring.accounts().get(router.caller.organization_id, account_id)
    return _ok(account, _trust_policy())


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
    trust_policy = _trust_policy()
    account = change_account(
        router.caller.organization_id,
        account_id,
        body.change(),
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        accounts=wiring.accounts(),
        quotas=wiring.quotas(),
        now=router.now(),
        trust_policy=trust_policy,
    )
    return _ok(account, trust_policy)


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
