"""`cppnart export`: a picture as a live page, a shader, a model or a program."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart export 42 -o page.html                  a page that draws it live
  cppnart export --seeds 42,7,108 --style atlas --to html
  cppnart export marble.png --to shadertoy        to paste into shadertoy.com
  cppnart export marble.png -o marble.onnx
  cppnart export 42 -o 42.safetensors             the picture as a field"""


@click.command(name="export", epilog=EXAMPLES)
@click.argument("source", required=False)
@click.option(
    "--to",
    metavar="TARGET",
    help="html, glsl, shadertoy, onnx, program, genome or picbreeder.  [default: by the suffix of"
    " the output]",
)
@options.seed
@click.option("--seeds", metavar="A,B,...", help="Several pictures for a page to look through.")
@click.option("--steps", type=int, metavar="N", help="Latents on its way round.  [default: 6]")
@click.option("--duration", type=float, metavar="SECONDS", help="For one round.  [default: 90]")
@click.option("--turns", type=int, metavar="N", help="Of time in one round.  [default: 3]")
@options.look
@options.view
@click.option("--size", metavar="SIZE", help="Whose pixels edges are fitted to.  [default: 1024]")
@click.option("--samples", type=int, metavar="N", help="Samples for each pixel.  [default: 4]")
@click.option("--transparent/--opaque", default=None, help="Keep transparency or not.")
@options.output("The file to write. In a folder, a name is chosen.  [default: .]")
@options.report
def command(
    source: str | None, output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Write a picture as something that runs elsewhere.

    SOURCE is a seed, a picture that carries its recipe, or a field (.safetensors). A page moves,
    and is moved about in; its edges are fitted to the screen it is on. Fields of light become
    pages to walk round in.
    """
    from cppnart.render.export import export

    with report.Progress("drawing", unit="picture", quiet=quiet) as progress:
        written = export(
            source, output=output or ".", progress=progress, **options.given(arguments)
        )
    report.show_written(written, as_json=as_json, quiet=quiet)
