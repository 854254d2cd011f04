"""What a batch tells while it runs, for whoever shows its progress."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["done", "reused", "failed"]

_VARIES = re.compile(r"\d(?:[\d.,:T/-]*\d)?")  # numbers, dates and clock times


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
    alike : int
        How many failed before it for the same reason, but for numbers: so many lines tell nothing new.
    """

    unique_id: str
    status: Status
    words: str
    seconds: float
    ended: int
    series: int
    failed: int
    alike: int = 0


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

    @property
    def reasons(self) -> list[tuple[str, tuple[str, ...]]]:
        """Why series failed, and which: those that share a reason, but for its numbers, together.

        What most failed for comes first. The reason is that of the first of them.
        """
        return by_reason(self.failed)


BatchEvent = BatchStarted | SeriesEnded | BatchNote | BatchResult
OnEvent = Callable[[BatchEvent], None]


def kind_of(reason: str) -> str:
    """What a reason has in common with those of other series: its words.

    Examples
    --------
    >>> kind_of("the series' 1,009 points are too few")
    "the series' # points are too few"
    """
    return _VARIES.sub("#", reason)


def by_reason(failed: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """Reasons, and who failed for them, the most frequent first: see `BatchResult.reasons`.

    Parameters
    ----------
    failed : mapping of str
        Reasons, by id.
    """
    groups: dict[str, list[str]] = {}
    for unique_id, reason in failed.items():
        groups.setdefault(kind_of(reason), []).append(unique_id)
    often = sorted(groups.values(), key=len, reverse=True)
    return [(failed[ids[0]], tuple(ids)) for ids in often]
