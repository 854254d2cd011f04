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


def beside(error: float, others: dict[str, float]) -> str:
    """How an error compares with the best of others: a clause to end a sentence with.

    Examples
    --------
    >>> beside(0.8, {"repeat last": 1.0, "drift": 2.0})
    '20 % less than repeat last'
    >>> beside(5.0, {"repeat last": 1.0, "drift": 2.0})
    '5.00 times as much as repeat last'
    """
    known = {name: value for name, value in others.items() if np.isfinite(value)}
    if not known or not np.isfinite(error):
        return ""
    name = min(known, key=lambda each: known[each])
    if known[name] == 0:
        return f"as little as {name}" if error == 0 else f"and {name} by nothing at all"
    change = error / known[name] - 1
    if abs(change) < 0.005:
        return f"as much as {name}"
    if change >= 1:
        return f"{amount(error / known[name])} times as much as {name}"
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


def at_cutoff(found: Study, cutoff: int, unit: str) -> str:
    """What was forecast from one cutoff, and how wrong it was."""
    walk, model = found.walk, found.walk.model
    when, known = moment(walk.cutoffs[cutoff], has_clock(walk.times)), int(found.known[cutoff])
    if not known:
        return f"From {when}: nothing that came is known."
    error = float(found.errors[model][cutoff])
    over = "one step ahead" if walk.horizon == 1 else f"on average over {steps(walk.horizon)}"
    clause = beside(error, found.others(cutoff))
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
