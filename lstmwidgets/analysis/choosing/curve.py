"""The validation curve: how the error moves with a setting, and the smallest value that is good enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.bar import RunsBar
from lstmwidgets.analysis.choosing.common import Job
from lstmwidgets.analysis.choosing.configs import seeded
from lstmwidgets.analysis.choosing.naive import error_to_beat
from lstmwidgets.analysis.choosing.reasons import cautions_of, choice_of
from lstmwidgets.analysis.choosing.runs import Run, Runs
from lstmwidgets.analysis.choosing.values import PARAMETERS, checked_values, default_values
from lstmwidgets.analysis.diagnosis.checks.finding import number
from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.choosing.rule import Choice


def validation_curve(
    series: Any,
    config: LSTMConfig | None = None,
    parameter: str = "units",
    values: Sequence[int] | None = None,
    seeds: int | Sequence[int] = 3,
    *,
    covariates: pd.DataFrame | None = None,
    progress_bar: bool = True,
    on_run: Callable[[Run], None] | None = None,
) -> ValidationCurve:
    """Train a config with each value of one setting and each seed, and choose by the validation error.

    The test part is left unseen: it is to say what the choice is worth.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional
        All other settings.
    parameter : "units" or "sequence_length"
    values : sequence of int, optional
        By default such as suit the series: see `lstmwidgets.analysis.choosing.values.default_values`.
    seeds : int or sequence of int
        As in `lstmwidgets.compare`.
    covariates, progress_bar, on_run
        As in `lstmwidgets.compare`.

    Returns
    -------
    ValidationCurve
        Its ``table`` has a row for each value and ``runs`` one for each training; ``best`` is the value with
        the smallest error, ``chosen`` the smallest one that is as good, and ``reason`` says why.

    Raises
    ------
    LSTMWidgetsError
        Before anything trains, when the parameter has no such curve, when a value is out of bounds or too
        long for the series, or when there is none.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, epochs=2)
    >>> nile = lw.load_dataset("nile")
    >>> curve = validation_curve(nile, config, "units", [2, 4], seeds=2, progress_bar=False)
    >>> curve.table["parameters"].to_dict()
    {2: 38, 4: 106}
    """
    known = read_series(series)
    bar = RunsBar()
    jobs = curve_jobs(known, config, parameter, values, seeds)
    runs = Runs(known, jobs, covariates=covariates, test=False, on_run=on_run, on_change=bar.show)
    with bar.opened(progress_bar):
        runs.run()
    rule = error_to_beat(runs.common, [config for _, config in jobs])
    return ValidationCurve.of(parameter, runs.done, str(known.attrs.get("unit", "")), rule)


def curve_jobs(
    series: pd.Series,
    config: LSTMConfig | None,
    parameter: str,
    values: Sequence[int] | None = None,
    seeds: int | Sequence[int] = 3,
) -> list[Job]:
    """What `Runs` has to train for a curve: every value with the first seed, then with the next.

    So the whole curve is there early, and grows surer.

    Raises
    ------
    LSTMWidgetsError
        As `validation_curve`; whether the values fit the series is for `Runs` to say.
    """
    base = checked_config(config)
    if parameter not in PARAMETERS:
        raise LSTMWidgetsError(
            f"parameter={parameter!r} is not accepted: a curve goes over {' or '.join(map(repr, PARAMETERS))}"
        )
    if values is None:
        values = default_values(series, base, parameter)
    each = [base.replace(**{parameter: value}) for value in checked_values(base, parameter, values)]
    return [
        (f"{parameter}={getattr(one, parameter)}", one)
        for round_ in zip(*(seeded(one, seeds) for one in each), strict=True)
        for one in round_
    ]


@dataclass(frozen=True, eq=False)
class ValidationCurve:
    """The error over the values of one setting; made of any trainings that have ended, by `of`.

    Attributes
    ----------
    parameter : str
    outcomes : tuple of Run
        Ascending by value, then by seed.
    unit : str
        That of the series and of every error; "" where it has none.
    rule : str
        The better naive rule; "" where none has a forecast or none was asked for.
    rule_error : float
        Its error on the validation part; NaN where there is none.
    """

    parameter: str
    outcomes: tuple[Run, ...]
    unit: str = ""
    rule: str = ""
    rule_error: float = float("nan")

    @classmethod
    def of(
        cls,
        parameter: str,
        runs: Sequence[Run],
        unit: str = "",
        rule: tuple[str, float] = ("", float("nan")),
    ) -> ValidationCurve:
        """The curve of some trainings, in any order; more may follow.

        ``rule`` is the better naive rule and its error: see
        `lstmwidgets.analysis.choosing.naive.error_to_beat`.

        Raises
        ------
        LSTMWidgetsError
            When there is none.
        """
        if not runs:
            raise LSTMWidgetsError("there is no training to draw a curve of: none has ended")
        ordered = sorted(runs, key=lambda run: (getattr(run.config, parameter), run.seed))
        return cls(parameter, tuple(ordered), "" if unit == "none" else unit, *rule)

    @property
    def values(self) -> list[int]:
        """Those tried so far, ascending."""
        return list(dict.fromkeys(self.value_of(run) for run in self.outcomes))

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each value.

        ``mean`` of the validation errors over seeds, in the unit of the series; the band from ``low`` to
        ``high``, the luckiest seed to the unluckiest; ``parameters``; ``seconds``, the median of a whole
        training; and ``runs``, how many ended well.
        """
        rows = []
        for value in self.values:
            trained = [run for run in self.outcomes if self.value_of(run) == value]
            errors = pd.Series([run.val_error for run in trained if not run.failure], dtype=np.float64)
            rows.append(
                {
                    "mean": errors.mean(),
                    "low": errors.min(),
                    "high": errors.max(),
                    "parameters": trained[0].parameters,
                    "seconds": float(np.median([run.seconds for run in trained])),
                    "runs": len(errors),
                }
            )
        return pd.DataFrame(rows, index=pd.Index(self.values, name=self.parameter))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each training: value, seed, error and cost; ``failure`` is "" where it ended well."""
        columns = ["seed", "val_error", "parameters", "epoch_seconds", "seconds", "best_epoch", "failure"]
        rows = [[self.value_of(run), *(getattr(run, name) for name in columns)] for run in self.outcomes]
        return pd.DataFrame(rows, columns=[self.parameter, *columns])

    @cached_property
    def _choice(self) -> Choice | None:
        from lstmwidgets.model.choosing.rule import one_standard_error

        well = [run for run in self.outcomes if not run.failure]
        if not well:
            return None
        seeds = sorted({run.seed for run in well})
        errors = np.full((len(self.values), len(seeds)), np.nan)
        for run in well:
            errors[self.values.index(self.value_of(run)), seeds.index(run.seed)] = run.val_error
        return one_standard_error(self.values, errors)

    @property
    def best(self) -> int | None:
        """The value with the smallest mean error; None where every training failed."""
        return None if self._choice is None else self.values[self._choice.best]

    @property
    def chosen(self) -> int | None:
        """The smallest value whose mean error is within one standard error of the best one's."""
        return None if self._choice is None else self.values[self._choice.chosen]

    @property
    def limit(self) -> float:
        """The best mean error and one standard error of it, in the unit of the series."""
        return float("nan") if self._choice is None else self._choice.limit

    @property
    def reason(self) -> str:
        """Why this value, and what to heed before taking it: `cautions`."""
        return " ".join([choice_of(self), *self.cautions])

    @property
    def cautions(self) -> list[str]:
        """A sentence where no value beats the naive rule, and one where epochs ended too early."""
        return cautions_of(self)

    def __str__(self) -> str:
        shown = self.table.to_string(float_format=lambda value: number(value))
        return f"{shown}\n\n{self.reason}"

    def __repr__(self) -> str:
        return str(self)

    def value_of(self, run: Run) -> int:
        """What a training tried."""
        return int(getattr(run.config, self.parameter))
