"""Options that mean the same in every command, each written once.

An option that was not given is None, and `given` leaves it out of the call, so that the function's
own default holds, or what the recipe of a picture says.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that were given."""
    return {name: value for name, value in arguments.items() if value is not None}


def _together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """One decorator that adds several options, which appear in the help in this order."""

    def add(command: Command) -> Command:
        return reduce(lambda made, option: option(made), reversed(options), command)

    return add


class Numbers(click.ParamType):
    """Numbers with commas between them, as in `--center 0.25,-0.5`; `count` of them, or any."""

    name = "numbers"

    def __init__(self, count: int | None, kind: type[int] | type[float] = float) -> None:
        self.count = count
        self.kind = kind

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(self.kind(word) for word in str(value).split(","))
        except ValueError:
            kind = "whole numbers" if self.kind is int else "numbers"
            self.fail(f"{value!r} is not {kind} with commas between them.", param, ctx)
        if self.count is not None and len(numbers) != self.count:
            self.fail(f"{value!r} has {len(numbers)} numbers, not {self.count}.", param, ctx)
        return numbers


def _names_from(listing: str) -> Callable[..., list[CompletionItem]]:
    """Completion by the names that the function `listing` of the library returns."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            from cppnart.render import api

            lines = getattr(api, listing)()
        except Exception:
            # Whatever is wrong, a message in the middle of the user's typing would not help.
            return []
        return [
            CompletionItem(name, help=line)
            for name, line in lines.items()
            if name.startswith(incomplete)
        ]

    return complete


def output(help: str) -> Callable[[Command], Command]:
    """`-o`, with what it does here."""
    return click.option("-o", "--output", type=click.Path(), help=help)


as_json = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
report = _together(as_json, quiet)

threads = click.option(
    "--threads", type=int, metavar="N", help="Threads to use.  [default: one for each core]"
)
device = click.option(
    "--device", metavar="NAME", help="Where networks run: cpu, cuda or mps.  [default: cpu]"
)
dask = click.option(
    "--dask", metavar="ADDRESS", help="Render on the workers of this dask scheduler, or 'local'."
)
overwrite = click.option(
    "--overwrite", is_flag=True, default=None, help="Begin anew what cannot be continued."
)
machine = _together(device, threads)

seed = click.option("--seed", metavar="SEED", help="A whole number, a word or a 0x hash.")

dress = _together(
    click.option(
        "--palette",
        metavar="PALETTE",
        shell_complete=_names_from("palettes"),
        help="A name (see 'cppnart palettes'), random, hex colours with commas, or a picture.",
    ),
    click.option(
        "--color",
        "--colour",
        metavar="NAME",
        help="How outputs become colours: palette, mono, oklch, oklab, hsv or rgb.",
    ),
    click.option(
        "--finish",
        metavar="NAME",
        shell_complete=_names_from("finishes"),
        help="What it looks made of; see 'cppnart finishes'. Several as in relief+grain:0.5.",
    ),
)

look = _together(
    click.option(
        "--style",
        metavar="NAME",
        shell_complete=_names_from("styles"),
        help="How the network is drawn; see 'cppnart styles'.",
    ),
    dress,
    click.option("--scale", type=float, metavar="X", help="How much of the field is seen."),
    click.option("--depth", type=int, metavar="N", help="Layers of the network."),
    click.option("--width", type=int, metavar="N", help="Units in each layer."),
    click.option("--activation", metavar="NAME", help="The activation, where a style has one."),
    click.option("--symmetry", type=int, metavar="N", help="How many fold, where a style is."),
    click.option(
        "--latent", type=Numbers(None), metavar="A,B,...", help="The latent vector itself."
    ),
    click.option("--time", type=float, metavar="T", help="The moment, where a style moves."),
    click.option(
        "--convention", metavar="NAME", help="Of a genome's coordinates: centers or endpoints."
    ),
)

view = _together(
    click.option(
        "--center", "--centre", type=Numbers(2), metavar="X,Y", help="Middle of the view."
    ),
    click.option("--zoom", type=float, metavar="X", help="Magnification."),
    click.option("--rotate", type=float, metavar="DEGREES", help="Turn the view."),
    click.option(
        "--region",
        type=Numbers(4, int),
        metavar="X,Y,W,H",
        help="Only this part of the picture, in its pixels.",
    ),
)

member = _together(
    click.option("--member", metavar="NAME", help="Of a family of shapes: this one."),
    click.option(
        "--like", type=click.Path(), metavar="FILE", help="The one that its encoder sees in this."
    ),
    click.option(
        "--complete", type=click.Path(), metavar="FILE", help="The one that has these points."
    ),
)

_samples = click.option("--samples", type=int, metavar="N", help="Samples for each pixel.")
_transparent = click.option(
    "--transparent/--opaque", default=None, help="Keep transparency or not."
)
_exact = click.option(
    "--exact/--adaptive",
    default=None,
    help="Run the network at every pixel, or only where it matters.  [default: adaptive]",
)

picture = _together(
    click.option("--size", metavar="SIZE", help="4096, 3840x2160 or A3@300dpi.  [default: 1024]"),
    _samples,
    click.option("--bits", type=int, metavar="8|16", help="Bits for each channel.  [default: 8]"),
    click.option("--dpi", type=float, metavar="X", help="Dots per inch, for printing."),
    _transparent,
    click.option(
        "--dither/--no-dither", default=None, help="Hide banding at 8 bits.  [default: on]"
    ),
    _exact,
    click.option("--small", is_flag=True, default=None, help="A smaller file, more slowly."),
)

film = _together(
    click.option("--size", metavar="SIZE", help="1280x720, 1080.  [default: 1280x720]"),
    _samples,
    _transparent,
    _exact,
)

training = _together(
    click.option("--steps", type=int, metavar="N", help="At most so many steps."),
    click.option("--seconds", type=float, metavar="S", help="At most so long."),
    click.option("--rate", type=float, metavar="X", help="Of learning."),
    click.option("--ema", type=float, metavar="X", help="Keep a moving average, as 0.999."),
    click.option("--clip", type=float, metavar="X", help="The largest norm of a gradient."),
    click.option(
        "--precision", metavar="NAME", help="float32, bfloat16 or float16.  [default: float32]"
    ),
    click.option("--seed", type=int, metavar="N", help="Of weights and batches."),
    click.option("--film", type=click.Path(), help="A film of the fit, as fit.mp4."),
    click.option("--preview-folder", type=click.Path(), help="A folder for pictures of the fit."),
    click.option("--previews", type=int, metavar="N", help="How many of them.  [default: 240]"),
    click.option("--run", "folder", type=click.Path(), help="A folder for states and statistics."),
    click.option("--resume", is_flag=True, default=None, help="Go on with the run in that folder."),
    click.option("--tensorboard", is_flag=True, default=None, help="Statistics for TensorBoard."),
)
