"""Progress on standard error: a live line in a terminal, a plain line a stage anywhere else."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from lstmwidgets.cli.exits import printable

_ALIKE = 3  # so many series that fail for the same reason are told with it


class StageProgress:
    """Shows which stage a report is at, of how many, for how long, and its line of detail.

    Parameters
    ----------
    shown : bool
        Whether anything is shown at all.
    """

    def __init__(self, shown: bool = True) -> None:
        self._console = Console(stderr=True, highlight=False)
        live = shown and self._console.is_terminal and not self._console.is_dumb_terminal
        self._plain = shown and not live
        self._bar = _bar(self._console) if live else None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, stage="", detail="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_stage(self, stage: str, number: int, total: int) -> None:
        """A stage begins."""
        if self._plain:
            self._console.print(Text(f"[{number}/{total}] {printable(stage)}"), soft_wrap=True)
        elif self._bar is not None:
            self._bar.update(
                self._task, completed=number - 1, total=total, stage=f"{number}/{total} {stage}", detail=""
            )

    def on_detail(self, detail: str) -> None:
        """How far it is; too much for a log."""
        if self._bar is not None:
            self._bar.update(self._task, detail=detail)


class BatchProgress:
    """Shows how many series of a batch are done, the address of Dask's dashboard, and which have failed."""

    def __init__(self, shown: bool = True) -> None:
        self._console = Console(stderr=True, highlight=False)
        live = shown and self._console.is_terminal and not self._console.is_dumb_terminal
        self._shown = shown
        self._bar = _bar(self._console) if live else None
        self._task: Any = None
        self._tenth = 0

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, stage="reading the panel", detail="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_event(self, event: Any) -> None:
        """Something happened: see `lstmwidgets.reports.batch.events`."""
        from lstmwidgets.reports.batch.events import BatchNote, BatchResult, BatchStarted, SeriesEnded

        if isinstance(event, BatchNote):
            self._say(event.words)
        elif isinstance(event, BatchStarted):
            reused = f", {event.reused:,} of them unchanged" if event.reused else ""
            workers = f"; {event.workers} worker{'s' * (event.workers != 1)}" if event.workers else ""
            self._say(f"{event.series:,} series{reused}{workers}")
            if event.dashboard:
                self._say(f"Dask's dashboard: {event.dashboard}")
            self._move(event.reused, event.series, 0)
        elif isinstance(event, SeriesEnded):
            if event.status == "failed" and event.alike < _ALIKE:
                self._say(f"{event.unique_id}: {event.words}")
            elif event.status == "failed" and event.alike == _ALIKE:
                self._say(f"{event.unique_id}: the same; those that follow it are named in index.html")
            self._move(event.ended, event.series, event.failed, f"{event.unique_id}: {event.words}")
        elif isinstance(event, BatchResult) and event.waiting:
            self._say(f"{event.waiting:,} series are still to do: run the same command again to go on")

    def _move(self, ended: int, series: int, failed: int, detail: str = "") -> None:
        words = f"{ended:,} of {series:,}" + (f", {failed:,} failed" if failed else "")
        if self._bar is not None:
            self._bar.update(self._task, completed=ended, total=series, stage=words, detail=detail)
        elif 10 * ended // max(1, series) > self._tenth:
            self._tenth = 10 * ended // series
            self._say(words)

    def _say(self, words: str) -> None:
        """A line that stays, above the bar where there is one."""
        if self._shown:
            self._console.print(Text(printable(words)), soft_wrap=True)


class SearchProgress:
    """Shows how many trials a search has made, what the last one gave, and the least error so far."""

    def __init__(self, shown: bool = True) -> None:
        self._console = Console(stderr=True, highlight=False)
        live = shown and self._console.is_terminal and not self._console.is_dumb_terminal
        self._shown = shown
        self._bar = _bar(self._console) if live else None
        self._task: Any = None
        self._told: set[int] | None = None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None, stage="the first trial", detail="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_trial(self, search: Any) -> None:
        """A trial has ended: see `lstmwidgets.tune`."""
        ended = search.trials[search.trials["state"].isin(["done", "pruned", "failed"])]
        if self._told is None:
            self._told = set()
            if search.earlier:
                self._resumed(search)
                return
        least = f", least error {search.best_error:.4g} {search.unit}".rstrip() if len(search.done) else ""
        if self._bar is not None:
            self._bar.update(
                self._task, stage=f"{len(ended):,} trials{least}", detail=_of_trial(ended.iloc[-1])
            )
        elif self._shown:
            for number in ended.index.difference(list(self._told)):
                words = f"trial {number}: {_of_trial(ended.loc[number])}{least}"
                self._console.print(Text(printable(words)), soft_wrap=True)
            self._told = set(ended.index)

    def _resumed(self, search: Any) -> None:
        """Tell of the trials that were there already, and tell none of them again."""
        ended = search.trials[search.trials["state"].isin(["done", "pruned", "failed"])]
        self._told = set(ended.index)
        count = f"{search.earlier:,} trial{'s' * (search.earlier != 1)}"
        words = f"going on with {count} of an earlier run, kept in {search.place}"
        if self._bar is not None:
            self._bar.update(self._task, stage=words)
            self._bar.console.print(Text(printable(words)), soft_wrap=True)
        elif self._shown:
            self._console.print(Text(printable(words)), soft_wrap=True)


def _of_trial(row: Any) -> str:
    """What came of a trial, in a few words."""
    if row["state"] == "failed":
        return f"failed: {row['reason']}"
    return f"error {row['error']:.4g}" + (", broken off" if row["state"] == "pruned" else "")


class _Words(TextColumn):
    """A column of text that is shown as it is, whatever it holds."""

    def __init__(self, name: str, style: str, ratio: int | None = None) -> None:
        super().__init__("", table_column=Column(no_wrap=True, ratio=ratio))
        self._name, self._style = name, style

    def render(self, task: Any) -> Text:
        text = printable(str(task.fields.get(self._name, ""))).replace("\n", " ")
        return Text(text, style=self._style, no_wrap=True, overflow="ellipsis")


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=16),
        _Words("stage", "bold"),
        TimeElapsedColumn(),
        _Words("detail", "dim", ratio=1),  # what is too long for the line is cut here
        console=console,
        expand=True,
        transient=True,
    )
