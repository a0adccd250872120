"""The page, in a headless Chromium whose WebGL2 is computed in software."""

import json
import math
import re

import numpy as np
import pytest

import cppnart
from cppnart.render.export import export
from cppnart.render.export.loop import Loop
from cppnart.render.motion.paths import along, segment
from cppnart.render.prepare import prepare
from cppnart.render.recipe import parse_recipe

from .live import PATIENCE, assert_alike, launched

PLAIN = {"style": "plume", "dither": False}
"""A style that is quickly drawn, and looks the same wherever its slopes are measured."""


@pytest.fixture(scope="module")
def pages(chromium, tmp_path_factory):
    with launched(chromium, tmp_path_factory.mktemp("pages")) as pages:
        yield pages


@pytest.fixture(scope="module")
def plain():
    """A page of two pictures."""
    return export(to="html", seeds="42,7", **PLAIN)


def rendered(size="128x96", **look):
    return cppnart.render(size=size, **{"seed": 42, **PLAIN, **look})


@pytest.mark.parametrize(
    "style",
    [
        "marble",
        "agate",
        "ripples",
        "atlas",
        "tile",
        "quasicrystal",
        "filigree",
        "sine",
        "kaleidoscope",
        "neat",
    ],
)
def test_a_page_shows_what_the_renderer_renders(pages, style):
    look = {"style": style, "dither": False}
    with pages.open(export(to="html", seeds=["a quiet sea"], **look)) as live:
        got = live.drawn().pixels()
    assert_alike(got, cppnart.render("a quiet sea", size="128x96", **look))
    assert live.errors == []


def test_a_wide_network_is_looped_over_in_textures(pages):
    look = {"seed": 3, "style": "classic", "width": 128, "depth": 3, "dither": False, "samples": 1}
    text = export(to="html", seeds=[3], **look)
    assert "cppnFieldWeights" in text
    with pages.open(text, size=(48, 32)) as live:
        got = live.drawn().pixels()
    assert_alike(got, cppnart.render(size="48x32", **look))


def test_a_page_begins_with_the_view_of_its_picture(pages):
    look = {**PLAIN, "center": (0.3, -0.2), "zoom": 1.7, "rotate": 30.0, "time": 0.2}
    with pages.open(export(42, to="html", seeds=[42], **look)) as live:
        got = live.drawn().pixels()
    assert_alike(got, rendered(**look))


def test_a_region_fills_the_page(pages):
    look = {**PLAIN, "seed": 42, "size": "256x192", "region": (64, 32, 128, 96)}
    with pages.open(export(to="html", seeds=[42], **look)) as live:
        got = live.drawn().pixels()
    assert_alike(got, cppnart.render(**look))


def test_a_transparent_picture_stays_transparent(pages):
    look = {"style": "emblem", "finish": "plain", "transparent": True, "dither": False}
    with pages.open(export(42, to="html", seeds=[42], **look)) as live:
        got = live.drawn().pixels()
    expected = cppnart.render(42, size="128x96", **look)
    assert got.shape[-1] == 4
    covered = expected[..., 3] > 32  # a canvas keeps colours times alpha, in 8 bits
    assert np.abs(got[..., 3].astype(int) - expected[..., 3]).max() <= 2
    assert_alike(got[covered], expected[covered])


def test_a_field_from_a_file_is_a_page_that_stands(pages, tmp_path):
    path = tmp_path / "field.safetensors"
    export(42, output=path, **PLAIN, size="128x96")
    with pages.open(export(path, to="html", dither=False)) as live:
        got = live.drawn().pixels()
    assert_alike(got, cppnart.render(path, size="128x96", dither=False))


def test_the_page_of_a_dense_screen_has_all_its_pixels(pages, plain):
    with pages.open(plain, size=(64, 48), device_scale_factor=2) as live:
        assert_alike(live.drawn().pixels(), rendered())
        live.page.set_viewport_size({"width": 40, "height": 60})
        live.page.wait_for_selector("#picture[width='80'][height='120']")
        assert_alike(live.drawn().pixels(), rendered("80x120"))


def test_a_page_asks_nothing_of_any_network(pages, plain):
    with pages.open(plain, "seed=42") as live:
        live.drawn("moving")
        live.page.keyboard.press("n")
        live.settled()
        assert [url.split("/")[-1] for url in live.requests] == ["page.html"]
    assert "default-src 'none'" in plain
    assert not re.search(r"https?:|//[a-z]+\.|@import|<link rel=.style", plain)


# --- Motion ---


def test_time_passes_along_the_loop_of_latents_and_round_the_time_of_the_style(pages):
    look = {**PLAIN, "time": 0.25}
    text = export(42, to="html", seeds=[42], steps=4, duration=40, turns=2, **look)
    keys = Loop(4).keys(prepare("42", moving=True, **look))
    for seconds in (13.0, 40.0 + 29.0):
        u = seconds / 40
        latent = along(keys, *segment(u, 4, True), "spline", True)
        with pages.open(text, f"still&t={seconds}") as live:
            got = live.drawn().pixels()
        assert_alike(got, rendered(latent=latent, time=(0.25 + 2 * u) % 1))


def test_a_page_moves_until_it_is_paused(pages, plain):
    with pages.open(plain, "t=0") as live:
        live.drawn("moving")
        live.page.keyboard.press(" ")
        paused = live.drawn().pixels()
        live.page.keyboard.press(" ")
        live.drawn("moving")
        live.settled()
        live.page.keyboard.press(" ")
        assert (live.drawn().pixels() != paused).any()


def test_a_page_stands_for_people_who_want_less_motion(pages, plain):
    with pages.open(plain, "", reduced_motion="reduce") as live:
        assert_alike(live.drawn().pixels(), rendered())


# --- Moving about ---


def test_dragging_moves_the_picture_and_a_double_click_puts_it_back(pages, plain):
    with pages.open(plain) as live:
        live.drawn()
        mouse = live.page.mouse
        mouse.move(30, 24)
        mouse.down()
        mouse.move(51, 12, steps=3)
        mouse.up()
        live.settled()
        moved = live.drawn().pixels()
        assert_alike(moved, rendered(center=(-21 / 48, 12 / 48)))
        mouse.dblclick(30, 12)
        live.settled()
        assert_alike(live.drawn().pixels(), rendered())


def test_the_wheel_zooms_towards_the_pointer(pages, plain):
    with pages.open(plain) as live:
        live.drawn()
        live.page.mouse.move(100, 20)
        live.page.mouse.wheel(0, -200)
        live.settled()
        zoomed = live.drawn().pixels()
    zoom = math.exp(0.3)
    x, y = (100 - 64) / 48, (20 - 48) / 48
    assert_alike(zoomed, rendered(zoom=zoom, center=(x - x / zoom, y - y / zoom)))


def test_two_fingers_zoom_and_move(pages, plain):
    script = """() => {
      const canvas = document.getElementById('picture');
      canvas.setPointerCapture = () => {};
      const send = (kind, id, x, y) => canvas.dispatchEvent(new PointerEvent(kind,
        {pointerId: id, clientX: x, clientY: y, bubbles: true, pointerType: 'touch'}));
      send('pointerdown', 1, 44, 48); send('pointerdown', 2, 84, 48);
      send('pointermove', 1, 34, 48); send('pointermove', 2, 94, 48);
      send('pointerup', 1, 34, 48); send('pointerup', 2, 94, 48);
    }"""
    with pages.open(plain) as live:
        live.drawn().page.evaluate(script)
        assert_alike(live.drawn().pixels(), rendered(zoom=1.5))


# --- Keys ---


def test_keys_and_the_address_choose_among_the_seeds(pages, plain):
    with pages.open(plain, "still&seed=7") as live:
        assert_alike(live.drawn().pixels(), rendered(seed=7))
        assert live.page.title() == "7"
        for key, seed in (("n", 42), ("ArrowLeft", 7), ("p", 42), ("ArrowRight", 7)):
            live.page.keyboard.press(key)
            assert live.page.title() == str(seed)
            assert_alike(live.drawn().pixels(), rendered(seed=seed))


def test_help_opens_and_closes(pages, plain):
    with pages.open(plain) as live:
        live.drawn()
        assert live.page.locator("#help").get_attribute("hidden") is not None
        live.page.keyboard.press("h")
        assert "save as PNG" in live.page.locator("#help").inner_text()
        assert live.page.locator("#help").get_attribute("hidden") is None
        live.page.keyboard.press("Escape")
        assert live.page.locator("#help").get_attribute("hidden") is not None


def test_a_picture_is_saved_larger_than_the_screen(pages, plain, tmp_path):
    with pages.open(plain, size=(48, 32)) as live:
        live.drawn()
        with live.page.expect_download(timeout=PATIENCE) as waiting:
            live.page.keyboard.press("s")
        assert waiting.value.suggested_filename == "cppnart-plume-42-192x128.png"
        path = tmp_path / "saved.png"
        waiting.value.save_as(path)
    from PIL import Image

    with Image.open(path, formats=["PNG"]) as picture:
        got = np.asarray(picture.convert("RGB"))
    assert_alike(got, rendered("192x128"))


# --- What goes wrong ---


def test_without_webgl2_there_is_a_plain_message(pages, plain):
    text = plain.replace(
        "'use strict';", "HTMLCanvasElement.prototype.getContext = () => null; 'use strict';", 1
    )
    with pages.open(text) as live:
        live.drawn("failed")
        assert "WebGL2, which this browser does not offer" in live.page.inner_text("#message")
        assert live.errors == []


def test_a_lost_device_is_told_and_survived(pages, plain):
    with pages.open(plain) as live:
        expected = live.drawn().pixels()
        live.page.evaluate("""() => {
          const gl = document.getElementById('picture').getContext('webgl2');
          window.lost = gl.getExtension('WEBGL_lose_context');
          window.lost.loseContext();
        }""")
        live.drawn("lost")
        assert "The graphics device was lost" in live.page.inner_text("#message")
        live.page.evaluate("window.lost.restoreContext()")
        live.drawn()
        assert not live.page.locator("#message").is_visible()
        np.testing.assert_array_equal(live.pixels(), expected)


def test_a_shader_that_does_not_compile_is_told(pages, plain):
    with pages.open(plain.replace("void main() {\\n  Colour", "void main() {\\n  Color")) as live:
        live.drawn("failed")
        assert "does not compile" in live.page.inner_text("#message")


@pytest.mark.parametrize(
    "seed",
    [
        "</script><script>window.bad = 1</script><!--",
        "<img src=x onerror=window.bad=1> \"'&amp;@@data@@",
        "</title><script>window.bad=1//",
        "a\u2028b\\u003c é 海",
    ],
)
def test_no_seed_breaks_out_of_the_page(pages, seed):
    text = export(to="html", seeds=[seed], **PLAIN)
    with pages.open(text) as live:
        got = live.drawn().pixels()
        assert live.page.title() == seed
        assert live.page.evaluate("window.bad") is None
        assert live.page.locator("#caption b").text_content() == seed
        kept = live.page.locator("#recipe").text_content()
    assert live.errors == []
    assert parse_recipe(kept).seed == seed
    assert_alike(got, rendered(seed=seed))


def test_the_page_holds_the_recipe_of_its_picture():
    text = export(42, to="html", **PLAIN)
    (kept,) = re.findall(r'<script type="application/json" id="recipe">(.*?)</script>', text)
    recipe = parse_recipe(kept)
    assert (recipe.seed, recipe.style) == ("42", "plume")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("42", ["42", "43", "44", "45", "46"]),
        ("-2", ["-2", "-1", "0", "1", "2"]),
        ("0xff", ["0xff", "0x100", "0x101", "0x102", "0x103"]),
        ("sea", ["sea", "sea 2", "sea 3", "sea 4", "sea 5"]),
    ],
)
def test_a_page_has_the_next_few_seeds_too(source, expected):
    text = export(source, to="html", **PLAIN)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert [picture["seed"] for picture in json.loads(data)["pictures"]] == expected


def test_other_seeds_draw_their_own_palette_unless_one_is_given():
    def palettes(**look):
        text = export(to="html", seeds=["42", "7", "9"], style="veil", **look)
        (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
        return [picture["look"] for picture in json.loads(data)["pictures"]]

    own = [prepare(seed, style="veil").palette.name for seed in ("42", "7", "9")]
    assert palettes() == [f"veil, {name}" for name in own]
    assert len(set(own)) > 1
    assert palettes(palette="dusk") == ["veil, dusk"] * 3


def test_the_picture_of_a_page_is_rendered_from_the_page(tmp_path):
    page = tmp_path / "page.html"
    export(seed="</script> & <b>", style="classic", output=page)
    expected = cppnart.render(seed="</script> & <b>", style="classic", size=32)
    np.testing.assert_array_equal(cppnart.render(page, size=32), expected)
    page.write_text("<!DOCTYPE html><p>no picture</p>")
    with pytest.raises(ValueError, match="carries no cppnart recipe"):
        cppnart.render(page)
