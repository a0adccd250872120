"""Works: adding, finding, changing, and looking at them, through the server."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import cppnart
from cppnart.cppn.genomes.files import to_json
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.picbreeder import to_xml
from cppnart.cppn.seeds import Stream
from cppnart.fields import files
from cppnart.fields.program import Builder, Program
from cppnart.gallery.collection import Collection
from cppnart.render.export.api import export
from cppnart.render.metadata import read_recipe
from cppnart.render.recipe import parse_recipe

from .live import got, refused, served


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("gallery")) as client:
        yield client


def seed(client: httpx.Client, seed: str, **more: Any) -> dict[str, Any]:
    asked = {"seed": seed, "style": "neat", **more}
    work: dict[str, Any] = got(client.post("/api/works", json=asked))
    return work


def upload(client: httpx.Client, name: str, content: bytes) -> httpx.Response:
    return client.post("/api/works", params={"name": name}, content=content)


def field() -> Program:
    b = Builder(x=1, y=1)
    value = b.map(b["x"], "sin", 3)
    return b.build(red=value, green=b["y"], blue=value)


# --- Adding ---


def test_a_seed_becomes_a_work(gallery: httpx.Client) -> None:
    work = seed(gallery, "a quiet sea")
    assert work["title"] == "neat a quiet sea"
    assert work["kind"] == "seed"
    assert work["can"] == {"breed": True, "animate": True, "shader": True}
    assert got(gallery.get(f"/api/works/{work['id']}"))["recipe"]["seed"] == "a quiet sea"


def test_a_seed_is_never_taken_for_a_file(gallery: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    cppnart.render(3, size=32, output=path)
    work = seed(gallery, str(path))
    assert got(gallery.get(f"/api/works/{work['id']}"))["recipe"]["seed"] == str(path)


def test_the_same_picture_twice_is_one_work(gallery: httpx.Client) -> None:
    assert seed(gallery, "twice")["id"] == seed(gallery, "twice")["id"]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_a_picture_brings_its_recipe(gallery: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    cppnart.render(7, style="neat", size="60x40", palette="dusk", output=path)
    work = got(upload(gallery, path.name, path.read_bytes()))
    recipe = got(gallery.get(f"/api/works/{work['id']}"))["recipe"]
    assert recipe == json.loads(read_recipe(path))
    assert work["size"] == [60, 40]
    assert work["title"] == "picture"


def test_genomes_come_as_json_as_xml_and_in_a_zip(gallery: httpx.Client) -> None:
    genome = grown(Stream("genomes"), outputs="hsb")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("genome.xml", to_xml(genome))
    found = [
        got(upload(gallery, name, content))
        for name, content in (
            ("genome.json", to_json(genome).encode()),
            ("genome.xml", to_xml(genome).encode()),
            ("genome.zip", packed.getvalue()),
        )
    ]
    assert {work["kind"] for work in found} == {"genome"}
    assert {work["weights"] for work in found} == {len(genome.enabled)}
    assert found[1]["id"] == found[2]["id"]


def test_fields_say_where_they_come_from(gallery: httpx.Client) -> None:
    fit = got(upload(gallery, "fit.safetensors", files.to_bytes(field(), {"size": [30, 20]})))
    assert (fit["kind"], fit["size"]) == ("fit", [30, 20])
    other = files.to_bytes(field(), {"size": [20, 30], "made": "gan"})
    assert got(upload(gallery, "sample.safetensors", other))["kind"] == "gan"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("picture.png", b"", "picture.png"),
        ("picture.png", b"\x89PNG\r\n\x1a\nnonsense", "picture.png"),
        ("genome.json", b"{" * 100_000, "genome.json"),
        ("genome.zip", b"PK\x03\x04nonsense", "genome.zip"),
        ("genome.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><genome/>', "genome.xml"),
        ("field.safetensors", b"\xff" * 64, "field.safetensors"),
        ("film.mp4", b"", "film.mp4"),
        ("../../etc/passwd", b"", "passwd"),
        ("picture.png/", b"", "picture.png"),
    ],
)
def test_other_files_are_refused_and_leave_nothing(
    gallery: httpx.Client, name: str, content: bytes, word: str
) -> None:
    before = got(gallery.get("/api/works"))["total"]
    refused(upload(gallery, name, content), 400, word)
    assert got(gallery.get("/api/works"))["total"] == before


def test_nothing_stays_of_what_was_uploaded(tmp_path: Path) -> None:
    with served(tmp_path / "home") as client:
        upload(client, "bad.png", b"nonsense")
        got(upload(client, "fit.safetensors", files.to_bytes(field())))
        assert list((tmp_path / "home" / "incoming").iterdir()) == []


def test_names_on_the_server_are_not_told(gallery: httpx.Client) -> None:
    answer = upload(gallery, "bad.png", b"nonsense")
    assert "incoming" not in answer.text
    assert answer.json()["error"].startswith("bad.png")


# --- Finding ---


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("shelf")) as client:
        for number, (title, tags) in enumerate(
            [("Übung im Grünen", ["sea", "print"]), ("zebra", ["sea"]), ("An apple", [])]
        ):
            work = seed(client, str(number), title=title, tags=tags)
            if title == "zebra":
                got(client.patch(f"/api/works/{work['id']}", json={"favourite": True}))
        yield client


def titles(client: httpx.Client, **chosen: Any) -> list[str]:
    return [work["title"] for work in got(client.get("/api/works", params=chosen))["works"]]


def test_works_are_sorted(shelf: httpx.Client) -> None:
    assert titles(shelf) == ["An apple", "zebra", "Übung im Grünen"]
    assert titles(shelf, sort="oldest") == ["Übung im Grünen", "zebra", "An apple"]
    assert titles(shelf, sort="title") == ["An apple", "zebra", "Übung im Grünen"]
    assert titles(shelf, sort="favourite")[0] == "zebra"
    refused(shelf.get("/api/works", params={"sort": "price"}), 400, "price", "newest")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ÜBUNG", ["Übung im Grünen"]),
        ("u\u0308bung", ["Übung im Grünen"]),
        ("grünen print", ["Übung im Grünen"]),
        ("sea", ["zebra", "Übung im Grünen"]),
        ("sea apple", []),
        ("%", []),
        ("_", []),
        ("neat zeb", ["zebra"]),
    ],
)
def test_every_word_of_a_search_must_be_there(
    shelf: httpx.Client, words: str, found: list[str]
) -> None:
    assert titles(shelf, search=words) == found


def test_a_work_is_found_by_its_seed_and_by_its_whole_id(shelf: httpx.Client) -> None:
    (work,) = got(shelf.get("/api/works", params={"search": "zebra"}))["works"]
    assert titles(shelf, search="neat 1") == ["zebra"]
    assert titles(shelf, search=work["id"]) == ["zebra"]
    assert titles(shelf, search=work["id"][:6]) == []


def test_works_are_chosen_by_tag_kind_and_favour(shelf: httpx.Client) -> None:
    assert titles(shelf, tag="print") == ["Übung im Grünen"]
    assert titles(shelf, favourite=1) == ["zebra"]
    assert len(titles(shelf, kind="seed")) == 3
    assert titles(shelf, kind="genome") == []
    assert got(shelf.get("/api/works"))["tags"] == [["sea", 2], ["print", 1]]


def test_pages_of_a_list_say_how_many_there_are(shelf: httpx.Client) -> None:
    answer = got(shelf.get("/api/works", params={"offset": 1, "limit": 1}))
    assert [work["title"] for work in answer["works"]] == ["zebra"]
    assert answer["total"] == 3
    refused(shelf.get("/api/works", params={"limit": 100000}), 400, "100000")


# --- Changing ---


def test_what_is_deleted_comes_back(gallery: httpx.Client) -> None:
    work = seed(gallery, "deleted", tags=["gone"])["id"]
    assert got(gallery.delete(f"/api/works/{work}"))["deleted"]
    assert work not in [found["id"] for found in got(gallery.get("/api/works"))["works"]]
    assert work in [found["id"] for found in got(gallery.get("/api/works?deleted=1"))["works"]]
    assert "gone" not in dict(got(gallery.get("/api/works"))["tags"])
    back = got(gallery.post(f"/api/works/{work}/restore"))
    assert (back["deleted"], back["kept"], back["tags"]) == (False, True, ["gone"])


def test_adding_what_was_deleted_brings_it_back(gallery: httpx.Client) -> None:
    work = seed(gallery, "added again")["id"]
    got(gallery.delete(f"/api/works/{work}"))
    assert seed(gallery, "added again")["kept"]


def test_titles_and_tags_are_kept_as_they_are_written(gallery: httpx.Client) -> None:
    work = seed(gallery, "hostile")["id"]
    title = "<script>alert(1)</script> \"'; DROP TABLE works; -- 🐚 مرحبا"
    found = got(gallery.patch(f"/api/works/{work}", json={"title": title, "tags": ["<b>", "<b>"]}))
    assert (found["title"], found["tags"]) == (title, ["<b>"])
    assert got(gallery.get(f"/api/works/{work}"))["title"] == title


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": ""}, "title"),
        ({"title": " \u200e\x00\n"}, "title"),
        ({"title": "a" * 201}, "201"),
        ({"tags": ["a" * 41]}, "aaa"),
        ({"tags": [str(n) for n in range(33)]}, "33"),
        ({"tags": "sea"}, "tags"),
        ({"favourite": "yes"}, "favourite"),
        ({"name": "x"}, "name"),
        ([], "array"),
    ],
)
def test_titles_and_tags_are_checked(gallery: httpx.Client, change: Any, word: str) -> None:
    work = seed(gallery, "checked")["id"]
    refused(gallery.patch(f"/api/works/{work}", json=change), 400, word)


def test_a_title_is_one_line(gallery: httpx.Client) -> None:
    work = seed(gallery, "one line")["id"]
    found = got(gallery.patch(f"/api/works/{work}", json={"title": " a\r\n\tb\x00\x1b[31m "}))
    assert found["title"] == "a b[31m"


# --- Looking ---


def opened(content: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)


def test_thumbnails_have_the_shape_of_their_pictures(gallery: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    cppnart.render(5, style="neat", size="90x30", output=path)
    work = got(upload(gallery, "wide.png", path.read_bytes()))
    answer = gallery.get(work["thumbnail"])
    assert answer.headers["content-type"] == "image/webp"
    assert opened(answer.content).shape == (171, 512, 3)


def test_a_picture_is_what_render_makes_and_carries_its_recipe(
    gallery: httpx.Client, tmp_path: Path
) -> None:
    work = seed(gallery, "42")["id"]
    path = tmp_path / "taken.png"
    path.write_bytes(gallery.get(f"/api/works/{work}/picture.png?size=128").content)
    expected = cppnart.render(42, style="neat", size=128)
    assert np.array_equal(opened(path.read_bytes()), expected)
    assert np.array_equal(cppnart.render(parse_recipe(read_recipe(path))), expected)


def test_a_region_of_a_picture_stays_that_region(gallery: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "part.png"
    whole = cppnart.render(42, style="neat", size=256)
    cppnart.render(42, style="neat", size=256, region=(64, 128, 128, 64), output=path)
    work = got(upload(gallery, "part.png", path.read_bytes()))
    assert work["size"] == [128, 64]
    answer = gallery.get(f"/api/works/{work['id']}/picture.png?size=128")
    assert np.array_equal(opened(answer.content), np.asarray(whole)[128:192, 64:192])
    small = opened(gallery.get(f"/api/works/{work['id']}/picture.webp?size=128").content)
    difference = small.astype(float) - np.asarray(whole)[128:192, 64:192]
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize("size", ["0", "-1", "100000", "big", "1e3", ""])
def test_pictures_for_the_screen_are_limited(gallery: httpx.Client, size: str) -> None:
    work = seed(gallery, "42")["id"]
    refused(gallery.get(f"/api/works/{work}/picture.png?size={size}"), 400, "size")


def test_a_genome_has_a_drawing_and_a_seed_has_none(gallery: httpx.Client) -> None:
    genome = grown(Stream("drawing"))
    work = got(upload(gallery, "genome.json", to_json(genome).encode()))["id"]
    drawing = got(gallery.get(f"/api/works/{work}/drawing"))
    assert {node["id"] for node in drawing["nodes"]} == {*genome.inputs, *genome.order}
    weights = {(link["from"], link["to"]): link["weight"] for link in drawing["links"]}
    assert weights == {(link.source, link.target): link.weight for link in genome.links}
    assert all(node["thumbnail"].startswith("data:image/webp") for node in drawing["nodes"])
    refused(gallery.get(f"/api/works/{seed(gallery, '42')['id']}/drawing"), 404, "genome")


def test_a_shader_is_that_of_the_exported_page(gallery: httpx.Client) -> None:
    work = seed(gallery, "42")["id"]
    shader = got(gallery.get(f"/api/works/{work}/shader"))
    page = export(42, style="neat", to="html", seeds=["42"])
    assert isinstance(page, str)
    assert json.dumps(shader["shader"]).replace("<", "\\u003c") in page
    assert set(shader["tables"].values()) == set(shader["textures"])
    assert len(shader["keys"][0]) > 0


@pytest.mark.parametrize(
    "path",
    ["", "/lineage", "/drawing", "/shader", "/thumbnail.webp", "/picture.png", "/tiles/0/0/0.webp"],
)
def test_what_is_not_there_is_said_so(gallery: httpx.Client, path: str) -> None:
    refused(gallery.get(f"/api/works/0123456789abcdef{path}"), 404, "0123456789abcdef")


def test_a_full_disk_is_told_and_nothing_is_kept(
    gallery: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Collection, "_write_thumbnail", full)
    before = got(gallery.get("/api/works"))["total"]
    asked = {"seed": "no room", "style": "neat"}
    refused(gallery.post("/api/works", json=asked), 507, "No space left")
    content = files.to_bytes(field(), {"size": [7, 5]})
    refused(upload(gallery, "fit.safetensors", content), 507, "No space left")
    assert got(gallery.get("/api/works"))["total"] == before
