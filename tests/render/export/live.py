"""Opens exported pages in a headless Chromium and reads their pixels."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...browser import launched as chromium

PIXELS = """() => document.getElementById('picture').toDataURL('image/png').split(',')[1]"""
AWAKE = """() => Promise.race([new Promise(requestAnimationFrame).then(() => true),
  new Promise(resolve => setTimeout(resolve, 5000, false))])"""
PATIENCE = 60_000
"""Milliseconds that a page may take for its picture: many, for other tests run at the same time."""


class Live:
    """A page that is open, with what went over the network and what went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def drawn(self, state: str = "drawn") -> Live:
        """Waits until the page says that it is in this state.

        A browser whose graphics died, or that gives no frames, is asked once more: now and then
        one without a screen does so on a busy machine, and no page can help it.
        """
        try:
            self._reach(state)
        except AssertionError:
            if self._state() != "lost" and self.page.evaluate(AWAKE):
                raise
            self.page.reload()
            self._reach(state)
        return self

    def _reach(self, state: str) -> None:
        from playwright.sync_api import TimeoutError as TooLate

        wanted = f"html[data-state={state}]"
        try:
            self.page.wait_for_selector(wanted, state="attached", timeout=PATIENCE)
        except TooLate:
            raise AssertionError(
                f"the page is {self._state()!r} and not {state!r} after {PATIENCE / 1000:g} s; "
                f"errors: {self.errors}"
            ) from None

    def _state(self) -> object:
        return self.page.evaluate("() => document.documentElement.dataset.state")

    def settled(self) -> None:
        """Waits until the page has had time for what was done to it: two frames."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        self.page.evaluate("() => new Promise(requestAnimationFrame)")

    def pixels(self) -> NDArray[np.uint8]:
        """The canvas, (H, W, 3), or (H, W, 4) where it is transparent anywhere."""
        data = base64.b64decode(self.page.evaluate(PIXELS))
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            pixels = np.asarray(picture)
        return pixels[..., :3] if (pixels[..., 3] == 255).all() else pixels


class Pages:
    """A browser, and a folder for the pages that it opens."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser = browser
        self.folder = folder

    @contextmanager
    def open(
        self,
        text: str,
        fragment: str = "still",
        *,
        size: tuple[int, int] = (128, 96),
        **options: Any,
    ) -> Iterator[Live]:
        """A page at a size in CSS pixels, in a context of its own with these options."""
        path = self.folder / "page.html"
        path.write_text(text, encoding="utf-8")
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, **options
        )
        try:
            live = Live(context.new_page())
            live.page.goto(f"{path.as_uri()}#{fragment}")
            yield live
        finally:
            context.close()


@contextmanager
def launched(executable: str, folder: Path) -> Iterator[Pages]:
    """A browser and its folder for as long as the block lasts."""
    with chromium(executable) as browser:
        yield Pages(browser, folder)


def assert_alike(got: NDArray[Any], expected: NDArray[Any]) -> None:
    """At most two grey levels between them at 99.9 % of the pixels."""
    assert got.shape == expected.shape
    difference = np.abs(got.astype(int) - expected.astype(int)).max(-1)
    assert (difference <= 2).mean() >= 0.999, (
        f"{(difference > 2).sum()} of {difference.size} pixels, up to {difference.max()} levels"
    )
