"""Cognito user pools."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from ministack.core import responses
from ministack.services import cognito
from ministack.services.cloudformation import provisioners

from local.fidelity.correction import Response, corrects, replaces

ANSWERED_BY_PEOPLE = ("NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP")
TOTP = "SOFTWARE_TOKEN_MFA"


@dataclass(frozen=True)
class SignIn:
    """A sign-in whose password was right, and which waits for the answer to a challenge."""

    client_id: str
    user: dict[str, Any]
    challenge: str
    verified: bool = False

    def is_answered_by(self, data: dict[str, Any]) -> bool:
        same = (self.client_id, self.challenge) == (data["ClientId"], data["ChallengeName"])
        return same and (self.verified or self.challenge != "MFA_SETUP")


_sign_ins: dict[str, SignIn] = {}
"""By the `Session` that was handed out."""

_rotated: dict[str, float] = {}
"""When a refresh token was exchanged for another one, in seconds since 1970."""


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


# ---- second factors and forced passwords ---------------------------------------------------------


@corrects(cognito, "_password_auth_result")
def ask_everybody_for_a_second_factor_where_it_is_required(
    original: Any,
    pool: dict[str, Any],
    pool_id: str,
    client_id: str,
    user: dict[str, Any],
    *others: Any,
    **more: Any,
) -> Response:
    """In a pool with `MfaConfiguration` ON, a user without a factor gets the challenge MFA_SETUP.

    The emulator lets such a user in.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
    """
    answer = original(pool, pool_id, client_id, user, *others, **more)
    return _after_the_password(answer, pool, client_id, user)


@corrects(cognito, "_respond_to_auth_challenge")
def take_an_answer_only_in_the_session_of_its_challenge(
    original: Any, data: dict[str, Any]
) -> Response:
    """The `Session` of a challenge says who has proved what, and is good for one right answer.
    After a new password, which satisfies the policy, the second factor is asked for. MFA_SETUP is
    answered in the session that VerifySoftwareToken returned.

    The emulator takes any answer in any session, and any password, and asks for nothing afterwards.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
    """
    challenge, session = data.get("ChallengeName"), data.get("Session", "")
    if challenge not in ANSWERED_BY_PEOPLE:
        return original(data)  # type: ignore[no-any-return]
    sign_in = _sign_ins.get(session)
    if sign_in is None or not sign_in.is_answered_by(data):
        return _not_authorized("Invalid session for the user.")
    pool, _ = cognito._pool_for_client(sign_in.client_id)
    given = {**data["ChallengeResponses"], "USERNAME": sign_in.user["Username"]}
    answer: Response | None = None
    if challenge == "NEW_PASSWORD_REQUIRED":
        answer = cognito._validate_password(pool, given["NEW_PASSWORD"])
    answer = answer or original(data | {"ChallengeResponses": given})
    if answer[0] == 200:
        del _sign_ins[session]
    if challenge == "NEW_PASSWORD_REQUIRED" and answer[0] == 200:
        return _after_the_password(answer, pool, sign_in.client_id, sign_in.user)
    return answer


def _after_the_password(
    answer: Response, pool: dict[str, Any], client_id: str, user: dict[str, Any]
) -> Response:
    """The answer, or the challenge that stands between a right password and tokens."""
    body = json.loads(answer[2])
    required = pool.get("MfaConfiguration") == "ON"
    if required and "AuthenticationResult" in body and TOTP not in user.get("_mfa_enabled", []):
        parameters = {
            "MFAS_CAN_SETUP": json.dumps([TOTP]),
            "USER_ID_FOR_SRP": user["Username"],
        }
        body = {
            "ChallengeName": "MFA_SETUP",
            "Session": secrets.token_urlsafe(32),
            "ChallengeParameters": parameters,
        }
        answer = responses.json_response(body)
    if body.get("ChallengeName") in ANSWERED_BY_PEOPLE:
        _sign_ins[body["Session"]] = SignIn(client_id, user, body["ChallengeName"])
    return answer


@corrects(cognito, "_associate_software_token")
def give_a_secret_only_to_who_has_proved_the_password(
    original: Any, data: dict[str, Any]
) -> Response:
    """AssociateSoftwareToken takes an access token, or the session of a challenge MFA_SETUP.

    The emulator gives a secret to anybody.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html
    """
    sign_in = _sign_ins.get(data.get("Session", ""))
    if not data.get("AccessToken") and (sign_in is None or sign_in.challenge != "MFA_SETUP"):
        return _not_authorized("Invalid session for the user.")
    answer: Response = original(data)
    if sign_in:
        _sign_ins[json.loads(answer[2])["Session"]] = sign_in
    return answer


@corrects(cognito, "_verify_software_token")
def register_the_authenticator_of_whose_session_it_is(
    original: Any, data: dict[str, Any]
) -> Response:
    """VerifySoftwareToken with a session registers the authenticator of the user who signs in. With
    an access token it only verifies it: SetUserMFAPreference makes Cognito ask for it.

    The emulator forgets whose session it is, and asks for a code from then on.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
    """
    session = data.get("Session", "")
    sign_in, secret = _sign_ins.get(session), cognito._totp_session_secrets.get(session)
    owner = cognito._user_for_access_token(data.get("AccessToken"))
    enabled = list((owner or {}).get("_mfa_enabled", []))
    answer: Response = original(data)
    if answer[0] != 200:
        return answer
    if owner is not None:
        owner["_mfa_enabled"] = enabled
    if sign_in:
        sign_in.user.update(_totp_secret=secret, _mfa_enabled=[TOTP], _preferred_mfa=TOTP)
        _sign_ins[json.loads(answer[2])["Session"]] = replace(sign_in, verified=True)
    return answer


# ---- pools that are there ------------------------------------------------------------------------


@corrects(cognito, "_update_user_pool")
def require_no_second_factor_by_update_user_pool(original: Any, data: dict[str, Any]) -> Response:
    """UpdateUserPool turns no `MfaConfiguration` ON of a pool that was made without. That is
    SetUserPoolMfaConfig's.

    The emulator does it. AWS's pages do not say so; users report it, also of CloudFormation.
    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1176
    """
    pool = cognito._user_pools.get(data.get("UserPoolId"), {})
    if data.get("MfaConfiguration") == "ON" and pool.get("MfaConfiguration") != "ON":
        message = "Cannot turn MFA functionality ON, once the user pool has been created."
        return _invalid_parameter(message)
    return original(data)  # type: ignore[no-any-return]


@corrects(cognito, "_set_user_pool_mfa_config")
def want_a_factor_where_one_may_be_asked_for_and_none_elsewhere(
    original: Any, data: dict[str, Any]
) -> Response:
    """SetUserPoolMfaConfig turns off each factor that it does not name. Without one it is not ON or
    OPTIONAL, and with one it is not OFF.

    The emulator takes both. AWS's pages do not say so; users report it.
    https://github.com/aws/aws-sdk-js/issues/4186
    """
    wanted = data.get("MfaConfiguration")
    totp = data.get("SoftwareTokenMfaConfiguration", {}).get("Enabled")
    factor = totp or data.get("SmsMfaConfiguration") or data.get("EmailMfaConfiguration")
    if wanted in ("ON", "OPTIONAL") and not factor:
        said = "can't disable all MFAs with a required or optional configuration."
        return _invalid_parameter(f"Invalid MFA configuration given, {said}")
    if wanted == "OFF" and factor:
        said = "can't turn off MFA and configure an MFA together."
        return _invalid_parameter(f"Invalid MFA configuration given, {said}")
    return original(data)  # type: ignore[no-any-return]


@corrects(cognito, "_admin_set_user_mfa_preference")
@corrects(cognito, "_set_user_mfa_preference")
def keep_a_second_factor_where_it_is_required(original: Any, data: dict[str, Any]) -> Response:
    """TOTP cannot be turned off for a user whose pool has `MfaConfiguration` ON. The page does not
    say with which error.

    The emulator turns it off.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SoftwareTokenMfaSettingsType.html
    """
    pool = cognito._user_pools.get(data.get("UserPoolId"))
    if pool is None:
        _user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
    turned_off = data.get("SoftwareTokenMfaSettings", {}).get("Enabled") is False
    if turned_off and (pool or {}).get("MfaConfiguration") == "ON":
        return _invalid_parameter("TOTP MFA is required in this user pool.")
    return original(data)  # type: ignore[no-any-return]


@corrects(cognito, "_dispatch_idp")
async def let_administrators_delete_an_authenticator(
    original: Any, action: str, data: dict[str, Any]
) -> Response:
    """AdminDeleteSoftwareToken takes a user's authenticator away, with the preference for it. The
    next sign-in is as if there had never been one.

    The emulator does not know the operation.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
    """
    if action != "AdminDeleteSoftwareToken":
        return await original(action, data)  # type: ignore[no-any-return]
    pool, error = cognito._resolve_pool(data["UserPoolId"])
    if not error:
        user, error = cognito._resolve_user(pool, data["Username"])
    if error:
        return error  # type: ignore[no-any-return]
    others = [factor for factor in user.get("_mfa_enabled", []) if factor != TOTP]
    user.update(_totp_secret=None, _mfa_enabled=others, _preferred_mfa="")
    return responses.json_response({})  # type: ignore[no-any-return]


# ---- refresh tokens ------------------------------------------------------------------------------


@replaces(provisioners, "_COGNITO_USER_POOL_CLIENT_UPDATABLE")
def know_rotation_in_templates(original: dict[str, Any]) -> dict[str, Any]:
    """`RefreshTokenRotation` of AWS::Cognito::UserPoolClient.

    The emulator ignores it.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cognito-userpoolclient.html
    """
    return {**original, "RefreshTokenRotation": {"Feature": "DISABLED"}}


@corrects(cognito, "_create_user_pool_client")
@corrects(cognito, "_update_user_pool_client")
def keep_whether_a_client_rotates(original: Any, data: dict[str, Any]) -> Response:
    """An app client has `RefreshTokenRotation`. It goes with no ALLOW_REFRESH_TOKEN_AUTH.

    The emulator forgets it.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
    """
    rotation = data.get("RefreshTokenRotation", {})
    if _rotates(data) and "ALLOW_REFRESH_TOKEN_AUTH" in data.get("ExplicitAuthFlows", []):
        message = "Refresh token rotation cannot be enabled with ALLOW_REFRESH_TOKEN_AUTH."
        return _invalid_parameter(message)
    answer: Response = original(data)
    if rotation and answer[0] == 200:
        made = json.loads(answer[2])["UserPoolClient"]
        client = cognito._user_pools[made["UserPoolId"]]["_clients"][made["ClientId"]]
        client["RefreshTokenRotation"] = rotation
        return responses.json_response(  # type: ignore[no-any-return]
            {"UserPoolClient": made | {"RefreshTokenRotation": rotation}}
        )
    return answer


@replaces(cognito, "_PASSWORD_AUTH_FLOWS")
def renew_by_initiate_auth_only_where_the_client_allows_it(
    original: dict[str, Any],
) -> dict[str, Any]:
    """InitiateAuth takes REFRESH_TOKEN_AUTH of a client with ALLOW_REFRESH_TOKEN_AUTH.

    The emulator takes it of each client.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    refusal = "Auth flow not enabled for this client"
    return {**original, "REFRESH_TOKEN_AUTH": ({"ALLOW_REFRESH_TOKEN_AUTH"}, refusal)}


@corrects(cognito, "_get_tokens_from_refresh_token")
def give_another_refresh_token_and_let_the_old_one_end(
    original: Any, data: dict[str, Any]
) -> Response:
    """With rotation, GetTokensFromRefreshToken also issues a new refresh token. The old one is good
    for `RetryGracePeriodSeconds` more, then RefreshTokenReuseException.

    The emulator issues none.
    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
    """
    pool, pool_id = cognito._pool_for_client(data.get("ClientId"))
    client = (pool or {"_clients": {}})["_clients"].get(data.get("ClientId"), {})
    if not _rotates(client):
        return original(data)  # type: ignore[no-any-return]
    token, now = data.get("RefreshToken", ""), time.time()
    grace = client["RefreshTokenRotation"].get("RetryGracePeriodSeconds", 0)
    if token in _rotated and now > _rotated[token] + int(grace):
        return responses.error_response_json(  # type: ignore[no-any-return]
            "RefreshTokenReuseException", "Refresh token has been invalidated", 400
        )
    answer: Response = original(data)
    if answer[0] != 200:
        return answer
    _rotated.setdefault(token, now)
    result, claims = json.loads(answer[2])["AuthenticationResult"], _claims(token)
    result["RefreshToken"] = cognito._fake_token(
        claims["sub"], pool_id, data["ClientId"], "refresh", origin_jti=claims["origin_jti"]
    )
    return responses.json_response({"AuthenticationResult": result})  # type: ignore[no-any-return]


def _rotates(client: dict[str, Any]) -> bool:
    return bool(client.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED")


def _only_administrators_create_users(pool: dict[str, Any]) -> bool:
    only = (pool.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly")
    # CloudFormation hands over what the template says, which may be a string.
    return str(only).lower() == "true"


def _not_authorized(message: str) -> Response:
    return responses.error_response_json(  # type: ignore[no-any-return]
        "NotAuthorizedException", message, 400
    )


def _invalid_parameter(message: str) -> Response:
    return responses.error_response_json(  # type: ignore[no-any-return]
        "InvalidParameterException", message, 400
    )


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims
