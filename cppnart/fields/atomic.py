"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives an empty temporary file to fill; it becomes `path` when the block ends well.

    The temporary lies in the same folder and has the same suffix. Whatever ends the block early,
    Ctrl-C included, removes it, and a file that `path` named before stays as it was. Files opened
    in the block must be closed in it. A link is followed: what it points to is replaced.

    Raises OSError naming `path` when its folder is missing or cannot be written, when it is a
    folder, a device or write-protected, and when the disk fills up.
    """
    final = Path(os.path.realpath(path))
    _check(final, os.fspath(path))
    temporary = final.with_name(f".cppnart-{secrets.token_hex(6)}{final.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        if final.exists():
            shutil.copymode(final, temporary)
        os.replace(temporary, final)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        # A failed write names no file, and a failed open names the temporary one.
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise


def _check(final: Path, shown: str) -> None:
    """Refuses what could only fail after hours of work, or harm what is not a picture."""
    if not final.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(final.parent))
    if final.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a folder; give the name of a file", shown)
    if final.exists() and not final.is_file():
        raise OSError(errno.EINVAL, "this is not an ordinary file", shown)
    if final.exists() and not os.access(final, os.W_OK):
        raise PermissionError(errno.EACCES, "this file is write-protected", shown)
