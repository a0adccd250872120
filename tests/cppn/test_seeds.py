"""Seeds and their draws."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.seeds import Stream, parse_seed


def test_integers_are_seeds_however_they_are_written():
    assert parse_seed(42) == parse_seed("42") == parse_seed(" +42 ") == parse_seed("042") == "42"
    assert parse_seed(-7) == "-7"


def test_words_keep_their_case_and_hashes_do_not():
    assert parse_seed("Tower") != parse_seed("tower")
    assert parse_seed("0xAB12") == parse_seed("0xab12") == "0xab12"


@pytest.mark.parametrize("seed", ["", "   ", "x" * 257])
def test_empty_and_endless_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="expected an integer, a word, or a 0x hash"):
        parse_seed(seed)


@given(st.text(min_size=1, max_size=256))
def test_parsing_twice_changes_nothing(text):
    try:
        once = parse_seed(text)
    except ValueError:
        return
    assert parse_seed(once) == once


def test_a_seed_gives_the_numbers_it_always_gave():
    """Pinned: what a seed means must never change."""
    stream = Stream(42, "test")
    drawn = [stream.uniform(0, 1, 3), stream.normal(3), stream.integers(0, 9, 4)]
    assert drawn[0].round(12).tolist() == GOLDEN_UNIFORM
    assert drawn[1].round(12).tolist() == GOLDEN_NORMAL
    assert drawn[2].tolist() == GOLDEN_INTEGERS


def test_many_draws_have_the_hash_they_always_had():
    numbers = Stream("golden", "many").normal((100, 100))
    digest = hashlib.sha256(np.ascontiguousarray(numbers, "<f8").tobytes()).hexdigest()
    assert digest[:16] == GOLDEN_HASH


def test_names_and_seeds_give_streams_of_their_own():
    draws = [
        Stream(1).uniform(shape=2000),
        Stream(1, "a").uniform(shape=2000),
        Stream(1, "b").uniform(shape=2000),
        Stream(2, "a").uniform(shape=2000),
        Stream(1, "a", "b").uniform(shape=2000),
        Stream(1, "ab").uniform(shape=2000),
    ]
    correlation = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlation).max() < 0.1


def test_a_child_is_the_stream_of_the_longer_name_and_leaves_its_parent_alone():
    parent = Stream(5, "a")
    child = parent.child("b", 3)
    assert child.number() == Stream(5, "a", "b", 3).number()
    assert parent.number() == Stream(5, "a").number()


def test_draws_are_the_same_in_pieces_and_at_once():
    one, other = Stream(9), Stream(9)
    pieces = np.concatenate([one.uniform(shape=3), one.uniform(shape=4)])
    assert (pieces == other.uniform(shape=7)).all()


def test_uniform_numbers_fill_their_range_evenly():
    numbers = Stream(3).uniform(-2, 6, 20000)
    assert numbers.min() >= -2
    assert numbers.max() < 6
    counts = np.histogram(numbers, 10, (-2, 6))[0]
    assert np.abs(counts - 2000).max() < 200


def test_normal_numbers_have_the_moments_of_a_normal_distribution():
    numbers = Stream(4).normal(40000)
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.02
    assert abs((numbers**3).mean()) < 0.1
    assert abs((numbers**4).mean() - 2.9) < 0.15  # twelve uniforms: 3 - 6 / (5 * 12)
    assert np.abs(numbers).max() <= 6


def test_whole_numbers_reach_both_ends():
    numbers = Stream(6).integers(2, 5, 4000)
    assert set(numbers.tolist()) == {2, 3, 4, 5}
    assert {Stream(6, i).integer(1, 3) for i in range(40)} == {1, 2, 3}


def test_choices_follow_their_weights():
    stream = Stream(7)
    picked = [stream.choice("abc", [1, 0, 3]) for _ in range(4000)]
    assert "b" not in picked
    assert abs(picked.count("c") / 4000 - 0.75) < 0.04


def test_shuffling_keeps_every_option():
    assert sorted(Stream(8).shuffled(range(50))) == list(range(50))
    assert Stream(8).shuffled(range(50)) != list(range(50))


def test_chances_are_met_about_as_often_as_they_say():
    stream = Stream(10)
    assert abs(np.mean([stream.chance(0.2) for _ in range(4000)]) - 0.2) < 0.03


GOLDEN_UNIFORM = [0.196865500737, 0.276464988774, 0.66637564663]
GOLDEN_NORMAL = [0.302307128906, -0.010604858398, -0.769073486328]
GOLDEN_INTEGERS = [4, 1, 3, 1]
GOLDEN_HASH = "d09ea72a1ae03dff"
