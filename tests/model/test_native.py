"""LSTM and GRU in C: built where there is a compiler, done without where none is, strict about shapes."""

import importlib.util
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lstmwidgets.model import kernels, native
from lstmwidgets.model.backend import keras
from lstmwidgets.model.layers import FusedGRU, FusedLSTM

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def build_tool():
    spec = importlib.util.spec_from_file_location("build_native", ROOT / "tools" / "build_native.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FLAGS = [flag.replace("-O3", "-O0") for flag in module.FLAGS]  # in a second instead of twenty
    return module


@pytest.fixture
def in_haste(build_tool, monkeypatch):
    """Compile without optimising, in a second: what is built is not run."""
    monkeypatch.setattr(build_tool, "FLAGS", [*build_tool.FLAGS, "-O0"])


@pytest.fixture
def operations():
    found = native.operations()
    if found is None:
        assert not any(map(shutil.which, ("cc", "gcc", "clang"))) and "CI" not in os.environ
        pytest.skip("no C compiler was there when the package was built")
    return found


def _arrays(cell="LSTM", batch=2, timesteps=3, features=1, units=4):
    """What the forward operation of a cell takes."""
    state, columns = (batch, units), {"LSTM": 4, "GRU": 3}[cell] * units
    states, bias = {"LSTM": ([state, state], (columns,)), "GRU": ([state], (2, columns))}[cell]
    shapes = (batch, timesteps, features), *states, (features, columns), (units, columns), bias
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def _forward(operations, cell, arrays, keep=False, every=False):
    """The hidden state after every step, the last states, and what is kept."""
    forward = {"LSTM": "lstmwidgets_forward", "GRU": "lstmwidgets_gru_forward"}[cell]
    every_h, *rest = getattr(operations, forward)(*arrays, keep=keep, every=every)
    states = {"LSTM": 2, "GRU": 1}[cell]
    return every_h, rest[:states], rest[states:]


def _owing(operations, cell, steps):
    """The backward operation of a cell, and what it takes where ``steps`` hidden states are owed."""
    backward = {"LSTM": "lstmwidgets_backward", "GRU": "lstmwidgets_gru_backward"}[cell]
    arrays = _arrays(cell)
    _, states, kept = _forward(operations, cell, arrays, keep=True)
    return getattr(operations, backward), [arrays[-2], *kept, np.zeros((2, steps, 4), np.float32), *states]


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_states_far_out_saturate_and_nothing_overflows(operations, cell):
    x, *others = _arrays(cell)
    others[0] = np.clip(others[0], -1, 1)
    for scale in (1e3, 1e30, np.finfo(np.float32).max):
        _, states, _ = _forward(operations, cell, [np.sign(x) * np.float32(scale), *others])
        assert all(np.isfinite(state).all() for state in states)
        assert np.abs(states[0]).max() <= 1


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_what_is_no_number_stays_none(operations, cell):
    x, *others = _arrays(cell)
    x[1, 1, 0] = np.nan
    every_h, *_ = _forward(operations, cell, [x, *others], every=True)
    assert np.isfinite(every_h[0]).all() and np.isfinite(every_h[1, 0]).all()
    assert np.isnan(every_h[1, 1:]).all()


def test_small_numbers_keep_their_digits(operations):
    x, h0, c0, kernel, recurrent_kernel, bias = (1e-4 * array for array in _arrays(timesteps=1))
    _, (_, c), _ = _forward(operations, "LSTM", [x, h0, 0 * c0, kernel, recurrent_kernel, bias])
    z = np.float64(x[:, 0]) @ kernel + np.float64(h0) @ recurrent_kernel + bias
    i, _, g, _ = np.split(z, 4, -1)
    np.testing.assert_allclose(c, np.tanh(g) / (1 + np.exp(-i)), rtol=1e-6)


@pytest.mark.parametrize(
    ("cell", "number", "shape"),
    [
        *[("LSTM", 0, (2, 3)), ("LSTM", 0, (2, 3, 5)), ("LSTM", 1, (3, 4)), ("LSTM", 2, (2, 5))],
        *[("LSTM", 3, (1, 12)), ("LSTM", 4, (5, 16)), ("LSTM", 5, (4,))],
        *[("GRU", 0, (2, 3)), ("GRU", 0, (2, 3, 5)), ("GRU", 1, (3, 4))],
        *[("GRU", 2, (1, 16)), ("GRU", 3, (5, 12)), ("GRU", 4, (12,)), ("GRU", 4, (1, 12))],
    ],
)
def test_shapes_that_do_not_fit_are_refused_and_not_read(operations, cell, number, shape):
    arrays = _arrays(cell)
    arrays[number] = np.zeros(shape, np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"of the {cell}"):
        _forward(operations, cell, arrays, keep=True, every=True)


@pytest.mark.parametrize(
    ("cell", "number"),
    [*[("LSTM", number) for number in range(7)], *[("GRU", number) for number in range(5)]],
)
def test_a_gradient_of_what_does_not_fit_is_refused_and_not_read(operations, cell, number):
    backward, arrays = _owing(operations, cell, steps=3)
    backward(*arrays)
    for shape in ((5,), tuple(size + 1 for size in arrays[number].shape)):
        wrong = [*arrays]
        wrong[number] = np.zeros(shape, np.float32)
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"of the {cell}"):
            backward(*wrong)


@pytest.mark.parametrize(
    ("kernel", "by_z"), [((5, 16), (3, 2, 4, 8)), ((5, 45), (3, 2, 4, 16)), ((12,), (3, 2, 8))]
)
def test_what_inputs_are_owed_by_gates_that_do_not_fit_is_refused(operations, kernel, by_z):
    with pytest.raises(tf.errors.InvalidArgumentError, match="of the LSTM or GRU"):
        operations.lstmwidgets_by_inputs(np.zeros(kernel, np.float32), np.zeros(by_z, np.float32), units=9)


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_what_the_forward_pass_kept_is_still_there_after_a_gradient(operations, cell):
    backward, arrays = _owing(operations, cell, steps=0)
    before = [np.array(array) for array in arrays]
    backward(*arrays)
    assert all(np.array_equal(array, copy) for array, copy in zip(arrays, before, strict=True))


def test_parts_cover_the_batch_and_none_is_small_while_another_is_large(monkeypatch):
    monkeypatch.setattr(kernels, "PARTS", 4)
    sizes = {rows: kernels.part_sizes(tf.constant(rows)).numpy().tolist() for rows in (0, 5, 20, 32, 35, 100)}
    assert sizes == {
        0: [0, 0, 0, 0],
        5: [5, 0, 0, 0],
        20: [8, 8, 4, 0],
        32: [8, 8, 8, 8],
        35: [9, 9, 9, 8],
        100: [25, 25, 25, 25],
    }


def test_a_library_that_is_not_there_or_not_ours_is_done_without_and_said_once(tmp_path, monkeypatch, caplog):
    layer = keras.Sequential([FusedLSTM(3, return_sequences=True), FusedGRU(3)])
    x = np.ones((2, 4, 1), np.float32)
    before = layer(x)
    (tmp_path / "broken.so").write_bytes(b"not a library")
    for name, said in (("absent.so", "it was not built"), ("broken.so", "broken.so")):
        monkeypatch.setattr(native, "LIBRARY", tmp_path / name)
        native.operations.cache_clear()
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            np.testing.assert_allclose(layer(x), before, atol=1e-6)
            layer(x)
        (record,) = caplog.records
        assert "trains more slowly than it could" in record.message and said in record.message
    monkeypatch.undo()
    native.operations.cache_clear()
    assert (native.operations() is not None) == native.LIBRARY.exists()


def test_without_a_compiler_the_package_is_built_and_says_why_it_is_slower(build_tool, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(LookupError, match=r"no C compiler \(cc, gcc or clang\)"):
        build_tool.build(ROOT / build_tool.NATIVE, tmp_path / "walk.so")
    assert not (tmp_path / "walk.so").exists()


def test_a_library_built_of_older_sources_is_done_without_and_said(operations, monkeypatch, caplog):
    monkeypatch.setattr(native, "NAMES", (*native.NAMES, "lstmwidgets_to_come"))
    native.operations.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert native.operations() is None
    assert "built of other sources, without lstmwidgets_to_come" in caplog.text
    native.operations.cache_clear()


def test_what_a_compiler_refuses_leaves_no_half_of_a_library(build_tool, in_haste, operations, tmp_path):
    for file in (ROOT / build_tool.NATIVE).glob("*.[ch]"):
        shutil.copy(file, tmp_path)
    (tmp_path / "gru.c").write_text("this is not C")
    with pytest.raises(build_tool.subprocess.CalledProcessError) as refused:
        build_tool.build(tmp_path, tmp_path / "walk.so")
    assert "error" in refused.value.stderr and not (tmp_path / "walk.so").exists()


def test_building_anew_leaves_running_processes_what_they_run(build_tool, in_haste, operations, tmp_path):
    target = tmp_path / "walk.so"
    target.write_bytes(b"what was there before")
    with target.open("rb") as running:
        build_tool.build(ROOT / build_tool.NATIVE, target)
        assert running.read() == b"what was there before"
    assert target.read_bytes().startswith(b"\x7fELF") or os.uname().sysname != "Linux"
    assert list(tmp_path.iterdir()) == [target]
