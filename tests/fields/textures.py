"""A small network that has learnt four textures, for tests of what networks see."""

import numpy as np
import torch
from torch import nn

SIDE = 32
TEXTURES = ("upright", "level", "checks", "dots")


def textures(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (count, 3, SIDE, SIDE) in [0, 1], and which texture each has: of any colours,
    period and phase, with noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    pictures = []
    kinds = random.integers(0, len(TEXTURES), count)
    for kind in kinds:
        turn = 2 * np.pi / random.uniform(5, 8)
        across, down = (np.sin(turn * axis + random.uniform(0, 6)) for axis in (x, y))
        wave = [across, down, np.sign(across * down), 2.0 * (across * down > 0.6) - 1][kind]
        colours = random.uniform(0.1, 0.9, (2, 3))
        mixed = colours[0] + (colours[1] - colours[0]) * (wave[..., None] + 1) / 2
        pictures.append(mixed + random.normal(0, 0.03, mixed.shape))
    batch = np.clip(np.stack(pictures), 0, 1).transpose(0, 3, 1, 2)
    return torch.from_numpy(batch).float(), torch.from_numpy(kinds)


class Eye(nn.Module):
    """Three convolutions, of which ``wide`` is the last, and a class for each texture."""

    classes = TEXTURES

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Sequential(nn.Conv2d(3, 12, 5, 2), nn.ReLU(inplace=True))
        self.wide = nn.Sequential(
            nn.Conv2d(12, 16, 3), nn.ReLU(inplace=True), nn.Conv2d(16, 16, 3), nn.ReLU()
        )
        self.last = nn.Linear(16, len(TEXTURES))
        self.unused = nn.Linear(2, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.wide(self.narrow((pictures - 0.5) * 4))
        out: torch.Tensor = self.last(seen.mean((2, 3)))
        return out


def drawn(seed: int = 1) -> Eye:
    """The network before it learns; the same for a seed, whatever was drawn before."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Eye()


def taught() -> Eye:
    eye = drawn()
    adam = torch.optim.Adam(eye.parameters(), 5e-3)
    for step in range(250):
        pictures, kinds = textures(32, 1000 + step)
        loss = nn.functional.cross_entropy(eye(pictures), kinds)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return eye.eval()
