"""Groups of commands that are imported only when they run."""

from importlib import import_module
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """Where a subcommand lives (a module, and its attribute if not `command`), and its help."""

    module: str
    line: str
    attribute: str = "command"


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported when they are called."""

    def __init__(self, table: dict[str, dict[str, Entry]], **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.table = table
        self.entries = {name: entry for part in table.values() for name, entry in part.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(entry.module), entry.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.{entry.attribute} is not a command of click")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.entries and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(name, self.entries, n=1, cutoff=0.5)
            suggestion = f"Did you mean {close[0]!r}?" if close else "See 'cppnart --help'."
            raise click.UsageError(f"No such command {name!r}. {suggestion}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, part in self.table.items():
            with formatter.section(heading):
                formatter.write_dl([(name, entry.line) for name, entry in part.items()])
