"""Rules of the repository as a whole: who imports whom, what is never used, what imports cost."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each room with the rooms it may import; DESIGN in the README's table, "How it is laid out".
ROOMS = {
    "fields": ("cppnart/fields", set()),
    "cppn": ("cppnart/cppn", {"fields"}),
    "render": ("cppnart/render", {"fields", "cppn"}),
    "gan": ("gan", {"fields", "cppn", "render"}),
    "gallery": ("gallery", {"fields", "cppn", "render"}),
    "cli": ("cli", {"fields", "cppn", "render", "gan", "gallery"}),
}

UNSAFE_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}


def sources(root: Path) -> Iterator[Path]:
    for folder in ("cppnart", "gan", "gallery", "cli"):
        for path in sorted((root / folder).rglob("*.py")):
            if not any(part.is_symlink() for part in path.parents):
                yield path


def imported_modules(tree: ast.AST, package: str) -> Iterator[str]:
    """Full names of what a module imports, at the top and inside functions; `package` is its own.

    `from a import b` gives `a.b`, since b may be a module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def run_python(code: str, tmp_path: Path) -> str:
    """What a fresh interpreter prints, outside the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_the_rooms_below_them(root: Path, room: str) -> None:
    folder, allowed = ROOMS[room]
    wrong = []
    for path in sorted((root / folder).rglob("*.py")):
        inner = path.relative_to(root / folder).parent.parts
        package = ".".join(["cppnart", room, *inner])
        for name in imported_modules(ast.parse(path.read_text(encoding="utf-8")), package):
            parts = name.split(".")
            if parts[0] == "cppnart" and len(parts) > 1 and parts[1] in ROOMS:
                if parts[1] != room and parts[1] not in allowed:
                    wrong.append(f"{path.relative_to(root)} imports {name}")
            elif parts[0] in {*ROOMS, "tests", "benchmarks"}:
                wrong.append(f"{path.relative_to(root)} imports {name}")
    assert wrong == []


def test_relative_imports_are_resolved_by_this_test_as_python_does() -> None:
    tree = ast.parse("from ..cppn import seeds\nfrom . import png\nfrom .sizes import parse_size")
    assert list(imported_modules(tree, "cppnart.render")) == [
        "cppnart.cppn.seeds",
        "cppnart.render.png",
        "cppnart.render.sizes.parse_size",
    ]


def test_nothing_is_unpickled_or_evaluated(root: Path) -> None:
    wrong = []
    for path in sources(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in imported_modules(tree, "cppnart"):
            if name.split(".")[0] in UNSAFE_IMPORTS:
                wrong.append(f"{path.relative_to(root)} imports {name}")
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            unsafe = called in UNSAFE_CALLS
            if called == "torch.load":
                unsafe = "weights_only=True" not in ast.unparse(node)
            if any(word.arg == "allow_pickle" for word in node.keywords):
                unsafe = "allow_pickle=False" not in ast.unparse(node)
            if unsafe:
                wrong.append(f"{path.relative_to(root)}:{node.lineno} calls {called}")
    assert wrong == []


def test_numpy_files_are_never_opened_with_pickles(root: Path) -> None:
    loads = re.compile(r"\bnp\.load\((?![^)]*allow_pickle=False)")
    wrong = [str(p) for p in sources(root) if loads.search(p.read_text(encoding="utf-8"))]
    assert wrong == []


def test_every_package_is_installed_under_cppnart(root: Path, tmp_path: Path) -> None:
    code = "import cppnart, cppnart.cli, cppnart.gan, cppnart.gallery; print(cppnart.__version__)"
    assert run_python(code, tmp_path).strip()
    found = "from importlib.util import find_spec as f; print(f('cli'), f('gan'), f('gallery'))"
    assert run_python(found, tmp_path).split() == ["None"] * 3


def test_importing_cppnart_imports_nothing_large(tmp_path: Path) -> None:
    code = "import sys, cppnart; print(*sys.modules)"
    loaded = set(run_python(code, tmp_path).split())
    assert not loaded & {"numpy", "numba", "torch", "torchvision", "PIL", "tqdm", "click"}


def test_unknown_names_of_the_package_are_refused_as_usual(tmp_path: Path) -> None:
    code = "import cppnart; print(hasattr(cppnart, 'rendr'), 'sheet' in dir(cppnart))"
    assert run_python(code, tmp_path).split() == ["False", "True"]


def test_a_package_that_is_also_a_function_can_be_called(tmp_path: Path) -> None:
    # Importing any module of cppnart.render rebinds the name from the function to the package.
    code = (
        "import sys, types\n"
        "api = types.ModuleType('cppnart.render.api')\n"
        "api.render = lambda *args, **named: (args, named)\n"
        "sys.modules['cppnart.render.api'] = api\n"
        "import cppnart\n"
        "print(cppnart.render(42, size=8))\n"
        "import cppnart.render\n"
        "print(cppnart.render(42, size=8))\n"
    )
    assert run_python(code, tmp_path).splitlines() == ["((42,), {'size': 8})"] * 2


def commands_in_readme(root: Path, mark: str) -> list[str]:
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^<!-- {mark} -->\n```sh\n(.+?)\n```$", text, re.MULTILINE | re.DOTALL)


def test_the_readme_has_one_command_to_render_and_one_to_test(root: Path) -> None:
    (render,) = commands_in_readme(root, "render")
    (test,) = commands_in_readme(root, "test")
    assert render.endswith("cppnart render --seed 42 --size 4096")
    assert "pytest" in test
    assert "\n" not in render + test


def test_the_readme_shows_only_files_that_exist(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    linked = [name for name in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in name]
    assert [name for name in linked if not (root / name).exists()] == []


def test_every_room_of_the_mapping_is_also_linked_for_type_checkers(root: Path) -> None:
    mapping = dict(
        re.findall(
            r'^"cppnart\.(\w+)" = "(\w+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE
        )
    )
    assert mapping == {"cli": "cli", "gallery": "gallery", "gan": "gan"}
    for name, folder in mapping.items():
        link = root / "cppnart" / name
        if link.is_file():
            pytest.skip("this checkout was made without symbolic links")
        assert link.resolve() == (root / folder).resolve()
