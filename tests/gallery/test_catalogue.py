"""The database: migrations, transactions, several at once; and the folder that it lies in."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from cppnart.gallery import catalogue, home
from cppnart.gallery.catalogue import MIGRATIONS, Catalogue
from cppnart.gallery.home import Served, default_home, open_home


def test_a_new_database_has_the_newest_version(tmp_path: Path) -> None:
    found = Catalogue(tmp_path / "a.db")
    assert found.rows("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    assert found.rows("PRAGMA journal_mode")[0][0] == "wal"
    assert found._writer.execute("PRAGMA synchronous").fetchone()[0] == 2
    found.close()


def test_an_older_database_becomes_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Catalogue(tmp_path / "a.db")
    with first.change() as db:
        db.execute("INSERT INTO nurseries VALUES ('a', 1)")
    first.close()
    more = (*MIGRATIONS, "CREATE TABLE more (a); INSERT INTO more SELECT id FROM nurseries")
    monkeypatch.setattr(catalogue, "MIGRATIONS", more)
    second = Catalogue(tmp_path / "a.db")
    assert [row["a"] for row in second.rows("SELECT a FROM more")] == ["a"]
    second.close()


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalogue(tmp_path / "a.db").close()
    monkeypatch.setattr(catalogue, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (a); NONSENSE"))
    with pytest.raises(OSError, match="NONSENSE"):
        Catalogue(tmp_path / "a.db")
    monkeypatch.undo()
    found = Catalogue(tmp_path / "a.db")
    assert found.row("SELECT 1 FROM sqlite_master WHERE name = 'more'") is None
    found.close()


def test_a_database_of_the_future_is_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "a.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OSError, match=r"version 99 .* newer"):
        Catalogue(tmp_path / "a.db")


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(OSError, match=r"a\.db"):
        Catalogue(tmp_path / "a.db")


def test_a_change_that_fails_is_no_change(tmp_path: Path) -> None:
    found = Catalogue(tmp_path / "a.db")

    def half() -> None:
        with found.change() as db:
            db.execute("INSERT INTO nurseries VALUES ('a', 1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert found.rows("SELECT * FROM nurseries") == []
    found.close()


def test_two_that_write_and_one_that_reads_do_not_disturb_each_other(tmp_path: Path) -> None:
    both = [Catalogue(tmp_path / "a.db") for _ in range(2)]

    def write(number: int) -> None:
        for n in range(40):
            with both[number].change() as db:
                (count,) = db.execute("SELECT count(*) FROM nurseries").fetchone()
                db.execute("INSERT INTO nurseries VALUES (?, ?)", (f"{number}-{n}", count))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counts = [row["round"] for row in both[0].rows("SELECT round FROM nurseries")]
        assert sorted(counts) == list(range(len(counts)))
    for thread in threads:
        thread.join()
    assert len(both[0].rows("SELECT * FROM nurseries")) == 80
    for one in both:
        one.close()


def test_one_home_is_served_once(tmp_path: Path) -> None:
    place = open_home(tmp_path / "home")
    first = Served(place)
    with pytest.raises(OSError, match="already open"):
        Served(place)
    first.release()
    Served(place).release()


def test_what_a_killed_server_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    place = open_home(tmp_path)
    left = [place.folder / "renders" / f".cppnart-{'0' * 12}.png", place.incoming(".png")]
    kept = [place.thumbnail("0" * 16), place.render("0" * 16, ".png")]
    for path in [*left, *kept]:
        path.touch()
    Served(place).release()
    assert [path.exists() for path in [*left, *kept]] == [False, False, True, True]


def test_files_are_named_by_ids_alone(tmp_path: Path) -> None:
    place = open_home(tmp_path)
    for name in ("../a", "a/b", "", "0123456789ABCDEF", "gallery.db"):
        with pytest.raises(ValueError, match="no id"):
            place.thumbnail(name)


def test_the_usual_home_is_where_the_system_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_home() == Path("/data/cppnart")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_home() == Path.home() / ".local/share/cppnart"
    monkeypatch.setattr(home.sys, "platform", "darwin")
    assert default_home() == Path.home() / "Library/Application Support/cppnart"
