"""The window on its series: counts, verdicts, sliders, and both renderings."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.window_view import WindowView, narrowed, origin_bounds, window_use

CONFIG = LSTMConfig(sequence_length=10, horizon=5, validation_fraction=0.2, test_fraction=0.2)


def days(length=100, missing=()):
    values = np.sin(np.arange(length) / 5) + np.arange(length) / 50
    values[list(missing)] = np.nan
    index = pd.date_range("2021-01-01", periods=length, freq="D")
    return pd.Series(values, index=index, name="load")


def part_by_hand(origin):
    """Of 100 days: train is 0 to 59, validation 60 to 79, test 80 to 99."""
    parts = {("train", "validation", "test")[(at >= 60) + (at >= 80)] for at in (origin + 1, origin + 5)}
    return parts.pop() if len(parts) == 1 else "straddles"


def test_every_window_is_named_by_the_part_that_holds_all_its_targets():
    windows = make_windows(days(), CONFIG)
    for origin in range(9, 95):
        assert window_use(windows, origin) == part_by_hand(origin), origin


def test_a_window_that_reads_a_missing_value_or_has_no_known_target_is_called_missing():
    windows = make_windows(days(missing=[30]), CONFIG)
    uses = {origin: window_use(windows, origin) for origin in range(20, 45)}
    assert {origin for origin, use in uses.items() if use == "missing"} == set(range(30, 40))
    windows = make_windows(days(missing=range(30, 36)), CONFIG)
    assert [window_use(windows, origin) for origin in (28, 29)] == ["train", "missing"]


def test_the_counts_are_those_of_the_windows():
    view = WindowView(days(missing=[30]), CONFIG)
    assert view.counts() == (
        "train 36 windows, validation 16 windows, test 16 windows; "
        "10 left out, for they read a missing value, or none of their targets is known"
    )
    assert WindowView(days(), CONFIG).counts() == "train 46 windows, validation 16 windows, test 16 windows"


def test_it_opens_on_the_last_training_window_and_says_so():
    view = WindowView(days(), CONFIG)
    assert (view.origin, view.use) == (54, "train")
    assert view.window() == (
        "This window reads 10 values, 15 Feb 2021 to 24 Feb 2021, and is to forecast 5, "
        "25 Feb 2021 to 1 Mar 2021. It is a train window."
    )
    assert repr(view) == "WindowView('load', sequence_length=10, horizon=5, origin=54)"


def test_bounds_are_those_of_the_config_narrowed_to_what_the_series_has_room_for():
    assert narrowed(100, CONFIG) == {"sequence_length": (1, 55), "horizon": (1, 20)}
    assert narrowed(100, CONFIG.replace(sequence_length=50)) == {
        "sequence_length": (1, 55),
        "horizon": (1, 10),
    }
    assert narrowed(100_000, CONFIG) == {"sequence_length": (1, 2048), "horizon": (1, 512)}
    assert origin_bounds(100, CONFIG) == (9, 94)


@pytest.mark.parametrize("name", ["sequence_length", "horizon"])
def test_both_ends_of_a_narrowed_slider_are_accepted(name):
    view = WindowView(days(), CONFIG)
    for value in narrowed(100, CONFIG)[name]:
        view._sliders[name].slider.value = value
        assert getattr(view.config, name) == value
        assert view._status.value == ""


def test_a_slider_changes_the_config_the_windows_and_the_readout():
    view = WindowView(days(), CONFIG)
    view._sliders["sequence_length"].slider.value = 20
    assert view.config == CONFIG.replace(sequence_length=20)
    assert len(view.windows.train) == 36
    assert "train 36 windows" in view._readout.value
    assert "1 to 20" in view._sliders["horizon"]._caption.value
    assert view.origin == 54


def test_a_typed_number_and_its_slider_hold_the_same_value():
    view = WindowView(days(), CONFIG)
    view._sliders["horizon"].text.value = 8
    assert view._sliders["horizon"].slider.value == view.config.horizon == 8


def test_setting_the_config_moves_the_sliders():
    view = WindowView(days(), CONFIG)
    view.config = CONFIG.replace(sequence_length=7, horizon=3)
    assert [view._sliders[name].value for name in ("sequence_length", "horizon", "origin")] == [7, 3, 54]


def test_a_window_that_loses_its_room_is_moved_and_says_so():
    view = WindowView(days(), CONFIG)
    view.origin = 9
    view._sliders["sequence_length"].slider.value = 30
    assert view.origin == 29
    assert "moved to the nearest place" in view._status.value
    view.origin = 40
    assert view._status.value == ""


def test_a_config_that_does_not_fit_is_refused_and_leaves_the_view_as_it_was():
    view = WindowView(days(), CONFIG)
    with pytest.raises(LSTMWidgetsError, match="sequence_length=90 with horizon=5 does not fit"):
        view.config = CONFIG.replace(sequence_length=90)
    assert view.config == CONFIG
    assert view.windows.sequence_length == 10
    with pytest.raises(
        LSTMWidgetsError, match="origin=95 leaves no room for the window: it lies from 9 to 94"
    ):
        view.origin = 95
    assert view.origin == 54


def test_a_setting_that_leaves_a_part_without_windows_is_told_in_the_view():
    view = WindowView(days(missing=[55, 60, 65, 70, 75]), CONFIG.replace(sequence_length=2, horizon=1))
    view._sliders["sequence_length"].slider.value = 10
    assert "validation part touches a missing value" in view._status.value
    assert view.config.sequence_length == view._sliders["sequence_length"].value == 2


def test_the_charts_show_the_window_where_it_is():
    view = WindowView(days(), CONFIG)
    view.origin = 70
    reads, ahead = (span.x for span in view._overview._spans.values())
    assert reads[0] == np.datetime64("2021-01-01") + np.timedelta64(61, "D")
    assert reads[1] == ahead[0] == np.datetime64("2021-01-01") + np.timedelta64(70, "D")
    inputs, targets = view._close_up._lines.values()
    assert inputs.x.tolist() == list(range(-9, 1))
    assert inputs.y.tolist() == view.series.iloc[61:71].tolist()
    assert targets.x.tolist() == [1, 2, 3, 4, 5]
    assert targets.y.tolist() == view.series.iloc[71:76].tolist()


def test_a_long_series_is_thinned_for_drawing_and_keeps_its_peak():
    long = days(20_000)
    long.iloc[7_777] = 1e4
    view = WindowView(long, CONFIG)
    line = view._overview._line
    assert len(line.y) <= 5000
    assert line.y.max() == 1e4


def test_the_still_is_a_picture_beside_the_live_view():
    view = WindowView(days(missing=[30]), CONFIG)
    bundle = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert picture.size[0] >= 900
    assert len(np.unique(np.asarray(picture.convert("L")))) > 20


@pytest.mark.parametrize("name", ["window.png", "window.svg", "window.html"])
def test_it_saves_itself_as_a_file(tmp_path, name):
    path = WindowView(days(), CONFIG).save(tmp_path / name)
    assert path.stat().st_size > 1000


def test_every_control_and_chart_has_a_name_for_a_screen_reader():
    view = WindowView(days(), CONFIG)
    names = view._names.attributes
    labels = " ".join(attributes["aria-label"] for attributes in names.values())
    assert "Sequence length, 1 to 55 time steps" in labels
    assert "Last value read, 9 to 94" in labels
    assert names[".lw-field-last-value-read .noUi-handle"]["aria-valuetext"] == "24 Feb 2021"
    assert "Train 46 windows" in names[".lw-chart-overview .svg-figure"]["aria-label"]


def test_a_config_too_long_for_the_series_is_refused_at_once():
    with pytest.raises(LSTMWidgetsError, match="sequence_length=48"):
        WindowView(days(40), LSTMConfig(horizon=2))
