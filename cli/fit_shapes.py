"""`cppnart fit shapes`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit shapes --family vases --count 240       then: cppnart view vases.safetensors
                                                      --between vase-003,vase-022 -o morph.mp4
  cppnart fit shapes chairs/ --method points -o chairs.safetensors
  cppnart view chairs.safetensors --like scan.ply"""


@click.command(name="shapes", epilog=EXAMPLES)
@click.argument("shapes", metavar="[FOLDER]", required=False, type=click.Path())
@click.option("--family", metavar="NAME", help="One of our own: vases.")
@click.option("--count", type=int, default=240, show_default=True, help="Its members.")
@click.option("--method", metavar="NAME", help="codes, vae, points, voxels or image.")
@click.option("--held-out", type=int, metavar="N", help="Shapes to score.  [default: a tenth]")
@click.option("--repair", is_flag=True, default=None, help="Take meshes that are not watertight.")
@click.option("--until-iou", "until", type=float, metavar="X", help="Stop at this IoU, as 0.9.")
@click.option("--batch", type=int, metavar="N", help="Shapes in a step.")
@options.training
@options.output("What to write.  [default: the folder's name, .safetensors]")
@options.report
@options.device
def command(
    shapes: str | None,
    family: str | None,
    count: int,
    as_json: bool,
    quiet: bool,
    **arguments: Any,
) -> None:
    """Learn one field of a folder of meshes, with a code for each of them."""
    from cppnart.cppn.solids.families import family as drawn
    from cppnart.fields.families.fit_shapes import fit_shapes

    if (shapes is None) == (family is None):
        raise click.UsageError("Give a folder, or --family.")
    source = drawn(family, count) if family is not None else shapes
    assert source is not None
    with watched(arguments, source=family or shapes or "", quiet=quiet) as training:
        made = fit_shapes(source, **training)
    report.show_written(made, as_json=as_json, quiet=quiet)
