"""`cppnart sample`."""

from pathlib import Path
from typing import Any

import click

from cppnart.cli import options, report

EXAMPLES = """\b
Examples:
  cppnart sample clip.safetensors -o clip.wav --rate 96000 --bits 24
  cppnart sample clip.safetensors -o slow.flac --speed 0.5
  cppnart sample clip.safetensors -o part.ogg --start 2 --duration 1.5"""


@click.command(name="sample", epilog=EXAMPLES)
@click.argument("field", type=click.Path())
@click.option("--rate", type=int, metavar="HZ", help="Samples a second.  [default: as fitted]")
@click.option("--speed", type=float, metavar="X", help="0.5 is slower and an octave lower.")
@click.option("--start", type=float, metavar="S", help="Where to begin, in seconds of the sound.")
@click.option("--duration", type=float, metavar="S", help="How much of the sound.")
@click.option("--bits", type=int, metavar="16|24|32", help="Of a sample; 32 are floating point.")
@options.output("The sound to write: .wav, .flac or .ogg.  [default: NAME-sampled.wav]")
@options.report
@options.threads
def command(field: str, as_json: bool, quiet: bool, **arguments: Any) -> None:
    """Play the field of a sound into a file, at any rate, slower or faster."""
    from cppnart.fields.sample_audio import sample

    how = options.given(arguments)
    output = how.pop("output", f"{Path(field).stem}-sampled.wav")
    with report.Progress("sampling", unit="frame", quiet=quiet) as progress:
        made = sample(field, output, report=progress, **how)
    report.show_written(made, as_json=as_json, quiet=quiet)
