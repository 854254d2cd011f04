"""Checks of the score: is there one, is it earned, and does it last."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstmwidgets.analysis.diagnosis.checks.advice import either, untried
from lstmwidgets.analysis.diagnosis.checks.finding import (
    CHANCE,
    MATTERS,
    RARE,
    Finding,
    Tone,
    chance,
    compared,
    number,
    percent,
    steps,
)
from lstmwidgets.analysis.diagnosis.evidence import FEWEST_VALUES, MeanTest, difference_p
from lstmwidgets.analysis.diagnosis.trial import Trial
from lstmwidgets.analysis.scoring.baselines import RIDGE
from lstmwidgets.config import LSTMConfig

THE_LINE = "the forecast is the linear model itself: no epoch of training improved it"
"""Headline of a network with ``highway="linear"`` whose forecasts are those of the regression it began as."""

SAME = 1e-4
"""Forecasts less than this share of the mean error apart are the same, but for the digits reckoned with."""

FEWEST_APART = 3
"""With fewer forecasts than this that share no target, nothing can be told from chance."""

TOO_GOOD = 0.999
"""Skill from which a forecast of real data has more likely seen the answers."""

IN_SAMPLE_GAP = 0.15
"""How far skill may fall from the training part to the test part before it is called learned by heart: some
fall is usual, because training fits its own noise too."""


def check_forecasts(trial: Trial) -> Iterator[Finding]:
    """Forecasts that are missing, perfect, or compared with nothing."""
    came = np.isfinite(trial.y)
    values = int(np.count_nonzero(came))
    missing = int(np.count_nonzero(came & ~np.isfinite(trial.forecasts[trial.model])))
    if missing and trial.counted.any():
        yield Finding(
            "no forecast",
            "warning",
            f"no forecast for {percent(missing / values)} of what came",
            f"{trial.model} has no finite forecast for {missing:,} of the {values:,} values that came: of "
            "these nothing can be said.",
            {"missing": missing, "values": values},
            "Look for missing values in what the windows read, and for a loss that became infinite.",
        )
    if not trial.counted.any():
        yield Finding(
            "no forecast",
            "error",
            "nothing to score",
            "No value came for which every model had a forecast, so that there is no score.",
            {"cutoffs": trial.cutoffs, "values": values, "missing": missing},
            "Use a longer test part, or fill the gaps before the cutoffs.",
        )
        return
    reference = trial.reference
    if reference is None:
        return
    error, bar = trial.mae(trial.model), trial.mae(reference)
    numbers = {"mae": error, "reference": reference, "reference mae": bar}
    if bar == 0.0:
        yield Finding(
            "constant",
            "error",
            f"{reference} makes no error",
            f"{reference} forecasts every value exactly: nothing happens here that it could miss, so that "
            "skill is not defined and no model can be better.",
            numbers,
            "Test on a part of the series in which something happens.",
        )
    elif 1 - error / bar >= TOO_GOOD:
        yield _too_good(trial, reference, numbers)


def _too_good(trial: Trial, reference: str, numbers: dict[str, Any]) -> Finding:
    share = percent(numbers["mae"] / numbers["reference mae"])
    made = f"{trial.model} makes {share} of the error of {reference}"
    linear = RIDGE in trial.others and trial.mae(RIDGE) <= (1 - TOO_GOOD) * numbers["reference mae"]
    if linear or trial.is_rule:
        made += ", and so does a ridge regression" * linear
        said = f"{made}: the series follows a rule without noise."
        return Finding("too good", "quiet", "a series without noise", said, numbers)
    return Finding(
        "too good",
        "error",
        "too good to be true",
        f"{made}. Real series cannot be forecast like that: it has most likely seen the answers.",
        numbers,
        "Check that no column it reads holds the values to be forecast.",
    )


def check_amount(trial: Trial) -> Iterator[Finding]:
    """Too few forecasts to tell skill from luck."""
    if trial.apart >= FEWEST_APART and trial.cutoffs >= FEWEST_VALUES:
        return
    cutoffs = f"{trial.cutoffs:,} cutoff{'' if trial.cutoffs == 1 else 's'}"
    if trial.apart < trial.cutoffs:
        cutoffs += f" whose horizons of {steps(trial.horizon)} overlap, as good as {trial.apart} that do not"
    most = LSTMConfig.parameters()["test_fraction"].maximum
    options = ["a larger test_fraction"] * (trial.config is None or trial.config.test_fraction != most)
    options += ["a shorter horizon"] * (trial.horizon > 1)
    refit = "" if trial.refit else " with refit=True"
    yield Finding(
        "few forecasts",
        "warning",
        "too few forecasts to tell",
        f"All of this rests on {cutoffs}: too few to tell skill from luck.",
        {"cutoffs": trial.cutoffs, "horizon": trial.horizon, "without overlap": trial.apart},
        f"Use {either([*options, 'a longer series'])}; or backtest{refit} over more of the series.",
    )


def check_skill(trial: Trial) -> Iterator[Finding]:
    """Better than the best naive baseline, as good, or worse."""
    reference = trial.reference
    if reference is None or trial.mae(reference) == 0.0:
        return
    test = trial.skill(reference)
    gain = test.mean
    # The reference is the better of two rules; another may do just as well.
    rivals = [name for name in trial.naive if name != reference and not _ahead_of(trial, name)]
    numbers = {
        "skill": gain,
        "standard error": test.error,
        "p": test.p,
        "reference": reference,
        "mae": trial.mae(trial.model),
        "reference mae": trial.mae(reference),
        "cutoffs": trial.cutoffs,
        "without overlap": trial.apart,
        "as good": rivals,
    }
    errs = f"{trial.model} errs {compared(gain)} {reference}"
    basis = f"{trial.cutoffs:,} cutoffs, {steps(trial.horizon)} ahead; {_in_words(test)}"
    said = f"{errs} (MAE {_maes(trial, reference)}; {basis})"
    tone: Tone = "quiet"
    if not _real(test):
        small = test.p < CHANCE
        size = "too little to matter" if small else "which may be chance"
        standing = "as good as" if small else "not clearly better than" if gain > 0 else "no better than"
        equal = compared(gain) == compared(0.0)
        headline, said = f"{standing} {reference}", f"{said}." if equal else f"{said}, {size}."
        advice = f"Unless longer tests show more, {reference} does the same."
    elif gain < 0:
        much = f"by {percent(-gain)}" if gain > -1 else f"with {1 - gain:,.1f} times its error"
        headline, tone, said = f"worse than {reference} {much}", "warning", f"{said}."
        options = untried(trial, "centering", "season", "calendar", "highway", "units", "more data")
        advice = f"Use {reference}" + (f"; then try {either(options)}." if options else ".")
    elif rivals:
        headline = f"beats {reference} by {percent(gain)}, but not {rivals[0]}"
        if trial.is_rule:
            headline = f"no better than {rivals[0]}"
        said = f"{said}, but {rivals[0]} errs no more than it does (MAE {_maes(trial, rivals[0])})."
        advice = f"Unless longer tests show more, {rivals[0]} does the same."
    else:
        headline, tone, said, advice = f"beats {reference} by {percent(gain)}", "good", f"{said}.", ""
    yield Finding("skill", tone, headline, said, numbers, advice)


def _ahead_of(trial: Trial, name: str) -> bool:
    test = trial.skill(name)
    return _real(test) and test.mean > 0


def check_linear(trial: Trial) -> Iterator[Finding]:
    """Whether a ridge regression on the same windows does as well."""
    if RIDGE not in trial.others or not trial.counted.any() or trial.mae(RIDGE) == 0.0:
        return
    test = trial.skill(RIDGE)
    numbers = {"skill": test.mean, "p": test.p, "mae": trial.mae(trial.model), "ridge mae": trial.mae(RIDGE)}
    detail = f"(MAE {_maes(trial, RIDGE)}; {_in_words(test)})"
    if _is_ridge(trial):
        yield Finding(
            "linear rival",
            "quiet",
            THE_LINE,
            "A ridge regression on the same windows makes the very same forecasts (MAE "
            f"{number(trial.mae(RIDGE), trial.unit)}): {trial.model} began as it, and no epoch was better.",
            {**numbers, "same": True},
            "Prefer the simpler model: the network adds nothing to it.",
        )
    elif not _real(test):
        yield Finding(
            "linear rival",
            "quiet",
            "a linear model does as well",
            f"A ridge regression on the same windows does about as well {detail}.",
            numbers,
            f"Prefer {trial.model}, the simpler one."
            if trial.is_rule
            else "Prefer the simpler model, unless you want to see what the network remembers.",
        )
    elif test.mean > 0:
        yield Finding(
            "linear rival",
            "good",
            f"beats ridge by {percent(test.mean)}",
            f"{trial.model} errs {percent(test.mean)} less than a ridge regression on the same windows "
            f"{detail}{': it has learned what a straight line cannot' * (not trial.is_rule)}.",
            numbers,
        )
    else:
        better = percent(1 - 1 / (1 - test.mean))
        yield Finding(
            "linear rival",
            "warning",
            f"a linear model errs {better} less",
            f"A ridge regression on the same windows errs {better} less than {trial.model} {detail}.",
            numbers,
            _beside_ridge(trial),
        )


def _is_ridge(trial: Trial) -> bool:
    """Whether a network that began as the ridge regression still makes its forecasts."""
    if not trial.is_network or trial.config is None or trial.config.highway != "linear":
        return False
    apart = np.abs(trial.forecasts[trial.model] - trial.forecasts[RIDGE])[trial.counted]
    return bool(apart.max() <= SAME * trial.mae(RIDGE))


def _beside_ridge(trial: Trial) -> str:
    if not trial.is_network:
        return "Use the ridge regression."
    if untried(trial, "highway"):
        return (
            "Use the ridge regression, or give the network a linear path beside its memory: highway='linear'."
        )
    options = untried(trial, "a lower learning_rate", "units", "dropout")
    return (
        "Use the ridge regression: the network began as one (highway='linear'), and what training changed "
        f"helped on the validation part alone. Or try {either(options)}."
    )


def check_in_sample(trial: Trial, train: Trial | None) -> Iterator[Finding]:
    """Skill on the training part that is gone on the test part."""
    reference = trial.reference
    if train is None or reference is None or reference not in train.others or not train.counted.any():
        return
    there, here = train.skill(reference), trial.skill(reference)
    p = difference_p(there, here)
    if not (there.mean - here.mean >= IN_SAMPLE_GAP and here.mean < there.mean / 2 and p < CHANCE):
        return
    nothing = here.mean <= MATTERS
    options = untried(trial, "units", "dropout", "patience", "more data")
    later = ", or backtest with refit=True to train on what came since"
    tried = f"Train with {either(options)}; and look" if options else "Look"
    yield Finding(
        "in-sample only",
        "error" if nothing else "warning",
        "in-sample only" if nothing else "much better in sample",
        f"Against {reference} its skill is {percent(there.mean)} on the training part and "
        f"{percent(here.mean)} after it ({chance(p)}): it has learned the training part by heart, or the "
        "series has changed since.",
        {"train skill": there.mean, "test skill": here.mean, "reference": reference, "p": p},
        f"{tried} at how the test part differs{later * (not trial.refit)}.",
    )


def check_steps(trial: Trial) -> Iterator[Finding]:
    """Baselines that the model falls behind from some step on."""
    rivals = [name for name in trial.others if name != RIDGE and trial.counted.any() and trial.mae(name) > 0]
    found = []
    for name in rivals:
        first = _behind_from(trial, name)
        if first == 1 and name == trial.reference:
            return  # worse at every step: the skill says it
        if first is None:
            continue
        ours, theirs = (float(np.nanmean(trial.by_cutoff(one, first))) for one in (trial.model, name))
        p = trial.difference(name, first).p
        # Half of all equal models are behind at the last step, by luck alone.
        if p < RARE / len(rivals) and ours >= (1 + MATTERS) * theirs:
            found.append((name, first, ours / theirs - 1 if theirs else math.inf, p))
    if not found:
        return
    tail = min(start for _, start, *_ in found) - 1
    # The best of them first: it is what to use instead.
    found.sort(key=lambda one: float(np.nanmean(trial.by_step(one[0])[tail:])))
    name, first, more, p = found[0]
    others = ", ".join(f"{other} {_from(start)}" for other, start, *_ in found[1:])
    advice = f"Use {name} for these steps{', or a shorter horizon' * (trial.horizon > 1)}"
    for longer in untried(trial, "season")[:1] or untried(trial, "a longer sequence_length"):
        advice += f"; {longer} shows the model more"
    span = f"From step {first} to step {trial.horizon} " if first > 1 else "Over all steps "
    yield Finding(
        "worse than a baseline",
        "warning",
        f"worse than {name} {_from(first)}",
        f"{span}{trial.model} errs {compared(-more)} {name} ({chance(p)})"
        + (f"; it is also worse than {others}." if others else "."),
        {
            "baselines": {
                other: {"first step": start, "error more": much, "p": rare}
                for other, start, much, rare in found
            }
        },
        f"{advice}.",
    )


def _behind_from(trial: Trial, name: str) -> int | None:
    """The first step from which another model errs less to the end; None where it does not at the end."""
    ahead = np.flatnonzero(~(trial.by_step(trial.model) > trial.by_step(name)))
    first = int(ahead[-1]) + 2 if len(ahead) else 1
    return first if first <= trial.horizon else None


def _from(first: int) -> str:
    return "at every step" if first == 1 else f"after step {first - 1}"


def _real(test: MeanTest) -> bool:
    """Whether a skill is neither chance nor too small to matter."""
    return test.p < CHANCE and abs(test.mean) >= MATTERS


def _in_words(test: MeanTest) -> str:
    return "too few to test" if math.isnan(test.p) else chance(test.p)


def _maes(trial: Trial, other: str) -> str:
    return f"{number(trial.mae(trial.model))} against {number(trial.mae(other), trial.unit)}"
