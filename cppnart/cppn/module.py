"""A seeded network as a torch module: to look inside, to train, to run on a GPU."""

from __future__ import annotations

from collections.abc import Sequence

from cppnart.cppn.generate import generate
from cppnart.fields.fold import bind
from cppnart.fields.torch_backend import ProgramModule


class CPPN(ProgramModule):
    """The network that a seed draws, as a torch module with its weights as parameters.

    Points (N, 2), x and y with the picture's short side spanning [-1, 1], become (N, 3): value,
    shade and accent, each mostly within [0, 1], which palettes and finishes turn into colours;
    a fourth, alpha, in styles with transparency. Styles that move stand at ``time``; with None
    the time is a third coordinate, and 1 a whole round.
    ``drawn`` tells what was drawn; ``program()`` gives the network with its present weights, and
    ``cppnart.fields.files.save`` keeps it as a field that every command renders.
    """

    def __init__(
        self,
        seed: str | int,
        style: str | None = None,
        *,
        latent: Sequence[float] | None = None,
        scale: float | None = None,
        depth: int | None = None,
        width: int | None = None,
        activation: str | None = None,
        symmetry: int | None = None,
        time: float | None = 0.0,
    ) -> None:
        drawn = generate(
            seed,
            style,
            latent=latent,
            scale=scale,
            depth=depth,
            width=width,
            activation=activation,
            symmetry=symmetry,
        )
        program = drawn.program
        if drawn.style.time and time is not None:
            program = bind(program, t=time)
        super().__init__(program)
        self.drawn = drawn
