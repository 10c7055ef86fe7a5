"""Which media type a client prefers (RFC 9110, 12.5.1)."""

import re

JSON, CSV = "application/json", "text/csv"

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def prefers_csv(accept: str) -> bool:
    """Whether it wants CSV rather than JSON. Of two with one weight, it wants the one that it names
    more exactly, or else JSON: an API that does not look at Accept sends that.
    """
    wish = _wish(accept, CSV)
    return wish[0] > 0 and wish > _wish(accept, JSON)


def _wish(accept: str, media_type: str) -> tuple[float, int]:
    """The weight of a media type, and how exactly it is named: 0 if by `*/*` or not at all."""
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    weights = {"*/*": 0.0}
    for each in accept.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        weights[name] = _weight(parameters)
    exactly = max(place for place, name in enumerate(ranges) if name in weights)
    return weights[ranges[exactly]], exactly


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            # What is malformed counts for nothing.
            return float(value) if _WEIGHT.fullmatch(value.strip()) else 0.0
    return 1.0
