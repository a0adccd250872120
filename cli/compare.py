"""`cppnart compare-representations`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart compare-representations cow.obj
  cppnart compare-representations cow.obj --budgets 1000,10000,100000 -o cow.png"""


@click.command(name="compare-representations", epilog=EXAMPLES)
@click.argument("source", metavar="MESH", type=click.Path())
@click.option(
    "--budgets", type=options.Numbers(None, int), metavar="A,B,...", help="Bytes, one row each."
)
@click.option("--seconds", type=float, metavar="S", help="For fitting each field.  [default: 20]")
@click.option("--size", type=int, metavar="N", help="Of each picture, in pixels.  [default: 256]")
@click.option("--azimuth", type=float, metavar="DEGREES", help="Round it.  [default: 25]")
@options.output("The picture.  [default: NAME-compared.png]")
@options.report
@options.threads
def command(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Draw a solid as voxels, points, a mesh and a field that take as many bytes."""
    from cppnart.render.solids.compare import compare_representations

    path = output or f"{Path(source).stem}-compared.png"
    with report.Progress("comparing", unit="picture", quiet=quiet) as progress:
        made = compare_representations(source, path, progress=progress, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)
