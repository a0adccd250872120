"""Genomes for tests: written by hand, and drawn."""

from cppnart.cppn.genomes.genes import Genome
from cppnart.cppn.genomes.grow import grown
from cppnart.cppn.genomes.mutate import mutate
from cppnart.cppn.genomes.parameters import Parameters
from cppnart.cppn.seeds import Stream

EVERYTHING = Parameters(
    weights=0.4,
    add_node=0.4,
    add_link=0.5,
    activation=0.2,
    toggle=0.3,
    activations=tuple(
        (name, 1.0)
        for name in ("bipolar", "gaussian", "sin", "cos", "identity", "abs", "tanh", "sigmoid")
    ),
)
"""All changes, often."""

INK = """<cppn-data version="1.2"/>
<genome age="3">
  <nodes count="7">
    <node label="x" affinity="grey" bias="0.0" type="in">
      <marking branch="0" id="0"/><activation>identity(x)</activation>
      <position x="0.25" y="0.0"/><color-label>none</color-label>
    </node>
    <node label="y" type="in">
      <marking branch="0" id="1"/><activation>identity(x)</activation></node>
    <node label="d" type="in">
      <marking branch="0" id="2"/><activation>identity(x)</activation></node>
    <node label="bias" type="in">
      <marking branch="0" id="3"/><activation>identity(x)</activation></node>
    <node type="hidden"><marking branch="17" id="9"/><activation>gaussian(x)</activation></node>
    <node type="hidden"><marking branch="4" id="9"/><activation>cos(x)</activation></node>
    <node label="ink" affinity="ink" type="out">
      <marking branch="0" id="9"/><activation>sigmoid(x)</activation></node>
  </nodes>
  <links count="8">
    <link><marking branch="0" id="20"/><source branch="0" id="0"/><target branch="17" id="9"/>
      <weight>1.2345678901234567</weight><original-weight>9</original-weight></link>
    <link><marking branch="0" id="21"/><source branch="0" id="1"/><target branch="4" id="9"/>
      <weight>-2.7182818284590451</weight></link>
    <link><marking branch="1" id="20"/><source branch="0" id="2"/><target branch="4" id="9"/>
      <weight>0.57721566490153287</weight></link>
    <link><marking branch="0" id="23"/><source branch="0" id="3"/><target branch="17" id="9"/>
      <weight>-0.1</weight></link>
    <link><marking branch="0" id="24"/><source branch="17" id="9"/><target branch="4" id="9"/>
      <weight>0.7</weight></link>
    <link><marking branch="0" id="25"/><source branch="17" id="9"/><target branch="0" id="9"/>
      <weight>1.1</weight></link>
    <link><marking branch="0" id="26"/><source branch="4" id="9"/><target branch="0" id="9"/>
      <weight>-1.3</weight></link>
    <link><marking branch="0" id="27"/><source branch="0" id="2"/><target branch="0" id="9"/>
      <weight>0.3</weight></link>
  </links>
</genome>
"""
"""Ids that collide in different branches, weights of full precision, the malformed header."""

HSB = """<?xml version="1.0" encoding="UTF-8"?>
<data><genome><nodes>
  <node label="x" type="in">
    <marking branch="3" id="0"/><activation>identity(x)</activation></node>
  <node label="y" type="in">
    <marking branch="3" id="1"/><activation>identity(x)</activation></node>
  <node label="bias" type="in">
    <marking branch="3" id="3"/><activation>identity(x)</activation></node>
  <node type="out" affinity="hue">
    <marking branch="3" id="4"/><activation>sin(x)</activation></node>
  <node type="out" label="saturation">
    <marking branch="3" id="5"/><activation>gaussian(x)</activation></node>
  <node type="out" label="brightness">
    <marking branch="3" id="6"/><activation>identity(x)</activation></node>
  <node type="hidden">
    <marking branch="3" id="7"/><activation>sigmoid(x)</activation></node>
</nodes><links>
  <link><marking branch="3" id="8"/><source branch="3" id="0"/><target branch="3" id="4"/>
    <weight>2.9</weight></link>
  <link><marking branch="3" id="9"/><source branch="3" id="4"/><target branch="3" id="7"/>
    <weight>-1.7</weight></link>
  <link><marking branch="3" id="10"/><source branch="3" id="1"/><target branch="3" id="7"/>
    <weight>0.9</weight></link>
  <link><marking branch="3" id="11"/><source branch="3" id="7"/><target branch="3" id="5"/>
    <weight>0.8</weight></link>
  <link><marking branch="3" id="12"/><source branch="3" id="4"/><target branch="3" id="6"/>
    <weight>-1.5</weight></link>
  <link><marking branch="3" id="13"/><source branch="3" id="3"/><target branch="3" id="6"/>
    <weight>0.4</weight></link>
</links></genome></data>
"""
"""Hue, saturation and brightness; the output hue feeds a hidden node and another output."""


def bred(seed: int, changes: int = 12, outputs: str = "palette", start: int = 3) -> Genome:
    """A genome after many changes of every kind."""
    genome = grown(Stream(seed, "test"), outputs=outputs, nodes=start)
    for number in range(changes):
        genome = mutate(genome, Stream(seed, "test", number), EVERYTHING)
    return genome


def relatives(seed: int, changes: int = 8) -> tuple[Genome, Genome]:
    """Two genomes with shared ancestry that went separate ways."""
    ancestor = bred(seed, 6)
    first = second = ancestor
    for number in range(changes):
        first = mutate(first, Stream(seed, "first", number), EVERYTHING)
        second = mutate(second, Stream(seed, "second", number), EVERYTHING)
    return first, second
