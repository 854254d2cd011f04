"""Filling by any method, keeping gaps as unknown, and the comparison that punches gaps."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lstmwidgets.analysis.fill_scores import _classes, _standard_error, draw_gaps, fill_table
from lstmwidgets.analysis.repair import FILL_METHODS, compare_fills, fill
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.filling import METHODS, fill_gaps
from lstmwidgets.data.windows import make_windows
from lstmwidgets.errors import LSTMWidgetsError

nan = np.nan


def daily(values: object, **attrs: object) -> pd.Series:
    values = np.asarray(values, dtype=float)
    series = pd.Series(values, index=pd.date_range("2020-01-01", periods=len(values), freq="D"), name="y")
    series.attrs = dict(attrs)
    return series


def rough(length: int = 300, seed: int = 0) -> pd.Series:
    """A random walk with five gaps, of 1, 1, 2, 4 and 9 points."""
    series = daily(np.random.default_rng(seed).normal(size=length).cumsum())
    for start, points in ((20, 1), (50, 1), (90, 2), (140, 4), (200, 9)):
        series.iloc[start : start + points] = nan
    return series


# --- fill -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_the_rules_are_those_of_fill_gaps(method):
    series = rough()
    result, expected = fill(series, method), fill_gaps(series, method)
    pd.testing.assert_series_equal(result, expected)
    assert result.attrs == expected.attrs


def test_without_a_method_lines_are_drawn_and_the_record_says_so():
    assert fill(rough()).attrs["repairs"][0]["method"] == "linear"
    assert fill(rough(), "seasonal", season=5).attrs["repairs"][0]["season"] == 5


def test_the_lstm_takes_its_settings_and_leaves_its_record():
    result = fill(rough(), "lstm", units=2, epochs=1, sequence_length=20, seed=3, progress_bar=False)
    record = result.attrs["repairs"][0]
    assert (record["method"], record["units"], record["seed"], record["points"]) == ("lstm", 2, 3, 17)
    assert result.notna().all()


def test_the_lstm_has_nothing_to_do_where_nothing_is_missing():
    result = fill(daily(range(9)), "lstm")
    assert "repairs" not in result.attrs
    assert result.attrs["notes"] == ["No value is missing: the rule 'lstm' filled nothing."]


def test_a_mask_keeps_the_gaps_and_windows_then_read_what_is_known():
    series = rough()
    masked = fill(series, mask=True)
    pd.testing.assert_series_equal(masked, series)
    assert "mask" not in series.attrs and masked.attrs["mask"] is True
    assert masked.attrs["notes"] == [
        "17 missing values are kept as unknown: a network reads the last known value there, and a flag."
    ]
    windows = make_windows(masked, LSTMConfig(sequence_length=8, horizon=2))
    assert windows.features[-1] == "known"
    np.testing.assert_array_equal(windows.values[:, -1], series.notna())


def test_a_filled_series_can_be_masked_so_that_the_flag_tells_filled_points():
    masked = fill(fill(rough(), "linear"), mask=True)
    windows = make_windows(masked, LSTMConfig(sequence_length=8, horizon=2))
    assert masked.notna().all() and windows.values[:, -1].sum() == 283
    assert "No value is missing" in masked.attrs["notes"][-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"method": "seasonal", "mask": True},
            r"method='seasonal' fills them: either fill\(series, mask=True\)",
        ),
        ({"mask": True, "season": 7}, "season=7 fills them"),
        ({"mask": "yes"}, "mask='yes' is not accepted"),
        ({"method": "spline"}, "'spline' is not accepted: fill takes 'forward', .*, 'lstm'; or no method"),
        ({"method": 3}, "method=3 is not accepted"),
        ({"method": "linear", "units": 4}, "units=4 is not accepted: settings go with method='lstm'"),
        ({"method": "linear", "season": 7}, "season=7 goes with method='seasonal'"),
        (
            {"method": "lstm", "neurons": 4},
            "neurons=4 is not accepted: the settings of LSTMImputer are units",
        ),
        ({"method": "lstm", "units": 0}, "units=0 is not accepted"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(arguments, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        fill(rough(), **arguments)


@pytest.mark.parametrize("arguments", [{"mask": True}, {"method": "lstm"}, {"method": "linear"}])
def test_a_series_that_cannot_be_filled_is_refused_in_every_way(arguments):
    for series, message in (
        (daily([nan] * 60), "all 60 values of the series are missing"),
        (daily([np.inf] + [1.0] * 60), "1 infinite value"),
        ([1.0, nan], "not list"),
    ):
        with pytest.raises(LSTMWidgetsError, match=message):
            fill(series, **arguments)


def test_tensorflow_is_loaded_for_the_lstm_alone():
    code = (
        "import sys, pandas as pd, numpy as np\n"
        "from lstmwidgets.analysis.repair import compare_fills, fill\n"
        "s = pd.Series(np.arange(90.0), pd.date_range('2020', periods=90, freq='D')); s.iloc[5] = np.nan\n"
        "fill(s, 'seasonal'); fill(s, mask=True); compare_fills(s, ['linear', 'mean'])\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# --- compare_fills --------------------------------------------------------------------------------


def test_on_a_straight_line_every_error_is_known():
    table = compare_fills(daily(np.arange(200.0)), ["forward", "backward", "linear"], gaps=[3], repeats=2)
    # Three points after the last known value lie 1, 2 and 3 above it.
    assert table.index[0] == "linear" and table.loc["linear", "worst"] < 1e-9
    expected = {
        "mae": 2,
        "rmse": np.sqrt(14 / 3),
        "short": 2,
        "worst": 3,
        "spread": 0,
        "behind": 2,
        "noise": 0,
    }
    for method in ("forward", "backward"):
        assert table.loc[method, list(expected)].to_dict() == pytest.approx(expected, abs=1e-9)
        assert table.loc[method, ["medium", "long"]].isna().all()
    # Twenty gaps of 3 would be 60 points: a twentieth of what is known is 10.
    assert table.attrs["punched"] == 6 and (table["points"] == 18).all()
    assert table.attrs["sentence"] == (
        "'linear' has the lowest mean absolute error over 6 punched gaps: 0, against 2 for 'forward'. "
        "6 gaps are too few to tell how sure that is."
    )
    json.dumps(table.attrs)


def test_methods_equal_within_noise_are_told_and_the_simplest_is_advised():
    steps = np.arange(300)
    noise = np.random.default_rng(0).normal(size=300)
    table = compare_fills(daily(noise), ["linear", "seasonal", "mean"], gaps=[1, 2], season=7)
    assert table.index[0] == table.attrs["best"] == table.attrs["advice"] == "mean"  # the best guess of noise
    level = daily(steps % 7 + 0.001 * noise)  # a season, which the mean and lines cannot know
    table = compare_fills(level, ["linear", "seasonal", "mean"], gaps=[1, 2])
    assert table.attrs["best"] == table.attrs["advice"] == "seasonal"
    assert (table["behind"].iloc[1:] > table["noise"].iloc[1:]).all()
    assert "equal" not in table.attrs["sentence"]
    straight = compare_fills(daily(0.5 * steps), ["seasonal", "linear"], gaps=[2], season=7)
    assert straight.attrs["advice"] == "linear"
    assert "equal to it within noise" in straight.attrs["sentence"]


def test_all_methods_fill_the_same_gaps_which_the_seed_decides():
    series = rough()
    both, one = compare_fills(series, ["forward", "linear"]), compare_fills(series, ["linear"])
    columns = ["mae", "rmse", "short", "medium", "long", "worst", "spread", "points"]
    pd.testing.assert_series_equal(both.loc["linear", columns], one.loc["linear", columns])
    assert compare_fills(series, ["linear"], seed=1).loc["linear", "mae"] != one.loc["linear", "mae"]
    assert one.attrs["classes"] == {"short": [1, 1], "medium": [2, 4], "long": [9, 9]}


def test_errors_are_those_of_filling_the_punched_series_by_hand():
    series, lengths = rough(), np.array([1, 1, 2, 4, 9])
    table = compare_fills(series, ["linear"], repeats=1)
    gaps = draw_gaps(series.notna().to_numpy(), lengths, np.random.default_rng([0, 0]))
    holes = series.copy()
    for start, points in gaps:
        holes.iloc[start : start + points] = nan
    punched = holes.isna() & series.notna()
    errors = (holes.interpolate() - series)[punched].abs()
    assert table.loc["linear", "points"] == punched.sum() <= 14
    assert table.loc["linear", "mae"] == pytest.approx(errors.mean())
    assert table.loc["linear", "worst"] == pytest.approx(errors.max())
    assert np.isnan(table.loc["linear", "spread"])  # one repeat has none


def test_values_filled_earlier_are_neither_read_nor_scored():
    series = rough()
    absurd = series.fillna(1e6)
    absurd.attrs["repairs"] = fill_gaps(series, "linear").attrs["repairs"]
    columns = ["mae", "rmse", "worst", "points"]
    pd.testing.assert_frame_equal(
        compare_fills(absurd, ["mean", "linear"])[columns], compare_fills(series, ["mean", "linear"])[columns]
    )


def test_the_lstm_wins_where_it_should_and_none_of_its_gaps_were_seen():
    wave = daily(10 * np.sin(2 * np.pi * np.arange(700) / 13))
    settings = {"epochs": 6, "units": 8, "sequence_length": 40, "learning_rate": 0.02, "progress_bar": False}
    table = compare_fills(wave, ["linear", "lstm"], gaps=[6], repeats=2, season=1, **settings)
    assert table.attrs["advice"] == "lstm"
    assert table.loc["lstm", "mae"] < 0.4 * table.loc["linear", "mae"]
    noise = daily(np.random.default_rng(1).normal(size=400))
    table = compare_fills(noise, ["lstm"], gaps=[2], season=1, **settings)
    assert table.loc["lstm", "mae"] > 0.65  # of 0.80 without any knowledge


def test_by_default_what_a_series_does_not_allow_is_left_out_with_its_reason():
    table = compare_fills(daily(np.arange(30.0) ** 2, season=1), gaps=[1])
    assert set(table.index) == {"forward", "backward", "mean", "linear"}
    notes = table.attrs["notes"]
    assert any(note.startswith("'seasonal' is left out: ") for note in notes)
    assert any(note.startswith("'lstm' is left out: the series has") for note in notes)
    with pytest.raises(LSTMWidgetsError, match="no usual season"):
        compare_fills(daily(np.arange(30.0), season=1), ["seasonal"], gaps=[1])


def test_a_series_without_gaps_gets_usual_ones_and_one_with_huge_gaps_shorter_ones():
    table = compare_fills(daily(np.arange(500.0)), ["linear"])
    assert table.attrs["notes"] == [
        "The series has no gap of its own: 1, 1, 1, 2, 3, 5, 8, 13, 24 points are punched."
    ]
    series = rough()
    series.iloc[215:280] = nan
    table = compare_fills(series, ["linear"])
    assert table.attrs["classes"]["long"][1] == 9
    assert table.attrs["notes"] == [
        "Gaps of more than 10 points (1 of 6) are not tried: none so long can be punched into what is known."
    ]


def test_points_that_one_method_leaves_are_scored_for_none():
    values = np.arange(10.0)
    answers = {"linear": [np.array([1.5, 5.0])], "seasonal": [np.array([1.0, nan])]}
    notes: list[str] = []
    table = fill_table(
        values, [[(1, 1), (5, 1)]], answers, {"linear": 0.0, "seasonal": 0.0}, FILL_METHODS, notes
    )
    assert table["mae"].to_dict() == {"seasonal": 0.0, "linear": 0.5}
    assert (table["points"] == 1).all()
    assert notes == ["'seasonal' left 1 of 2 punched points; they are scored for no method."]
    assert table.attrs["advice"] == "linear"  # one gap cannot tell them apart


def test_the_noise_is_the_cluster_robust_standard_error_by_gap():
    rng = np.random.default_rng(0)
    gap = np.repeat(np.arange(30), rng.integers(1, 9, 30))
    differences = rng.normal(size=30)[gap] + rng.normal(size=len(gap))
    fit = sm.OLS(differences, np.ones(len(gap))).fit(cov_type="cluster", cov_kwds={"groups": gap})
    assert _standard_error(differences, gap) == pytest.approx(float(fit.bse[0]))


@pytest.mark.parametrize("repeats", [8, 100])
def test_methods_that_are_equally_good_are_seldom_told_apart_however_often_gaps_are_punched(repeats):
    """Where neighbours correlate by a half, the last value errs as much as the mean: 2 (1 - 1/2) = 1."""
    apart = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(size=200)
        values = np.zeros(200)
        for step in range(1, 200):
            values[step] = 0.5 * values[step - 1] + noise[step]
        table = compare_fills(daily(values), ["forward", "mean"], gaps=[1], repeats=repeats, seed=seed)
        apart += table["behind"].iloc[1] > table["noise"].iloc[1]
    assert apart <= 6  # of 40, at 5 %: more in one of 70 tries


def test_classes_of_length_hold_a_third_and_the_halves_of_the_rest():
    assert _classes(np.array([1, 1, 1, 2, 3, 5, 8, 13, 24])) == {
        "short": (1, 1),
        "medium": (2, 5),
        "long": (8, 24),
    }


@pytest.mark.parametrize(
    ("series", "arguments", "message"),
    [
        (daily([nan] * 50), {}, "all 50 values"),
        (daily([1.0, 2.0]), {}, "no gap can be punched into 2 known values"),
        (daily([1.0, 2.0, nan] * 9), {}, "it takes three in a row"),
        (daily(range(9)), {}, "the shortest gap has 1 points, and into what is known at most 0 "),
        (daily(range(9)), {"gaps": [1]}, "a twentieth of the 9 known values is less than a gap of 1 points"),
        (daily(range(90)), {"gaps": [89]}, "gaps=89 is not accepted: .* from 1 to the 88"),
        (daily(range(90)), {"gaps": []}, r"gaps=\[\] is not accepted"),
        (daily(range(90)), {"gaps": [2.5]}, "gaps=2.5 is not accepted"),
        (daily(range(90)), {"methods": ["linear", "magic"]}, "'magic' is not accepted"),
        (daily(range(90)), {"methods": "linear"}, r"methods='linear' is not accepted: methods takes a list"),
        (daily(range(90)), {"methods": []}, r"methods=\[\] is not accepted"),
        (daily(range(90)), {"repeats": 0}, "repeats=0 is not accepted"),
        (daily(range(90)), {"seed": -1}, "seed=-1 is not accepted"),
        (
            daily(range(90)),
            {"methods": ["linear"], "units": 3},
            "units=3 is not accepted: settings go with 'lstm'",
        ),
        (daily([5.0] * 90), {"methods": ["lstm"]}, "never changes"),
    ],
)
def test_what_cannot_be_compared_is_refused(series, arguments, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        compare_fills(series, **arguments)
