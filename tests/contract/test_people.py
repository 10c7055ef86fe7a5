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

from tests.contract.place import Place
from tests.support.template import resource

POOL, TEMPLATE = resource("UserPool"), resource("UserPoolClient")
ORGANIZATION = "custom:organization"
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
    )["UserPool"]["Id"]
    place.later(cognito.delete_user_pool, UserPoolId=pool_id)
    return pool_id


@pytest.fixture(scope="module")
def client_id(place: Place, pool: str) -> str:
    made = place.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool,
        ClientName="contract",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        **{name: TEMPLATE[name] for name in ("ReadAttributes", "WriteAttributes")},
    )
    return str(made["UserPoolClient"]["ClientId"])


@pytest.fixture(scope="module")
def public_client(place: Place) -> Any:
    """Cognito as a browser uses it: without AWS credentials."""
    config = Config(signature_version=UNSIGNED)
    return place.session.client("cognito-idp", region_name=place.region, config=config)


@pytest.fixture(scope="module")
def tokens(place: Place, pool: str, client_id: str, public_client: Any) -> dict[str, str]:
    """The access token and the ID token of a user of the pool."""
    cognito, email = place.client("cognito-idp"), "contract@example.com"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
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


def _attribute(name: str, value: str) -> Any:
    return {"Name": name, "Value": value}
