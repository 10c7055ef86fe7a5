"""Three-valued logic, wildcards and policy variables: the base of `policy_evaluation`.

Source: IAM User Guide, "IAM JSON policy elements: Resource" and "… Variables and tags".
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

Truth = bool | None
"""Kleene's logic: None is unknown."""


def any_of(truths: Iterable[Truth]) -> Truth:
    """True if one is true; else unknown if one is unknown."""
    unknown = False
    for truth in truths:
        if truth:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def all_of(truths: Iterable[Truth]) -> Truth:
    """False if one is false; else unknown if one is unknown."""
    return negate(any_of(negate(truth) for truth in truths))


def negate(truth: Truth) -> Truth:
    """Unknown stays unknown."""
    return None if truth is None else not truth


class Wildcard(Enum):
    """What a pattern holds besides characters."""

    RUN = "*"
    """Any number of characters, or none."""
    ONE = "?"


Symbol = str | Wildcard
"""A character, or a wildcard."""

Resolve = Callable[[str, str | None], str | None]
"""The value of a policy variable, by its name and its default. None: not known."""

_PARTS = re.compile(r"\$\{(\$|[^}$]*)\}|\$\{|.", re.DOTALL)
_ESCAPED = ("*", "?", "$")


def symbols(text: str, resolve: Resolve | None) -> list[Symbol] | None:
    """The characters and wildcards of a pattern, with its variables resolved. None if one is not
    known.

    resolve  None for a document older than version 2012-10-17, which has no variables.

    A value that is empty or holds a wildcard makes the result unknown: AWS does not say what it
    matches.
    """
    if resolve is None or "${" not in text:
        return [_symbol(character) for character in text]
    found: list[Symbol] = []
    for part in _PARTS.finditer(text):
        variable = part[1]
        if part[0] == "${":
            return None
        if variable is None:
            found.append(_symbol(part[0]))
        elif variable in _ESCAPED:
            found.append(variable)
        elif (value := _value(variable, resolve)) is None:
            return None
        else:
            found.extend(value)
    return found


def _value(variable: str, resolve: Resolve) -> str | None:
    name, comma, quoted = variable.partition(",")
    default = quoted.strip()
    if comma and not (len(default) >= 2 and default[0] == default[-1] == "'"):
        return None
    value = resolve(name.strip(), default[1:-1] if comma else None)
    return None if not value or "*" in value or "?" in value else value


def _symbol(character: str) -> Symbol:
    return Wildcard(character) if character in "*?" else character


def matches(pattern: Sequence[Symbol], text: str) -> bool:
    """Whether the pattern matches the whole text. Case matters.

    Bit i of `reached` says that the first i symbols, not counting runs, match the text so far. All
    ways to match are followed at once, so that nothing is ever tried again: one step for each
    character of the text, whatever the pattern. A pattern that needs more characters than the text
    has is not followed: each of its symbols would take as many bits, and variables make it long.
    """
    if sum(symbol is not Wildcard.RUN for symbol in pattern) > len(text):
        return False
    at: dict[Symbol, int] = {}
    length = runs = 0
    for symbol in pattern:
        if symbol is Wildcard.RUN:
            runs |= 1 << length
        else:
            at[symbol] = at.get(symbol, 0) | 1 << length
            length += 1
    reached, one = 1, at.get(Wildcard.ONE, 0)
    for character in text:
        reached = (reached & (at.get(character, 0) | one)) << 1 | reached & runs
        if not reached:
            return False
    return bool(reached >> length)


def matches_arn(pattern: Sequence[Symbol], arn: str) -> Truth:
    """Whether a pattern of the Resource element matches an ARN, or the `*` of a call that names no
    resource.

    Unknown if it matches only when a wildcard inside spans parts of the ARN. AWS says that it can
    if the wildcard ends a part, and advises against it.
    """
    if matches_parts(pattern, arn):
        return True
    return None if matches(pattern, arn) else False


def matches_parts(pattern: Sequence[Symbol], arn: str) -> bool:
    """Whether a pattern matches an ARN part by part. The last part spans the rest of the ARN."""
    parts = _parts(pattern)
    values = arn.split(":", len(parts) - 1)
    return len(values) == len(parts) and all(map(matches, parts, values))


def _parts(pattern: Sequence[Symbol]) -> list[list[Symbol]]:
    """A pattern split at its first five colons."""
    parts: list[list[Symbol]] = [[]]
    for symbol in pattern:
        if symbol == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(symbol)
    return parts
