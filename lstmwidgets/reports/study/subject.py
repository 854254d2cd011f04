"""The series that a report is about: read, looked over, its gaps repaired, cut into windows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.auditing.audit import audit
from lstmwidgets.data.auditing.report import Audit
from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.choosing.decisions import Auto, to_choose
from lstmwidgets.reports.study import gaps
from lstmwidgets.reports.study.source import read_source, source_name

WORK = "LSTMWIDGETS_WORK"
"""Environment variable: the folder a study works in where it is given none."""

ROWS = "rows.parquet"
"""In that folder: the rows of the one series that is meant, read in place of the source."""


class Subject:
    """The data half of a `lstmwidgets.Study`, whose parameters it shares: pandas alone, no TensorFlow."""

    def __init__(
        self,
        csv: Any,
        config: LSTMConfig | None = None,
        *,
        time: str | Sequence[str] | None = None,
        value: str | None = None,
        freq: str | None = None,
        id_column: str | None = None,
        only: str | None = None,
        fill: str | None = None,
        auto: Auto = False,
        folder: str | Path | None = None,
    ) -> None:
        self.source, self.asked, self.fill = csv, checked_config(config), gaps.checked_fill(fill)
        self.auto = to_choose(self.asked, auto)
        self._columns: dict[str, Any] = {"time": time, "value": value, "freq": freq}
        self._chosen: dict[str, Any] = {"id_column": id_column, "only": only}
        folder = folder if folder is not None else os.environ.get(WORK)
        self.folder = Path(folder) if folder else None

    @property
    def config(self) -> LSTMConfig:
        """The settings that the forecast is made with."""
        return self.asked

    @cached_property
    def original(self) -> pd.Series:
        """The series as it was read; gaps are NaN."""
        rows = None if self.folder is None else self.folder / ROWS
        if rows is None or not rows.is_file():
            return read_source(self.source, **self._columns, **self._chosen)
        series = read_source(pd.read_parquet(rows), **self._columns)
        return series if self._chosen["only"] is None else series.rename(self._chosen["only"])

    @property
    def unit(self) -> str:
        """Of the values; empty where not known."""
        unit = self.original.attrs.get("unit")
        return "" if unit in (None, "none") else str(unit)

    @property
    def label(self) -> str:
        """For the axis of the values: their unit, or the series' name, cut to what there is room for."""
        name = str(self.original.name)
        return self.unit or (name if len(name) <= 30 else f"{name[:29]}…")

    @cached_property
    def series(self) -> pd.Series:
        """The series as the network reads it, its gaps filled as asked for."""
        return gaps.repaired(self.original, self.fill)

    @cached_property
    def audit(self) -> Audit:
        """What a forecast of the series as it was read may stumble over."""
        found = audit(self.original)
        return replace(
            found, source=source_name(self.source), reading=tuple(self.original.attrs.get("notes", ()))
        )

    @property
    def repairs(self) -> list[dict[str, Any]]:
        """What was filled and how: see `lstmwidgets.fill`."""
        return list(self.series.attrs.get("repairs", []))

    @cached_property
    def windows(self) -> Windows:
        """What the network is trained and tested on."""
        return gaps.forecastable(self.series, self.config, self.fill)

    @cached_property
    def origin(self) -> gaps.Origin:
        """What the forecast after the data's end reads: how much of it was filled or is unknown."""
        return gaps.origin_of(self.series, self.windows)

    def check(self) -> None:
        """Refuse what cannot be studied, before anything is trained and without TensorFlow.

        Raises
        ------
        LSTMWidgetsError
            For a source that cannot be read, a series too short for the config, one that never
            changes, gaps that leave no window to train, validate or test on, and a newest window that
            is not known. The message names what to change.
        """
        # Of the lengths that may be chosen, the shortest needs least.
        least = {"sequence_length": 1} if "sequence_length" in self.auto else {}
        lstm = self.fill == gaps.LSTM
        series = gaps.rehearsed(self.original, self.fill) if lstm else self.series
        gaps.forecastable(series, self.asked.replace(**least), self.fill)

    def make_folder(self, out: str | Path | None) -> None:
        """Make the folder that is to be saved to, so that no training ends where there is none.

        None is made where none is asked for, nor where the study works in a folder of its own: whoever gave
        it that takes care of the files too.

        Raises
        ------
        LSTMWidgetsError
            When it cannot be made or written to.
        """
        if out is None or self.folder is not None:
            return
        try:
            Path(out).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=out):
                pass
        except OSError as error:
            raise LSTMWidgetsError(
                f"out={str(out)!r} is no folder that can be written to ({error.strerror}): name another one"
            ) from None
