"""Self-tuning: one setting after another, each on the evidence of the validation part."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.build import is_line
from lstmwidgets.model.choosing.decisions import (
    BY_DEFAULT,
    BY_HAND,
    MAY_CHOOSE,
    AuditTrail,
    Decision,
)
from lstmwidgets.model.choosing.errors import errors_by_cutoff
from lstmwidgets.model.choosing.lines import choose_calendar, choose_length, line_errors
from lstmwidgets.model.choosing.range_test import RangeTest, range_test
from lstmwidgets.model.choosing.repeats import block_errors
from lstmwidgets.model.choosing.rule import one_standard_error
from lstmwidgets.model.forecaster import LSTMForecaster
from lstmwidgets.model.training import Trainer, whole_turn

log = logging.getLogger(__name__)

UNITS = (8, 16, 32, 64)
"""Sizes tried, smallest first."""

TRIAL_UNITS = 16
"""Size at which highway and learning rate are chosen, where units are chosen after them."""

UPDATES = 3000
"""Of the weights, for which there are to be epochs enough; patience ends most trainings before."""

EPOCHS = (20, 200)
"""Fewest and most epochs that are chosen."""

GAIN = 0.999
"""Times the least error so far that a size must stay below to have gained anything."""

RACE = 5
"""A network without highway shows in this part of the epochs whether it can pass the line."""


_PATIENCE = "a fifth of the epochs, at least 3"


class SelfTuning:
    """Chooses what is left to choose of a config, and trains with it.

    The order: how far to read and whether with the calendar, by ridge regressions, which cost next to
    nothing; how long to train; whether to begin as that regression (``highway``), by a short race; the
    learning rate, by a range test; and units, by trainings from small to large, of which the one chosen is
    kept. Every comparison is by the mean absolute error over the validation part's cutoffs. The test part is
    never looked at.

    Parameters
    ----------
    series : pandas.Series
        As `lstmwidgets.read_series` gives it.
    config : LSTMConfig
        What is not chosen stays.
    names : sequence of str
        The settings to choose: see `to_choose`.
    covariates : pandas.DataFrame, optional
    listeners : callable
        Given what a training is for, such as "16 units", the callbacks to be told of it.
    folder : path, optional
        Each training keeps its checkpoint in a folder of its own in this one, so that a killed self-tuning
        called again goes on where it was: what lies between the trainings is quick and comes out the same.
    """

    def __init__(
        self,
        series: pd.Series,
        config: LSTMConfig,
        names: Sequence[str],
        *,
        covariates: pd.DataFrame | None = None,
        listeners: Callable[[str], Sequence[Any]] = lambda what: (),
        folder: str | Path | None = None,
    ) -> None:
        self.series, self.config, self.names, self.covariates = series, config, tuple(names), covariates
        self._listeners = listeners
        self._folder = None if folder is None else Path(folder)
        self._decisions: dict[str, Decision] = {}
        for name in (name for name in MAY_CHOOSE if name not in names):
            reason = BY_HAND if name in config.model_fields_set else BY_DEFAULT
            self._decisions[name] = Decision(name, getattr(config, name), reason, chosen=False)
        self._windows: dict[LSTMConfig, Windows] = {}
        self._tests: dict[LSTMConfig, RangeTest] = {}

    def run(self) -> tuple[LSTMForecaster, AuditTrail]:
        """Choose and train: the forecaster with the settings chosen, and why.

        Raises
        ------
        LSTMWidgetsError
            When the series is too short, or no training ends with a finite loss.
        """
        with whole_turn():
            if "sequence_length" in self.names:
                self._decide(choose_length(self.series, self.config, self._cut))
            if "calendar" in self.names:
                self._decide(choose_calendar(self.series, self.config, self._cut))
        windows = self._cut(self.config)
        self._allow_epochs(windows)
        if "highway" in self.names:
            self._decide(self._choose_highway(windows))
        if "learning_rate" in self.names:
            self._decide(self._choose_rate(windows))
        forecaster = self._choose_units(windows)
        self._tell_epochs(forecaster)
        return forecaster, AuditTrail(self._decisions[name] for name in MAY_CHOOSE)

    def _decide(self, decision: Decision) -> None:
        log.info("%s", decision)
        self._decisions[decision.setting] = decision
        self.config = self.config.replace(**{decision.setting: decision.value})

    def _cut(self, config: LSTMConfig) -> Windows:
        """The series' windows for a config, and with them their ridge regression, made once."""
        if config not in self._windows:
            self._windows[config] = make_windows(self.series, config, covariates=self.covariates)
        return self._windows[config]

    def _allow_epochs(self, windows: Windows) -> None:
        """Set epochs and patience; what came of them is told after the training."""
        if "epochs" in self.names:
            batches = -(-len(windows.train) // self.config.batch_size)
            epochs = min(max(EPOCHS[0], -(-UPDATES // batches)), EPOCHS[1])
            reason = f"{batches} updates an epoch, and epochs for {UPDATES:,} or at least {EPOCHS[0]} epochs"
            self._decide(Decision("epochs", epochs, reason, {"updates_an_epoch": batches}))
        if "patience" in self.names:
            self._decide(Decision("patience", max(3, self.config.epochs // 5), _PATIENCE))

    def _tell_epochs(self, forecaster: LSTMForecaster) -> None:
        """Add to the choice of patience when the training ended, and which weights were kept."""
        if "patience" not in self.names:
            return
        losses = forecaster.history_["val_loss"]
        trained, line = len(losses), is_line(forecaster.model_)
        lowest = 0 if line else 1 + int(losses.to_numpy().argmin())
        kept = (
            "no epoch was better than the line"
            if line
            else f"the validation loss of epoch {lowest} being the lowest"
        )
        ended = (
            f"training stopped after {trained} of {self.config.epochs} epochs"
            if trained < self.config.epochs
            else f"training took all {trained} epochs"
        )
        self._decisions["patience"] = Decision(
            "patience",
            self.config.patience,
            f"{_PATIENCE}; {ended}{': ' if line else ', '}{kept}",
            {"trained": trained, "lowest": lowest},
        )

    def _choose_highway(self, windows: Windows) -> Decision:
        line = self._line(windows)
        if line is None:
            return Decision(
                "highway", "none", "no window has all its targets, so there is no line to begin as"
            )
        units = TRIAL_UNITS if "units" in self.names else self.config.units
        epochs = min(self.config.epochs, max(3, self.config.epochs // RACE))
        errors = {"line": float(line.mean())}
        for highway in ("none", "linear"):
            asked = self.config.replace(highway=highway, units=units, epochs=epochs)
            if "learning_rate" in self.names:
                asked = asked.replace(learning_rate=self._tested(asked, windows).rate)
            try:
                runner = self._trained(asked, windows, f"highway {highway}")
            except LSTMWidgetsError as error:
                log.info("highway=%r is out: %s", highway, error)
                errors[highway] = float("inf")
            else:
                errors[highway] = float(errors_by_cutoff(runner).mean())
            if errors["none"] >= errors["line"]:
                break
        evidence = {
            "validation_errors": {name: _short(error) for name, error in errors.items()},
            "epochs": epochs,
            "units": units,
        }
        without, line_error = f"{errors['none']:.4g}", f"{errors['line']:.4g}"
        if "linear" not in errors:
            reason = (
                f"on the validation part a line errs by {line_error}, and a network without one by {without} "
                f"after {epochs} epochs"
            )
            return Decision("highway", "linear", reason, evidence)
        value = "none" if errors["none"] < errors["linear"] else "linear"
        reason = (
            f"after {epochs} epochs a network without a line errs by {without} on the validation part, one "
            f"that begins as a line by {errors['linear']:.4g}, and the line alone by {line_error}"
        )
        return Decision("highway", value, reason, evidence)

    def _line(self, windows: Windows) -> pd.Series | None:
        with whole_turn():
            return line_errors(windows, pd.DatetimeIndex(self.series.index))

    def _choose_rate(self, windows: Windows) -> Decision:
        units = TRIAL_UNITS if "units" in self.names else self.config.units
        found = self._tested(self.config.replace(units=units), windows)
        return Decision("learning_rate", found.rate, found.reason, {**found.evidence(), "units": units})

    def _choose_units(self, windows: Windows) -> LSTMForecaster:
        """Train; where units are to be chosen, ever larger until two sizes in turn gain nothing.

        What there is to gain on is the smallest size, or with a highway the line that each begins as.
        """
        if "units" not in self.names:
            return self._trained(self.config, windows, f"{self.config.units} units")
        trained: dict[int, LSTMForecaster] = {}
        errors: dict[int, pd.Series] = {}
        failed: dict[int, str] = {}
        line = None if self.config.highway == "none" else self._line(windows)
        least, vain = float("inf") if line is None else float(line.mean()), 0
        for units in UNITS:
            try:
                trained[units] = self._trained(self.config.replace(units=units), windows, f"{units} units")
            except LSTMWidgetsError as error:
                if units == UNITS[-1] and not trained:
                    raise
                failed[units] = str(error)
                continue
            errors[units] = errors_by_cutoff(trained[units])
            mean = float(errors[units].mean())
            least, vain = (mean, 0) if mean < GAIN * least else (least, vain + 1)
            if vain == 2:
                break
        repeats = block_errors(list(errors.values()), self.config.horizon)
        choice = one_standard_error(list(errors), repeats)
        best, chosen = list(errors)[choice.best], list(errors)[choice.chosen]
        evidence: dict[str, Any] = {
            "units": list(errors),
            "validation_errors": [_short(mean) for mean in choice.means],
            "limit": _short(choice.limit),
            "blocks": repeats.shape[1],
        }
        if failed:
            evidence["failed"] = {str(units): reason for units, reason in failed.items()}
        tried = ", ".join(map(str, errors))
        if all(is_line(forecaster.model_) for forecaster in trained.values()):
            reason = f"no size of {tried} improved on the line, so the smallest is taken"
        elif len(set(choice.means)) < 2:
            reason = f"{tried} err alike on the validation part, and this is the smallest"
        elif chosen == best:
            reason = f"of {tried} this has the least error on the validation part"
        else:
            reason = f"the smallest of {tried} that errs no more than a standard error above the best, {best}"
        if chosen == max(errors) and len(errors) > 1:
            reason += "; it is the largest tried, and a larger one may err less yet"
        self._decide(Decision("units", chosen, reason, evidence))
        return trained[chosen]

    def _tested(self, config: LSTMConfig, windows: Windows) -> RangeTest:
        """The range test of a config, made once: neither its rate nor when it ends matters to it."""
        asked = config.replace(learning_rate=1e-3, epochs=1, patience=0)
        if asked not in self._tests:
            with whole_turn():
                self._tests[asked] = range_test(asked, windows)
        return self._tests[asked]

    def _trained(self, config: LSTMConfig, windows: Windows, what: str) -> LSTMForecaster:
        trainer = Trainer(
            self.series,
            config,
            callbacks=list(self._listeners(what)),
            folder=None if self._folder is None else self._folder / what.replace(" ", "-"),
            covariates=self.covariates,
            windows=windows,
        )
        forecaster = trainer.run().forecaster
        assert forecaster is not None, "a training that ended without an error has a forecaster"
        return forecaster


def _short(number: float) -> float | None:
    """Four digits, for the trail; None for what is no number."""
    return float(f"{number:.4g}") if abs(number) < float("inf") else None
