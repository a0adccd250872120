"""`cppnart blend`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart blend sea.jpg moon.jpg --mask moon-mask.png -o night.png
  cppnart blend wall.jpg poster.jpg --at 300,120 --mixed -o painted.png
  cppnart blend a.jpg b.jpg -o both.safetensors      then: cppnart render both.safetensors"""


@click.command(name="blend", epilog=EXAMPLES)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option("--mask", type=click.Path(), help="White where B goes into A; of the size of B.")
@click.option("--at", type=options.Numbers(2, int), metavar="X,Y", help="Where B's corner lies.")
@click.option("--mixed", is_flag=True, default=None, help="Take the steeper slope of both.")
@click.option("--size", metavar="SIZE", help="Of the picture.  [default: that of A]")
@click.option("--method", metavar="NAME", help="auto, grid, siren, fourier, gauss, wire, ...")
@click.option("--batch", type=int, metavar="N", help="Points in a step.")
@options.training
@options.output("A picture to write, or a field (.safetensors).  [default: A-B.png]")
@options.report
@options.device
def command(a: str, b: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Blend two pictures by their gradients, without a seam.

    With a mask, B's inside is copied into A and takes on A's light: what is white in the mask has
    B's slopes, all else is A. Without one, the slopes of both are averaged everywhere. B is brought
    to the size of A, or lies as it is at --at X,Y; then, without a mask, all of it is copied.

    A picture that is written carries its field: it can be rendered again at any size.
    """
    from cppnart.render.blend import blend

    arguments["output"] = arguments["output"] or f"{Path(a).stem}-{Path(b).stem}.png"
    with watched(arguments, source=a, quiet=quiet, label="blending") as training:
        made = blend(a, b, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
