"""The command as a whole: help, suggestions, errors in one line, exit codes, completion."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from cppnart import __version__
from cppnart.cli.main import COMMANDS, cppnart, main

ENTRIES = {name: entry for part in COMMANDS.values() for name, entry in part.items()}


def run(
    *words: str, cwd: Path, code: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, or the Python `code` instead of it."""
    start = ["-m", "cppnart"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *start, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def the_line(text: str) -> str:
    """The only line of `text`."""
    (line,) = text.splitlines()
    return line


# A command line whose library does one thing: raise.
RAISES = """
import sys, types
api = types.ModuleType("cppnart.render.api")
def info(source): raise {error}
api.info = info
sys.modules["cppnart.render.api"] = api
from cppnart.cli.main import main
sys.exit(main(["info", "42"]))
"""


def test_help_lists_every_command_under_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for heading, part in COMMANDS.items():
        section = text.split(f"\n{heading}:\n")[1].split("\n\n")[0]
        for name, entry in part.items():
            assert re.search(rf"^  {name} +{re.escape(entry.line)}$", section, re.MULTILINE)


def test_the_bare_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    bare = capsys.readouterr().out
    main(["--help"])
    assert bare == capsys.readouterr().out


@pytest.mark.parametrize("name", ENTRIES)
def test_each_command_of_the_table_exists_and_has_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = cppnart.get_command(click.Context(cppnart), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: cppnart {name}")


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cppnart {__version__}\n"


def test_python_m_cppnart_is_the_same_command(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"cppnart {__version__}\n"
    assert run("render", "--help", cwd=tmp_path).stdout.startswith("Usage: cppnart render")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["render", "--help"], ["gallery", "--help"], ["--version"], ["rendr"]],
)
def test_help_and_mistakes_import_nothing_large(words: list[str], tmp_path: Path) -> None:
    code = f"import sys; from cppnart.cli.main import main; main({words}); print(*sys.modules)"
    loaded = set(run(cwd=tmp_path, code=code).stdout.splitlines()[-1].split())
    assert "cppnart.cli.errors" in loaded
    assert not loaded & {"numpy", "numba", "torch", "torchvision", "PIL", "tqdm", "tifffile"}
    assert not loaded & {"starlette", "uvicorn", "sqlite3"}


def test_help_of_the_group_imports_none_of_the_commands(tmp_path: Path) -> None:
    code = "import sys; from cppnart.cli.main import main; main(['-h']); print(*sys.modules)"
    loaded = set(run(cwd=tmp_path, code=code).stdout.splitlines()[-1].split())
    assert not loaded & {entry.module for entry in ENTRIES.values()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rendr"], "Error: No such command 'rendr'. Did you mean 'render'?"),
        (["shet"], "Error: No such command 'shet'. Did you mean 'sheet'?"),
        (["qqqq"], "Error: No such command 'qqqq'. See 'cppnart --help'."),
    ],
)
def test_unknown_commands_get_a_suggestion(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert the_line(captured.err) == message


def test_unknown_options_get_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--pallete", "dusk"]) == 2
    line = the_line(capsys.readouterr().err)
    assert "--pallete" in line
    assert "Did you mean" in line
    assert "--palette" in line


@pytest.mark.parametrize(
    "words",
    [
        ["render", "--depth", "many"],
        ["render", "--threads", "1.5"],
        ["render", "--center", "1"],
        ["render", "--center", "1,north"],
        ["render", "--region", "0,0,1.5,2"],
        ["render", "--size"],
        ["render", "one", "two"],
        ["sheet", "--thumb", "large"],
        ["info"],
        ["completion", "tcsh"],
    ],
)
def test_bad_values_are_usage_errors_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert the_line(captured.err).startswith("Error: ")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ("ValueError('size 0: expected 1 to 9')", 2, "Error: size 0: expected 1 to 9"),
        ("TypeError('not that')", 2, "Error: not that"),
        ("ValueError('two\\nlines \\x1b[31m')", 2, "Error: two lines ?[31m"),
        ("FileNotFoundError(2, 'No such file', 'a.png')", 1, "Error: a.png: No such file"),
        ("OSError(28, 'No space left on device')", 1, "Error: No space left on device"),
        ("OSError('not a picture')", 1, "Error: not a picture"),
        ("MemoryError('3 TB')", 1, "Error: 3 TB"),
        ("MemoryError()", 1, "Error: not enough memory; try a smaller size"),
    ],
)
def test_errors_of_the_library_are_one_line(
    error: str, code: int, message: str, tmp_path: Path
) -> None:
    done = run(cwd=tmp_path, code=RAISES.format(error=error))
    assert done.returncode == code
    assert done.stdout == ""
    assert the_line(done.stderr) == message


def test_even_a_bug_is_one_line(tmp_path: Path) -> None:
    done = run(cwd=tmp_path, code=RAISES.format(error="KeyError('x')"))
    assert done.returncode == 1
    assert the_line(done.stderr).startswith("Error: unexpected KeyError: 'x'")


def test_developers_can_ask_for_the_traceback(tmp_path: Path) -> None:
    code = RAISES.format(error="ValueError('size 0')")
    done = run(cwd=tmp_path, code=code, CPPNART_TRACEBACK="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_warnings_of_the_library_are_one_line(tmp_path: Path) -> None:
    code = RAISES.replace("raise {error}", "import warnings; warnings.warn('slow'); return {{}}")
    done = run(cwd=tmp_path, code=code.format())
    assert done.returncode == 0
    assert the_line(done.stderr) == "Warning: slow"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    code = RAISES.replace("raise {error}", "return {{str(i): 'x' * 1000 for i in range(1000)}}")
    with subprocess.Popen(
        [sys.executable, "-c", code.format()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_ends_promptly_with_one_line(tmp_path: Path) -> None:
    code = RAISES.replace(
        "raise {error}", "print('at work', flush=True); import time; time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code.format()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert the_line(errors) == "Interrupted."
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_the_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_CPPNART_COMPLETE={shell}_complete" in script
    assert "cppnart" in script


def test_the_shell_in_use_is_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELL", "/usr/local/bin/fish")
    assert main(["completion"]) == 0
    assert "fish_complete" in capsys.readouterr().out
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert "'tcsh'" in the_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cppnart sh", {"sheet"}),
        ("cppnart render --pal", {"--palette"}),
        ("cppnart completion z", {"zsh"}),
    ],
)
def test_names_are_completed(words: str, expected: set[str], tmp_path: Path) -> None:
    done = run(
        cwd=tmp_path,
        COMP_WORDS=words,
        COMP_CWORD=str(words.count(" ")),
        _CPPNART_COMPLETE="bash_complete",
    )
    assert done.stderr == ""
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == expected


def test_completing_a_style_never_fails(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['cppnart.render.api'] = None\n"
        "from cppnart.cli.main import main; sys.exit(main())"
    )
    done = run(
        cwd=tmp_path,
        code=code,
        COMP_WORDS="cppnart render --style ",
        COMP_CWORD="3",
        _CPPNART_COMPLETE="bash_complete",
    )
    assert done.returncode == 0
    assert (done.stdout + done.stderr).strip() == ""


def test_json_on_stdout_is_nothing_but_json(tmp_path: Path) -> None:
    code = RAISES.replace("raise {error}", "return {{'kind': 'seed', 'traits': {{'é': 1}}}}")
    code = code.replace('"42"]', '"42", "--json"]')
    done = run(cwd=tmp_path, code=code.format(), PYTHONUTF8="1")
    assert json.loads(done.stdout) == {"kind": "seed", "traits": {"é": 1}}
