"""`cppnart fit texture`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit texture bottle.obj     then: cppnart paint bottle.obj --field bottle.safetensors
  cppnart fit texture cow.obj --texture cow.png --until-psnr 30
  cppnart fit texture cow.obj --photos cow-scene     photographs whose cameras are known"""


@click.command(name="texture", epilog=EXAMPLES)
@click.argument("mesh", type=click.Path())
@click.option("--texture", type=click.Path(), help="A picture, for the one that the file names.")
@click.option("--photos", type=click.Path(), help="A scene of photographs, for the colours.")
@click.option("--method", metavar="NAME", help="auto, grid, siren or fourier.")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--batch", type=int, metavar="N", help="Points in a step.")
@options.training
@options.output("The field to write.  [default: NAME.safetensors]")
@options.report
@options.device
def command(mesh: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit the colours of a mesh, of its texture or its vertices, as a field in space."""
    from cppnart.fields.fit_texture import fit_texture

    with watched(arguments, source=mesh, quiet=quiet) as training:
        made = fit_texture(mesh, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
