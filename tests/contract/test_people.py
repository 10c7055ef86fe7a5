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
from tests.support.template import resource

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
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        TemporaryPassword=PASSWORD,
        UserAttributes=[_attribute("email", email), _attribute(ORGANIZATION, "northwind")],
    )
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
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="ON",
    )
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        TemporaryPassword=PASSWORD,
        UserAttributes=[_attribute("email", email), _attribute(ORGANIZATION, "northwind")],
    )

    asked = _signed_in(public_client, client_id, email, PASSWORD)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with pytest.raises(public_client.exceptions.InvalidPasswordException):
        _answered(public_client, client_id, asked, NEW_PASSWORD="short")
    chosen = f"{PASSWORD}-of-my-own"
    asked = _answered(public_client, client_id, asked, NEW_PASSWORD=chosen)
    assert asked["ChallengeName"] == "MFA_SETUP"
    with pytest.raises(public_client.exceptions.ClientError):
        _answered(public_client, client_id, asked)
    made = public_client.associate_software_token(Session=asked["Session"])
    verified = public_client.verify_software_token(
        Session=made["Session"], UserCode=totp.code(made["SecretCode"])
    )
    assert verified["Status"] == "SUCCESS"
    let_in = _answered(public_client, client_id, asked | {"Session": verified["Session"]})
    assert "RefreshToken" in let_in["AuthenticationResult"]

    asked = _signed_in(public_client, client_id, email, chosen)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(public_client.exceptions.CodeMismatchException):
        _answered(public_client, client_id, asked, SOFTWARE_TOKEN_MFA_CODE="000000")
    if ON_LOOPBACK:  # AWS takes a code once, and the next one is half a minute away.
        code = totp.code(made["SecretCode"])
        let_in = _answered(public_client, client_id, asked, SOFTWARE_TOKEN_MFA_CODE=code)
        assert "IdToken" in let_in["AuthenticationResult"]


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
