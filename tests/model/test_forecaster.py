"""A trained forecaster: what it answers, and its file."""

import json
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lstmwidgets as lw
from lstmwidgets.model.storage import TensorFile

CONFIG = lw.LSTMConfig(sequence_length=12, horizon=4, units=6, epochs=8, batch_size=16, learning_rate=0.01)


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:400]


@pytest.fixture(scope="module")
def forecaster(series):
    return lw.LSTMForecaster(CONFIG).fit(series, progress_bar=False)


@pytest.fixture
def saved(forecaster, tmp_path):
    return forecaster.save(tmp_path / "model.safetensors")


def test_fit_returns_itself_with_history_and_model(series):
    forecaster = lw.LSTMForecaster(CONFIG.replace(epochs=1))
    assert forecaster.fit(series, progress_bar=False) is forecaster
    assert len(forecaster.history_) == 1 and forecaster.model_.count_params() > 0


def test_predict_continues_the_timestamps_after_the_end(forecaster, series):
    frame = forecaster.predict()
    assert frame.columns.tolist() == ["unique_id", "ds", "yhat"]
    assert len(frame) == 4
    assert frame["ds"].iloc[0] == series.index[-1] + series.index.freq
    assert frame["unique_id"].unique().tolist() == [series.name]
    assert forecaster.predict(2)["yhat"].tolist() == frame["yhat"].iloc[:2].tolist()


def test_predict_equals_the_batched_pass_on_the_same_window(forecaster, series):
    windows = forecaster.windows_
    start = windows.test[-1]
    context = series.iloc[: start + CONFIG.sequence_length]
    batched = forecaster.forecast_windows(np.array([start]))[0]
    np.testing.assert_allclose(forecaster.predict(series=context)["yhat"], batched, rtol=1e-5)


def test_a_learnable_series_is_forecast_better_than_by_repeating_the_last_value(forecaster):
    windows = forecaster.windows_
    truth = windows.restore(windows.targets(windows.test), windows.test)
    last = windows.restore(np.zeros_like(truth), windows.test)
    error = np.abs(forecaster.forecast_windows(windows.test) - truth).mean()
    assert error < 0.7 * np.abs(last - truth).mean()


@pytest.mark.parametrize("horizon", [0, -1, 5, 2.5, True, "4"])
def test_a_horizon_out_of_range_is_refused_with_the_range(forecaster, horizon):
    with pytest.raises(lw.LSTMWidgetsError, match=r"horizon=.* from 1 to 4"):
        forecaster.predict(horizon)


def test_a_missing_value_in_the_last_window_is_refused(forecaster, series):
    broken = series.copy()
    broken.iloc[-3] = np.nan
    with pytest.raises(lw.LSTMWidgetsError, match="sequence_length=12 values and 1 of them are missing"):
        forecaster.predict(series=broken)
    with pytest.raises(lw.LSTMWidgetsError, match="series has 10 values, and the forecast reads sequence_l"):
        forecaster.predict(series=series.iloc[:10])


def test_a_fit_that_gaps_cost_many_windows_says_so(caplog):
    series = lw.load_dataset("co2")
    del series.attrs["dataset"]  # of bundled series the gaps are known
    config = lw.LSTMConfig(sequence_length=104, horizon=4, units=2, epochs=1, batch_size=512)
    lw.LSTMForecaster(config).fit(series, progress_bar=False)
    assert "windows are left out because they touch missing values" in caplog.text
    caplog.clear()
    lw.LSTMForecaster(lw.LSTMConfig(sequence_length=8, horizon=2, units=2, epochs=1)).fit(
        lw.load_dataset("nile"), progress_bar=False
    )
    assert not caplog.text


def test_a_forecasters_file_has_a_name_of_its_own(forecaster, tmp_path):
    with pytest.raises(lw.LSTMWidgetsError, match=r"a.pkl' is not a name for a forecaster: .*safetensors"):
        forecaster.save(tmp_path / "a.pkl")


def test_a_series_of_another_frequency_is_refused(forecaster):
    with pytest.raises(lw.LSTMWidgetsError, match="frequency 'YS-JAN' and this forecaster was fitted on 'h'"):
        forecaster.predict(series=lw.load_dataset("nile"))


def test_nothing_can_be_asked_before_fitting(tmp_path):
    for call in (
        lambda f: f.predict(),
        lambda f: f.forecast_windows(np.array([0])),
        lambda f: f.save(tmp_path / "x.safetensors"),
        lambda f: f.export_keras(tmp_path / "x.keras"),
    ):
        with pytest.raises(lw.LSTMWidgetsError, match=r"not fitted: call fit\(series\) first"):
            call(lw.LSTMForecaster(CONFIG))


def test_a_saved_forecaster_answers_the_same_after_loading(forecaster, saved, series):
    loaded = lw.LSTMForecaster.load(saved)
    assert loaded.config == CONFIG
    pd.testing.assert_frame_equal(loaded.predict(), forecaster.predict(), check_freq=False)
    pd.testing.assert_frame_equal(loaded.history_, forecaster.history_)
    assert (loaded.scaler_, loaded.data_hash_) == (forecaster.scaler_, forecaster.data_hash_)
    windows = lw.make_windows(series, loaded.config, scaler=loaded.scaler_)
    assert np.array_equal(
        loaded.forecast_windows(windows.test, windows), forecaster.forecast_windows(windows.test)
    )
    with pytest.raises(lw.LSTMWidgetsError, match="does not hold its series: pass windows"):
        loaded.forecast_windows(windows.test)


@pytest.mark.parametrize("name", ["nile", "co2", "stock"])
def test_timestamps_survive_the_file_for_every_frequency(name, tmp_path):
    config = lw.LSTMConfig(sequence_length=4, horizon=2, units=2, epochs=1, batch_size=256)
    forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset(name), progress_bar=False)
    loaded = lw.LSTMForecaster.load(forecaster.save(tmp_path / "m.safetensors"))
    assert loaded.predict()["ds"].tolist() == forecaster.predict()["ds"].tolist()


def _edited(path, edit):
    """Write the file again with another header."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    document = json.loads(header["__metadata__"]["document"])
    edit(header, document)
    header["__metadata__"]["document"] = json.dumps(document)
    new = json.dumps(header).encode()
    new += b" " * (-len(new) % 8)
    path.write_bytes(struct.pack("<Q", len(new)) + new + content[8 + length :])
    return path


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda header, doc: doc["config"].update(units=512), r"lstm_1/kernel .*\(1, 2048\)"),
        (lambda header, doc: doc["config"].update(units=10**9), "units"),
        (lambda header, doc: doc["config"].update(layers=2), "array"),
        (lambda header, doc: doc.update(extra=1), "extra"),
        (lambda header, doc: doc.update(freq="nonsense"), "timestamps"),
        (lambda header, doc: doc.update(last_time="yesterday-ish"), "timestamps"),
        (lambda header, doc: doc.update(scaler_scale=0.0), "scaler_scale"),
        (lambda header, doc: header["__metadata__"].update(kind="a Keras model"), "kind"),
    ],
)
def test_a_file_whose_settings_do_not_match_its_arrays_is_refused(saved, edit, reason):
    with pytest.raises(
        lw.LSTMWidgetsError, match=f"(?s)was not written by lstmwidgets, or is damaged: .*{reason}"
    ):
        lw.LSTMForecaster.load(_edited(saved, edit))


def test_foreign_files_are_refused_and_nothing_in_them_is_run(tmp_path):
    marker = tmp_path / "ran"
    pickle_bomb = b"cos\nsystem\n(S'touch " + str(marker).encode() + b"'\ntR."
    for content in (
        b"",
        b"\x00" * 8,
        pickle_bomb,
        b"\x89HDF\r\n\x1a\n" + b"\0" * 64,
        b"PK\x03\x04" + b"\0" * 99,
    ):
        file = tmp_path / "foreign"
        file.write_bytes(content)
        with pytest.raises(lw.LSTMWidgetsError, match="was not written by lstmwidgets, or is damaged"):
            lw.LSTMForecaster.load(file)
    assert not marker.exists()
    with pytest.raises(lw.LSTMWidgetsError, match="there is no file"):
        lw.LSTMForecaster.load(tmp_path / "absent")
    with pytest.raises(lw.LSTMWidgetsError, match="there is no file"):
        lw.LSTMForecaster.load(tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.none() | st.floats(0, 0.999), position=st.floats(0, 0.999), byte=st.integers(0, 255))
def test_a_damaged_file_loads_or_is_refused_but_never_crashes(saved, tmp_path_factory, cut, position, byte):
    content = bytearray(saved.read_bytes())
    content[int(position * len(content))] = byte
    file = tmp_path_factory.mktemp("damaged") / "model.safetensors"
    file.write_bytes(content if cut is None else content[: int(cut * len(content))])
    try:
        lw.LSTMForecaster.load(file)
    except lw.LSTMWidgetsError as error:
        assert "damaged" in str(error)


def test_weights_that_are_not_numbers_are_refused(forecaster, tmp_path):
    kept = forecaster.model_.get_weights()
    try:
        forecaster.model_.set_weights([np.full_like(weight, np.nan) for weight in kept])
        path = forecaster.save(tmp_path / "nan.safetensors")
    finally:
        forecaster.model_.set_weights(kept)
    with pytest.raises(lw.LSTMWidgetsError, match="not finite"):
        lw.LSTMForecaster.load(path)


def test_saving_where_there_is_no_folder_says_so_and_leaves_nothing(forecaster, tmp_path):
    with pytest.raises(lw.LSTMWidgetsError, match="there is no folder"):
        forecaster.save(tmp_path / "no" / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_header_of_a_billion_bytes_is_refused_unread(tmp_path):
    file = tmp_path / "model"
    file.write_bytes(struct.pack("<Q", 10**9) + b"{}")
    with pytest.raises(lw.LSTMWidgetsError, match="header claims 1000000000 bytes"):
        TensorFile(file, "any", object)


PLAIN_KERAS = """
import sys, numpy as np
sys.modules["lstmwidgets"] = None
import keras
raw = np.load(sys.argv[2])
np.save(sys.argv[3], keras.saving.load_model(sys.argv[1])(raw).numpy())
"""


def test_an_exported_model_answers_in_units_where_this_package_is_missing(forecaster, series, tmp_path):
    model = forecaster.export_keras(tmp_path / "plain.keras")
    windows = forecaster.windows_
    raw = series.to_numpy()[windows.test[:5, None] + np.arange(12)][..., None].astype(np.float32)
    np.save(tmp_path / "raw.npy", raw)
    command = [
        sys.executable,
        "-c",
        PLAIN_KERAS,
        str(model),
        str(tmp_path / "raw.npy"),
        str(tmp_path / "out.npy"),
    ]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), forecaster.forecast_windows(windows.test[:5]), rtol=1e-4
    )
    with pytest.raises(lw.LSTMWidgetsError, match=r"must end in '\.keras'"):
        forecaster.export_keras(tmp_path / "plain.h5")
