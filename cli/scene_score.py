"""`cppnart scene score`."""

from typing import Any

import click

from cppnart.cli import options, report


@click.command(name="score")
@click.argument("source", metavar="FIELD", type=click.Path())
@click.argument("scene", metavar="FOLDER", type=click.Path())
@click.option("--every", type=int, metavar="N", help="Of the test views.  [default: 1]")
@click.option(
    "--halves", is_flag=True, default=None, help="Find light by left, score right halves."
)
@options.report
@options.threads
def command(source: str, scene: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Score a field of light on the test views of a scene, in decibels."""
    from cppnart.render.radiance.score import score_scene

    with report.Progress("looking", unit="view", quiet=quiet) as progress:
        made = score_scene(source, scene, progress=progress, **options.given(arguments))
    if as_json:
        report.show_json(made)
    else:
        click.echo(str(made))
