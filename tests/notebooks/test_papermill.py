"""Papermill runs each lesson with other parameters, and what it shows changes with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lstmwidgets.reports.single.execution import execute
from lstmwidgets.reports.single.kernels import WarmKernel

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Other values than the notebook's own, small so that training is quick.
CHANGES: dict[str, dict[str, Any]] = {
    "00_start_here": {"horizon": 26, "epochs": 12},
    "01_the_series": {"sequence_length": 12},
    "02_inside_the_cell": {"seed": 7},
    "03_training": {"epochs": 6, "seed": 1},
    "04_prediction": {"horizon": 26, "epochs": 12},
    "05_reading_the_gates": {"horizon": 26, "epochs": 3},
    "06_missing_values": {"sequence_length": 52, "horizon": 26, "epochs": 2},
    "07_is_it_any_good": {"horizon": 26, "epochs": 2},
    "08_how_many_units": {"horizon": 5, "epochs": 2},
    "09_activations": {"sequence_length": 11, "epochs": 2},
    "10_cells_compared": {"units": 4, "epochs": 2},
}

pytestmark = pytest.mark.filterwarnings(
    # papermill calls nbclient and jupyter_client in ways that they are about to leave behind
    "ignore::DeprecationWarning:papermill",
)


def compared_text(notebook: nbformat.NotebookNode) -> list[str]:
    """What the cells show that nbval compares strictly: the same in every run with one set of parameters."""
    left_out = {"nbval-ignore-output", "injected-parameters"}
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not left_out & set(cell.metadata.get("tags", [])):
            data = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
            text = [output.get("text", "") for output in cell.outputs]
            shown.append(re.sub(r"0x[0-9a-f]+", "", "\n".join([*data, *text])))
    return shown


def test_every_notebook_has_changes_to_be_run_with():
    assert [path.stem for path in NOTEBOOKS] == sorted(CHANGES)


@pytest.fixture(scope="module")
def kernel() -> Iterator[WarmKernel]:
    """One kernel for all, which imports TensorFlow once and forgets one notebook before the next."""
    with WarmKernel() as kernel:
        yield kernel


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_changed_parameter_reaches_what_the_notebook_shows(path, kernel, tmp_path, monkeypatch):
    changes = CHANGES[path.stem]
    stored = nbformat.read(path, as_version=4)
    probed = nbformat.from_dict(stored)
    probed.cells.append(nbformat.v4.new_code_cell(f"[{', '.join(changes)}]"))
    nbformat.write(probed, tmp_path / "in.ipynb")

    monkeypatch.chdir(tmp_path)
    executed = execute("in.ipynb", "out.ipynb", changes, work=tmp_path, kernel=kernel, timeout=300)
    (injected,) = (cell for cell in executed.cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert all(f"{name} = {value!r}" in injected.source for name, value in changes.items())
    (last,) = executed.cells[-1].outputs
    assert ast.literal_eval(last.data["text/plain"]) == list(changes.values())
    # by nbval these texts repeat with the notebook's own parameters, so a difference is the parameters' doing
    assert compared_text(executed)[:-1] != compared_text(stored)
