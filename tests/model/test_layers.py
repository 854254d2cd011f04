"""The fused layers: Keras' own numbers, gradients, files and tests, by every way they can run."""

import ctypes
import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import lstmwidgets as lw
from lstmwidgets.analysis.inside.gates import gate_activations
from lstmwidgets.model import kernels, native
from lstmwidgets.model.inside.walks import gru_walk
from lstmwidgets.model.layers import FusedGRU, FusedLSTM, gates, to_plain_keras

CELLS = {"LSTM": (FusedLSTM, keras.layers.LSTM), "GRU": (FusedGRU, keras.layers.GRU)}

WAYS = {
    "AVX-512": (2, False),
    "AVX2": (1, False),
    "every processor's instructions": (0, False),
    "in parts": (2, True),
    "TensorFlow's kernel": (None, False),
    "TensorFlow's kernel in parts": (None, True),
}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Run a layer in one of the ways it has: which instructions, and whether in parts side by side.

    On TensorFlow's kernel a GRU takes Keras' own way.
    """
    instructions, in_parts = WAYS[request.param]
    monkeypatch.setattr(kernels, "PARTS", 3 if in_parts else 1)
    monkeypatch.setattr(kernels, "PART_ROWS", 1)
    if instructions is None:
        monkeypatch.setattr(native, "operations", lambda: None)
        yield request.param
        return
    assert native.operations() is not None  # before ctypes: TensorFlow has to be the first to load it
    library = ctypes.CDLL(str(native.LIBRARY))
    if library.lstmwidgets_use_instructions(instructions) != instructions:
        pytest.skip("this processor lacks the instructions")
    yield request.param
    library.lstmwidgets_use_instructions(2)


@pytest.fixture
def kernel_calls(monkeypatch):
    calls = []

    def counted(walk):
        return lambda *args, **options: calls.append(1) or walk(*args, **options)

    for name in ("lstm", "gru"):
        monkeypatch.setattr(kernels, name, counted(getattr(kernels, name)))
    return calls


def _twins(units, features, draw=0, cell="LSTM", **options):
    """A fused layer and Keras' own with the same random weights."""
    rng = np.random.default_rng(draw)
    layers = [kind(units, **options) for kind in CELLS[cell]]
    for layer in layers:
        layer.build((None, None, features))
    weights = [rng.normal(scale=0.6, size=w.shape) for w in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def _everything(layer, x, states, **options):
    """Outputs and states, and the gradient of a fixed sum of them by inputs, states and weights."""
    x, *states = (tf.convert_to_tensor(array) for array in (x, *states))
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        answers = layer(x, initial_state=states, **options)
        total = tf.add_n(
            [tf.reduce_sum(answer * tf.cos(answer + number)) for number, answer in enumerate(answers)]
        )
    sources = [x, *states, *(variable.value for variable in layer.trainable_variables)]
    return [*answers, *tape.gradient(total, sources)]


def _assert_equal(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        # What is summed up may be of size 1, whatever is left of it: float32 then rounds to 6e-8.
        assert np.abs(a - b).max(initial=0) <= tolerance * max(np.abs(b).max(initial=0), 1e-2)


def _draw(seed, batch, timesteps, features, units, cell="LSTM"):
    """Inputs, and the states before the first step."""
    rng = np.random.default_rng(seed)
    sizes = (batch, timesteps, features), *[(batch, units)] * {"LSTM": 2, "GRU": 1}[cell]
    return [rng.normal(size=size).astype(np.float32) for size in sizes]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_outputs_states_and_gradients_equal_those_of_keras(data):
    integers = {"batch": 5, "timesteps": 7, "features": 3, "units": 6}
    size = {name: data.draw(st.integers(1, largest), name) for name, largest in integers.items()}
    flags = {
        name: data.draw(st.booleans(), name) for name in ("return_sequences", "go_backwards", "use_bias")
    }
    seed = data.draw(st.integers(0, 1000), "seed")
    cell = data.draw(st.sampled_from(sorted(CELLS)), "cell")
    mask = None
    if data.draw(st.booleans(), "masked"):
        mask = np.random.default_rng(seed).random((size["batch"], size["timesteps"])) < 0.7
    x, *states = _draw(seed, **size, cell=cell)
    twins = _twins(size["units"], size["features"], seed, cell, return_state=True, **flags)
    ours, theirs = (_everything(layer, x, states, mask=mask) for layer in twins)
    _assert_equal(ours, theirs)


@pytest.mark.parametrize(
    ("cell", "timesteps", "options"),
    [
        *[("LSTM", timesteps, {"return_sequences": True}) for timesteps in (6, None)],
        *[("LSTM", timesteps, {"go_backwards": True}) for timesteps in (6, None)],
        ("GRU", None, {"return_sequences": True, "go_backwards": True}),
    ],
    ids=str,
)
def test_each_way_equals_keras_in_a_compiled_function_of_unknown_batch_size(way, cell, timesteps, options):
    features, units = 3, 5
    layer, reference = _twins(units, features, cell=cell, return_state=True, **options)
    shapes = [[None, timesteps, features], *[[None, units]] * len(layer.state_size)]

    @tf.function(input_signature=[tf.TensorSpec(shape) for shape in shapes])
    def compiled(x, *states):
        return _everything(layer, x, states, training=True)

    for batch in (1, 2, 5):
        x, *states = _draw(batch, batch, 6, features, units, cell)
        _assert_equal(compiled(x, *states), _everything(reference, x, states))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("instructions", "in_parts"), [(2, False), (1, False), (0, False), (2, True)])
def test_layers_wider_and_batches_larger_than_a_tile_equal_keras(cell, instructions, in_parts, monkeypatch):
    monkeypatch.setattr(kernels, "PARTS", 2 if in_parts else 1)
    assert native.operations() is not None
    library = ctypes.CDLL(str(native.LIBRARY))
    if library.lstmwidgets_use_instructions(instructions) != instructions:
        pytest.skip("this processor lacks the instructions")
    for batch, timesteps, features, units in ((97, 2, 5, 43), (7, 20, 1, 8)):
        layer, reference = _twins(units, features, cell=cell, return_sequences=True, return_state=True)
        scaled = [weight / np.sqrt(units) for weight in layer.get_weights()]
        for each in (layer, reference):
            each.set_weights(scaled)
        x, *states = _draw(0, batch, timesteps, features, units, cell)
        compiled = tf.function(lambda *a, layer=layer: _everything(layer, a[0], a[1:], training=True))
        _assert_equal(compiled(x, *states), _everything(reference, x, states), 2e-5)
    library.lstmwidgets_use_instructions(2)


@pytest.mark.parametrize("cell", CELLS)
def test_each_way_leaves_no_gradient_from_an_empty_batch(way, cell):
    layer, _ = _twins(5, 3, cell=cell, return_state=True)
    states = len(layer.state_size)
    compiled = tf.function(lambda x, *s: _everything(layer, x, s, training=True)[1 + states :])
    gradients = compiled(tf.zeros((0, 6, 3)), *[tf.zeros((0, 5))] * states)
    for gradient in gradients[1 + states :]:
        assert not np.any(gradient)


def test_each_way_trains_through_a_loop_within_one_function(way):
    layer, reference = _twins(4, 2)
    x = tf.constant(_draw(0, 12, 6, 2, 4)[0])

    @tf.function
    def ours(batches):
        for batch in batches:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(layer(tf.gather(x, batch), training=True) - 0.3))
            for weight, by in zip(layer.weights, tape.gradient(loss, layer.trainable_variables), strict=True):
                weight.assign_sub(by)

    order = np.arange(12, dtype=np.int32).reshape(3, 4)
    ours(tf.constant(order))
    for batch in order:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(reference(tf.gather(x, batch)) - 0.3))
        for weight, by in zip(
            reference.weights, tape.gradient(loss, reference.trainable_variables), strict=True
        ):
            weight.assign_sub(by)
    _assert_equal(layer.get_weights(), reference.get_weights())


def test_each_way_equals_float64_numpy(way):
    units, features = 4, 2
    layer, _ = _twins(units, features, return_sequences=True, return_state=True)
    x, h0, c0 = _draw(3, 5, 9, features, units)
    sequence, _, last_c = tf.function(lambda *a: layer(a[0], initial_state=list(a[1:]), training=True))(
        x, h0, c0
    )
    for row in range(5):
        trace = gate_activations(x[row], *layer.get_weights(), initial_h=h0[row], initial_c=c0[row])
        np.testing.assert_allclose(sequence[row], trace.h, atol=1e-6)
        np.testing.assert_allclose(last_c[row], trace.c[-1], atol=1e-6)


def test_each_way_has_the_gradient_that_finite_differences_of_float64_numpy_give(way):
    units, features = 2, 1
    layer, _ = _twins(units, features, return_sequences=True, return_state=True)
    x, h0, c0 = _draw(4, 1, 3, features, units)
    arrays = [np.float64(array) for array in (x[0], h0[0], c0[0], *layer.get_weights())]

    def total(x, h, c, *weights):
        trace = gate_activations(x, *weights, initial_h=h, initial_c=c)
        answers = trace.h, trace.h[-1], trace.c[-1]
        return sum(np.sum(answer * np.cos(answer + number)) for number, answer in enumerate(answers))

    ours = tf.function(lambda x, h, c: _everything(layer, x, [h, c], training=True)[3:])(x, h0, c0)
    for gradient, array in zip(ours, arrays, strict=True):
        differences = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-5
            above = total(*arrays)
            array[place] = kept - 1e-5
            differences[place] = (above - total(*arrays)) / 2e-5
            array[place] = kept
        np.testing.assert_allclose(np.reshape(gradient, array.shape), differences, atol=2e-6)


def test_each_way_of_a_gru_has_the_numbers_and_gradient_of_float64_numpy(way):
    units, features = 3, 2
    layer, _ = _twins(units, features, cell="GRU", return_sequences=True, return_state=True)
    x, h0 = _draw(4, 1, 4, features, units, "GRU")
    arrays = [np.float64(array) for array in (x[0], h0[0], *layer.get_weights())]

    def hidden():
        x, h, kernel, recurrent_kernel, biases = arrays
        return gru_walk(x, h, kernel, recurrent_kernel, *biases).h

    def total():
        h = hidden()
        return sum(np.sum(answer * np.cos(answer + number)) for number, answer in enumerate((h, h[-1])))

    every_h, _, *ours = tf.function(lambda x, h: _everything(layer, x, [h], training=True))(x, h0)
    np.testing.assert_allclose(every_h[0], hidden(), atol=1e-6)
    for gradient, array in zip(ours, arrays, strict=True):
        differences = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-5
            above = total()
            array[place] = kept - 1e-5
            differences[place] = (above - total()) / 2e-5
            array[place] = kept
        np.testing.assert_allclose(np.reshape(gradient, array.shape), differences, atol=2e-6)


@pytest.mark.parametrize(
    "options", [{}, {"implementation": 1, "use_cudnn": False}, {"recurrent_dropout": 0.4}], ids=str
)
@pytest.mark.parametrize("cell", CELLS)
def test_dropout_silences_the_same_inputs_as_in_keras(cell, options, kernel_calls):
    x, *states = _draw(0, 3, 5, 4, 6, cell)
    flags = {"dropout": 0.5, "seed": 7, "return_sequences": True, "return_state": True}
    twins = _twins(6, 4, cell=cell, **flags, **options)
    for _ in range(2):
        ours, theirs = (_everything(layer, x, states, training=True) for layer in twins)
        _assert_equal(ours, theirs)
    assert len(kernel_calls) == (0 if options else 2)
    ours, theirs = (_everything(layer, x, states, training=False) for layer in twins)
    _assert_equal(ours, theirs)
    assert len(kernel_calls) == (1 if options else 3)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"unroll": True},
        {"dtype": "float64"},
        {"dtype": "mixed_bfloat16"},
        {"cell": "GRU", "activation": "relu"},
        {"cell": "GRU", "reset_after": False},
    ],
    ids=str,
)
def test_keras_own_way_is_taken_where_the_kernel_does_not_apply(options, kernel_calls):
    layer, reference = _twins(4, 2, **options)
    x, *_ = _draw(0, 3, 5, 2, 4)
    assert np.array_equal(layer(x), reference(x))
    assert not kernel_calls


def test_keras_own_way_is_taken_beside_an_accelerator_and_with_a_mask(kernel_calls, monkeypatch):
    layer, reference = _twins(4, 2)
    x, *_ = _draw(0, 3, 5, 2, 4)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2, [False] + [True] * 4])
    assert np.array_equal(layer(x, mask=mask), reference(x, mask=mask))
    masking = keras.Sequential([keras.layers.Masking(), layer])
    assert np.array_equal(masking(x), reference(x))
    monkeypatch.setattr(kernels, "has_accelerator", lambda: True)
    assert np.array_equal(layer(x), reference(x))
    assert not kernel_calls


def test_cudnn_where_it_is_demanded_and_absent_is_refused_as_by_keras():
    with pytest.raises(ValueError, match="use_cudnn=True was specified"):
        FusedLSTM(4, use_cudnn=True)(np.zeros((2, 3, 1), np.float32))


def test_a_function_compiled_by_xla_takes_keras_own_way(kernel_calls):
    layer, reference = _twins(4, 2)
    x, *_ = _draw(0, 3, 5, 2, 4)
    np.testing.assert_allclose(tf.function(layer, jit_compile=True)(x), reference(x), atol=1e-6)
    model = keras.Sequential([layer])
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(x, np.zeros((3, 4)), verbose=0)
    assert not kernel_calls


def test_bidirectional_and_stacked_layers_equal_keras(kernel_calls):
    def network(kind, gru):
        return keras.Sequential(
            [
                keras.Input((6, 2)),
                kind(4, return_sequences=True, dropout=0.3, seed=1),
                keras.layers.Bidirectional(kind(3, seed=2, return_sequences=True)),
                keras.layers.Bidirectional(gru(3, seed=3), merge_mode="sum"),
                keras.layers.Dense(1),
            ]
        )

    ours, theirs = (network(*kinds) for kinds in zip(*CELLS.values(), strict=True))
    theirs.set_weights(ours.get_weights())
    assert isinstance(ours.layers[1].backward_layer, FusedLSTM)
    x = _draw(0, 16, 6, 2, 1)[0]
    for model in (ours, theirs):
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(x, x[:, 0, :1], batch_size=4, epochs=2, shuffle=False, verbose=0)
    _assert_equal(ours.get_weights(), theirs.get_weights(), 1e-4)
    assert kernel_calls


@pytest.mark.parametrize(("kind", "plain"), CELLS.values())
def test_a_stateful_layer_goes_on_where_it_was_until_it_is_reset(kind, plain):
    x = _draw(0, 2, 8, 1, 1)[0]
    layer = kind(3, stateful=True)
    first = layer(x[:, :5])
    second = layer(x[:, 5:])
    whole = plain(3)
    whole.build((2, 8, 1))
    whole.set_weights(layer.get_weights())
    np.testing.assert_allclose(second, whole(x), atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(x[:, :5]), first, atol=1e-6)


def test_a_saved_model_is_loaded_as_it_was_and_trains_on(tmp_path):
    recurrent = FusedLSTM(4, return_sequences=True), FusedGRU(4)
    model = keras.Sequential([keras.Input((6, 1)), *recurrent, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x, *_ = _draw(0, 8, 6, 1, 1)
    model.fit(x, x[:, 0], verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers[:2]] == [FusedLSTM, FusedGRU]
    for each in (model, loaded):
        each.fit(x, x[:, 0], epochs=2, shuffle=False, verbose=0)
    _assert_equal(loaded.get_weights(), model.get_weights())


def test_a_model_made_plain_loads_where_the_package_is_not_installed(tmp_path):
    window = keras.Input((6, 1))
    inner = keras.Sequential(
        [keras.Input((6, 1)), keras.layers.Bidirectional(FusedLSTM(3)), keras.layers.Dense(2)]
    )
    top = FusedGRU(4, return_sequences=True, name="reader")(window)
    model = keras.Model(window, [inner(window), top])
    model.compile("adam", "mse")
    plain = to_plain_keras(model)
    assert type(plain.get_layer("reader")) is keras.layers.GRU
    plain.save(tmp_path / "plain.keras")
    x = _draw(0, 2, 6, 1, 1)[0]
    np.save(tmp_path / "x.npy", x)
    script = (
        "import sys; sys.modules['lstmwidgets'] = None\n"
        "import keras, numpy as np\n"
        "model = keras.models.load_model('plain.keras')\n"
        "np.savez('answers.npz', *model.predict(np.load('x.npy'), verbose=0))\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=120, capture_output=True)
    answers = np.load(tmp_path / "answers.npz")
    for ours, theirs in zip(model(x), answers.values(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_layer_can_be_made_plain_too():
    layer, _ = _twins(3, 2, go_backwards=True)
    plain = to_plain_keras(layer)
    assert type(plain) is keras.layers.LSTM and plain.go_backwards
    assert [np.array_equal(a, b) for a, b in zip(plain.get_weights(), layer.get_weights(), strict=True)] == [
        True
    ] * 3


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="another backend needs JAX installed")
def test_on_another_backend_the_layer_is_keras_own():
    script = (
        "import keras, numpy as np\n"
        "from lstmwidgets.model.layers import FusedLSTM\n"
        "ours, theirs = FusedLSTM(3), keras.layers.LSTM(3)\n"
        "x = np.linspace(0, 1, 10, dtype='float32').reshape(2, 5, 1)\n"
        "theirs(x); ours(x); theirs.set_weights(ours.get_weights())\n"
        "assert keras.backend.backend() == 'jax' and np.array_equal(ours(x), theirs(x))\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, timeout=120, capture_output=True
    )


@pytest.mark.parametrize("kind", [FusedLSTM, keras.layers.LSTM])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"use_bias": False}], ids=str)
def test_gates_are_those_of_gate_activations(kind, options):
    layer = dict(
        zip([FusedLSTM, keras.layers.LSTM], _twins(4, 2, return_sequences=True, **options), strict=True)
    )[kind]
    x, h0, c0 = _draw(5, 3, 7, 2, 4)
    traced = gates(layer, x, [h0, c0])
    kernel, recurrent_kernel, *bias = layer.get_weights()
    for row, sequence in enumerate(x[:, ::-1] if layer.go_backwards else x):
        states = {"initial_h": h0[row], "initial_c": c0[row]}
        trace = gate_activations(
            sequence, kernel, recurrent_kernel, bias[0] if bias else np.zeros(16), **states
        )
        for name in "ifgoch":
            np.testing.assert_allclose(getattr(traced, name)[row], getattr(trace, name), atol=1e-6)
    np.testing.assert_allclose(traced.h, layer(x, initial_state=[h0, c0]), atol=1e-6)


def test_gates_begin_at_the_states_a_stateful_layer_holds_and_leave_them():
    layer = FusedLSTM(3, stateful=True)
    x = _draw(0, 2, 4, 1, 1)[0]
    layer(x)
    held = [state.numpy() for state in layer.states]
    first = gates(layer, x).c[:, 0]
    assert all(np.array_equal(state, before) for state, before in zip(layer.states, held, strict=True))
    np.testing.assert_allclose(first, gates(layer, x, held).c[:, 0])


@pytest.mark.parametrize(
    ("layer", "inputs", "message"),
    [
        (
            keras.layers.GRU(2),
            np.zeros((1, 3, 1)),
            r"is not an LSTM layer: gates takes a keras\.layers\.LSTM",
        ),
        (FusedLSTM(2, name="young"), np.zeros((1, 3, 1)), "'young' has no weights yet"),
        (FusedLSTM(2, activation="relu"), np.zeros((1, 3, 1)), "has the activations 'relu' and 'sigmoid'"),
        (FusedLSTM(2, name="reader"), np.zeros((3, 1)), r"\(3, 1\): 'reader' reads \(batch, timesteps, 1\)"),
    ],
)
def test_gates_say_what_they_take(layer, inputs, message):
    if "young" not in message:
        layer.build((None, 3, 1))
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        gates(layer, inputs)


@pytest.mark.parametrize("cell", CELLS)
def test_a_second_derivative_is_refused_in_words(way, cell):
    layer, _ = _twins(3, 1, cell=cell)
    if way.startswith("TensorFlow") and cell == "GRU":
        pytest.skip("Keras' own layer has one")

    @tf.function(autograph=False)  # which would wrap the error in its own
    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(layer(x, training=True))
            slope = tape.gradient(total, x)
        return outer.gradient(slope, x)

    with pytest.raises(lw.LSTMWidgetsError, match=f"Fused{cell} has no second derivative"):
        second(tf.ones((2, 4, 1)))


def test_the_jacobian_by_the_inputs_equals_that_of_keras():
    layer, reference = _twins(3, 1)

    def jacobian(layer, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            answer = layer(x)
        return tape.jacobian(answer, x)

    x = tf.constant(_draw(0, 2, 4, 1, 1)[0])
    _assert_equal([jacobian(layer, x)], [jacobian(reference, x)])


def test_a_gradient_that_comes_in_slices_is_taken():
    layer, reference = _twins(3, 1)
    x = tf.constant(_draw(0, 4, 5, 1, 1)[0])
    found = []
    for each in (layer, reference):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.gather(each(x), [2, 0, 2]) ** 2)
        found.append(tape.gradient(total, [weight.value for weight in each.weights]))
    _assert_equal(*found)


def test_keras_own_tests_of_its_layers_pass_with_these_in_their_place(tmp_path):
    runner = tmp_path / "run_keras_tests.py"
    runner.write_text(
        "import sys, pytest\n"
        "from keras.src import layers\n"
        "from lstmwidgets.model import kernels\n"
        "from lstmwidgets.model.layers import FusedGRU, FusedLSTM\n"
        "layers.LSTM, layers.GRU = FusedLSTM, FusedGRU\n"
        "calls = []\n"
        "def counted(name, walk):\n"
        "    return lambda *args, **options: calls.append(name) or walk(*args, **options)\n"
        "for name in ('lstm', 'gru'):\n"
        "    setattr(kernels, name, counted(name, getattr(kernels, name)))\n"
        "import keras.src.layers.rnn.gru_test as of_gru, keras.src.layers.rnn.lstm_test as of_lstm\n"
        "options = ['-q', '-p', 'no:cacheprovider', '-c', 'pytest.ini', '--rootdir', '.']\n"
        "code = pytest.main([of_lstm.__file__, of_gru.__file__, *options])\n"
        "assert calls.count('lstm') > 10 and calls.count('gru') > 10, calls\n"
        "sys.exit(code)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts =\n")
    done = subprocess.run([sys.executable, runner], cwd=tmp_path, timeout=150, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and "failed" not in done.stdout
