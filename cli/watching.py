"""What is seen of a fit while it goes: progress, previews and a film."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cppnart.cli import options, report

if TYPE_CHECKING:
    from cppnart.fields.fitting import Report

FRAMES = 240
"""Previews of a film, unless another number is asked for."""


@contextmanager
def watched(
    arguments: Mapping[str, Any], *, source: str, quiet: bool, label: str = "fitting"
) -> Iterator[dict[str, Any]]:
    """The arguments of a fit, as a function of the library takes them, while it is watched.

    source: the file that is fitted; the field is named after it where no name is given.
    """
    from cppnart.render.previews import Previews

    training = options.given(arguments)
    film, folder = training.pop("film", None), training.pop("preview_folder", None)
    training.setdefault("output", f"{Path(source).stem}.safetensors")
    with Previews(film, folder) as show, report.Progress(label, unit="step", quiet=quiet) as tell:

        def told(at: "Report") -> None:
            shown = list(at.scores.items())[:4]  # there is one line
            scores = "".join(f", {name} {score:.2f}" for name, score in shown)
            tell(at.step, round(at.step / at.share), f"loss {at.loss:.2e}{scores}")

        training["report"] = told
        if film or folder:
            training["show"] = show
            training.setdefault("previews", FRAMES)
        yield training
