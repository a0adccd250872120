"""Several processes: two of a batch n come to the weights of one of a batch 2n."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from cppnart.fields.parallel import joined

from ..processes import in_two_processes
from .pictures import folder_of
from .small import small_train

TRAINING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from small import small_train
small_train(Path(sys.argv[2]), Path(sys.argv[3]), images=40, check_every=4,
            objective=sys.argv[4], augment=sys.argv[5], anyres=sys.argv[6] == "anyres")
"""


@pytest.mark.parametrize(
    ("objective", "augment", "anyres"),
    [("gan", "diffaugment", ""), ("wgan-gp", "ada", "anyres"), ("glo", "none", "")],
)
def test_two_processes_come_to_the_weights_of_one(
    tmp_path, monkeypatch, objective, augment, anyres
):
    monkeypatch.setenv("CPPNART_CACHE", str(tmp_path / "cache"))
    data = folder_of(tmp_path / "pictures", 10, width=16, height=16)
    options = {"objective": objective, "augment": augment, "anyres": bool(anyres)}
    small_train(data, tmp_path / "one", images=40, check_every=4, **options)
    words = (str(data), str(tmp_path / "two"), objective, augment, anyres)
    in_two_processes(TRAINING, str(Path(__file__).parent), *words, cache=tmp_path / "cache")
    (one,) = (tmp_path / "one").glob("state-000000010.safetensors")
    first = safetensors.torch.load_file(one)
    second = safetensors.torch.load_file(tmp_path / "two" / one.name)
    assert first.keys() == second.keys()
    moved = 0.0
    start = safetensors.torch.load_file(tmp_path / "one/state-000000000.safetensors")
    for name, value in first.items():
        if name.startswith(("network", "average")) and value.is_floating_point():
            assert torch.allclose(value, second[name], rtol=0, atol=1e-5), name
            moved = max(moved, float((value - start[name]).abs().sum()))
    assert moved > 1e-4


def test_without_a_launcher_there_is_one_process(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined() as group:
        assert (group.rank, group.world, group.first) == (0, 1, True)
        assert group.mean([1.0, 2.0]) == [1.0, 2.0]
        assert group.mean_gradients([], True)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"WORLD_SIZE": "two", "RANK": "0"}, "WORLD_SIZE 'two': expected whole numbers"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK 2 of WORLD_SIZE 2"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": ""}, "MASTER_ADDR is not set"),
    ],
)
def test_variables_that_make_no_sense_are_refused(monkeypatch, variables, message):
    usual = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in {**usual, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=message), joined():
        pass
