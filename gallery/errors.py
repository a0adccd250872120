"""What the gallery refuses, besides values that make no sense (ValueError)."""

from __future__ import annotations


class NotThere(LookupError):
    """What was asked for is not in the gallery."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else "not in the gallery"


class Conflict(RuntimeError):
    """What was asked for cannot be done as things are now."""


class TooLarge(ValueError):
    """More than the gallery takes."""
