"""Checks of what is left: order in the errors, and intervals that break their promise."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.analysis.diagnosis.checks.advice import train_longer
from lstmwidgets.analysis.diagnosis.checks.finding import (
    CHANCE,
    RARE,
    Finding,
    chance,
    correlation,
    percent,
    steps,
)
from lstmwidgets.analysis.diagnosis.evidence import autocorrelation, mean_test
from lstmwidgets.analysis.diagnosis.trial import Trial

NOTICEABLE = 0.1
"""Autocorrelation below which leftover order is not worth a word: using it would take away 1 % of
the variance."""

STRONG = 0.3
"""Autocorrelation from which leftover order is a weakness: about a tenth of the variance could
be forecast."""

FEWEST_ERRORS = 30
"""With fewer one-step errors, noise alone reaches autocorrelations of 0.5."""

LONGEST_LAG = 400
"""Lags looked at, so that a long series takes no longer than a blink."""

COVERAGE_POINTS = 3.0
"""Points of coverage either side of the promise that are fine."""


def check_residuals(trial: Trial) -> Iterator[Finding]:
    """Order left in the one-step errors: a cycle of the season, or the strongest other lag."""
    line, stride = _one_step_errors(trial), trial.stride
    known = line[np.isfinite(line)]
    if len(known) < FEWEST_ERRORS or np.ptp(known) == 0:
        return
    # All lags are in cutoffs. The season shows only where cutoffs fall on its multiples, and three times.
    season = trial.season // stride if trial.season % stride == 0 and trial.season > 1 else 0
    if season > LONGEST_LAG or 3 * season > len(known):
        season = 0
    lags = max(season, min(len(known) // 4, max(2 * season, 40), LONGEST_LAG))
    found = autocorrelation(line, lags)
    if season and (cycle := _cycle(trial, season, found.values, found.errors)):
        band, held = cycle
        p = float(found.ljung_box_p[season - 1])
        yield Finding(
            "residuals",
            "warning",
            f"residuals still hold a {trial.season}-step cycle",
            f"One-step errors still hold a {trial.season}-step cycle: autocorrelation {held:.2f} at lag "
            f"{trial.season}, where noise stays within ±{band:.2f} (Ljung–Box {chance(p)}).",
            {"lag": trial.season, "autocorrelation": held, "band": band, "p": p, "errors": len(known)},
            train_longer(trial, "season", "calendar", "highway"),
        )
        return  # its neighbours and multiples are no news
    bands = found.errors * _quantile(RARE / lags)
    lag = int(np.argmax(np.abs(found.values) - bands)) + 1
    held, band, p = (float(one[lag - 1]) for one in (found.values, bands, found.ljung_box_p))
    if abs(held) <= band or abs(held) < NOTICEABLE:
        return
    away = steps(lag * stride)
    told = "The last errors tell something of the next one."
    yield Finding(
        "residuals",
        "warning" if abs(held) >= STRONG else "quiet",
        f"residuals are {'alike' if held > 0 else 'opposed'} {away} apart",
        f"One-step errors are not independent: autocorrelation {correlation(held)} at a lag of {away}, "
        f"where noise stays within ±{band:.2f} (Ljung–Box {chance(p)}).",
        {"lag": lag * stride, "autocorrelation": held, "band": band, "p": p, "errors": len(known)},
        " ".join(filter(None, [told, train_longer(trial, "highway", "more units")])),
    )


def _one_step_errors(trial: Trial) -> NDArray[np.float64]:
    """What came less what was forecast one step ahead, a value a cutoff; NaN where not known."""
    errors = trial.y[:, 0] - trial.forecasts[trial.model][:, 0]
    places, off = np.divmod(trial.positions - trial.positions[0], trial.stride)
    line = np.full(int(places[-1]) + 1, np.nan)
    usable = np.isfinite(errors) & (off == 0)
    line[places[usable]] = errors[usable]
    return line


def _cycle(
    trial: Trial, season: int, values: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Noise band and autocorrelation at the season, where there is a cycle."""
    held, band = float(values[season - 1]), float(errors[season - 1]) * _quantile(RARE)
    # A slow swing is alike at every lag; a cycle is more alike after a whole turn than after half of one.
    half = float(values[season // 2 - 1]) if season > 1 else -1.0
    return (band, held) if held >= NOTICEABLE and held > band and held > half else None


def _quantile(p: float) -> float:
    from scipy.stats import norm  # type: ignore[import-untyped]

    return float(norm.isf(p / 2))


def check_coverage(trial: Trial) -> Iterator[Finding]:
    """Intervals that hold more or less of what comes than they promise."""
    for level, (low, high) in sorted(trial.intervals.items(), reverse=True):
        known = np.isfinite(trial.y) & np.isfinite(low) & np.isfinite(high)
        if not known.any():
            continue
        held = known & (low <= trial.y) & (trial.y <= high)
        share = float(held.sum() / known.sum())
        each = held.sum(axis=1) / np.maximum(known.sum(axis=1), 1) - level / 100
        test = mean_test(np.where(known.any(axis=1), each, np.nan), trial.overlap)
        by_step = np.where(known.any(axis=0), held.sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.inf)
        lowest = int(np.argmin(by_step))
        numbers = {
            "level": level,
            "coverage": share,
            "p": test.p,
            "width": float((high - low)[known].mean()),
            "lowest step": lowest + 1,
            "lowest coverage": float(by_step[lowest]),
        }
        covers = f"{level} % intervals cover {percent(share)}"
        off = 100 * share - level
        if abs(off) <= COVERAGE_POINTS:
            if trial.held_out:
                yield Finding("coverage", "good", covers, f"The {covers} of what came.", numbers)
            continue
        sure = math.isfinite(test.p) and test.p < CHANCE
        doubt = chance(test.p) if math.isfinite(test.p) else "too few cutoffs to test"
        if trial.horizon > 1 and off < 0:
            doubt += f"; lowest {lowest + 1} steps ahead, with {percent(float(by_step[lowest]))}"
        said = "they are too narrow" if off < 0 else "they are wider than they need to be"
        yield Finding(
            "coverage",
            "warning" if sure and off < 0 else "quiet",
            f"coverage {percent(share)} where {level} % was promised",
            f"The {covers} of what came ({doubt}): {said if sure else 'so few cutoffs may miss by chance'}.",
            numbers,
            "Use adaptive_conformal, which follows errors that grow or shrink, and calibrate on what "
            "comes just before the test part.",
        )
