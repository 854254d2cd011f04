"""Searches of made-up trials, without a training: for tests of what is done with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from lstmwidgets.analysis.choosing.search.result import Search
from lstmwidgets.analysis.choosing.search.space import Dial
from lstmwidgets.analysis.choosing.search.trial import KEPT
from lstmwidgets.config import LSTMConfig

SPACE = (
    Dial("units", 8, 128, log=True),
    Dial("learning_rate", 3e-4, 3e-2, log=True),
    Dial("highway", choices=("none", "linear")),
)
_KINDS: dict[str, Any] = {
    "units": IntDistribution(8, 128, log=True),
    "learning_rate": FloatDistribution(3e-4, 3e-2, log=True),
    "highway": CategoricalDistribution(("none", "linear")),
}
CUTOFFS = 120


def trial(units: int, learning_rate: float, highway: str, error: float | None, **more: Any) -> Any:
    """One trial: trained to the end, or with ``state=`` something else; errors stray around ``error``."""
    state = more.pop("state", "done")
    notes: dict[str, Any] = {"seconds": 2.0, "epochs": 4, "parameters": 100 * units, **more}
    if state == "done":
        stray = np.random.default_rng(units).normal(0, 0.05, CUTOFFS)
        notes |= {"errors": list(error + stray - stray.mean()), "together": 1}
    steps = {} if error is None else {4: float(error)}
    return optuna.create_trial(
        state=optuna.trial.TrialState.COMPLETE if state == "done" else optuna.trial.TrialState.PRUNED,
        value=error if state == "done" else None,
        params={"units": units, "learning_rate": learning_rate, "highway": highway},
        distributions=_KINDS,
        user_attrs={KEPT: notes},
        intermediate_values=steps,
    )


def search_of(*trials: Any, config: LSTMConfig | None = None) -> Search:
    """A search that has made these trials; it began with 32 units, a rate of 0.003 and no highway."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(before)
    study.add_trials(trials)
    return Search.of(
        study,
        config or LSTMConfig(),
        SPACE,
        title="Made up",
        unit="°C",
        cutoffs=CUTOFFS,
        folds=1,
        overlap=4,
    )


def many() -> Search:
    """Twelve trials, of which the highway makes the good ones; two broken off, one failed."""
    rng = np.random.default_rng(1)
    trials = [trial(32, 0.003, "none", 2.0)]
    for number in range(9):
        highway = "linear" if number % 3 == 0 else "none"
        error = (1.5 if highway == "linear" else 2.2) + rng.normal(0, 0.05)
        trials.append(trial(int(rng.integers(8, 128)), float(rng.uniform(3e-4, 3e-2)), highway, error))
    trials.append(trial(64, 0.02, "none", 9.0, state="pruned"))
    trials.append(
        trial(16, 0.03, "none", None, state="failed", reason="the loss is no longer a finite number")
    )
    return search_of(*trials)
