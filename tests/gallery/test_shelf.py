"""What is kept in memory: bounded, and made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cppnart.gallery.shelf import Shelf


def test_what_was_used_least_recently_goes_first() -> None:
    shelf, made = Shelf(10), []

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key

        return shelf.get(key, make, lambda _: 4)

    for key in ("a", "b", "a", "c", "a", "b"):
        assert get(key) == key
    assert made == ["a", "b", "c", "b"]


def test_something_larger_than_the_room_is_kept_until_the_next() -> None:
    shelf = Shelf(10)
    assert shelf.get("a", lambda: "first", lambda _: 100) == "first"
    assert shelf.get("a", lambda: "second", lambda _: 100) == "first"
    shelf.get("b", lambda: "b", lambda _: 1)
    assert shelf.get("a", lambda: "third", lambda _: 1) == "third"


def test_what_many_want_at_once_is_made_once() -> None:
    shelf, made, gate = Shelf(10), [], threading.Barrier(8)

    def make() -> int:
        made.append(1)
        threading.Event().wait(0.05)
        return len(made)

    def get() -> int:
        gate.wait()
        return shelf.get("a", make, lambda _: 1)

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(get) for _ in range(8)]]
    assert found == [1] * 8


def test_a_failure_is_told_and_tried_again() -> None:
    shelf = Shelf(10)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shelf.get("a", fail, lambda _: 1)
    assert shelf.get("a", lambda: 3, lambda _: 1) == 3
