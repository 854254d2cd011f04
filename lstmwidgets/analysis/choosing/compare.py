"""Compare configs by training each several times on the same series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.choosing import words
from lstmwidgets.analysis.choosing.bar import RunsBar
from lstmwidgets.analysis.choosing.cautions import still_learning, unbeaten
from lstmwidgets.analysis.choosing.configs import check_comparable, jobs_of, named_configs
from lstmwidgets.analysis.choosing.naive import Naive, better_rule
from lstmwidgets.analysis.choosing.paired import Difference, difference, holm
from lstmwidgets.analysis.choosing.runs import Run, Runs
from lstmwidgets.analysis.scoring.metrics import skill
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.errors import LSTMWidgetsError


def compare(
    series: Any,
    configs: Mapping[str, LSTMConfig] | Sequence[LSTMConfig],
    seeds: int | Sequence[int] = 3,
    *,
    covariates: pd.DataFrame | None = None,
    progress_bar: bool = True,
    on_run: Callable[[Run], None] | None = None,
) -> Comparison:
    """Train each config with each seed, and tell which of them can be told apart.

    All are scored on the same cutoffs: every window of the validation part, by which a config would be
    chosen, and of the test part, which says what that choice is worth.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    configs : dict of LSTMConfig, or a list
        By name; those of a list are named by the settings in which they differ.
    seeds : int or sequence of int
        How many trainings of each config, with its own seed and those after it; or the seeds themselves.
        From 3 on, a difference is also held against the noise of seeds.
    covariates : pandas.DataFrame, optional
        As in `lstmwidgets.Trainer`.
    progress_bar : bool
        Show a bar while training, in a terminal or a notebook.
    on_run : callable, optional
        Called with each `Run` as it ends.

    Returns
    -------
    Comparison
        Its ``table`` has a row for each config and ``runs`` one for each training; ``verdicts`` say which
        can be told apart and ``cautions`` what to heed first; ``best`` is the config to take by the
        validation part. Printed, it is all of this; `lstmwidgets.ComparisonView` draws it.

    Raises
    ------
    LSTMWidgetsError
        Before anything trains, when there is no config, when two have other horizons or parts, when one
        does not fit the series, or when ``seeds`` is not accepted.
    KeyboardInterrupt
        On Ctrl-C; of the trainings that had ended, only ``on_run`` has heard.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> two = {"LSTM": config, "GRU": config.replace(cell="gru")}
    >>> comparison = compare(lw.load_dataset("nile"), two, seeds=2, progress_bar=False)
    >>> comparison.table["parameters"].to_dict()
    {'LSTM': 106, 'GRU': 94}
    """
    named = named_configs(configs)
    check_comparable(named)
    bar = RunsBar()
    jobs = jobs_of(named, seeds)
    runs = Runs(series, jobs, covariates=covariates, on_run=on_run, on_change=bar.show)
    with bar.opened(progress_bar):
        runs.run()
    return Comparison.of(runs)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Configs side by side: what each reached, at what cost, and which can be told apart.

    Attributes
    ----------
    outcomes : tuple of Run
        Every training, also those that failed.
    series : pandas.Series
    naive : Naive or None
        The better naive rule on the same cutoffs.
    notes : tuple of str
        A sentence for each thing left out.
    """

    outcomes: tuple[Run, ...]
    series: pd.Series
    naive: Naive | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.outcomes:
            raise LSTMWidgetsError("there is no training to compare: none has ended")

    @classmethod
    def of(cls, runs: Runs) -> Comparison:
        """Compare the trainings that have ended, whether or not others are still to come.

        Raises
        ------
        LSTMWidgetsError
            When none has ended, when the test part was left out, or when the configs have other horizons
            or parts.
        """
        check_comparable(dict(runs.jobs))
        if "test" not in runs.common.origins:
            raise LSTMWidgetsError(
                "these trainings were never asked for the test part, on which configs are compared: make "
                "Runs with test=True"
            )
        named, notes = dict(runs.jobs), list(runs.common.notes)
        if (tests := len({run.name for run in runs.done if not run.failure}) - 1) > 1:
            notes.append(
                f"The p values are corrected for there being {tests} comparisons (Holm's procedure)."
            )
        rule = better_rule(runs.common, list(named.values()))
        return cls(tuple(runs.done), runs.common.series, rule, tuple(notes))

    @property
    def names(self) -> list[str]:
        """The configs, in the order given."""
        return list(dict.fromkeys(run.name for run in self.outcomes))

    @property
    def horizon(self) -> int:
        """Steps ahead of every forecast."""
        return self.outcomes[0].config.horizon

    @property
    def season(self) -> int:
        """Points in one seasonal cycle, 1 for none."""
        return season_length(self.series)

    @property
    def unit(self) -> str:
        """That of the series and of every error; "" where it declares none."""
        unit = str(self.series.attrs.get("unit", ""))
        return "" if unit == "none" else unit

    @property
    def best(self) -> str | None:
        """The config with the smallest mean error on the validation part; None where all failed.

        Whether it is better than another one is for `verdicts` to say.
        """
        errors = self.table["val_error"].dropna()
        return str(errors.idxmin()) if len(errors) else None

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each training: its name, seed, errors and cost; ``failure`` is "" where it ended well."""
        columns = ["name", "seed", "val_error", "test_error", "parameters", "epoch_seconds", "seconds"]
        columns += ["best_epoch", "seconds_to_best", "memory", "failure"]
        return pd.DataFrame(
            [[getattr(run, name) for name in columns] for run in self.outcomes], columns=columns
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each config.

        ``val_error`` and ``test_error``, mean absolute errors in the unit of the series, are means over
        seeds, ``val_spread`` and ``test_spread`` their standard deviations over seeds (NaN with one seed);
        ``skill`` is of the test error, against `naive`. ``epoch_seconds`` and ``seconds_to_best`` are
        medians over seeds; ``memory`` is in bytes. ``seeds`` counts the trainings that ended well.
        """
        return pd.DataFrame(
            [self._row(name) for name in self.names], index=pd.Index(self.names, name="config")
        )

    def _row(self, name: str) -> dict[str, float | int]:
        trained = [run for run in self.outcomes if run.name == name]
        well = [run for run in trained if not run.failure]
        validation, test = (
            pd.Series([getattr(run, which) for run in well], dtype=np.float64)
            for which in ("val_error", "test_error")
        )
        return {
            "val_error": validation.mean(),
            "val_spread": validation.std(),
            "test_error": test.mean(),
            "test_spread": test.std(),
            "skill": self._skill(name),
            "parameters": trained[0].parameters,
            "epoch_seconds": _median(run.epoch_seconds for run in trained),
            "seconds_to_best": _median(run.seconds_to_best for run in well),
            "memory": trained[0].memory,
            "seeds": len(well),
        }

    def _skill(self, name: str) -> float:
        """Against the naive rule, on the cutoffs where that has a forecast."""
        if self.naive is None or name not in self._errors:
            return float("nan")
        reference = self.naive.test_errors.to_numpy()
        known = np.isfinite(reference)
        return skill(float(self._errors[name][:, known].mean()), float(reference[known].mean()))

    def equal(self, one: str, other: str) -> Difference:
        """Test whether two configs err alike on the test part: see `lstmwidgets.analysis.choosing.paired`.

        Its ``mean`` is the error of ``one`` less that of ``other``. Its ``p`` is of these two alone: whoever
        looks at many pairs will find one that chance has parted.

        Raises
        ------
        LSTMWidgetsError
            When there is no config of a name, or all its trainings failed.
        """
        for name in (one, other):
            if name not in self._errors:
                known = ", ".join(map(repr, self._errors)) or "none"
                raise LSTMWidgetsError(f"there is no result of {name!r} here: those with one are {known}")
        return difference(self._errors[one], self._errors[other], self.horizon)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """A row for each config beside the `best` one, on the test part.

        The ``difference`` of its mean error from that of the best, in the unit of the series, with its
        interval at 95 %, ``low`` to ``high``; ``p``; and ``corrected``, which is ``p`` by Holm's procedure
        over all rows. The best is chosen on other cutoffs but by the same trainings, so that a lucky seed
        counts twice: of 40,000 simulated sets of configs alike, one was told from the best in up to 6 % with
        three configs, and in up to 9 % with six.
        """
        columns = ["difference", "low", "high", "p"]
        others = [name for name in self._errors if name != self.best]
        found = [self.equal(name, self.best) for name in others if self.best is not None]
        rows = [[test.mean, *test.interval(), test.p] for test in found]
        table = pd.DataFrame(rows, pd.Index(others, name="config"), columns=columns, dtype=np.float64)
        return table.assign(corrected=holm(table["p"].tolist()))

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each config beside the best one on validation, on how they err on the test part.

        Configs are told apart where the corrected ``p`` is below 0.05, else they are equal within noise.
        """
        return words.verdicts(self)

    @property
    def cautions(self) -> list[str]:
        """What to heed before believing the verdicts: epochs that ended too early, a naive rule unbeaten."""
        rule, skills = self.naive, self.table["skill"].dropna()
        said = [still_learning(self.outcomes, "the order")]
        if rule is not None and len(skills) and skills.max() <= 0:
            said.insert(0, unbeaten(rule.name, rule.test_error, self.unit, "test", "choosing among them"))
        return list(filter(None, said))

    def __str__(self) -> str:
        return words.as_text(self)

    def __repr__(self) -> str:
        return words.as_text(self)

    def _repr_html_(self) -> str:
        return words.as_html(self)

    @cached_property
    def _errors(self) -> dict[str, NDArray[np.float64]]:
        """Test errors of the configs that have a result, each (seeds, cutoffs)."""
        found: dict[str, list[NDArray[np.float64]]] = {}
        for run in self.outcomes:
            if not run.failure:
                found.setdefault(run.name, []).append(run.test_errors.to_numpy(np.float64))
        return {name: np.array(errors) for name, errors in found.items()}


def _median(values: Iterable[float]) -> float:
    return float(pd.Series(list(values), dtype=np.float64).median())
