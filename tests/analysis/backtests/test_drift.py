"""A refit is due where a model's errors have grown and its rivals' have not, and seldom elsewhere."""

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.backtests.drift import RefitAdvice, refit_due
from lstmwidgets.analysis.diagnosis.diagnose import diagnose
from lstmwidgets.analysis.diagnosis.growth import growth_test
from lstmwidgets.errors import LSTMWidgetsError


def backtest_of(cutoffs=60, horizon=4, stride=4, seed=0, growth=1.0, own=None):
    """Forecasts of a walk by repeat last, and by a network that knows half of each step to come.

    ``growth`` is that of the steps, a number or one a time; ``own`` is added to the network's forecasts.
    """
    length = cutoffs * stride + horizon
    random = np.random.default_rng(seed)
    known, rest = growth * random.normal(size=(2, length))
    ahead = stride * np.arange(cutoffs)[:, None] + np.arange(horizon)
    came = np.cumsum((known + rest)[ahead], axis=1)
    forecast = np.cumsum(known[ahead], axis=1)
    if own is not None:
        forecast += np.asarray(own)[:, None]
    times = pd.date_range("2020-01-01", periods=length + 1, freq="D")
    frame = pd.DataFrame(
        {
            "unique_id": "walk",
            "ds": times[ahead.ravel() + 1],
            "cutoff": times[np.repeat(ahead[:, 0], horizon)],
            "y": came.ravel(),
            "LSTM": forecast.ravel(),
            "repeat last": 0.0,
        }
    )
    frame.attrs = {"season": 1, "horizon": horizon, "refit": False, "train_end": "2020-01-01T00:00:00"}
    return frame


def from_on(first, size, cutoffs=60):
    return size * (np.arange(cutoffs) >= first)


def test_a_forecaster_that_errs_as_before_needs_no_refit():
    told = refit_due(backtest_of())
    assert not told and told.since is None and np.isnan(told.growth)
    assert (told.reference, told.cutoffs, told.apart) == ("repeat last", 60, 60)
    assert told.reason.startswith(
        "No refit is due: errors did not lastingly grow beyond those of repeat last (p ="
    )


def test_a_shift_that_the_model_alone_misses_makes_a_refit_due_since_then():
    frame = backtest_of(own=from_on(40, 6.0))
    told = refit_due(frame)
    assert bool(told) is told.due is True
    assert told.since == frame["cutoff"].unique()[40]
    errors = (frame["LSTM"] - frame["y"]).abs().groupby(frame["cutoff"]).mean().to_numpy()
    assert told.growth == pytest.approx(errors[40:].mean() / errors[:40].mean())
    assert told.growth > 3 > 1.5 > told.reference_growth
    assert told.p < 0.01
    assert told.reason == str(told)
    assert told.reason.startswith(
        f"A refit is due since 2020-06-09: errors there are {told.growth:.1f} times those before, and those "
        f"of repeat last {told.reference_growth:.1f} times (p "
    )


def test_errors_that_grow_little_by_little_are_found_too():
    told = refit_due(backtest_of(own=np.linspace(0, 8, 60)))
    assert told.due and told.p < 0.01
    assert told.growth > 2


def test_a_series_that_becomes_harder_for_all_models_is_no_drift():
    # Every step is four times as large from half-way on: both models' errors grow fourfold.
    growth = np.where(np.arange(244) < 122, 1.0, 4.0)
    told = [refit_due(backtest_of(growth=growth, seed=seed)) for seed in range(20)]
    assert not any(told)
    errors = backtest_of(growth=growth)
    late = errors["cutoff"] > errors["cutoff"].median()
    for model in ("LSTM", "repeat last"):
        error = (errors[model] - errors["y"]).abs()
        assert error[late].mean() > 3 * error[~late].mean()


def test_errors_that_came_back_are_told_and_ask_for_no_refit():
    bump = from_on(20, 8.0) - from_on(40, 8.0)
    told = refit_due(backtest_of(own=bump), risk=0.2)
    assert not told.due and told.since is not None
    assert "and have come back since" in told.reason


def test_a_series_that_becomes_easier_than_the_model_makes_of_it_is_told_so():
    # The model errs by 5 all along; the rule by 20, then by 8.
    frame = backtest_of(own=np.zeros(60))
    noise = np.random.default_rng(3).normal(size=60)
    frame["y"] = np.repeat(np.where(np.arange(60) < 30, 20.0, 8.0) + noise, 4)
    frame["LSTM"] = frame["y"] - 5 + np.repeat(np.random.default_rng(4).normal(size=60), 4) / 10
    told = refit_due(frame)
    assert not told.due and told.p < 0.05
    assert "the series is easier; errors there are 1.0 times those before" in told.reason


def test_growth_too_small_to_matter_is_no_reason():
    exact = np.tile([1.0, 1.001], 30) * np.where(np.arange(60) < 30, 1.0, 1.05)
    frame = backtest_of()
    frame["y"], frame["LSTM"] = 3.0, 3.0 + np.repeat(exact, 4)
    told = refit_due(frame)
    assert not told.due and told.growth == pytest.approx(1.05, abs=1e-3)
    assert told.reason.endswith("too little to matter.")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (backtest_of(cutoffs=19), "19, and it takes 20"),
        (backtest_of(cutoffs=70, stride=1), "70, as good as 18 that share no target, and it takes 20"),
    ],
)
def test_too_few_cutoffs_are_said_to_be_too_few(frame, said):
    told = refit_due(frame)
    assert not told and np.isnan(told.p)
    assert said in told.reason and told.reason.startswith("Too few cutoffs to tell whether a refit is due")
    assert "a shorter horizon" in told.reason


def test_less_than_two_seasons_cannot_tell_a_season_from_a_change():
    frame = backtest_of(own=from_on(40, 6.0))
    frame.attrs["season"] = 200
    assert "they span 1.2 seasons of 200 steps" in refit_due(frame).reason


def test_what_was_not_observed_counts_for_no_model():
    frame = backtest_of(own=from_on(40, 6.0))
    gaps = frame["cutoff"].isin(frame["cutoff"].unique()[[3, 17, 18, 41, 58, 59]])
    frame.loc[gaps, "y"] = np.nan
    frame.loc[::9, "LSTM"] = np.nan
    told = refit_due(frame)
    assert told.due and told.cutoffs == 54
    assert told.since == frame["cutoff"].unique()[40]
    frame["y"] = np.nan
    assert "Too few cutoffs to tell whether a refit is due: 0" in refit_due(frame).reason


def test_equal_and_perfect_forecasts_need_no_refit():
    frame = backtest_of()
    frame["LSTM"] = frame["repeat last"]
    assert refit_due(frame).p == 1.0
    frame["LSTM"] = frame["y"]
    assert not refit_due(frame)
    frame["repeat last"] = frame["y"]
    assert not refit_due(frame)


def test_cutoffs_that_forecast_the_training_part_are_left_out_and_told():
    # In-sample errors are small: without leaving them out, the end of the training part looks like drift.
    frame = backtest_of(own=from_on(30, 6.0))
    frame.attrs["train_end"] = frame["cutoff"].unique()[30].isoformat()
    told = refit_due(frame)
    assert not told.due and told.cutoffs == 30
    assert told.reason.endswith(" 30 cutoffs that forecast what it was trained on are left out.")
    assert "split leaks" in diagnose(frame) and "refit due" not in diagnose(frame)
    frame.attrs["train_end"] = frame["ds"].max().isoformat()
    with pytest.raises(LSTMWidgetsError, match="every cutoff of this backtest forecasts times up to 20"):
        refit_due(frame)


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        (lambda frame: frame.drop(columns="LSTM"), {}, "missing: 'LSTM'"),
        (lambda frame: frame, {"model": "GRU"}, "missing: 'GRU'"),
        (lambda frame: frame.drop(columns="repeat last"), {}, "has no naive rule"),
        (lambda frame: frame, {"model": "repeat last"}, "'repeat last' is a rule that learns nothing"),
        (lambda frame: frame, {"risk": 0.5}, "risk=0.5 is not accepted: risk takes a number from 0.001"),
        (lambda frame: frame, {"risk": True}, "risk=True is not accepted"),
        (lambda frame: [1, 2], {}, "a list is not a backtest"),
        (lambda frame: frame.iloc[:0], {}, "it has 0 rows"),
        (lambda frame: frame.astype({"ds": str}), {}, "the column 'ds' holds .*, such as '2020-01-02"),
        (lambda frame: frame.assign(unique_id=["a", "b"] * 120), {}, "the frame holds 2 series"),
    ],
)
def test_what_is_no_backtest_of_a_network_is_refused(change, arguments, said):
    with pytest.raises(LSTMWidgetsError, match=said):
        refit_due(change(backtest_of()), **arguments)


def test_a_backtest_that_refitted_on_the_way_is_refused():
    frame = backtest_of()
    frame.attrs["refit"] = 5
    with pytest.raises(LSTMWidgetsError, match="refit=5 made this backtest: its network was fitted anew"):
        refit_due(frame)
    assert "refit due" not in diagnose(frame)


def test_a_diagnosis_says_that_a_refit_is_due():
    diagnosis = diagnose(backtest_of(own=from_on(40, 6.0)))
    finding = diagnosis["refit due"]
    assert finding.tone == "warning"
    assert finding.headline == "a refit is due since 2020-06-09"
    assert finding.evidence["growth"] > 3 and finding.evidence["since"] == "2020-06-09T00:00:00"
    assert finding.advice.startswith("Fit it again on what has come since")
    assert "a refit is due since 2020-06-09" in diagnosis.verdict
    assert "refit due" not in diagnose(backtest_of())


def test_a_forecaster_that_never_changes_is_rarely_told_to_be_fitted_again():
    told = [refit_due(backtest_of(cutoffs=40, seed=seed)) for seed in range(100)]
    assert sum(map(bool, told)) <= 8  # the figures of the docstring are of 2,000


def test_growth_is_told_as_direct_sums_over_all_places_tell_it():
    values = np.random.default_rng(5).normal(size=40) + np.linspace(0, 2, 40)
    told = growth_test(values)
    ratios, left_over = {}, {}
    for place in range(4, 37):
        parts, strays = (values[:place], values[place:]), 0.0
        for part in (parts[0], parts[1][::-1]):
            steps = np.arange(len(part))
            left = part - np.polyval(np.polyfit(steps, part, 1), steps)
            strays += (np.cumsum(left) ** 2).sum()
        ratios[place] = -np.sqrt(40) * (parts[0] - values.mean()).sum() / np.sqrt(strays)
        left_over[place] = sum(((part - part.mean()) ** 2).sum() for part in parts)
    assert told.place == min(left_over, key=left_over.__getitem__)
    # A statistic of 7.41 is as rare as p = 0.05, one of 8.88 as p = 0.02.
    assert 7.41 < max(ratios.values()) < 8.88 and 0.02 < told.p < 0.05
    assert growth_test(values + 1e9).place == told.place


def test_quantiles_of_the_growth_test_are_those_of_simulated_noise():
    random = np.random.default_rng(11)
    p = np.array([growth_test(random.normal(size=200)).p for _ in range(1000)])
    assert [(p < level).mean() for level in (0.5, 0.2, 0.05)] == pytest.approx([0.5, 0.2, 0.05], abs=0.03)


def test_a_network_trained_before_a_change_is_found_out_on_a_real_series():
    # A network that reads levels cannot know those the air of Mauna Loa came to later.
    series = lw.load_dataset("co2")
    told = {}
    for centering in ("none", "last"):
        config = lw.LSTMConfig(
            sequence_length=52,
            horizon=12,
            units=16,
            epochs=15,
            centering=centering,
            validation_fraction=0.1,
            test_fraction=0.4,
        )
        forecaster = lw.LSTMForecaster(config).fit(series, progress_bar=False)
        told[centering] = refit_due(lw.backtest(forecaster, step=1, progress_bar=False))
    assert isinstance(told["none"], RefitAdvice)
    assert told["none"].due and told["none"].p < 0.02
    assert told["none"].growth > 2 > 1.2 > told["none"].reference_growth
    assert pd.Timestamp("1986") < told["none"].since < pd.Timestamp("1992")
    assert not told["last"].due
