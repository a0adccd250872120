"""``train``: from a folder of pictures to a generator."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cppnart.cppn.seeds import Stream
from cppnart.fields.parallel import Group, joined
from cppnart.fields.runs import RunFolder, read_settings

from .augment import Augment
from .data import Batches, Pictures, open_pictures
from .data.batches import Share
from .game import Game
from .limits import Limits, Progress, Trained
from .model import Model, load_model
from .plan import PRECISIONS, Options, Plan, make_plan
from .previews import beside, forget_previews, grid, levels, preview_file, write_film, write_picture
from .trainer import Trainer

PREVIEW = 64
"""Samples in a preview, and real pictures beside them."""
TRIED = 6
"""Steps that a dry run measures, after two that warm up."""
OWN = {option.name for option in fields(Options)}


def train(
    data: str | os.PathLike[str] | None = None,
    *,
    run: str | os.PathLike[str],
    resume: bool = False,
    minutes: float | None = None,
    images: int | None = None,
    check_every: int = 200,
    device: str = "cpu",
    tensorboard: bool = False,
    dry_run: bool = False,
    report: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    decoding: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Trained | dict[str, Any]:
    """Trains a generator whose samples are fields.

    data: a folder of pictures, a StyleGAN zip, idx.gz files, or torchvision:NAME; see
    ``open_pictures``. run: the folder of the run. resume: go on where it stopped, on the CPU to
    the same bits; data and options are then those of the run, and others are refused. minutes,
    images: how long, whichever comes first. check_every: steps between looks. device: cpu or
    cuda. tensorboard: write its event files too. dry_run: only say what a run would be and cost.

    options: generator, discriminator, objective: names; resolution: "64", or "48x72"; channels: 1,
    3 or 4; anyres: learn from crops at all scales; mirror: flip half the pictures; conditional:
    by their labels; augment: none, diffaugment, ada, or auto; batch: of all processes together;
    seed; precision: float32, or bfloat16 to have the discriminator compute in it; start: a run or
    a snapshot whose generator is where this one begins; settings: a mapping such as
    {"generator.width": 64, "objective.rate": "0.001:0.0001"}.

    Under torchrun, or with its variables set, every process takes its share of each batch; see
    docs/cluster-training.md. report: called at checks; say: with remarks; decoding: with pictures
    decoded and to decode. Raises ValueError for what makes no sense, OSError for files that cannot
    be read or written, and KeyboardInterrupt after Ctrl-C, once a state is saved.
    """
    unknown = set(options) - OWN
    if unknown:
        raise TypeError(f"{min(unknown)}: unknown option: expected among {', '.join(sorted(OWN))}")
    given = {name: value for name, value in options.items() if value is not None}
    folder = Path(run)
    data, given = _continued(data, folder, given) if resume else (data, given)
    if data is None:
        raise ValueError("no pictures: give a folder of them")
    if not resume and (folder / "run.json").exists() and not dry_run:
        raise ValueError(
            f"{folder}: there is a training in it: go on with --resume, or choose another"
        )
    limits = None if dry_run else Limits(images, minutes, check_every)
    chosen = Options(**given)
    with joined(device) as group:
        tell = say if say is not None and group.first else lambda text: None
        pictures = _pictures(data, chosen, group, decoding)
        plan = make_plan(chosen, pictures)
        for text in _remarks(plan):
            tell(text)
        if dry_run:
            return _cost(plan, group, minutes, images)
        assert limits is not None
        game = _game(plan, group, begin=not resume)
        return _Run(plan, game, group, folder, tensorboard, tell).go(limits, resume, report)


class _Run:
    """The folder of a run, and what is shown in it."""

    def __init__(
        self,
        plan: Plan,
        game: Game,
        group: Group,
        folder: Path,
        tensorboard: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.plan, self.game, self.group, self.folder, self.tell = plan, game, group, folder, tell
        self.tensorboard = tensorboard
        self.numbers, self.pixels = _shown_pictures(plan.pictures)
        self.real = grid(self.pixels, 8)

    def go(
        self, limits: Limits, resume: bool, report: Callable[[Progress], None] | None
    ) -> Trained:
        if self.group.first:
            states = RunFolder(self.folder, self.plan.settings, tensorboard=self.tensorboard)
        self.group.wait()
        if not self.group.first:
            states = RunFolder(self.folder, self.plan.settings)

        trainer = Trainer(
            self.game,
            _batches(self.plan, self.group),
            limits,
            about=self.plan.about,
            folder=states,
            group=self.group,
            report=report,
            show=self.show,
        )
        if resume and (remark := trainer.resume()) is not None:
            self.tell(remark)
        if self.group.first:
            forget_previews(self.folder, trainer.images)
            write_picture(self.folder / "reals.png", self.real)
        try:
            done = trainer.run()
        except KeyboardInterrupt:
            self.end()
            raise
        self.end()
        return done

    def end(self) -> None:
        """The film of the training; nothing is lost where it cannot be made."""
        if not self.group.first:
            return
        try:
            write_film(self.folder)
        except (OSError, ValueError) as error:
            self.tell(f"no film of the training: {error}")

    def show(self, model: Model, last: bool) -> None:
        panels = [("pictures", self.real)]
        if (again := self.made_again(model)) is not None:
            panels.append(("from their latents", grid(again, 8)))
        panels.append((f"{model.images:,} pictures seen", grid(samples(model), 8)))
        write_picture(preview_file(self.folder, model.images), beside(panels))

    def made_again(self, model: Model) -> np.ndarray[Any, np.dtype[np.uint8]] | None:
        """What becomes of the shown pictures, where the objective knows their latents."""
        weight = next(model.generator.parameters())
        numbers = torch.from_numpy(self.numbers).to(weight.device)
        images = torch.from_numpy(self.pixels).to(weight.device).permute(0, 3, 1, 2) / 127.5 - 1
        latents = self.game.latents_of(numbers, images)
        if latents is None:
            return None
        labels = None
        if model.classes and self.plan.pictures.labels is not None:
            labels = torch.from_numpy(self.plan.pictures.labels[self.numbers]).to(weight.device)
        return levels(model.images_of(latents, labels, model.coords()))


def samples(model: Model, count: int = PREVIEW) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Samples of fixed latents at the resolution of training, (N, H, W, C); with classes, a row
    of eight has all the same latents or a class in each column."""
    weight = next(model.generator.parameters())
    normal = Stream("0", "preview").normal((count, model.latent))
    z = torch.from_numpy(model.placed(normal)).to(weight)
    labels = None
    if model.classes:
        labels = torch.arange(count, device=weight.device) % model.classes
    return levels(model.images_of(z, labels, model.coords()))


def _shown_pictures(
    pictures: Pictures,
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.uint8]]]:
    """The numbers of some pictures, and what they look like whole, (N, H, W, C)."""
    from PIL import Image, ImageOps

    form = pictures.form
    order = np.random.default_rng(0).permutation(len(pictures))[:PREVIEW]
    shown = []
    for number in order:
        pixels = pictures[int(number)]
        if pixels.shape[:2] != (form.height, form.width):
            image = Image.fromarray(pixels[..., 0] if form.channels == 1 else pixels)
            fitted = ImageOps.fit(image, (form.width, form.height), Image.Resampling.LANCZOS)
            pixels = np.asarray(fitted).reshape(form.height, form.width, form.channels)
        shown.append(pixels)
    return order, np.stack(shown)


def _pictures(
    data: str | os.PathLike[str],
    options: Options,
    group: Group,
    decoding: Callable[[int, int], None] | None,
) -> Pictures:
    """The first process decodes; the others find what it made."""
    resolution: int | tuple[int, int] | None = None
    if options.resolution is not None:
        words = options.resolution.lower().split("x")
        if not all(word.isdigit() for word in words) or len(words) > 2:
            raise ValueError(f"resolution {options.resolution!r}: expected 64, or 48x72")
        numbers = [int(word) for word in words]
        resolution = numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])

    def opened() -> Pictures:
        return open_pictures(
            data,
            resolution=resolution,
            channels=options.channels,
            anyres=options.anyres,
            progress=decoding if group.first else None,
        )

    found = opened() if group.first else None
    group.wait()
    return found or opened()


def _remarks(plan: Plan) -> list[str]:
    """What a person should know before a run begins."""
    pictures, form = plan.pictures, plan.pictures.form
    names = {1: "grey", 3: "colour", 4: "colour with alpha"}
    remarks = [
        f"{len(pictures)} pictures at {form.width}x{form.height}, {names[form.channels]}"
        + (f", {pictures.classes} classes" if pictures.classes else "")
    ]
    if pictures.broken:
        listed = ", ".join(name for name, _ in pictures.broken[:5])
        more = f" and {len(pictures.broken) - 5} more" if len(pictures.broken) > 5 else ""
        remarks.append(f"skipped {len(pictures.broken)} broken pictures: {listed}{more}")
    if pictures.small:
        remarks.append(f"{pictures.small} pictures are smaller than that and were enlarged")
    counts = ", ".join(f"{name} {count:,}" for name, count in plan.parameters().items())
    remarks.append(f"parameters: {counts}")
    penalty = plan.objective.schedules.penalty
    if penalty.start:
        remarks.append(
            f"gamma {penalty.start:.4g} to {penalty.end:.4g}, for {min(form.width, form.height)}"
            f" pixels and batches of {plan.options.batch}"
        )
    remarks.append(f"augmentation: {plan.augment}")
    return remarks


def _continued(
    data: str | os.PathLike[str] | None, folder: Path, given: dict[str, Any]
) -> tuple[str | os.PathLike[str], dict[str, Any]]:
    """Pictures and options of a run, with what is given now: the run's folder compares them."""
    there = read_settings(folder)
    if not isinstance(there.get("data"), str):
        raise ValueError(f"{folder / 'run.json'}: these are not the settings of a 'gan train'")
    options: dict[str, Any] = {name: there[name] for name in OWN if there.get(name) is not None}
    settings = {k.removeprefix("settings."): v for k, v in there.items() if k[:9] == "settings."}
    options = {**options, "settings": settings, **given}
    return data if data is not None else there["data"], options


def _batches(plan: Plan, group: Group) -> Batches:
    return Batches(
        plan.pictures,
        plan.options.batch,
        seed=plan.options.seed,
        mirror=plan.options.mirror,
        labelled=plan.options.conditional,
        share=Share(group.rank, group.world),
    )


def _game(plan: Plan, group: Group, *, begin: bool = True) -> Game:
    latents = _begin_from(plan) if begin and plan.options.start is not None else None
    device = torch.device(group.device)
    for network in plan.networks.values():
        network.to(device)
    return Game(
        plan.objective,
        plan.networks,
        Augment(plan.augment),
        plan.options.batch,
        plan.options.seed,
        Share(group.rank, group.world),
        latents,
        PRECISIONS[plan.options.precision],
    )


def _begin_from(plan: Plan) -> tuple[torch.Tensor, torch.Tensor] | None:
    """The generator begins as another one; and so do its latents, where they were learned."""
    model = load_model(str(plan.options.start))
    generator = plan.networks["generator"]
    ours, theirs = dict(generator.spec), dict(model.generator.spec)  # type: ignore[arg-type]
    different = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    if different:
        name = different[0]
        raise ValueError(
            f"start {plan.options.start}: its generator has {name} {theirs.get(name)},"
            f" and this one {ours.get(name)}"
        )
    generator.load_state_dict(model.generator.state_dict())
    if model.mean is None or model.factor is None:
        return None
    return model.mean, model.factor


def _cost(plan: Plan, group: Group, minutes: float | None, images: int | None) -> dict[str, Any]:
    """What a run would be: its networks, and its speed over a few steps."""
    game, batches = _game(plan, group), _batches(plan, group)
    device = torch.device(group.device)

    def step(number: int) -> None:
        game.advance(number, 0.0, batches.at(number).to(device), group, False)
        if device.type == "cuda":
            torch.cuda.synchronize()

    parameters = plan.parameters()
    for number in range(2):
        step(number)
    began = time.perf_counter()
    for number in range(2, 2 + TRIED):
        step(number)
    seconds = (time.perf_counter() - began) / TRIED
    rate = plan.options.batch / seconds
    cost: dict[str, Any] = {
        "networks": {name: str(network) for name, network in plan.networks.items()},
        "parameters": parameters,
        "pictures": len(plan.pictures),
        "settings": plan.settings,
        "seconds a step": round(seconds, 4),
        "images a second": round(rate, 1),
        # weights, two moments and an average, each of four bytes, in two states
        "MiB of a run's states": round(2 * 4 * 4 * sum(parameters.values()) / 2**20, 1),
    }
    if minutes is not None:
        cost["images"] = round(rate * 60 * minutes)
    if images is not None:
        cost["minutes"] = round(images / rate / 60, 1)
    return cost
