"""The output folder: refused before any work, made beside its place, moved there whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.reports.single.refusals import OutputError, checked_name, explained

PAGE, NOTEBOOK, FORECAST, METRICS, MODEL, PDF = (
    "report.html",
    "report.ipynb",
    "forecast.csv",
    "metrics.json",
    "model.safetensors",
    "report.pdf",
)
ALWAYS = (PAGE, NOTEBOOK, FORECAST, METRICS, MODEL)
"""The files of every report; the PDF comes when asked for."""

FAILED = "failed.ipynb"
"""In the work folder: a notebook that stopped half-way, to be looked into."""

_LOCK = "lock"
_TRAINING = "training"  # how the names of unfinished trainings begin
# What file managers and JupyterLab leave in a folder that was looked into.
_DROPPINGS = (".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints")
_LONGEST_NAME = 200  # bytes; most file systems take 255, and the work folder's name is longer by some


class OutputFolder:
    """One report's folder, and the hidden folder beside it in which the report is made.

    A context manager. Entering refuses what cannot become a report's folder, before any work; it also takes
    a lock, so that one run at a time makes this report, and sets right what a killed run has left. Leaving
    takes the work folder away, unless the run was broken off and there is something to go on from.

    Parameters
    ----------
    path : path
        Where the report is to stand. Nothing, an empty folder, or an earlier report, which is then exchanged
        as a whole; the folders above are made.

    Attributes
    ----------
    path : Path
        As given, for messages.
    target : Path
        The same, absolute and without links.
    work : Path
        The hidden folder beside it: what a killed training goes on from lies here.
    result : Path
        Inside `work`: the files that `publish` moves.
    published : bool
        Whether it has.

    Raises
    ------
    OutputError
        When something else is there, when another run writes to it, or when it cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        checked_name(str(path))
        with self.in_words():
            self.target = Path(os.path.realpath(path))
        name = self.target.name
        if not name:
            raise OutputError(
                f"{str(path)!r} is a disk's root, and cannot be exchanged as a whole: name a folder in it, "
                f"for example -o {self.target / 'report'}"
            )
        if len(os.fsencode(name)) > _LONGEST_NAME:
            name = sha256(os.fsencode(name)).hexdigest()[:16]
        self.work = self.target.with_name(f".{name}.work")
        self.result = self.work / "result"
        self._old = self.work / "old"
        self._lock = FileLock(self.work / _LOCK, timeout=0)
        self.published = False
        self._lent: int | None = None  # the file that stands for the model of an earlier report

    def __enter__(self) -> Self:
        with self.in_words():
            self._check()
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._take()
            try:
                self._set_right()
                self._check()
            except BaseException:
                self._give()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        of_output = isinstance(error, OutputError)
        of_data = isinstance(error, LSTMWidgetsError) and not isinstance(error, (OutputError, Unavailable))
        with suppress(OSError):  # the first error is the one to be told
            if of_output:
                (self.work / FAILED).unlink(missing_ok=True)  # which says no more, and takes room
            if error is not None and not of_data and not self.published and self.resumable:
                shutil.rmtree(self.result, ignore_errors=True)
                self._restore()
                self._lock.release()
                return
        self._give()

    @property
    def resumable(self) -> bool:
        """Whether the work folder holds something that the next run can use."""
        names = [path.name for path in self.work.iterdir()] if self.work.is_dir() else []
        model = self.work / MODEL
        own_model = model.is_file() and model.stat().st_ino != self._lent
        return own_model or any(name == FAILED or name.startswith(_TRAINING) for name in names)

    def begin(self, *, fresh: bool = False) -> None:
        """Make ready for a run, which may use the model that stands there, and what a broken-off run left.

        Parameters
        ----------
        fresh : bool
            Use nothing that is there already.
        """
        with self.in_words():
            if fresh:
                self._clear()
            (self.work / FAILED).unlink(missing_ok=True)
            model = self.target / MODEL
            if not fresh and model.is_file() and not (self.work / MODEL).exists():
                shutil.copyfile(model, self.work / MODEL)
                self._lent = (self.work / MODEL).stat().st_ino
            self.result.mkdir()

    def publish(self) -> None:
        """Put the finished files in their place, all at once; an earlier report gives way.

        That one is moved aside first, for few file systems exchange two folders in one step. A run that is
        killed between the two moves, some microseconds, leaves nothing in the report's place: the next run
        puts the earlier one back.
        """
        with self.in_words():
            missing = [name for name in ALWAYS if not (self.result / name).is_file()]
            if missing:
                raise RuntimeError(f"the report was made without {', '.join(missing)}")
            for path in self.result.iterdir():
                _settle(path, self.result)
            _sync(self.result)
            self._check()
            if self.target.exists():
                shutil.copymode(self.target, self.result)
                os.rename(self.target, self._old)
            try:
                os.rename(self.result, self.target)
            except BaseException:
                self._restore()
                raise
            self.published = True
            _sync(self.target.parent)

    def add(self, path: Path) -> None:
        """Put one further file from the work folder into the report that stands there."""
        with self.in_words():
            _settle(path, self.target)
            os.replace(path, self.target / path.name)

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Say of an `OSError` what it means for this folder."""
        try:
            yield
        except OSError as error:
            raise OutputError(explained(error, self.path)) from error

    def _check(self) -> None:
        """Refuse what cannot become, or be exchanged for, a report's folder."""
        shown = repr(str(self.path))
        if not self.target.exists():
            return
        if not self.target.is_dir():
            raise OutputError(f"{shown} is a file: name a folder for the report, for example -o report")
        if os.path.ismount(self.target) or self.target == Path.cwd():
            kind = "where a disk is mounted" if os.path.ismount(self.target) else "the folder you are in"
            raise OutputError(
                f"{shown} is {kind}, and cannot be exchanged as a whole: name a folder in it, for example "
                f"-o {self.path / 'report'}"
            )
        entries = [entry for entry in self.target.iterdir() if entry.name not in _DROPPINGS]
        foreign = sorted(each.name for each in entries if each.name not in (*ALWAYS, PDF) or each.is_dir())
        if entries and not (self.target / METRICS).is_file():
            foreign = foreign or sorted(each.name for each in entries)
        if foreign:
            raise OutputError(
                f"{shown} holds {foreign[0]!r}, which is no part of a report: name another folder, for "
                f"example -o {self.path / 'report'}, or move what is in it elsewhere"
            )

    def _take(self) -> None:
        """Make the work folder and lock it; a run that ends at this moment may take the folder away again."""
        foreign = self.work.is_symlink() or (self.work.exists() and not self.work.is_dir())
        if not foreign and self.work.is_dir():
            foreign = any(self.work.iterdir()) and not (self.work / _LOCK).exists()
        if foreign:
            raise OutputError(
                f"{str(self.work)!r} is in the way: the report is made there; move or delete it"
            )
        for attempt in range(10):
            try:
                self.work.mkdir(exist_ok=True)
                self._lock.acquire()
            except Timeout:
                raise OutputError(
                    f"another run is writing {str(self.path)!r} now: wait until it ends, or name another "
                    "folder"
                ) from None
            except FileNotFoundError:
                if attempt == 9:
                    raise
            else:
                return

    def _give(self) -> None:
        """Take the work folder away, then the lock, which lies in it: nobody can hold what is gone."""
        shutil.rmtree(self.work, ignore_errors=True)
        self._lock.release()
        if os.name == "nt":  # where an open file cannot be deleted
            with suppress(OSError):
                self.work.rmdir()

    def _clear(self) -> None:
        for path in self.work.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()

    def _set_right(self) -> None:
        """Finish what a run began that was killed while it moved its report."""
        self._restore()
        for leftover in (self._old, self.result):
            if leftover.exists():
                shutil.rmtree(leftover)

    def _restore(self) -> None:
        """Put the earlier report back where no new one took its place."""
        if self._old.exists() and not self.target.exists():
            os.rename(self._old, self.target)


def _settle(path: Path, beside: Path) -> None:
    """Make a file readable for whoever may read its folder, and see that it is on the disk."""
    path.chmod(beside.stat().st_mode & 0o666)  # a file that was written beside its name is its writer's alone
    _sync(path)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk, so that a rename never gets there before it."""
    if path.is_dir() and os.name == "nt":  # where folders cannot be opened
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot
            raise
    finally:
        os.close(handle)
