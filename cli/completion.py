"""`cppnart completion`: the script that teaches a shell to complete our commands and options."""

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "fish", "zsh")

EPILOG = """\b
Put one of these where your shell starts:
  bash (~/.bashrc)  eval "$(cppnart completion bash)"
  zsh (~/.zshrc)    eval "$(cppnart completion zsh)"
  fish (~/.config/fish/config.fish)
                    cppnart completion fish | source"""


@click.command(name="completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def command(ctx: click.Context, shell: str | None) -> None:
    """Print the completion script for SHELL (the one of $SHELL when it is not given)."""
    from cppnart.cli.main import COMPLETION  # which imports this module

    shell = shell or PurePath(os.environ.get("SHELL", "")).name
    complete = get_completion_class(shell) if shell in SHELLS else None
    if complete is None:
        raise click.UsageError(f"Which shell? {shell!r} is none of {', '.join(SHELLS)}.", ctx)
    click.echo(complete(ctx.find_root().command, {}, "cppnart", COMPLETION).source())
