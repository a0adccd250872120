"""`cppnart styles`: what there is for `--style`."""

import click

from cppnart.cli import options, report


@click.command(name="styles")
@options.output("Write a picture of all the styles to this file instead.")
@options.report
def command(output: str | None, as_json: bool, quiet: bool) -> None:
    """List the styles, one line each, or draw them all."""
    from cppnart.render import api

    if output is None:
        report.show_lines(api.styles(), as_json=as_json)
    else:
        report.show_written(api.styles(output=output), as_json=as_json, quiet=quiet)
