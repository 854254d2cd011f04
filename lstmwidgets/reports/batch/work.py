"""What runs on a worker: one series in, the bytes of its files out, so that no disk has to be shared."""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
import time as clock
import traceback
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import psutil

from lstmwidgets.data.reading import open_table
from lstmwidgets.data.series import read_unannounced
from lstmwidgets.errors import LSTMWidgetsError, in_short
from lstmwidgets.reports.batch.ledger import FORECASTS_ONLY
from lstmwidgets.reports.batch.memory import bounded
from lstmwidgets.reports.single.folder import ALWAYS, FAILED, METRICS
from lstmwidgets.reports.single.kernels import MEMORY_LIMIT
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.study.study import ROWS, Study
from lstmwidgets.workers.ready import Ready

if TYPE_CHECKING:
    from lstmwidgets.reports.single.kernels import WarmKernel

IN_MEMORY = "a pandas DataFrame"
"""The source of series that come from no file."""

_FOR_FORECASTS = ("lstmwidgets.model.forecaster", "lstmwidgets.model.training")
_FOR_REPORTS = ("lstmwidgets.reports.single.execution", "lstmwidgets.reports.page.page")
_ROOMY_SHARE = 0.75  # of a worker's memory: above it more is dropped, and a kernel started anew

_kernel: WarmKernel | None = None
_most_bytes: int | None = None
_roomy_bytes: int | None = None
_frozen = False
_one_at_a_time = threading.Lock()
"""A worker of somebody else's may have several threads, and trainings side by side give other numbers."""


@dataclass(frozen=True, eq=False)
class Job:
    """One series to be forecast.

    Attributes
    ----------
    settings : ReportSettings
        Of this series alone; its source is a name here, for the file may lie on another machine.
    rows : pandas.DataFrame
        Times and values.
    word, first : str, int
        Where they stand, for messages: as in `lstmwidgets.data.reading.Table`.
    key : str
        Of both, to be written into its metrics.
    forecasts_only : bool
        Whether no report is wanted.
    """

    settings: ReportSettings
    rows: pd.DataFrame
    word: str
    first: int
    key: str
    forecasts_only: bool


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    files : dict of bytes
        By their names; empty where it failed.
    reason : str
        Why it failed, in words.
    trace : str
        Where, if the series is not to blame.
    seconds : float
    notebook : bytes
        That of the report, if it stopped half-way, as far as it got.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    reason: str = ""
    trace: str = ""
    seconds: float = 0.0
    notebook: bytes = b""


def run(job: Job) -> Outcome:
    """Do one job. Whatever goes wrong with it is its own affair, and told in words."""
    with _one_at_a_time:
        began = clock.perf_counter()
        files: dict[str, bytes] = {}
        reason = trace = ""
        notebook = b""
        try:
            with tempfile.TemporaryDirectory(prefix="lstmwidgets-") as folder:
                files = _forecast(job, Path(folder)) if job.forecasts_only else _report(job, Path(folder))
        except LSTMWidgetsError as error:
            reason = str(error)
        except _Stopped as error:
            reason, trace, notebook = str(error), traceback.format_exc(), error.notebook
        except Exception as error:  # a series that breaks something must not stop the others
            reason, trace = in_short(error), traceback.format_exc()
        _tidy()
        return Outcome(files, reason, trace, clock.perf_counter() - began, notebook)


class _OneOfMany(Study):
    """A study of rows that are at hand, of a source that need not be."""

    def __init__(self, job: Job) -> None:
        asked = job.settings.model_dump(exclude={"source", "config"})
        source = job.rows if job.settings.source == IN_MEMORY else job.settings.source
        super().__init__(source, job.settings.config, **asked)
        self.folder = None  # a series is done in seconds: there is nothing to go on from
        self._table = replace(open_table(job.rows), label="the series", word=job.word, first=job.first)

    @cached_property
    def original(self) -> pd.Series:
        return read_unannounced(self._table, **self._columns).rename(self._chosen["only"])


def _forecast(job: Job, folder: Path) -> dict[str, bytes]:
    """Forecast, metrics and model, computed in this process."""
    study = _OneOfMany(job)
    study.save(folder)
    metrics = study.metrics.model_copy(update={"key": job.key})
    return {**_read(folder, FORECASTS_ONLY), METRICS: metrics.to_json().encode()}


def _report(job: Job, folder: Path) -> dict[str, bytes]:
    """A whole report, its notebook run in this worker's own kernel."""
    from lstmwidgets.reports.single.execution import StageFailed
    from lstmwidgets.reports.single.kernels import WarmKernel
    from lstmwidgets.reports.single.making import make

    global _kernel
    _OneOfMany(job).check()  # here, where a refusal costs nothing
    if _kernel is None:
        _kernel = WarmKernel(_roomy_bytes or MEMORY_LIMIT)
    result = folder / "report"
    result.mkdir()
    job.rows.to_parquet(folder / ROWS)
    try:
        with bounded(_kernel, _most_bytes):
            make(job.settings, result, work=folder, key=job.key, kernel=_kernel)
    except StageFailed as error:
        raise _Stopped(f"{error.stage} failed: {error.reason}", folder / FAILED) from error
    return _read(result, ALWAYS)


class _Stopped(Exception):
    """A notebook that stopped half-way; it is kept as far as it got, for the folder it lies in goes."""

    def __init__(self, reason: str, notebook: Path) -> None:
        super().__init__(reason)
        self.notebook = notebook.read_bytes() if notebook.is_file() else b""


def _read(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def _tidy() -> None:
    """Drop what a training leaves behind; what is compiled stays, for the next series to use."""
    global _frozen
    gc.collect()
    if not _frozen:  # a collection then passes over all that was imported: 2 ms in place of 200
        gc.freeze()
        _frozen = True
    crowded = _roomy_bytes is not None and psutil.Process().memory_info().rss > _roomy_bytes
    if crowded and "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()  # frees what TensorFlow keeps for each name


class Warm(Ready):
    """Gets a worker ready for series, with the memory that it may hold.

    Parameters
    ----------
    forecasts_only : bool
        TensorFlow is needed in the worker itself, and not in a kernel.
    ours : bool
        Whether the worker was started by this batch.
    """

    def __init__(self, forecasts_only: bool, ours: bool) -> None:
        super().__init__(_FOR_FORECASTS if forecasts_only else _FOR_REPORTS, ours)

    def setup(self, worker: Any) -> None:
        """Called by Dask on every worker, also on one that comes later."""
        global _most_bytes, _roomy_bytes
        _most_bytes = limit = worker.memory_manager.memory_limit or None
        _roomy_bytes = int(_ROOMY_SHARE * limit) if limit else None
        super().setup(worker)

    def teardown(self, worker: Any) -> None:
        """Called by Dask when a worker is closed, or the batch is over; another batch may go on there."""
        threading.Thread(target=_stop_kernel, daemon=True).start()


def _stop_kernel() -> None:
    """End the kernel, if there is one; one whose worker is killed ends by itself."""
    global _kernel
    with _one_at_a_time:
        if _kernel is not None:
            _kernel.stop()
            _kernel = None
