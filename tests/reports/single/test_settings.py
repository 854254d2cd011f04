"""What a report is asked for is checked, and reaches a notebook as it is."""

from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.translators import PythonTranslator

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.single.settings import FILLS, ReportSettings
from lstmwidgets.reports.study import gaps

HASH = "ab" * 32


def test_settings_of_the_report_and_of_the_network_are_given_side_by_side():
    settings = ReportSettings.of("data.csv", time=["year", "month"], levels=[90, 80, 90], units=8)
    assert settings.config == LSTMConfig(units=8)
    assert settings.levels == (80, 90)
    assert ReportSettings.model_validate_json(settings.model_dump_json()) == settings
    assert ReportSettings.of("data.csv", config=LSTMConfig(units=8), horizon=3).config.units == 8


def test_parameters_are_the_fields_by_name_as_plain_values():
    parameters = ReportSettings.of("data.csv", time=["year", "month"], only="007").parameters()
    own = ["csv", "time", "value", "freq", "id_column", "only", "fill", "levels", "auto"]
    assert list(parameters) == [*own, *LSTMConfig.model_fields]
    assert parameters["time"] == ["year", "month"]
    assert parameters["only"] == "007"
    assert json.loads(json.dumps(parameters)) == parameters


def test_the_ways_to_fill_are_those_that_a_study_knows():
    assert set(FILLS) == set(gaps.FILLS)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"units": 0}, "units=0 is not accepted: units takes a whole number from 1 to 512"),
        ({"unitss": 1}, "unitss=1 is not accepted: LSTMConfig has the fields sequence_length"),
        ({"fill": "magic"}, "fill='magic' is not accepted: fill takes 'forward'"),
        ({"levels": [80.5]}, "levels=[80.5] is not accepted: levels takes whole numbers from 1 to 99"),
        ({"value": 3}, "value=3 is not accepted: value takes text"),
        ({"time": ["year", 3]}, "is not accepted: time takes text"),
        ({"only": ""}, "only='' is not accepted: it is empty"),
        ({"only": "a\0b"}, "it holds a NUL character"),
        ({"only": "\udcff"}, "it is not text in UTF-8"),
        ({"config": {"units": 0}}, "units=0 is not accepted"),
    ],
)
def test_what_is_not_accepted_is_quoted_with_what_is(asked, words):
    with pytest.raises(LSTMWidgetsError) as refused:
        ReportSettings.of("data.csv", **asked)
    assert words in str(refused.value)


def test_unknown_fields_are_refused():
    with pytest.raises(
        LSTMWidgetsError, match="colour='red' is not accepted: a report has the fields source"
    ):
        ReportSettings(source="data.csv", colour="red")


def test_what_the_series_chooses_is_kept_by_name_so_that_what_was_given_stays():
    every = ("sequence_length", "calendar", "highway", "learning_rate", "units", "epochs", "patience")
    assert ReportSettings.of("data.csv", auto=True).auto == every
    settings = ReportSettings.of("data.csv", auto=True, units=32, seed=1)
    assert settings.auto == tuple(name for name in every if name != "units")
    assert settings.parameters()["auto"] == list(settings.auto)
    assert ReportSettings.model_validate_json(settings.model_dump_json()) == settings
    assert ReportSettings.of("data.csv", auto=["units"], units=32).auto == ("units",)
    assert ReportSettings.of("data.csv").parameters()["auto"] is False
    with pytest.raises(LSTMWidgetsError, match="auto names 'loss', which is not chosen: auto takes True"):
        ReportSettings.of("data.csv", auto=["loss"])


def test_the_key_tells_what_decides_the_numbers_and_nothing_else():
    key = ReportSettings.of("data.csv", value="y").key(HASH, name="y")
    assert ReportSettings.of("other.parquet", value="y").key(HASH, name="y") == key
    others = [
        ReportSettings.of("data.csv", value="y").key("cd" * 32, name="y"),
        ReportSettings.of("data.csv", value="y").key(HASH, name="z"),
        ReportSettings.of("data.csv", levels=[90]).key(HASH, name="y"),
        ReportSettings.of("data.csv", fill="linear").key(HASH, name="y"),
        ReportSettings.of("data.csv", only="a").key(HASH, name="y"),
        ReportSettings.of("data.csv", seed=1).key(HASH, name="y"),
        ReportSettings.of("data.csv", auto=True).key(HASH, name="y"),
        ReportSettings.of("data.csv", auto=True, units=32).key(HASH, name="y"),
    ]
    assert len({key, *others}) == len(others) + 1


def is_text(text: str) -> bool:
    return bool(text) and "\0" not in text


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(
        ['"); import os #', "a'b\"c\\", "\\", '\\"', "{x}{}{{", "%s", "\u2028\u2029\x85", "\r\n\t\x0c"]
    ),
).filter(is_text)


@given(TEXT, TEXT)
def test_whatever_text_is_given_papermill_writes_it_as_that_text_and_as_no_code(source, column):
    parameters = ReportSettings.of(source, time=[column, source], value=column).parameters()
    tree = ast.parse(PythonTranslator.codify(parameters))
    assert {type(line) for line in tree.body} == {ast.Assign}
    written = {line.targets[0].id: ast.literal_eval(line.value) for line in tree.body}
    assert written == parameters
