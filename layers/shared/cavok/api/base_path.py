"""The path under which a custom domain maps the API, such as `/cavok`.

API Gateway may leave it in the path that a function receives, as with REST APIs; its documentation
of HTTP APIs does not say. Both are accepted. Source: Powertools for AWS Lambda (Python), "Custom
Domain API Mappings"; aws-powertools/powertools-lambda-python, issue 576.
"""

from typing import Any

AT_THE_ROOT = frozenset({"health", "openapi.json", "docs"})
"""The segments of paths that the route `$default` serves, except the pages of problems."""


def without_base_path(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The event with the API's own path, and the prefix before it: empty without a mapping."""
    context, path = event["requestContext"], event["rawPath"]
    if context["domainName"].startswith(f"{context['apiId']}.execute-api."):
        return event, ""
    segments = path.strip("/").split("/")
    own = _own_segments(event, segments)
    if len(segments) <= own:
        return event, ""
    base = "".join(f"/{segment}" for segment in segments[: len(segments) - own])
    path = path.removeprefix(base)
    context = context | {"http": context["http"] | {"path": path}}
    return event | {"rawPath": path, "requestContext": context}, base


def _own_segments(event: dict[str, Any], segments: list[str]) -> int:
    """How many segments at the end are the API's: those of the route that the gateway chose."""
    _, _, route = event["routeKey"].partition(" ")
    if not route:
        of_a_problem = segments[-3:-1] == ["docs", "problems"]
        # Of three segments, the first two may be a mapping that is named so.
        if segments[-1] in AT_THE_ROOT and not (of_a_problem and len(segments) > 3):
            return 1
        return 3 if of_a_problem else len(segments)
    greedy: str = (event.get("pathParameters") or {}).get("proxy", "")
    return len(route.strip("/").split("/")) + greedy.strip("/").count("/")
