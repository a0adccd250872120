"""The plain way to a picture of a CPPN, which `cppnart render` is compared with.

8 tanh layers of 32 with normal weights, as in the tutorials since 2016, in torch eager, a band of
rows at a time, saved by Pillow as it does by default: `python plain_torch.py SIZE FILE.png`.
"""

import sys

import torch
from PIL import Image

BAND = 4
"""Rows at once: about as many points as suit torch best at 4096 a row."""
WIDTH, DEPTH = 32, 8


@torch.inference_mode()
def picture(size: int) -> torch.Tensor:
    """(size, size, 3) uint8."""
    torch.manual_seed(42)
    layers: list[torch.nn.Module] = []
    for number in range(DEPTH):
        linear = torch.nn.Linear(2 if number == 0 else WIDTH, WIDTH)
        torch.nn.init.normal_(linear.weight)
        layers += [linear, torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(WIDTH, 3), torch.nn.Sigmoid())
    side = (torch.arange(size) + 0.5) * (2 / size) - 1
    pixels = torch.empty(size, size, 3, dtype=torch.uint8)
    for row in range(0, size, BAND):
        y, x = torch.meshgrid(side[row : row + BAND], side, indexing="ij")
        colours = net(torch.stack([x, y], -1).reshape(-1, 2))
        pixels[row : row + BAND] = (colours * 255).round().byte().reshape(-1, size, 3)
    return pixels


if __name__ == "__main__":
    Image.fromarray(picture(int(sys.argv[1])).numpy()).save(sys.argv[2])
