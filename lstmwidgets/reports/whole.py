"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file under a name of its own beside its place, and rename it: nobody ever sees half of it.

    Parameters
    ----------
    path : Path
        What was there is replaced.
    content : str or bytes
        Text is written as UTF-8, its line ends as they are.

    Returns
    -------
    Path
        The same.
    """
    beside = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        write_through(beside, content)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return path


def write_through(path: Path, content: str | bytes) -> None:
    """Write a new file, and wait until it is on the disk, so that a rename never gets there before it."""
    with path.open("xb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
