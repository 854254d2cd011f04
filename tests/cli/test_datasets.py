"""The bundled series are listed with their licences, and written as files that read back the same."""

from __future__ import annotations

import json

import pytest

import lstmwidgets as lw
from lstmwidgets.cli import main


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["datasets", *arguments])
        return end.value.code, *capsys.readouterr()

    return run


def test_all_are_listed_with_source_and_licence(run):
    code, answer, told = run()
    assert (code, told) == (0, "")
    listed = json.loads(run("--json")[1])["datasets"]
    assert [row["name"] for row in listed] == lw.list_datasets().index.to_list()
    for row in listed:
        assert all(row[key] in answer for key in ("name", "title", "source", "licence"))


@pytest.mark.parametrize("name", ["nile", "co2", "seattle_temperature"])
def test_one_is_written_as_a_file_that_reads_back_the_same(run, tmp_path, name):
    assert run(name) == (0, f"{name}.csv\n", "")
    again, series = lw.read_series(tmp_path / f"{name}.csv"), lw.load_dataset(name)
    assert lw.data.series.data_hash(again) == lw.data.series.data_hash(series)
    assert json.loads(run(name, "-o", "b.csv", "--json")[1]) == {"file": "b.csv"}
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / f"{name}.csv").read_bytes()


def test_nothing_is_overwritten_and_nothing_half_written(run, tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    code, answer, told = run("nile", "-o", "mine.csv")
    assert (code, answer) == (4, "") and "'mine.csv' is there already: name another file with -o" in told
    assert (tmp_path / "mine.csv").read_text() == "mine"
    code, _, told = run("nile", "-o", "no/such/folder.csv")
    assert code == 4 and "cannot be written (No such file or directory)" in told
    code, _, told = run("nil")
    assert code == 3 and "there is no dataset 'nil': the names are nile" in told
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
