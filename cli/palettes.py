"""`cppnart palettes`: what there is for `--palette`."""

import click

from cppnart.cli import options, report


@click.command(name="palettes")
@options.output("Write a picture of all the palettes to this file instead.")
@options.report
def command(output: str | None, as_json: bool, quiet: bool) -> None:
    """List the palettes, one line each, or draw them all."""
    from cppnart.render import api

    if output is None:
        report.show_lines(api.palettes(), as_json=as_json)
    else:
        report.show_written(api.palettes(output=output), as_json=as_json, quiet=quiet)
