"""tune(): search for the config that forecasts a series best, within a budget."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd

from lstmwidgets.analysis.choosing.search import storing
from lstmwidgets.analysis.choosing.search.budget import checked_trials, in_words, seconds_of
from lstmwidgets.analysis.choosing.search.ground import Ground, ground_of
from lstmwidgets.analysis.choosing.search.leader import Leader
from lstmwidgets.analysis.choosing.search.progress import SearchBar
from lstmwidgets.analysis.choosing.search.result import Search
from lstmwidgets.analysis.choosing.search.space import Space, space_of
from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.features import calendar_names
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError, Unavailable

log = logging.getLogger(__name__)


def tune(
    series: Any,
    budget: str | float | timedelta | None = "5m",
    *,
    config: LSTMConfig | None = None,
    space: Sequence[str] | Mapping[str, Any] | None = None,
    trials: int | None = None,
    folds: int = 1,
    storage: Any = None,
    name: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    seed: int = 0,
    covariates: pd.DataFrame | None = None,
    on_trial: Callable[[Search], None] | None = None,
    progress_bar: bool = True,
) -> Search:
    """Search for the config with the least error on the validation part; the test part is never looked at.

    Optuna chooses what is tried: first the given config, then nine at random, then what the errors found so
    far make likely to be good (a tree-structured Parzen estimator). A trial whose best weights lag behind the
    median of the others after the same epoch is broken off. A trial's error is that of
    `lstmwidgets.model.choosing.errors.errors_by_cutoff`, averaged over the validation part's cutoffs.

    The search is kept as it goes. The same call on the same series goes on where it was, after an
    interruption or a killed process too: the trial that was under way is done again, and none is done twice.
    Another series, space or config makes a search of its own in the same file.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    budget : str, number of seconds, timedelta or None
        How long trials may take in this call: ``"5m"``, ``"90s"``, ``"1h30m"``. The clock starts with the
        first of them, once TensorFlow is loaded. A training under way at the end is stopped within a batch;
        the next call begins with it.
    config : LSTMConfig, optional
        What the search begins with. Settings made by hand in it stay, unless ``space`` names them.
    space : sequence of str or mapping, optional
        What is varied: names of settings, or names with a range ``(low, high)``, a list of choices, or None
        for the usual range. By default sequence_length, units, layers, dropout, learning_rate, centering,
        highway and calendar.
    trials : int, optional
        How many trials the search is to have in the end, those of earlier calls included.
    folds : int
        From 1 to 20: with more than one, each config is also trained up to earlier origins, a validation part
        apart, and its error is the mean.
    storage : path, str or optuna.storages.BaseStorage, optional
        By default ``lstmwidgets-search.sqlite3`` in the current folder; any address that Optuna takes.
    name : str, optional
        Of the study in it; by default one made of the series, the space and the config.
    workers : int, optional
        So many processes on this machine; by default trials run one after another in this one.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers are used: see `lstmwidgets.batch`.
    seed : int
        Of the search. With ``trials`` and one worker, the same seed gives the same trials; that of the
        trainings is the config's.
    covariates : pandas.DataFrame, optional
        As in `lstmwidgets.make_windows`.
    on_trial : callable, optional
        Called after each trial with the `Search` so far, and at once where trials of an earlier call are
        there; a `lstmwidgets.SearchView`'s ``show`` does.
    progress_bar : bool
        Show a bar in a terminal or a notebook.

    Returns
    -------
    Search

    Raises
    ------
    LSTMWidgetsError
        For what is not accepted, for a series that the config does not fit, and when every trial failed.
    Unavailable
        When the storage cannot be opened or written to, another process is at the same search, workers cannot
        be had, or no trial came to its end within the budget.
    KeyboardInterrupt
        On Ctrl-C: what is finished stays.

    References
    ----------
    Bergstra, J., Bardenet, R., Bengio, Y. and Kégl, B. (2011). Algorithms for hyper-parameter optimization.
    Advances in Neural Information Processing Systems 24.
    Akiba, T. et al. (2019). Optuna: A next-generation hyperparameter optimization framework. KDD.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> search = lw.tune(lw.load_dataset("co2"), budget="5m")  # doctest: +SKIP
    >>> lw.LSTMForecaster(search.best).fit(lw.load_dataset("co2"))  # doctest: +SKIP
    """
    config = checked_config(config)
    seconds = seconds_of(budget)
    wanted = checked_trials(trials, seconds)
    seed = _checked_seed(seed)
    if workers is not None or scheduler is not None:
        from lstmwidgets.workers.crew import checked

        checked(workers, scheduler)
    place = storing.place_of(storage)
    source: pd.Series = read_series(series)
    ground, dials, config = _laid_out(source, config, space, folds, covariates)
    ground = ground.with_judged(_with_longest(config, dials))
    notes = _gaps(source, ground, _with_longest(config, dials))
    for note in notes:
        log.warning("%s", note)
    told = _told(ground, config, dials, seed)
    study_name = _name(source, told) if name is None else _checked_name(name)

    with ExitStack() as stack:
        stack.enter_context(storing.quiet())
        kept = stack.enter_context(storing.opened(place))
        stack.enter_context(storing.heard(place))
        study = storing.study_of(kept, study_name, told)
        stack.enter_context(storing.led(study, place))
        earlier = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
        so_far = partial(
            Search.of,
            study,
            config,
            dials,
            title=str(source.attrs.get("title", source.name)),
            unit=_unit(source),
            cutoffs=sum(map(len, ground.judged)),
            folds=len(ground.ends),
            overlap=config.horizon,
            notes=notes,
            earlier=earlier,
            place=storing.shown(place),
        )
        bar = stack.enter_context(SearchBar(study, wanted, seconds, progress_bar, earlier))
        if earlier and on_trial is not None:
            on_trial(so_far())

        def tell() -> None:
            bar.redraw()
            if on_trial is not None:
                on_trial(so_far())

        leader = Leader(
            study,
            dials,
            config,
            ground,
            trials=wanted,
            seconds=seconds,
            seed=seed,
            on_trial=tell,
            on_epoch=bar.redraw,
        )
        try:
            if workers is None and scheduler is None:
                from lstmwidgets.analysis.choosing.search.here import search_here

                search_here(leader)
            else:
                from lstmwidgets.analysis.choosing.search.there import search_there

                search_there(leader, workers, scheduler)
        except KeyboardInterrupt:
            count = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
            raise KeyboardInterrupt(
                f"interrupted: {count} {'trial stays' if count == 1 else 'trials stay'} in "
                f"{storing.shown(place)}. Run the same search again: it goes on"
            ) from None
        search = so_far()
    if not len(search.done) and seconds is not None and not (search.trials["state"] == "failed").any():
        raise Unavailable(
            f"no trial came to its end within budget={in_words(seconds)}: raise it, or lower epochs="
            f"{config.epochs}. The next call begins with the same trial, from its first epoch"
        )
    _ = search.best_trial  # refuses a search of which every trial failed
    return search


def longest_of(series: pd.Series, config: LSTMConfig, space: Any = None, folds: int = 1) -> LSTMConfig:
    """The config with the longest windows that a search of these parameters may try."""
    _, dials, config = _laid_out(series, config, space, folds, None)
    return _with_longest(config, dials)


def _laid_out(
    series: pd.Series, config: LSTMConfig, space: Any, folds: int, covariates: pd.DataFrame | None
) -> tuple[Ground, Space, LSTMConfig]:
    """What trials are judged on, what they vary, and the config that they begin with."""
    ground, longest = ground_of(series, config, folds, covariates)
    dials = space_of(space, config, longest, _has_calendar(series))
    return ground, dials, _fitting(config, dials)


def _gaps(series: pd.Series, ground: Ground, longest: LSTMConfig) -> tuple[str, ...]:
    """What missing values cost, a sentence each."""
    said, windows = [], ground.windows(longest)
    every = windows.left_out + len(windows.train) + len(windows.validation)
    if windows.left_out:
        said.append(
            f"{windows.left_out:,} of {every:,} windows of {longest.sequence_length} steps, the longest "
            "tried, are left out because they touch missing values: lstmwidgets.fill repairs the series."
        )
    newest = series.iloc[-longest.sequence_length :]
    if newest.isna().any() and not series.attrs.get("mask"):
        said.append(
            f"{int(newest.isna().sum())} of the newest {len(newest)} values are missing: until they are "
            "filled, a network that reads so many cannot forecast from the series' end."
        )
    return tuple(said)


def _checked_seed(seed: Any) -> int:
    return LSTMConfig(seed=seed).seed


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        raise LSTMWidgetsError(f"name={name!r} is not accepted: name takes text of 1 to 200 letters")
    return name


def _has_calendar(series: pd.Series) -> bool:
    freq = pd.DatetimeIndex(series.index).freq
    try:
        return freq is not None and bool(calendar_names(freq))
    except LSTMWidgetsError:
        return False


def _fitting(config: LSTMConfig, space: Space) -> LSTMConfig:
    """The config with windows that fit the series, where their length was not set by hand."""
    longest = _with_longest(config, space)
    by_hand = "sequence_length" in config.model_fields_set
    return config if by_hand or config.sequence_length <= longest.sequence_length else longest


def _with_longest(config: LSTMConfig, space: Space) -> LSTMConfig:
    """The config that reads the longest windows of all."""
    lengths = [max(map(int, dial.ends)) for dial in space if dial.name == "sequence_length"]
    return config.replace(sequence_length=lengths[0]) if lengths else config


def _told(ground: Ground, config: LSTMConfig, space: Space, seed: int) -> dict[str, Any]:
    """What makes a search this one: trials are comparable, and go on, where all of it is the same."""
    return {
        "data": ground.data_hash(),
        "ends": [list(each) for each in ground.ends],
        "config": config.model_dump(mode="json"),
        "space": {dial.name: str(dial) for dial in space},
        "seed": seed,
    }


def _name(series: pd.Series, told: dict[str, Any]) -> str:
    readable = re.sub(r"[^\w.-]+", "-", str(series.name)).strip("-.")[:40] or "series"
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
    return f"{readable}-{digest}"


def _unit(series: pd.Series) -> str:
    unit = str(series.attrs.get("unit", ""))
    return "" if unit == "none" else unit
