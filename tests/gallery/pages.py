"""A headless Chromium that looks at a gallery."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WAIT = 180_000
"""Milliseconds: enough for a machine that is busy with something else."""
PIXELS = "canvas => canvas.toDataURL('image/png').split(',')[1]"
MOSTLY_STILL = {"reduced_motion": "reduce"}


class Page:
    """A page of the gallery, with what went wrong in it, and what it asked of other hosts."""

    def __init__(self, page: Any, gallery: httpx.Client) -> None:
        self.page, self.address = page, str(gallery.base_url).rstrip("/")
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.strangers.append(request.url)

    def go(self, place: str = "") -> Page:
        """Opens a room."""
        self.page.goto(f"{self.address}/#{place}")
        return self.ready(f"='{place}'")

    def ready(self, which: str = "") -> Page:
        """Waits for the room."""
        self.page.wait_for_selector(f"main[data-ready{which}]")
        return self

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def child(self, number: int) -> Any:
        return self.page.locator(".exposure").nth(number - 1)

    def generation(self, number: int) -> Page:
        """Waits until the sheet is of this generation."""
        self.page.wait_for_function(
            "n => document.querySelector('.status b')?.textContent === `Generation ${n}`"
            " && !document.querySelector('.busy')",
            arg=number,
        )
        return self

    def until(self, true: str) -> None:
        """Waits for an expression to come true."""
        self.page.wait_for_function(f"() => {true}")

    def said(self, text: str) -> None:
        """Waits until a screen reader has been told this."""
        self.page.wait_for_function(
            "text => document.getElementById('live').textContent.includes(text)", arg=text
        )

    def drawn(self, selector: str) -> NDArray[np.uint8]:
        """The pixels of a canvas, (H, W, 3), as soon as it has been drawn in full."""
        canvas = self.page.wait_for_selector(f"{selector}[data-state=drawn]")
        data = base64.b64decode(canvas.evaluate(PIXELS))
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            return np.asarray(picture)[..., :3]


@contextmanager
def opened(
    browser: Any, gallery: httpx.Client, size: tuple[int, int] = (720, 520), **options: Any
) -> Iterator[Page]:
    """A page in a context of its own; afterwards, nothing may have gone wrong in it."""
    given = {**MOSTLY_STILL, **options}
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **given)
    try:
        page = Page(context.new_page(), gallery)
        yield page
        assert page.errors == []
        assert page.strangers == []
    finally:
        context.close()
