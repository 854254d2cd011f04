"""Controls say what the config says: bounds, refusals, and one value in slider and text."""

import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.config import NETWORKS
from lstmwidgets.widgets.controls import IN_SIGHT, NumberField, SettingsForm, positions
from lstmwidgets.widgets.panel.data_picker import DataPicker, facts
from lstmwidgets.widgets.panel.paper import settings_in_words

PARAMETERS = lw.LSTMConfig.parameters()
SLIDING = [name for name in PARAMETERS if positions(PARAMETERS[name])]


@pytest.mark.parametrize("name", SLIDING)
def test_a_slider_reaches_both_bounds_and_holds_only_accepted_values(name):
    stops = positions(PARAMETERS[name])
    assert stops[0] == PARAMETERS[name].minimum and stops[-1] == PARAMETERS[name].maximum
    assert list(stops) == sorted(set(stops))
    for stop in stops:
        assert getattr(lw.LSTMConfig(**{name: stop}), name) == stop


@pytest.mark.parametrize("name", SLIDING)
def test_a_slider_can_stop_at_the_default(name):
    assert PARAMETERS[name].default in positions(PARAMETERS[name])


def test_every_setting_has_a_control_and_four_are_in_sight():
    form = SettingsForm()
    assert list(form.fields) == list(lw.LSTMConfig.model_fields)
    assert IN_SIGHT == ("cell", "units", "sequence_length", "epochs")
    in_sight, more = form.children
    assert [field.parameter.name for field in in_sight.children] == list(IN_SIGHT)
    assert more.titles == ("More",) and more.selected_index is None
    assert len(more.children[0].children) == len(form.fields) - len(IN_SIGHT)


def shown(form):
    return {name for name, field in form.fields.items() if field.layout.display != "none"}


def test_the_cell_is_chosen_by_a_readable_name():
    choice = SettingsForm(lw.LSTMConfig(cell="bilstm")).fields["cell"].choice
    assert choice.label == "BiLSTM"
    assert tuple(value for _, value in choice.options) == PARAMETERS["cell"].choices == tuple(NETWORKS)


def test_only_what_the_cell_has_is_shown_and_what_was_set_comes_back_with_it():
    form = SettingsForm()
    form.fields["activation"].choice.value = "relu"
    form.fields["recurrent_activation"].choice.value = "hard_sigmoid"
    lstm = form.config
    assert shown(form) == set(form.fields)
    form.fields["cell"].choice.value = "rnn"
    assert shown(form) == set(form.fields) - {"recurrent_activation"}
    assert form.config == lw.LSTMConfig(cell="rnn", activation="relu")
    form.fields["cell"].choice.value = "transformer"
    assert shown(form) == set(form.fields) - {"activation", "recurrent_activation"}
    assert form.config == lw.LSTMConfig(cell="transformer") and form.problem == ""
    form.fields["cell"].choice.value = "lstm"
    assert form.config == lstm == lw.LSTMConfig(activation="relu", recurrent_activation="hard_sigmoid")
    form.restore(lw.LSTMConfig(cell="transformer"))  # a config set by code hides them as well
    assert shown(form) == set(form.fields) - {"activation", "recurrent_activation"}


def test_labels_say_what_a_setting_means_for_the_cell():
    form = SettingsForm(lw.LSTMConfig(cell="transformer"))
    units = form.fields["units"]
    assert units.spoken.startswith("Size, units of the LSTM as large. The Transformer is given as many")
    assert "Size" in units._label.value and "from 1 to 512" in units.text.tooltip
    assert "half of a block" in form.fields["dropout"].spoken  # it has no share of a layer's inputs
    form.fields["cell"].choice.value = "gru"
    assert units.spoken.startswith("Units, cells per layer.") and "Units" in units._label.value


def test_the_form_knows_what_was_set_by_hand():
    form = SettingsForm(lw.LSTMConfig(horizon=2))
    form.fields["units"].text.value = "7"
    assert form.config.model_fields_set == {"horizon", "units"}


def test_each_control_has_the_configs_help_as_tooltip_and_a_spoken_name():
    for name, field in SettingsForm().fields.items():
        control = field.text if isinstance(field, NumberField) else field.choice
        assert PARAMETERS[name].help in control.tooltip
        assert field.spoken.startswith(PARAMETERS[name].label)


def test_dragging_the_slider_moves_the_number_and_the_config():
    form = SettingsForm(lw.LSTMConfig(units=32))
    units = form.fields["units"]
    units.slider.value += 1
    assert units.text.value == "34" and form.config == lw.LSTMConfig(units=34)


def test_typing_a_number_between_the_stops_keeps_it_exactly():
    form = SettingsForm()
    form.fields["units"].text.value = "101"
    assert form.config.units == 101
    assert positions(PARAMETERS["units"])[form.fields["units"].slider.value] == 100
    form.fields["units"].text.value = "1e2"
    assert form.config.units == 100 and form.fields["units"].text.value == "100"
    form.fields["learning_rate"].text.value = "1.23e-4"
    assert form.config.learning_rate == 1.23e-4


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("units", "0", "units=0 is not accepted: units takes a whole number from 1 to 512"),
        ("units", "513", "units=513 is not accepted"),
        ("units", "1e3", "units=1000 is not accepted"),
        ("units", "12.5", "units=12.5 is not accepted: units takes a whole number"),
        ("units", "many", "units='many' (str) is not accepted"),
        ("units", "", "units='' (str) is not accepted"),
        ("dropout", "0.95", "dropout=0.95 is not accepted: dropout takes a number from 0 to 0.9"),
        ("learning_rate", "nan", "learning_rate=nan is not accepted"),
        ("seed", "-1", "seed=-1 is not accepted"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_and_changes_nothing(name, typed, words):
    form = SettingsForm()
    field = form.fields[name]
    field.text.value = typed
    assert words in form.problem and words in field.problem
    assert field.text.value == typed  # neither clamped nor put back: it stands there to be mended
    assert form.config == lw.LSTMConfig()
    field.text.value = str(PARAMETERS[name].default)
    assert form.problem == "" and field.problem == ""


def test_moving_the_slider_mends_a_refused_number():
    form = SettingsForm()
    units = form.fields["units"]
    units.text.value = "0"
    units.slider.value += 1
    assert form.problem == "" and units.text.value == str(form.config.units)


def test_setting_the_config_sets_every_control_and_forgets_refusals():
    form = SettingsForm()
    form.fields["units"].text.value = "0"
    wanted = lw.LSTMConfig(units=7, learning_rate=0.02, centering="none", seed=5, dropout=0.33)
    form.restore(wanted)
    assert form.problem == "" and form.config == wanted
    assert form.fields["centering"].choice.value == "none" and form.fields["seed"].text.value == "5"
    form.fields["units"].text.value = "0"
    form.restore(wanted)  # equal to the config it has, and yet the refused text must go
    assert form.problem == "" and form.fields["units"].text.value == "7"


def _upload(picker, name, content):
    file = {
        "name": name,
        "type": "text/csv",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": pd.Timestamp("2026-01-01").to_pydatetime(),
    }
    picker.upload.value = (file,)


def test_a_dataset_is_picked_by_name_and_described():
    picker = DataPicker("nile")
    assert facts(picker.series) == "100 yearly values, 1 Jan 1871 to 1 Jan 1970, in 10^8 m³ per year."
    picker.datasets.value = "sunspots"
    assert picker.series.attrs["dataset"] == "sunspots"


def test_an_unknown_dataset_is_an_error_in_words():
    with pytest.raises(lw.LSTMWidgetsError, match="there is no dataset 'niles'"):
        DataPicker("niles")


def test_an_uploaded_file_becomes_the_series_and_what_was_chosen_is_said():
    picker = DataPicker("nile")
    _upload(picker, "mine.csv", b"day,height\n2020-01-01,1\n2020-01-02,2\n2020-01-04,3\n")
    assert picker.problem == "" and picker.series.isna().tolist() == [False, False, True, False]
    assert picker.datasets.label == "Yours: mine.csv"
    assert "time: column 'day'; value: column 'height'" in facts(picker.series)
    assert "1 of 4 times had no row" in facts(picker.series)
    picker.datasets.value = "nile"
    picker.datasets.value = "own"
    assert picker.series.name == "height"


def test_a_file_with_several_value_columns_is_read_once_one_is_chosen():
    picker = DataPicker("nile")
    _upload(picker, "two.csv", b"day,height,width\n2020-01-01,1,7\n2020-01-02,2,8\n2020-01-03,3,9\n")
    assert "'height', 'width'" in picker.problem and "choose the time column" in picker.problem
    assert picker.series.attrs["dataset"] == "nile"
    picker.value.value = "width"
    assert picker.problem == "" and picker.series.tolist() == [7.0, 8.0, 9.0]


def test_a_bad_file_is_refused_in_words_and_the_series_before_stays():
    picker = DataPicker("nile")
    _upload(picker, "empty.csv", b"")
    assert "'empty.csv' is empty" in picker.problem and picker.series.attrs["dataset"] == "nile"
    picker.dismiss()
    assert picker.problem == "" and "100 yearly values" in picker._facts.value
    _upload(picker, "empty.csv", b"")
    _upload(picker, "../../escape.csv", b"day,height\n2020-01-01,1\n2020-01-02,2\n")
    assert picker.problem == "" and picker.series.attrs["file"] == "escape.csv"


def test_columns_are_asked_for_only_where_choosing_them_can_help():
    picker, here = DataPicker("nile"), "Here: choose the time column"
    _upload(picker, "mine.csv", b"day,height,note\n2020-01-01,1,a\n2020-01-02,2,b\n")
    assert picker.problem == "" and picker._columns.layout.display is None
    _upload(picker, "empty.csv", b"")
    assert "is empty" in picker.problem and here not in picker.problem
    assert picker._columns.layout.display == "none" and picker.series.attrs["file"] == "mine.csv"
    _upload(picker, "twice.csv", b"day,height,note\n2020-01-01,1,a\n2020-01-01,2,b\n2020-01-02,3,c\n")
    assert "more than once" in picker.problem and here not in picker.problem
    _upload(picker, "two.csv", b"day,height,width\n2020-01-01,1,7\n2020-01-02,2,8\n")
    assert here in picker.problem and picker._columns.layout.display is None
    picker.datasets.value = "nile"  # what was refused is forgotten, also for the file before it
    picker.datasets.value = "own"
    assert picker.problem == "" and picker._columns.layout.display == "none"
    assert picker.series.attrs["file"] == "mine.csv"


def test_what_the_cell_has_not_is_left_out_of_a_panels_still_and_copied_settings_stay_whole():
    in_sight, folded = settings_in_words(lw.LSTMConfig(cell="transformer", layers=2))
    assert in_sight == "Sequence length 48 · Cell Transformer · Size 32 · Epochs 20"
    assert "Blocks 2" in folded and "ctivation" not in folded
    panel = lw.TrainingPanel("nile", lw.LSTMConfig(sequence_length=8, horizon=2, activation="relu"))
    assert ".lw-field-activation input, .lw-field-activation select" in panel._shown._names.attributes
    panel._settings.fields["cell"].choice.value = "transformer"
    assert lw.LSTMConfig.model_validate_json(panel._shown.copy.text) == panel.config
    assert panel.config.activation == "tanh" and "parameters" in panel._shown._cost.value
    spoken = panel._shown._names.attributes[".lw-field-units .noUi-handle"]
    assert (
        spoken["aria-label"].startswith("Size")
        and spoken["aria-valuetext"] == "32 units of the LSTM as large"
    )
