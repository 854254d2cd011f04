"""What a dial says: how far it is, what its charts show, and all of it in one paragraph."""

from __future__ import annotations

import numpy as np

from lstmwidgets.analysis.choosing.reasons import choice_of
from lstmwidgets.analysis.choosing.runs import Runs
from lstmwidgets.analysis.diagnosis.checks.finding import number
from lstmwidgets.widgets.dial.measuring import Measuring
from lstmwidgets.widgets.dial.scene import ASKED, EACH, NAMES, Scene
from lstmwidgets.widgets.loading import loads
from lstmwidgets.widgets.panel.words import duration

_WIDENS = 1.25
"""From so many times the first ratio on, the gap between two losses is said to widen."""


def heading(scene: Scene) -> str:
    """What is tried on which series."""
    return f"{scene.title}: {ASKED[scene.parameter]}"


def counted(count: int) -> str:
    """So many trainings.

    Examples
    --------
    >>> counted(1), counted(15)
    ('1 training', '15 trainings')
    """
    return f"{count:,} training{'' if count == 1 else 's'}"


def of_cost(measuring: Measuring) -> str:
    """How many trainings are to come, and about how long they take."""
    missing = len(measuring.missing)
    if not missing or measuring.problem:
        return ""
    there = "" if missing == len(measuring.plan.jobs) else " to come"
    return f"{counted(missing)}{there} · about {roughly(measuring.remaining)}"


def roughly(seconds: float) -> str:
    """An estimate, no finer than it deserves."""
    return duration(round(seconds) if seconds >= 1 else seconds).replace(".0 s", " s")


def of_state(measuring: Measuring) -> tuple[str, str]:
    """What the dial is doing or how it ended, and the tone to say it in."""
    done, planned = len(measuring.measured), len(measuring.plan.jobs)
    if measuring.state == "failed" or (measuring.problem and measuring.state != "running"):
        return measuring.problem, "error"
    if measuring.state == "running":
        runs = measuring.current
        if loads():
            return "Loading TensorFlow…", "quiet"
        if runs is not None and runs.waiting:
            return "Waiting: another training of this kernel runs first. Stop gives it up.", "warning"
        return "Training.", "quiet"
    if measuring.state == "done":
        return f"All {counted(planned)} have ended.", "quiet"
    if measuring.state == "stopped":
        return f"Stopped after {done:,} of {counted(planned)}. Go on trains the rest.", "quiet"
    there = f"{done:,} of {counted(planned)} {'is' if done == 1 else 'are'} there already. " if done else ""
    return f"{there}Ready to train.", "quiet"


def of_progress(runs: Runs, measuring: Measuring) -> str:
    """Which training is under way, and how far it is."""
    job, progress = runs.current, runs.progress
    number_ = len(measuring.measured) + 1
    where = f"Training {number_:,} of {len(measuring.plan.jobs):,}"
    if job is None or progress is None:
        return where
    config = job[1]
    value = f"{getattr(config, measuring.plan.parameter)} {EACH[measuring.plan.parameter]}"
    return f"{where}: {value}, seed {config.seed}, epoch {progress.epoch:,} of {progress.epochs:,}"


def of_errors(scene: Scene) -> str:
    """What the curve shows."""
    if scene.curve is None or scene.best is None:
        return "No training has ended yet." if scene.curve is None else "No training gave a result."
    band = " The band spans the seeds, a ring is one of them." if scene.rounds > 1 else ""
    limit = " Dashed: the smallest error and one standard error." if np.isfinite(scene.limit) else ""
    return f"Mean absolute error over the cutoffs of the validation part.{band}{limit}"


def widens(scene: Scene) -> bool:
    """Whether the gap between the two losses grows with the value: overfitting."""
    ratios = (scene.losses["validation"] / scene.losses["train"]).dropna()
    return len(ratios) > 1 and float(ratios.iloc[-1]) > _WIDENS * float(ratios.iloc[0])


def over_losses(scene: Scene) -> str:
    """The heading over the losses."""
    return f"{'Overfitting' if widens(scene) else 'Training and validation'}: loss in the last epoch"


def of_losses(scene: Scene) -> str:
    """How far the losses on train and validation lie apart, and whether the gap widens; empty before."""
    ratios = (scene.losses["validation"] / scene.losses["train"]).dropna()
    if not len(ratios):
        return ""
    first, last = float(ratios.iloc[0]), float(ratios.iloc[-1])
    said = (
        f"In the last epoch the validation loss is {first:.2g} times the training loss with "
        f"{ratios.index[0]:,} {EACH[scene.parameter]}"
    )
    if len(ratios) == 1:
        return f"{said}."
    meaning = "widens, so more of train is learned by heart" if widens(scene) else "does not widen"
    return f"{said}, {last:.2g} times with {ratios.index[-1]:,}: the gap {meaning}."


def of_choice(scene: Scene) -> str:
    """Which value is chosen and why, as far as the trainings went; empty before the first has ended."""
    if scene.curve is None:
        return ""
    said = choice_of(scene.curve)
    done, planned = len(scene.curve.outcomes), scene.rounds * len(scene.values)
    return said if done >= planned else f"So far, after {done:,} of {counted(planned)}: {said}"


_FEW = 3
"""With fewer seeds, their spread is hardly known."""


def cautions(scene: Scene) -> list[str]:
    """What to heed before taking the value chosen."""
    if scene.curve is None or scene.best is None:
        return []
    said, seeds = scene.curve.cautions, scene.table["runs"][scene.best]
    if 1 < seeds < _FEW:
        said.append(
            f"A standard error of {seeds:.0f} seeds is itself uncertain: train {_FEW} or more before relying "
            "on this choice."
        )
    return said


def summary(scene: Scene, status: str) -> str:
    """The whole dial in one paragraph."""
    if scene.curve is None:
        return f"{heading(scene)} {status}"
    found = [
        f"{value:,} {EACH[scene.parameter]}: {number(row['mean'], scene.unit)}"
        for value, row in scene.table.iterrows()
        if np.isfinite(row["mean"])
    ]
    errors = f"Validation error by {NAMES[scene.parameter].lower()}: {'; '.join(found)}."
    rule = f"{scene.rule}: {number(scene.rule_error, scene.unit)}." if scene.rule else ""
    told = [heading(scene), status, errors, rule, of_choice(scene), *cautions(scene), of_losses(scene)]
    return " ".join(filter(None, told))
