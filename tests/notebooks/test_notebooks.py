"""Each lesson keeps to the form of STYLE: parameters, outputs, opening and closing cells."""

from __future__ import annotations

import ast
import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import lstmwidgets as lw

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = Path(__file__).with_name("sanitize.cfg")
IGNORED = "nbval-ignore-output"
OTHER_PARAMETERS = {"dataset", "length", "noise"}

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def text_of(output: nbformat.NotebookNode) -> str:
    """The text that nbval compares, or nothing."""
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def first_compared_output(notebook: nbformat.NotebookNode) -> tuple[int, nbformat.NotebookNode]:
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and IGNORED not in tags(cell):
            for output in cell.outputs:
                if text_of(output):
                    return number, output
    pytest.fail(f"no cell has an output that nbval compares: all are empty, pictures, or tagged {IGNORED}")


def parameter_lines(path: Path) -> dict[str, tuple[Any, str]]:
    """Name, value and comment of each line of the parameters cell."""
    (cell,) = (cell for cell in code_cells(path) if "parameters" in tags(cell))
    found = {}
    for line in filter(str.strip, cell.source.splitlines()):
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.Assign), f"{line!r} is not an assignment of a literal"
        (target,) = statement.targets
        found[ast.unparse(target)] = (ast.literal_eval(statement.value), line.partition("#")[2].strip())
    return found


def test_it_has_one_cell_of_parameters_and_it_is_the_third(path):
    cells = read(path).cells
    assert [number for number, cell in enumerate(cells) if "parameters" in tags(cell)] == [2]


def test_its_parameters_are_literals_that_the_config_accepts_each_with_a_comment(path):
    fields = lw.LSTMConfig.parameters()
    lines = parameter_lines(path)
    assert lines
    assert set(lines) <= set(fields) | OTHER_PARAMETERS
    assert all(comment for _, comment in lines.values())
    lw.LSTMConfig(**{name: value for name, (value, _) in lines.items() if name in fields})


def test_a_parameter_that_differs_from_the_default_says_so(path):
    for name, (value, comment) in parameter_lines(path).items():
        field = lw.LSTMConfig.parameters().get(name)
        if field is not None and value != field.default:
            assert f"default {field.default}" in comment, f"{name}={value!r}: say 'default {field.default}'"


def test_it_opens_with_a_question_what_is_needed_its_run_time_and_what_comes_next(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for needed in (r"\?", r"(?i)before|prerequisite|need", r"(?i)second|minute", r"(?i)next"):
        assert re.search(needed, first.source), needed
    following = NOTEBOOKS[NOTEBOOKS.index(path) + 1 :]
    assert not following or following[0].name in first.source


def test_its_second_cell_imports_and_does_nothing_else(path):
    second = read(path).cells[1]
    assert second.cell_type == "code"
    assert all(isinstance(line, ast.Import | ast.ImportFrom) for line in ast.parse(second.source).body)


def test_it_closes_with_three_things_learned(path):
    last = read(path).cells[-1]
    assert last.cell_type == "markdown"
    assert len(re.findall(r"^(?:[-*]|\d\.) ", last.source, re.MULTILINE)) == 3


def test_its_cells_are_short_and_use_nothing_that_hangs_without_a_frontend(path):
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= 15, cell.source
        assert not re.search(r"\binteract(ive)?\b|\bOutput\(", cell.source), cell.source


def test_it_runs_on_the_kernel_of_this_environment(path):
    assert read(path).metadata.kernelspec.name == "python3"


def test_it_was_executed_from_top_to_bottom_without_an_error(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `make notebooks`"
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert "error" not in {output.output_type for output in outputs}
    assert "stderr" not in {output.get("name") for output in outputs}


def test_it_keeps_no_state_and_no_timing(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert {key for cell in notebook["cells"] for key in cell["metadata"]} <= {"tags"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    assert "widget-view+json" not in json.dumps([cell.get("outputs") for cell in notebook["cells"]])


def test_it_is_smaller_than_a_megabyte(path):
    assert path.stat().st_size < 1_000_000


def test_no_output_holds_a_path_of_the_machine_it_ran_on(path):
    for output in (output for cell in code_cells(path) for output in cell.outputs):
        output.get("data", {}).pop("image/png", None)
        shown = json.dumps(output)
        assert not re.search(rf"{re.escape(str(ROOT))}|/(home|root|Users|tmp|work)/|site-packages", shown)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What nbval says of the beginning of each notebook, ended by one cell twice: as stored, and changed.

    A kernel then shows both, that nbval passes what is as stored and fails what is not.
    """
    folder = tmp_path_factory.mktemp("compared")
    for path in NOTEBOOKS:
        notebook = read(path)
        number, output = first_compared_output(notebook)
        stored = copy.deepcopy(notebook.cells[number])
        if output.output_type == "stream":
            output.text += "1"
        else:
            output.data["text/plain"] += "1"
        changed = nbformat.from_dict({**notebook.cells[number], "id": "changed"})
        notebook.cells[number:] = [stored, changed]  # the rest is nbval's own run of the whole notebook
        nbformat.write(notebook, folder / path.name)
    command = [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no", "-rA"),
        *("--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", f"--nbval-sanitize-with={SANITIZE}"),
    ]
    done = subprocess.run(
        [*command, str(folder)], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    return done.stdout


def test_nbval_passes_it_as_stored_and_fails_it_when_an_output_is_changed(path, compared):
    cells = re.findall(rf"^([A-Z]+) {re.escape(path.name)}::Cell (\d+)", compared, re.MULTILINE)
    (*passed, (last, _)) = sorted(cells, key=lambda cell: int(cell[1]))
    assert passed and last == "FAILED" and {outcome for outcome, _ in passed} == {"PASSED"}, compared
