"""`cppnart upscale`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart upscale photo.jpg --scale 3.7
  cppnart upscale photo.jpg --size 8000x6000 -o large.tif
  cppnart upscale photo.jpg --scale 20 --region 4000,2500,1920,1080 -o part.png
  cppnart walk photo.jpg --zoom 1:12                     a film into it"""


@click.command(name="upscale", epilog=EXAMPLES)
@click.argument("picture", type=click.Path())
@click.option("--scale", type=float, metavar="X", help="How many times larger.  [default: 4]")
@click.option("--size", metavar="SIZE", help="In place of it: 8000x6000, or the longer side.")
@click.option(
    "--region",
    type=options.Numbers(4, int),
    metavar="X,Y,W,H",
    help="Only this part, in pixels of the large picture.",
)
@click.option("--model", type=click.Path(), help="An upscaler of your own, or a LIIF checkpoint.")
@click.option("--bits", type=int, metavar="8|16", help="Bits for each channel.")
@options.output("The picture to write, or a field (.safetensors).")
@options.report
@options.machine
def command(picture: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Make a photograph larger, by any factor; or make it a field."""
    from cppnart.render.upscale import upscale

    target = output or f"{Path(picture).stem}-large.png"
    with report.Progress("upscaling", quiet=quiet) as progress:
        made = upscale(picture, output=target, progress=progress, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)
