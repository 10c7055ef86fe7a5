"""The routes of a function, each module of them imported when it is needed."""

from collections.abc import Mapping
from importlib import import_module
from threading import Lock

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route


class Resolver(APIGatewayHttpResolver):
    """The first request below one of its paths imports a module of `cavok.api.routes`. Importing
    all of them, with what they need, takes a sixth of a start, and a process needs few.
    """

    def __init__(self, modules: Mapping[str, tuple[str, ...]]) -> None:
        """`modules`: by name, the paths below which each has its routes; of several paths, the
        longest decides.
        """
        super().__init__(enable_validation=True)
        self._below = {path: name for name, paths in modules.items() for path in paths}
        self._imported: set[str] = set()
        self._importing = Lock()

    def methods_at(self, path: str) -> set[str]:
        """The methods for which a path has routes. Empty: there is nothing at this path. A path
        with routes of its own, such as `/v1/accounts/import`, names nothing by an id. Raises what
        importing their module raises, as the next call does.
        """
        if name := self.module_of(path):
            self._import(name)
        of_its_own, others = (
            {route.method for route in routes if route.rule.match(path)}
            for routes in (self._static_routes, self._dynamic_routes)
        )
        return of_its_own or others

    def all_routes(self) -> list[Route]:
        """Imports every module."""
        for name in self._below.values():
            self._import(name)
        return [*self._static_routes, *self._dynamic_routes]

    def module_of(self, path: str) -> str | None:
        """The name of the module that has the routes of a path, if any has."""
        above = [each for each in self._below if _is_below(path, each)]
        return self._below[max(above, key=len)] if above else None

    def _import(self, name: str) -> None:
        with self._importing:
            if name not in self._imported:
                self.include_router(import_module(f"cavok.api.routes.{name}").router)
                self._imported.add(name)


def _is_below(path: str, above: str) -> bool:
    """Whether a path is this one, or below it. A parameter is `<name>`, and any text but none. With
    `$` at its end, it is that path alone, as nothing below `/v1/accounts/import` is its own.
    """
    if above.endswith("$"):
        return path == above.removesuffix("$")
    parts, wanted = path.split("/"), above.split("/")
    return len(parts) >= len(wanted) and all(
        bool(part) if name.startswith("<") else part == name
        for part, name in zip(parts, wanted, strict=False)
    )
