"""Charts draw what is there, thinned but with its extremes, and say it in words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import lstmwidgets as lw
from lstmwidgets.data.filling import fill_gaps
from lstmwidgets.data.windows import Split
from lstmwidgets.widgets.charts.axes import (
    date_ticks,
    log_ticks,
    loss_limits,
    ticks_between,
    value_limits,
    whole_ticks,
)
from lstmwidgets.widgets.charts.forecast import ForecastChart
from lstmwidgets.widgets.charts.loss import LossChart
from lstmwidgets.widgets.charts.stretches import CLOSE, TESTED, Stretch, as_times, first_view, stretches
from lstmwidgets.widgets.charts.thinning import MOST_POINTS, in_blocks, thin

numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))


@given(arrays(np.float64, st.integers(1, 400), elements=numbers), st.integers(8, 60))
def test_thinning_keeps_order_extremes_and_the_limit(y, most):
    x = np.arange(len(y))
    kept_x, kept_y = thin(x, y, most)
    assert len(kept_x) <= max(most, 4) and (np.diff(kept_x) > 0).all()
    assert np.array_equal(kept_y, y[kept_x], equal_nan=True)
    if np.isfinite(y).any():
        assert np.nanmin(kept_y) == np.nanmin(y) and np.nanmax(kept_y) == np.nanmax(y)
    assert np.isnan(y).any() == np.isnan(kept_y).any()


def test_blocks_break_where_the_cutoff_changes():
    x, y = in_blocks(np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0]), np.array([0, 0, 2]))
    assert x.tolist() == [1, 2, 3, 3]
    np.testing.assert_array_equal(y, [1.0, 2.0, np.nan, 3.0])


def _history(*pairs):
    index = pd.RangeIndex(1, len(pairs) + 1, name="epoch")
    return pd.DataFrame(pairs, index, columns=["loss", "val_loss"])


def test_the_loss_chart_grows_and_marks_the_best_epoch():
    chart = LossChart()
    chart.show(_history((0.9, 0.8), (0.5, 0.4), (0.3, 0.45)), epochs=20, centred=True)
    assert chart.train.y.tolist() == [0.9, 0.5, 0.3] and chart.validation.y.tolist() == [0.8, 0.4, 0.45]
    assert chart.best.x.tolist() == [2] and chart.best.visible
    assert chart.reference.x.tolist() == [1, 20] and chart.reference.y.tolist() == [1, 1]
    assert chart.words == "Epoch 3: train 0.3, validation 0.45. Best validation 0.4, in epoch 2."


def test_without_centring_no_line_claims_to_be_repeat_last():
    chart = LossChart()
    chart.show(_history((0.9, 0.8)), epochs=5, centred=False)
    assert np.ptp(chart.reference.x) == 0  # a line of no length
    assert chart._reference_label.text == [""]


def test_the_loss_axis_shows_every_loss_and_the_reference():
    assert loss_limits(np.array([[0.01, 0.02]]), centred=True) == pytest.approx((0.008, 1.35))
    low, high = loss_limits(np.array([[5.0, 5.0]]), centred=False)
    assert low < 5 < high and high / low == pytest.approx(4)  # never flat, which would freeze the figure
    low, high = loss_limits(np.empty((0, 2)), centred=False)
    assert 0 < low < high


@given(st.floats(1e-12, 1e6), st.floats(1.5, 1e9))
def test_log_ticks_are_few_and_inside(bottom, factor):
    ticks = log_ticks(bottom, bottom * factor)
    assert len(ticks) <= 6 and ((ticks >= bottom) & (ticks <= bottom * factor)).all()


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_inside_and_evenly_spaced(low, width):
    ticks = ticks_between(low, low + width)
    assert 2 <= len(ticks) <= 7 and ticks[0] >= low - 1e-6 and ticks[-1] <= low + width + 1e-6
    assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])


@given(st.integers(-(10**13), 10**13), st.integers(1, 10**13))
def test_date_ticks_are_few_inside_and_ascending(begin, length):
    begin = np.datetime64(begin, "ms")
    ticks, form = date_ticks(begin, begin + length)
    assert len(ticks) <= 6 and ((ticks >= begin) & (ticks <= begin + length)).all()
    assert (np.diff(ticks).astype(int) > 0).all() and (form is None) == (len(ticks) == 0)
    assert len(ticks) > 0 or length < 1000  # a fraction of a second is left to the browser


@pytest.mark.parametrize(
    ("begin", "end", "first", "count", "form"),
    [
        ("2015-01-01", "2017-06-30", "2015-01-01", 5, "%b %Y"),
        ("1958-03-29", "2001-12-29", "1960-01-01", 5, "%Y"),
        ("2015-01-03", "2015-02-10", "2015-01-08", 5, "%-d %b"),
        ("2015-01-03T05:00", "2015-01-04T05:00", "2015-01-03T06:00", 4, "%-d %b %H:%M"),
    ],
)
def test_dates_stand_at_round_moments(begin, end, first, count, form):
    ticks, written = date_ticks(np.datetime64(begin, "ms"), np.datetime64(end, "ms"))
    assert (ticks[0], len(ticks), written) == (np.datetime64(first), count, form)


def test_epoch_ticks_are_whole_and_include_both_ends():
    assert whole_ticks(20).tolist() == [1, 5, 10, 15, 20]
    assert whole_ticks(2).tolist() == [1, 2]
    assert whole_ticks(1000).tolist() == [1, 200, 400, 600, 800, 1000]


def test_the_value_axis_follows_the_series_and_cuts_forecasts_that_run_far_off():
    series = np.array([0.0, 10.0, np.nan])
    assert value_limits([series]) == pytest.approx((-0.6, 11.6))
    assert value_limits([series, np.array([12.0])]) == pytest.approx((-0.6, 13.6))
    assert value_limits([series, np.array([1e9, -1e9])]) == pytest.approx((-10.6, 21.6))
    low, high = value_limits([np.array([3.0, 3.0])])
    assert low < 3 < high


def test_the_first_view_is_validation_and_test_unless_that_is_too_much_to_read():
    assert first_view(Split(700, 850, 1000)) == TESTED
    assert first_view(Split(7000, 8500, 10000)) == CLOSE
    views = stretches(Split(7000, 8500, 10000), 10000, horizon=24)
    assert views[TESTED] == Stretch(7000, 9999) and views[CLOSE] == Stretch(10000 - 144, 9999)


@pytest.fixture
def chart():
    chart = ForecastChart()
    series = lw.load_dataset("co2")
    chart.show_series(series, lw.make_windows(series, lw.LSTMConfig()).split, 24, "ppm")
    return chart


def test_a_series_is_drawn_where_it_is_looked_at(chart):
    assert chart.heading == "Forecast, ppm" and chart.views.value == TESTED
    assert len(chart.actual.x) == chart.shown.last - chart.shown.first + 1
    chart.views.value = CLOSE
    assert len(chart.actual.x) == 144 and chart.ends[1] == "29 Dec 2001"
    chart.stretch.value = (0, 99)
    assert chart.views.value is None and len(chart.actual.x) == 100 and chart.ends[0] == "29 Mar 1958"


def test_both_time_axes_have_few_dates(chart):
    chart.stretch.value = (0, 130)  # two years and a half of weeks
    for axis in (chart._dates, chart._all_dates):
        assert 3 <= len(axis.tick_values) <= 6
    assert chart._dates.tick_format == "%b %Y" and chart._all_dates.tick_format == "%Y"


def test_forecasts_are_drawn_in_blocks_and_a_missing_baseline_leaves_the_legend(chart):
    index = lw.load_dataset("co2").index
    table = pd.DataFrame(
        {
            "ds": index[-4:],
            "cutoff": index[[-5, -5, -3, -3]],
            "LSTM": [1.0, 2.0, 3.0, 4.0],
            "repeat last": [1.0, 1.0, 3.0, 3.0],
        }
    )
    chart.show_forecasts(table)
    np.testing.assert_array_equal(chart.models["LSTM"].y, [1.0, 2.0, np.nan, 3.0, 4.0])
    assert chart.legend.switches["seasonal naive"].layout.display == "none"
    assert chart.legend.switches["repeat last"].layout.display is None
    assert "LSTM and repeat last from 2 cutoffs" in chart.words
    assert "counted back from the end of each part" in chart.words


def test_rivals_wait_in_the_legend_and_take_no_room_until_they_are_shown(chart):
    index = lw.load_dataset("co2").index
    rows = {
        "ds": index[-4:],
        "cutoff": index[[-5, -5, -3, -3]],
        "LSTM": 370.0,
        "drift": 395.0,
        "ridge": 370.0,
    }
    chart.show_forecasts(pd.DataFrame(rows))
    switches = chart.legend.switches
    assert [name for name in switches if switches[name].value] == [
        "actual", "filled", "LSTM", "repeat last", "seasonal naive",
    ]  # fmt: skip
    assert switches["filled"].layout.display == "none"  # nothing was
    assert not chart.models["drift"].visible and chart.models["LSTM"].visible
    assert switches["drift"].layout.display is None and switches["window mean"].layout.display == "none"
    assert np.isfinite(chart.models["drift"].y).any()  # there already, for the browser to show
    before = chart._y.max
    switches["drift"].value = True
    assert chart._y.max > before and chart._y.max > 385
    switches["drift"].value = False
    assert chart._y.max == before


def test_filled_points_stand_hollow_on_a_faint_line_and_the_strong_line_leaves_them_out():
    days, chart = pd.date_range("2020-01-01", periods=8, freq="D"), ForecastChart()
    gappy = pd.Series([1.0, 2.0, np.nan, np.nan, 5.0, 6.0, 7.0, 8.0], index=days)
    chart.show_series(fill_gaps(gappy, "linear"), None, 2, "")
    np.testing.assert_array_equal(chart.actual.y, gappy)
    np.testing.assert_array_equal(chart.hollow.bridge.y, np.arange(1.0, 9.0))
    assert (
        chart.hollow.points.y.tolist() == [3.0, 4.0]
        and chart.hollow.points.x.tolist() == as_times(days[2:4]).tolist()
    )
    assert chart.legend.switches["filled"].layout.display is None
    assert "2 points filled (linear): drawn hollow, read by the network, never scored." in chart.words
    chart.stretch.value = (4, 7)
    assert len(chart.hollow.points.x) == 0 and np.ptp(chart.hollow.bridge.x.astype(float)) == 0
    chart.show_series(gappy, None, 2, "")
    assert chart.legend.switches["filled"].layout.display == "none" and "filled" not in chart.words


def test_a_long_series_is_thinned_before_it_is_sent():
    chart, series = ForecastChart(), lw.read_series(lw.load_dataset("sine_mix"))
    longer = pd.Series(
        np.tile(series.to_numpy(), 20),
        pd.date_range("2000-01-01", periods=20 * len(series), freq="h", tz="UTC"),
    )
    chart.show_series(longer, None, 24, "")
    assert len(chart.actual.x) <= MOST_POINTS
    assert chart.actual.y.max() == longer.max() and chart.actual.y.min() == longer.min()


def test_times_in_a_zone_are_drawn_in_utc():
    index = pd.date_range("2020-07-01", periods=1, freq="h", tz="Europe/Berlin")
    assert as_times(index)[0] == np.datetime64("2020-06-30T22:00")
