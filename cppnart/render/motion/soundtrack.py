"""The sound of a film, encoded and cut to length before the first frame is rendered."""

from __future__ import annotations

import os
import stat
from fractions import Fraction
from pathlib import Path

from cppnart.fields.ffmpeg import reason, run_ffmpeg
from cppnart.fields.sounds import FORMATS

_BITRATES = {"aac": "192k", "libopus": "160k"}


def prepare_sound(audio: str | os.PathLike[str], work: Path, seconds: Fraction, codec: str) -> Path:
    """Encodes the first sound in the file `audio`, in stereo, into a file in the folder `work`.

    It begins like `audio`, goes on in silence where that is shorter, and lasts a second more than
    `seconds`, so that the film ends it. Raises OSError where the file cannot be opened or the disk
    is full, and ValueError where there is no sound in it.
    """
    shown = os.fspath(audio)
    if not stat.S_ISREG(os.stat(audio).st_mode) and not os.path.isdir(audio):
        raise ValueError(f"{shown} is not an ordinary file")
    with open(audio, "rb"):
        pass  # so that Python says what is wrong: no such file, a folder, no permission
    target = work / ("sound.m4a" if codec == "aac" else "sound.webm")
    length = f"{float(seconds) + 1:.6f}"
    # Only this file is opened, whatever stands in it, and no name is an option or an address.
    source = ["-protocol_whitelist", "file", "-format_whitelist", FORMATS]
    source += ["-i", "file:" + os.path.abspath(audio), "-map", "0:a:0", "-map_metadata", "-1"]
    encoded = ["-af", f"apad=whole_dur={length}", "-t", length, "-ac", "2"]
    encoded += ["-c:a", codec, "-b:a", _BITRATES[codec], str(target)]
    with open(work / "sound.log", "w+", encoding="utf-8", errors="replace") as log:
        if ended := run_ffmpeg(source + encoded, log):
            why = reason(log, ended, target, shown)
            if "No space left" in why:
                raise OSError(f"{shown}: the sound could not be encoded: {why}")
            if "matches no streams" in why:
                raise ValueError(f"{shown} has no sound in it")
            raise ValueError(
                f"{shown} is not a sound that can be read: expected wav, flac, ogg, mp3,"
                f" or a film (mp4, mov, webm) that has a sound: {why}"
            )
    return target
