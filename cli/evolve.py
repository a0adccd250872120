"""`cppnart evolve`: many generations without anybody looking."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart evolve --towards photo.jpg --film out.mp4
  cppnart evolve --novelty --generations 100 --run search/
  cppnart evolve --novelty --generations 200 --run search/ --resume
  cppnart evolve --objective mine:score --population 200 -o best.png"""


@click.command(name="evolve", epilog=EXAMPLES)
@click.argument("parents", nargs=-1)
@click.option("--towards", type=click.Path(), metavar="PICTURE", help="Become alike to this.")
@click.option("--novelty", is_flag=True, default=None, help="Differ from all that was before.")
@click.option(
    "--objective", metavar="MODULE:CALLABLE", help="A function from pixels to a number to grow."
)
@click.option("--population", type=int, metavar="N", help="In a generation.  [default: 96]")
@click.option("--generations", type=int, metavar="N", help="How many.  [default: 60]")
@click.option(
    "--size", type=int, metavar="PX", help="Side of the pictures that are judged.  [default: 64]"
)
@click.option(
    "--strength", type=float, metavar="X", help="Of mutation, from 0 to 1.  [default: 0.5]"
)
@click.option("--seed", metavar="SEED", help="The same seed, the same course.  [default: 0]")
@click.option("--outputs", metavar="NAME", help="palette, ink or hsb.  [default: palette]")
@options.dress
@click.option("--film", type=click.Path(), help="A film of the generations.")
@click.option("--run", type=click.Path(), help="A folder for states and statistics.")
@click.option("--resume", is_flag=True, default=None, help="Go on with the run in that folder.")
@options.output("The best picture, with its recipe.  [default: evolved.png]")
@options.report
@options.threads
def command(
    parents: tuple[str, ...], output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Evolve a picture.

    PARENTS, if any, are genomes or pictures of genomes to begin with.
    """
    from cppnart.render.breeding.evolve import evolve

    with report.Progress("evolving", unit="generation", quiet=quiet) as progress:
        written = evolve(
            *parents, output=output or "evolved.png", progress=progress, **options.given(arguments)
        )
    report.show_written(written, as_json=as_json, quiet=quiet)
