"""What to heed before believing a comparison or a curve: networks not yet trained, a naive rule unbeaten."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lstmwidgets.analysis.choosing.outcome import Run
from lstmwidgets.analysis.diagnosis.checks.finding import number

_LATE = 0.95
"""Of the epochs asked for, so many had gone by when a training that went through all of them was best."""


def unfinished(runs: Sequence[Run], by: Callable[[Run], str]) -> tuple[list[str], int, int]:
    """The names of which most trainings were best at their very end, and how many of these there are.

    Returns
    -------
    (names, late, trainings)
        The names that runs have ``by`` a rule, in the order of their first training; of their ``trainings``
        so many were ``late``: best in the last 5 % of their epochs, at least in the last one, with none of
        them spared.
    """
    names, late, trainings = [], 0, 0
    for name in dict.fromkeys(map(by, runs)):
        ended = [run for run in runs if by(run) == name and not run.failure]
        count = sum(map(_late, ended))
        if 2 * count > len(ended):
            names.append(name)
            late, trainings = late + count, trainings + len(ended)
    return names, late, trainings


def _late(run: Run) -> bool:
    epochs = run.config.epochs
    return len(run.history) >= epochs and run.best_epoch >= math.ceil(_LATE * epochs)


def still_learning(
    runs: Sequence[Run], may_change: str, by: Callable[[Run], str] = lambda run: run.name, form: str = "{}"
) -> str:
    """What is to be said of configs whose epochs ended too early; empty where there is none.

    ``may_change`` is what more epochs may change, such as "the order"; ``form`` is what is said around the
    names that runs have ``by`` a rule.
    """
    names, late, trainings = unfinished(runs, by)
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "was" if len(names) == 1 and form == "{}" else "were"
    return (
        f"{form.format(listed)} {verb} still getting better when the epochs ended ({late:,} of {trainings:,} "
        f"trainings): with more epochs {may_change} may change."
    )


def unbeaten(rule: str, error: float, unit: str, part: str, choosing: str) -> str:
    """What is to be said where a naive rule errs no more than any network.

    Parameters
    ----------
    rule : str
        Its name.
    error : float
        Its error on the ``part``.
    unit, part : str
    choosing : str
        What is to wait until the settings are mended, such as "choosing a value".

    Examples
    --------
    >>> unbeaten("repeat last", 2.0, "ppm", "test", "choosing").partition(":")[0]
    'Repeat last errs no more than any of them on the test part, 2.00 ppm'
    """
    return (
        f"{rule.capitalize()} errs no more than any of them on the {part} part, {number(error, unit)}: "
        f"mend the settings before {choosing}, such as epochs."
    )
