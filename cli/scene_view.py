"""`cppnart scene view`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart scene view lego.safetensors --azimuth 60 --size 1024
  cppnart scene view lego.safetensors --orbit --show depth -o depth.mp4
  cppnart scene view temple.safetensors --appearance 0012 --to 0345 -o day-night.mp4"""


@click.command(name="view", epilog=EXAMPLES)
@click.argument("source", metavar="FIELD", type=click.Path())
@click.option("--photograph", type=int, metavar="N", help="From where a photograph was taken.")
@click.option("--azimuth", type=float, metavar="DEGREES", help="Round it.  [default: 30]")
@click.option("--elevation", type=float, metavar="DEGREES", help="Above it.")
@click.option("--zoom", type=float, metavar="X", help="Nearer than the photographs.")
@click.option("--orbit", is_flag=True, default=None, help="A film of one turn, or of a spiral.")
@click.option("--show", metavar="NAME", help="colour, depth, opacity, or parts of a photograph.")
@click.option("--appearance", metavar="NAME", help="In the light of this photograph.")
@click.option("--to", metavar="NAME", help="A film to the light of another, and back.")
@click.option("--palette", metavar="PALETTE", help="That depths go through.")
@click.option("--size", metavar="SIZE", help="1024, 1920x1080.  [default: of the photographs]")
@click.option("--samples", type=int, metavar="N", help="Of a pixel along each side.  [default: 1]")
@click.option("--duration", type=float, metavar="SECONDS", help="Of a film.  [default: 6]")
@click.option("--fps", type=float, metavar="N", help="Frames a second.  [default: 25]")
@options.output("A picture or a film.  [default: NAME.png, NAME.mp4]")
@options.report
@options.threads
def command(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Look at a field of light from anywhere, as a picture or a film."""
    from cppnart.render.radiance.view import view_scene

    how = options.given(arguments)
    film = "orbit" in how or "to" in how
    named = output or f"{Path(source).stem}{'.mp4' if film else '.png'}"
    with report.Progress("rendering", unit="frame" if film else "px", quiet=quiet) as progress:
        made = view_scene(source, named, progress=progress, **how)
    report.show_written(made, as_json=as_json, quiet=quiet)
