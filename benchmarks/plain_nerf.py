"""NeRF as a person would write it straight in torch, which ours is compared with: two networks,
64 stratified and 128 importance samples of each ray, one Adam step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


def encoded(x: Tensor, frequencies: int) -> Tensor:
    parts = [x]
    for k in range(frequencies):
        parts += [torch.sin(2.0**k * x), torch.cos(2.0**k * x)]
    return torch.cat(parts, -1)


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        sizes = [63, *[256] * 4, 256 + 63, 256, 256]
        self.layers = nn.ModuleList([nn.Linear(size, 256) for size in sizes])
        self.sigma, self.feature = nn.Linear(256, 1), nn.Linear(256, 256)
        self.view, self.colour = nn.Linear(256 + 27, 128), nn.Linear(128, 3)

    def forward(self, points: Tensor, ways: Tensor) -> tuple[Tensor, Tensor]:
        x = encoded(points, 10)
        h = x
        for number, layer in enumerate(self.layers):
            h = functional.relu(layer(h))
            if number == 4:
                h = torch.cat([x, h], -1)
        sigma = functional.softplus(self.sigma(h)[..., 0] - 1)
        h = functional.relu(self.view(torch.cat([self.feature(h), encoded(ways, 4)], -1)))
        return sigma, self.colour(h).sigmoid()


def render(
    network: Network, origins: Tensor, directions: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    points = origins[:, None] + directions[:, None] * z[..., None]
    ways = functional.normalize(directions, dim=-1)[:, None].expand(points.shape)
    sigma, colour = network(points, ways)
    delta = torch.cat([z[:, 1:] - z[:, :-1], torch.full_like(z[:, :1], 1e10)], 1)
    alpha = 1 - torch.exp(-sigma * delta * directions.norm(dim=-1, keepdim=True))
    through = torch.cumprod(torch.cat([torch.ones_like(z[:, :1]), 1 - alpha + 1e-10], 1), 1)
    weights = alpha * through[:, :-1]
    return (weights[..., None] * colour).sum(1) + 1 - weights.sum(1, keepdim=True), weights


def plain_step(
    origins: Tensor, directions: Tensor, wanted: Tensor, near: float, far: float
) -> Callable[[], None]:
    """One step of training on these rays, again and again."""
    coarse, fine = Network(), Network()
    adam = torch.optim.Adam([*coarse.parameters(), *fine.parameters()], 5e-4, fused=True)
    even = torch.linspace(near, far, 64)

    def step() -> None:
        z = even.expand(len(origins), 64)
        middle = 0.5 * (z[:, 1:] + z[:, :-1])
        low, high = torch.cat([z[:, :1], middle], 1), torch.cat([middle, z[:, -1:]], 1)
        z = low + (high - low) * torch.rand_like(low)
        first, weights = render(coarse, origins, directions, z)
        pdf = weights[:, 1:-1].detach() + 1e-5
        cdf = (pdf / pdf.sum(1, keepdim=True)).cumsum(1)
        cdf = torch.cat([torch.zeros_like(cdf[:, :1]), cdf], 1)
        u = torch.rand(len(z), 128)
        above = torch.searchsorted(cdf, u, right=True)
        before, after = (above - 1).clamp(min=0), above.clamp(max=62)
        bins = 0.5 * (z[:, 1:] + z[:, :-1])
        c0, c1 = cdf.gather(1, before), cdf.gather(1, after)
        b0, b1 = bins.gather(1, before), bins.gather(1, after)
        width = torch.where(c1 - c0 < 1e-5, torch.ones_like(c0), c1 - c0)
        drawn = b0 + (u - c0) / width * (b1 - b0)
        z = torch.cat([z, drawn], 1).sort(1).values
        second, _ = render(fine, origins, directions, z)
        loss = (first - wanted).square().mean() + (second - wanted).square().mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    return step
