"""`cppnart fit`: fields that are fitted to signals."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart fit image photo.jpg                        then: cppnart render photo.safetensors
  cppnart fit image photo.jpg --method siren --until-psnr 35
  cppnart fit image photo.jpg --holdout checkerboard --json"""


@click.group(name="fit")
def group() -> None:
    """Fit a field to a signal."""


@group.command(name="image", epilog=EXAMPLES)
@click.argument("picture", type=click.Path())
@click.option("--method", metavar="NAME", help="auto, grid, siren, fourier, relu, gauss, wire, ...")
@click.option("--steps", type=int, metavar="N", help="At most so many steps.")
@click.option("--seconds", type=float, metavar="S", help="At most so long.")
@click.option("--until-psnr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--holdout", metavar="NAME", help="Score pixels kept back: checkerboard or odd.")
@click.option("--rate", type=float, metavar="X", help="Of learning.")
@click.option("--batch", type=int, metavar="N", help="Pixels in a step.")
@click.option("--seed", type=int, metavar="N", help="Of weights and batches.")
@click.option("--run", "folder", type=click.Path(), help="A folder for states and statistics.")
@click.option("--resume", is_flag=True, default=None, help="Go on with the run in that folder.")
@options.output("The field to write.  [default: the picture's name, .safetensors]")
@options.report
@options.device
def image(picture: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a field to a picture: it renders at any size, moves, and exports like any other."""
    from pathlib import Path

    from cppnart.fields.fit_image import fit_image

    target = output or f"{Path(picture).stem}.safetensors"
    with report.Progress("fitting", unit="step", quiet=quiet) as progress:
        made = fit_image(
            picture,
            output=target,
            report=lambda at: progress(at.step, at.steps),
            **options.given(arguments),
        )
    report.show_written(made, as_json=as_json, quiet=quiet)
