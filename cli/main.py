"""The command `cppnart`: the table of its subcommands, which are imported only when they run.

Help and completion of names come from the table, so that they answer at once.
"""

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from cppnart import __version__
from cppnart.cli.errors import exit_code_of
from cppnart.cli.lazy import Entry, LazyGroup

COMMANDS: dict[str, dict[str, Entry]] = {
    "Make": {
        "render": Entry("cppnart.cli.render", "A picture of any size, from a seed or a picture."),
        "sheet": Entry("cppnart.cli.sheet", "A contact sheet of many seeds or styles."),
        "styles": Entry("cppnart.cli.lists", "The styles, as a list or a picture.", "styles"),
        "palettes": Entry("cppnart.cli.lists", "The palettes, as a list or a picture.", "palettes"),
        "finishes": Entry("cppnart.cli.lists", "The finishes, as a list or a picture.", "finishes"),
        "info": Entry("cppnart.cli.info", "What a picture is, its traits and its recipe."),
    },
    "Move": {
        "walk": Entry("cppnart.cli.walk", "A film: loops, walks between pictures, camera paths."),
        "export": Entry("cppnart.cli.export", "A live page, a shader, a model or a program."),
    },
    "Breed": {
        "breed": Entry("cppnart.cli.breed", "Children of pictures, to pick from."),
        "evolve": Entry("cppnart.cli.evolve", "Many generations, towards a picture or novelty."),
        "gallery": Entry("cppnart.cli.gallery", "Breed and keep pictures in the browser.", "group"),
    },
    "Fit": {
        "fit": Entry("cppnart.cli.fit", "A field from a signal: a picture, ...", "group"),
        "blend": Entry("cppnart.cli.blend", "Two pictures in one, without a seam."),
        "sample": Entry("cppnart.cli.sample", "A sound file from a fitted sound, at any rate."),
        "upscale": Entry("cppnart.cli.upscale", "A photograph, larger by any factor."),
    },
    "Solids": {
        "sculpt": Entry("cppnart.cli.sculpt", "A random solid from a seed, ready to be printed."),
        "view": Entry("cppnart.cli.view", "A picture of a solid, or a film of it as it turns."),
        "paint": Entry("cppnart.cli.paint", "A mesh painted with a random solid texture."),
        "compare-representations": Entry(
            "cppnart.cli.compare", "One solid as voxels, points, a mesh and a field."
        ),
        "extract": Entry("cppnart.cli.extract", "The surface of a solid: mesh, points or voxels."),
        "scene": Entry(
            "cppnart.cli.scene", "Photographs with cameras, and fields of light.", "group"
        ),
    },
    "Train": {
        "gan": Entry("cppnart.cli.gan", "Generators of fields from pictures: gan train.", "group"),
    },
    "Shell": {
        "completion": Entry("cppnart.cli.completion", "Completion for bash, zsh or fish."),
    },
}

COMPLETION = "_CPPNART_COMPLETE"

EXAMPLES = """\b
Examples:
  cppnart render --seed 42 --size 4096
  cppnart render --seed "a quiet sea" --size A3@300dpi -o sea.png
  cppnart render sea.png --size 16384 -o large.png
  cppnart sheet --seeds 0:24"""


def _start(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cppnart = LazyGroup(
    COMMANDS,
    name="cppnart",
    callback=click.pass_context(_start),
    invoke_without_command=True,
    help="Art from small neural networks: pictures of any size from a seed.",
    epilog=EXAMPLES,
    subcommand_metavar="COMMAND ...",
    options_metavar="[--version] [--help]",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[],
)
cppnart = click.version_option(__version__, message="cppnart %(version)s")(cppnart)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with `args` (without the program's name; None: those of this process).

    Returns the exit code: 0, 1 for a failure, 2 for a mistake in the arguments, 130 after Ctrl-C.
    """
    if COMPLETION in os.environ:  # a shell asks, through its completion script
        return exit_code_of(lambda: cppnart.main(prog_name="cppnart", complete_var=COMPLETION))
    # Threads of linear algebra would only fight with ours; this must be said before numpy comes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = sys.argv[1:] if args is None else list(args)
    return exit_code_of(lambda: _run(words))


def _run(words: list[str]) -> None:
    # Not `cppnart.main`, which has its own ideas about Ctrl-C and broken pipes.
    with contextlib.suppress(click.exceptions.Exit), cppnart.make_context("cppnart", words) as ctx:
        cppnart.invoke(ctx)


def start() -> NoReturn:
    """Run the command as a process of its own, and end it.

    Python would spend 30 ms on taking apart what it has imported, a tenth of a small picture, and
    as much again on looking for garbage while it imports it.
    """
    gc.set_threshold(50_000)
    code = main()
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):  # streams that are closed, or that nobody reads
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    start()
