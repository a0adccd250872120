"""What each command hands to the function of the same name, and what it prints of the answer."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cppnart.cli.main import main


@dataclasses.dataclass
class Written:
    """A report like those of the library."""

    path: Path
    size: tuple[int, int]
    seconds: np.float64

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]}"


class Library:
    """Stands in for the library: remembers the calls and answers each in the same way."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def function(self, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **named: Any) -> Any:
            self.calls.append((name, args, named))
            return answer(**named)

        return called

    @property
    def arguments(self) -> dict[str, Any]:
        """Those by name of the only call, without the progress."""
        ((_, _, named),) = self.calls
        return {name: value for name, value in named.items() if name != "progress"}


def write(output: str, **_: Any) -> Written:
    return Written(Path(output) / "a.png", (4, 3), np.float64(0.5))


def listing(output: str | None = None, **_: Any) -> Any:
    return {"ink": "black on white", "dusk": "warm"} if output is None else write(output)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    api = ModuleType("cppnart.render.api")
    facts = {"kind": "picture", "size": [4, 3], "traits": {"calm": True, "hue": "blue"}}
    answers: dict[str, Callable[..., Any]] = {
        "render": write,
        "sheet": write,
        "styles": listing,
        "palettes": listing,
        "finishes": listing,
        "info": lambda: facts,
    }
    for name, answer in answers.items():
        setattr(api, name, library.function(name, answer))
    import cppnart.render as package

    monkeypatch.setitem(sys.modules, "cppnart.render.api", api)
    monkeypatch.setattr(package, "api", api, raising=False)
    return library


@pytest.mark.parametrize("name", ["render", "sheet"])
def test_options_that_are_not_given_are_not_passed(name: str, library: Library) -> None:
    assert main([name]) == 0
    assert library.arguments == {"output": "."}


def test_render_hands_every_option_on_under_its_own_name(library: Library) -> None:
    words = (
        "--seed 0xab --style marble --palette dusk,#fff --color oklch --finish relief --scale 2"
        " --depth 3 --width 16 --activation sin --symmetry 6 --latent 0.5,-1 --time 0.25"
        " --size A3@300dpi --samples 4 --bits 16 --dpi 300 --transparent --no-dither --exact"
        " --small --center -0.5,0.25 --zoom 2 --rotate 30 --region 0,1,2,3 -o a.png"
        " --device cuda --threads 2 --dask tcp://a:1 --overwrite"
    )
    assert main(["render", *words.split()]) == 0
    assert library.arguments == {
        "seed": "0xab",
        "style": "marble",
        "palette": "dusk,#fff",
        "color": "oklch",
        "finish": "relief",
        "scale": 2.0,
        "depth": 3,
        "width": 16,
        "activation": "sin",
        "symmetry": 6,
        "latent": (0.5, -1.0),
        "time": 0.25,
        "size": "A3@300dpi",
        "samples": 4,
        "bits": 16,
        "dpi": 300.0,
        "transparent": True,
        "dither": False,
        "exact": True,
        "small": True,
        "center": (-0.5, 0.25),
        "zoom": 2.0,
        "rotate": 30.0,
        "region": (0, 1, 2, 3),
        "output": "a.png",
        "device": "cuda",
        "threads": 2,
        "dask": "tcp://a:1",
        "overwrite": True,
    }


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("--opaque", {"transparent": False}),
        ("--adaptive", {"exact": False}),
        ("--dither", {"dither": True}),
    ],
)
def test_what_a_recipe_says_can_be_taken_back(
    word: str, named: dict[str, bool], library: Library
) -> None:
    main(["render", "a.png", word])
    assert library.arguments == {"output": ".", **named}


def test_the_source_of_a_picture_is_the_first_argument(library: Library) -> None:
    main(["render", "sea.png", "--size", "64"])
    assert [call[1] for call in library.calls] == [("sea.png",)]


def test_sheet_takes_ranges_and_looks(library: Library) -> None:
    words = "--seeds 0:24 --styles all --columns 6 --thumb 128 --no-labels --palette dusk -o s.png"
    assert main(["sheet", *words.split()]) == 0
    assert library.arguments == {
        "seeds": "0:24",
        "styles": "all",
        "columns": 6,
        "thumb": 128,
        "labels": False,
        "palette": "dusk",
        "output": "s.png",
    }


def test_only_the_path_goes_to_stdout(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    main(["render", "42"])
    captured = capsys.readouterr()
    assert captured.out == "a.png\n"
    assert captured.err == "4x3\n"


def test_quiet_prints_nothing(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    main(["render", "42", "--quiet"])
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.parametrize("words", [["render"], ["sheet"], ["styles", "-o", "."]])
def test_reports_can_be_json(
    words: list[str], library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--json"])
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"path": "a.png", "size": [4, 3], "seconds": 0.5}
    assert captured.err == ""


@pytest.mark.parametrize("name", ["styles", "palettes", "finishes"])
def test_lists_are_one_line_each(
    name: str, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name]) == 0
    assert capsys.readouterr().out == "ink   black on white\ndusk  warm\n"
    assert main([name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ink": "black on white", "dusk": "warm"}


def test_info_prints_a_tree(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "a.png"]) == 0
    assert capsys.readouterr().out == (
        "kind    picture\nsize    [4, 3]\ntraits\n  calm  true\n  hue   blue\n"
    )
    assert [call[:2] for call in library.calls] == [("info", ("a.png",))]
