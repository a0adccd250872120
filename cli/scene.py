"""`cppnart scene`: what a scene is, and commands that make scenes."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.lazy import Entry, LazyGroup

EXAMPLES = """\b
Examples:
  cppnart scene lego                              what there is: views, sizes, depths
  cppnart scene lego --cameras -o cameras.png     a picture of its cameras
  cppnart scene render cow.obj --views 100 -o cow
  cppnart fit scene cow && cppnart scene view cow.safetensors --orbit
  cppnart scene perturb lego --kind both -o lego-perturbed"""


class SceneGroup(LazyGroup):
    """A group whose first word may also be a scene itself, which is then shown."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.entries, "-h", "--help"}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


group = SceneGroup(
    {
        "Scenes": {
            "show": Entry("cppnart.cli.scene", "What a scene is; the word may be left out."),
            "view": Entry("cppnart.cli.scene_view", "A fitted field from anywhere, as a film."),
            "score": Entry(
                "cppnart.cli.scene_score", "How near it comes to photographs kept back."
            ),
            "mesh": Entry("cppnart.cli.scene_mesh", "What is dense in it, as a mesh with colours."),
            "render": Entry("cppnart.cli.scene", "A scene from a mesh with colours.", "render"),
            "perturb": Entry("cppnart.cli.scene", "A scene as if in the wild.", "perturb"),
        }
    },
    name="scene",
    help="Photographs with cameras, and the fields of light that are fitted to them.",
    epilog=EXAMPLES,
    subcommand_metavar="DIR | COMMAND ...",
)


@click.command(name="show")
@click.argument("source", metavar="DIR", type=click.Path())
@click.option("--cameras", is_flag=True, help="Draw the cameras too.")
@click.option("--size", type=int, metavar="N", help="Of each side drawn.  [default: 640]")
@options.output("The picture of the cameras.  [default: NAME-cameras.png]")
@options.report
def command(
    source: str, cameras: bool, output: str | None, as_json: bool, quiet: bool, **arguments: Any
) -> None:
    """Say what a scene is: its views, its cameras and their bounds."""
    from cppnart.fields.scenes.scene import read_scene
    from cppnart.fields.scenes.summary import summary

    drawing = {**options.given(arguments), **options.given({"output": output})}
    if drawing and not cameras:
        raise click.UsageError("--output and --size are those of the picture: give --cameras too.")
    scene = read_scene(source)
    facts = summary(scene)
    drawn = None
    if cameras:
        from cppnart.render.scenes.cameras import draw_cameras

        drawing.setdefault("output", f"{scene.name}-cameras.png")
        drawn = draw_cameras(scene, **drawing)
    if as_json:
        report.show_json({**vars(facts), "picture": drawn and drawn.path})
    elif not quiet:
        if drawn is None:
            report.show_lines(facts.lines(), as_json=False)
        else:
            report.show_written(drawn, as_json=False, quiet=False)
            for name, words in facts.lines().items():
                click.echo(f"{name:13}  {words}", err=True)
        for remark in facts.remarks:
            click.echo(f"Note: {remark}.", err=True)


@click.command(name="render")
@click.argument("source", metavar="MESH", type=click.Path())
@click.option("--views", type=int, metavar="N", help="For training.  [default: 100]")
@click.option("--size", type=int, metavar="N", help="Pixels a side.  [default: 400]")
@click.option("--hemisphere", is_flag=True, default=None, help="No camera below the horizon.")
@click.option("--shading", is_flag=True, default=None, help="Soft light, fixed to the world.")
@click.option("--up", metavar="AXIS", help="Of the mesh: y or z.  [default: y]")
@click.option("--samples", type=int, metavar="N", help="Of a pixel, a side, odd.  [default: 3]")
@click.option("--texture", type=click.Path(), help="A picture in place of the file's own.")
@click.option("--seed", type=int, metavar="N", help="Of where the cameras are.")
@options.output("The folder of the scene, new or empty.  [default: NAME-scene]")
@options.report
def render(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Render a mesh with colours into a scene, with exact poses and depths."""
    from cppnart.render.scenes.render import render_scene

    with report.Progress("rendering", unit="views", quiet=quiet) as progress:
        made = render_scene(
            source,
            output or f"{Path(source).stem}-scene",
            progress=progress,
            **options.given(arguments),
        )
    report.show_written(made, as_json=as_json, quiet=quiet)


@click.command(name="perturb")
@click.argument("source", metavar="DIR", type=click.Path())
@click.option("--kind", metavar="KIND", help="colour, occluders or both.  [default: both]")
@click.option("--seed", type=int, metavar="N", help="Of what is changed.")
@options.output("The folder of the new scene, new or empty.  [default: NAME-perturbed]")
@options.report
def perturb(source: str, output: str | None, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Change light and add occluders in views for training, as if they were from the wild."""
    from cppnart.fields.scenes.perturb import perturb_scene

    with report.Progress("writing", unit="views", quiet=quiet) as progress:
        made = perturb_scene(
            source,
            output or f"{Path(source).resolve().name}-perturbed",
            progress=progress,
            **options.given(arguments),
        )
    report.show_written(made, as_json=as_json, quiet=quiet)
