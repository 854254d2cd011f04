"""Comparisons: what is trained, what is told apart, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.choosing.compare import Comparison, compare
from lstmwidgets.analysis.choosing.configs import named_configs, seeded
from lstmwidgets.analysis.choosing.outcome import Run
from lstmwidgets.errors import LSTMWidgetsError

SMALL = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
CUTOFFS = pd.date_range("2020-01-01", periods=96, freq="D", name="cutoff")
TREND = pd.Series(np.arange(200.0), pd.date_range("2019-10-01", periods=200, freq="D"), name="y")


def made(name: str, errors: Any, val_error: float, seed: int = 0, failure: str = "") -> Run:
    """A run with the test errors given, or a number for all cutoffs."""
    by_cutoff = pd.Series(np.nan if failure else errors, CUTOFFS, dtype=np.float64)
    return Run(
        name=name,
        config=SMALL.replace(seed=seed),
        seed=seed,
        val_error=math.nan if failure else val_error,
        test_error=float(by_cutoff.mean()),
        val_errors=by_cutoff,
        test_errors=by_cutoff,
        parameters=106,
        epoch_seconds=0.5,
        seconds=10.0 + seed,
        best_epoch=4,
        seconds_to_best=2.0 + seed,
        memory=3_000_000,
        history=pd.DataFrame({"epoch": [1], "loss": [1.0], "val_loss": [1.0], "seconds": [0.5]}),
        forecast=pd.Series([1.0, 2.0], pd.date_range("2020-04-06", periods=2, freq="D", name="ds")),
        failure=failure,
    )


def noisy(rng: np.random.Generator, level: float) -> np.ndarray:
    return level + 0.1 * rng.normal(size=len(CUTOFFS))


@pytest.fixture(scope="module")
def three() -> Comparison:
    """A and B alike, C a fifth worse, and one training of C without a result."""
    rng = np.random.default_rng(0)
    runs = [made(name, noisy(rng, 1.0), 1.0 + 0.01 * seed, seed) for name in "BA" for seed in range(3)]
    runs += [made("C", noisy(rng, 1.25), 1.3, seed) for seed in range(2)]
    return Comparison((*runs, made("C", 0, 0, 2, failure="the loss is no longer a number")), TREND)


@pytest.fixture(scope="module")
def trained() -> Comparison:
    configs = {"LSTM": SMALL, "GRU": SMALL.replace(cell="gru")}
    return compare(lw.load_dataset("nile"), configs, seeds=2, progress_bar=False)


def test_it_is_said_what_the_others_are_compared_with_and_what_noise_is(three: Comparison) -> None:
    for text in (str(three), three._repr_html_()):
        assert "Compared with B, the best on validation. Noise is the 95 % interval" in " ".join(text.split())
    assert three.cautions == []


def test_noise_of_half_the_error_is_called_too_large_to_tell() -> None:
    rng = np.random.default_rng(3)
    runs = [
        made(name, np.abs(noisy(rng, level)), 1.0, seed)
        for name in "AB"
        for seed, level in enumerate((0.2, 1.8))
    ]
    (said,) = Comparison(tuple(runs), TREND).verdicts
    assert said.startswith("B and A: the noise of the test part is too large to tell (p = ")


def test_configs_whose_epochs_ended_too_early_are_named() -> None:
    epochs = pd.DataFrame({"epoch": [1, 2], "loss": 1.0, "val_loss": [1.0, 0.9], "seconds": 0.5})
    runs = [
        replace(made(name, 1.0 + seed / 9, 1.0, seed), history=epochs, best_epoch=best)
        for name, found in {"A": (2, 2, 1), "B": (1, 1, 2)}.items()
        for seed, best in enumerate(found)
    ]
    assert Comparison(tuple(runs), TREND).cautions == [
        "A was still getting better when the epochs ended (2 of 3 trainings): with more epochs the order may "
        "change."
    ]


def test_a_naive_rule_that_none_beats_is_told(trained: Comparison) -> None:
    assert trained.naive is not None
    worse = [replace(run, test_errors=run.test_errors + 1e3) for run in trained.outcomes]
    said = Comparison(tuple(worse), trained.series, trained.naive).cautions[0]
    assert said.startswith(
        f"{trained.naive.name.capitalize()} errs no more than any of them on the test part"
    )
    better = [replace(run, test_errors=run.test_errors * 0) for run in trained.outcomes]
    assert not any("errs no more" in one for one in replace(trained, outcomes=tuple(better)).cautions)


def test_what_differs_is_told_and_what_does_not_is_called_equal(three: Comparison) -> None:
    equal, worse = three.verdicts
    assert three.best == "B"
    assert equal.startswith("A and B: equal within noise on the test part (p = 0.")
    low, high = three.equal("A", "B").interval(0.975)  # one of two tests
    assert equal.endswith(f" over 96 cutoffs, 3 seeds; noise ± {50 * (high - low):.1f} %).")  # of errors of 1
    assert worse.startswith("B errs less than C on the test part by 20 % (p < 0.001 over 96 cutoffs, 2 seeds")


def test_the_best_on_validation_may_err_more_on_the_test_part() -> None:
    rng = np.random.default_rng(1)
    runs = [made("chosen", noisy(rng, 1.1), 0.9, seed) for seed in range(3)]
    runs += [made("other", noisy(rng, 1.0), 1.0, seed) for seed in range(3)]
    comparison = Comparison(tuple(runs), TREND)
    assert comparison.best == "chosen"
    (said,) = comparison.verdicts
    assert said.startswith("other errs less than chosen on the test part by ")


def test_with_one_seed_it_is_said_that_others_may_tell_otherwise() -> None:
    rng = np.random.default_rng(2)
    comparison = Comparison((made("A", noisy(rng, 1.0), 1), made("B", noisy(rng, 1.5), 2)), TREND)
    assert "over 96 cutoffs, one seed; other seeds may tell otherwise)" in comparison.verdicts[0]
    assert comparison.table["test_spread"].isna().all()


def test_too_few_cutoffs_tell_neither_a_difference_nor_that_there_is_none() -> None:
    few = np.where(np.arange(96) < 3, 1.0, np.nan)
    comparison = Comparison((made("A", few, 1), made("B", 2 * few, 2)), TREND)
    assert comparison.verdicts == [
        "B and A: cannot be told apart or called equal, for the test part has 3 cutoffs and a test over 2 "
        "steps needs 8."
    ]


def test_p_values_are_corrected_for_all_comparisons_with_the_best(three: Comparison) -> None:
    tests = three.tests
    assert tests.index.tolist() == ["A", "C"]
    assert tests.loc["A", "p"] == three.equal("A", "B").p == three.equal("B", "A").p
    assert tests["corrected"].tolist() == pytest.approx([tests.loc["A", "p"], 2 * tests.loc["C", "p"]])
    assert (tests["low"] < tests["difference"]).all() and (tests["difference"] < tests["high"]).all()
    assert tests.loc["C", "difference"] == pytest.approx(0.25, abs=0.05)


def test_no_difference_above_the_noise_told_is_called_equal() -> None:
    """Of six configs a little apart, each either differs by more than its noise or is equal."""
    rng = np.random.default_rng(5)
    runs = [
        made(name, noisy(rng, 1 + 0.03 * place) + 0.02 * rng.normal(), 1 + place / 10, seed)
        for place, name in enumerate("ABCDEF")
        for seed in range(3)
    ]
    comparison = Comparison(tuple(runs), TREND)
    seen = []
    for name, said in zip("BCDEF", comparison.verdicts, strict=True):
        gap = 100 * abs(
            comparison.table.loc[name, "test_error"] / comparison.table.loc["A", "test_error"] - 1
        )
        seen.append("equal within noise" in said)
        if seen[-1]:
            assert gap < 1.1 * float(said.split("noise ± ")[1].split(" %")[0])
    assert True in seen and False in seen


def test_the_table_has_means_and_spreads_over_seeds(three: Comparison) -> None:
    row = three.table.loc["B"]
    assert three.table.index.tolist() == ["B", "A", "C"]
    assert row["val_error"] == pytest.approx(1.01) and row["val_spread"] == pytest.approx(0.01)
    assert (row["parameters"], row["memory"], row["seconds_to_best"]) == (106, 3_000_000, 3.0)
    assert three.table["seeds"].tolist() == [3, 3, 2]
    assert three.runs["failure"].tolist() == [""] * 8 + ["the loss is no longer a number"]


def test_a_comparison_in_which_all_failed_says_so() -> None:
    failed = Comparison((made("A", 0, 0, failure="no number."), made("B", 0, 0, failure="none")), TREND)
    assert failed.best is None and failed.verdicts == [] and failed.tests.empty
    assert "A, seed 0, gave no result: no number.\n" in str(failed)
    with pytest.raises(LSTMWidgetsError, match="there is no result of 'A' here: those with one are none"):
        failed.equal("A", "B")


def test_text_and_page_hold_the_table_and_the_sentences(three: Comparison) -> None:
    for text in (str(three), three._repr_html_()):
        for part in ("equal within noise", "106", "3 MB", "C, seed 2, gave no result", "over 2 steps ahead"):
            assert part in text
    strange = Comparison((made("<b>A</b>", 1.0, 1.0),), TREND)
    assert "<b>A" not in strange._repr_html_() and "&lt;b&gt;A" in strange._repr_html_()


def test_configs_are_trained_with_every_seed(trained: Comparison) -> None:
    assert trained.runs[["name", "seed"]].to_numpy().tolist() == [
        ["LSTM", 0],
        ["LSTM", 1],
        ["GRU", 0],
        ["GRU", 1],
    ]
    assert trained.table["parameters"].to_dict() == {"LSTM": 106, "GRU": 94}
    assert (trained.unit, trained.horizon, trained.season) == ("10^8 m³ per year", 2, 1)
    assert np.isfinite(trained.table.to_numpy()).all() and len(trained.verdicts) == 1


def test_skill_and_the_naive_rule_are_those_of_the_score_table(trained: Comparison) -> None:
    nile = lw.load_dataset("nile")
    tables = [
        lw.score_table(lw.LSTMForecaster(run.config).fit(nile, progress_bar=False), "test")
        for run in trained.outcomes[:2]
    ]
    assert trained.naive is not None
    assert trained.naive.name == tables[0].attrs["reference"]
    assert trained.naive.test_error == pytest.approx(tables[0].loc[trained.naive.name, "MAE"])
    skills = [table.loc["LSTM", "skill"] for table in tables]
    assert trained.table.loc["LSTM", "skill"] == pytest.approx(np.mean(skills))
    assert trained.naive.forecast.index.equals(trained.outcomes[0].forecast.index)


def test_configs_of_a_list_are_named_by_how_they_differ() -> None:
    assert list(named_configs([SMALL, SMALL.replace(units=8)])) == ["units=4", "units=8"]
    assert list(named_configs([SMALL])) == list(named_configs(SMALL)) == ["lstm"]
    with pytest.raises(LSTMWidgetsError, match=r"configs 1 and 3 are the same, with units=4: "):
        named_configs([SMALL, SMALL.replace(units=8), SMALL])


def test_seeds_change_nothing_but_the_seed() -> None:
    assert seeded(SMALL.replace(seed=3), 2) == [SMALL.replace(seed=3), SMALL.replace(seed=4)]
    assert seeded(SMALL, np.array([5, 2])) == [SMALL.replace(seed=5), SMALL.replace(seed=2)]


@pytest.mark.parametrize(
    ("configs", "seeds", "message"),
    [
        ({}, 3, "configs is empty"),
        ([], 3, "configs is empty"),
        ("lstm", 3, "configs='lstm' is a str"),
        (None, 3, "configs=None is a NoneType"),
        ({"A": {"units": 4}}, 3, "'A' is a dict, not an LSTMConfig"),
        ([SMALL, "gru"], 3, "an entry of configs is a str, not an LSTMConfig"),
        ({"": SMALL}, 3, "'' is not a name for a config"),
        ({3: SMALL}, 3, "3 is not a name for a config"),
        ({"A": SMALL}, 0, "seeds=0 is not accepted: pass how many times"),
        ({"A": SMALL}, True, "seeds=True is not accepted"),
        ({"A": SMALL}, 2.0, "seeds=2.0 is not accepted"),
        ({"A": SMALL}, [], r"seeds=\[\] is not accepted"),
        ({"A": SMALL}, [1, 1], r"seeds=\[1, 1\] has 1 twice"),
        ({"A": SMALL}, [-1], "seed=-1 is not accepted"),
        ({"A": SMALL, "B": SMALL.replace(horizon=3)}, 3, "horizon is 2 for A and 3 for B, so their errors"),
        ({"A": SMALL, "B": SMALL.replace(test_fraction=0.2)}, 3, "give all configs the same test_fraction"),
        ({"A": SMALL, "B": SMALL.replace(sequence_length=99)}, 3, "B cannot be trained on this series"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_trains(
    configs: Any, seeds: Any, message: str
) -> None:
    trained: list[Run] = []
    with pytest.raises(LSTMWidgetsError, match=message):
        compare(lw.load_dataset("nile"), configs, seeds, on_run=trained.append)
    assert trained == []
