"""The series of a batch: what each is asked for, and what became of it."""

from __future__ import annotations

import json
import logging
import time as clock
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.data.cells import NumberReader, TimeReader, find_time_format
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.batch.events import BatchEvent, BatchNote, BatchResult, BatchStarted, SeriesEnded
from lstmwidgets.reports.batch.index import index_page
from lstmwidgets.reports.batch.ledger import FORECASTS, INDEX, SUMMARY, Ledger
from lstmwidgets.reports.batch.names import folder_names
from lstmwidgets.reports.batch.panel import Panel
from lstmwidgets.reports.batch.sparkline import POINTS, sparkline
from lstmwidgets.reports.batch.summary import Entry, forecasts_file, read_forecast, summary_file
from lstmwidgets.reports.batch.work import Job, Outcome
from lstmwidgets.reports.single.folder import FORECAST, METRICS, PAGE
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.study.source import source_name

log = logging.getLogger(__name__)

_PUBLISH_SECONDS = 20.0
_PUBLISH_TIMES = 30  # as long as it took, the tables and the page are left alone


class Series:
    """All series of one batch.

    Parameters
    ----------
    panel : Panel
    asked : ReportSettings
        For all of them: whichever is meant is left open.
    ledger : Ledger
    forecasts_only : bool
    tell : callable
        Takes events.
    """

    def __init__(
        self,
        panel: Panel,
        asked: ReportSettings,
        ledger: Ledger,
        forecasts_only: bool,
        tell: Callable[[BatchEvent], None],
    ) -> None:
        self.tell = tell
        self._panel, self._ledger, self._forecasts_only = panel, ledger, forecasts_only
        asked = asked.model_copy(update={"time": panel.time, "value": panel.value})
        self._asked = {name: getattr(asked, name) for name in type(asked).model_fields}
        self._names = folder_names(panel.ids)
        self._vanished = ledger.vanished(self._names.values())
        self._keys: dict[int, str] = {}
        self._entries: dict[str, Entry] = {}
        self._failed = 0
        self._lines: dict[str, tuple[str, str]] = {}
        self._due, self._began = clock.monotonic() + _PUBLISH_SECONDS, clock.monotonic()

    def __len__(self) -> int:
        return len(self._panel)

    @property
    def ended(self) -> int:
        """How many are dealt with."""
        return len(self._entries)

    def look_up(self, force: bool) -> list[int]:
        """Settle what an earlier run has done; the numbers of all others.

        Parameters
        ----------
        force : bool
            Count nothing as done.
        """
        if self._vanished:
            listed = _listed(self._vanished)
            self.tell(BatchNote(f"no longer in the panel: {listed}, left as before, and not listed"))
        to_do = []
        for number, unique_id in enumerate(self._panel.ids):
            try:
                key = self._settings(number).key(
                    self._panel.rows_hash(number), time=self._asked["time"], value=self._asked["value"]
                )
            except LSTMWidgetsError as error:  # an id that no report can be asked for
                self.settle(number, Outcome(reason=str(error)))
                continue
            self._keys[number] = key
            metrics = None if force else self._ledger.done(self._names[unique_id], key)
            if metrics is None:
                to_do.append(number)
            else:
                forecast = self._ledger.read(self._names[unique_id], FORECAST)
                self._enter(number, "reused", metrics, forecast)
        return to_do

    def started(self, workers: int, dashboard: str | None) -> BatchStarted:
        """The event that says so."""
        reused = sum(entry.status == "reused" for entry in self._entries.values())
        return BatchStarted(len(self), reused, workers, dashboard)

    def job(self, number: int) -> Job:
        """What a worker is handed for one series."""
        rows, first = self._panel.rows(number), self._panel.first(number)
        word, first = ("in its row", 1) if first is None else (self._panel.word, first)
        return Job(self._settings(number), rows, word, first, self._keys[number], self._forecasts_only)

    def settle(self, number: int, outcome: Outcome) -> None:
        """Keep what came of one series, and tell it; only the first time counts."""
        unique_id = self._panel.ids[number]
        if unique_id in self._entries:
            return
        name = self._names[unique_id]
        if outcome.reason:
            log.info("series %r failed: %s\n%s", unique_id, outcome.reason, outcome.trace)
            if self._ledger.done(name, self._keys.get(number, "")) is None:
                self._ledger.drop(name)
            self._failed += 1
            self._entries[unique_id] = Entry(unique_id, "failed", name, {}, reason=outcome.reason)
        else:
            self._ledger.keep(name, outcome.files)
            self._enter(number, "done", json.loads(outcome.files[METRICS]), outcome.files[FORECAST])
        entry = self._entries[unique_id]
        self.tell(
            SeriesEnded(
                unique_id,
                entry.status,
                entry.reason or entry.metrics["verdict"],
                outcome.seconds,
                ended=self.ended,
                series=len(self),
                failed=self._failed,
            )
        )
        if clock.monotonic() > self._due:
            self.publish()

    def publish(self) -> BatchResult:
        """Write the tables and the page of what is settled by now."""
        began = clock.monotonic()
        entries = [self._entries[each] for each in self._panel.ids if each in self._entries]
        waiting = len(self) - len(entries)
        page = index_page(
            source_name(self._asked["source"]),
            entries,
            self._lines,
            linked=FORECAST if self._forecasts_only else PAGE,
            waiting=waiting,
            vanished=len(self._vanished),
        )
        paths = [
            self._ledger.write(name, content)
            for name, content in (
                (SUMMARY, summary_file(entries)),
                (FORECASTS, forecasts_file(entries)),
                (INDEX, page.encode()),
            )
        ]
        now = clock.monotonic()
        self._due = now + max(_PUBLISH_SECONDS, _PUBLISH_TIMES * (now - began))
        return BatchResult(
            self._ledger.folder,
            index=paths[2],
            summary=paths[0],
            forecasts=paths[1],
            done=tuple(each.unique_id for each in entries if each.status == "done"),
            reused=tuple(each.unique_id for each in entries if each.status == "reused"),
            failed={each.unique_id: each.reason for each in entries if each.status == "failed"},
            waiting=waiting,
            vanished=self._vanished,
            seconds=now - self._began,
        )

    def _settings(self, number: int) -> ReportSettings:
        return ReportSettings(**{**self._asked, "only": self._panel.ids[number]})

    def _enter(self, number: int, status: Any, metrics: dict[str, Any], content: bytes) -> None:
        unique_id = self._panel.ids[number]
        forecast = read_forecast(unique_id, content)
        self._entries[unique_id] = Entry(unique_id, status, self._names[unique_id], metrics, forecast)
        self._lines[unique_id] = sparkline(self._recent(number), forecast["yhat"].to_numpy())

    def _recent(self, number: int) -> NDArray[np.float64]:
        """The values of one series, in the order of its times as far as that can be seen here."""
        rows, time = self._panel.rows(number), self._asked["time"]
        if isinstance(time, str) and not rows[time].is_monotonic_increasing:
            times = find_time_format(rows[time])
            if times is not None:
                reader = TimeReader(time, "", times)
                reader.read(rows[time], np.arange(len(rows)))
                with suppress(LSTMWidgetsError):  # times that cannot be read were its own run's to tell
                    rows = rows.iloc[np.argsort(reader.finish()[0], kind="stable")]
        cells = rows[self._panel.value].tail(POINTS)
        return NumberReader(self._panel.value, "").read(cells, np.arange(len(cells)))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:3]))
    return f"{shown} and {len(names) - 3:,} more" if len(names) > 3 else shown
