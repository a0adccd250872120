"""A seed's network as a torch module."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cppnart
from cppnart.cppn import styles
from cppnart.cppn.generate import generate
from cppnart.cppn.module import CPPN
from cppnart.fields import files, numpy_backend
from cppnart.fields.coordinates import pixel_centers
from cppnart.fields.fold import bind
from cppnart.fields.program import Program
from cppnart.render.api import render

POINTS = pixel_centers(16, 12)


def reference(program: Program, **inputs: float) -> np.ndarray:
    """The float64 reference at the points, at a time where the program has one."""
    known: dict[str, Any] = {"x": POINTS[:, 0], "y": POINTS[:, 1], **inputs}
    return numpy_backend.evaluate(program, known)


def outputs(network: CPPN, points: np.ndarray = POINTS) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(points).float()))


def test_the_package_has_it() -> None:
    assert cppnart.CPPN is CPPN


@pytest.mark.parametrize("style", styles.names())
def test_points_of_the_plane_become_value_shade_and_accent(style: str) -> None:
    network = CPPN(7, style)
    drawn = generate(7, style)
    program = bind(drawn.program, t=0.0) if drawn.style.time else drawn.program
    values = outputs(network)
    assert values.shape == (len(POINTS), 4 if drawn.style.alpha else 3)
    assert network.input_names == ("x", "y")
    assert network.output_names[:3] == ("value", "shade", "accent")
    assert np.abs(values - reference(program)).max() < 2e-3
    assert np.median(np.abs(values - reference(program))) < 1e-5


def test_its_weights_are_parameters() -> None:
    network = CPPN("quiet", "classic")
    parameters = list(network.parameters())
    assert parameters
    assert all(parameter.requires_grad for parameter in parameters)
    assert sum(p.numel() for p in parameters) >= network.drawn.program.parameters > 100
    points = torch.from_numpy(POINTS).float()
    network(points)[:, 0].mean().backward()
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_it_learns() -> None:
    network = CPPN(3, "classic")
    points = torch.from_numpy(POINTS).float()
    target = (points[:, 0] > 0).float()
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = ((network(points)[:, 0] - target) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_its_program_is_the_one_that_was_drawn() -> None:
    network = CPPN(5, "neat")
    assert files.to_bytes(network.program()) == files.to_bytes(generate(5, "neat").program)


def test_its_program_has_its_present_weights_and_renders(tmp_path: Path) -> None:
    network = CPPN(5, "classic")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.9)
    program = network.program()
    assert np.abs(outputs(network) - reference(program)).max() < 1e-4
    assert np.abs(reference(program) - reference(generate(5, "classic").program)).max() > 0.01
    path = tmp_path / "mine.safetensors"
    files.save(path, program)
    image = render(path, size=16)
    assert isinstance(image, np.ndarray)
    assert image.shape == (16, 16, 3)


def test_styles_that_move_stand_at_a_time_or_take_it_as_an_input() -> None:
    moving = generate(3, "sine").program
    still, later, whole = (CPPN(3, "sine", time=time) for time in (0.0, 0.3, None))
    assert np.abs(outputs(still) - reference(moving, t=0.0)).max() < 1e-4
    assert np.abs(outputs(later) - reference(moving, t=0.3)).max() < 1e-4
    assert np.abs(outputs(later) - outputs(still)).max() > 0.01
    third = np.concatenate([POINTS, np.full((len(POINTS), 1), 0.3)], 1)
    assert whole.input_names == ("x", "y", "t")
    assert np.abs(outputs(whole, third) - reference(moving, t=0.3)).max() < 1e-4


def test_styles_that_stand_still_have_no_time() -> None:
    assert CPPN(3, "classic", time=None).input_names == ("x", "y")
    assert np.array_equal(outputs(CPPN(3, "classic", time=0.5)), outputs(CPPN(3, "classic")))


def test_options_are_those_of_the_style() -> None:
    options: dict[str, Any] = {"depth": 2, "width": 6, "activation": "sin", "scale": 2.0}
    network = CPPN(3, "classic", **options)
    assert options.items() <= network.drawn.options.items()
    latent = [0.5] * 8
    drawn = generate(3, "classic", latent=latent)
    assert files.to_bytes(CPPN(3, "classic", latent=latent).program()) == files.to_bytes(
        drawn.program
    )


def test_it_moves_to_other_types_and_keeps_its_state() -> None:
    network = CPPN(3, "classic")
    double = CPPN(3, "classic").double()
    exact = double(torch.from_numpy(POINTS)).detach().numpy()
    assert exact.dtype == np.float64
    assert np.abs(exact - reference(network.drawn.program)).max() < 1e-6
    other = CPPN(3, "classic")
    with torch.no_grad():
        next(other.parameters()).zero_()
    other.load_state_dict(network.state_dict())
    assert np.array_equal(outputs(other), outputs(network))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", None, {}), "seed ''"),
        ((3, "no-such-style", {}), "unknown style 'no-such-style'"),
        ((3, "classic", {"symmetry": 4}), "has no option symmetry"),
        ((3, "classic", {"latent": [1.0]}), r"latent of shape \(1,\)"),
        ((3, "sine", {"time": math.nan}), "time|finite|t:"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[Any, Any, dict[str, Any]], message: str
) -> None:
    seed, style, options = arguments
    with pytest.raises(ValueError, match=message):
        CPPN(seed, style, **options)


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
        CPPN(3, "classic")(torch.zeros(4, 3))
