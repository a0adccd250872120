"""`cppnart styles`, `palettes` and `finishes`: what there is to choose from."""

from collections.abc import Callable
from typing import Any

import click

from cppnart.cli import options, report


def _listing(name: str) -> click.Command:
    """The command that lists what the library's function of that name tells, or draws it."""

    @click.command(name=name, help=f"List the {name}, one line each, or draw them all.")
    @options.output(f"Write a picture of all the {name} to this file instead.")
    @options.report
    def command(output: str | None, as_json: bool, quiet: bool) -> None:
        from cppnart.render import api

        listed: Callable[..., Any] = getattr(api, name)
        if output is None:
            report.show_lines(listed(), as_json=as_json)
        else:
            report.show_written(listed(output=output), as_json=as_json, quiet=quiet)

    return command


styles, palettes, finishes = map(_listing, ("styles", "palettes", "finishes"))
