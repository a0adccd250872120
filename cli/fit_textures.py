"""`cppnart fit textures`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit textures vases/ -o vases.safetensors
  cppnart paint vase.obj --field vases.safetensors --code agate
  cppnart paint vase.obj --field vases.safetensors --code agate,wood -o between.mp4"""


@click.command(name="textures", epilog=EXAMPLES)
@click.argument("source", metavar="FOLDER", type=click.Path())
@click.option("--method", metavar="NAME", help="auto, grid, or residual: as published.")
@click.option("--codes", type=int, metavar="N", help="Numbers of a code.  [default: 16]")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--batch", type=int, metavar="N", help="Points in a step.")
@options.training
@options.output("The field to write.  [default: the folder's name, .safetensors]")
@options.report
@options.device
def command(source: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit the colours of all meshes in a folder with one field, and a code for each of them."""
    from cppnart.fields.fit_textures import fit_textures

    with watched(arguments, source=source, quiet=quiet) as training:
        made = fit_textures(source, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
