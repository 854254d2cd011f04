"""The report's notebook: run by plain papermill on a hostile file, it tells what the study tells."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest

import lstmwidgets as lw
from lstmwidgets.reports.page.display import PAGE_MIME
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.shipped import report_template

OUT = "made/for it"
NAME = "=cmd|'/c calc'!A1<script>alert(1)</script>"
SETTINGS = {"sequence_length": 12, "horizon": 4, "units": 3, "epochs": 2}

pytestmark = pytest.mark.filterwarnings(
    # papermill calls nbclient and jupyter_client in ways that they are about to leave behind
    "ignore::DeprecationWarning:papermill",
)


@pytest.fixture(scope="module")
def template() -> nbformat.NotebookNode:
    return nbformat.read(report_template(), as_version=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where a report was made: beside a hostile file, named by a relative path, from a folder of its own."""
    folder = tmp_path_factory.mktemp("made here")
    steps = np.arange(220)
    values = 3 * np.sin(2 * np.pi * steps / 24) + np.random.default_rng(0).standard_normal(220)
    values[[30, 31]] = np.nan
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=220, freq="h"), NAME: values})
    (folder / "data").mkdir()
    frame.to_csv(folder / "data" / "<b>it's.csv", index=False)
    papermill.execute_notebook(
        report_template(),
        folder / "report.ipynb",
        parameters={"csv": "data/<b>it's.csv", "fill": "linear", "levels": [50, 80], "out": OUT, **SETTINGS},
        kernel_name="python3",
        cwd=folder,
        progress_bar=False,
        start_timeout=120,
        execution_timeout=300,
    )
    return folder


@pytest.fixture(scope="module")
def executed(folder) -> nbformat.NotebookNode:
    return nbformat.read(folder / "report.ipynb", as_version=4)


def shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """What the cells show, but for lines of progress."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}, (
        "something is amiss"
    )
    return [output.data for output in outputs if output.output_type == "execute_result"]


def test_its_parameters_are_the_settings_of_a_report_with_their_defaults(template):
    (cell,) = (cell for cell in template.cells if "parameters" in cell.metadata.get("tags", []))
    assigned = [ast.parse(line).body[0] for line in cell.source.splitlines()]
    found = {ast.unparse(each.targets[0]): ast.literal_eval(each.value) for each in assigned}
    assert found == {**ReportSettings(source="co2").parameters(), "out": None}
    assert all("  # " in line for line in cell.source.splitlines())


def test_it_is_committed_unrun_for_the_kernel_of_its_environment(template):
    code = [cell for cell in template.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert template.metadata.kernelspec.name == "python3"
    assert set(template.metadata) == {"kernelspec", "language_info"}


def test_its_cells_are_short_and_each_long_step_has_a_name(template):
    code = [cell for cell in template.cells if cell.cell_type == "code"][1:]
    assert max(len(cell.source.splitlines()) for cell in code) <= 10
    stages = [tag for cell in code for tag in cell.metadata.get("tags", [])]
    assert stages[:2] == ["stage:Reading the data", "stage:Training the network"]
    assert all(tag.startswith("stage:") for tag in stages) and len(set(stages)) == len(stages)


def test_its_sections_come_in_the_order_of_a_reader_s_questions(template):
    headings = [cell.source.splitlines()[0] for cell in template.cells if cell.source.startswith("#")]
    assert headings == [
        "## The data",
        "## The forecast",
        "## The backtest",
        "## Error by step",
        "## The training",
        "## How the settings were chosen",
        "## What the network relied on",
        "## Settings, and how to make this again",
    ]


def test_the_verdict_comes_first_and_says_what_the_metrics_say(folder, executed):
    metrics = json.loads((folder / OUT / "metrics.json").read_text(encoding="utf-8"))
    first = shown(executed)[0]
    assert (
        metrics["verdict"] in first["text/plain"] and f'data-tone="{metrics["tone"]}"' in first["text/html"]
    )
    assert re.search(r"\. *$|80 % intervals cover \d", metrics["verdict"])


def test_what_it_leaves_is_what_was_asked_for(folder):
    assert {path.name for path in folder.iterdir()} == {"data", "made", "report.ipynb"}
    files = {path.name for path in (folder / OUT).iterdir()}
    assert files == {"forecast.csv", "metrics.json", "model.safetensors"}
    metrics = json.loads((folder / OUT / "metrics.json").read_text(encoding="utf-8"))
    asked = {name: metrics["config"][name] for name in SETTINGS}
    assert asked == SETTINGS and metrics["levels"] == [50, 80]
    assert metrics["unique_id"] == NAME and metrics["source"]["name"] == "<b>it's.csv"
    forecast = pd.read_csv(folder / OUT / "forecast.csv")
    assert forecast["unique_id"].tolist() == [f"'{NAME}"] * 4
    assert lw.LSTMForecaster.load(folder / OUT / "model.safetensors").config.horizon == 4


def test_pictures_are_drawn_and_the_two_views_bring_a_page_that_scrubs(executed):
    outputs = shown(executed)
    assert sum("image/svg+xml" in data for data in outputs) == 7
    assert sum(PAGE_MIME in data for data in outputs) == 2
    assert all(data["text/plain"].strip() for data in outputs)


def test_a_hostile_name_is_text_wherever_it_is_shown(executed):
    outputs = shown(executed)
    assert any(NAME in data["text/plain"] for data in outputs)
    for data in outputs:
        for kind in ("text/html", "image/svg+xml"):
            assert "<script" not in data.get(kind, "") and "<b>it" not in data.get(kind, "")
        assert "alert(1)</script" not in data.get(PAGE_MIME, "")


def test_it_tells_what_was_repaired_and_how_to_make_it_again(executed):
    text = "\n".join(data["text/plain"] for data in shown(executed))
    assert "2 missing values in 1 gap were filled by the rule 'linear'" in text
    assert (
        """lstmwidgets report 'data/<b>it'"'"'s.csv' --fill linear --levels 50,80 """
        "--sequence-length 12 --horizon 4 --units 3 --epochs 2 -o 'made/for it'"
    ) in text


def test_a_folder_that_cannot_be_is_refused_before_anything_is_trained(tmp_path):
    (tmp_path / "file").write_text("x")
    study = lw.Study("nile", lw.LSTMConfig(sequence_length=8, horizon=2))
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(lw.LSTMWidgetsError, match=r"is no folder that can be written to \("):
            study.make_folder(out)
    study.make_folder(None)
    lw.Study("nile", study.config, folder=tmp_path).make_folder(tmp_path / "out")  # made by whoever gave that
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
