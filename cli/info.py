"""`cppnart info`: what a picture or a field is."""

import click

from cppnart.cli import options, report


@click.command(name="info")
@click.argument("source")
@options.as_json
def command(source: str, as_json: bool) -> None:
    """Print what SOURCE is, its traits and its recipe.

    SOURCE is a seed, a picture that carries its recipe, or a field (.safetensors).
    """
    from cppnart.render import api

    facts = api.info(source)
    if as_json:
        report.show_json(facts)
    else:
        report.show_tree(facts)
