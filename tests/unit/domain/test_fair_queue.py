"""Whose account comes next."""

from __future__ import annotations

from cavok.domain.fair_queue import AccountKey, FairQueue


def queue_of(*names: str) -> FairQueue:
    """Each name is an organization's letter and its account's number."""
    queue = FairQueue()
    for name in names:
        queue.add(AccountKey(name[0], name))
    return queue


def names(keys: list[AccountKey]) -> list[str]:
    return [key.account_id for key in keys]


def test_what_is_put_back_is_taken_next_in_the_same_order() -> None:
    queue = queue_of("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    chosen = queue.take(6)
    assert names(chosen) == ["a1", "b1", "c1", "a2", "b2", "a3"]

    queue.put_back(chosen[1:])

    assert len(queue) == 6
    assert names(queue.take(7)) == ["b1", "c1", "a2", "b2", "a3", "a4"]


def test_what_is_put_back_stays_in_its_organizations_line() -> None:
    queue = queue_of("a1", "a2", "b1")
    queue.move("a", 1)
    assert names(queue.take(3)) == ["b1"]
    (first, *rest) = queue.take(3, 1)

    queue.put_back(rest)
    queue.add(AccountKey("c", "c1"))

    assert names([first, *queue.take(2)]) == ["a1", "c1"]
    assert names(queue.take(2, 1)) == ["a2"]


def test_what_is_put_back_of_an_organization_that_is_left_is_not_taken_again() -> None:
    queue = queue_of("a1", "b1", "a2", "b2")
    chosen = queue.take(4)
    queue.leave("a")

    queue.put_back(chosen)

    assert len(queue) == 2
    assert names(queue.take(4)) == ["b1", "b2"]


def test_an_organization_is_taken_with_none_of_another_line() -> None:
    queue = queue_of("a1", "a2", "b1", "b2", "c1")
    queue.move("a", 1)
    queue.move("b", 1)
    queue.move("a", 2)
    queue.add(AccountKey("a", "a3"))

    assert [names(queue.take(5, number)) for number in range(4)] == [
        ["c1"],
        ["b1", "b2"],
        ["a1", "a2", "a3"],
        [],
    ]


def test_an_organization_that_is_left_is_not_taken_wherever_it_stands() -> None:
    queue = queue_of("a1", "b1")
    queue.move("a", 1)
    queue.leave("a")
    queue.move("a", 2)
    queue.add(AccountKey("a", "a2"))

    assert len(queue) == 1
    assert [names(queue.take(5, number)) for number in range(3)] == [["b1"], [], []]


def test_each_line_that_has_accounts_is_shown_the_lowest_first() -> None:
    queue = queue_of("a1", "b1", "c1", "c2")
    queue.move("b", 20)
    queue.move("a", 3)
    assert {n: names(line) for n, line in queue.lines.items()} == {
        0: ["c1", "c2"],
        3: ["a1"],
        20: ["b1"],
    }

    assert names(queue.take(5, 3)) == ["a1"]

    assert [*queue.lines] == [0, 20]
    assert names(list(queue)) == ["c1", "c2", "b1"]
