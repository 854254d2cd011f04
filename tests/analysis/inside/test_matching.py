"""Windows of like memory: against a slow search, and on a series whose cycles repeat exactly."""

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.inside.matching import match
from lstmwidgets.analysis.inside.tracing import trace
from lstmwidgets.data.windows import make_windows

T, H = 16, 3


def forecaster_of(values):
    """Untrained weights: a memory all the same."""
    from lstmwidgets.model.build import build

    series = pd.Series(values, index=pd.date_range("2021-03-01", periods=len(values), freq="h"), name="load")
    config = lw.LSTMConfig(sequence_length=T, horizon=H, units=6, seed=1)
    return lw.LSTMForecaster.fitted(config, series, make_windows(series, config), build(config))


@pytest.fixture(scope="module")
def wandering():
    return forecaster_of(np.random.default_rng(0).normal(size=260).cumsum())


def by_hand(forecaster, start, first, last, units):
    """Distance of every past window, one window at a time."""
    states = {}
    for past in range(start + first - H - (T - 1) + 1):
        states[past] = trace(forecaster, start=past).c[first : last + 1][:, units]
    spread = np.array(list(states.values())).std(axis=(0, 1))
    chosen = trace(forecaster, start=start).c[first : last + 1][:, units]
    return pd.Series(
        {past: np.sqrt((((c - chosen) / spread) ** 2).mean()) for past, c in states.items()}
    ), states


def test_distances_are_those_of_a_search_one_window_at_a_time(wandering):
    start, first, last, units = 90, 4, 11, [1, 4]
    expected, _ = by_hand(wandering, start, first, last, units)
    found = match(wandering, start, (first, last), units)
    assert found.attrs == {"start": 90, "steps": (4, 11), "units": [1, 4], "windows": len(expected)}
    assert found["start"].iloc[0] == expected.idxmin()
    np.testing.assert_allclose(found["distance"], expected[found["start"]], rtol=1e-4)
    assert found["distance"].is_monotonic_increasing


def test_windows_found_overlap_by_less_than_half_and_each_is_the_best_that_is_left(wandering):
    expected, _ = by_hand(wandering, 120, 2, 9, list(range(6)))
    found = match(wandering, 120, (2, 9), most=4)
    left = expected
    for start in found["start"]:
        assert start == left.idxmin()
        left = left[np.abs(left.index - start) * 2 > T]
    assert len(found) == 4


def test_what_came_next_is_told_and_was_known_before_the_steps_chosen(wandering):
    start, first = 100, 5
    found = match(wandering, start, (first, 9))
    values, index = wandering.series_.to_numpy(), wandering.series_.index
    assert found.columns.tolist() == ["start", "ds", "distance", "y_1", "y_2", "y_3"]
    for row in found.itertuples():
        origin = row.start + T - 1
        assert row.ds == index[origin]
        assert [row.y_1, row.y_2, row.y_3] == values[origin + 1 : origin + 1 + H].tolist()
        assert origin + H <= start + first


def test_the_latest_window_that_may_be_found_is_the_last_whose_next_values_are_past():
    values = np.random.default_rng(1).normal(size=200)
    values[80 : 80 + T] = values[33 : 33 + T]  # its last target is at 33 + 15 + 3 = 51, far enough
    twin = forecaster_of(values)
    assert match(twin, 80, (0, T - 1), most=1)["start"].tolist() == [33]
    values = np.random.default_rng(1).normal(size=200)
    values[80 + 10 : 80 + T] = values[62 + 10 : 62 + T]
    latest = 80 + 0 - H - (T - 1)  # the first step chosen is at 80
    assert match(forecaster_of(values), 80, (0, T - 1), most=50)["start"].max() <= latest


def test_in_a_series_that_repeats_itself_memory_does_too():
    cycle = np.random.default_rng(3).normal(size=24)
    forecaster = forecaster_of(np.tile(cycle, 12))
    found = match(forecaster, 200, (0, T - 1), most=3)
    assert ((200 - found["start"]) % 24 == 0).all()
    assert (found["distance"] < 1e-3).all()
    np.testing.assert_allclose(found[["y_1", "y_2", "y_3"]], np.tile(np.tile(cycle, 12)[216:219], (3, 1)))


def test_a_threshold_chooses_the_units_that_stay_beyond_it(wandering):
    c = np.abs(trace(wandering, start=90).c[3:8]).min(axis=0)
    threshold = float(np.sort(c)[-3:-1].mean())  # between the second and the third
    found = match(wandering, 90, (3, 7), threshold=threshold)
    assert found.attrs["units"] == np.sort(np.argsort(c)[-2:]).tolist()
    assert found.equals(match(wandering, 90, (3, 7), units=found.attrs["units"]))


def test_windows_with_missing_values_are_left_out():
    values = np.random.default_rng(0).normal(size=260).cumsum()
    values[40] = np.nan
    found = match(forecaster_of(values), 120, (3, 7), most=50)
    touching = (found["start"] <= 40) & (found["start"] + T + H > 40)
    assert len(found) and not touching.any()


def test_a_unit_that_is_always_the_same_tells_nothing_apart(wandering):
    forecaster = forecaster_of(wandering.series_.to_numpy())
    layer = forecaster.model_.layers[1]
    kernel, recurrent_kernel, bias = layer.get_weights()
    for gate in range(4):
        kernel[:, 6 * gate + 2] = recurrent_kernel[:, 6 * gate + 2] = 0  # unit 2 hears nothing
    bias[[2, 8, 14]] = [-100, 100, 0]  # and writes nothing
    layer.set_weights([kernel, recurrent_kernel, bias])
    both = match(forecaster, 90, (3, 7), units=[1, 2])
    alone = match(forecaster, 90, (3, 7), units=[1])
    assert both["start"].tolist() == alone["start"].tolist()
    assert np.isfinite(both["distance"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": 500}, "start=500 is not accepted: .* from 0 to 244"),
        ({"start": 10}, r"no window of 16 values and 3 after them lies before position 13"),
        ({"steps": (5, 4)}, r"steps=\(5, 4\) is not accepted: .* from 0 to 15"),
        ({"steps": (0, 16)}, r"steps=\(0, 16\)"),
        ({"steps": (0.5, 4)}, r"steps=\(0.5, 4\)"),
        ({"steps": 3}, "steps=3 is not accepted"),
        ({"units": [6]}, r"units=\[6\] is not accepted: .* from 0 to 5"),
        ({"units": []}, r"units=\[\]"),
        ({"units": [0.5]}, r"units=\[0.5\]"),
        ({"threshold": 50.0}, "no unit's state is 50 or more from zero at every one of the 5 steps"),
        ({"threshold": -1}, "threshold=-1 is not accepted"),
        ({"units": [1], "threshold": 0.1}, r"units=\[1\] and threshold=0.1 both choose units"),
        ({"most": 0}, "most=0 is not accepted"),
    ],
)
def test_what_is_not_accepted_is_named(wandering, arguments, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        match(wandering, **{"start": 90, "steps": (3, 7), **arguments})


def test_a_forecaster_without_its_series_is_refused(wandering):
    without = lw.LSTMForecaster(wandering.config)
    without.windows_ = None
    with pytest.raises(lw.LSTMWidgetsError, match="holds no series"):
        match(without, 90, (3, 7))
