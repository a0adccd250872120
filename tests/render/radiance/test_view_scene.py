"""Pictures and films of fields of light whose every value is known."""

import numpy as np
import pytest
from PIL import Image

from cppnart.render.radiance.cameras import around, facing, looked_at, one_way, photographed, spiral
from cppnart.render.radiance.view import view_scene

from .balls import ball


def test_a_ball_is_as_large_as_it_should_be():
    field = ball()
    picture = view_scene(field, photograph=0, show="opacity")
    distance = np.linalg.norm(field.poses[0][:3, 3])
    radius = 60 * 0.5 / np.sqrt(distance**2 - 0.25)  # of its outline, in pixels
    assert (picture[..., 0] > 127).sum() == pytest.approx(np.pi * radius**2, rel=0.05)


def test_colours_are_where_they_are_in_the_world():
    """The first camera stands on the right, at +x, where green is added to the red."""
    front, back = (view_scene(ball(), azimuth=a)[30, 30] for a in (0, 180))
    np.testing.assert_allclose(front, [255, 128, 0], atol=2)
    np.testing.assert_allclose(back, [255, 0, 0], atol=2)


def test_what_is_nearer_is_lighter_in_pictures_of_depth():
    grey = view_scene(ball(), photograph=2, show="depth", palette="#000000,#ffffff")[..., 1]
    assert grey[30, 30] > grey.max() - 5
    assert grey[30, 30] > grey[30, 22] > grey[0, 0] == 0


def test_more_samples_smooth_the_outline():
    one, many = (view_scene(ball(), photograph=0, samples=n)[..., 2] for n in (1, 4))
    between = [((p > 20) & (p < 235)).mean() for p in (one, many)]
    assert between[1] > 2 * between[0] + 0.005
    assert np.abs(one.mean() - many.mean()) < 3


def test_a_film_goes_round_once(tmp_path):
    path = tmp_path / "turn.gif"
    made = view_scene(ball(), path, orbit=True, size="24", duration=0.4, fps=10)
    assert made.frames == 4
    with Image.open(path) as film:
        assert (film.n_frames, film.size) == (4, (24, 24))
        greens = []
        for number in range(4):
            film.seek(number)
            greens.append(np.asarray(film.convert("RGB"))[12, 12, 1])
    assert max(greens) > 100
    assert min(greens) < 30


def test_light_goes_from_one_photograph_to_another_and_back(tmp_path):
    field = ball(codes=True)
    path = tmp_path / "light.gif"
    how = {"photograph": 0, "size": "16", "duration": 0.4, "fps": 10}
    view_scene(field, path, appearance="dark", to="light", **how)
    with Image.open(path) as film:
        levels = []
        for number in range(4):
            film.seek(number)
            levels.append(int(np.asarray(film.convert("L"))[8, 8]))
    assert levels == pytest.approx([64, 128, 191, 128], abs=3)
    assert view_scene(field, photograph=0, appearance="light")[30, 30, 0] == pytest.approx(
        191, abs=2
    )


def test_a_picture_is_written_as_it_is_given(tmp_path):
    path = tmp_path / "ball.png"
    view_scene(ball(), path, photograph=1)
    with Image.open(path) as written:
        assert (np.asarray(written.convert("RGB")) == view_scene(ball(), photograph=1)).all()


def test_cameras_look_at_what_photographs_look_at():
    field = ball()
    np.testing.assert_allclose(looked_at(field), 0, atol=1e-9)
    for azimuth in (0, 77, 200):
        eye = around(field, azimuth)
        way = -eye.pose[:3, 2]
        place = eye.pose[:3, 3]
        np.testing.assert_allclose(way, -place / np.linalg.norm(place), atol=1e-9)
        assert np.linalg.norm(place) == pytest.approx(np.linalg.norm(field.poses[0][:3, 3]))
        np.testing.assert_allclose(eye.pose[:3, :3].T @ eye.pose[:3, :3], np.eye(3), atol=1e-9)
    np.testing.assert_allclose(around(field, 0).pose, field.poses[0], atol=1e-6)
    assert around(field, 0, 80.0).pose[2, 3] > around(field, 0, 10.0).pose[2, 3]
    assert not one_way(field)


def test_a_spiral_stays_before_what_it_looks_at():
    field = ball()
    ahead = np.stack(
        [
            facing(np.array([x, y, 3.0]), np.array([0, 0, -1.0]), np.array([0, 1.0, 0]))
            for x in (-0.3, 0, 0.3)
            for y in (-0.2, 0.2)
        ]
    )
    object.__setattr__(field, "poses", ahead)
    assert one_way(field)
    for share in np.linspace(0, 1, 7):
        place = spiral(field, share).pose[:3, 3]
        assert np.abs(place - [0, 0, 3]).max() < 0.4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"show": "everything"}, "show 'everything'"),
        ({"zoom": 0.0}, "zoom 0"),
        ({"samples": 9}, "samples 9"),
        ({"photograph": 8}, "view 8: expected 0 to 7"),
        ({"appearance": "dark"}, "without --appearance"),
        ({"show": "parts"}, "not fitted with"),
        ({"orbit": True}, "needs a name"),
    ],
)
def test_mistakes_are_said_in_one_line(options, says):
    with pytest.raises(ValueError, match=says):
        view_scene(ball(), **options)


def test_an_appearance_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="as dark, light"):
        view_scene(ball(codes=True), appearance="noon")


def test_eyes_have_as_much_in_the_picture_at_any_size():
    eye = photographed(ball(), 0)
    small, large = eye.sized(30, 30), eye.sized(120, 120)
    for one in (small, large):
        corner = one.rays(slice(None), ndc=False).directions[0]
        wanted = eye.rays(slice(None), ndc=False).directions[0]
        assert (corner - wanted).norm() < 0.05
