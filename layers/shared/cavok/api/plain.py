"""The JSON of a response body made from a domain object without Pydantic, which would take a third
of a long list's CPU. Names, order and types are those of the model, so nothing is said twice.
Nothing is validated: a property test compares the bytes of both ways.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any, get_args, get_origin

from cavok.api.models.accounts import TemplateBody
from cavok.api.models.common import RegionHealthBody, ResponseBody
from cavok.domain.times import utc_text

Plain = dict[str, Any]
"""What `json.dumps` writes as a body."""

_Convert = Callable[[Any], Any]

_ALIKE, _REMEMBERED = (RegionHealthBody, TemplateBody), 256
"""Bodies that most accounts of a list share, made once of what never changes."""


def plain(body: type[ResponseBody], source: Any, **others: Any) -> Plain:
    """As `body.of(source, **others)`."""
    names, conversions = _fields(body)
    if isinstance(source, dict):
        made = {name: source[name] for name in names}
    elif others:
        made = {n: others[n] if n in others else getattr(source, n) for n in names}
    else:
        made = {name: getattr(source, name) for name in names}
    for name, convert in conversions:
        if made[name] is not None:
            made[name] = convert(made[name])
    return made


@cache
def _fields(body: type[ResponseBody]) -> tuple[list[str], list[tuple[str, _Convert]]]:
    """The names of a body's fields, and how those are converted that are not JSON already."""
    return list(body.model_fields), list(_conversions(body))


def _conversions(body: type[ResponseBody]) -> Iterator[tuple[str, _Convert]]:
    for name, field in body.model_fields.items():
        if convert := _conversion(field.annotation):
            yield name, convert


def _conversion(annotation: Any) -> _Convert | None:
    """Null if a value of this type is JSON already, as strings, enums and tuples of them are."""
    if annotation is datetime:
        return utc_text
    if isinstance(annotation, type) and issubclass(annotation, ResponseBody):
        made = partial(plain, annotation)
        return lru_cache(_REMEMBERED)(made) if annotation in _ALIKE else made
    of_parts = [_conversion(part) for part in get_args(annotation)]
    convert = next(filter(None, of_parts), None)
    if convert and get_origin(annotation) is list:
        return lambda values: [convert(value) for value in values]
    return convert
