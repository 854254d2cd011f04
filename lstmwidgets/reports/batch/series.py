"""The series of a batch: what each is asked for, and what became of it."""

from __future__ import annotations

import json
import logging
import math
import time as clock
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lstmwidgets.data.cells import NumberReader, TimeReader, find_time_format
from lstmwidgets.data.columns import few
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.batch.events import (
    BatchEvent,
    BatchNote,
    BatchResult,
    BatchStarted,
    SeriesEnded,
    kind_of,
)
from lstmwidgets.reports.batch.index import index_page
from lstmwidgets.reports.batch.ledger import FORECASTS, INDEX, SHEET, SUMMARY, Ledger
from lstmwidgets.reports.batch.names import folder_names
from lstmwidgets.reports.batch.panel import Panel
from lstmwidgets.reports.batch.sparkline import POINTS, sparkline
from lstmwidgets.reports.batch.summary import Entry, forecasts_file, read_forecast, sheet_file, summary_file
from lstmwidgets.reports.batch.work import Job, Outcome
from lstmwidgets.reports.single.folder import FORECAST, METRICS, PAGE
from lstmwidgets.reports.single.making import file_hash
from lstmwidgets.reports.single.refusals import OutputError
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.study.metrics import Metrics
from lstmwidgets.reports.study.source import source_name
from lstmwidgets.shipped import report_template

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
        self._template = file_hash(report_template())
        self._names = folder_names(panel.ids)
        self._vanished = ledger.vanished(self._names.values())
        self._keys: dict[int, str] = {}
        self._entries: dict[str, Entry] = {}
        self._kinds: Counter[str] = Counter()  # of failures
        self._lines: dict[str, tuple[str, str]] = {}
        self._due, self._began = math.inf, clock.monotonic()

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
            listed = few(self._vanished, most=3)
            self.tell(BatchNote(f"no longer in the panel: {listed}, left as before, and not listed"))
        to_do = []
        for number in range(len(self)):
            try:
                key = self._key(number)
            except LSTMWidgetsError as error:  # an id that no report can be asked for
                self.settle(number, Outcome(reason=str(error)))
                continue
            self._keys[number] = key
            if force or not self._reuse(number, key):
                to_do.append(number)
        return to_do

    def _reuse(self, number: int, key: str) -> bool:
        """Take over what an earlier run made of a series, if it is whole."""
        name = self._names[self._panel.ids[number]]
        metrics = self._ledger.done(name, key)
        if metrics is None:
            return False
        try:
            forecast = read_forecast(self._panel.ids[number], self._ledger.read(name, FORECAST))
            whole = len(forecast) == Metrics.model_validate_json(json.dumps(metrics)).horizon
        except (OutputError, ValueError) as error:
            log.info("series %r is done again: %s", self._panel.ids[number], error)
            return False
        if whole:
            self._enter(number, "reused", metrics, forecast)
        return whole

    def started(self, workers: int, dashboard: str | None) -> BatchStarted:
        """The event that says so."""
        self._due = clock.monotonic() + _PUBLISH_SECONDS
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
                self._ledger.shelve(name)
            earlier, made = self._ledger.shelved(name) or ("", "")
            notebook = self._ledger.keep_notebook(name, outcome.notebook)
            self._entries[unique_id] = Entry(
                unique_id, "failed", name, {}, None, outcome.reason, earlier, made, notebook
            )
        else:
            forecast = read_forecast(unique_id, outcome.files[FORECAST])
            self._ledger.keep(name, outcome.files)
            self._enter(number, "done", json.loads(outcome.files[METRICS]), forecast)
        entry = self._entries[unique_id]
        kind = kind_of(entry.reason)
        self.tell(
            SeriesEnded(
                unique_id,
                entry.status,
                entry.reason or entry.metrics["verdict"],
                outcome.seconds,
                ended=self.ended,
                series=len(self),
                failed=self._kinds.total() + bool(entry.reason),
                alike=self._kinds[kind],
            )
        )
        self._kinds.update([kind] if entry.reason else [])
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
            linked="" if self._forecasts_only else PAGE,
            files=(FORECAST, METRICS) if self._forecasts_only else (),
            waiting=waiting,
            vanished=len(self._vanished),
        )
        paths = [
            self._ledger.write(name, content)
            for name, content in (
                (SUMMARY, summary_file(entries)),
                (FORECASTS, forecasts_file(entries)),
                (INDEX, page.encode()),
                (SHEET, sheet_file(entries)),
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

    def _key(self, number: int) -> str:
        """What decides the result of one series: its rows, and all that a report says of them."""
        return self._settings(number).key(
            self._panel.rows_hash(number),
            source=source_name(self._asked["source"]),
            time=self._asked["time"],
            value=self._asked["value"],
            template=self._template,
        )

    def _enter(self, number: int, status: Any, metrics: dict[str, Any], forecast: pa.Table) -> None:
        unique_id = self._panel.ids[number]
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
