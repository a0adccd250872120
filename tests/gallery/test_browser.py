"""The gallery's page, driven in a headless Chromium."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.render.export import export

from ..browser import launched
from .live import got, served
from .pages import opened


@pytest.fixture(scope="module")
def browser(chromium):
    with launched(chromium) as running:
        yield running


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    with served(tmp_path_factory.mktemp("gallery")) as running:
        yield running


@pytest.fixture
def page(browser, gallery):
    with opened(browser, gallery) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def family(gallery):
    """Works: a kept child, its kept child, and between them one that was only passed through."""
    nursery = asked(gallery, "nurseries", {"start": {"nothing": True}, "count": 2})
    place = f"nurseries/{nursery['id']}"
    first = asked(gallery, f"{place}/keep", {"index": 0, "title": "Reeds", "tags": ["river"]})
    for _ in range(2):
        asked(gallery, f"{place}/next", {"chosen": [0], "count": 2})
    last = asked(gallery, f"{place}/keep", {"index": 1, "title": "Salt"})
    return [first["id"], last["id"]]


def asked(gallery, path, body=None):
    """What the gallery answers to a program."""
    if body is None:
        return got(gallery.get(f"/api/{path}"))
    return got(gallery.post(f"/api/{path}", json=body))


def keys_of(gallery, nursery):
    """Which children are on the sheet."""
    return [child["key"] for child in asked(gallery, f"nurseries/{nursery}")["children"]]


def test_five_generations_are_bred_kept_and_printed(browser, tmp_path):
    size = (480, 420)
    with served(tmp_path / "home") as gallery:
        with opened(browser, gallery, size) as page:
            begun = asked(gallery, "nurseries", {"start": {"nothing": True}, "count": 3})
            page.go(f"/breed/{begun['id']}").generation(1)
            seen = {}
            for generation in range(1, 6):
                seen[generation] = keys_of(gallery, begun["id"])
                page.child(1).click()
                if generation == 3:
                    page.child(3).click()
                page.button("Next generation").click()
                page.generation(generation + 1)
            page.button("Undo").click()
            page.generation(5)
            assert keys_of(gallery, begun["id"]) == seen[5]
            page.button("Undo").click()
            page.generation(4)
            assert keys_of(gallery, begun["id"]) == seen[4] != seen[5]
            page.child(2).click()
            page.button("Next generation").click()
            page.generation(5)

            page.button("Keep 3").click()
            page.page.get_by_role("button", name="Show").click()
            title = page.ready().page.get_by_label("Title")
            title.fill("Harbour <b>at night</b>")
            title.press("Enter")
            page.said("Saved")
            work = page.page.url.split("/")[-1]

            page.page.get_by_role("link", name="The whole lineage").click()
            tree = page.page.get_by_role("treeitem")
            tree.first.wait_for()
            assert tree.count() == 6  # two of the third generation, one of each other
            assert page.page.get_by_role("treeitem", selected=True).inner_text() == (
                "Harbour <b>at night</b>"
            )

        with opened(browser, gallery, size, accept_downloads=True) as page:
            page.go(f"/works/{work}")
            assert page.page.get_by_label("Title").input_value() == "Harbour <b>at night</b>"
            shown = page.drawn(".look")
            height, width = shown.shape[:2]
            page.button("Print").click()
            page.page.get_by_label("Size in pixels").fill(f"{width}x{height}")
            page.page.locator("dialog").get_by_role("button", name="Print").click()
            page.page.get_by_role("link", name="Prints").click()
            page.page.wait_for_selector(".job[data-state=done]")
            with page.page.expect_download() as download:
                page.page.get_by_role("link", name="Download").click()
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)

        recipe = cppnart.info(path)["recipe"]
        assert recipe["genome"] is not None
        assert recipe["size"] == f"{width}x{height}"
        printed = np.asarray(Image.open(path).convert("RGB"))
        assert_alike(shown, printed)

    with served(tmp_path / "home") as gallery, opened(browser, gallery) as page:
        page.go("/works")
        assert page.page.locator(".work .title").all_text_contents() == ["Harbour <b>at night</b>"]
        page.go("/jobs")
        assert page.page.locator(".job").get_attribute("data-state") == "done"


def test_a_sheet_is_bred_from_the_keyboard(page, gallery):
    begun = asked(gallery, "nurseries", {"start": {"nothing": True}, "count": 4})
    keys = page.page.keyboard
    page.go(f"/breed/{begun['id']}").generation(1)
    columns = int(page.page.locator(".sheet-grid").get_attribute("data-columns"))
    keys.press("ArrowRight")  # to the sheet
    keys.press("ArrowRight")
    assert focused(page) == "Child 2"
    if columns < 4:
        keys.press("ArrowDown")
        assert focused(page) == f"Child {2 + columns}"
        keys.press("ArrowUp")
    keys.press("End")
    assert focused(page) == "Child 4"
    keys.press("n")
    page.said("Choose one or several")
    keys.press("Space")
    page.said("4 chosen, 1 in all")
    assert page.child(4).get_attribute("aria-pressed") == "true"
    keys.press("Escape")
    page.said("Nothing chosen")
    assert page.child(4).get_attribute("aria-pressed") == "false"
    keys.press("Enter")
    keys.press("n")
    page.generation(2)
    page.said("Generation 2")
    assert focused(page) == "Child 1"
    keys.press("a")
    page.said("Other children of the same parents")
    page.generation(2)
    keys.press("u")
    page.said("Undone")
    keys.press("u")
    page.generation(1)
    keys.press("k")
    page.said("Kept 1 as")
    assert page.button("Keep 1").get_attribute("aria-pressed") == "true"
    keys.press("/")
    page.page.get_by_label("Search works").wait_for()
    page.until("document.activeElement.type === 'search'")
    keys.press("Escape")
    keys.press("?")
    page.page.get_by_role("dialog", name="Keys").wait_for()
    keys.press("Escape")
    assert page.page.get_by_role("dialog").count() == 0


def focused(page):
    """The name of what has the focus, without what is said about it after a comma."""
    return page.page.evaluate("document.activeElement.ariaLabel").partition(",")[0]


def test_all_pictures_are_drawn_in_one_context(browser, gallery, family):
    with opened(browser, gallery) as page:
        page.page.add_init_script(
            "window.contexts = 0; const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
            " if (kind.startsWith('webgl')) window.contexts += 1;"
            " return get.call(this, kind, ...more); };"
        )
        begun = asked(gallery, "nurseries", {"start": {"works": family}, "count": 5})
        page.go(f"/breed/{begun['id']}").generation(1)
        page.until("document.querySelectorAll('.frame.shown').length === 5")
        page.page.evaluate(f"location.hash = '#/works/{family[0]}'")
        page.drawn(".look")
        assert page.page.evaluate("window.contexts") == 1


def test_without_webgl2_the_server_draws(browser, gallery, family):
    with opened(browser, gallery) as page:
        page.page.add_init_script(
            "const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
            " return kind === 'webgl2' ? null : get.call(this, kind, ...more); };"
        )
        begun = asked(gallery, "nurseries", {"start": {"works": family[:1]}, "count": 3})
        page.go(f"/breed/{begun['id']}").generation(1)
        page.until("document.querySelectorAll('.frame.shown img').length === 3")
        page.child(2).click()
        page.button("Next generation").click()
        page.generation(2)
        page.go(f"/works/{family[0]}")
        page.until("document.querySelector('.look-still').naturalWidth > 0")
        page.page.locator(".look").focus()
        page.page.keyboard.press("+")
        page.page.wait_for_selector(".viewer[data-state=tiled]")


def test_the_shader_and_tiles_show_the_same_place_to_any_depth(page, gallery, tmp_path):
    path = tmp_path / "wide.png"
    cppnart.render("8", style="classic", size="128x64", output=path)
    work = got(gallery.post("/api/works?name=wide.png", content=path.read_bytes()))["id"]
    page.go(f"/works/{work}")
    page.drawn(".look")
    page.page.locator(".look").focus()
    page.page.keyboard.press("+")
    page.page.wait_for_selector(".viewer[data-zoom='2']")
    shown = page.drawn(".look")
    height, width = shown.shape[:2]
    assert width == 2 * height
    side = width // 2  # two tiles of the second level lie side by side, and halves of two above
    tiles = [
        [tile(gallery, f"works/{work}/tiles/2/{x}/{y}.webp?side={side}") for x in (1, 2)]
        for y in (0, 1)
    ]
    both = np.concatenate([np.concatenate(row, 1) for row in tiles])
    expected = both[side // 2 : side // 2 + height]
    assert expected.std() > 5
    apart = np.abs(shown.astype(int) - expected.astype(int)).mean()
    assert apart < 1.3  # WebP is not exact; two pixels to the side make more
    for _ in range(29):
        page.page.keyboard.press("+")
    page.page.wait_for_selector(f".viewer[data-zoom='{2**30}'][data-state=tiled]")
    assert page.page.locator(".depth").inner_text() == "× 1.1 · 10⁹"
    alphas = page.page.locator(".tiles").evaluate(
        "canvas => { const {width, height} = canvas;"
        " const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);"
        " return data.filter((_, i) => i % 4 === 3).every(alpha => alpha === 255); }"
    )
    assert alphas, "a part of the canvas has no tile"
    page.page.keyboard.press("0")
    page.page.wait_for_selector(".viewer[data-zoom='1']")


def tile(gallery, path):
    content = gallery.get(f"/api/{path}").content
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_a_picture_moves_along_its_latent_until_it_is_paused(browser, gallery, family):
    with opened(browser, gallery, (480, 420), reduced_motion="no-preference") as page:
        page.go(f"/works/{family[0]}")
        before = page.drawn(".look")
        page.button("Animate").click()
        page.page.wait_for_selector(".look[data-state=moving]")
        page.page.wait_for_timeout(1500)
        page.button("Animate").click()
        after = page.drawn(".look")
        assert np.abs(after.astype(int) - before.astype(int)).mean() > 0.5


def test_works_are_searched_starred_deleted_and_brought_back(page, gallery, family):
    asked(gallery, "works", {"seed": "7", "style": "agate"})
    page.go("/works")
    titles = page.page.locator(".work .title")
    assert {"Reeds", "Salt", "agate 7"} <= set(titles.all_text_contents())
    page.page.get_by_label("Search works").fill("reed")
    page.said("1 work")
    assert titles.all_text_contents() == ["Reeds"]
    page.button("Favourite: Reeds").click()
    page.said("Reeds is a favourite")
    page.page.get_by_label("Search works").fill("")
    page.until("document.querySelectorAll('.work').length > 2")
    page.button("Favourites").click()
    page.said("1 work")
    page.page.reload()
    assert page.ready().page.locator(".work .title").all_text_contents() == ["Reeds"]
    page.button("Favourites").click()
    page.until("document.querySelectorAll('.work').length > 2")
    page.button("Delete agate 7").click()
    page.said("Deleted “agate 7”")
    assert "agate 7" not in titles.all_text_contents()
    page.button("Undo").click()
    page.said("agate 7 is back")
    page.page.locator(".title", has_text="agate 7").wait_for()
    page.page.get_by_role("button", name="river").click()
    page.until("document.querySelectorAll('.work').length === 1")
    assert titles.all_text_contents() == ["Reeds"]


def test_a_file_becomes_a_work_and_a_parent(page, tmp_path):
    path = tmp_path / "found.json"
    export(cppnart.breed(children=1, seed=7)[0], to="genome", output=path)
    page.go("/works")
    page.page.locator("input[type=file]").set_input_files(path)
    page.said("Added")
    page.button("Show").click()
    page.page.get_by_role("link", name="Breed from it").click()
    page.page.locator(".parent-row img").wait_for(state="attached")
    page.generation(1)
    wrong = tmp_path / "wrong.png"
    Image.new("RGB", (8, 8)).save(wrong)
    page.go("/works")
    page.page.locator("input[type=file]").set_input_files(wrong)
    page.page.locator(".toast.wrong").wait_for()


def test_the_lineage_is_walked_by_keys_and_branched_from(page, family):
    page.go(f"/works/{family[1]}/lineage")
    nodes = page.page.get_by_role("treeitem")
    assert [node.inner_text() for node in nodes.all()].count("not kept") == 1
    page.page.get_by_role("treeitem", selected=True).focus()
    assert focused(page) == "Salt"
    page.page.keyboard.press("ArrowUp")
    page.page.locator(".ancestor.passing[aria-selected=true]").wait_for()
    page.page.keyboard.press("ArrowUp")
    assert focused(page) == "Reeds"
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("b")
    page.page.locator(".parent-row img").wait_for(state="attached")
    page.generation(1)
    assert page.page.locator(".parent-row img").count() == 1


def test_the_network_is_drawn_with_its_weights(page, gallery, family):
    found = asked(gallery, f"works/{family[0]}/drawing")
    page.go(f"/works/{family[0]}")
    page.page.get_by_text("Network", exact=True).click()
    page.page.locator(".network").wait_for()
    assert page.page.locator(".network .node image").count() == len(found["nodes"])
    assert page.page.locator(".network .wire").count() == len(found["links"])
    page.page.locator(".weights summary").click()
    shown = [
        float(cell)
        for cell in page.page.locator("td:last-child").all_text_contents()
        if cell != "off"
    ]
    expected = [round(link["weight"], 3) for link in reversed(found["links"]) if link["enabled"]]
    assert shown == pytest.approx(expected, abs=6e-4)


def test_a_print_tells_how_far_it_is_and_is_cancelled(page, gallery, family):
    page.go("/jobs")
    asked(gallery, "jobs", {"work": family[0], "kind": "tiff", "size": "20000x20000"})
    page.page.wait_for_selector(".job[data-state=running] progress")
    page.until("document.querySelector('.job progress').value > 0")
    page.button("Cancel").click()
    page.page.wait_for_selector(".job[data-state=cancelled]")
    page.button("Remove from the list").click()
    page.until("!document.querySelector('.job')")


ROOMS = ("/breed", "/works", "/works/{}", "/works/{}/lineage", "/jobs")


def test_every_room_fits_a_phone_and_names_what_can_be_pressed(browser, gallery, family):
    with opened(browser, gallery, (390, 844), has_touch=True, is_mobile=True) as page:
        for room in ROOMS:
            page.go(room.format(family[1]))
            assert page.page.evaluate("document.documentElement.scrollWidth") <= 390, room
            assert page.page.get_by_role("heading", level=1).count() == 1, room
            assert page.page.evaluate(UNNAMED) == [], room
            assert page.page.evaluate(SMALL) == [], room


UNNAMED = """() => [...document.querySelectorAll('button, a, input, select, img, canvas[role]')]
  .filter(each => each.checkVisibility() && !each.closest('[aria-hidden=true]'))
  .filter(each => !(each.ariaLabel || each.innerText?.trim() || each.labels?.length
    || each.hasAttribute('alt') || each.querySelector('img[alt]:not([alt=""])')))
  .map(each => each.outerHTML)"""
SMALL = """() => [...document.querySelectorAll('button, select, .plain')]
  .filter(each => each.checkVisibility() && getComputedStyle(each).opacity > 0)
  .filter(each => { const {width, height} = each.getBoundingClientRect();
    return width < 20 || height < 20; })
  .map(each => each.outerHTML)"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_words_stand_out_from_the_ground(browser, gallery, scheme):
    with opened(browser, gallery, color_scheme=scheme) as page:
        page.go("/works")
        ground, *words = page.page.evaluate(COLOURS)
        assert (luminance(ground) < 0.5) == (scheme == "dark")
        for word in words:
            light, dark = sorted((luminance(ground), luminance(word)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3
        page.page.locator("#theme").click()
        page.page.locator("#theme").click()
        page.page.reload()
        assert luminance(page.ready().page.evaluate(COLOURS)[0]) > 0.5  # light by choice


COLOURS = """() => ['ground', 'ink', 'soft', 'faint'].map(name => {
  const part = document.body.appendChild(document.createElement('i'));
  part.style.color = `var(--${name})`;
  const found = getComputedStyle(part).color.match(/[0-9]+/g).map(Number);
  part.remove();
  return found;
})"""


def luminance(colour):
    share = np.array(colour[:3]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def assert_alike(shown, printed):
    assert shown.shape == printed.shape
    assert printed.std() > 5, "an empty picture compares with anything"
    apart = np.abs(shown.astype(int) - printed.astype(int)).max(-1)
    assert (apart <= 2).mean() >= 0.999, f"up to {apart.max()} levels"
