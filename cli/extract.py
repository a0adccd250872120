"""`cppnart extract`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart extract cow.safetensors -o cow.glb
  cppnart extract cow.safetensors -o cow.stl --voxels 512 --settle
  cppnart extract cow.safetensors -o cow.glb --faces 5000     small, for a page or a game
  cppnart extract cow.safetensors -o cow.npy --voxels 64      voxels; also .vox
  cppnart extract cow.safetensors -o cow.ply --as points
  cppnart extract vases.safetensors --complete part.ply -o whole.ply"""


@click.command(name="extract", epilog=EXAMPLES)
@click.argument("source", metavar="FIELD", type=click.Path())
@options.member
@click.option("--as", "kind", metavar="KIND", help="mesh, points or voxels.  [default: by name]")
@click.option("--voxels", type=int, metavar="N", help="Of the lattice, a side.  [default: 256]")
@click.option("--coarsest", type=int, metavar="N", help="Where the search begins.  [default: 32]")
@click.option("--threshold", type=float, metavar="X", help="A probability, or a distance.")
@click.option("--points", type=int, metavar="N", help="How many.  [default: 100000]")
@click.option("--settle", is_flag=True, default=None, help="Vertices where the field itself says.")
@click.option("--faces", type=int, metavar="N", help="Of a mesh, at most.")
@click.option("--refine", type=int, metavar="N", help="Then N steps by values and slopes, as 30.")
@click.option("--boxed", is_flag=True, default=None, help="In the box, not where the shape was.")
@options.output("What to write: .ply .obj .stl .glb .off .xyz .npy .vox.  [default: NAME.ply]")
@options.report
def command(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Write the surface of a solid field: a mesh, points on it, or voxels."""
    from cppnart.fields.extract import extract

    made = extract(source, output or f"{Path(source).stem}.ply", **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)
