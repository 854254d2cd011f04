"""A validation curve in words: which value is chosen, why, and what to heed first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstmwidgets.analysis.choosing.cautions import still_learning, unbeaten
from lstmwidgets.analysis.diagnosis.checks.finding import number

if TYPE_CHECKING:
    from lstmwidgets.analysis.choosing.curve import ValidationCurve

_NOTABLE = 0.9
"""Of the seconds of the best value, so many are worth telling."""

_COUNTED = {"units": "units", "sequence_length": "steps"}
_FURTHER = {"units": "more units", "sequence_length": "longer windows"}


def choice_of(curve: ValidationCurve) -> str:
    """Which value is chosen and why, in a sentence or two."""
    choice = curve._choice
    if choice is None or curve.best is None or curve.chosen is None:
        return f"No value can be chosen, for every training failed: {curve.outcomes[0].failure}."
    table, what = curve.table, _COUNTED[curve.parameter]
    best, chosen = table.loc[curve.best], table.loc[curve.chosen]
    error, noise = number(choice.means[choice.best], curve.unit), number(choice.standard_error)
    if len(table) == 1:
        return f"{curve.chosen} {what}: the only value tried, with an error of {error}."
    if best["runs"] == 1:
        said = (
            f"{curve.chosen} {what}: the smallest error, {error}. With one seed nothing is known of its "
            "noise, so no smaller value can be said to be as good."
        )
    elif curve.chosen == curve.best:
        said = (
            f"{curve.chosen} {what}: the smallest error, {error}. No smaller value comes within one standard "
            f"error of it, {noise} over {best['runs']:.0f} seeds."
        )
    else:
        near = number(choice.means[choice.chosen], curve.unit)
        said = (
            f"{curve.chosen} {what}: the smallest value whose error, {near}, lies within one standard error "
            f"of the best, {error} ± {noise} with {curve.best} {what}.{saved(chosen, best)}"
        )
    if curve.best == table.index[-1]:
        said += f" The best is the largest value tried: {_FURTHER[curve.parameter]} may do better yet."
    return said


def saved(chosen: Any, best: Any) -> str:
    """What the smaller value spares, where it spares anything."""
    spared = []
    if chosen["seconds"] < _NOTABLE * best["seconds"]:
        spared.append(f"a training takes {chosen['seconds']:.2g} s instead of {best['seconds']:.2g} s")
    if chosen["parameters"] < best["parameters"]:
        fewer, more = f"{chosen['parameters']:,.0f}", f"{best['parameters']:,.0f}"
        spared.append(f"the network has {fewer} parameters instead of {more}")
    said = ", and ".join(spared)
    return f" {said[0].upper()}{said[1:]}." if said else ""


def cautions_of(curve: ValidationCurve) -> list[str]:
    """A naive rule that no value beats, and epochs that ended too early."""
    said, means = [], curve.table["mean"].dropna()
    if len(means) and means.min() >= curve.rule_error:
        what = "choosing a value"
        said.append(unbeaten(curve.rule, curve.rule_error, curve.unit, "validation", what))
    form = f"Networks with {{}} {_COUNTED[curve.parameter]}"
    said.append(still_learning(curve.outcomes, "the choice", lambda run: f"{curve.value_of(run):,}", form))
    return list(filter(None, said))
