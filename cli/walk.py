"""`cppnart walk`: a film from seeds, pictures, fields, or another film's recipe."""

from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart walk --seed 42                                   a seamless loop
  cppnart walk --seeds 42,7,108 --loop --style atlas -o walk.mp4
  cppnart walk --from 42 --steps 6 --audio song.mp3 -o song.mp4
  cppnart walk --seed 42 --zoom 1:200 --rotate 90 -o dive.webm
  cppnart walk walk.mp4 --size 3840x2160 -o large.mp4      the same film, larger"""


@click.command(name="walk", epilog=EXAMPLES)
@click.argument("sources", nargs=-1)
@click.option(
    "--seed", "--from", "seed", metavar="SEED", help="One picture: it moves by itself, or --steps."
)
@click.option("--seeds", metavar="A,B,...", help="Walk from seed to seed.")
@click.option("--steps", type=int, metavar="N", help="Walk through N latents of one picture.")
@click.option(
    "--path",
    metavar="NAME",
    help="spline, sphere, line, or fade.  [default: morph where pictures are alike, else fade]",
)
@click.option("--ease", metavar="NAME", help="linear, smooth (slower at each picture), or ends.")
@click.option(
    "--loop/--no-loop",
    default=None,
    help="End where it began.  [default: loop, for one picture with a still camera]",
)
@click.option("--turns", type=float, metavar="N", help="Rounds of time, where a style moves.")
@click.option("--breathe", type=float, metavar="R", help="Circle round the latent at this radius.")
@click.option("--zoom", metavar="FROM:TO", help="Zoom on the way, as 1:200.")
@click.option("--rotate", metavar="DEGREES", help="Turn on the way: by 360, or -30:30.")
@click.option("--pan", metavar="X,Y:X,Y", help="Move the middle of the view on the way.")
@click.option("--audio", type=click.Path(), help="A sound file that drives the film and is in it.")
@click.option("--duration", type=float, metavar="SECONDS", help="How long.  [default: 10]")
@click.option("--fps", type=float, metavar="N", help="Frames a second.  [default: 30]")
@click.option("--crf", type=int, metavar="N", help="The encoder's quality: lower is better.")
@click.option("--keep-partial", is_flag=True, help="After Ctrl-C, keep the film so far.")
@options.overwrite
@options.look
@options.film
@options.output(
    "A .mp4, .webm, .mov, .gif, .webp or .apng, or a folder for frames; in the current folder a"
    " name is chosen.  [default: .]"
)
@options.report
@options.machine
@options.dask
def command(
    sources: tuple[str, ...], output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Make a film.

    SOURCES are seeds, pictures that carry their recipes, or fields (.safetensors) to walk between;
    or one film, to make it again with another size.
    """
    from cppnart.render.motion.walk import walk

    with report.Progress("rendering", unit="frame", quiet=quiet) as progress:
        written = walk(*sources, output=output, progress=progress, **options.given(arguments))
    report.show_written(written, as_json=as_json, quiet=quiet)
