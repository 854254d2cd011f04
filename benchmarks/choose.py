"""Self-tuning beside the best of a grid, and beside Optuna over the same grid.

.venv/bin/python benchmarks/choose.py             three series, a grid of 64 points each
.venv/bin/python benchmarks/choose.py --quick     CO2 alone, a grid of 16 points, in a minute
.venv/bin/python benchmarks/choose.py --write     everything, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments
import numpy as np
import optuna
import pandas as pd
import results

import lstmwidgets as lw
from lstmwidgets.model.choosing.errors import errors_by_cutoff

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
SAVED = environments.FOLDER / "choose.json"

UNITS = (8, 16, 32, 64)
RATES = (0.001, 0.01)
HIGHWAYS = ("none", "linear")
FIXED: dict[str, Any] = {"horizon": 24, "epochs": 10, "patience": 3}
"""What auto and every point of the grid are told alike."""

SEARCHES = 50
"""Optuna's searches, each from a seed of its own."""

WITHIN, SHARE = 1.03, 0.1
"""Times the error of the grid's best point, and of its time, that self-tuning is to stay below."""

BUSY = 0.5
COLUMNS = ("sequence_length", "units", "highway", "learning_rate")


@dataclass(frozen=True)
class Case:
    """A series, and the four lengths of its grid: a half, one, two … of what its season suggests."""

    read: Callable[[Path], pd.Series]
    lengths: tuple[int, ...]
    fixed: dict[str, Any]


def _temperature(folder: Path) -> pd.Series:
    return lw.load_dataset("seattle_temperature")


def _co2(folder: Path) -> pd.Series:
    return lw.fill(lw.load_dataset("co2"), "seasonal")


def _etth1(folder: Path) -> pd.Series:
    """The 20 months of Zhou et al. (2021), AAAI: 12 to train, 4 to validate, 4 to test."""
    frame = pd.read_csv(folder / "ETTh1.csv", parse_dates=["date"]).iloc[:14400]
    return frame.set_index("date")["OT"].asfreq("h")


CASES = {
    "seattle_temperature": Case(_temperature, (24, 48, 96, 192), FIXED),
    "co2": Case(_co2, (26, 52, 104, 208), FIXED),
    "ETTh1 OT": Case(_etth1, (24, 48, 96, 192), {**FIXED, "validation_fraction": 0.2, "test_fraction": 0.2}),
}


def timed(forecaster: lw.LSTMForecaster, series: pd.Series) -> dict[str, float]:
    """Fit, and say how long it took and how far off it is."""
    began = time.perf_counter()
    forecaster.fit(series, progress_bar=False)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "validation": float(errors_by_cutoff(forecaster).mean()),
        "test": float(errors_by_cutoff(forecaster, "test").mean()),
    }


def measure(
    series: pd.Series, case: Case, seeds: int, quick: bool
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The grid, a row a point, and the self-tunings, spread evenly over the time that it takes."""
    points = list(itertools.product(case.lengths, UNITS, HIGHWAYS, RATES))
    if quick:
        points = list(itertools.product(case.lengths[1:3], UNITS[:2], HIGHWAYS, RATES))
    pauses = np.linspace(0, len(points), seeds).round().astype(int).tolist()
    rows, autos = [], []
    for number in range(len(points) + 1):
        for seed in [seed for seed, pause in enumerate(pauses) if pause == number]:
            forecaster = lw.LSTMForecaster(lw.LSTMConfig(seed=seed, **case.fixed), auto=True)
            autos.append({**timed(forecaster, series), **_chosen(forecaster), "seed": seed})
            print(f"  auto, seed {seed}: {autos[-1]}\n{forecaster.decisions_}", flush=True)
        if number < len(points):
            asked = dict(zip(COLUMNS, points[number], strict=True))
            config = lw.LSTMConfig(**asked, **case.fixed)
            rows.append({**asked, **timed(lw.LSTMForecaster(config), series)})
            print(f"  {number + 1} of {len(points)}: {rows[-1]}", flush=True)
    return pd.DataFrame(rows), autos


def _chosen(forecaster: lw.LSTMForecaster) -> dict[str, Any]:
    return {name: getattr(forecaster.config, name) for name in (*COLUMNS, "calendar")}


def search(grid: pd.DataFrame, seed: int, seconds: float | None) -> int:
    """The best point of one of Optuna's searches: for so many seconds, or with a trial for each point.

    The same settings give the same training, error and, but for noise, time: so a trial reads what the grid
    measured instead of training again, and a point that is tried twice takes its time twice.
    """
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    table = grid.set_index(list(COLUMNS))
    spent, best = 0.0, (np.inf, 0)
    for _ in range(len(grid)):
        trial = study.ask()
        asked = tuple(trial.suggest_categorical(name, grid[name].unique().tolist()) for name in COLUMNS)
        place = table.index.get_loc(asked)
        spent += grid["seconds"][place]
        if seconds is not None and spent > seconds:
            break
        study.tell(trial, grid["validation"][place])
        best = min(best, (grid["validation"][place], place))
    return best[1]


def summary(
    grid: pd.DataFrame, autos: list[dict[str, Any]]
) -> tuple[pd.DataFrame, list[tuple[str, str, bool]]]:
    """Every way's errors and time, over those of the grid, and what was to be reached."""
    total, best = grid["seconds"].sum(), grid.loc[grid["validation"].idxmin()]
    auto = pd.DataFrame(autos)
    ways = {
        f"grid of {len(grid)}": pd.DataFrame([{**best, "seconds": total}]),
        "auto": auto,
        "Optuna, as long as auto": grid.loc[
            [search(grid, seed, auto["seconds"].median()) for seed in range(SEARCHES)]
        ].assign(seconds=auto["seconds"].median()),
        f"Optuna, {len(grid)} trials": grid.loc[
            [search(grid, seed, None) for seed in range(SEARCHES)]
        ].assign(seconds=total),
    }
    rows = {}
    for way, found in ways.items():
        if len(found):
            rows[way] = {
                "validation": found["validation"] / best["validation"],
                "test": found["test"] / best["test"],
                "seconds": found["seconds"],
                "of the grid's time": found["seconds"] / total,
            }
    errors = [float(rows["auto"][part].median()) for part in ("validation", "test")]
    share = float(rows["auto"]["of the grid's time"].median())
    targets = [
        (
            f"validation error within {WITHIN - 1:.0%} of the grid's best",
            f"{errors[0]:.3f}×",
            errors[0] <= WITHIN,
        ),
        (f"test error within {WITHIN - 1:.0%} of that point's", f"{errors[1]:.3f}×", errors[1] <= WITHIN),
        ("a tenth of the grid's time", f"{share:.3f}×", share <= SHARE),
    ]
    return pd.DataFrame(rows).T, targets


def markdown(
    name: str, case: Case, grid: pd.DataFrame, autos: list[dict[str, Any]], unit: str
) -> tuple[str, Any]:
    """A section on one series."""
    table, targets = summary(grid, autos)
    best = grid.loc[grid["validation"].idxmin()]
    lines = [
        "| | validation error | test error | seconds | of the grid's time |",
        "|---|--:|--:|--:|--:|",
    ]
    for way, row in table.iterrows():
        cells = [
            _spread(row[column], digits) for column, digits in zip(table.columns, (3, 3, 1, 3), strict=True)
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    chosen = "; ".join(
        f"seed {auto['seed']}: {_point(auto)}{', calendar' if auto['calendar'] == 'cycles' else ''}"
        for auto in autos
    )
    text = (
        f"### {name}\n\nErrors over those of the grid's best point on the validation part ({_point(best)}: "
        f"validation {best['validation']:.4g}, test {best['test']:.4g} {unit}); median, smallest and largest "
        f"in brackets: "
        f"{len(autos)} seeds of auto, {SEARCHES} searches of Optuna.\n\n"
        + "\n".join(lines)
        + f"\n\nauto chose: {chosen}."
    )
    return text, [(f"{name}: {target}", figure, met) for target, figure, met in targets]


def _point(found: Any) -> str:
    highway = "with" if found["highway"] == "linear" else "without"
    rate = f"{found['learning_rate']:g}"
    return f"{found['sequence_length']} steps, {found['units']} units, {highway} highway, rate {rate}"


def _spread(values: pd.Series, digits: int) -> str:
    text = f"{values.median():.{digits}f}"
    return text if len(values) == 1 else f"{text} ({values.min():.{digits}f}–{values.max():.{digits}f})"


def main() -> None:
    """Measure series by series, print each as it is finished, and write all when asked to."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=CASES, help="one of the series")
    options.add_argument("--quick", action="store_true", help="CO2 alone, and a quarter of the grid")
    options.add_argument("--data", type=Path, default=DATA, help="folder with ETTh1.csv")
    options.add_argument("--seeds", type=int, default=3, help="of auto; the grid has one")
    options.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    given = options.parse_args()
    if given.write and (given.only or given.quick):
        options.error("--write is for everything: leave --only and --quick out")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    machine = results.machine()
    if machine["load"] > BUSY:
        print(f"others are at work here (load {machine['load']}): seconds will mislead", flush=True)
    parts = [f"{results.about(machine)}; optuna {optuna.__version__}."]
    lw.LSTMForecaster(lw.LSTMConfig(epochs=1)).fit(
        lw.load_dataset("co2"), progress_bar=False
    )  # loads TensorFlow
    targets, saved = [], {}
    for name in ["co2"] if given.quick else [given.only] if given.only else CASES:
        case = CASES[name]
        try:
            series = case.read(given.data)
        except FileNotFoundError as error:
            parts.append(f"{name} was left out: {error.filename} not found (--data names its folder).")
            continue
        print(name, flush=True)
        grid, autos = measure(series, case, given.seeds, given.quick)
        saved[name] = {"grid": grid.to_dict("records"), "autos": autos}
        text, met = markdown(name, case, grid, autos, str(series.attrs.get("unit", "")))
        parts.append(text)
        targets += met
        print(f"\n{text}\n", flush=True)
    parts.append(results.verdict_table(targets))
    print(parts[-1])
    SAVED.parent.mkdir(exist_ok=True)
    SAVED.write_text(json.dumps({"machine": machine, **saved}, default=float))
    if given.write:
        results.write_section(HERE / "README.md", "choose.py", "\n\n".join(parts))


if __name__ == "__main__":
    main()
