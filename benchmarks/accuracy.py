"""How far off the forecasts are, beside rules and a linear rival, by the protocols of the field.

.venv/bin/python benchmarks/accuracy.py                          everything that is there, 3 seeds
.venv/bin/python benchmarks/accuracy.py --only m4 --sample 40    a quick look at M4
.venv/bin/python benchmarks/accuracy.py --write                  everything, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from numpy.typing import NDArray

import lstmwidgets as lw
from lstmwidgets.analysis.scoring.baselines import default_baselines
from lstmwidgets.analysis.scoring.metrics import mase, smape
from lstmwidgets.data.windows import Split, make_windows
from lstmwidgets.model.backend import keras

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
OURS = "LSTM"
TOGETHER = "LSTM, mean of the seeds"

ETTH1 = {
    "sequence_length": 336,
    "units": 16,
    "epochs": 10,
    "batch_size": 128,
    "learning_rate": 0.0001,
    "highway": "linear",
}
ETTH1_BARS = {24: (0.0275, 0.126), 48: None, 96: None}
"""Highest MSE and MAE allowed, where there are such; in any case MAE lies 12 % below repeat last."""

M4_EACH = {"sequence_length": 168, "horizon": 48, "units": 32, "epochs": 10, "batch_size": 64}
M4_ALL = {"sequence_length": 168, "horizon": 48, "units": 32, "epochs": 5, "batch_size": 256}
M4_BOTH = {"learning_rate": 0.003, "highway": "linear", "loss": "absolute"}
M4_BARS, M4_AIMS = (13.0, 1.10), (11.5, 0.90)
"""sMAPE and MASE to stay below, and to aim at."""
M4_SEASON, M4_AHEAD = 24, 48

SUNSPOT_CUTOFFS = slice(99, 298)
"""A walk over two centuries, for 41 test cutoffs cannot show 3 points; the first 80 calibrate."""

WHEELS = {
    "co2": {"sequence_length": 104, "horizon": 52, "units": 32, "epochs": 20, "highway": "linear"},
    "seattle_temperature": {"sequence_length": 168, "units": 32, "epochs": 12, "highway": "linear"},
    "sunspots": {"sequence_length": 33, "horizon": 11, "units": 16, "epochs": 40, "highway": "linear"},
}


@dataclass
class Rows:
    """Scores by model and seed: one number for a rule, one a seed for what is trained."""

    columns: tuple[str, ...]
    largest: tuple[str, ...] = ("skill",)
    scores: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)

    def add(self, model: str, *scores: float) -> None:
        self.scores.setdefault(model, []).append(scores)

    def mean(self, model: str) -> NDArray[np.float64]:
        return np.mean(self.scores[model], axis=0)

    def markdown(self, digits: int) -> str:
        lines = [f"| | {' | '.join(self.columns)} |", f"|---|{'--:|' * len(self.columns)}"]
        signs = np.array([-1 if column in self.largest else 1 for column in self.columns])
        best = signs * np.min([signs * self.mean(model) for model in self.scores], axis=0)
        for model, runs in self.scores.items():
            mean, spread = np.mean(runs, axis=0), np.std(runs, axis=0, ddof=1) if len(runs) > 1 else None
            cells = []
            for column, value in enumerate(mean):
                text = f"{value:.{digits}f}" + ("" if spread is None else f" ± {spread[column]:.{digits}f}")
                cells.append(f"**{text}**" if np.isclose(value, best[column], rtol=1e-6) else text)
            lines.append(f"| {model} | {' | '.join(cells)} |")
        return "\n".join(lines)


def cosine(config: lw.LSTMConfig, windows: int) -> keras.optimizers.Optimizer:
    """Adam whose steps grow smaller along half a cosine, to nothing at the last batch."""
    steps = config.epochs * -(-windows // config.batch_size)
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, steps))


def trained(series: pd.Series, config: lw.LSTMConfig) -> Any:
    windows = make_windows(series, config)
    return lw.Trainer(series, config, optimizer=cosine(config, len(windows.train))).run().forecaster


# --- ETTh1 ----------------------------------------------------------------------------------------


def etth1(folder: Path, seeds: int, sample: int | None) -> Iterator[str]:
    frame = pd.read_csv(folder / "ETTh1.csv", parse_dates=["date"]).iloc[:14400]
    series = frame.set_index("date")["OT"].asfreq("h")
    scale = float(series.iloc[:8640].std(ddof=0))
    yield (
        "### ETTh1, oil temperature\n\nErrors on z-scores over all 2,880 test hours, stride 1; 8,640 hours "
        "to train, 2,880 to validate. One network of 16 units reading 336 hours, with the linear highway, "
        "for 10 epochs; ridge reads the same windows. Spread: standard deviation over seeds."
    )
    for horizon, bars in ETTH1_BARS.items():
        rows, forecasts = Rows(("MSE", "MAE")), []
        windows = None
        for seed in range(seeds):
            config = lw.LSTMConfig(
                horizon=horizon, seed=seed, validation_fraction=0.2, test_fraction=0.2, **ETTH1
            )
            forecaster = trained(series, config)
            windows = forecaster.windows_
            forecasts.append(forecaster.forecast_windows(windows.test))
            rows.add(OURS, *_z_errors(forecasts[-1], windows, scale))
        if seeds > 1:
            rows.add(TOGETHER, *_z_errors(np.mean(forecasts, axis=0), windows, scale))
        for rule in default_baselines(24):
            answers = rule.fit(windows).forecast(windows, windows.test)
            rows.add(rule.name, *_z_errors(answers, windows, scale))
        (mse, mae), repeat = rows.mean(OURS), rows.mean("repeat last")[1]
        met = mae <= 0.88 * repeat and (bars is None or (mse <= bars[0] and mae <= bars[1]))
        wanted = "" if bars is None else f", MSE at most {bars[0]} and MAE at most {bars[1]}"
        yield (
            f"#### {horizon} hours ahead\n\n{rows.markdown(4)}\n\nThe LSTM's MAE is {1 - mae / repeat:.1%} "
            f"below that of repeat last; 12 % wanted{wanted}: {'met' if met else '**missed**'}."
        )


def _z_errors(forecasts: NDArray[np.float64], windows: Any, scale: float) -> tuple[float, float]:
    errors = (forecasts - windows.observed(windows.test)) / scale
    return float(np.mean(errors**2)), float(np.mean(np.abs(errors)))


# --- M4 Hourly ------------------------------------------------------------------------------------


def m4(folder: Path, seeds: int, sample: int | None) -> Iterator[str]:
    series = _m4_series(folder, sample)
    rows, forecasts = Rows(("sMAPE", "MASE")), []
    began = time.perf_counter()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as workers:
        for seed in range(seeds):
            config = lw.LSTMConfig(seed=seed, **M4_EACH, **M4_BOTH)
            forecasts.append(np.array(list(workers.map(partial(_m4_one, config=config), series.values()))))
            rows.add(OURS, *_m4_scores(series, forecasts[-1]))
    each_seconds = (time.perf_counter() - began) / seeds
    if seeds > 1:
        rows.add(TOGETHER, *_m4_scores(series, np.mean(forecasts, axis=0)))
    began = time.perf_counter()
    for seed in range(seeds):
        config = lw.LSTMConfig(seed=seed, **M4_ALL, **M4_BOTH)
        count = sum(len(one) - 3 * M4_AHEAD - config.sequence_length + 1 for one in series.values())
        together = lw.GlobalForecaster(config).fit(
            series, split=_m4_split, optimizer=cosine(config, count), progress_bar=False
        )
        windows = together.windows_
        rows.add("LSTM, one for all series", *_m4_scores(series, together.forecast_windows(windows.test)))
    all_seconds = (time.perf_counter() - began) / seeds
    for rule in default_baselines(M4_SEASON):
        answers = [rule.fit(member).forecast(member, member.test)[-1] for member in windows.members]
        rows.add(rule.name, *_m4_scores(series, np.array(answers)))
    which = f"a sample of {len(series)} series" if sample else f"all {len(series)} series"
    yield (
        f"### M4 Hourly\n\nThe official 48 hours after the end of {which}, averaged over series: sMAPE in "
        "per cent, MASE on a season of 24. The last 48 hours known choose the epoch. A network for each "
        f"series ({_told(M4_EACH)}; {each_seconds:.0f} s in all), and one for all, each on its own "
        f"scale ({_told(M4_ALL)}; {all_seconds:.0f} s); both with {_told(M4_BOTH)}. Of the competition "
        "(Makridakis et al., 2020, International Journal of Forecasting 36(1)): MLP 13.842 / 2.607, RNN "
        f"14.698 / 3.048, second place 11.506 / 0.819, winner 9.328 / 0.893.\n\n{rows.markdown(3)}\n\n"
        f"Of the LSTM: {_below(rows.mean(OURS), M4_BARS, 'wanted')}; "
        f"{_below(rows.mean(OURS), M4_AIMS, 'aimed at')}."
    )


def _m4_one(series: pd.Series, config: lw.LSTMConfig) -> NDArray[np.float64]:
    """Train on all but the last 96 hours, choose the epoch on 48 of these, and forecast the last 48."""
    windows = make_windows(series, config, split=_m4_split(len(series)))
    optimizer = cosine(config, len(windows.train))
    forecaster = lw.Trainer(series, config, windows=windows, optimizer=optimizer).run().forecaster
    assert forecaster is not None
    return forecaster.forecast_windows(windows.test)[-1]


def _m4_split(length: int) -> Split:
    return Split(length - 2 * M4_AHEAD, length - M4_AHEAD, length)


def _told(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())


def _below(scores: NDArray[np.float64], bars: tuple[float, float], word: str) -> str:
    met = "met" if (scores < bars).all() else "**missed**"
    return f"sMAPE below {bars[0]} and MASE below {bars[1]} {word}: {met}"


def _m4_series(folder: Path, sample: int | None) -> dict[str, pd.Series]:
    known = pd.read_csv(folder / "m4_hourly_train.csv", index_col=0)
    later = pd.read_csv(folder / "m4_hourly_test.csv", index_col=0)
    names = list(known.index)
    if sample:
        names = sorted(np.random.default_rng(0).choice(names, sample, replace=False))
    found = {}
    for name in names:
        values = np.concatenate([known.loc[name].dropna().to_numpy(), later.loc[name].to_numpy()])
        index = pd.date_range("2000-01-01", periods=len(values), freq="h", name="ds")
        found[name] = pd.Series(values.astype(np.float64), index, name=name)
    return found


def _m4_scores(series: dict[str, pd.Series], forecasts: NDArray[np.float64]) -> tuple[float, float]:
    each = []
    for one, forecast in zip(series.values(), forecasts, strict=True):
        values = one.to_numpy()
        came, known = values[-M4_AHEAD:], values[:-M4_AHEAD]
        each.append((200 * smape(came, forecast), mase(came, forecast, known, M4_SEASON)))
    means = np.mean(each, axis=0)
    return float(means[0]), float(means[1])


# --- series that come with the package ------------------------------------------------------------


def wheels(folder: Path, seeds: int, sample: int | None) -> Iterator[str]:
    yield (
        "### Series that come with the package\n\nMAE over every window of the test part, in the series' own "
        "unit, and skill against the better naive rule; beside them what the diagnosis says of seed 0."
    )
    for name, settings in WHEELS.items():
        rows = Rows(("MAE", "skill"))
        series, verdict = lw.load_dataset(name), ""
        for seed in range(seeds):
            forecaster = trained(series, lw.LSTMConfig(seed=seed, **settings))
            scores = lw.score_table(forecaster, "test")
            rows.add(OURS, *scores.loc[OURS, ["MAE", "skill"]])
            if seed == 0:
                verdict = lw.diagnose(forecaster).verdict
                others = scores.drop(index=OURS)
        for rule, score in others.iterrows():
            rows.add(str(rule), *score[["MAE", "skill"]])
        yield f"#### {name} ({_told(settings)})\n\n{rows.markdown(3)}\n\nThe diagnosis: {verdict}"


# --- intervals ------------------------------------------------------------------------------------


def coverage(folder: Path, seeds: int, sample: int | None) -> Iterator[str]:
    lines = [
        "### Intervals\n\nShare of what came that intervals held on the test part, every window, at nominal "
        "80 and 90 %; calibrated on the validation part (sunspots: a walk of 199 cutoffs, a new network "
        "every 8, the first 80 to calibrate). Split conformal keeps its widths; adaptive moves them with "
        "the hits and misses known by each cutoff, by gamma 0.005 as in Gibbs and Candès (2021). Within 3 "
        "points wanted of one of them; mean and spread over seeds.\n",
        "| series | split, 80 % | split, 90 % | adaptive, 80 % | adaptive, 90 % | |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, series, config in _for_intervals(folder):
        shares = []
        for seed in range(seeds):
            before, after = _two_backtests(series, config.replace(seed=seed), refits=name == "sunspots")
            split = lw.SplitConformal().fit(before).apply(after)
            adaptive = lw.adaptive_conformal(after, calibration=before)
            shares.append([*_held(split), *_held(adaptive)])
        mean = np.mean(shares, axis=0)
        spread = np.std(shares, axis=0, ddof=1) if seeds > 1 else np.zeros(4)
        cells = " | ".join(f"{100 * m:.1f} ± {100 * s:.1f}" for m, s in zip(mean, spread, strict=True))
        near = np.abs(mean - [0.8, 0.9, 0.8, 0.9]) <= 0.03
        said = (
            "both"
            if near.all()
            else "split"
            if near[:2].all()
            else "adaptive"
            if near[2:].all()
            else "**missed**"
        )
        lines.append(f"| {name} | {cells} | {said} |")
    yield "\n".join(lines)


def _two_backtests(
    series: pd.Series, config: lw.LSTMConfig, refits: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One to calibrate on, one to judge by: the validation and the test part, or a walk of refits."""
    forecaster = trained(series, config)
    if not refits:
        parts = (
            lw.backtest(forecaster, part=part, step=1, baselines=[], progress_bar=False)
            for part in ("validation", "test")
        )
        return next(parts), next(parts)
    cutoffs = series.index[SUNSPOT_CUTOFFS]
    walk = lw.backtest(forecaster, cutoffs=cutoffs, refit=8, baselines=[], progress_bar=False)
    judged = walk["cutoff"] >= cutoffs[80]
    return walk[~judged], walk[judged]


def _for_intervals(folder: Path) -> Iterator[tuple[str, pd.Series, lw.LSTMConfig]]:
    if (folder / "ETTh1.csv").exists():
        frame = pd.read_csv(folder / "ETTh1.csv", parse_dates=["date"]).iloc[:14400]
        series = frame.set_index("date")["OT"].asfreq("h")
        yield (
            "ETTh1, 24 h",
            series,
            lw.LSTMConfig(horizon=24, validation_fraction=0.2, test_fraction=0.2, **ETTH1),
        )
    for name, settings in WHEELS.items():
        yield name, lw.load_dataset(name), lw.LSTMConfig(**settings)


def _held(frame: pd.DataFrame) -> list[float]:
    return [float(share) for share in lw.coverage_table(frame)["coverage"]]


# --- the run --------------------------------------------------------------------------------------

CLAIMS: dict[str, tuple[Callable[[Path, int, int | None], Iterator[str]], tuple[str, ...]]] = {
    "etth1": (etth1, ("ETTh1.csv",)),
    "m4": (m4, ("m4_hourly_train.csv", "m4_hourly_test.csv")),
    "wheels": (wheels, ()),
    "coverage": (coverage, ()),
}


def main() -> None:
    """Print each table as it is finished, and write all of them when asked to."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=CLAIMS, help="one of the tables")
    options.add_argument(
        "--data", type=Path, default=DATA, help="folder with ETTh1.csv and M4's hourly files"
    )
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--sample", type=int, help="so many of M4's series instead of all")
    options.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    given = options.parse_args()
    if given.write and (given.only or given.sample):
        options.error("--write is for everything: leave --only and --sample out")
    parts = [f"{results.about(results.machine())}; {given.seeds} seeds."]
    print(parts[0], flush=True)
    for name in [given.only] if given.only else CLAIMS:
        claim, files = CLAIMS[name]
        absent = [file for file in files if not (given.data / file).exists()]
        if absent:
            parts.append(f"{name} was left out: {', '.join(absent)} not found (--data names their folder).")
            print(f"\n{parts[-1]}", flush=True)
            continue
        for text in claim(given.data, given.seeds, given.sample):
            parts.append(text)
            print(f"\n{text}", flush=True)
    if given.write:
        results.write_section(HERE / "README.md", "accuracy.py", "\n\n".join(parts))


if __name__ == "__main__":
    main()
