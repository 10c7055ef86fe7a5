"""Reading a "Deploy on AWS" link as the CloudFormation console reads it."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from local.customers import Offer

TEMPLATE_URL = "https://templates.example/a.json?X-Amz-Signature=abc&X-Amz-Expires=60"


def test_an_offer_is_what_the_link_names_behind_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def get(url: str, **_: object) -> httpx.Response:
        fetched.append(url)
        return httpx.Response(200, text="{}", request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    link = (
        "https://us-east-1.console.aws.amazon.com/cloudformation/home?region=us-east-1"
        f"#/stacks/quickcreate?templateURL={quote(TEMPLATE_URL, safe='')}&stackName=CavokCloud"
        "&param_ExternalId=e%2F1&param_RoleName=CavokCloud"
    )

    offer = Offer.from_link(link)

    assert fetched == [TEMPLATE_URL]
    assert offer.template == "{}"
    assert (offer.stack_name, offer.external_id, offer.role_name) == (
        "CavokCloud",
        "e/1",
        "CavokCloud",
    )
