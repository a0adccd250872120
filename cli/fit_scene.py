"""`cppnart fit scene`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit scene lego                      then: cppnart scene view lego.safetensors --orbit
  cppnart fit scene temple --appearance --transient --steps 20000 --device cuda
  cppnart fit scene lego --method nerf --seconds 3600 --run runs/lego --film fit.mp4"""


@click.command(name="scene", epilog=EXAMPLES)
@click.argument("scene", metavar="FOLDER", type=click.Path())
@click.option("--method", metavar="NAME", help="auto, grid, or nerf as it was published.")
@click.option("--appearance", is_flag=True, default=None, help="Photographs differ in light.")
@click.option("--transient", is_flag=True, default=None, help="Things are in one of them alone.")
@click.option("--background", metavar="NAME", help="Behind everything: white or black.")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--batch", type=int, metavar="N", help="Samples in a step; rays of nerf.")
@options.training
@options.output("The field to write.  [default: the folder's name, .safetensors]")
@options.report
@options.device
def command(scene: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a field of light to photographs, which is then seen from anywhere."""
    from cppnart.fields.fit_scene import fit_scene

    with watched(arguments, source=Path(scene).resolve().name, quiet=quiet) as training:
        made = fit_scene(scene, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
