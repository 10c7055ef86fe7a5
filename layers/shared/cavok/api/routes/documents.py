"""The routes of the API's documents, which need no token. The documents do not describe them."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from cavok.api.caching import FOR_ALL
from cavok.api.problems import problem
from cavok.api.router import Router

router = Router()


@router.get("/openapi.json", include_in_schema=False, cache_control=FOR_ALL, compress=True)
def get_openapi() -> Response[str]:
    """Returns the OpenAPI document."""
    return Response(
        status_code=HTTPStatus.OK.value,
        content_type="application/json",
        headers={"Vary": "Accept-Encoding"},
        body=_document(),
    )


@router.get("/docs", include_in_schema=False, cache_control=FOR_ALL, compress=True)
def get_docs() -> Response[str]:
    """Returns the API's documentation as a page."""
    return _html(_page())


@router.get("/docs/problems/<code>", include_in_schema=False, cache_control=FOR_ALL, compress=True)
def get_problem_page(code: str) -> Response[str]:
    """Returns the page that explains a problem's code."""
    from cavok.api import problem_pages

    if code not in problem_pages.EXPLANATIONS:
        return problem(HTTPStatus.NOT_FOUND, "No problem of this API has this code.")
    return _html(problem_pages.page(code))


@cache
def _document() -> str:
    """Made once a process, because it needs no token: anybody may ask for it."""
    from cavok.api import openapi

    return openapi.document()


@cache
def _page() -> str:
    """Made once a process, as the document is."""
    from cavok.api import documentation, openapi

    return documentation.page(openapi.described())


def _html(body: str) -> Response[str]:
    from cavok.api import html

    return Response(
        status_code=HTTPStatus.OK.value,
        content_type="text/html; charset=utf-8",
        headers={"Vary": "Accept-Encoding", **html.HEADERS},
        body=body,
    )
