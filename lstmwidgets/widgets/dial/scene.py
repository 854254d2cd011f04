"""A dial as it is drawn: the values planned, the curve so far, and the losses behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.curve import ValidationCurve

NAMES = {"units": "Units", "sequence_length": "Sequence length"}
"""What each parameter is called on its button and below the charts."""

ASKED = {"units": "how many units?", "sequence_length": "how long a sequence?"}
"""What is asked of each parameter."""

EACH = {"units": "units", "sequence_length": "steps"}
"""What a value of each parameter counts."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn.

    Attributes
    ----------
    title, unit : str
    parameter : str
    values : tuple of int
        All that are planned, ascending.
    rounds : int
        Trainings planned of each.
    curve : ValidationCurve or None
        Of what is measured.
    rule : str
        The better naive rule; "" where there is none.
    rule_error : float
        Its error on the validation part; NaN where there is none.
    """

    title: str
    unit: str
    parameter: str
    values: tuple[int, ...]
    rounds: int
    curve: ValidationCurve | None
    rule: str
    rule_error: float

    @cached_property
    def table(self) -> pd.DataFrame:
        """The curve's table with a row for every value planned, and ``epoch_seconds`` beside."""
        columns = ["mean", "low", "high", "parameters", "seconds", "runs", "epoch_seconds"]
        if self.curve is None:
            return pd.DataFrame(np.nan, list(self.values), columns).fillna({"runs": 0})
        epochs = self.curve.runs.groupby(self.parameter)["epoch_seconds"].median()
        table = self.curve.table.assign(epoch_seconds=epochs).reindex(list(self.values))
        return table.fillna({"runs": 0})

    @cached_property
    def losses(self) -> pd.DataFrame:
        """By value, the means over seeds of ``train`` and ``validation`` in the last epoch, and ``kept``.

        ``kept`` is the validation loss of the epoch whose weights are kept; NaN where nothing is known.
        """
        columns = ["train", "validation", "kept"]
        if self.curve is None:
            return pd.DataFrame(np.nan, list(self.values), columns)
        rows = [
            [
                getattr(run.config, self.parameter),
                *run.history[["loss", "val_loss"]].iloc[-1],
                run.history["val_loss"].min(),
            ]
            for run in self.curve.outcomes
            if not run.failure
        ]
        frame = pd.DataFrame(rows, columns=[self.parameter, *columns]).astype(np.float64)
        return frame.groupby(self.parameter).mean().reindex(list(self.values))

    @cached_property
    def points(self) -> pd.DataFrame:
        """``value`` and ``error`` of each training that gave a result."""
        runs = [] if self.curve is None else [run for run in self.curve.outcomes if not run.failure]
        rows = [[getattr(run.config, self.parameter), run.val_error] for run in runs]
        return pd.DataFrame(rows, columns=["value", "error"]).astype(np.float64)

    @property
    def best(self) -> int | None:
        """The value with the smallest error so far."""
        return None if self.curve is None else self.curve.best

    @property
    def chosen(self) -> int | None:
        """The smallest value that is as good, so far."""
        return None if self.curve is None else self.curve.chosen

    @property
    def limit(self) -> float:
        """The best error and one standard error; NaN where no noise is known."""
        if self.curve is None or self.curve.best is None:
            return np.nan
        limit = self.curve.limit
        return limit if limit > self.table["mean"][self.curve.best] else np.nan
