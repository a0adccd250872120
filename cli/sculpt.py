"""`cppnart sculpt`."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart sculpt --seed 42                             a watertight STL, 80 mm high
  cppnart sculpt --seed 42 --form vessel --height 120 --picture vessel.png
  cppnart sculpt --seed 42 -o solid.glb --palette nacre
  cppnart sculpt --seed 42 -o solid.safetensors && cppnart view solid.safetensors"""


@click.command(name="sculpt", epilog=EXAMPLES)
@options.seed
@click.option("--form", metavar="NAME", help="vessel, knot, ...  [default: the seed's]")
@click.option("--voxels", type=int, metavar="N", help="Of the lattice, a side.  [default: 256]")
@click.option("--height", type=float, metavar="MM", help="In millimetres.  [default: 80]")
@click.option("--palette", metavar="PALETTE", help="Of the colours, in .glb, .ply and .obj.")
@click.option("--picture", type=click.Path(), help="A picture of it too.")
@click.option("--size", metavar="SIZE", help="Of the picture.  [default: 1024]")
@click.option("--look", metavar="NAME", help="Of the picture: clay, bronze, jade, ...")
@options.output("What to write: .stl .ply .obj .off .glb .safetensors.  [default: FORM-SEED.stl]")
@options.report
def command(
    seed: str | None,
    output: str | None,
    picture: str | None,
    size: str | None,
    look: str | None,
    as_json: bool,
    quiet: bool,
    **arguments: Any,
) -> None:
    """Make a random solid, ready to be printed."""
    from cppnart.cppn.solids.generate import file_name
    from cppnart.render.solids.sculpt import sculpt
    from cppnart.render.solids.view import view

    if seed is None:
        raise click.UsageError("Missing option '--seed'.")
    how = options.given(arguments)
    if picture is not None:
        form, palette = how.get("form"), how.get("palette")
        view(seed, picture, form=form, look=look, palette=palette, size=size or "1024")
    made = sculpt(seed, output or file_name(seed, how.get("form"), ".stl"), **how)
    report.show_written(made, as_json=as_json, quiet=quiet)
