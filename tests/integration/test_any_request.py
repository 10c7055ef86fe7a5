"""Whatever a request holds, the API answers as its document says, and never 5xx.

With FUZZ_EXAMPLES, as CONTRIBUTING.md says, there are more requests, and other ones each time.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug import Request, Response

from tests.support.api import Api, is_our_sentence
from tests.support.builders import ORGANIZATION_ID
from tests.support.interleaving import brought_back
from tests.support.tenants import BODIES, World, filled, make_world, whole_api

__all__ = ["whole_api"]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
MANY_EXAMPLES = 450
"""With as many, 20,000 requests are sent: of all operations, in one process."""


def says_what_is_wrong(_: object, response: Response, __: Case) -> None:
    """In our sentences, and not in those of the library that validates."""
    if response.status_code == 422:
        for error in response.json()["errors"]:
            assert is_our_sentence(error["message"]), error


CHECKS = [
    says_what_is_wrong,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SEEN: Counter[int] = Counter()
"""How often each status was answered."""


@Request.application
def gateway(request: Request) -> Response:
    """The API for schemathesis, to which an admin talks."""
    query = {name: ",".join(values) for name, values in request.args.lists()}
    body = request.get_data() or None
    answer = Api(ORGANIZATION_ID, "admin").send(
        request.method, request.path, body, dict(request.headers), query
    )
    SEEN[answer.status] += 1
    return Response(answer.text, answer.status, answer.headers)


SCHEMA = schemathesis.openapi.from_dict(Api(None).get("/openapi.json").json)
SCHEMA.app = gateway
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}


@pytest.fixture(autouse=True, scope="module")
def _cases_counted() -> Iterator[None]:
    yield
    print(f"{SEEN.total()} cases: {dict(SEEN)}")
    assert EXAMPLES < MANY_EXAMPLES or SEEN.total() >= 20_000, "fewer than the documents say"


@pytest.fixture
def world() -> World:
    return brought_back("world", partial(make_world, ORGANIZATION_ID, 1))


@pytest.mark.timeout(600 + 10 * EXAMPLES)
@pytest.mark.parametrize("label", OPERATIONS)
def test_the_api_answers_as_documented(label: str, world: World) -> None:
    """To requests that the document allows and to others, about what is there and what not."""
    operation = OPERATIONS[label]
    path = {each.name: world.ids[each.name] for each in operation.path_parameters}
    for mode in GenerationMode:
        strategies = [operation.as_strategy(mode)]
        if path:
            strategies.append(operation.as_strategy(mode, path_parameters=path))
        try:
            _answered_as_documented(st.one_of(*strategies))
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, "what takes nothing has no wrong form"


def _answered_as_documented(cases: st.SearchStrategy[Case]) -> None:
    @settings(
        max_examples=EXAMPLES or 5,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def of_each(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    of_each()


LONGER_THAN_KEYS = "A" * 3000
"""DynamoDB refuses to look for a key of more than 2,048 bytes; the gateway lets 10,240 through.
Source: Amazon API Gateway Developer Guide, "Quotas for HTTP APIs".
"""


@pytest.mark.parametrize("label", OPERATIONS)
def test_a_parameter_that_is_longer_than_a_key_is_no_fault_of_ours(
    label: str, world: World
) -> None:
    """Each parameter by itself, in a request that is right otherwise."""
    operation = OPERATIONS[label]
    route = operation.method.upper(), operation.path
    admin, body = Api(ORGANIZATION_ID, "admin"), BODIES.get(route)
    sent = [
        (filled(operation.path, world.ids | {each.name: LONGER_THAN_KEYS}), {}, {})
        for each in operation.path_parameters
    ]
    path = filled(operation.path, world.ids)
    sent += [(path, {each.name: LONGER_THAN_KEYS}, {}) for each in operation.query]
    sent += [(path, {}, {each.name: LONGER_THAN_KEYS}) for each in operation.headers]
    for path, query, headers in sent:
        answer = admin.send(route[0], path, body, headers, query)
        assert answer.status < 500, f"{path[:80]} {[*query, *headers]}: {answer.text}"
