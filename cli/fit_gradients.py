"""`cppnart fit gradients`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit gradients photo.jpg                    then: cppnart render photo.safetensors
  cppnart fit gradients photo.jpg --from laplacian --film fit.mp4
  cppnart fit gradients photo.jpg --demo siren --device cuda"""


@click.command(name="gradients", epilog=EXAMPLES)
@click.argument("picture", type=click.Path())
@click.option(
    "--from", "derivative", metavar="NAME", help="gradient or laplacian.  [default: gradient]"
)
@click.option("--method", metavar="NAME", help="auto, grid, siren, fourier, gauss, wire, ...")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--batch", type=int, metavar="N", help="Points in a step.")
@click.option("--demo", metavar="NAME", help="siren: as in its paper, for a graphics processor.")
@options.training
@options.output("The field to write.  [default: the picture's name, .safetensors]")
@options.report
@options.device
def command(picture: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a field to the gradients of a picture alone, or to its Laplacian.

    The picture comes back from them, but for the scale and the offset of its colours, which are
    set when all is done; decibels are counted after that.
    """
    from cppnart.fields.fit_gradients import fit_gradients

    with watched(arguments, source=picture, quiet=quiet) as training:
        made = fit_gradients(picture, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
