"""Numbers and moments of a backtest in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from lstmwidgets.widgets.forecast.study import Study

MINUS = "\N{MINUS SIGN}"


def amount(value: float, unit: str = "") -> str:
    """Three digits that count, with the unit; the browser writes numbers the same way.

    Examples
    --------
    >>> amount(0.30761, "ppm"), amount(-12345.6), amount(float("nan"))
    ('0.308 ppm', '−12300', 'unknown')
    """
    if not np.isfinite(value):
        return "unknown"
    number = float(f"{value:.3g}")
    text = f"{number:.0f}" if 100 <= abs(number) < 1e6 else f"{value:#.3g}".rstrip(".")
    if number == 0:
        text = "0"
    return text.replace("-", MINUS) + (f" {unit}" if unit else "")


def share(value: float) -> str:
    """A share as per cent.

    Examples
    --------
    >>> share(0.784)
    '78.4 %'
    """
    return "unknown" if not np.isfinite(value) else f"{100 * value:.1f} %"


def steps(count: int) -> str:
    """So many steps."""
    return f"{count} step" if count == 1 else f"{count} steps"


def moment(time: pd.Timestamp, clock: bool) -> str:
    """A time as short as may be.

    Examples
    --------
    >>> moment(pd.Timestamp("2001-12-31 06:00"), clock=True)
    '31 Dec 2001 06:00'
    """
    return f"{time.day} {time:%b %Y}" + (f" {time:%H:%M}" if clock else "")


def has_clock(times: pd.DatetimeIndex) -> bool:
    """Whether days are cut finer."""
    return bool((times != times.normalize()).any())


def beside(error: float, other: float, name: str) -> str:
    """How an error compares with another: a clause to end a sentence with.

    Examples
    --------
    >>> beside(0.8, 1.0, "repeat last")
    '20 % less than repeat last'
    >>> beside(5.0, 1.0, "repeat last")
    '5.00 times as much as repeat last'
    """
    if not np.isfinite(error) or not np.isfinite(other):
        return ""
    if other == 0:
        return f"as little as {name}" if error == 0 else f"and {name} by nothing at all"
    change = error / other - 1
    if abs(change) < 0.005:
        return f"as much as {name}"
    if change >= 1:
        return f"{amount(error / other)} times as much as {name}"
    return f"{abs(change):.0%} {'less' if change < 0 else 'more'} than {name}".replace("%", " %")


def summary(found: Study, cutoff: int, title: str, unit: str, verdict: tuple[str, str] | None) -> str:
    """One cutoff in words, and what all of them come to."""
    walk, scores = found.walk, found.scores
    parts = [f"{title}: a backtest from {len(walk.at)} cutoffs, {steps(walk.horizon)} ahead."]
    if verdict is not None:
        parts.append(verdict[0])
    parts.append(at_cutoff(found, cutoff, unit))
    errors = [f"{name} {amount(row['MAE'])}" for name, row in scores.iterrows()]
    parts.append(f"Mean absolute error from all cutoffs{f', {unit}' if unit else ''}: {', '.join(errors)}.")
    if found.coverage:
        parts.append(f"{intervals(found, None, unit)}.")
    if found.echo is not None:
        parts.append(
            f"{found.echo.outside} of {len(found.echo.lags)} autocorrelations of the one-step residuals lie "
            "outside the band where noise would stay."
        )
    return " ".join(parts)


def rival(found: Study) -> str | None:
    """Whom the model is compared with from every cutoff: the baseline that is better over all of them."""
    scores = found.scores["MAE"].reindex(list(found.bars)).dropna()
    return None if scores.empty else str(scores.idxmin())


def error_from(found: Study, model: str, cutoff: int, step: int | None) -> float:
    """A model's mean absolute error from one cutoff, or its absolute error so many steps ahead."""
    if step is None:
        return float(found.errors[model][cutoff])
    return float(abs(found.walk.y[cutoff, step - 1] - found.walk.forecasts[model][cutoff, step - 1]))


def error_named(step: int | None, unit: str) -> str:
    """What the numbers beside the models' names are.

    Examples
    --------
    >>> error_named(None, "ppm"), error_named(3, "")
    ('mean absolute error from this cutoff, ppm', 'absolute error 3 steps ahead')
    """
    named = "mean absolute error from this cutoff" if step is None else f"absolute error {steps(step)} ahead"
    return f"{named}, {unit}" if unit else named


def at_cutoff(found: Study, cutoff: int, unit: str, step: int | None = None) -> str:
    """What was forecast from one cutoff, and how wrong it was: of all steps, or of one."""
    walk, model = found.walk, found.walk.model
    when, known = moment(walk.cutoffs[cutoff], has_clock(walk.times)), int(found.known[cutoff])
    if not known:
        return f"From {when}: nothing that came is known."
    error, other = error_from(found, model, cutoff, step), rival(found)
    over = f"on average over {steps(walk.horizon)}" if step is None else f"at step {step}"
    if walk.horizon == 1:
        over = "one step ahead"
    if not np.isfinite(error):
        return f"From {when}, {model}'s error {over} is unknown."
    clause = "" if other is None else beside(error, error_from(found, other, cutoff, step), other)
    said = f"From {when}, {model} errs by {amount(error, unit)} {over}{f', {clause}' if clause else ''}."
    held = [f"its {level} % interval held {int(counts[cutoff])}" for level, counts in found.held.items()]
    if held:
        said += f" Of {known} value{'' if known == 1 else 's'} that came, {', '.join(held)}."
    return said


def intervals(found: Study, step: int | None, unit: str) -> str:
    """How often the intervals held what came, beside what they promise."""
    parts = []
    for level, rows in found.coverage.items():
        held, wide = rows[step or 0].tolist()
        parts.append(f"{level} % promised, {share(held)} held, {amount(wide, unit)} wide")
    where = "" if step is None else f", {steps(step)} ahead"
    return f"Intervals{where}: {' · '.join(parts)}"
