"""Whether a forecaster's errors have grown beyond what the difficulty of the moment explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.diagnosis.growth import LEAST_P, growth_test
from lstmwidgets.analysis.diagnosis.trial import Trial, trial_of_frame
from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.data.auditing.words import when
from lstmwidgets.errors import LSTMWidgetsError

FEWEST_APART = 20
"""Of fewer cutoffs that share no target nothing is said: with 12, a refit was said to be due in up to 8 % of
simulated backtests of a forecaster that never changes, with 20 in up to 6 %."""

GROWTH = 1.1
"""How many times as large as explained errors must be before a training is worth its time."""


@dataclass(frozen=True)
class RefitAdvice:
    """Whether a forecaster is to be fitted again, and why: see `refit_due`. It is true where one is due.

    Attributes
    ----------
    due : bool
    since : pandas.Timestamp or None
        The first cutoff after a change, whether or not a refit is due; None where none was found.
    growth : float
        The model's mean absolute error from ``since`` on over that before; NaN where there is none.
    reference_growth : float
        That of the naive rule whose errors stand for the difficulty of the moment.
    reference : str
        Its name; empty where nothing is scored.
    p : float, in [0.001, 1] or NaN
        How often chance would give a growth as clear, wherever; NaN where nothing can be told.
    cutoffs, apart : int
        How many are scored, and about how many of them share no target.
    reason : str
        All of this in a sentence.
    """

    due: bool
    since: pd.Timestamp | None
    growth: float
    reference_growth: float
    reference: str
    p: float
    cutoffs: int
    apart: int
    reason: str

    def __bool__(self) -> bool:
        return self.due

    def __str__(self) -> str:
        return self.reason


def refit_due(frame: pd.DataFrame, model: str | None = None, *, risk: float = 0.05) -> RefitAdvice:
    """Say whether, and since when, a forecaster errs more than the difficulty of the moment explains.

    Where the better naive rule errs more as well, the series has become harder, and a refit would not
    help. So what is looked at is, cutoff by cutoff, the model's error less the rule's, scaled to the
    same mean: a CUSUM of it rises where the model falls behind. See `growth_test`. A refit is due when
    such a growth is unlikely to be chance, when the model's own errors have grown, by `GROWTH` times
    more than the rule's, and when those of the newest third of what follows have not come back by half.

    Found in 2,000 simulated backtests each of a forecaster that never changes, with the default ``risk``,
    over 20 to 480 cutoffs and 1 to 24 steps: a refit was said to be due in 3 to 6 %, and in up to 9 % where
    the noise of the series grew fivefold near the end. Errors that grew to 2.5 times their size half-way
    were found in 43 % of 400 backtests of 20 cutoffs, in 89 % of 48, and in all of 300 with horizons that
    share no target. Asked anew after every new cutoff, it gives more false alarms.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `lstmwidgets.backtest` gives it without ``refit``. Cutoffs that forecast what the network
        was trained on are left out: errors there are smaller than any to come.
    model : str, optional
        The column looked at, by default the network's; a network, or the ridge regression.
    risk : float, from 0.001 to 0.2
        How often a forecaster that has not changed may be said to have.

    Raises
    ------
    LSTMWidgetsError
        When the frame is not a backtest of one series with forecasts of ``model`` and of a naive rule,
        was made with ``refit``, is in-sample altogether, or ``risk`` is out of bounds.

    Examples
    --------
    >>> times = pd.date_range("2020-01-01", periods=61, freq="D")
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": times[1:], "cutoff": times[:-1]})
    >>> frame["y"], frame["repeat last"] = [1.0, 3.0] * 30, [3.0, 1.0] * 30
    >>> frame["LSTM"] = frame["y"] + ([1.0, 1.2] * 20 + [2.0, 2.4] * 10)
    >>> told = refit_due(frame)
    >>> told.due, told.since, round(told.growth, 6), told.reference_growth
    (True, Timestamp('2020-02-10 00:00:00'), 2.0, 1.0)
    """
    if not isinstance(risk, (int, float)) or isinstance(risk, bool) or not 0.001 <= risk <= 0.2:
        raise LSTMWidgetsError(f"risk={risk!r} is not accepted: risk takes a number from 0.001 to 0.2")
    model = network_in(getattr(frame, "columns", ())) if model is None else model
    if model is None:
        model = network_in(getattr(frame, "columns", ()))
    known, left_out = _held_out(frame)
    trial = trial_of_frame(known, model)
    if trial.refit:
        raise LSTMWidgetsError(
            f"refit={frame.attrs['refit']!r} made this backtest: its network was fitted anew on the way, and "
            "whether one is due is asked of a network that was not. Pass backtest(…, refit=False)"
        )
    if trial.is_rule:
        raise LSTMWidgetsError(f"{model!r} is a rule that learns nothing: no refit would change it")
    if not trial.naive:
        raise LSTMWidgetsError(
            "this backtest has no naive rule, whose errors would tell how hard each moment was: backtest "
            "with the default baselines, or with RepeatLast() among them"
        )
    return advice(trial, risk, left_out)


def _held_out(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """A backtest without the cutoffs that forecast times trained on, and how many those were."""
    end = frame.attrs.get("train_end") if isinstance(frame, pd.DataFrame) else None
    if end is None or frame.attrs.get("refit") or not {"cutoff", "ds"} <= set(frame.columns):
        return frame, 0
    if not pd.api.types.is_datetime64_any_dtype(frame["ds"]):
        return frame, 0  # no backtest, which is told in words where it is read
    seen = (frame["ds"] <= pd.Timestamp(end)).groupby(frame["cutoff"]).transform("any")
    if not seen.any():
        return frame, 0
    if seen.all():
        raise LSTMWidgetsError(
            f"every cutoff of this backtest forecasts times up to {end}, on which the network was trained: "
            "errors there tell nothing of a refit. Backtest on part='test'"
        )
    known = frame[~seen]
    known.attrs = frame.attrs
    return known, int(frame.loc[seen, "cutoff"].nunique())


def advice(trial: Trial, risk: float, left_out: int = 0) -> RefitAdvice:
    """What `refit_due` says of a trial; ``left_out`` cutoffs are told of."""
    scored = np.asarray(trial.counted.any(axis=1), dtype=np.bool_)
    cutoffs = int(np.count_nonzero(scored))
    apart = -(-cutoffs // trial.overlap)
    reference = trial.reference or ""

    def told(reason: str, *, due: bool = False, p: float = math.nan, **found: Any) -> RefitAdvice:
        if left_out:
            reason += f" {left_out:,} cutoffs that forecast what it was trained on are left out."
        found = {"since": None, "growth": math.nan, "reference_growth": math.nan} | found
        return RefitAdvice(
            due=due, p=p, cutoffs=cutoffs, apart=apart, reference=reference, reason=reason, **found
        )

    few = _too_few(trial, cutoffs, apart)
    if few:
        return told(few)
    ours, theirs = (trial.by_cutoff(name)[scored] for name in (trial.model, reference))
    if not theirs.any():
        return told(f"No refit is due: {reference} makes no error here, so that no moment is hard.")
    test = growth_test(ours - ours.sum() / theirs.sum() * theirs)
    basis = f"p {'=' if test.p > LEAST_P else '≤'} {test.p:.2g}, over {cutoffs:,} cutoffs"
    if test.place is None or test.p > risk:
        calm = f"No refit is due: errors did not lastingly grow beyond those of {reference} ({basis})."
        return told(calm, p=test.p)
    since, place = trial.times[scored][test.place], test.place
    newest = cutoffs - max(1, (cutoffs - place) // 3)
    growth, explained, grew_lately, explained_lately = (
        _times(errors[start:].mean(), errors[:place].mean())
        for start in (place, newest)
        for errors in (ours, theirs)
    )
    beyond = _times(growth, explained)
    back = _times(grew_lately, explained_lately) < (1 + beyond) / 2
    due = growth > 1 and beyond >= GROWTH and not back
    there = f"errors there are {growth:.1f} times those before"
    beside = f"those of {reference} {explained:.1f} times ({basis})"
    if due:
        reason = f"A refit is due since {when(since)}: {there}, and {beside}."
    elif back:
        reason = f"No refit is due: errors grew from {when(since)} on, and have come back since ({basis})."
    elif growth <= 1:
        reason = f"No refit is due: from {when(since)} on the series is easier; {there}, and {beside}."
    else:
        reason = f"No refit is due: from {when(since)} on {there}, and {beside}, too little to matter."
    return told(reason, due=due, p=test.p, since=since, growth=growth, reference_growth=explained)


def _too_few(trial: Trial, cutoffs: int, apart: int) -> str:
    """Why nothing can be told from so few cutoffs; empty where something can."""
    least, span = "Too few cutoffs to tell whether a refit is due", np.ptp(trial.positions) + trial.stride
    if apart < FEWEST_APART:
        shared = f", as good as {apart} that share no target" * (apart < cutoffs)
        shorter = ", or with a shorter horizon" * (trial.horizon > 1)
        return (
            f"{least}: {cutoffs:,}{shared}, and it takes {FEWEST_APART}. Backtest over more of the "
            f"series{shorter}."
        )
    if span < 2 * trial.season:
        return (
            f"{least}: they span {span / trial.season:.1f} seasons of {trial.season:,} steps, and in less "
            "than 2 a season looks like a change. Backtest over more of the series."
        )
    return ""


def _times(late: float, early: float) -> float:
    """How many times as large; 1 for two of nothing."""
    if late == early:
        return 1.0
    return float(late / early) if early else math.inf
