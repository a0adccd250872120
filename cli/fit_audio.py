"""`cppnart fit audio`."""

from typing import Any

import click

from cppnart.cli import options, report
from cppnart.cli.watching import watched

EXAMPLES = """\b
Examples:
  cppnart fit audio clip.wav                 then: cppnart sample clip.safetensors -o out.wav
  cppnart fit audio clip.flac --until-snr 25 --spectrogram clip.png
  cppnart fit audio clip.ogg --method siren --seconds 300 --film fit.mp4"""


@click.command(name="audio", epilog=EXAMPLES)
@click.argument("sound", type=click.Path())
@click.option("--method", metavar="NAME", help="auto, grid or siren.")
@click.option("--until-snr", "until", type=float, metavar="DB", help="Stop at so many decibels.")
@click.option("--batch", type=int, metavar="N", help="Samples in a step.")
@click.option("--spectrogram", type=click.Path(), help="A picture of sound, fit and error.")
@options.training
@options.output("The field to write.  [default: the sound's name, .safetensors]")
@options.report
@options.device
def command(
    sound: str, as_json: bool, quiet: bool, spectrogram: str | None, **arguments: Any
) -> None:
    """Fit a field to a sound: it plays at any rate and speed."""
    from cppnart.fields.fit_audio import fit_audio
    from cppnart.fields.sounds import read_sound
    from cppnart.render.formats import format_of
    from cppnart.render.spectrograms import draw_spectrograms

    if spectrogram is not None:
        format_of(spectrogram)  # a mistake in the name is said before the work
    heard = read_sound(sound)
    with watched(arguments, source=sound, quiet=quiet) as training:
        made = fit_audio(heard, **training)
    if spectrogram is not None and made.path is not None:
        draw_spectrograms(heard, made.path, spectrogram)
    report.show_written(made, as_json=as_json, quiet=quiet)
