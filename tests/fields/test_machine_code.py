"""Compiled code: made once, kept whole, loaded without its compiler, and never in the way."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from cppnart.fields import machine_code

# A small function in place of the kernel, which takes half a minute to compile. Like the kernel it
# clears an array, which LLVM turns into a call of the C library's memset.
TINY = """
from numba import carray, cfunc, types
from numba.extending import intrinsic

@intrinsic
def pointer(typingctx, address):
    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))
    return types.CPointer(types.float64)(types.int64), codegen

@cfunc(types.void(types.CPointer(types.int64)), error_model="numpy")
def squares(address):
    a = carray(address, (3,))
    out, cleared = carray(pointer(a[0]), (a[2],)), carray(pointer(a[1]), (a[2],))
    for i in range(a[2]):
        out[i] = i * i
    cleared[:] = 0.0
"""

USE = """
import sys
from pathlib import Path
import numpy as np
from cppnart.fields import machine_code
call = machine_code.function("tiny", "squares", (Path("tiny.py"),))
out, cleared = np.ones(1000), np.ones(1000)
call(out.ctypes.data, cleared.ctypes.data, 1000)
print((out == np.arange(1000) ** 2).all(), (cleared == 0).all(), "numba" in sys.modules)
"""


def start(folder: Path, cache: Path) -> subprocess.Popen[str]:
    """A process that uses the small function: prints whether it works, and whether numba ran."""
    (folder / "tiny.py").write_text(TINY)
    return subprocess.Popen(
        [sys.executable, "-B", "-c", USE],
        cwd=folder,
        env={**os.environ, "CPPNART_CACHE": str(cache), "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the small function was compiled into."""
    folder = tmp_path_factory.mktemp("compiled")
    cache = folder / "a" / "cache"
    out, errors = start(folder, cache).communicate(timeout=120)
    assert out.split() == ["True", "True", "True"]
    assert errors.startswith("compiling the kernel")
    assert len(errors.splitlines()) == 1
    (file,) = cache.iterdir()
    assert file.name.startswith("squares-")
    return file


class Compiler:
    """Stands in for the compiler: gives what it once made."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.calls = 0

    def __call__(self, module: str, name: str) -> bytes:
        self.calls += 1
        time.sleep(0.05)
        return self.content


@pytest.fixture
def compiler(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    stand_in = Compiler(compiled.read_bytes()[32:])
    monkeypatch.setattr(machine_code, "_compile", stand_in)
    return stand_in


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, in use."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("CPPNART_CACHE", str(folder))
    return folder


def source(tmp_path: Path, text: str = TINY) -> tuple[Path, ...]:
    """A source that was never asked for in this process, which looks each up only once."""
    path = tmp_path / f"tiny{len(list(tmp_path.iterdir()))}.py"
    path.write_text(text)
    return (path,)


def works(call: machine_code.Function | None) -> bool:
    assert call is not None
    out, cleared = np.ones(100), np.ones(100)
    call(out.ctypes.data, cleared.ctypes.data, 100)
    return bool((out == np.arange(100) ** 2).all() and (cleared == 0).all())


def test_code_is_loaded_without_its_compiler(compiled: Path, tmp_path: Path) -> None:
    before = compiled.stat().st_mtime_ns
    out, errors = start(tmp_path, compiled.parent).communicate(timeout=120)
    assert out.split() == ["True", "True", "False"]
    assert errors == ""
    assert compiled.stat().st_mtime_ns == before
    assert list(compiled.parent.iterdir()) == [compiled]


def test_processes_that_compile_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    processes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        processes.append(start(tmp_path / name, cache))
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert out.split()[:2] == ["True", "True"]
    (file,) = cache.iterdir()
    assert file.suffix == ".bin"


def test_threads_that_need_code_at_once_compile_it_once(
    cache: Path, compiler: Compiler, tmp_path: Path
) -> None:
    where, calls = source(tmp_path), []
    threads = [
        threading.Thread(
            target=lambda: calls.append(machine_code.function("tiny", "squares", where))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert compiler.calls == 1
    assert all(works(call) for call in calls)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut after the checksum": lambda content: content[:32],
    "cut short": lambda content: content[:-100],
    "a byte changed": lambda content: content[:2000] + b"\xaa\x55" + content[2002:],
    "another checksum": lambda content: bytes(32) + content[32:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew(
    damage: str, cache: Path, compiler: Compiler, compiled: Path, tmp_path: Path
) -> None:
    good, file = compiled.read_bytes(), cache / compiled.name
    file.write_bytes(good)
    assert works(machine_code.function("tiny", "squares", source(tmp_path)))
    assert compiler.calls == 0, "a good file is used as it is"
    file.write_bytes(DAMAGES[damage](good))
    assert file.read_bytes() != good
    assert works(machine_code.function("tiny", "squares", source(tmp_path)))
    assert compiler.calls == 1
    assert file.read_bytes() == good
    assert list(cache.iterdir()) == [file]


def test_code_of_other_sources_has_another_name(
    cache: Path, compiler: Compiler, tmp_path: Path
) -> None:
    machine_code.function("tiny", "squares", source(tmp_path))
    machine_code.function("tiny", "squares", source(tmp_path, TINY + "\n# changed\n"))
    machine_code.function("tiny", "squares", source(tmp_path))
    assert compiler.calls == 2
    assert len(list(cache.iterdir())) == 2


def test_an_interrupted_compiler_leaves_nothing(
    cache: Path, compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(module: str, name: str) -> bytes:
        raise KeyboardInterrupt

    where = source(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(machine_code, "_compile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            machine_code.function("tiny", "squares", where)
    assert list(cache.iterdir()) == []
    assert works(machine_code.function("tiny", "squares", where))


def test_a_folder_that_cannot_be_written_is_said_once(
    compiler: Compiler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "a-file"
    file.touch()
    monkeypatch.setenv("CPPNART_CACHE", str(file / "cache"))
    where = source(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert machine_code.function("tiny", "squares", where) is None
    (record,) = caplog.records
    assert "a-file" in record.getMessage()
    assert "CPPNART_CACHE" in record.getMessage()
    assert compiler.calls == 0


def test_without_numba_kept_code_serves_and_else_nothing(
    cache: Path,
    compiled: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with caplog.at_level(logging.WARNING):
        assert machine_code.function("tiny", "squares", source(tmp_path)) is None
        (cache / compiled.name).write_bytes(compiled.read_bytes())
        assert works(machine_code.function("tiny", "squares", source(tmp_path)))
    (record,) = caplog.records
    assert "numba is not installed" in record.getMessage()


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPPNART_CACHE", str(tmp_path / "mine"))
    assert machine_code.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("CPPNART_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert machine_code.cache_folder() == tmp_path / "xdg" / "cppnart"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert machine_code.cache_folder() == tmp_path / ".cache" / "cppnart"


RENDER = """
import logging, sys, numpy as np, cppnart
for seed in (1, 2):
    image = cppnart.render(seed=seed, style="classic", size=96, samples=1)
np.save("image.npy", image)
print("numba" in sys.modules, "torch" in sys.modules)
"""


def test_pictures_are_rendered_without_the_kernel_too(tmp_path: Path) -> None:
    import cppnart

    (tmp_path / "a-file").touch()
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        cwd=tmp_path,
        env={**os.environ, "CPPNART_CACHE": str(tmp_path / "a-file" / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["False", "False"]
    (line,) = done.stderr.splitlines()
    assert line.startswith("cannot keep compiled code in")
    assert "rendering with numpy" in line
    kernel = np.asarray(cppnart.render(seed=2, style="classic", size=96, samples=1, exact=True))
    plain = np.load(tmp_path / "image.npy")
    assert np.abs(kernel.astype(int) - plain).max() <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-file", "image.npy"]
