"""How well and how fast photographs are made larger: `python benchmarks/upscale.py`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from measure import Row, best, busy, interleaved, machine, reported
from natural import data
from PIL import Image
from published_decoder import read_published, with_encoder_of
from torch import Tensor, nn

from cppnart.fields.upscaling.light import Light
from cppnart.fields.upscaling.task import (
    cropped,
    enlarged,
    luma_psnr,
    quantised,
    rgb_psnr,
    shrunk,
)
from cppnart.render.renderer import cores
from cppnart.render.upscale import _decoded, _evaluated, _model, upscale

MARGINS = {2: 2.2, 3: 1.8, 4: 1.4, 6: 0.6, 8: 0.6}
"""Decibels above bicubic, by factor; the last two are never trained."""
GIVEN = (2, 3, 4)
"""Factors for which Set5 has small pictures; the others are made here, by the same filter."""
FASTER, WITHIN = 10.0, 0.15
WHOLE = 3.0

Large = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True)
class Options:
    """rounds: of what is timed, in turns. quick: two pictures, small ones. threads: of all
    contestants. published: a decoder that `published_decoder.py` trained, or None."""

    rounds: int
    quick: bool
    threads: int
    published: Path | None


def read(path: Path) -> Tensor:
    """(1, 3, H, W) in [0, 1]."""
    with Image.open(path, formats=["PNG"]) as image:
        pixels = np.asarray(image.convert("RGB"))
    return torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255


def set5(factor: int, quick: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Small and large pictures."""
    folder = data() / "Set5" / f"image_SRF_{factor if factor in GIVEN else 4}"
    for path in sorted(folder.glob("*_HR.png"))[: 2 if quick else None]:
        large = cropped(read(path), factor)
        if factor in GIVEN:
            yield read(path.with_name(path.name.replace("HR", "LR"))), large
        else:
            yield quantised(shrunk(large, *(n // factor for n in large.shape[2:]))), large


@torch.no_grad()
def scores(way: Large, factor: int, quick: bool) -> tuple[float, float]:
    """Mean PSNR of luma, without a border as wide as the factor, and of RGB."""
    found = [
        (luma_psnr(made, large, factor), rgb_psnr(made, large, factor))
        for small, large in set5(factor, quick)
        for made in [way(small, *large.shape[2:])]
    ]
    luma, colours = np.mean(found, 0)
    return float(luma), float(colours)


def lanczos(small: Tensor, rows: int, columns: int) -> Tensor:
    levels = (small[0] * 255).round().byte().permute(1, 2, 0).numpy()
    made = Image.fromarray(levels).resize((columns, rows), Image.Resampling.LANCZOS)
    return torch.tensor(np.asarray(made)).permute(2, 0, 1)[None].float() / 255


def by(model: nn.Module) -> Large:
    return lambda small, rows, columns: enlarged(model, small, rows, columns)


def set5_rows(options: Options) -> Iterator[Row]:
    model = _model(None)
    for factor, margin in MARGINS.items():
        cubic, cubic_rgb = scores(shrunk, factor, options.quick)
        windowed, _ = scores(lanczos, factor, options.quick)
        ours, ours_rgb = scores(by(model), factor, options.quick)
        yield Row(
            f"set5-x{factor}",
            f"Set5, luma PSNR, x{factor}{'' if factor <= 4 else ', never trained'}",
            f"{margin} dB above bicubic",
            f"{ours - cubic:.2f} dB above",
            ours - cubic >= margin,
            f"{ours:.2f} dB, bicubic {cubic:.2f}, Lanczos {windowed:.2f}; RGB {ours_rgb:.2f},"
            f" bicubic {cubic_rgb:.2f}",
            {"luma": ours, "bicubic": cubic, "lanczos": windowed, "rgb": ours_rgb},
        )


def decoder_rows(options: Options) -> Iterator[Row]:
    """Everything after the encoder, x4 of 510x339 pixels: our codes are counted as decoding."""
    light = _model(None)
    assert isinstance(light, Light)
    published = with_encoder_of(light) if options.published is None else None
    published = published or read_published(options.published)
    height, width = (34, 51) if options.quick else (339, 510)
    small = read(data() / "kodak" / "kodim01.png")[:, :, :height, :width]
    xs, ys = ((np.arange(4 * n) + 0.5) / 4 for n in (width, height))
    with torch.no_grad():
        features = light.encoder(small - 0.5)

    @torch.no_grad()
    def ours() -> None:
        encoded = torch.cat([light.code(features), small], 1)
        program = light.program(encoded[0], 0.25, (0.0, 0.0), 1.0)
        _evaluated(program, xs, ys, options.threads)

    @torch.no_grad()
    def theirs() -> None:
        _decoded(published, published.unfolded(features), xs, ys, 0.25)

    ours()
    seconds = best(interleaved({"ours": ours, "theirs": theirs}, max(1, options.rounds // 2)))
    ratio = seconds["theirs"] / seconds["ours"]
    yield Row(
        "decoder-speed",
        f"decoding x4 of {width}x{height}: the light decoder against the published one",
        f"{FASTER:g}x",
        f"{ratio:.0f}x",
        ratio >= FASTER,
        f"{seconds['ours']:.2f} s; published {seconds['theirs']:.1f} s",
        dict(seconds),
    )
    if options.published is None:
        return
    for factor in (4, 2) if not options.quick else (4,):
        own, _ = scores(by(light), factor, options.quick)
        other, _ = scores(by(published), factor, options.quick)
        yield Row(
            f"decoder-quality-x{factor}",
            f"Set5, luma, x{factor}: the same two, on one encoder",
            f"within {WITHIN} dB" if factor == 4 else "",
            f"{own - other:+.2f} dB",
            own >= other - WITHIN if factor == 4 else None,
            f"{own:.2f} dB; published {other:.2f}, trained on the finished encoder",
            {"ours": own, "published": other},
        )


def whole_rows(options: Options) -> Iterator[Row]:
    path = data() / "kodak" / "kodim01.png"
    model = _model(None)
    with tempfile.TemporaryDirectory() as folder:
        if options.quick:
            small = Path(folder) / "small.png"
            Image.open(path).crop((0, 0, 96, 64)).save(small)
            path = small
        pixels = read(path)

        @torch.no_grad()
        def encoder() -> None:
            model.encoder((pixels - 0.5).contiguous(memory_format=torch.channels_last))

        def whole() -> None:
            upscale(path, scale=4, output=Path(folder) / "large.png", threads=options.threads)

        whole()
        seconds = best(interleaved({"whole": whole, "encoder": encoder}, options.rounds))
    ratio = seconds["whole"] / seconds["encoder"]
    height, width = pixels.shape[2:]
    yield Row(
        "whole",
        f"`upscale` x4 of {width}x{height}, reading and writing PNG, against its encoder alone",
        f"under {WHOLE:g}x",
        f"{ratio:.1f}x",
        ratio < WHOLE,
        f"{seconds['whole']:.1f} s; encoder {seconds['encoder']:.1f} s",
        dict(seconds),
    )


SECTIONS: dict[str, Callable[[Options], Iterator[Row]]] = {
    "set5": set5_rows,
    "decoder": decoder_rows,
    "whole": whole_rows,
}


def main() -> int:
    """Measures, prints, and returns 1 when something falls short of what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=SECTIONS, help="this section; may be repeated")
    add("--quick", action="store_true", help="small cases, to see that everything works")
    add("--rounds", type=int, default=5, help="runs of each contestant, in turns; the best counts")
    add("--threads", type=int, default=cores(), help="for all contestants; default: all cores")
    add("--published", type=Path, help="a published decoder that published_decoder.py trained")
    add("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine(given.threads))
    if warning := busy():
        print(warning)
    rounds = 1 if given.quick else given.rounds
    options = Options(rounds, given.quick, given.threads, given.published)
    names = given.only or SECTIONS
    rows = chain.from_iterable(SECTIONS[name](options) for name in names)
    return reported(rows, given.json)


if __name__ == "__main__":
    raise SystemExit(main())
