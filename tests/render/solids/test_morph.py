"""Members of families as pictures, films between them, and their recipes."""

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from cppnart.fields.families.family import ShapeFamily, save_family
from cppnart.fields.families.model import FamilyModel
from cppnart.fields.shapes.meshes import Placement
from cppnart.render import api
from cppnart.render.metadata import read_recipe
from cppnart.render.solids import recipe, subject
from cppnart.render.solids.recipe import Subject, new_recipe, parse_solid_recipe
from cppnart.render.solids.room import Room
from cppnart.render.solids.view import view

HOW = {"size": "24", "samples": 1}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Light by a coarse lattice."""
    monkeypatch.setattr(subject, "Room", partial(Room, voxels=32))


@pytest.fixture
def family(tmp_path) -> ShapeFamily:
    """One that nobody trained, in a.safetensors, whose members have a surface at one half."""
    torch.manual_seed(5)
    model = FamilyModel("codes", 3, codes=4, width=24, depth=1, octaves=1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
        model.codes.mul_(5)
        points = torch.rand(2000, 3, generator=torch.Generator().manual_seed(1)) * 2 - 1
        model.decoder.last.bias -= model.decoder(points[None], model.codes[:1]).median()
    made = ShapeFamily(model.requires_grad_(False), ("a", "b", "c"), (Placement(),) * 3)
    save_family(tmp_path / "a.safetensors", made)
    return made


def frames(path) -> list[np.ndarray]:
    with Image.open(path) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.array(film.convert("RGB")))
        return found


@pytest.mark.parametrize("largest", [recipe.LARGEST, 100])
def test_a_picture_of_a_member_is_made_again_from_itself(tmp_path, family, monkeypatch, largest):
    monkeypatch.setattr(recipe, "LARGEST", largest)
    made = view(tmp_path / "a.safetensors", tmp_path / "b.png", member="b", **HOW)
    assert (made.remark is None) == (largest > 100)
    picture = frames(tmp_path / "b.png")[0]
    np.testing.assert_array_equal(view(tmp_path / "b.png"), picture)
    np.testing.assert_array_equal(view(family.decode("b"), **HOW), picture)
    assert (view(family.decode("a"), **HOW) != picture).any()
    codes = parse_solid_recipe(read_recipe(tmp_path / "b.png")).solid.codes
    np.testing.assert_array_equal(codes, [family.code("b")])
    assert api.info(tmp_path / "b.png")["recipe"]["solid"]["codes"] == "1 of 4 numbers"


def test_a_film_between_members_is_made_again_from_itself(tmp_path, family, monkeypatch):
    monkeypatch.setattr(recipe, "LARGEST", 100)
    film, again = tmp_path / "m.webp", tmp_path / "n.webp"
    how = {"between": ["a", "b"], "duration": 0.2, "fps": 10, **HOW}
    made = view(tmp_path / "a.safetensors", film, **how)
    assert made.frames == 2
    assert "a.safetensors is too large" in made.remark
    assert api.info(film)["kind"] == "film of a solid"
    view(film, again, azimuth=205.0)
    one, two = frames(film), frames(again)
    view(film, again, orbit=True)
    turned = frames(again)
    # half a turn after half of the time, when the film is at the second member
    np.testing.assert_array_equal(turned[0], one[0])
    np.testing.assert_array_equal(turned[1], two[1])
    assert (one[1] != two[1]).any()
    with pytest.raises(ValueError, match=r"between: give a name for the film"):
        view(film)


def test_what_cannot_be_chosen_is_refused(tmp_path, family):
    path = tmp_path / "a.safetensors"
    for between, message in (
        ([], "between none: expected two members or more"),
        (["a"], "between a: expected two members or more"),
        (["a", "d"], "there is no member 'd'"),
    ):
        with pytest.raises(ValueError, match=message):
            view(path, tmp_path / "m.gif", between=between)
    with pytest.raises(ValueError, match="between a, b: it says which members already"):
        view(path, tmp_path / "m.gif", between=["a", "b"], member="a")
    view(path, tmp_path / "b.png", member="b", **HOW)
    for source in (tmp_path / "b.png", family.decode("a"), 42):
        with pytest.raises(ValueError, match="member: for files of families of shapes alone"):
            view(source, member="a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"field": None, "seed": "1"}, "has codes, but no field of a family"),
        ({"codes": [[1.0, 2.0]]}, "code"),
        ({"codes": [[1.0, 2.0], [3.0]]}, "code"),
        ({"codes": None}, "inputs x, y, z, code"),
    ],
)
def test_recipes_whose_codes_make_no_sense_are_refused(tmp_path, family, changes, message):
    field = recipe.packed_program(family.program, "a")
    whole = {"field": field, "codes": [[0.0] * 4], **changes}
    with pytest.raises(ValueError, match=message) as error:
        subject.studio_of(new_recipe(Subject(**whole)), tmp_path, 1)
    assert "\n" not in str(error.value)
