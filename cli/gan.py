"""`cppnart gan`: generators of fields that are trained on pictures, and what they make."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart gan train photos/ --run runs/photos --minutes 30
  cppnart gan train --run runs/photos --resume --minutes 60
  cppnart gan sample runs/photos --grid 8x8
  cppnart gan sample runs/photos --seeds 7 --size 4096 -o seven.png
  cppnart gan walk runs/photos --seeds 1,2,3 -o walk.mp4"""

RUN = click.argument("run", type=click.Path())


@click.group(name="gan", epilog=EXAMPLES)
def group() -> None:
    """Train a generator whose samples are fields, and use it."""


def _settings(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any] | None:
    """PART.NAME=VALUE, with numbers as numbers."""
    found: dict[str, Any] = {}
    for value in values:
        name, mark, text = value.partition("=")
        if not mark:
            raise click.BadParameter(f"{value!r}: expected PART.NAME=VALUE.")
        known = {"true": True, "false": False}
        number = text.lstrip("-").isdigit()
        found[name] = int(text) if number else known.get(text.lower(), text)
    return found or None


@group.command(name="train", epilog=EXAMPLES)
@click.argument("data", type=click.Path(), required=False)
@click.option("--run", type=click.Path(), required=True, help="The folder of the run.")
@click.option("--resume", is_flag=True, help="Go on with the run in that folder.")
@click.option("--minutes", type=float, metavar="X", help="How long.")
@click.option("--images", type=int, metavar="N", help="Pictures to see.")
@click.option("--generator", metavar="NAME", help="fmm, poly or cppn2016.  [default: fmm]")
@click.option("--discriminator", metavar="NAME", help="conv or set.  [default: conv]")
@click.option("--objective", metavar="NAME", help="gan, wgan-gp, vae, vae-gan or glo.")
@click.option("--resolution", metavar="SIZE", help="64 (the short side), or 48x72.")
@click.option("--channels", type=int, metavar="N", help="1 grey, 3 colour, 4 with transparency.")
@click.option("--anyres", is_flag=True, default=None, help="Learn from crops at all scales.")
@click.option("--mirror", is_flag=True, default=None, help="Flip half of the pictures.")
@click.option("--conditional", is_flag=True, default=None, help="Learn classes by their labels.")
@click.option("--augment", metavar="NAME", help="none, diffaugment or ada.  [default: auto]")
@click.option("--batch", type=int, metavar="N", help="Pictures a step, of all processes together.")
@click.option("--seed", type=int, metavar="N", help="Of weights and batches.")
@click.option(
    "--precision", metavar="NAME", help="Of the discriminator: float32 or bfloat16.  [float32]"
)
@click.option("--start", type=click.Path(), help="Begin with the generator of this run.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    callback=_settings,
    metavar="PART.NAME=VALUE",
    help="As generator.width=64, discriminator.width=16 or objective.rate=0.001:0.0001.",
)
@click.option("--check-every", type=int, metavar="N", help="Steps between looks.  [default: 200]")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's event files too.")
@click.option("--dry-run", is_flag=True, help="Only say what a run would be, and cost.")
@options.report
@options.machine
def train(
    run: str,
    data: str | None,
    as_json: bool,
    quiet: bool,
    threads: int | None,
    **arguments: Any,
) -> None:
    """Train a generator on pictures.

    DATA is a folder of pictures, a StyleGAN zip, idx.gz files, or torchvision:NAME. Ctrl-C saves;
    --resume goes on. Under torchrun every process takes its share of the work.
    """
    from cppnart.gan.train import train as begin

    _use(threads)
    with report.Progress("decoding", unit="picture", quiet=quiet) as decoding:
        done = begin(
            data,
            run=run,
            decoding=decoding,
            say=None if quiet else lambda text: click.echo(text, err=True),
            report=None if quiet else _tell,
            **options.given(arguments),
        )
    if isinstance(done, dict):
        if as_json:
            report.show_json(done)
        else:
            networks = done.pop("networks")
            report.show_tree(done)
            for name, text in networks.items():
                click.echo(f"\n{name}: {text}")
        return
    report.show_written(done, as_json=as_json, quiet=quiet)
    if done.why == "loss":
        raise FellApart(done.remark or "")


class FellApart(click.ClickException):
    """A training whose losses were not numbers any more."""


def _tell(progress: Any) -> None:
    """A line for each look."""
    if not progress.losses:
        return
    losses = "  ".join(f"{name} {value:.3g}" for name, value in progress.losses.items())
    total = f" of {progress.total:,}" if progress.total else ""
    augment = f"  augment {progress.augment:.3f}" if progress.augment else ""
    click.echo(
        f"{progress.images:,}{total} pictures, {progress.rate:.0f}/s, "
        f"{_duration(progress.left)} left  {losses}{augment}",
        err=True,
    )


def _duration(seconds: float) -> str:
    if seconds == float("inf"):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _use(threads: int | None) -> None:
    if threads is not None:
        import torch

        if not 1 <= threads <= 1024:
            raise ValueError(f"threads {threads}: expected 1 to 1024")
        torch.set_num_threads(threads)


def _together(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return add


TRUNCATION = click.option(
    "--truncation", type=float, metavar="X", help="How far from the most typical.  [default: 1]"
)
LABEL = click.option("--label", type=int, metavar="N", help="The class, where there are classes.")
SIZE = click.option("--size", metavar="SIZE", help="Of a sample: 1080 (the short side) or 640x480.")
SEEDS = click.option("--seeds", metavar="A,B,...", help="Seeds, or a range such as 0:64.")
FILM = _together(
    click.option("--duration", type=float, metavar="SECONDS", help="How long."),
    click.option("--fps", type=float, metavar="N", help="Frames a second.  [default: 30]"),
)


@group.command(name="sample")
@RUN
@SEEDS
@click.option("--grid", metavar="CxR", help="Columns and rows, as 8x8.")
@TRUNCATION
@LABEL
@SIZE
@options.output("A picture; of one seed also a .safetensors field.  [default: in this folder]")
@options.report
@options.machine
def sample(run: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Samples: a grid of many, or one at any size.

    RUN is the folder of a run, or a snapshot in it.
    """
    from cppnart.gan.samples import sample as make

    with report.Progress("rendering", unit="sample", quiet=quiet) as progress:
        made = make(
            run,
            output=output or _name(run, "sample", ".png"),
            progress=progress,
            **options.given(arguments),
        )
    report.show_written(made, as_json=as_json, quiet=quiet)


@group.command(name="walk")
@RUN
@SEEDS
@click.option("--path", metavar="NAME", help="spline, sphere or line.  [default: spline]")
@click.option("--ease", metavar="NAME", help="linear, smooth or ends.  [default: linear]")
@click.option("--loop/--no-loop", default=None, help="End where it began.  [default: loop]")
@TRUNCATION
@LABEL
@SIZE
@FILM
@click.option("--crf", type=int, metavar="N", help="The encoder's quality: lower is better.")
@options.output("A .mp4, .webm, .mov, .gif, .webp or .apng.  [default: in this folder]")
@options.report
@options.machine
def walk(run: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """A film through the samples of several seeds."""
    from cppnart.gan.samples import walk as make

    with report.Progress("rendering", unit="frame", quiet=quiet) as progress:
        target = output or _name(run, "walk", ".mp4")
        made = make(run, output=target, progress=progress, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)


@group.command(name="extrapolate")
@RUN
@options.seed
@click.option("--factor", type=float, metavar="X", help="Of the frame's sides.  [default: 3]")
@TRUNCATION
@LABEL
@SIZE
@options.output("A picture.  [default: in this folder]")
@options.report
@options.machine
def extrapolate(run: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """A sample continued beyond the frame of its training."""
    from cppnart.gan.samples import extrapolate as make

    target = output or _name(run, "extrapolate", ".png")
    made = make(run, output=target, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)


STEPS = click.option("--steps", type=int, metavar="N", help="Of the search.  [default: 300]")


@group.command(name="project")
@RUN
@click.argument("picture", type=click.Path())
@STEPS
@LABEL
@SIZE
@options.output("A picture of it, or its field as .safetensors.  [default: in this folder]")
@options.report
@options.machine
def project(run: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Find the latent of a picture."""
    from cppnart.gan.project import project as make

    with report.Progress("searching", unit="step", quiet=quiet) as progress:
        target = output or _name(run, f"project-{Path(arguments['picture']).stem}", ".png")
        made = make(run, output=target, progress=progress, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)


@group.command(name="interpolate")
@RUN
@click.argument("pictures", type=click.Path(), nargs=-1, required=True)
@STEPS
@LABEL
@SIZE
@FILM
@options.output("A film, or a picture of nine steps.  [default: a film in this folder]")
@options.report
@options.machine
def interpolate(
    run: str,
    pictures: tuple[str, ...],
    output: str | None,
    as_json: bool,
    quiet: bool,
    **arguments: Any,
) -> None:
    """Go from picture to picture through their latents."""
    from cppnart.gan.project import interpolate as make

    with report.Progress("working", unit="step", quiet=quiet) as progress:
        target = output or _name(run, "interpolate", ".mp4")
        made = make(run, *pictures, output=target, progress=progress, **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)


@group.command(name="evaluate")
@RUN
@click.argument("data", type=click.Path(), required=False)
@click.option("--samples", type=int, metavar="N", help="How many to compare.  [default: 5000]")
@click.option("--inception", type=click.Path(), help="A file of weights, for FID and KID.")
@click.option("--seed", type=int, metavar="N", help="Of samples and of what is drawn.")
@options.report
@options.machine
def evaluate(run: str, as_json: bool, quiet: bool, threads: int | None, **arguments: Any) -> None:
    """Measure how much samples are like pictures.

    DATA is by default what the run was trained on.
    """
    from cppnart.gan.metrics import evaluate as measure

    _use(threads)
    with report.Progress("measuring", unit="picture", quiet=quiet) as progress:
        found = measure(run, progress=progress, **options.given(arguments))
    if as_json:
        report.show_json(found)
    elif not quiet:
        report.show_tree(found)


def _name(run: str, what: str, suffix: str) -> str:
    """A free name in the current folder."""
    path = Path(run)
    if path.suffix:  # a snapshot: its run is the folder that holds it, or its snapshots
        path = path.parent.parent if path.parent.name == "snapshots" else path.parent
    stem = f"{path.resolve().name}-{what}"
    number = 1
    while (file := Path(f"{stem}{f'-{number}' if number > 1 else ''}{suffix}")).exists():
        number += 1
    return str(file)
