"""Errors as problems."""

from __future__ import annotations

import json

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from cavok.api import problems
from cavok.domain.errors import Conflict


class Narrower(Conflict):
    """An error that the mapping does not name."""


def test_an_error_has_the_status_of_its_base_class() -> None:
    app = APIGatewayHttpResolver()
    problems.install(app)

    @app.get(".+")
    def refuse() -> None:
        raise Narrower("Someone else was first.")

    answer = app.resolve(
        {
            "version": "2.0",
            "rawPath": "/v1/accounts",
            "headers": {},
            "requestContext": {
                "stage": "$default",
                "http": {"method": "GET", "path": "/v1/accounts"},
            },
        },
        None,  # type: ignore[arg-type]
    )

    assert answer["statusCode"] == 409
    assert json.loads(answer["body"])["detail"] == "Someone else was first."
