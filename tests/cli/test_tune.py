"""``lstmwidgets tune``: what it writes, what it prints, and what it refuses."""

from __future__ import annotations

import json
import shlex

import pytest

from lstmwidgets.cli.progress import SearchProgress
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import load_dataset
from tests.analysis.choosing.search.made import many
from tests.cli.test_commands import run  # noqa: F401 - a fixture

TINY = "--horizon 2 --sequence-length 4 --units 2 --epochs 1 --vary learning-rate,dropout --budget none"


def test_a_search_writes_its_config_its_trials_and_a_page_and_prints_the_command_of_a_report(run, tmp_path):  # noqa: F811
    code, answer, _ = run("tune", "nile", *TINY.split(), "--trials", "2", "-o", "out", "--json")
    told = json.loads(answer)
    assert code == 0 and told["trials"] == {"done": 2}
    best = LSTMConfig.model_validate_json((tmp_path / "out" / "best.json").read_text())
    assert best.model_dump(mode="json") == told["config"] and best.units == 2
    rows = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert (
        rows[0] == "number,state,error,seconds,epochs,parameters,dropout,learning_rate,reason"
        and len(rows) == 3
    )
    assert "No trial" not in (tmp_path / "out" / "search.html").read_text()
    words = shlex.split(told["command"])
    assert words[:3] == ["lstmwidgets", "report", "nile"] and words[words.index("--units") + 1] == "2"
    assert (tmp_path / "out" / "search.sqlite3").is_file() and told["storage"] == "'out/search.sqlite3'"
    small = LSTMConfig.model_validate_json((tmp_path / "out" / "smallest.json").read_text())
    assert small.model_dump(mode="json") == told["smallest"]["config"]
    assert told["smallest"]["parameters"] <= told["parameters"]

    code, answer, progress = run("tune", "nile", *TINY.split(), "--trials", "2", "-o", "out")
    assert code == 0 and answer.startswith("Of 2 trials (2 trained to the end), trial ")
    assert answer.splitlines()[-2:] == [told["command"], "out/search.html"]
    assert progress.strip() == "going on with 2 trials of an earlier run, kept in 'out/search.sqlite3'"


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ("--budget 0s", 2, "budget='0s' is not accepted"),
        ("--budget none", 2, "would go on for ever"),
        ("--trials 0", 2, "trials=0 is not accepted"),
        ("--vary neurons", 2, "space names 'neurons'"),
        ("--units 0", 2, "units=0 is not accepted"),
        ("--workers 2 --scheduler tcp://a:1", 2, "give one of them"),
        ("--workers 0", 2, "workers=0 is not accepted"),
        ("--horizon 400", 3, "horizon=400 does not fit"),
        ("--storage no/where.sqlite3", 2, "there is no folder"),
        ("-o note.txt", 4, "'note.txt' is a file: name a folder"),
    ],
)
def test_what_cannot_be_searched_ends_in_a_sentence_and_a_number(run, tmp_path, asked, code, message):  # noqa: F811
    (tmp_path / "note.txt").write_text("")
    ended, _, said = run("tune", "nile", "-q", *asked.split())
    assert ended == code and message in " ".join(said.split())
    assert not (tmp_path / "nile-search").exists()  # nothing came of it


def test_a_series_without_its_newest_values_is_refused_before_the_budget_is_spent(run, tmp_path):  # noqa: F811
    series = load_dataset("nile").to_frame().reset_index()
    series.iloc[-3:, 1] = None
    series.to_csv(tmp_path / "late.csv", index=False)
    code, _, said = run("tune", "late.csv", *TINY.split(), "--trials", "1")
    told = " ".join(said.split())
    assert code == 3 and "3 of the newest sequence_length=4 values" in told and "--fill forward" in told
    assert not (tmp_path / "late-search").exists()


def test_each_trial_gets_a_line_where_there_is_no_terminal(capsys):
    with SearchProgress() as progress:
        progress.on_trial(many())
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("trial 0: error 2, least error 1.5") and len(lines) == 12
    assert lines[10].startswith("trial 10: error 9, broken off") and "failed: the loss" in lines[11]
