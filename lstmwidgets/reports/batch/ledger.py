"""What a batch's folder holds: which series are done, each in a folder that is there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lstmwidgets.reports.single.folder import ALWAYS, FORECAST, METRICS, MODEL
from lstmwidgets.reports.single.refusals import OutputError, checked_name, explained

INDEX, SUMMARY, FORECASTS, SERIES = "index.html", "summary.parquet", "forecasts.parquet", "series"
FORECASTS_ONLY = (FORECAST, METRICS, MODEL)
"""The files of a series without a report."""

_LOCK = ".lstmwidgets-batch"  # also tells a batch's folder from any other
_NEW, _OLD = ".new", ".old"


class Ledger:
    """A batch's folder. A context manager: entered, it is made, and this run's alone.

    Parameters
    ----------
    folder : path
        Nothing yet, an empty folder, or that of an earlier batch; the folders above are made.
    forecasts_only : bool
        Whether a series without its report counts as done.

    Raises
    ------
    OutputError
        When something else is there, when another batch writes to it, or when it cannot be written.
    """

    def __init__(self, folder: str | Path, forecasts_only: bool = False) -> None:
        self.folder = Path(checked_name(str(folder)))
        self._series = self.folder / SERIES
        self._needed = FORECASTS_ONLY if forecasts_only else ALWAYS
        self._lock = FileLock(self.folder / _LOCK, timeout=0)
        with self.in_words():
            self._check()  # before a panel is read for it

    def __enter__(self) -> Ledger:
        with self.in_words():
            self._check()
            self._series.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise OutputError(
                    f"another batch is writing to {str(self.folder)!r} now: wait until it ends, or name "
                    "another folder"
                ) from None
            self._set_right()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def done(self, name: str, key: str) -> dict[str, Any] | None:
        """The metrics of a series whose result in the folder of this name still holds; else None.

        Parameters
        ----------
        name : str
            Of its folder.
        key : str
            Of its rows and settings, as they are now.
        """
        folder = self._series / name
        try:
            metrics = json.loads((folder / METRICS).read_bytes())
        except (OSError, ValueError):
            return None
        whole = all((folder / each).is_file() for each in self._needed)
        return metrics if whole and isinstance(metrics, dict) and metrics.get("key") == key else None

    def keep(self, name: str, files: Mapping[str, bytes]) -> None:
        """Put a series' files in its folder, all at once; an earlier result gives way."""
        target, new, old = (self._series / each for each in (name, f".{name}{_NEW}", f".{name}{_OLD}"))
        with self.in_words():
            new.mkdir()
            try:
                for file, content in files.items():
                    _write(new / file, content)
                if target.exists():
                    os.rename(target, old)
                os.rename(new, target)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                if old.exists() and not target.exists():
                    os.rename(old, target)
                raise
            if old.exists():
                shutil.rmtree(old)

    def drop(self, name: str) -> None:
        """Take an earlier result away, which is of other rows or settings and would pass for one of these."""
        with self.in_words():
            if (self._series / name).is_dir():
                shutil.rmtree(self._series / name)

    def read(self, name: str, file: str) -> bytes:
        """One file of a series that is done."""
        with self.in_words():
            return (self._series / name / file).read_bytes()

    def write(self, file: str, content: bytes) -> Path:
        """Write one of the files beside the series, whole or not at all."""
        path = self.folder / file
        beside = path.with_name(f".{file}{_NEW}")
        with self.in_words():
            try:
                _write(beside, content)
                os.replace(beside, path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        return path

    def vanished(self, names: Iterable[str]) -> tuple[str, ...]:
        """Folders of series that are not among these."""
        known = set(names)
        with self.in_words():
            there = [each.name for each in self._series.iterdir() if not each.name.startswith(".")]
        return tuple(sorted(name for name in there if name not in known))

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say of an `OSError` what it means for this folder."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise OutputError(
                    f"{str(self.folder)!r} cannot be written ({error.strerror}): name a folder elsewhere"
                ) from error
            raise OutputError(explained(error, self.folder)) from error

    def _check(self) -> None:
        """Refuse a folder in which what a batch writes belongs to something else."""
        shown = repr(str(self.folder))
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{shown} is a file: name a folder, for example -o out")
        if (self.folder / _LOCK).exists():
            return
        for name in (INDEX, SUMMARY, FORECASTS, SERIES):
            if (self.folder / name).exists():
                raise OutputError(
                    f"{shown} holds {name!r}, which no batch wrote: name another folder, for example "
                    f"-o {self.folder / 'batch'}, or move it elsewhere"
                )

    def _set_right(self) -> None:
        """Finish what a killed run began."""
        for left in self._series.glob(f".*{_OLD}"):
            target = left.with_name(left.name.removeprefix(".").removesuffix(_OLD))
            if not target.exists():
                os.rename(left, target)
        for left in [*self._series.glob(f".*{_NEW}"), *self._series.glob(f".*{_OLD}")]:
            shutil.rmtree(left)


def _write(path: Path, content: bytes) -> None:
    """Write a file, and wait until it is on the disk, so that a rename never gets there before it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
