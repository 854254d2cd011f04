"""A backtest to be walked through: forecasts, intervals and baselines at each cutoff, and their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import traitlets

from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.browser.page import standalone
from lstmwidgets.widgets.figures import Picture
from lstmwidgets.widgets.forecast import picture, words
from lstmwidgets.widgets.forecast.module import Module
from lstmwidgets.widgets.forecast.payload import pack, walked
from lstmwidgets.widgets.forecast.study import Study, study
from lstmwidgets.widgets.view import View

MADE_HERE: Any = object()
"""For ``diagnosis``: none was given."""

_SHARED = ("cutoff", "step", "models", "same_scale", "speed", "playing")


class ForecastPlot(View):
    """What was forecast at each cutoff of a backtest, what came, and how far to trust it.

    Above, all cutoffs at a glance and the error from each. Below, the series around the present
    cutoff with what came, the forecast, its intervals and the baselines, which the legend shows and
    hides. Then, of all cutoffs together: errors by step ahead, residuals, their autocorrelation, and
    how often the intervals held. Walking and playing need no kernel. It opens on the cutoff with the
    median error, so that neither luck nor mishap makes the first impression.

    Parameters
    ----------
    source : LSTMForecaster or pandas.DataFrame
        Fitted, its test part is backtested here from up to 3,000 cutoffs, with intervals at 80 and
        90 % calibrated on its validation part. Or a frame that `lstmwidgets.backtest` returned.
    series : pandas.Series, optional
        With a frame: the series it is of, for what lies before the first cutoff, for the points that
        were filled in and for the unit. With a forecaster: another one to forecast, such as the same
        continued, or the one that a forecaster loaded from a file was fitted on.
    model : str, optional
        Whose residuals, intervals and cutoffs' errors are looked at; by default the network, or the
        frame's first model.
    covariates : pandas.DataFrame, optional
        Those of ``series``, where a forecaster reads some.
    diagnosis : object, optional
        With ``verdict`` and ``findings``, as `lstmwidgets.diagnose` returns it; None for none. By
        default it is made here.

    Attributes
    ----------
    cutoff : int
        The present cutoff's position, from 0; may be set to a time, which stands for the newest
        cutoff at or before it (a date alone: by the end of that day).
    step : int or None
        The step ahead that is looked at, from 1; None for all of them.
    models : tuple of str
        The models shown.
    same_scale : bool
        Whether all cutoffs are drawn on one vertical scale, extended for those that need more; by default
        where a usual cutoff is not squashed by it.
    speed : float
        Of playing; at 1, six cutoffs a second.
    playing : bool
    frame : pandas.DataFrame
        The backtest, with intervals.
    scores : pandas.DataFrame
        MAE, RMSE and skill against the better baseline, by model, on the same forecasts.
    cutoffs : pandas.DatetimeIndex
        The cutoffs that can be walked to.
    diagnosis : object or None

    Raises
    ------
    LSTMWidgetsError
        When the forecaster is not fitted, the frame is no backtest of one series on a regular grid,
        or there is no such cutoff, step or model.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> plot = ForecastPlot(forecaster)
    >>> plot.models, len(plot.cutoffs)
    (('LSTM', 'repeat last', 'window mean'), 14)
    """

    cutoff = traitlets.TraitType(0)  # not Any, whose None no check sees
    step = traitlets.Any(None, allow_none=True)
    models = traitlets.TraitType(())
    same_scale = traitlets.Bool(True)
    speed = traitlets.Float(1.0)
    playing = traitlets.Bool(False)

    def __init__(
        self,
        source: Any,
        series: pd.Series | None = None,
        *,
        model: str | None = None,
        covariates: pd.DataFrame | None = None,
        diagnosis: Any = MADE_HERE,
    ) -> None:
        if isinstance(source, pd.DataFrame) or not hasattr(source, "forecast_windows"):
            if covariates is not None:
                raise LSTMWidgetsError("covariates= goes with a forecaster: a backtest needs none any more")
            self.frame, asked = source, source
        else:
            other = None if series is None else read_series(series)
            from lstmwidgets.analysis.backtests.held_out import held_out

            self.frame, _ = held_out(source, other, covariates=covariates)
            series, asked = (source.series_, source) if other is None else (other, self.frame)
        self._study: Study = study(self.frame, series, model)
        walk = self._study.walk
        self._rows = walked(walk)
        self.cutoffs = walk.cutoffs[self._rows]
        self.scores = self._study.scores
        self.diagnosis = _diagnosed(asked, self.frame, walk.model) if diagnosis is MADE_HERE else diagnosis
        attrs = {**self.frame.attrs, **({} if series is None else series.attrs)}
        self._unit = "" if attrs.get("unit") in (None, "none") else str(attrs["unit"])
        name = str(attrs.get("title", walk.name))
        self._title = f"{name} ({self._unit})" if self._unit else name
        packed = pack(
            self._study, self._title, self._unit, _told(self.diagnosis), self.frame.attrs.get("notes", ())
        )
        self._module = Module(facts=packed.facts, block=packed.block, times=packed.times)
        super().__init__([self._module])
        self.add_class("lw-panel")
        self.models = tuple(name for name in walk.forecasts if name in (walk.model, *self._study.bars))
        self.same_scale = packed.facts["common"]
        self.cutoff = packed.facts["marks"].get("median", len(self.cutoffs) - 1)
        for each in _SHARED:
            traitlets.link((self, each), (self._module, each))

    # What may be set -----------------------------------------------------------------------

    @traitlets.validate("cutoff")
    def _a_cutoff(self, proposal: dict[str, Any]) -> int:
        value = proposal["value"]
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            if not 0 <= value < len(self.cutoffs):
                raise LSTMWidgetsError(
                    f"cutoff={value} is not accepted: the cutoffs are 0 to {len(self.cutoffs) - 1}"
                )
            return int(value)
        return self._newest_by(value)

    def _newest_by(self, value: Any) -> int:
        try:
            when = None if isinstance(value, (bool, float)) else pd.Timestamp(value)
        except (TypeError, ValueError):
            when = None
        if when is None or pd.isna(when):
            raise LSTMWidgetsError(
                f"cutoff={value!r} is not accepted: it takes a position, 0 to {len(self.cutoffs) - 1}, or "
                "a time such as '2001-12-31'"
            )
        if (when.tzinfo is None) != (self.cutoffs.tz is None):
            theirs = "have no time zone" if self.cutoffs.tz is None else "have a time zone"
            raise LSTMWidgetsError(f"cutoff={value!r} is not accepted: the cutoffs {theirs}")
        last = self.cutoffs[-1]
        if isinstance(value, str) and len(value.strip()) <= len("2001-12-31"):
            when += pd.Timedelta(days=1) - pd.Timedelta(1, "us")  # the whole of that day
            last += pd.Timedelta(days=1)
        if not self.cutoffs[0] <= when <= last:
            raise LSTMWidgetsError(
                f"cutoff={value!r} is not accepted: the cutoffs lie from {self.cutoffs[0]} to "
                f"{self.cutoffs[-1]}"
            )
        return int(self.cutoffs.searchsorted(when, side="right")) - 1

    @traitlets.validate("step")
    def _a_step(self, proposal: dict[str, Any]) -> int | None:
        value, horizon = proposal["value"], self._study.walk.horizon
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= horizon:
            raise LSTMWidgetsError(
                f"step={value!r} is not accepted: the steps ahead are 1 to {horizon}, and None is all of them"
            )
        return int(value)

    @traitlets.validate("models")
    def _some_models(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        value, known = proposal["value"], list(self._study.walk.forecasts)
        wanted = list(value) if isinstance(value, (list, tuple, pd.Index)) else [value]
        for name in wanted:
            if name not in known:
                raise LSTMWidgetsError(
                    f"models={value!r} is not accepted: the backtest has {' and '.join(map(repr, known))}"
                )
        return tuple(name for name in known if name in wanted)

    @traitlets.validate("speed")
    def _a_speed(self, proposal: dict[str, Any]) -> float:
        if not 0.1 <= proposal["value"] <= 50:
            raise LSTMWidgetsError(f"speed={proposal['value']!r} is not accepted: it lies from 0.1 to 50")
        return float(proposal["value"])

    # What it shows -------------------------------------------------------------------------

    def summary(self) -> str:
        """The present cutoff in words, and what all of them come to."""
        return words.summary(self._study, self._row, self._title, self._unit, self._verdict())

    def still(self) -> Picture:
        """Draw the present cutoff and the panels as a Matplotlib figure, on white."""
        return picture.draw(
            picture.Scene(
                study=self._study,
                title=self._title,
                unit=self._unit,
                verdict=self._verdict(),
                cutoff=self._row,
                step=self.step,
                models=self.models,
                same_scale=self.same_scale,
            )
        )

    @property
    def _row(self) -> int:
        """The present cutoff among all of the backtest's."""
        return int(self._rows[self.cutoff])

    def _verdict(self) -> tuple[str, str] | None:
        """What the diagnosis says in a sentence, and its tone."""
        told = _told(self.diagnosis)
        return None if told is None else (told["verdict"], told["tone"])

    def __repr__(self) -> str:
        walk = self._study.walk
        return (
            f"ForecastPlot({walk.name!r}, cutoff={self.cutoff} of {len(self.cutoffs)}, "
            f"horizon={walk.horizon}, step={self.step}, models={self.models})"
        )

    def _page(self) -> str:
        return standalone(self._module, self._title, self.summary())


def _diagnosed(source: Any, frame: pd.DataFrame, model: str) -> Any:
    from lstmwidgets.analysis.diagnosis.diagnose import diagnose

    return diagnose(source, frame=None if source is frame else frame, model=model)


def _told(diagnosis: Any) -> dict[str, Any] | None:
    """A diagnosis as the browser takes it."""
    if diagnosis is None:
        return None
    try:
        findings = [
            {"tone": str(each.tone), "sentence": str(each.sentence), "advice": str(each.advice or "")}
            for each in diagnosis.findings
        ]
        verdict = str(diagnosis.verdict)
    except (AttributeError, TypeError):
        raise LSTMWidgetsError(
            f"diagnosis is a {type(diagnosis).__name__}: pass what lstmwidgets.diagnose returned, or None"
        ) from None
    found = [each["tone"] for each in findings]
    gravest = next((tone for tone in ("error", "warning", "quiet", "good") if tone in found), "quiet")
    return {"verdict": verdict, "tone": str(getattr(diagnosis, "tone", gravest)), "findings": findings}
