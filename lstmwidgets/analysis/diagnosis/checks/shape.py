"""Checks of the shape of forecasts: late copies, flat lines, and a level that is off."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from lstmwidgets.analysis.diagnosis.checks.advice import either, train_longer, untried
from lstmwidgets.analysis.diagnosis.checks.finding import (
    CHANCE,
    MATTERS,
    RARE,
    Finding,
    chance,
    compared,
    correlation,
    number,
    percent,
    steps,
)
from lstmwidgets.analysis.diagnosis.checks.scores import FEWEST_APART
from lstmwidgets.analysis.diagnosis.evidence import mean_test, shift_correlations, skill_test, spread
from lstmwidgets.analysis.diagnosis.trial import Trial
from lstmwidgets.analysis.scoring.baselines import REPEAT_LAST

COPY_CORRELATION = 0.5
"""A forecast whose changes agree less than this with those of the late series does something else
than copy."""

COPY_SKILL = 0.05
"""Skill against repeating the last value up to which a late forecast counts as its copy."""

FLAT = 0.2
"""A forecast that moves less than this share of what came (standard deviations) is called flat: it holds at
most 4 % of the variance."""

BIAS_SHARE = 0.1
"""A mean error below this share of the mean absolute error hardly adds to it."""


def check_copy(trial: Trial) -> Iterator[Finding]:
    """Forecasts that follow the series late, and are no better than its last value."""
    if REPEAT_LAST not in trial.others or not trial.counted.any() or trial.mae(REPEAT_LAST) == 0.0:
        return
    test = trial.skill(REPEAT_LAST)
    if test.mean > (MATTERS if test.p < CHANCE else COPY_SKILL):
        return
    looked, late = _late_steps(trial)
    if 2 * len(late) <= len(looked):
        return
    step, shifted, straight = late[len(late) // 2]
    better = [name for name in trial.others if name != REPEAT_LAST and _beats_repeat_last(trial, name)]
    if better:
        less = 1 - trial.mae(better[0]) / trial.mae(REPEAT_LAST)
        more = f"More can be known: {better[0]} errs {percent(less)} less than the last value."
    else:
        more = "No baseline does better than the last value here: the series' own past may tell no more."
    longer = train_longer(trial, "centering", "season", "calendar", "highway", "covariates")
    told = f"correlation {correlation(shifted)}", correlation(straight)
    yield Finding(
        "copies the last value",
        "error" if better else "warning",
        "copies the last value",
        f"The forecast {steps(step)} ahead follows what came {steps(step)} late: its changes agree best "
        f"with those of the series at a shift of {step} ({told[0]}, against {told[1]} without a shift), "
        f"and it errs {compared(test.mean)} repeating the last value. {more}",
        {
            "shift": step,
            "correlation at shift": shifted,
            "correlation without shift": straight,
            "skill against repeat last": test.mean,
            "p": test.p,
            "steps looked at": looked,
            "steps late": [one for one, *_ in late],
            "better baselines": better,
        },
        f"{longer} If that changes nothing, say that the last value is the forecast."
        if longer
        else f"Use {better[0] if better else REPEAT_LAST}.",
    )


def _late_steps(trial: Trial) -> tuple[list[int], list[tuple[int, float, float]]]:
    """Steps ahead looked at, and those whose forecast is late by just as many: step, correlations."""
    truth, places = trial.truth()
    looked, late = [], []
    for step in sorted({1, *(max(1, round(trial.horizon * quarter / 4)) for quarter in range(1, 5))}):
        ahead = trial.forecasts[trial.model][:, step - 1]
        found = shift_correlations(ahead, places, truth, step, trial.stride, furthest=step + 2)
        if not np.isfinite(found[[0, step]]).all():
            continue
        looked.append(step)
        if np.nanargmax(found) == step and found[step] >= COPY_CORRELATION:
            late.append((step, float(found[step]), float(found[0])))
    return looked, late


def _beats_repeat_last(trial: Trial, name: str) -> bool:
    test = skill_test(trial.by_cutoff(name), trial.by_cutoff(REPEAT_LAST), trial.overlap)
    return test.mean > COPY_SKILL and test.p < RARE / len(trial.others)  # they are searched through


def check_flat(trial: Trial) -> Iterator[Finding]:
    """Forecasts that hardly move over the horizon, or hardly differ between cutoffs."""
    better = [name for name in trial.others if _moves_and_beats(trial, name)]
    if better:
        longer = train_longer(trial, "a higher learning_rate", "season", "calendar", "highway")
        advice = f"{longer} Or use {better[0]}." if longer else f"Use {better[0]}."
    else:
        advice = "No baseline that moves does better, so that this may be the best there is."
    spreads = {axis: _spreads(trial, trial.model, axis) for axis in (0, 1)}
    # Two steps make no line, and a few cutoffs may all lie at the same phase of a season.
    enough = {0: trial.apart >= FEWEST_APART, 1: trial.horizon > 2}
    flat = [axis for axis, (ours, theirs) in spreads.items() if enough[axis] and ours < FLAT * theirs]
    if not flat:
        return
    where = {0: "from one cutoff to another", 1: f"over {steps(trial.horizon)}"}
    moves = ", and ".join(
        f"by {number(spreads[axis][0], trial.unit)} {where[axis]} where what came moved by "
        f"{number(spreads[axis][1], trial.unit)}"
        for axis in reversed(flat)
    )
    yield Finding(
        "flat line" if 1 in flat else "always the same",
        "warning" if better else "quiet",
        "flat line" if 1 in flat else "the same forecast from every cutoff",
        f"The forecast moves {moves} (standard deviations)"
        + (f"; {better[0]} moves too, and errs less." if better else "."),
        {
            "over the horizon": _evidence(spreads[1]),
            "between cutoffs": _evidence(spreads[0]),
            "better baselines": better,
        },
        advice,
    )


def _evidence(spreads: tuple[float, float]) -> dict[str, float]:
    ours, theirs = spreads
    ratio = (ours / theirs) ** 2 if theirs > 0 else math.nan
    return {"forecast": ours, "came": theirs, "variance ratio": ratio}


def _spreads(trial: Trial, name: str, axis: int) -> tuple[float, float]:
    """How much a model's forecasts and what came move along an axis, where both are known."""
    forecast, came = (np.where(trial.counted, each, np.nan) for each in (trial.forecasts[name], trial.y))
    ours, theirs = spread(forecast, axis), spread(came, axis)
    return 0.0 if ours < 1e-9 * theirs else ours, theirs  # adding up equal numbers leaves rounding


def _moves_and_beats(trial: Trial, name: str) -> bool:
    ours, theirs = _spreads(trial, name, axis=1 if trial.horizon > 2 else 0)
    test = trial.skill(name)
    return ours >= FLAT * theirs and test.mean < -MATTERS and test.p < CHANCE


def check_bias(trial: Trial) -> Iterator[Finding]:
    """Forecasts too high or too low on average."""
    if not trial.counted.any():
        return
    errors = np.where(trial.counted, trial.forecasts[trial.model] - trial.y, np.nan)
    counted = trial.counted.sum(axis=1)
    each = np.where(counted > 0, np.nansum(errors, axis=1) / np.maximum(counted, 1), np.nan)
    test = mean_test(each, trial.overlap)
    mean, error = float(np.nanmean(errors)), trial.mae(trial.model)
    if not (test.p < RARE and abs(mean) >= BIAS_SHARE * error) or math.isnan(mean):
        return
    off = f"too {'high' if mean > 0 else 'low'} by {number(abs(mean), trial.unit)} on average"
    if trial.season > 1 and trial.stride % trial.season == 0:
        advice = (
            f"All cutoffs stand at one phase of the season: backtest with step={trial.season + 1} as well."
        )
    else:
        options = [f"train with {one}" for one in untried(trial, "centering")]
        if trial.is_network and not trial.refit:
            options = ["train on newer data", *options, "backtest with refit=True"]
        advice = (
            f"The level may have moved since training: {either(options)}."
            if options
            else "Take the mean of the errors known at each cutoff off the next forecast."
        )
    yield Finding(
        "bias",
        "warning",
        off,
        f"Forecasts are {off}, {percent(abs(mean) / error)} of their mean absolute error ({chance(test.p)}).",
        {"bias": mean, "mae": error, "p": test.p},
        advice,
    )
