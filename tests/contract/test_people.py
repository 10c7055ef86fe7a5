"""Cognito: a token names the organization, and nobody joins one by signing up or by editing their
own profile.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.contract.place import ON_LOOPBACK, Place
from tests.support import totp
from tests.support.template import resource, template

POOL, TEMPLATE = resource("UserPool"), resource("UserPoolClient")
ORGANIZATION = "custom:organization"
OF_THE_CLIENT = (
    "ExplicitAuthFlows",
    "RefreshTokenRotation",
    "AuthSessionValidity",
    "ReadAttributes",
    "WriteAttributes",
)
PASSWORD = f"aA1-{secrets.token_urlsafe(24)}"


@pytest.fixture(scope="module")
def pool(place: Place) -> str:
    """The ID of a user pool like template.yaml's."""
    cognito = place.client("cognito-idp")
    pool_id: str = cognito.create_user_pool(
        PoolName=place.name("people"),
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=POOL["AutoVerifiedAttributes"],
        UserAttributeUpdateSettings=POOL["UserAttributeUpdateSettings"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        Schema=[{"Name": "organization", "AttributeDataType": "String", "Mutable": False}],
        Policies=POOL["Policies"],
    )["UserPool"]["Id"]
    place.later(cognito.delete_user_pool, UserPoolId=pool_id)
    return pool_id


@pytest.fixture(scope="module")
def client_id(place: Place, pool: str) -> str:
    made = place.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool,
        ClientName="contract",
        **{name: TEMPLATE[name] for name in OF_THE_CLIENT},
    )
    return str(made["UserPoolClient"]["ClientId"])


@pytest.fixture(scope="module")
def public_client(place: Place) -> Any:
    """Cognito as a browser uses it: without AWS credentials."""
    config = Config(signature_version=UNSIGNED)
    return place.session.client("cognito-idp", region_name=place.region, config=config)


@pytest.fixture(scope="module")
def tokens(place: Place, pool: str, client_id: str, public_client: Any) -> dict[str, str]:
    """The tokens of a user of the pool."""
    cognito, email = place.client("cognito-idp"), "contract@example.com"
    _create_user(cognito, pool, email)
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True
    )
    answer = public_client.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    given: dict[str, str] = answer["AuthenticationResult"]
    return given


@pytest.fixture
def signed_in(tokens: dict[str, str]) -> str:
    return tokens["AccessToken"]


def test_an_id_token_names_the_organization_and_the_email(tokens: dict[str, str]) -> None:
    payload = tokens["IdToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert claims[ORGANIZATION] == "northwind"
    assert claims["email"] == "contract@example.com"


def test_a_user_cannot_change_their_organization(place: Place, signed_in: str) -> None:
    cognito = place.client("cognito-idp")
    with pytest.raises(cognito.exceptions.ClientError) as refused:
        cognito.update_user_attributes(
            AccessToken=signed_in, UserAttributes=[_attribute(ORGANIZATION, "contoso")]
        )
    code = refused.value.response["Error"]["Code"]
    assert code in ("NotAuthorizedException", "InvalidParameterException")


def test_a_user_cannot_remove_their_organization(place: Place, signed_in: str) -> None:
    cognito = place.client("cognito-idp")
    with pytest.raises(cognito.exceptions.ClientError):
        cognito.delete_user_attributes(AccessToken=signed_in, UserAttributeNames=[ORGANIZATION])
    user = cognito.get_user(AccessToken=signed_in)
    assert _attribute(ORGANIZATION, "northwind") in user["UserAttributes"]


def test_a_new_address_does_not_count_before_it_is_confirmed(place: Place, signed_in: str) -> None:
    cognito = place.client("cognito-idp")
    cognito.update_user_attributes(
        AccessToken=signed_in, UserAttributes=[_attribute("email", "somebody.else@example.com")]
    )
    user = cognito.get_user(AccessToken=signed_in)
    assert _attribute("email", "contract@example.com") in user["UserAttributes"]


def test_nobody_signs_up_where_only_administrators_create_users(
    client_id: str, public_client: Any
) -> None:
    email = "stranger@example.com"
    with pytest.raises(public_client.exceptions.NotAuthorizedException):
        public_client.sign_up(
            ClientId=client_id,
            Username=email,
            Password=PASSWORD,
            UserAttributes=[_attribute("email", email)],
        )


def test_a_refresh_token_is_good_for_a_minute_after_it_was_exchanged(
    client_id: str, public_client: Any, tokens: dict[str, str]
) -> None:
    """So that a request whose answer was lost can be repeated. Nobody waits until it ends."""
    first = _exchanged(public_client, client_id, tokens["RefreshToken"])
    again = _exchanged(public_client, client_id, tokens["RefreshToken"])
    next_one = _exchanged(public_client, client_id, first)

    assert len({tokens["RefreshToken"], first, again, next_one}) == 4
    assert TEMPLATE["RefreshTokenRotation"]["RetryGracePeriodSeconds"] == 60


def test_a_rotating_client_is_renewed_in_no_other_way(
    client_id: str, public_client: Any, tokens: dict[str, str]
) -> None:
    with pytest.raises(public_client.exceptions.ClientError):
        public_client.initiate_auth(
            ClientId=client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )


def test_a_revoked_refresh_token_is_exchanged_no_more(
    client_id: str, public_client: Any, tokens: dict[str, str]
) -> None:
    token = _exchanged(public_client, client_id, tokens["RefreshToken"])
    public_client.revoke_token(Token=token, ClientId=client_id)

    with pytest.raises(public_client.exceptions.ClientError) as refused:
        _exchanged(public_client, client_id, token)
    assert refused.value.response["Error"]["Code"] == "NotAuthorizedException"


def test_where_it_is_required_everybody_sets_up_an_authenticator(
    place: Place, pool: str, client_id: str, public_client: Any
) -> None:
    """From the password that was sent: a new one, an authenticator, and its code ever after."""
    cognito, email = place.client("cognito-idp"), "first@example.com"
    _require_a_second_factor(cognito, pool)
    _create_user(cognito, pool, email)

    asked = _signed_in(public_client, client_id, email, PASSWORD)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with pytest.raises(public_client.exceptions.InvalidPasswordException):
        _answered(public_client, client_id, asked, NEW_PASSWORD="of 13 letters")
    chosen = f"{PASSWORD}-of-my-own"
    asked = _answered(public_client, client_id, asked, NEW_PASSWORD=chosen)
    assert asked["ChallengeName"] == "MFA_SETUP"
    with pytest.raises(public_client.exceptions.ClientError):
        _answered(public_client, client_id, asked)
    key, let_in = _set_up(public_client, client_id, asked)
    assert "RefreshToken" in let_in

    asked = _signed_in(public_client, client_id, email, chosen)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(public_client.exceptions.CodeMismatchException):
        _answered(public_client, client_id, asked, SOFTWARE_TOKEN_MFA_CODE="000000")
    if ON_LOOPBACK:  # AWS takes a code once, and the next one is half a minute away.
        code = totp.code(key)
        answer = _answered(public_client, client_id, asked, SOFTWARE_TOKEN_MFA_CODE=code)
        assert "IdToken" in answer["AuthenticationResult"]


def test_a_required_second_factor_is_not_turned_off_and_a_lost_one_is_replaced(
    place: Place, pool: str, client_id: str, public_client: Any
) -> None:
    cognito, email = place.client("cognito-idp"), "lost@example.com"
    of_them = {"UserPoolId": pool, "Username": email}
    _require_a_second_factor(cognito, pool)
    _create_user(cognito, pool, email)
    cognito.admin_set_user_password(**of_them, Password=PASSWORD, Permanent=True)
    asked = _signed_in(public_client, client_id, email, PASSWORD)
    _key, let_in = _set_up(public_client, client_id, asked)

    off = {"Enabled": False, "PreferredMfa": False}
    with pytest.raises(cognito.exceptions.ClientError):
        cognito.admin_set_user_mfa_preference(**of_them, SoftwareTokenMfaSettings=off)
    with pytest.raises(cognito.exceptions.ClientError):
        public_client.set_user_mfa_preference(
            AccessToken=let_in["AccessToken"], SoftwareTokenMfaSettings=off
        )
    asked = _signed_in(public_client, client_id, email, PASSWORD)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    cognito.admin_delete_software_token(**of_them)
    asked = _signed_in(public_client, client_id, email, PASSWORD)
    assert asked["ChallengeName"] == "MFA_SETUP"
    _set_up(public_client, client_id, asked)


def test_a_pool_needs_a_factor_to_ask_for(place: Place, pool: str) -> None:
    cognito = place.client("cognito-idp")
    totp_is_on = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    for wanted, factor in (("ON", {}), ("OPTIONAL", {}), ("OFF", totp_is_on)):
        with pytest.raises(cognito.exceptions.InvalidParameterException):
            cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration=wanted, **factor)


def test_a_stack_takes_a_second_factor_and_gives_threat_protection_up_later(place: Place) -> None:
    """As docs/operating.md says it: MFA in the pool first, then in the stack. AWS's pages do not
    say whether one update may end threat protection and the plan that it needs.
    """
    cognito, stack = place.client("cognito-idp"), place.name("people")
    cloudformation = place.client("cloudformation")
    text = json.dumps(_template_of_the_pool())

    def parameters(mfa: str, protection: str) -> list[dict[str, str]]:
        given = {"Mfa": mfa, "ThreatProtection": protection}
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]

    def update(mfa: str, protection: str) -> dict[str, Any]:
        cloudformation.update_stack(
            StackName=stack, TemplateBody=text, Parameters=parameters(mfa, protection)
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName=stack)
        found: dict[str, Any] = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        return found

    cloudformation.create_stack(
        StackName=stack, TemplateBody=text, Parameters=parameters("off", "AUDIT")
    )
    place.later(cloudformation.get_waiter("stack_delete_complete").wait, StackName=stack)
    place.later(cloudformation.delete_stack, StackName=stack)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    (made,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    pool_id = made["Outputs"][0]["OutputValue"]
    with pytest.raises(cognito.exceptions.InvalidParameterException):
        cognito.update_user_pool(UserPoolId=pool_id, MfaConfiguration="ON")
    _require_a_second_factor(cognito, pool_id)

    required = update("required", "AUDIT")
    assert (required["MfaConfiguration"], required["UserPoolTier"]) == ("ON", "PLUS")
    mfa = cognito.get_user_pool_mfa_config(UserPoolId=pool_id)
    assert mfa["SoftwareTokenMfaConfiguration"] == {"Enabled": True}
    unprotected = update("required", "OFF")
    assert (unprotected["MfaConfiguration"], unprotected["UserPoolTier"]) == ("ON", "ESSENTIALS")
    assert unprotected.get("UserPoolAddOns", {}).get("AdvancedSecurityMode", "OFF") == "OFF"


def _template_of_the_pool() -> dict[str, Any]:
    """template.yaml's user pool alone, which goes with its stack."""
    whole = template()
    names = {
        "Parameters": ("DeletionProtection", "IgnoreEmailCase", "Mfa", "ThreatProtection"),
        "Mappings": ("Mfa",),
        "Conditions": ("ProtectsData", "IgnoresEmailCase", "HasMfa", "HasThreatProtection"),
    }
    return {
        **{part: {name: whole[part][name] for name in listed} for part, listed in names.items()},
        "Resources": {"UserPool": {"Type": "AWS::Cognito::UserPool", "Properties": POOL}},
        "Outputs": {"UserPoolId": {"Value": {"Ref": "UserPool"}}},
    }


def _require_a_second_factor(cognito: Any, pool: str) -> None:
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="ON",
    )


def _create_user(cognito: Any, pool: str, email: str) -> None:
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        TemporaryPassword=PASSWORD,
        UserAttributes=[_attribute("email", email), _attribute(ORGANIZATION, "northwind")],
    )


def _set_up(public_client: Any, client_id: str, asked: dict[str, Any]) -> tuple[str, Any]:
    """Answers MFA_SETUP: the key of the new authenticator, and the tokens."""
    made = public_client.associate_software_token(Session=asked["Session"])
    verified = public_client.verify_software_token(
        Session=made["Session"], UserCode=totp.code(made["SecretCode"])
    )
    assert verified["Status"] == "SUCCESS"
    let_in = _answered(public_client, client_id, asked | {"Session": verified["Session"]})
    return made["SecretCode"], let_in["AuthenticationResult"]


def _exchanged(public_client: Any, client_id: str, token: str) -> str:
    answer = public_client.get_tokens_from_refresh_token(RefreshToken=token, ClientId=client_id)
    given: str = answer["AuthenticationResult"]["RefreshToken"]
    return given


def _signed_in(public_client: Any, client_id: str, email: str, password: str) -> dict[str, Any]:
    answer: dict[str, Any] = public_client.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return answer


def _answered(
    public_client: Any, client_id: str, asked: dict[str, Any], **responses: str
) -> dict[str, Any]:
    username = asked["ChallengeParameters"]["USER_ID_FOR_SRP"]
    answer: dict[str, Any] = public_client.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": username, **responses},
    )
    return answer


def _attribute(name: str, value: str) -> Any:
    return {"Name": name, "Value": value}
