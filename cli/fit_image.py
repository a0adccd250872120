"""`cppnart fit image`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit image photo.jpg                        then: cppnart render photo.safetensors
  cppnart fit image photo.jpg --method siren --until-psnr 35 --film fit.mp4
  cppnart fit image photo.jpg --holdout checkerboard --json"""


@click.command(name="image", epilog=EXAMPLES)
@click.argument("picture", type=click.Path())
@click.option("--method", metavar="NAME", help="auto, grid, siren, fourier, relu, gauss, wire, ...")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--holdout", metavar="NAME", help="Score pixels kept back: checkerboard or odd.")
@click.option("--batch", type=int, metavar="N", help="Pixels in a step.")
@click.option(
    "--scale",
    type=float,
    metavar="X",
    help="Of frequencies: sigma of fourier, omega of siren, ...  [default: by a short search]",
)
@click.option("--compress", metavar="SIZE", help="Fit into a file of 0.3bpp, 20kB, ...")
@click.option("--demo", metavar="NAME", help="convnetjs: as its page did it in 2014, with a film.")
@options.training
@options.output("The field to write.  [default: the picture's name, .safetensors]")
@options.report
@options.device
def command(picture: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a field to a picture: it renders at any size, moves, and exports like any other."""
    from cppnart.fields.fit_image import fit_image

    if arguments["demo"] and not arguments["film"]:
        arguments["film"] = f"{Path(picture).stem}.mp4"
    with watched(arguments, source=picture, quiet=quiet) as training:
        made = fit_image(picture, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
