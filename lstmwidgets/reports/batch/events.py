"""What a batch tells while it runs, for whoever shows its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["done", "reused", "failed"]


@dataclass(frozen=True)
class BatchStarted:
    """The panel is read, the workers stand.

    Attributes
    ----------
    series, reused : int
        How many there are, and of how many the result of an earlier run still holds.
    workers : int
        Processes that compute; 0 where nothing is left to do.
    dashboard : str or None
        Address of Dask's own page, which shows what each worker does.
    """

    series: int
    reused: int
    workers: int
    dashboard: str | None


@dataclass(frozen=True)
class SeriesEnded:
    """One series is done, or has failed.

    Attributes
    ----------
    unique_id : str
    status : {"done", "failed"}
    words : str
        The verdict on its forecast, or why there is none.
    seconds : float
        On its worker.
    ended, series : int
        How many are dealt with by now, those reused included, and how many there are.
    failed : int
        How many of them have failed.
    """

    unique_id: str
    status: Status
    words: str
    seconds: float
    ended: int
    series: int
    failed: int


@dataclass(frozen=True)
class BatchNote:
    """Something worth a line: a worker that was lost, series that are no longer in the panel."""

    words: str


@dataclass(frozen=True)
class BatchResult:
    """What a batch left in its folder; also the last that it tells, also when it was interrupted.

    Attributes
    ----------
    folder : Path
    index, summary, forecasts : Path
        ``index.html``, ``summary.parquet`` and ``forecasts.parquet`` in it.
    done, reused : tuple of str
        Ids of the series computed by this run, and of those whose earlier result still holds.
    failed : dict of str
        Why each of the others has no forecast, by its id.
    waiting : int
        Series that an interrupted run did not come to.
    vanished : tuple of str
        Folders of series that are no longer in the panel: left as they are, and not listed.
    seconds : float
        From the first to the last.
    """

    folder: Path
    index: Path
    summary: Path
    forecasts: Path
    done: tuple[str, ...]
    reused: tuple[str, ...]
    failed: dict[str, str]
    waiting: int
    vanished: tuple[str, ...]
    seconds: float


BatchEvent = BatchStarted | SeriesEnded | BatchNote | BatchResult
OnEvent = Callable[[BatchEvent], None]
