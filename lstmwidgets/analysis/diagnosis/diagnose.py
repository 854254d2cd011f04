"""Say in words what is wrong with a forecast, on what evidence, and what to try."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.diagnosis.checks import drift, errors, leaks, scores, shape
from lstmwidgets.analysis.diagnosis.checks.finding import TONES, Finding
from lstmwidgets.analysis.diagnosis.trial import (
    NAIVE,
    Trial,
    checked_season,
    trial_of_forecaster,
    trial_of_frame,
)
from lstmwidgets.analysis.scoring.baselines import Baseline, fitted_baselines
from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.analysis.scoring.single import check_single
from lstmwidgets.data.series import season_length
from lstmwidgets.errors import LSTMWidgetsError

MOST_WINDOWS = 2000
"""Windows of the test part looked at: more would sharpen what is already plain, and cost seconds."""

MOST_TRAIN_WINDOWS = 1000
"""Windows of the training part, for one comparison."""

_ORDER = (
    "split leaks",
    "no forecast",
    "too good",
    "constant",
    "in-sample only",
    "skill",
    "few forecasts",
    "copies the last value",
    "flat line",
    "always the same",
    "refit due",
    "worse than a baseline",
    "linear rival",
    "bias",
    "residuals",
    "coverage",
)
"""Within one tone, what comes first: what makes the others moot."""


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found, gravest first.

    Attributes
    ----------
    findings : tuple of Finding
        Errors, warnings, then what is good to know, and what is good.
    model : str
    cutoffs, horizon : int
        What it rests on.
    notes : tuple of str
        A sentence for each thing left out.

    Examples
    --------
    ``"bias" in diagnosis`` asks for a finding by its name, and ``diagnosis["bias"]`` gives it.
    """

    findings: tuple[Finding, ...]
    model: str
    cutoffs: int
    horizon: int
    notes: tuple[str, ...] = ()

    def __contains__(self, name: object) -> bool:
        return any(one.name == name for one in self.findings)

    def __getitem__(self, name: str) -> Finding:
        """The finding of a name, the gravest where there are several."""
        for one in self.findings:
            if one.name == name:
                return one
        known = ", ".join(dict.fromkeys(repr(one.name) for one in self.findings)) or "none"
        raise LSTMWidgetsError(f"there is no finding {name!r} here: the findings are {known}")

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The errors and warnings."""
        return tuple(one for one in self.findings if one.tone in ("error", "warning"))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Headlines of the errors that take the meaning from a score."""
        return tuple(one.headline for one in self.findings if one.name in _DOUBTFUL and one.tone == "error")

    @property
    def tone(self) -> str:
        """That of the verdict: of the gravest problem, else of the skill."""
        found = [one.tone for one in self.problems] or [
            one.tone for one in self.findings if one.name == "skill"
        ]
        return found[0] if found else "quiet"

    @property
    def verdict(self) -> str:
        """The whole in one sentence, for the top of a report."""
        doubts = self.doubts
        skill = [one.headline for one in self.findings if one.name == "skill"]
        other = [one.headline for one in self.problems if one.name != "skill" and one.headline not in doubts]
        held = [one.headline for one in self.findings if one.name == "coverage" and one.tone == "good"]
        # What was earned is told with whom it is shared.
        earned = bool(skill) and skill[0].startswith("beats")
        linear = [
            one.headline
            for one in self.findings
            if one.name == "linear rival"
            and one.tone == "quiet"
            and (earned or one.headline == scores.THE_LINE)
        ]
        shown = [*skill, *linear, *other[:3]]
        hidden = len(other) - 3
        said = "; ".join([*shown, *([f"and {hidden} more"] if hidden > 0 else []), *held[:1]])
        if not said:
            why = ["no score", *doubts] if doubts else ["no baseline to compare with"]
            return f"{self.model}: {'; '.join(why)}."
        start = f"Do not trust the score ({'; '.join(doubts)}): " if doubts else ""
        said = _joined(said)
        rule = (", a naive rule" + "," * said.startswith(" ")) if self.model in NAIVE else ""
        return f"{start}{self.model}{rule}{said}."

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON; NaN and infinities become None."""
        return {
            "verdict": self.verdict,
            "tone": self.tone,
            "model": self.model,
            "cutoffs": self.cutoffs,
            "horizon": self.horizon,
            "findings": [_plain(vars(one)) for one in self.findings],
            "notes": list(self.notes),
        }

    def frame(self) -> pd.DataFrame:
        """A row for each finding: ``name``, ``tone``, ``headline``, ``sentence`` and ``advice``."""
        columns = ["name", "tone", "headline", "sentence", "advice"]
        return pd.DataFrame(
            [[getattr(one, name) for name in columns] for one in self.findings], columns=columns
        )

    def __str__(self) -> str:
        lines = [self.verdict]
        for one in self.findings:
            lines += [f"- {one.sentence}" + (f" Try: {one.advice}" if one.advice else "")]
        return "\n".join([*lines, *self.notes])

    def _repr_markdown_(self) -> str:
        lines = [f"**{_marked(self.verdict)}**", ""]
        for one in self.findings:
            advice = f" *Try:* {_marked(one.advice)}" if one.advice else ""
            lines.append(f"- {_SIGNS[one.tone]}{_marked(one.sentence)}{advice}")
        lines += ["", *(f"{_marked(note)}  " for note in self.notes)]
        return "\n".join(lines).rstrip()


def _joined(said: str) -> str:
    if said.startswith(("beats", "copies")):
        return f" {said}"
    return f" is {said}" if said.startswith(("no better", "not clearly", "as good", "worse")) else f": {said}"


_DOUBTFUL = ("split leaks", "no forecast", "too good", "constant")
"""Findings that take the meaning from a score."""

_SIGNS = {"error": "**Error.** ", "warning": "**Warning.** ", "quiet": "", "good": "**Good.** "}


def diagnose(
    source: Any,
    *,
    train: pd.DataFrame | None = None,
    frame: pd.DataFrame | None = None,
    model: str | None = None,
    baselines: Sequence[Baseline] | None = None,
    season: int | None = None,
) -> Diagnosis:
    """Say what is wrong with a forecast, on what evidence, and what to try.

    Looked for: a split that leaks, missing or too good forecasts, skill in sample only, skill that
    chance explains, copies of the last value, flat lines, steps from which a baseline is better, a
    linear model that does as well, bias, errors that have grown since some cutoff, order left in the
    one-step errors, and intervals that break their promise. Comparisons are paired over the cutoffs, with
    a test that allows for overlapping horizons: see `lstmwidgets.analysis.diagnosis.evidence.mean_test`. A
    weakness is told only when it is both unlikely to be chance and large enough to matter.

    Parameters
    ----------
    source : LSTMForecaster or pandas.DataFrame
        Fitted, it is tested here on up to 2,000 windows of its test part and up to 1,000 of its
        training part. Or what `lstmwidgets.backtest` gives, with intervals or without.
    train : pandas.DataFrame, optional
        With a frame as source: a backtest of the training part, ``backtest(…, part="train")``, for the
        check of skill in sample only.
    frame : pandas.DataFrame, optional
        With a forecaster as source: a backtest of it, with intervals for the check of coverage. Where it
        has the naive rules too, it is the test looked at, and none is made here.
    model : str, optional
        The column looked at, by default the network's; any model of the frame.
    baselines : sequence of Baseline, optional
        For a forecaster; fitted here. By default
        `lstmwidgets.analysis.scoring.baselines.default_baselines`.
    season : int, optional
        Points in one cycle, 1 for none; by default what the series or the frame declares.

    Returns
    -------
    Diagnosis

    Raises
    ------
    LSTMWidgetsError
        When ``source`` is neither, not fitted, without its series, of many series, or without the model.

    Examples
    --------
    >>> times = pd.date_range("2020-01-01", periods=41, freq="D")
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": times[1:], "cutoff": times[:-1]})
    >>> frame["y"] = np.arange(40) % 7.0
    >>> frame["LSTM"], frame["repeat last"] = frame["y"] + 1, (frame["y"] - 1) % 7
    >>> diagnose(frame).verdict
    'LSTM beats repeat last by 43 %; too high by 1.00 on average.'
    """
    if season is not None:
        season = checked_season(season)
    if model is None:
        config = getattr(source, "config", None)  # what is neither frame nor forecaster is refused below
        models = source.columns if isinstance(source, pd.DataFrame) else [getattr(config, "network", "")]
        model = network_in(models)
    if isinstance(source, pd.DataFrame):
        trial = trial_of_frame(source, model, season)
        learnt = None if train is None else trial_of_frame(train, model, season)
        in_a_row, found = trial, list(leaks.check_frame(source))
    else:
        trial, in_a_row, learnt = _tried(source, model, baselines, season, frame)
        found = list(leaks.check_windows(source))
    found += _checked(trial, learnt)
    if not any(one.name == leaks.NAME and one.tone == "error" for one in found):
        found += drift.check_drift(trial)  # errors in-sample are small, and grow where it ends
    found += errors.check_residuals(in_a_row)
    found += errors.check_coverage(trial if frame is None else trial_of_frame(frame, model, season))
    found.sort(key=lambda one: (TONES.index(one.tone), _ORDER.index(one.name)))
    notes = tuple(dict.fromkeys((*trial.notes, *in_a_row.notes)))
    return Diagnosis(tuple(found), model, trial.cutoffs, trial.horizon, notes)


def _tried(
    forecaster: Any,
    model: str,
    baselines: Sequence[Baseline] | None,
    season: int | None,
    frame: pd.DataFrame | None,
) -> tuple[Trial, Trial, Trial]:
    """A forecaster's trials on its test part, on windows in a row there, and on its training part."""
    check_single(forecaster)
    windows = getattr(forecaster, "windows_", None)
    if windows is None:
        if hasattr(forecaster, "forecast_windows"):
            raise LSTMWidgetsError(
                "this forecaster holds no series to be tested on: call fit(series) first; after load, "
                "pass the frame of backtest(forecaster, series)"
            )
        raise LSTMWidgetsError(
            f"diagnose cannot look at a {type(forecaster).__name__}: it takes a fitted LSTMForecaster, or "
            "the frame of a backtest"
        )
    season = season_length(forecaster.series_) if season is None else season
    shown = None if frame is None or baselines is not None else trial_of_frame(frame, model, season)
    if baselines is None:
        baselines = fitted_baselines(windows, season)
    else:
        baselines = [baseline.fit(windows) for baseline in baselines]
    if shown is not None and shown.reference is not None:
        trial = shown  # what is said, and what is shown beside it, then rest on the same forecasts
    else:
        trial = trial_of_forecaster(forecaster, "test", model, baselines, season, MOST_WINDOWS)
    in_a_row = trial
    if trial.cutoffs < len(windows.test):
        in_a_row = trial_of_forecaster(forecaster, "test", model, [], season, MOST_WINDOWS, newest=True)
    learnt = trial_of_forecaster(forecaster, "train", model, baselines, season, MOST_TRAIN_WINDOWS)
    return trial, in_a_row, learnt


def _checked(trial: Trial, train: Trial | None) -> Iterator[Finding]:
    yield from scores.check_forecasts(trial)
    yield from scores.check_amount(trial)
    yield from scores.check_skill(trial)
    if not trial.is_rule:  # it has learned nothing
        yield from scores.check_in_sample(trial, train)
    yield from scores.check_steps(trial)
    yield from scores.check_linear(trial)
    copies = list(shape.check_copy(trial))
    yield from copies
    if not copies and not trial.is_rule:  # a copy of the last value is flat by nature, and so are rules
        yield from shape.check_flat(trial)
    yield from shape.check_bias(trial)


def _plain(value: Any) -> Any:
    """A value as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _marked(text: str) -> str:
    """Text that Markdown and HTML show as it is."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", html.escape(text, quote=False))
