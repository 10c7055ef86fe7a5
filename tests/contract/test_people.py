"""Cognito: nobody moves to another organization by editing their own profile."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.contract.place import Place

ORGANIZATION = "custom:organization"


@pytest.fixture(scope="module")
def signed_in(place: Place) -> str:
    """An access token of a user in a pool like template.yaml's."""
    cognito, email = place.client("cognito-idp"), "contract@example.com"
    pool = cognito.create_user_pool(
        PoolName=place.name("people"),
        UsernameAttributes=["email"],
        Schema=[{"Name": "organization", "AttributeDataType": "String", "Mutable": False}],
    )["UserPool"]["Id"]
    place.later(cognito.delete_user_pool, UserPoolId=pool)
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="contract",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        WriteAttributes=["email"],
    )["UserPoolClient"]["ClientId"]
    password = f"aA1-{secrets.token_urlsafe(24)}"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[_attribute("email", email), _attribute(ORGANIZATION, "northwind")],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=email, Password=password, Permanent=True
    )
    browser = place.session.client(
        "cognito-idp",
        region_name=place.region,
        config=Config(signature_version=UNSIGNED),
    )
    answer = browser.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


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


def _attribute(name: str, value: str) -> Any:
    return {"Name": name, "Value": value}
