"""Cognito user pools."""

from __future__ import annotations

import base64
import json
from typing import Any

from ministack.core import responses
from ministack.services import cognito

from local.fidelity.correction import Response, corrects


@corrects(cognito, "_update_user_attributes")
def protect_attributes_that_the_client_may_not_write(
    original: Any, data: dict[str, Any]
) -> Response:
    """Signed-in users may write only the attributes that the app client lists as
    `WriteAttributes`, so never their organization.

    The emulator lets them write all.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    token = data.get("AccessToken", "")
    _user, pool = cognito._user_pool_for_access_token(token)
    if pool:
        client = pool["_clients"].get(_claims(token).get("client_id"), {})
        written = {attribute["Name"] for attribute in data.get("UserAttributes", [])}
        if client.get("WriteAttributes") and not written <= set(client["WriteAttributes"]):
            return _not_authorized("A client attempted to write unauthorized attribute")
    return original(data)  # type: ignore[no-any-return]


@corrects(cognito, "_update_user_attributes")
def keep_an_attribute_until_a_new_one_is_confirmed(original: Any, data: dict[str, Any]) -> Response:
    """Attributes in `AttributesRequireVerificationBeforeUpdate` change once their owner has
    confirmed the new value.

    The emulator changes them at once. Here nobody can confirm one.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserAttributeUpdateSettingsType.html
    """
    _user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
    settings = (pool or {}).get("UserAttributeUpdateSettings", {})
    awaited = settings.get("AttributesRequireVerificationBeforeUpdate", [])
    at_once = [each for each in data.get("UserAttributes", []) if each["Name"] not in awaited]
    return original(data | {"UserAttributes": at_once})  # type: ignore[no-any-return]


@corrects(cognito, "_sign_up")
def refuse_sign_up_where_only_administrators_create_users(
    original: Any, data: dict[str, Any]
) -> Response:
    """In a pool with `AllowAdminCreateUserOnly`, `SignUp` is NotAuthorizedException.

    The emulator creates the user.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUserConfigType.html
    """
    for pool in cognito._user_pools.values():
        if data.get("ClientId") in pool["_clients"] and _only_administrators_create_users(pool):
            return _not_authorized("SignUp is not permitted for this user pool")
    return original(data)  # type: ignore[no-any-return]


@corrects(cognito, "_fake_token")
def show_only_attributes_that_the_client_may_read(
    original: Any,
    sub: str,
    pool_id: str,
    client_id: str,
    *kind_and_name: str,
    user_attrs: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """An ID token has the attributes that the app client lists as `ReadAttributes`. Without a list
    those are the standard ones, and no custom ones.

    The emulator shows all.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    client = cognito._user_pools.get(pool_id, {}).get("_clients", {}).get(client_id, {})
    listed = client.get("ReadAttributes")
    shown = {
        name: value
        for name, value in (user_attrs or {}).items()
        if (name in listed if listed else not name.startswith("custom:"))
    }
    return original(  # type: ignore[no-any-return]
        sub, pool_id, client_id, *kind_and_name, user_attrs=shown, **more
    )


def _only_administrators_create_users(pool: dict[str, Any]) -> bool:
    only = (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")
    # CloudFormation hands over what the template says, which may be a string.
    return str(only).lower() == "true"


def _not_authorized(message: str) -> Response:
    return responses.error_response_json(  # type: ignore[no-any-return]
        "NotAuthorizedException", message, 400
    )


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims
