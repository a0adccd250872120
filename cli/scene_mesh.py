"""`cppnart scene mesh`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report


@click.command(name="mesh")
@click.argument("source", metavar="FIELD", type=click.Path())
@click.option("--voxels", type=int, metavar="N", help="Of the lattice, a side.  [default: 256]")
@click.option("--density", type=float, metavar="X", help="At the surface.")
@click.option("--appearance", metavar="NAME", help="In the light of this photograph.")
@options.output("A mesh: .glb .ply .obj .stl .off.  [default: the field's name, .glb]")
@options.report
def command(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Turn what is dense in a field of light into a mesh with colours."""
    from cppnart.fields.radiance.meshed import mesh_scene

    made = mesh_scene(source, output or f"{Path(source).stem}.glb", **options.given(arguments))
    report.show_written(made, as_json=as_json, quiet=quiet)
