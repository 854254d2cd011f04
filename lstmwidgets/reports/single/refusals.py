"""Refusals that come from outside the data: output that cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lstmwidgets.errors import LSTMWidgetsError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNWRITTEN = "cannot write "  # how our own errors begin that tell of a file
_OF_OUTPUT = (*_FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG, errno.ENAMETOOLONG)


class OutputError(LSTMWidgetsError):
    """Raised where the output cannot be written; the message says why, and what to do."""


def checked_name(path: str) -> str:
    """Refuse what no file system, no notebook and no shell can name."""
    if not path.strip() or "\0" in path:
        raise OutputError(f"{path!r} is no folder's name: name one, for example -o report")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise OutputError(f"{path!r} is not text in UTF-8: name the folder in other letters") from None
    return path


def is_full(kind: str, message: str) -> bool:
    """Whether an error of another process, by its name and message, is that of a full disk.

    Examples
    --------
    >>> is_full("OSError", "[Errno 28] No space left on device: 'model.safetensors'")
    True
    >>> is_full("LSTMWidgetsError", "'No space left on device' in row 7 is no number")
    False
    """
    of_a_file = kind == OSError.__name__ or message.startswith(_UNWRITTEN)
    return of_a_file and any(os.strerror(code) in message for code in _FULL)


def is_of_output(error: OSError) -> bool:
    """Whether an error means that something cannot be written, and not that a program is missing."""
    return error.errno in _OF_OUTPUT


def explained(error: OSError, path: Path) -> str:
    """What an error means for the folder of a report.

    Examples
    --------
    >>> print(explained(OSError(errno.ENAMETOOLONG, "File name too long"), Path("report")))
    'report' cannot be made: the name is too long (File name too long). Choose a shorter one
    """
    shown, reason = repr(str(path)), error.strerror or str(error)
    if error.errno in _FULL:
        return (
            f"{shown} cannot be written: the disk is full ({reason}). Free some space, then run the same "
            "command again"
        )
    if error.errno == errno.ENAMETOOLONG:
        return f"{shown} cannot be made: the name is too long ({reason}). Choose a shorter one"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{shown} cannot be made: a part of this path is a file. Name another folder"
    beside = str(path.absolute().parent)
    return (
        f"{shown} cannot be written ({reason}): the report is made beside it, in {beside!r}, and then moved. "
        "Name a folder elsewhere"
    )
