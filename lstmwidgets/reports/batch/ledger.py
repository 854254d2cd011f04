"""What a batch's folder holds: which series are done, each in a folder that is there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lstmwidgets.reports.single.folder import ALWAYS, FORECAST, METRICS, MODEL, PAGE
from lstmwidgets.reports.single.refusals import OutputError, checked_name, explained
from lstmwidgets.reports.whole import write_through, write_whole

INDEX, SUMMARY, FORECASTS, SERIES = "index.html", "summary.parquet", "forecasts.parquet", "series"
SHEET = "summary.csv"
EARLIER, FAILED = "earlier", "failed"
"""Folders beside that of the series: results of earlier rows or settings, of series that now fail; and
notebooks that stopped half-way."""

FORECASTS_ONLY = (FORECAST, METRICS, MODEL)
"""The files of a series without a report."""

_LOCK = ".lstmwidgets-batch"  # also tells a batch's folder from any other
_DROPPINGS = (".DS_Store", "Thumbs.db", "desktop.ini")  # of file managers that looked into an empty folder
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
        self._made: list[Path] | None = None  # folders that were not there; None for an earlier batch's
        with self.in_words():
            self._check()  # before a panel is read for it

    def __enter__(self) -> Ledger:
        with self.in_words():
            self._check()
            if not (self.folder / _LOCK).exists():
                self._made = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise OutputError(
                    f"another batch is writing to {str(self.folder)!r} now: wait until it ends, or name "
                    "another folder"
                ) from None
            try:
                self._series.mkdir(exist_ok=True)
                self._set_right()
            except BaseException:
                self._lock.release()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._made is not None:
            self._unmake(self._made)
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
        """Put a series' files in its folder, all at once; whatever an earlier run left of it gives way."""
        target, new, old = (self._series / each for each in (name, f".{name}{_NEW}", f".{name}{_OLD}"))
        with self.in_words():
            new.mkdir()
            try:
                for file, content in files.items():
                    write_through(new / file, content)
                if _there(target):
                    os.rename(target, old)
                os.rename(new, target)
            except BaseException:
                _remove(new)
                if _there(old) and not _there(target):
                    os.rename(old, target)
                raise
            for left in (old, self.folder / EARLIER / name, self._notebook(name)):
                _remove(left)

    def shelve(self, name: str) -> None:
        """Put a series' result aside, which is of other rows or settings and would pass for one of these."""
        target, shelf = self._series / name, self.folder / EARLIER
        with self.in_words():
            if _there(target):
                shelf.mkdir(exist_ok=True)
                _remove(shelf / name)
                os.rename(target, shelf / name)

    def shelved(self, name: str) -> tuple[str, str] | None:
        """What was put aside of a series: its place in this folder, and when it was made; or None."""
        folder = self.folder / EARLIER / name
        page = next((each for each in (PAGE, FORECAST) if (folder / each).is_file()), None)
        if page is None:
            return None
        try:
            made = json.loads((folder / METRICS).read_bytes())["created"]
        except (OSError, ValueError, LookupError, TypeError):
            made = ""
        return f"{EARLIER}/{name}/{page}", str(made)

    def keep_notebook(self, name: str, content: bytes) -> str:
        """Keep a notebook that stopped half-way, in place of an earlier one; its place, if there is one."""
        path = self._notebook(name)
        with self.in_words():
            if not content:
                _remove(path)
                return ""
            path.parent.mkdir(exist_ok=True)
            write_whole(path, content)
        return f"{FAILED}/{path.name}"

    def read(self, name: str, file: str) -> bytes:
        """One file of a series that is done."""
        with self.in_words():
            return (self._series / name / file).read_bytes()

    def write(self, file: str, content: bytes) -> Path:
        """Write one of the files beside the series, whole or not at all."""
        with self.in_words():
            return write_whole(self.folder / file, content)

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

    def _notebook(self, name: str) -> Path:
        return self.folder / FAILED / f"{name}.ipynb"

    def _check(self) -> None:
        """Refuse a folder that holds something else than a batch."""
        shown = repr(str(self.folder))
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"{shown} is a file: name a folder, for example -o out")
        if self.folder.resolve().parent == self.folder.resolve():
            raise OutputError(
                f"{shown} is a disk's root: name a folder in it, for example -o {self.folder / 'batch'}"
            )
        if not self.folder.exists() or (self.folder / _LOCK).exists():
            return
        foreign = sorted(each.name for each in self.folder.iterdir() if each.name not in _DROPPINGS)
        if foreign:
            raise OutputError(
                f"{shown} holds {foreign[0]!r}, which is no part of a batch: name another folder, for "
                f"example -o {self.folder / 'batch'}, or move what is in it elsewhere"
            )

    def _unmake(self, made: list[Path]) -> None:
        """Leave no trace of a run that came to nothing, where no batch was before."""
        with suppress(OSError):
            left = {each.name for each in self.folder.iterdir()} - {_LOCK, *_DROPPINGS}
            if left == {SERIES} and not any(self._series.iterdir()):
                self._series.rmdir()
                (self.folder / _LOCK).unlink(missing_ok=True)
                for each in made:
                    each.rmdir()

    def _set_right(self) -> None:
        """Finish what a killed run began."""
        for left in self._series.glob(f".*{_OLD}"):
            target = left.with_name(left.name.removeprefix(".").removesuffix(_OLD))
            if not _there(target):
                os.rename(left, target)
        for left in [*self._series.glob(f".*{_NEW}"), *self._series.glob(f".*{_OLD}")]:
            _remove(left)


def _there(path: Path) -> bool:
    """Whether there is anything at all, a link to nowhere too."""
    return os.path.lexists(path)


def _remove(path: Path) -> None:
    """Take away what is there, if anything is: a link itself, and never what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
