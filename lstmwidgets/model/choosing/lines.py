"""What a line on the windows says at next to no cost: how far to read, and whether the calendar helps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import calendar_of
from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.choosing.decisions import Decision
from lstmwidgets.model.choosing.errors import mean_errors
from lstmwidgets.model.choosing.lengths import lengths_of, seasons_evidence, seasons_of
from lstmwidgets.model.choosing.repeats import block_errors
from lstmwidgets.model.choosing.rule import one_standard_error
from lstmwidgets.model.ridge import ridge_of

Cut = Callable[[LSTMConfig], Windows]
"""Cuts one series' windows for a config."""

WIDEST = 1024
"""Numbers of a window up to which a ridge regression takes a fraction of a second."""

NEAR = 1.01
"""Times the least error of a line up to which a shorter length is as good: it costs less."""

KEPT = 0.5
"""Share of the most cutoffs that a length must leave to be a candidate: longer ones touch more gaps."""

YEARS = 2.0
"""How often the training part must have seen the longest cycle of the calendar: what was seen once may be
a trend."""


def line_errors(windows: Windows, index: pd.DatetimeIndex) -> pd.Series | None:
    """Validation errors by cutoff of the ridge regression on some windows; None where none can be fitted."""
    line = ridge_of(windows)
    if not line.windows_fitted_:
        return None
    starts = windows.validation
    errors = mean_errors(line.forecast(windows, starts), windows, starts)
    return pd.Series(errors, index[windows.origins(starts)])


def choose_length(series: pd.Series, config: LSTMConfig, cut: Cut) -> Decision:
    """The shortest of the lengths that seasons speak for on which a line errs within 1 % of the least.

    Raises
    ------
    LSTMWidgetsError
        When no length leaves every part a window.
    """
    index = pd.DatetimeIndex(series.index)
    shortest = cut(config.replace(sequence_length=1))
    seasons = seasons_of(series, shortest)
    lengths, why = lengths_of(seasons, config, shortest.split.train_end)
    found: dict[int, pd.Series] = {}
    for length in lengths:
        if found and length * shortest.values.shape[1] > WIDEST:
            break
        try:
            windows = cut(config.replace(sequence_length=length))
        except LSTMWidgetsError:
            if length == lengths[0]:
                raise
            break  # gaps leave none so long
        errors = line_errors(windows, index)
        if errors is None or (found and len(errors) < KEPT * max(map(len, found.values()))):
            break
        if found and not np.isfinite(windows.values[-length:]).all():
            break  # a gap in it: from the series' end, a network that reads so far could not forecast
        found[length] = errors
    evidence: dict[str, Any] = {"seasons": seasons_evidence(seasons)}
    if not found:
        return Decision(
            "sequence_length", lengths[0], f"{why}, and no line can be fitted to compare", evidence
        )
    # On the cutoffs that all of them have.
    means = pd.concat(found.values(), axis=1, join="inner", keys=found).mean()
    best = list(found)[int(means.to_numpy().argmin())]
    chosen = min(length for length in found if means[length] <= NEAR * means[best])
    evidence |= {"lengths": list(found), "line_errors": _short(means)}
    if len(found) == 1:
        reason = f"{why}, and no other length fits"
    elif chosen == best:
        reason = f"{why}; of {_listed(found)} a line on so many steps errs least on the validation part"
    else:
        reason = (
            f"{why}; of {_listed(found)} this is the shortest on which a line errs within 1 % of the least, "
            f"that on {best}, on the validation part"
        )
    return Decision("sequence_length", chosen, reason, evidence)


def choose_calendar(series: pd.Series, config: LSTMConfig, cut: Cut) -> Decision:
    """The calendar, where a line that reads it errs clearly less and the training part saw all its cycles."""
    index = pd.DatetimeIndex(series.index)
    without = cut(config.replace(calendar="none"))
    try:
        names = calendar_of(config.replace(calendar="cycles"), index)
    except LSTMWidgetsError:
        reason = "no day, week or year is longer than two steps"
        return Decision("calendar", "none", reason, {"freq": str(index.freqstr)})
    years = (index[without.split.train_end - 1] - index[0]) / pd.Timedelta(days=365.2425)
    evidence: dict[str, Any] = {"years": float(f"{years:.3g}")}
    if years < YEARS:
        reason = (
            f"the training part spans {years:.1f} years, and the course of one must be seen {YEARS:g} times"
        )
        return Decision("calendar", "none", reason, evidence)
    # A line on fewer steps answers the same question where one on all of them would be too wide.
    width = without.values.shape[1] + len(names)
    length = max(1, min(config.sequence_length, WIDEST // width))
    both = []
    for calendar in ("none", "cycles"):
        asked = config.replace(calendar=calendar, sequence_length=length)
        if (errors := line_errors(cut(asked), index)) is not None:
            both.append(errors)
    if len(both) < 2:
        return Decision("calendar", "none", "no line can be fitted to compare", evidence)
    choice = one_standard_error([0, 1], block_errors(both, config.horizon))  # none is the smaller
    evidence |= {
        "line_errors": dict(zip(("none", "cycles"), _short(choice.means), strict=True)),
        "steps": length,
    }
    value = ("none", "cycles")[choice.chosen]
    reasons = {
        (0, 0): "a line that reads the calendar too errs no less on the validation part",
        (1, 0): "a line that reads the calendar too errs less by no more than a standard error",
        (1, 1): "a line that reads the calendar too errs clearly less on the validation part",
    }
    return Decision("calendar", value, reasons[choice.best, choice.chosen], evidence)


def _short(numbers: Any) -> list[float | None]:
    """Four digits of each, for the trail; None for what is no number."""
    return [float(f"{number:.4g}") if np.isfinite(number) else None for number in np.asarray(numbers)]


def _listed(found: Any) -> str:
    return ", ".join(map(str, found))
