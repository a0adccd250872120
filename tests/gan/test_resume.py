"""Trainings that stop: they go on to the same bits, and what goes wrong costs little."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch

from cppnart.gan.model import load_model

from .pictures import folder_of, picture
from .small import SETTINGS, lines, same, small_train, state_of


@pytest.fixture(autouse=True)
def _own_cache_and_no_films(tmp_path, monkeypatch):
    monkeypatch.setenv("CPPNART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("cppnart.gan.train.write_film", lambda folder: None)


@pytest.fixture
def pictures(tmp_path):
    return folder_of(tmp_path / "pictures", 10, width=8, height=8)


# --- Going on ---


@pytest.mark.parametrize("objective", ["gan", "glo", "wgan-gp"])
@pytest.mark.parametrize("augment", ["ada", "diffaugment"])
def test_a_resumed_run_comes_to_the_same_bits(tmp_path, pictures, objective, augment):
    options = {"objective": objective, "augment": augment, "mirror": True}
    small_train(pictures, tmp_path / "whole", **options)
    # the schedules go by the images of the whole run
    half = tmp_path / "half"
    seen = []

    def stop(report):
        seen.append(report.images)
        if report.images == 8:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        small_train(pictures, half, report=stop, **options)
    assert max(seen) < 24
    small_train(None, half, resume=True)
    assert same(state_of(tmp_path / "whole"), state_of(half))
    own = [{k: v for k, v in line.items() if k not in ("rate", "seconds")} for line in lines(half)]
    assert [line["step"] for line in own][-1] == 6


TRAINING = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small import small_train
import cppnart.gan.trainer as trainer
trainer.SAVE_SECONDS = 0.0
small_train(None if len(sys.argv) > 4 else Path(sys.argv[2]), Path(sys.argv[3]),
            resume=len(sys.argv) > 4, images=4 * int(os.environ["STEPS"]), check_every=20)
"""


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path, pictures):
    steps = 60
    env = {**os.environ, "STEPS": str(steps)}
    words = [sys.executable, "-c", TRAINING, str(Path(__file__).parent), str(pictures)]
    small_train(pictures, tmp_path / "whole", images=4 * steps, check_every=60)
    run = tmp_path / "run"
    process = subprocess.Popen([*words, str(run)], env=env)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(run.glob("state-*.safetensors"))) == 2 and (run / "stats.jsonl").exists():
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    newest = sorted(run.glob("state-*.safetensors"))[-1]
    assert int(newest.stem[6:]) < steps
    small_train(None, run, resume=True, images=4 * steps, check_every=20)
    assert same(state_of(tmp_path / "whole"), state_of(run))
    assert [line["step"] for line in lines(run)] == [20, 40, 60]


def test_a_state_that_was_cut_short_costs_one_interval(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run)
    newest = sorted(run.glob("state-*.safetensors"))[-1]
    newest.write_bytes(newest.read_bytes()[:-9])
    said = []
    done = small_train(None, run, resume=True, say=said.append)
    assert done.images == 24
    assert any("cannot be read" in text for text in said)


def test_previews_of_what_is_trained_again_are_removed(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run)
    late = run / "previews/images-0000000099.png"
    late.write_bytes((run / "previews/images-0000000024.png").read_bytes())
    small_train(None, run, resume=True, images=28)
    assert not late.exists()


def test_other_options_are_named_one_by_one(tmp_path, pictures):
    run = tmp_path / "run"
    small_train(pictures, run)
    with pytest.raises(
        ValueError, match=r"mirror false, not true; batch 4, not 8; .*: choose another"
    ):
        small_train(None, run, resume=True, batch=8, mirror=True, settings=None)
    with pytest.raises(ValueError, match=r"generator\.width 8, not 16"):
        small_train(None, run, resume=True, settings={**SETTINGS, "generator.width": 16})
    picture(99, 8, 8).save(pictures / "another.png")
    with pytest.raises(ValueError, match='pictures "'):
        small_train(None, run, resume=True)


def test_a_folder_with_a_run_is_not_begun_again(tmp_path, pictures):
    small_train(pictures, tmp_path / "run", images=4)
    with pytest.raises(ValueError, match="go on with --resume"):
        small_train(pictures, tmp_path / "run")


def test_what_was_never_begun_cannot_be_resumed(tmp_path, pictures):
    with pytest.raises(ValueError, match=r"no training in it \(looked for run.json\)"):
        small_train(None, tmp_path / "nothing", resume=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("[1]")
    with pytest.raises(ValueError, match="not the settings of a training"):
        small_train(None, tmp_path / "run", resume=True)


# --- When it goes wrong ---


def test_a_loss_that_is_not_a_number_stops_at_the_last_good_state(tmp_path, pictures, monkeypatch):
    from cppnart.gan.objectives.adversarial import Gan

    own = Gan.generator_loss
    calls = []

    def breaking(self, batch):
        calls.append(1)
        loss = own(self, batch)
        if len(calls) == 4:
            loss.parts["generator"] = loss.parts["generator"] * float("nan")
        return loss

    monkeypatch.setattr(Gan, "generator_loss", breaking)
    monkeypatch.setattr("cppnart.gan.trainer.SAVE_SECONDS", 0.0)
    done = small_train(pictures, tmp_path / "run")
    assert done.why == "loss"
    assert done.remark == "generator was nan at step 3: the state of step 3 was kept"
    assert load_model(tmp_path / "run").images == 12
    assert [line["step"] for line in lines(tmp_path / "run")] == [2]


def test_weights_that_are_not_numbers_never_reach_a_state(tmp_path, pictures):
    # the last step's gradient breaks a weight, and no loss sees it
    done = small_train(pictures, tmp_path / "run", images=8, settings={"objective.rate": "1e38"})
    assert done.why == "loss"
    for path in (tmp_path / "run").glob("state-*.safetensors"):
        assert all(t.isfinite().all() for t in safetensors.torch.load_file(path).values())
    load_model(tmp_path / "run")
    for path in (tmp_path / "run").glob("snapshots/*"):
        load_model(path)


def test_a_disk_that_fills_up_leaves_the_snapshot_before(tmp_path, pictures):
    import resource

    run = tmp_path / "run"
    small_train(pictures, run)
    before = (run / "generator.safetensors").read_bytes()
    states = sorted(p.name for p in run.glob("state-*"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError) as raised:  # noqa: PT011
            small_train(None, run, resume=True, images=32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert raised.value.errno == errno.EFBIG
    assert (run / "generator.safetensors").read_bytes() == before
    assert sorted(p.name for p in run.glob("state-*")) == states
    assert not list(run.glob(".cppnart-*"))
    small_train(None, run, resume=True, images=32)


def test_broken_pictures_are_told_and_training_goes_on(tmp_path, pictures):
    (pictures / "003.png").write_text("hello")
    said = []
    small_train(pictures, tmp_path / "run", images=4, say=said.append)
    assert "skipped 1 broken pictures: 003.png" in said


def test_smaller_pictures_are_told(tmp_path, pictures):
    said = []
    small_train(pictures, tmp_path / "run", images=4, resolution="16", say=said.append)
    assert "10 pictures are smaller than that and were enlarged" in said
