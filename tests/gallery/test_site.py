"""The site without a server: its files, and its pages in a headless Chromium."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from PIL import Image

import cppnart
from cppnart.cli.main import main
from cppnart.gallery import works
from cppnart.gallery.collection import open_collection
from cppnart.gallery.errors import NotThere
from cppnart.gallery.site import export

from ..browser import launched

MARKUP = '<img src=x onerror="alert(1)"> & @@tiles@@'


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A gallery of a genome, its child, and a seed of a style, newest last."""
    folder = tmp_path_factory.mktemp("home")
    collection = open_collection(folder)
    try:
        collection.add_seed("5", style="glass", title=MARKUP, tags=["window"], size="96x64")
        first = cppnart.breed(children=1, seed=3)[0]
        work = collection.add(first, title="Reeds")
        works.change(collection.catalogue, work.id, favourite=True)
        collection.add(cppnart.breed(first, children=1, seed=4)[0], title="Salt")
    finally:
        collection.close()
    return folder


@pytest.fixture(scope="module")
def site(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    return folder, export(folder, home=home, title="Night & day", sort="title")


class Links(HTMLParser):
    """What a page refers to, its words, and the names of its elements."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words, self.names = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        given = dict(attributes)
        self.found += [given[name] for name in ("href", "src", "data-live") if name in given]

    def handle_data(self, data):
        self.words += data


def test_every_link_of_every_page_leads_to_a_file_of_the_site(site):
    folder, written = site
    pages = [folder / "index.html", *(folder / "works").iterdir()]
    assert len(pages) == 1 + written.works == 4
    for page in pages:
        links = Links(page.read_text(encoding="utf-8")).found
        assert len(links) > 5
        for link in links:
            if link.startswith("#"):
                continue
            assert (page.parent / link).resolve().is_file(), (page, link)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert written.bytes == sum(path.stat().st_size for path in files)


def test_titles_are_words_and_nothing_else(site):
    folder, _ = site
    for page in [folder / "index.html", *(folder / "works").iterdir()]:
        found = Links(page.read_text(encoding="utf-8"))
        assert "x" not in found.found
    index = Links((folder / "index.html").read_text(encoding="utf-8"))
    assert MARKUP in index.words
    assert index.names.count("li") == 3
    assert "Night & day" in index.words


def test_parents_and_children_are_linked(site, home):
    folder, _ = site
    collection = open_collection(home)
    try:
        ids = {work.title: work.id for work in works.find(collection.catalogue).works}
    finally:
        collection.close()
    parent = Links((folder / "works" / f"{ids['Reeds']}.html").read_text(encoding="utf-8"))
    child = Links((folder / "works" / f"{ids['Salt']}.html").read_text(encoding="utf-8"))
    assert f"{ids['Salt']}.html" in parent.found
    assert f"{ids['Reeds']}.html" in child.found
    assert "Child" in parent.words
    assert "Parent" in child.words


def test_the_pictures_of_a_site_carry_their_recipes(site):
    folder, _ = site
    sizes = set()
    for path in (folder / "pictures").iterdir():
        recipe = cppnart.info(path)["recipe"]
        assert recipe.get("genome") or recipe["style"] == "glass"
        with Image.open(path) as picture:
            sizes.add(picture.size)
    assert sizes == {(1600, 1600), (1600, 1067)}


def test_works_are_chosen_by_id_tag_or_favour(home, tmp_path):
    assert export(tmp_path / "a", home=home, favourite=True).works == 1
    assert export(tmp_path / "b", home=home, tag="window").works == 1
    with pytest.raises(ValueError, match="no works to export"):
        export(tmp_path / "c", home=home, search="nothing like it")
    with pytest.raises(NotThere, match="work 'feed' is not in the gallery"):
        export(tmp_path / "d", ["feed"], home=home)
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "d").exists()


def test_the_command_writes_a_site_and_says_where(home, tmp_path, capsys):
    folder = tmp_path / "site"
    main(["gallery", "export", str(folder), "--home", str(home), "--search", "reeds", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == str(folder / "index.html")
    assert (report["works"], report["live"]) == (1, 1)


def test_a_site_draws_its_pictures_from_files_alone(site, home, chromium):
    folder, _ = site
    with launched(chromium) as browser:
        page = browser.new_page(viewport={"width": 900, "height": 700})
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((folder / "index.html").as_uri())
        page.wait_for_function("() => [...document.images].every(one => one.naturalWidth > 0)")
        tile = page.locator(".print", has=page.get_by_alt_text("Reeds"))
        tile.hover()
        page.frame_locator(".print iframe").locator("html[data-state=moving]").wait_for()
        tools = page.frame_locator(".print iframe").locator("#tools")
        assert not tools.is_visible()
        tile.click()
        page.frame_locator("iframe").locator("html[data-state=moving]").wait_for()
        page.get_by_role("link", name="Salt").click()
        page.get_by_role("heading", name="Salt").wait_for()
        assert {url.split("/")[0] for url in asked} == {"file:"}
        assert errors == []
