"""Picbreeder's files, against its published formulas worked out by hand and colorsys."""

import colorsys
import io
import math
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppnart.cppn.genomes import files, picbreeder
from cppnart.cppn.genomes.genes import MAX_LINKS
from cppnart.cppn.genomes.program import evaluate, program_of
from cppnart.fields import numpy_backend

from .samples import HSB, INK, bred

POINTS = [(-1.0, -1.0), (0.0, 0.0), (0.3, -0.7), (1.0, 0.25), (-0.01, 0.99)]


def gaussian(x):
    return 2 * math.exp(-(x**2)) - 1


def sigmoid(x):
    return 2 / (1 + math.exp(-x)) - 1


def ink_by_hand(x, y, factor):
    d = factor * math.sqrt(x * x + y * y)
    a = gaussian(1.2345678901234567 * x - 0.1)
    b = math.cos(-2.7182818284590451 * y + 0.57721566490153287 * d + 0.7 * a)
    return sigmoid(1.1 * a - 1.3 * b + 0.3 * d)


def hsb_by_hand(x, y):
    hue = math.sin(2.9 * x)
    hidden = sigmoid(-1.7 * hue + 0.9 * y)
    return hue, gaussian(0.8 * hidden), -1.5 * hue + 0.4


@pytest.mark.parametrize(
    ("convention", "factor"), [("endpoints", 1.4), ("centers", math.sqrt(2.0))]
)
def test_ink_is_what_the_formulas_give_to_twelve_digits(convention, factor):
    genome = picbreeder.from_xml(INK, convention=convention)
    x, y = np.array(POINTS).T
    expected = [ink_by_hand(*point, factor) for point in POINTS]
    assert np.abs(evaluate(genome, x, y)["ink"] - expected).max() < 1e-12
    program = program_of(genome, exact=True)
    assert np.abs(numpy_backend.evaluate(program, {"x": x, "y": y})[:, 0] - expected).max() < 1e-12


def test_outputs_may_feed_hidden_nodes_and_each_other():
    genome = picbreeder.from_xml(HSB)
    x, y = np.array(POINTS).T
    expected = np.array([hsb_by_hand(*point) for point in POINTS])
    values = evaluate(genome, x, y)
    program = numpy_backend.evaluate(program_of(genome, exact=True), {"x": x, "y": y})
    for number, name in enumerate(("hue", "saturation", "brightness")):
        assert np.abs(values[name] - expected[:, number]).max() < 1e-12
        assert np.abs(program[:, number] - expected[:, number]).max() < 1e-12


def test_colours_wrap_the_hue_and_take_the_magnitude_of_the_brightness():
    genome = picbreeder.from_xml(HSB)
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 200))
    got = picbreeder.colours(genome, x, y)
    for colour, (h, s, v) in zip(got, map(hsb_by_hand, x, y), strict=True):
        expected = colorsys.hsv_to_rgb((h + 1) % 1, min(max(s, 0), 1), min(abs(v), 1))
        assert np.abs(colour - expected).max() < 1e-12


def test_pixels_lie_on_the_grid_of_the_convention_and_are_cut_off():
    for convention, factor in (("endpoints", 1.4), ("centers", math.sqrt(2.0))):
        genome = picbreeder.from_xml(INK, convention=convention)
        pixels = picbreeder.pixels(genome, 9)
        for i in range(9):
            for j in range(9):
                if convention == "endpoints":
                    x, y = -1 + 2 * j / 8, -1 + 2 * i / 8
                else:
                    x, y = (2 * j - 8) / 9, (2 * i - 8) / 9
                level = 255 * min(abs(ink_by_hand(x, y, factor)), 1)
                if abs(level - round(level)) > 1e-9:
                    assert pixels[i, j].tolist() == [int(level)] * 3


def test_nodes_are_known_by_branch_and_id():
    genome = picbreeder.from_xml(INK)
    assert {node.id for node in genome.hidden} == {"17.9", "4.9"}
    assert genome.inputs == ("x", "y", "d", "bias")
    assert genome.outputs == ("ink",)
    assert genome.convention == "endpoints"
    assert len(genome.links) == 8


@pytest.mark.parametrize("text", [INK, HSB])
@pytest.mark.parametrize("convention", ["endpoints", "centers"])
def test_what_is_written_reads_back_equal(text, convention):
    genome = picbreeder.from_xml(text, convention=convention)
    assert picbreeder.from_xml(picbreeder.to_xml(genome)) == genome


@given(st.integers(0, 10**6), st.sampled_from(["palette", "ink", "hsb"]))
def test_any_genome_reads_back_equal(seed, outputs):
    genome = bred(seed, 8, outputs)
    assert picbreeder.from_xml(picbreeder.to_xml(genome)) == genome


def zipped(*members, kind=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def test_a_zip_with_one_member_is_read(tmp_path):
    path = tmp_path / "5736.zip"
    path.write_bytes(zipped(("rep.xml", INK)))
    assert files.load(path) == picbreeder.from_xml(INK)
    assert files.load(path, convention="centers").convention == "centers"


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><genome>&b;</genome>'


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (zipped(("a.xml", INK), ("b.xml", INK)), "2 files"),
        (zipped(), "0 files"),
        (zipped(("../../a.xml", INK)), "outside itself"),
        (zipped(("/etc/a.xml", INK)), "outside itself"),
        (zipped(("c:\\a.xml", INK)), "outside itself"),
        (zipped(("a.xml", b" " * (64 << 20))), "67108864 bytes"),
        (zipped(("a.xml", INK))[:-30], "cannot be read"),
        (b"PK\3\4 not really", "cannot be read"),
        (BOMB.encode(), "document type"),
        (INK.encode("utf-16"), "UTF-8"),
        (b"\xff\xfe\0", "UTF-8"),
        (b"", "0 genomes"),
        (b"<genome><nodes></genome>", "cannot be read"),
        (b"<genome/>", "0 genomes"),
        (b"<a>" * 300_000, "too large"),
        ((INK + INK).encode(), "2 genomes"),
    ],
)
def test_what_is_no_genome_is_refused_in_one_line(tmp_path, content, named):
    path = tmp_path / "genome.xml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"genome\.xml: ") as caught:
        files.load(path)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('<target branch="17" id="9"/>', '<target branch="18" id="9"/>', "18.9, which is not"),
        ('<marking branch="4" id="9"/>', '<marking branch="17" id="9"/>', "17.9 is there twice"),
        ('label="y"', 'label="z"', "label 'z'"),
        ("gaussian(x)", "exp(x)", "activation 'exp(x)'"),
        ("-0.1<", "ten<", "weight 'ten'"),
        ("-0.1<", "nan<", "weight nan"),
        ("-0.1<", "1e999<", "weight inf"),
        ('type="out"', 'type="odd"', "type 'odd'"),
        ('affinity="ink" type="out"', 'type="in"', "label 'ink'"),
        ('branch="17" id="9"/><act', 'branch="a" id="9"/><act', "branch and id"),
        ('<source branch="0" id="3"/>', '<source branch="0" id="9"/>', "loop of links"),
        ('<marking branch="0" id="21"/>', '<marking branch="0" id="20"/>', "same innovation"),
    ],
)
def test_what_a_genome_may_not_say_is_named(old, new, named):
    assert old in INK
    with pytest.raises(ValueError, match=r"(?s).") as caught:
        picbreeder.from_xml(INK.replace(old, new, 1))
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_many_links_are_refused_before_they_are_read():
    link = '<link><source branch="0" id="0"/><target branch="17" id="9"/><weight>1</weight></link>'
    text = INK.replace("</links>", link * MAX_LINKS + "</links>")
    with pytest.raises(ValueError, match="links: expected at most"):
        picbreeder.from_xml(text)
