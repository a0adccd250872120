"""`cppnart gallery`: breed, keep and look at pictures in the browser."""

from typing import Any

import click

from cppnart.cli import options, report

home = click.option(
    "--home",
    type=click.Path(),
    metavar="FOLDER",
    help="Where it is kept.  [default: your data folder]",
)

EXAMPLES = """\b
Examples:
  cppnart gallery
  cppnart gallery --home prints/ --port 8000
  cppnart gallery add *.png model.safetensors genome.zip
  cppnart gallery list --json
  cppnart gallery export site/ --favourite --title 'Night work'"""


@click.group(name="gallery", epilog=EXAMPLES, invoke_without_command=True)
@click.option("--port", type=int, metavar="N", help="0 takes a free one.  [default: 8717]")
@click.option("--host", metavar="ADDRESS", help="Where it listens.  [default: 127.0.0.1]")
@home
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@options.quiet
@click.pass_context
def group(context: click.Context, no_browser: bool, quiet: bool, **arguments: Any) -> None:
    """Open the gallery in the browser: breed pictures by choosing them, and keep what you like.

    It is served to this machine alone, until Ctrl-C.
    """
    context.obj = arguments["home"]
    if context.invoked_subcommand is not None:
        return
    from cppnart.gallery.serve import serve

    def ready(address: str) -> None:
        if not quiet:
            click.echo(f"{address}  (Ctrl-C stops it)")

    serve(browser=not no_browser, ready=ready, **options.given(arguments))


@group.command(name="add")
@click.argument("files", nargs=-1, required=True, type=click.Path())
@home
@options.report
@click.pass_context
def add_command(
    context: click.Context, files: tuple[str, ...], home: str | None, as_json: bool, quiet: bool
) -> None:
    """Add pictures with their recipes, fields (.safetensors) or genomes (.json, .xml, .zip)."""
    from cppnart.gallery.collection import add

    _show(add(files, home=home or context.obj), as_json, quiet)


@group.command(name="list")
@click.option("--search", metavar="WORDS", help="Only those with these words.")
@click.option("--tag", metavar="TAG", help="Only those with this tag.")
@click.option("--favourite", "--favorite", is_flag=True, default=None, help="Only favourites.")
@click.option("--sort", metavar="NAME", help="newest, oldest, title or favourite.")
@home
@options.as_json
@click.pass_context
def list_command(context: click.Context, home: str | None, as_json: bool, **chosen: Any) -> None:
    """List the works of the gallery."""
    from cppnart.gallery.collection import listed

    _show(listed(home=home or context.obj, **options.given(chosen)), as_json, False)


@group.command(name="export")
@click.argument("folder", type=click.Path())
@click.argument("works", nargs=-1)
@click.option("--search", metavar="WORDS", help="Only those with these words.")
@click.option("--tag", metavar="TAG", help="Only those with this tag.")
@click.option("--favourite", "--favorite", is_flag=True, default=None, help="Only favourites.")
@click.option("--sort", metavar="NAME", help="newest, oldest, title or favourite.")
@click.option("--title", metavar="TEXT", help="Of the site.  [default: Works]")
@home
@options.report
@click.pass_context
def export_command(
    context: click.Context,
    folder: str,
    works: tuple[str, ...],
    home: str | None,
    as_json: bool,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Write a site of works: pages that need no server, on which pictures are drawn live.

    WORKS are ids, as `cppnart gallery list` gives them. Without any, all are shown.
    """
    from cppnart.gallery.site import export

    with report.Progress("exporting", unit="work", quiet=quiet) as progress:
        written = export(
            folder,
            works,
            home=home or context.obj,
            progress=progress,
            **options.given(chosen),
        )
    report.show_written(written, as_json=as_json, quiet=quiet)


def _show(works: list[Any], as_json: bool, quiet: bool) -> None:
    if as_json:
        import msgspec

        report.show_json(msgspec.to_builtins(works))
    elif not quiet:
        report.show_lines({work.id: work.title for work in works}, as_json=False)
