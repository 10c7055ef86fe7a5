"""How many accounts have a role of which version: what is counted, and what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

Items = Iterable[dict[str, Any]]


def listed_versions(items: Items) -> Counter[str]:
    """Accounts by the key under which by_template has them."""
    return Counter(
        item["template_pk"]
        for item in items
        if item["sk"].startswith("ACCOUNT#") and "template_pk" in item
    )


def counted_versions(items: Items) -> Counter[str]:
    """The same, as it is counted."""
    return +Counter(
        {
            f"{item['pk']}#{item['sk']}": int(item["accounts"])
            for item in items
            if item["sk"].startswith("TEMPLATE#")
        }
    )


def wrong_version_counts(items: Items) -> Iterator[str]:
    """Counts that are not of what is there, and accounts that are listed under another version than
    they have.
    """
    items = list(items)
    counted, there = counted_versions(items), listed_versions(items)
    if counted != there:
        yield f"counts {counted} of {there}"
    for item in items:
        if item["sk"].startswith("TEMPLATE#") and int(item["accounts"]) < 0:
            yield f"{item['sk']} counts {item['accounts']}"
        if "template_pk" in item:
            expected = f"{item['pk']}#TEMPLATE#{item['template_version']}"
            if item["template_pk"] != expected:
                yield f"{item['template_pk']} instead of {expected}"
