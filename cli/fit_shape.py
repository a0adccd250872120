"""`cppnart fit shape`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit shape cow.obj                   then: cppnart view cow.safetensors --orbit
  cppnart fit shape suzanne.obj --repair --until-iou 0.98
  cppnart fit shape scan.ply --as sdf --seconds 300 --film fit.mp4"""


@click.command(name="shape", epilog=EXAMPLES)
@click.argument("shape", metavar="SHAPE", type=click.Path())
@click.option("--as", "kind", metavar="KIND", help="occupancy or sdf.  [default: by what it is]")
@click.option("--method", metavar="NAME", help="auto, grid, siren, fourier or residual.")
@click.option("--repair", is_flag=True, default=None, help="Take a mesh that is not watertight.")
@click.option("--until-iou", "until", type=float, metavar="X", help="Stop at this IoU, as 0.99.")
@click.option("--batch", type=int, metavar="N", help="Points in a step.")
@options.training
@options.output("The field to write.  [default: the shape's name, .safetensors]")
@options.report
@options.device
def command(shape: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a solid field to a mesh or to points: it is seen, extracted, printed at any size."""
    from cppnart.fields.fit_shape import fit_shape

    with watched(arguments, source=shape, quiet=quiet) as training:
        made = fit_shape(shape, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
