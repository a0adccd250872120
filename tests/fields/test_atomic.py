import errno
import os
import signal
from pathlib import Path

import pytest

from cppnart.fields.atomic import atomic_output


def write(path: Path, text: str) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text)


def listing(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert listing(tmp_path) == ["a.txt"]


def test_an_existing_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_output(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_exception_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("old")

    def fail(path: Path) -> None:
        with atomic_output(path) as temporary:
            temporary.write_text("half")
            raise error

    for name in ("a.txt", "b.txt"):
        with pytest.raises(error):
            fail(tmp_path / name)
    assert listing(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_real_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_output(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert listing(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"the folder does not exist.*nowhere"):
        write(tmp_path / "nowhere" / "a.txt", "")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"this is a folder.*" + tmp_path.name):
        write(tmp_path, "")


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a device file")
def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OSError, match="not an ordinary file: '/dev/null'"):
        write(Path("/dev/null"), "")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_write_protection_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o400)
    with pytest.raises(PermissionError, match="write-protected"):
        write(path, "new")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"b\.txt"):
        write(tmp_path / "b.txt", "new")
    tmp_path.chmod(0o700)
    assert listing(tmp_path) == ["a.txt"]


def test_an_error_of_the_system_names_the_file_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, exist_ok: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*a\.txt'"):
        write(tmp_path / "a.txt", "")


def test_a_full_disk_names_the_file_asked_for(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_output(tmp_path / "a.txt"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC
    assert listing(tmp_path) == []


def test_an_error_about_another_file_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="other"), atomic_output(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
def test_links_are_followed_and_modes_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_a_new_file_has_ordinary_permissions(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "new")
    (tmp_path / "b.txt").write_text("new")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_a_name_of_the_greatest_length_works(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 251 + ".txt")
    write(path, "new")
    assert path.read_text() == "new"
