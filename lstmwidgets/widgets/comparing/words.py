"""A comparison in words: its heading, its captions, and all of it in one paragraph."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import number
from lstmwidgets.widgets.comparing.scene import Candidate, Part, Scene
from lstmwidgets.widgets.forecast.words import has_clock, moment


def counted(count: int, one: str) -> str:
    """So many of something.

    Examples
    --------
    >>> counted(1, "seed"), counted(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def heading(scene: Scene) -> str:
    """What is compared, and how often each was trained."""
    seeds = sorted({len(each.runs) for each in scene.candidates})
    often = counted(seeds[-1], "seed") if seeds[0] == seeds[-1] else f"{seeds[0]} to {seeds[-1]} seeds"
    return f"{scene.title}: {counted(len(scene.candidates), 'config')}, {often} each"


def of_curves(scene: Scene, cut: float | None) -> str:
    """What the learning curves show; ``cut`` is the loss above which they are cut off."""
    several = any(len(each.curves) > 1 for each in scene.candidates)
    lines = "Thick: the mean over seeds, as far as all of them train; thin: each seed." if several else ""
    kept = "A dot is the epoch whose weights are kept."
    above = "" if cut is None else f"Losses above {number(cut)} are cut off."
    differ = "" if scene.same_losses else _DIFFER
    return " ".join(filter(None, [lines, kept, above, differ]))


_DIFFER = "The configs differ in loss or centering, so these losses are not alike: go by the errors above."


def of_forecasts(scene: Scene) -> str:
    """From where the forecasts were made, and what is drawn of them."""
    clock = has_clock(pd.DatetimeIndex(scene.came.index))
    several = any(len(each.finished) > 1 for each in scene.candidates)
    seeds = (
        " Of each config the seed with the median validation error; the band spans all seeds."
        if several
        else ""
    )
    rule = f" Dashed: {scene.rule}." if scene.rule else ""
    return f"From the newest cutoff of the test part, {moment(scene.cutoff, clock)}.{seeds}{rule}"


def of_candidate(candidate: Candidate, scene: Scene) -> str:
    """A config's test error and what it costs, in a sentence."""
    errors, row = candidate.errors("test"), scene.table.loc[candidate.name]
    if not errors.size:
        return f"{candidate.name} gave no result."
    low, high = number(float(errors.min())), number(float(errors.max()), scene.unit)
    spread = f", {low} to {high} over {counted(len(errors), 'seed')}" if len(errors) > 1 else ""
    return (
        f"{candidate.name}: test error {number(float(errors.mean()), scene.unit)}{spread}; "
        f"{row['parameters']:,.0f} parameters, {row['epoch_seconds']:.2g} s an epoch."
    )


def of_rule(scene: Scene, part: Part = "test") -> str:
    """The error to beat."""
    error = scene.rule_errors.get(part, np.nan)
    return f"{scene.rule}: {part} error {number(error, scene.unit)}." if np.isfinite(error) else ""


def summary(scene: Scene) -> str:
    """The whole comparison in one paragraph."""
    each = [of_candidate(candidate, scene) for candidate in scene.candidates]
    return " ".join(
        filter(
            None,
            [f"{heading(scene)}.", *scene.verdicts, *scene.cautions, *each, of_rule(scene), *scene.failures],
        )
    )
