"""`cppnart breed`: children of pictures, for somebody to pick from."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart breed --seed 7 -o first/                      sixteen pictures to begin with
  cppnart breed first/child-03.png -o second/
  cppnart breed second/child-01.png second/child-12.png --children 24 --strength 0.3
  cppnart breed 42 --style kaleidoscope
  cppnart breed genome.xml --palette dusk"""


@click.command(name="breed", epilog=EXAMPLES)
@click.argument("parents", nargs=-1)
@click.option("--children", type=int, metavar="N", help="How many.  [default: 16]")
@click.option(
    "--strength", type=float, metavar="X", help="Of mutation, from 0 to 1.  [default: 0.5]"
)
@click.option("--seed", metavar="SEED", help="The same seed, the same children.  [default: 0]")
@click.option(
    "--outputs",
    metavar="NAME",
    help="Of genomes without parents: palette, ink or hsb.  [default: palette]",
)
@click.option("--size", metavar="SIZE", help="Of the pictures.  [default: 512]")
@options.look
@options.output("The folder for them, with a sheet of them all.  [default: children]")
@options.report
@options.machine
def command(
    parents: tuple[str, ...], output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Make children of pictures.

    PARENTS are seeds, pictures that carry their recipes, genomes (.json, or Picbreeder's .xml or
    .zip) or fields (.safetensors). One parent mutates; several are crossed, and mutate. Without
    any, genomes grow from nothing.
    """
    from cppnart.render.breeding.breed import breed

    with report.Progress("breeding", unit="picture", quiet=quiet) as progress:
        written = breed(
            *parents, output=output or "children", progress=progress, **options.given(arguments)
        )
    report.show_written(written, as_json=as_json, quiet=quiet)
