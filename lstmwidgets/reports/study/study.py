"""Everything that a report tells of one series, computed when it is first asked for."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.conformal import LEVELS, checked_levels
from lstmwidgets.analysis.backtests.held_out import held_out
from lstmwidgets.analysis.backtests.intervals import SplitConformal, coverage_table
from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis, diagnose
from lstmwidgets.analysis.inside.ledger import Ledger, forecast_shares, memory_ledger
from lstmwidgets.analysis.inside.tracing import trace
from lstmwidgets.analysis.scoring.metrics import error_by_step
from lstmwidgets.analysis.scoring.tables import ALL_SCORES, score_frame
from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.choosing.decisions import AuditTrail, Auto
from lstmwidgets.reports.study import command, models
from lstmwidgets.reports.study.metrics import Metrics, metrics_of
from lstmwidgets.reports.study.source import source_name
from lstmwidgets.reports.study.subject import ROWS as ROWS
from lstmwidgets.reports.study.subject import Subject
from lstmwidgets.reports.study.tables import safe_csv
from lstmwidgets.reports.study.verdict import tone_of, verdict_of
from lstmwidgets.reports.whole import write_whole

if TYPE_CHECKING:
    from lstmwidgets.model.forecaster import LSTMForecaster
    from lstmwidgets.widgets.figures import Picture
    from lstmwidgets.widgets.forecast_plot import ForecastPlot
    from lstmwidgets.widgets.gate_explorer import GateExplorer


class Study(Subject):
    """All that a report says of one series and its forecast.

    Nothing is computed before it is asked for, and nothing twice: the forecaster is trained once, or
    taken from the folder where it was trained before.

    Parameters
    ----------
    csv : path, DataFrame, Series or str
        As `lstmwidgets.read_series` takes it; or the name of a bundled series, where there is no such file.
    config : LSTMConfig, optional
    time, value, freq
        As in `lstmwidgets.read_series`.
    id_column : str, optional
        The column that tells the series of a long frame apart; ``unique_id`` where there is one.
    only : str, optional
        Which of them.
    fill : str, optional
        How missing values are filled, a method of `lstmwidgets.fill`, or "mask" to keep them as unknown. By
        default gaps stay gaps, and windows that touch one are left out.
    levels : sequence of int
        Per cent of what comes that each interval is to hold.
    auto : bool or sequence of str
        As in `lstmwidgets.LSTMForecaster`; ``config`` is then the one chosen, and ``asked`` the one given.
    folder : path, optional
        For the model and for the state of an unfinished training, so that a killed one goes on and
        a finished one is taken again. By default what the environment variable ``LSTMWIDGETS_WORK``
        names, if it is set.
    out : path, optional
        What `command` calls the folder of the report.

    Raises
    ------
    LSTMWidgetsError
        For a config, a way of filling or levels that are not accepted; and, as soon as something is
        asked for, for data that cannot be forecast: see `check`.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> study = Study("nile", lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2))
    >>> study.forecast.columns.tolist()[:4]
    ['unique_id', 'ds', 'yhat', 'yhat-lo-80']
    >>> study.verdict.endswith(".")
    True
    """

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
        levels: Sequence[int] = LEVELS,
        auto: Auto = False,
        folder: str | Path | None = None,
        out: str | Path | None = None,
    ) -> None:
        self._began = clock.perf_counter()
        super().__init__(
            csv,
            config,
            time=time,
            value=value,
            freq=freq,
            id_column=id_column,
            only=only,
            fill=fill,
            auto=auto,
            folder=folder,
        )
        self.levels, self.out = checked_levels(levels), str(out or "report")
        self.created = datetime.now(UTC)

    def __repr__(self) -> str:
        auto = f", auto={self.auto!r}" if self.auto else ""
        return f"Study({source_name(self.source)!r}, {self.asked!r}{auto})"

    @property
    def config(self) -> LSTMConfig:
        """The settings that the forecast is made with: with ``auto``, those chosen."""
        return self.forecaster.config if self.auto else self.asked

    # The forecast ---------------------------------------------------------------------------

    @cached_property
    def forecaster(self) -> LSTMForecaster:
        """Trained on the series, or taken from the folder."""
        self.check()
        return models.trained(self.series, self.asked, self.folder, self.auto)

    @property
    def decisions(self) -> AuditTrail:
        """What the series chose, why, and on what evidence; empty without ``auto``."""
        return self.forecaster.decisions_

    @cached_property
    def _tested(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return held_out(self.forecaster, levels=self.levels)

    @property
    def backtest(self) -> pd.DataFrame:
        """The test part forecast from every cutoff, by the network and its rivals, with intervals.

        They are calibrated on the validation part. See `lstmwidgets.backtest` and
        `lstmwidgets.SplitConformal`.
        """
        return self._tested[0]

    @cached_property
    def forecast(self) -> pd.DataFrame:
        """What comes after the data's end: ``unique_id``, ``ds``, ``yhat``, ``yhat-lo-80``, ``yhat-hi-80``, …

        The intervals are calibrated on the errors of the validation and test parts, at the levels that were
        tested. No weight was fitted to either, but the validation part chose the epoch, so that its errors
        may be a little small; and `coverage` is that of intervals calibrated on the validation part alone.
        """
        ahead, test, validation = self.forecaster.predict(), *self._tested
        if not len(self.coverage):
            return ahead
        network = self.config.network
        errors = pd.concat([one[["unique_id", "ds", "cutoff", "y", network]] for one in (validation, test)])
        levels = self.coverage.index.to_list()
        return SplitConformal(levels).fit(errors.reset_index(drop=True)).apply(ahead)

    # What it is worth -----------------------------------------------------------------------

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row for each model, all on the same forecasts: see `lstmwidgets.score_frame`."""
        windows = self.windows
        train = np.where(windows.known, windows.read, np.nan)[: windows.split.train_end]
        return score_frame(self.backtest, train)

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """How often the intervals held what came, by level; empty where there are none."""
        if not any(f"{self.config.network}-lo-{level}" in self.backtest for level in self.levels):
            empty = pd.DataFrame(columns=["nominal", "coverage", "width", "points"], dtype=np.float64)
            return empty.rename_axis("level")
        return coverage_table(self.backtest, self.config.network)

    @cached_property
    def by_step(self) -> pd.DataFrame:
        """Mean absolute error of each model by steps ahead, from 1."""
        return error_by_step(self.backtest, self.scores.index.to_list())

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """What is wrong with the forecast, in words: see `lstmwidgets.diagnose`."""
        return diagnose(self.forecaster, frame=self.backtest)

    @cached_property
    def verdict(self) -> str:
        """The whole in one sentence."""
        return verdict_of(self.diagnosis, self.coverage, self.origin)

    @property
    def tone(self) -> str:
        """Of the verdict: "good", "quiet", "warning" or "error"."""
        return tone_of(self.diagnosis, self.origin)

    @property
    def notes(self) -> list[str]:
        """A sentence for each thing left out or not possible."""
        metrics = [note for note in self.scores.attrs["notes"] if note.startswith(ALL_SCORES)]
        looked_at = [note for note in self.diagnosis.notes if "is left out" not in note]  # told before
        told = (self.backtest.attrs["notes"], metrics, self.coverage.attrs.get("notes", []), looked_at)
        return list(dict.fromkeys(note for notes in told for note in notes))

    @cached_property
    def metrics(self) -> Metrics:
        """Every number of the report."""
        return metrics_of(self, clock.perf_counter() - self._began)

    # How to make it again -------------------------------------------------------------------

    @property
    def command(self) -> str:
        """The shell command that makes this report; empty for data that were in memory."""
        asked: dict[str, Any] = {**self._columns, **self._chosen, "fill": self.fill}
        if self.levels != LEVELS:
            asked["levels"] = self.levels
        given = {name: value for name, value in asked.items() if value is not None}
        return command.command_of(self.source, given, self.asked, self.out, self.auto)

    @property
    def versions(self) -> dict[str, str]:
        """Of the packages whose numbers these are, and of Python."""
        return command.versions()

    def settings_table(self) -> pd.DataFrame:
        """Every hyperparameter in words, its value beside its default."""
        return command.settings_table(self.config)

    def save(self, folder: str | Path) -> dict[str, Path]:
        """Write ``forecast.csv``, ``metrics.json`` and ``model.safetensors`` into a folder that is there.

        Each is written beside its name and then renamed, so that none is ever half there.
        """
        folder = Path(folder)
        return {
            "forecast": write_whole(folder / "forecast.csv", safe_csv(self.forecast)),
            "metrics": write_whole(folder / "metrics.json", self.metrics.to_json()),
            "model": self.forecaster.save(folder / models.MODEL_FILE),
        }

    # What it shows --------------------------------------------------------------------------

    def overview_picture(self) -> Picture:
        """The whole series, its parts, and what was filled."""
        return _pictures().overview(self.series, self.windows.split, self.label)

    def fan_picture(self) -> Picture:
        """The forecast after the data's end, with its intervals as a fan."""
        return _pictures().fan(self.series, self.forecast, self.label)

    def step_picture(self) -> Picture:
        """Errors by steps ahead, of the network and its rivals."""
        return _pictures().by_step(self.by_step, self.unit)

    def training_picture(self) -> Picture:
        """The loss by epoch, and which epoch's weights were kept."""
        kept = models.kept_epoch(self.forecaster)
        return _pictures().training(self.forecaster.history_, kept, self.config)

    def plot(self) -> ForecastPlot:
        """The backtest to be walked through, cutoff by cutoff."""
        from lstmwidgets.widgets.forecast_plot import ForecastPlot

        said = SimpleNamespace(verdict=self.verdict, tone=self.tone, findings=self.diagnosis.findings)
        return ForecastPlot(self.backtest, self.series, diagnosis=said)

    @cached_property
    def ledger(self) -> tuple[Ledger, NDArray[np.float64]]:
        """What each step of the newest test window left in memory, and what it moves the forecast by.

        See `lstmwidgets.memory_ledger` and `lstmwidgets.forecast_shares`.
        """
        found = trace(self.forecaster)
        ledger = memory_ledger(found)
        return ledger, forecast_shares(ledger, found)

    def memory_picture(self) -> Picture:
        """What each step that was read moves the forecast by."""
        return _pictures().memory(self.ledger[1], self.unit)

    def explorer(self) -> GateExplorer:
        """What every gate did over the newest window of the test part."""
        from lstmwidgets.widgets.gate_explorer import GateExplorer

        return GateExplorer(self.forecaster)


def _pictures() -> ModuleType:
    """What draws: with it come Matplotlib and widgets, which a forecast does without."""
    from lstmwidgets.reports.study import pictures

    return pictures
