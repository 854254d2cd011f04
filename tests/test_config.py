"""The one declaration of every hyperparameter: bounds, messages and the JSON round trip."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmwidgets.config import LSTMConfig, Parameter, checked_config
from lstmwidgets.errors import LSTMWidgetsError

PARAMETERS = LSTMConfig.parameters()
NUMBERS = [name for name, one in PARAMETERS.items() if one.kind != "choice"]


def any_config() -> st.SearchStrategy[LSTMConfig]:
    fields: dict[str, st.SearchStrategy] = {}
    for name, one in PARAMETERS.items():
        if one.kind == "integer":
            fields[name] = st.integers(one.minimum, one.maximum)
        elif one.kind == "real":
            fields[name] = st.floats(one.minimum, one.maximum)
        else:
            fields[name] = st.sampled_from(one.choices)
    return st.fixed_dictionaries({}, optional=fields).map(_as_far_as_they_apply)


def _as_far_as_they_apply(settings: dict) -> LSTMConfig:
    cell = LSTMConfig(cell=settings.get("cell", "lstm"))
    return LSTMConfig(**{name: value for name, value in settings.items() if cell.applies(name)})


def test_the_fields_are_those_that_notebooks_and_reports_name():
    assert set(PARAMETERS) >= {
        *("sequence_length", "horizon", "units", "layers", "dropout", "epochs", "batch_size"),
        *("learning_rate", "validation_fraction", "test_fraction", "seed"),
    }


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_has_what_a_slider_needs(name):
    one = PARAMETERS[name]
    assert one.name == name
    assert one.label and one.unit
    assert one.help.endswith(".")
    assert LSTMConfig.model_fields[name].default == one.default
    if one.kind == "choice":
        assert one.default in one.choices
        assert len(one.choices) > 1
    else:
        assert one.minimum < one.maximum
        assert one.minimum <= one.default <= one.maximum
        assert one.step is not None or one.scale == "log"
        assert one.scale != "log" or one.minimum > 0


@pytest.mark.parametrize(
    ("cell", "setting"),
    [("rnn", {"recurrent_activation": "tanh"}), ("transformer", {"activation": "relu"})],
)
def test_a_setting_that_means_nothing_for_the_cell_is_refused_and_not_left_out(cell, setting):
    ((name, value),) = setting.items()
    assert not LSTMConfig(cell=cell).applies(name) and LSTMConfig().applies(name)
    with pytest.raises(LSTMWidgetsError, match=f"{name}='{value}' is not accepted with cell='{cell}'"):
        LSTMConfig(cell=cell, **setting)
    assert LSTMConfig(cell=cell, **{name: PARAMETERS[name].default}).cell == cell


def test_what_was_set_by_hand_is_known_also_of_a_copy():
    config = LSTMConfig(units=8).replace(horizon=3)
    assert config.model_fields_set == {"units", "horizon"}
    assert config == LSTMConfig(units=8, horizon=3, layers=1)


@given(any_config())
def test_a_config_comes_back_from_json_unchanged(config):
    assert LSTMConfig.model_validate_json(config.model_dump_json()) == config
    assert LSTMConfig.model_validate(config.model_dump()) == config
    assert LSTMConfig(**json.loads(config.model_dump_json())) == config
    assert hash(LSTMConfig.model_validate_json(config.model_dump_json())) == hash(config)


@pytest.mark.parametrize("name", NUMBERS)
def test_both_bounds_are_accepted_and_what_lies_beyond_is_refused(name):
    one = PARAMETERS[name]
    beyond = 1 if one.kind == "integer" else 1e-9
    for edge, outside in ((one.minimum, one.minimum - beyond), (one.maximum, one.maximum + beyond)):
        assert getattr(LSTMConfig(**{name: edge}), name) == edge
        with pytest.raises(LSTMWidgetsError) as caught:
            LSTMConfig(**{name: outside})
        assert f"{name}={outside!r} is not accepted: {name} takes {one.accepts}" == str(caught.value)


@pytest.mark.parametrize("wrong", ["3", "many", None, [1], {}, True, float("nan"), float("inf"), b"3", 3j])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_wrong_type_is_refused_and_never_converted(name, wrong):
    with pytest.raises(LSTMWidgetsError, match=f"^{name}=.* is not accepted: {name} takes a"):
        LSTMConfig(**{name: wrong})


def test_a_fraction_is_no_whole_number():
    with pytest.raises(
        LSTMWidgetsError, match="units=32.5 is not accepted: units takes a whole number from 1 to 512"
    ):
        LSTMConfig(units=32.5)


def test_a_choice_outside_the_list_is_refused_with_the_list():
    with pytest.raises(LSTMWidgetsError) as caught:
        LSTMConfig(centering="first")
    assert str(caught.value) == "centering='first' is not accepted: centering takes 'last' or 'none'"


def test_an_unknown_field_is_refused_with_the_fields_there_are():
    with pytest.raises(
        LSTMWidgetsError, match="lookback=3 is not accepted: LSTMConfig has the fields sequence_length, "
    ):
        LSTMConfig(lookback=3)


def test_every_mistake_is_named_at_once():
    with pytest.raises(LSTMWidgetsError) as caught:
        LSTMConfig(units=0, epochs="ten", lookback=1)
    for name in ("units=0", "epochs='ten'", "lookback=1"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"units": 1e9}', '{"units": NaN}', '{"seed": "7"}']
)
def test_bad_json_is_refused_in_words(text):
    with pytest.raises(LSTMWidgetsError):
        LSTMConfig.model_validate_json(text)


def test_a_long_value_is_cut_short_in_the_message():
    with pytest.raises(LSTMWidgetsError) as caught:
        LSTMConfig(units="x" * 10_000)
    assert len(str(caught.value)) < 200


def test_a_config_cannot_be_changed_in_place_and_says_how_to_make_another():
    config = LSTMConfig()
    with pytest.raises(LSTMWidgetsError, match=r"config\.replace\(units=3\)"):
        config.units = 3
    assert config.replace(units=3).units == 3
    assert config.units == 32
    with pytest.raises(LSTMWidgetsError, match="units=0"):
        config.replace(units=0)


def test_numpy_numbers_become_plain_ones():
    config = LSTMConfig(units=np.int64(7), dropout=np.float32(0.5), seed=np.uint8(3))
    assert (type(config.units), type(config.dropout), type(config.seed)) == (int, float, int)
    assert config == LSTMConfig(units=7, dropout=0.5, seed=3)


def test_equal_configs_are_equal_and_hash_alike():
    assert LSTMConfig(units=7) == LSTMConfig(units=7) != LSTMConfig(units=8)
    assert len({LSTMConfig(units=7), LSTMConfig(units=7)}) == 1


def test_accepted_values_are_told_in_words():
    assert PARAMETERS["units"].accepts == "a whole number from 1 to 512"
    assert PARAMETERS["learning_rate"].accepts == "a number from 1e-06 to 1"
    assert PARAMETERS["seed"].accepts == "a whole number from 0 to 2147483647"
    assert PARAMETERS["centering"].accepts == "'last' or 'none'"
    assert isinstance(PARAMETERS["units"], Parameter)


@pytest.mark.parametrize("config", [{"units": 32}, 32, "units=32"])
def test_anything_but_a_config_is_refused_where_one_is_wanted(config):
    with pytest.raises(LSTMWidgetsError, match=r"not an LSTMConfig: write LSTMConfig\(units=32"):
        checked_config(config)


def test_a_choice_that_is_nearly_written_gets_a_question():
    with pytest.raises(LSTMWidgetsError) as caught:
        LSTMConfig(cell="GRU")
    assert str(caught.value).startswith(
        "cell='GRU' is not accepted (did you mean 'gru'?): cell takes 'lstm' or "
    )
