"""Why a search chose what it chose, in plain words and with its doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstmwidgets.analysis.diagnosis.checks.finding import chance, percent
from lstmwidgets.config import LSTMConfig

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.search.result import Search

LEVEL = 0.05
_RUNNERS_UP = 3


def sentences_of(search: Search) -> list[str]:
    """Those of `Search.sentences`."""
    best = search.best_trial
    sentences = [_chosen(search, best), _against_the_first(search, best), _next_best(search, best)]
    sentences += [_smallest(search, best), _explaining(search), _doubts(search), *search.notes]
    return [each for each in sentences if each]


def settings_in_words(search: Search, number: int) -> str:
    """The settings of a trial that were searched.

    Returns
    -------
    str
        Such as ``"units 24, learning_rate 0.005"``.
    """
    return ", ".join(f"{name} {_short(value)}" for name, value in _searched(search, number).items())


def _searched(search: Search, number: int) -> dict[str, Any]:
    config = search.config_of(number).model_dump()
    names = [dial.name for dial in search.space]
    return {name: config[name] for name in LSTMConfig.model_fields if name in names}


def _chosen(search: Search, best: int) -> str:
    counts = search.trials["state"].value_counts()
    early = f", {counts['pruned']} broken off early" if counts.get("pruned") else ""
    failed = f", {counts['failed']} failed" if counts.get("failed") else ""
    tried = sum(int(counts.get(state, 0)) for state in ("done", "pruned", "failed"))
    folds = f" of {search.folds} origins" if search.folds > 1 else ""
    return (
        f"Of {tried} trial{'s' * (tried != 1)} ({len(search.done)} trained to the end{early}{failed}), trial "
        f"{best} is chosen: {settings_in_words(search, best)}. On the validation part its forecasts are off "
        f"by {_amount(search, best)} on average, over {search.cutoffs:,} cutoffs{folds}."
    )


def _against_the_first(search: Search, best: int) -> str:
    """Against the config that the search began with, if that is among the trials."""
    if 0 not in search.done.index or search.config_of(0).model_dump() != search.config.model_dump():
        return ""
    if best == 0:
        others = "no other came to its end" if len(search.done) == 1 else "none was better"
        return f"That is the config it began with: {others}."
    lower = percent(1 - search.best_error / search.error_of(0))
    first = f"The config it began with is off by {_amount(search, 0)}: the choice lowers that by {lower}"
    p = _p(search, best, 0)
    if not np.isfinite(p):
        return f"{first}, over too few cutoffs to tell it from chance."
    if p < LEVEL:
        return f"{first}, more than the noise of the cutoffs explains ({_told(search, p)})."
    return f"{first}, within the noise of the cutoffs ({_told(search, p)}), so that the first may do as well."


def _next_best(search: Search, best: int) -> str:
    others = [int(number) for number in search.done.index if number not in (best, 0)][:_RUNNERS_UP]
    if not others:
        return ""
    told = [f"trial {number} ({_amount(search, number)})" for number in others]
    chances = {number: _p(search, best, number) for number in others}
    alike = [number for number, p in chances.items() if p >= LEVEL]
    if not np.isfinite(list(chances.values())).any():
        judgement = "over too few cutoffs to tell them apart"
    elif len(alike) == len(others):
        judgement = "within the noise" if len(others) == 1 else "all within the noise"
    elif alike:
        judgement = f"of which {_listed([f'trial {number}' for number in alike])} within the noise"
    else:
        judgement = "beyond the noise"
    return f"Next come{'s' * (len(others) == 1)} {_listed(told)}, {judgement}."


def smallest_of(search: Search) -> int:
    """The trial with the smallest network whose error is within the noise of the best one's."""
    best = search.best_trial
    smaller = search.done[search.done["parameters"] < search.parameters_of(best)]
    for number in smaller.sort_values("parameters", kind="stable").index:
        if _p(search, best, int(number)) >= LEVEL:
            return int(number)
    return best


def _smallest(search: Search, best: int) -> str:
    small = search.smallest_trial
    if small == best:
        return ""
    return (
        f"The smallest network within the noise is that of trial {small}: {search.parameters_of(small):,} "
        f"weights in place of {search.parameters_of(best):,}, off by {_amount(search, small)} "
        f"({settings_in_words(search, small)})."
    )


def _explaining(search: Search) -> str:
    shares = search.importance
    if not len(shares):
        return "Too few trials to say which settings matter."
    large = shares[search.beyond_chance]
    if not len(large):
        return "No setting alone explains more of how the trials rank than chance would."
    told = _listed([f"{name} {percent(share)}" for name, share in large.items()])
    if len(large) == 1:
        return f"Looked at alone, {told.replace(' ', ' explains ', 1)} of how the trials rank."
    return (
        f"How much of the trials' ranking each setting explains when looked at alone: {told}. What two of "
        "them share counts for both, so that the shares may add up to more than 100 %."
    )


def _doubts(search: Search) -> str:
    return (
        f"Every config was trained once, with seed {search.config.seed}, and the least of many errors "
        "flatters: the test part, at which no trial has looked, says how good it is."
    )


def _p(search: Search, one: int, other: int) -> float:
    """How often chance alone would set the best one so far apart from another; NaN where unknown.

    It is the luckiest of all tried on the very cutoffs that it is tested on. So the p of the pair is
    multiplied by how many it was picked over (Bonferroni), which is never too sure.
    """
    from lstmwidgets.analysis.choosing.paired import difference

    (ours, together), (theirs, _) = search.errors(one), search.errors(other)
    if not len(ours) or len(ours) != len(theirs):
        return float("nan")
    overlap = -(-search.overlap // together) + (together > 1)
    p = float(difference(ours[None], theirs[None], overlap).p)
    return p if np.isnan(p) else min(1.0, p * _rivals(search))


def _rivals(search: Search) -> int:
    """How many trials the best one was picked over."""
    return int(search.trials["state"].isin(["done", "pruned"]).sum()) - 1


def _told(search: Search, p: float) -> str:
    rivals = _rivals(search)
    return chance(p) if rivals < 2 else f"{chance(p)}, corrected for a choice among {rivals + 1} trials"


def _amount(search: Search, number: int) -> str:
    return f"{search.error_of(number):.4g} {search.unit}".rstrip()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
