"""`cppnart sheet`: a contact sheet, one small labelled picture for each seed or style."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart sheet --seeds 0:24
  cppnart sheet --styles all --seeds 1,2,3 --thumb 192 -o styles.png"""


@click.command(name="sheet", epilog=EXAMPLES)
@click.option(
    "--seeds", metavar="RANGE", help="A range FIRST:END, or seeds with commas.  [default: 0:24]"
)
@click.option("--styles", metavar="NAMES", help="Styles with commas between them, or 'all'.")
@click.option("--columns", type=int, metavar="N", help="Pictures in a row.")
@click.option("--thumb", type=int, metavar="PX", help="Side of each picture.  [default: 256]")
@click.option("--labels/--no-labels", default=None, help="Name each picture.  [default: on]")
@options.look
@options.output("The file to write. In a folder, a name is chosen.  [default: .]")
@options.report
@options.machine
def command(output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Render a contact sheet of many seeds or styles."""
    from cppnart.render import api

    with report.Progress("rendering", unit="picture", quiet=quiet) as progress:
        written = api.sheet(output=output or ".", progress=progress, **options.given(arguments))
    report.show_written(written, as_json=as_json, quiet=quiet)
