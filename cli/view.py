"""`cppnart view`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart view --seed 42 -o solid.png --look bronze
  cppnart view cow.safetensors --orbit -o turn.mp4 --size 720
  cppnart view --seed 7 --look painted --palette nacre --azimuth 60
  cppnart view bottle.glb --look jade                a mesh; in its own colours by default
  cppnart view vases.safetensors --between vase-003,vase-022 -o morph.mp4
  cppnart view solid.png --size 4096                 a picture of a solid, made again"""


@click.command(name="view", epilog=EXAMPLES)
@click.argument("source", metavar="[SOURCE]", required=False, type=click.Path())
@options.seed
@click.option("--form", metavar="NAME", help="Of the seed's solid: vessel, knot, ...")
@click.option(
    "--look",
    metavar="NAME",
    help="clay, plaster, porcelain, bronze, gold, jade, ink, or painted: its own colours.",
)
@options.member
@click.option(
    "--between", metavar="A,B,...", help="A film from member to member of a family, and back."
)
@click.option("--palette", metavar="PALETTE", help="What its own colours go through.")
@click.option("--texture", type=click.Path(), help="A picture, for the one that a mesh names.")
@click.option("--size", metavar="SIZE", help="1024, 1920x1080.  [default: 1024; films 720]")
@click.option("--azimuth", type=float, metavar="DEGREES", help="Round it.  [default: 25]")
@click.option("--elevation", type=float, metavar="DEGREES", help="Above it.  [default: 18]")
@click.option("--zoom", type=float, metavar="X", help="Nearer than a full view.")
@click.option("--orbit", is_flag=True, default=None, help="A film of one turn.")
@click.option("--duration", type=float, metavar="SECONDS", help="Of the turn.  [default: 6]")
@click.option("--fps", type=float, metavar="N", help="Frames a second.  [default: 25]")
@click.option("--threshold", type=float, metavar="X", help="A probability, or a distance.")
@click.option("--samples", type=int, metavar="N", help="Of pixels at edges.  [default: 4]")
@options.output("A picture, or a film.  [default: NAME.png, NAME.mp4]")
@options.report
@options.threads
def command(
    source: str | None,
    seed: str | None,
    output: str | None,
    as_json: bool,
    quiet: bool,
    **arguments: Any,
) -> None:
    """Render a solid as a picture, or as it turns.

    SOURCE is a field of a solid or a family of them (.safetensors), a mesh (.obj, .ply, .stl, .glb,
    .off), or a picture or film of a solid, which is made again with what is given.
    """
    from cppnart.render.metadata import is_film_name
    from cppnart.render.solids.view import view

    if (source is None) == (seed is None):
        raise click.UsageError("Give a field, a mesh or a picture of a solid, or --seed.")
    how = options.given(arguments)
    if "between" in how:
        how["between"] = [name.strip() for name in how["between"].split(",")]
    if how.get("orbit") or "between" in how:
        how.setdefault("size", "720")
    shown = source if source is not None else seed
    assert shown is not None
    path = output or _file_name(source, seed, how)
    unit = "frame" if is_film_name(path) else "px"
    with report.Progress("rendering", unit=unit, quiet=quiet) as progress:
        made = view(shown, path, progress=progress, **how)
    report.show_written(made, as_json=as_json, quiet=quiet)


def _file_name(source: str | None, seed: str | None, how: dict[str, Any]) -> str:
    """A name for what is written; never that of the source."""
    from cppnart.cppn.solids.generate import file_name
    from cppnart.fields.shapes.meshes import MESHES

    film = how.get("orbit") or "between" in how
    suffix = ".mp4" if film else ".png"
    if source is None:
        assert seed is not None
        return file_name(seed, how.get("form"), suffix)
    path = Path(source)
    if path.suffix.lower() in (".safetensors", *MESHES):
        return f"{path.stem}{suffix}"
    return f"{path.stem}-again{suffix if film else path.suffix}"
