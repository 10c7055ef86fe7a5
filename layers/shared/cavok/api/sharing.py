"""Makes an OpenAPI document small: parts that operations share appear once, as components."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any


def share(document: dict[str, Any]) -> None:
    """Puts the parameters and answers that several operations have into components."""
    operations = [
        operation
        for part in ("paths", "webhooks")
        for methods in document[part].values()
        for operation in methods.values()
    ]
    for kind in ("parameters", "responses"):
        places = [place for each in operations for place in _places(each.get(kind, ()))]
        counts = Counter(map(_text, places))
        shared: dict[str, Any] = {}
        names: dict[str, str] = {}
        for place in places:
            text = _text(place)
            if counts[text] == 1:
                continue
            if text not in names:
                names[text] = _free_name(kind, place, shared)
                shared[names[text]] = place.value
            place.put({"$ref": f"#/components/{kind}/{names[text]}"})
        document["components"][kind] = shared


class _Place:
    """Where a parameter or an answer is: in a list, or under its status."""

    def __init__(self, inside: Any, key: Any) -> None:
        self.inside, self.key, self.value = inside, key, inside[key]

    def put(self, reference: dict[str, str]) -> None:
        self.inside[self.key] = reference


def _places(inside: Any) -> Iterator[_Place]:
    for key in list(inside) if isinstance(inside, dict) else range(len(inside)):
        yield _Place(inside, key)


def _text(place: _Place) -> str:
    return json.dumps(place.value, sort_keys=True)


def _free_name(kind: str, place: _Place, used: dict[str, Any]) -> str:
    """`if-match`, or `404`; with a number if there is another one already."""
    name = place.value["name"] if kind == "parameters" else place.key
    number = 1 + sum(each == name or each.startswith(f"{name}.") for each in used)
    return name if number == 1 else f"{name}.{number}"
