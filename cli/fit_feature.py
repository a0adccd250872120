"""`cppnart fit feature`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit feature --model resnet18 --layer layer3.1 --channel 77
  cppnart fit feature --model googlenet --class "tree frog" --film frog.mp4
  cppnart fit feature --model vgg16 --layer features.20 --channel 5 --count 6 --diversity 0.1
  cppnart fit feature --model mine:make --weights mine.safetensors --layer conv3 --channel 0"""


@click.command(name="feature", epilog=EXAMPLES)
@click.option(
    "--model", required=True, metavar="NAME", help="Of torchvision, or your own: module:callable."
)
@click.option("--layer", metavar="NAME", help="A layer, as named_modules() names it.")
@click.option("--channel", type=int, metavar="N", help="A channel of the layer.")
@click.option("--unit", type=options.Numbers(2, int), metavar="X,Y", help="At this place alone.")
@click.option("--class", "class_", metavar="CLASS", help="A class instead: its number or name.")
@click.option("--weights", metavar="FILE", help="A .safetensors or .pth file, or a name.")
@click.option("--size", type=int, metavar="N", help="Pixels that the network sees.")
@click.option(
    "--transforms", is_flag=True, default=None, help="Move, turn and scale the picture each step."
)
@click.option("--count", type=int, metavar="N", help="Several fields side by side.")
@click.option("--diversity", type=float, metavar="X", help="How much several are to differ.")
@options.training
@options.output("The field to write.  [default: named after what is shown]")
@options.report
@options.device
def command(model: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Fit a field whose picture excites a channel, a unit or a class of a network.

    A model of your own is imported and run: it must be code that you trust.
    """
    from cppnart.fields.fit_feature import fit_feature

    shown = [model, arguments["layer"], arguments["class_"], arguments["channel"]]
    name = "-".join(str(part) for part in shown if part is not None).replace(":", ".")
    # points in a name are not where a suffix begins
    with watched(arguments, source=f"{name}.field", quiet=quiet) as training:
        made = fit_feature(model, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
