"""Leak on purpose, and see by how much the score would have been flattered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.diagnosis.checks.finding import MATTERS, compared, number, percent
from lstmwidgets.analysis.scoring.baselines import Baseline, RepeatLast, SeasonalNaive, WindowMean
from lstmwidgets.analysis.scoring.metrics import mae, skill
from lstmwidgets.analysis.scoring.tables import better_naive
from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.features import reading_of
from lstmwidgets.data.scaling import fit_scaler
from lstmwidgets.data.series import read_series, season_length
from lstmwidgets.data.windows import PARTS, Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError

HONEST, SCALED, CHOSEN, SHUFFLED, IN_SAMPLE = (
    "honest",
    "scaled on all data",
    "chosen on the test part",
    "shuffled windows",
    "scored in sample",
)

_DONE = {
    HONEST: "Split in time order, scaled on the training part and chosen on the validation part",
    SCALED: "With the scaler fitted on all the data, the test part included",
    CHOSEN: "With the best epoch chosen on the test part",
    SHUFFLED: "With windows put at random into training, validation and test, so that their targets overlap",
    IN_SAMPLE: "Scored on the windows it was trained on",
}


def leakage_tripwire(
    series: Any, config: LSTMConfig | None = None, seeds: int = 1, *, progress_bar: bool = True
) -> pd.DataFrame:
    """Train one config honestly and in leaky ways, and tell how much better each leak makes it look.

    Four trainings a seed. All ways use the same series, settings and numbers of windows; each differs
    from the honest one in one thing:

    - "scaled on all data": the scaler has seen validation and test. With ``centering="last"`` a window
      is read relative to its last value and the scaler sets the unit of changes only, so that there
      is next to nothing to leak; with ``"none"`` it tells the level and the spread of what is to come.
    - "chosen on the test part": the weights kept are those of the epoch best on test, as wherever
      ``validation_data`` is the test set.
    - "shuffled windows": windows are put into the parts at random, so that training sees the targets
      of test windows in its own, and what came after them.
    - "scored in sample": no other training, but scored on the training part.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional
    seeds : int
        How many seeds, from ``config.seed`` on; results are their means.
    progress_bar : bool
        Show a bar for each training, in a terminal or a notebook.

    Returns
    -------
    pandas.DataFrame
        Index ``way``. ``MAE`` on the way's own test windows and ``naive MAE`` on the same windows, both in
        the unit of the series; ``skill``, one less the ratio of the two; ``flattery``, the share by which
        the error in units of the naive one seems smaller than the honest one: 0.3 is an error that seems
        30 % smaller, below 0 the leak did harm. Errors are compared in that unit because windows drawn
        at random may be easier. ``spread``, the standard deviation of flattery over seeds (NaN for one);
        ``sentence``, the row in words. ``attrs``: ``naive``, its name; ``seeds``; ``notes``.

    Raises
    ------
    LSTMWidgetsError
        When ``seeds`` is not a whole number from 1 up, or the config does not fit the series.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, (int, np.integer)) or seeds < 1:
        raise LSTMWidgetsError(f"seeds={seeds!r} is not accepted: seeds takes a whole number from 1 up")
    config, series = checked_config(config), read_series(series)
    naive = _naive(series, make_windows(series, config))
    unit = str(series.attrs.get("unit", "")).replace("none", "")
    rows = []
    for seed in range(config.seed, config.seed + seeds):
        settings = config.replace(seed=seed)
        errors = dict(_errors(series, settings, naive, progress_bar))
        honest = _ratio(*errors[HONEST])
        for way, (ours, theirs) in errors.items():
            flattery = 1 - _ratio(ours, theirs) / honest if honest else math.nan
            rows.append((way, ours, theirs, skill(ours, theirs), flattery))
    each = pd.DataFrame(rows, columns=["way", "MAE", "naive MAE", "skill", "flattery"]).groupby(
        "way", sort=False
    )
    table = each.mean()
    table["spread"] = each["flattery"].std()
    table["sentence"] = [
        _sentence(str(way), row, naive.name, config, unit, int(seeds)) for way, row in table.iterrows()
    ]
    table.attrs = {"naive": naive.name, "seeds": int(seeds), "notes": _notes(int(seeds))}
    return table


def _naive(series: pd.Series, windows: Windows) -> Baseline:
    """The better naive rule on the honest test windows."""
    season = season_length(series)
    rules: list[Baseline] = [RepeatLast(), SeasonalNaive(season) if season > 1 else WindowMean()]
    actual = windows.observed(windows.test)
    errors = {rule.name: mae(actual, rule.forecast(windows, windows.test)) for rule in rules}
    best = better_naive({name: error for name, error in errors.items() if math.isfinite(error)})
    return next((rule for rule in rules if rule.name == best), rules[0])


def _errors(
    series: pd.Series, config: LSTMConfig, naive: Baseline, progress_bar: bool
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each way's error and the naive one's on the same windows."""
    honest = make_windows(series, config)
    forecaster = _trained(series, config, honest, progress_bar)
    yield HONEST, _scored(forecaster, honest, honest.test, naive)
    for way, windows in (
        (SCALED, _scaled_on_all(series, config, honest)),
        (CHOSEN, replace(honest, validation=honest.test)),
        (SHUFFLED, shuffled(honest, config.seed)),
    ):
        leaky = _trained(series, config, windows, progress_bar)
        yield way, _scored(leaky, windows, windows.test, naive)
    yield IN_SAMPLE, _scored(forecaster, honest, honest.train, naive)


def _trained(series: pd.Series, config: LSTMConfig, windows: Windows, progress_bar: bool) -> Any:
    from lstmwidgets.model.progress import ProgressBar  # TensorFlow, only where something trains
    from lstmwidgets.model.training import Trainer

    listeners = [ProgressBar()] if progress_bar else []
    return Trainer(series, config, callbacks=listeners, windows=windows).run().forecaster


def _scored(
    forecaster: Any, windows: Windows, starts: NDArray[np.int32], naive: Baseline
) -> tuple[float, float]:
    actual, rule = windows.observed(starts), naive.forecast(windows, starts)
    both = np.isfinite(actual) & np.isfinite(rule)  # the seasonal naive knows nothing in the first cycle
    return mae(actual[both], forecaster.forecast_windows(starts)[both]), mae(actual[both], rule[both])


def _scaled_on_all(series: pd.Series, config: LSTMConfig, honest: Windows) -> Windows:
    every = np.sort(np.concatenate([honest.starts(part) for part in PARTS]))
    return make_windows(series, config, fit_scaler(reading_of(series), len(series), every, config))


def shuffled(windows: Windows, seed: int) -> Windows:
    """The same windows in parts of the same sizes, put there at random: what no one should do.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2)
    >>> honest = make_windows(lw.load_dataset("nile"), config)
    >>> mixed = shuffled(honest, seed=0)
    >>> len(mixed.test) == len(honest.test), bool(mixed.train.max() > mixed.test.min())
    (True, True)
    """
    every = np.concatenate([windows.starts(part) for part in PARTS])
    mixed = np.random.default_rng([seed, len(every)]).permutation(every)
    ends = np.cumsum([len(windows.starts(part)) for part in PARTS])[:-1]
    train, validation, test = (np.sort(part) for part in np.split(mixed, ends))
    return replace(windows, train=train, validation=validation, test=test)


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else math.nan


def _sentence(way: str, row: pd.Series, naive: str, config: LSTMConfig, unit: str, seeds: int) -> str:
    """One row of the table in words."""
    gain, flattery, spread = float(row["skill"]), float(row["flattery"]), float(row["spread"])
    if not math.isfinite(flattery):
        return f"{_DONE[way]}: there is no error to compare, because one of the two makes none."
    if way == HONEST:
        return f"{_DONE[way]}, it errs {compared(gain)} {naive} (MAE {number(float(row['MAE']), unit)})."
    said = f"{_DONE[way]}, the error seems "
    if abs(flattery) < MATTERS:
        said += "as large as it is"
    else:
        said += f"{percent(abs(flattery))} {'smaller' if flattery > 0 else 'larger'} than it is"
    if math.isfinite(spread):
        chance = abs(flattery) >= MATTERS and abs(flattery) < 2 * spread / math.sqrt(seeds)
        said += f"{', which may be chance' if chance else ''} (± {percent(spread)} from seed to seed)"
    if way == SCALED:
        said += (
            ". Windows are read relative to their last value, so that a scaler has next to nothing to tell"
            if config.centering == "last"
            else ". With centering='none' the scaler tells the level and the spread of what is to come"
        )
    return f"{said}."


def _notes(seeds: int) -> list[str]:
    if seeds > 1:
        return []
    return [
        "One seed: another one alone may move an error by a few per cent. Pass seeds=3 to see by how much."
    ]
