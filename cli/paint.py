"""`cppnart paint`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart paint bunny.ply --seed 42                              bunny-painted.glb
  cppnart paint cow.obj --seed 7 --texture agate --picture cow.png
  cppnart paint cow.obj --seed 7 --palette nacre --scale 2 -o cow.ply
  cppnart paint cow.obj --seed 7 --bake 2048                     a texture, not vertices
  cppnart paint cow.obj --field cow.safetensors --bake 1024      what fit texture made
  cppnart paint cow.obj --field cows.safetensors --code a,b -o between.mp4     or .png"""


@click.command(name="paint", epilog=EXAMPLES)
@click.argument("source", metavar="MESH", type=click.Path())
@options.seed
@click.option("--field", type=click.Path(), help="Colours of a field, in place of a seed's.")
@click.option("--code", metavar="NAME", help="Which of a field's textures; several for a film.")
@click.option("--texture", metavar="NAME", help="marble, wood, agate, glaze, cells or strata.")
@click.option("--palette", metavar="PALETTE", help="A name, hex colours, or a picture.")
@click.option("--scale", type=float, metavar="X", help="2 is twice as fine.")
@click.option("--bake", type=int, metavar="N", help="Into a texture of N pixels a side.")
@click.option("--picture", type=click.Path(), help="A picture of it too.")
@click.option("--size", metavar="SIZE", help="Of the picture.  [default: 1024]")
@click.option("--look", metavar="NAME", help="Of the picture.  [default: painted]")
@click.option("--azimuth", type=float, metavar="DEGREES", help="Of the picture.  [default: 25]")
@click.option("--elevation", type=float, metavar="DEGREES", help="Of the picture.  [default: 18]")
@options.output("A .glb, .ply or .obj with colours.  [default: NAME-painted.glb]")
@options.report
@options.threads
def command(
    source: str,
    output: str | None,
    as_json: bool,
    quiet: bool,
    **arguments: Any,
) -> None:
    """Paint a mesh with a random solid texture, or with the colours of a field."""
    from cppnart.render.solids.paint import paint

    if (arguments["seed"] is None) == (arguments["field"] is None):
        raise click.UsageError("Give --seed, or --field.")
    if "," in (arguments["code"] or ""):
        _between(source, output, as_json, quiet, options.given(arguments))
        return
    with report.Progress("rendering", quiet=quiet) as progress:
        made = paint(
            source,
            output or f"{Path(source).stem}-painted.glb",
            progress=progress,
            **options.given(arguments),
        )
    report.show_written(made, as_json=as_json, quiet=quiet)


def _between(
    source: str, output: str | None, as_json: bool, quiet: bool, how: dict[str, Any]
) -> None:
    """A sheet or a film in several textures of a family."""
    from cppnart.render.solids.between import paint_between

    how["codes"] = [name.strip() for name in how.pop("code").split(",")]
    known = ("field", "codes", "scale", "size", "look", "azimuth", "elevation", "threads")
    if extra := set(how) - set(known):
        raise click.UsageError(f"--{min(extra)} is not for several codes.")
    path = output or f"{Path(source).stem}-between.mp4"
    with report.Progress("rendering", unit="frame", quiet=quiet) as progress:
        made = paint_between(source, path, progress=progress, **how)
    report.show_written(made, as_json=as_json, quiet=quiet)
