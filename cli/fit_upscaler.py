"""`cppnart fit upscaler`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit upscaler photographs/ --run runs/large --seconds 7200 -o mine.safetensors
  cppnart upscale photo.jpg --model mine.safetensors"""


@click.command(name="upscaler", epilog=EXAMPLES)
@click.argument("photographs", type=click.Path())
@click.option("--model", metavar="NAME", help="light, or liif as published.  [default: light]")
@click.option("--held-out", type=int, metavar="N", help="Photographs to score.  [default: 8]")
@click.option("--batch", type=int, metavar="N", help="Crops in a step.  [default: 16]")
@click.option("--side", type=int, metavar="N", help="Of a small crop.  [default: 48]")
@options.training
@options.output("The model to write.  [default: upscaler.safetensors]")
@options.report
@options.device
def command(photographs: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Train a model that makes photographs larger, on a folder of them."""
    from cppnart.fields.upscaling.fit_upscaler import fit_upscaler

    with watched(arguments, source="upscaler", quiet=quiet) as training:
        made = fit_upscaler(photographs, **training)
    if made.path is not None:  # among several processes, the first has written
        report.show_written(made, as_json=as_json, quiet=quiet)
