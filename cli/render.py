"""`cppnart render`: a picture from a seed, from another picture's recipe, or from a field."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart render --seed 42 --size 4096
  cppnart render 42 --style marble --palette dusk --finish relief -o marble.png
  cppnart render marble.png --size 16384 -o large.tif"""


@click.command(name="render", epilog=EXAMPLES)
@click.argument("source", required=False)
@options.seed
@options.look
@options.picture
@options.view
@options.output(
    "The file to write; its suffix is its format. In a folder, a name is chosen.  [default: .]"
)
@options.report
@options.machine
@options.dask
@options.overwrite
def command(
    source: str | None, output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Render a picture of any size.

    SOURCE is a seed, a picture that carries its recipe, a field (.safetensors), or a genome (.json,
    or Picbreeder's .xml or .zip). What you do not give stays as its recipe says.
    """
    from cppnart.render import api

    with report.Progress("rendering", quiet=quiet) as progress:
        written = api.render(
            source, output=output or ".", progress=progress, **options.given(arguments)
        )
    report.show_written(written, as_json=as_json, quiet=quiet)
