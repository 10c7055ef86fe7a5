"""The stored place of a walk."""

from __future__ import annotations

import json
import zlib

from cavok.adapters.table.synchronizations import pack_walk, unpack_walk
from cavok.domain.members import Place
from cavok.domain.synchronizations import OpenUnit, Walk

WALK = Walk(
    open=(OpenUnit(Place(("r-abcd", "ou-abcd-1"), "Root/Shops"), accounts=True, token="t"),),
    seen=frozenset({"100000000001", "100000000002"}),
    compared="100000000001",
    stuck=3,
)


def test_a_place_is_read_as_it_was_stored() -> None:
    assert unpack_walk(pack_walk(WALK)) == WALK
    assert unpack_walk(pack_walk(Walk())) == Walk()


def test_a_place_that_an_earlier_release_stored_is_read() -> None:
    stored = zlib.compress(json.dumps([None, "100000000001", ""]).encode())

    assert unpack_walk(stored) == Walk(seen=frozenset({"100000000001"}))


def test_a_walk_of_a_release_that_did_not_keep_the_listed_units_begins_anew() -> None:
    """Else those that were listed before would be said to be none of AWS's."""
    stored = zlib.compress(json.dumps([[[["r-abcd"], "Root"]], "100000000001", "1", 2]).encode())

    walk = unpack_walk(stored)

    assert walk.open is None
    assert (walk.seen, walk.compared, walk.stuck) == (frozenset({"100000000001"}), "1", 2)
