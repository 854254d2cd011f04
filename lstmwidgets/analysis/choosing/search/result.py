"""Search: what came of a search, as tables and in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.paired import holm
from lstmwidgets.analysis.choosing.search.importance import FEWEST, Explained, explained
from lstmwidgets.analysis.choosing.search.reason import LEVEL, sentences_of, smallest_of
from lstmwidgets.analysis.choosing.search.space import Space
from lstmwidgets.analysis.choosing.search.trial import KEPT
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from optuna import Study


@dataclass(frozen=True, eq=False)
class Search:
    """A search, as far as it has come; `lstmwidgets.tune` makes it, and `lstmwidgets.SearchView` shows it.

    Attributes
    ----------
    config : LSTMConfig
        What the search began with: the settings that stay, and the first trial.
    space : tuple of Dial
        What was varied.
    study : optuna.Study
        All of it, for Optuna's own tools.
    title, unit : str
        Of the series.
    cutoffs, folds : int
        How many forecasts each trial is judged by, over all folds.
    overlap : int
        How many neighbouring cutoffs share targets.
    trials : pandas.DataFrame
        A row for each trial, by ``number``: ``state`` ("done", "pruned": broken off for falling behind,
        "failed", "running", "waiting"), ``error`` (mean absolute, in the unit of the series; where it stood,
        of one broken off), ``seconds``, ``epochs`` and ``parameters`` (of the network), a column for each
        setting searched, and ``reason`` for one that failed.
    history : pandas.Series
        The least error so far, by the number of the trial.
    notes : tuple of str
        A sentence for each thing that gaps in the series cost.
    earlier : int
        How many of the trials had ended before this call.
    place : str
        Where the study is kept.
    """

    config: LSTMConfig
    space: Space
    study: Study
    title: str
    unit: str
    cutoffs: int
    folds: int
    overlap: int
    trials: pd.DataFrame
    _errors: dict[int, tuple[list[float], int]] = field(repr=False)
    _told: list[Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    earlier: int = 0
    place: str = ""

    @classmethod
    def of(cls, study: Study, config: LSTMConfig, space: Space, **facts: Any) -> Self:
        """What a study holds now."""
        told = study.get_trials(deepcopy=False)
        rows = [_row(trial, space) for trial in told]
        trials = pd.DataFrame(rows, columns=[*_COLUMNS, *(dial.name for dial in space), "reason"])
        errors = {
            trial.number: (notes["errors"], notes["together"])
            for trial in told
            if "errors" in (notes := trial.user_attrs.get(KEPT, {}))
        }
        return cls(
            config, space, study, trials=trials.set_index("number"), _errors=errors, _told=told, **facts
        )

    @property
    def done(self) -> pd.DataFrame:
        """The trials that came to their end, the best first; of equal ones the earliest."""
        done = self.trials[self.trials["state"] == "done"]
        return done.sort_values("error", kind="stable")

    @property
    def best_trial(self) -> int:
        """The number of the best one.

        Raises
        ------
        LSTMWidgetsError
            When none came to its end.
        """
        if not len(self.done):
            raise LSTMWidgetsError(_nothing(self.trials))
        return int(self.done.index[0])

    @property
    def best(self) -> LSTMConfig:
        """The config with the least validation error."""
        return self.config_of(self.best_trial)

    @property
    def best_error(self) -> float:
        """Its validation error, in the unit of the series."""
        return self.error_of(self.best_trial)

    @cached_property
    def smallest_trial(self) -> int:
        """The trial with the smallest network whose error is within the noise of the best one's, by number.

        The best one itself where none smaller is, or where there are too few cutoffs to tell.
        """
        return smallest_of(self)

    @property
    def smallest_as_good(self) -> LSTMConfig:
        """The config of `smallest_trial`: what to take where a smaller network is worth more than luck."""
        return self.config_of(self.smallest_trial)

    def error_of(self, number: int) -> float:
        """The error of a trial."""
        return float(self.trials["error"].loc[number])

    def parameters_of(self, number: int) -> int:
        """How many numbers a trial's network learns."""
        return int(self.trials["parameters"].loc[number])

    def config_of(self, number: int) -> LSTMConfig:
        """The config of a trial."""
        return self.config.replace(**_settings(self._told[number], self.space))

    @cached_property
    def history(self) -> pd.Series:
        done = self.trials["error"].where(self.trials["state"] == "done")
        return done.cummin().ffill().rename("best")

    @cached_property
    def importance(self) -> pd.Series:
        """How much of the ranking of the trials each setting alone explains, in [0, 1], the largest first.

        Those broken off count with the error they had: see
        `lstmwidgets.analysis.choosing.search.importance.explained`. What two settings share counts for both,
        so that these need not add up to 1. Empty with fewer than 10 trials, which would tell nothing.
        """
        shares = {name: one.share for name, one in self._explained.items()}
        found = pd.Series(shares, dtype=np.float64, name="importance").rename_axis("setting")
        return found.sort_values(ascending=False, kind="stable")

    @property
    def beyond_chance(self) -> list[str]:
        """The settings that explain more than chance would at 5 % (Holm's procedure), the largest first."""
        ps = holm([one.p for one in self._explained.values()])
        sure = {name for name, p in zip(self._explained, ps, strict=True) if p < LEVEL}
        return [str(name) for name in self.importance.index if name in sure]

    @cached_property
    def _explained(self) -> dict[str, Explained]:
        weighed = self.trials[self.trials["state"].isin(["done", "pruned"]) & self.trials["error"].notna()]
        found = {}
        for dial in self.space:
            some = weighed[weighed[dial.name].notna()]
            if len(some) >= FEWEST:
                found[dial.name] = explained(some[dial.name].tolist(), some["error"], dial.log)
        return found

    @cached_property
    def sentences(self) -> list[str]:
        """Why this config, in plain words: against the first and the next best, and what explains them."""
        return sentences_of(self)

    @property
    def reason(self) -> str:
        """All `sentences` in one."""
        return " ".join(self.sentences)

    def errors(self, number: int) -> tuple[np.ndarray, int]:
        """A trial's errors by cutoff, in time order, and how many cutoffs each stands for; empty for none."""
        found, together = self._errors.get(number, ([], 1))
        return np.array(found, dtype=np.float64), together

    def __repr__(self) -> str:
        counts = self.trials["state"].value_counts()
        states = ", ".join(f"{count} {state}" for state, count in counts.items())
        best = f", best error {self.best_error:.4g} {self.unit}".rstrip() if len(self.done) else ""
        return f"Search({self.title!r}: {states or 'no trials'}{best})"


_COLUMNS = ("number", "state", "error", "seconds", "epochs", "parameters")


def _row(trial: Any, space: Space) -> dict[str, Any]:
    notes = trial.user_attrs.get(KEPT, {})
    last = trial.intermediate_values[trial.last_step] if trial.intermediate_values else np.nan
    state = "waiting" if trial.state.name == "WAITING" else "running"
    if trial.state.is_finished():
        state = "failed" if "reason" in notes else "done" if trial.state.name == "COMPLETE" else "pruned"
    error = trial.value if state == "done" else last if state == "pruned" else np.nan
    return {
        "number": trial.number,
        "state": state,
        "error": np.nan if error is None else error,
        "seconds": notes.get("seconds", np.nan),
        "epochs": notes.get("epochs", 0),
        "parameters": notes.get("parameters", 0),
        "reason": notes.get("reason", ""),
        **_settings(trial, space),
    }


def _settings(trial: Any, space: Space) -> dict[str, Any]:
    """The values that a trial has, as its config does."""
    return {dial.name: dial.rounded(trial.params[dial.name]) for dial in space if dial.name in trial.params}


def _nothing(trials: pd.DataFrame) -> str:
    failed = trials.loc[trials["state"] == "failed", "reason"]
    if len(failed):
        return (
            f"no trial came to its end: {len(failed)} failed, the first because {failed.iloc[0]}. Name a "
            "narrower space, or another config"
        )
    return (
        "no trial came to its end: raise budget, or lower epochs or the space's largest units and "
        "sequence_length. The next call begins with the same trial, from its first epoch"
    )
