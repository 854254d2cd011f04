"""A notebook is run with other parameters and nothing else, in a kernel of this Python."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.single.execution import StageFailed, execute
from lstmwidgets.reports.single.folder import OutputError
from lstmwidgets.reports.single.kernels import WarmKernel
from lstmwidgets.reports.single.stages import stages_of

pytestmark = pytest.mark.filterwarnings(
    # papermill calls nbclient and jupyter_client in ways that they are about to leave behind
    "ignore::DeprecationWarning:papermill",
)

PARAMETERS = "csv = 'x'  # the data\nlevels = [80]  # in per cent\nout = None"


def cell(source: str, *tags: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def notebook(path: Path, *cells: nbformat.NotebookNode) -> Path:
    node = nbformat.v4.new_notebook(cells=[cell(PARAMETERS, "parameters"), *cells])
    node.metadata["kernelspec"] = {"display_name": "Not ours", "language": "python", "name": "no-such-kernel"}
    nbformat.write(node, path)
    return path


def shown(node: nbformat.NotebookNode) -> str:
    """What the last cell shows."""
    return node.cells[-1].outputs[0].data["text/plain"]


@pytest.fixture(scope="module")
def kernel():
    with WarmKernel() as kernel:
        yield kernel


def run(folder: Path, kernel: WarmKernel, *cells: nbformat.NotebookNode, parameters=None, **options):
    path = notebook(folder / "in.ipynb", *cells)
    options = {"work": folder, "kernel": kernel, "timeout": 60} | options
    return execute(path, folder / "out.ipynb", parameters or {"csv": "data.csv"}, **options)


def test_stages_and_progress_are_told_as_they_come(tmp_path, kernel):
    bar = (
        "from IPython.display import display\n"
        "line = display({'text/plain': 'epoch 1'}, raw=True, display_id=True)\n"
        "line.update({'text/plain': 'epoch 2'}, raw=True)\n"
        "print('a', 'b', sep='\\r\\n')\n"
        "display({'text/plain': 'a view', 'text/html': '<b>a view</b>'}, raw=True)"
    )
    stages, details = [], []
    node = run(
        tmp_path,
        kernel,
        cell("1", "stage:Reading"),
        cell("2", "stage:Reading"),
        cell(bar, "stage: Training ", "hide"),
        cell("3"),
        cell("4", "stage:Reading"),
        on_stage=lambda *told: stages.append(told),
        on_detail=details.append,
    )
    assert stages == [("Reading", 1, 3), ("Training", 2, 3), ("Reading", 3, 3)]
    assert stages_of(node.cells) == ["Reading", "Training", "Reading"]
    assert details == ["epoch 1", "epoch 2", "b"]


def test_hostile_text_arrives_as_it_is_and_runs_nowhere(tmp_path, kernel):
    folder = tmp_path / "{0} {x} %s 'a\" é"
    folder.mkdir()
    canary = tmp_path / "canary"
    code = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    texts = [
        f'"); {code} #',
        f"'; {code}",
        f'\\"; {code} #',
        f"\n{code}\n",
        f"\u2028{code}",
        "{x}{}",
        "\\N{DASH}",
    ]
    node = run(
        folder,
        kernel,
        cell("import json, os\njson.dumps([csv, levels, out, os.environ['LSTMWIDGETS_WORK']])"),
        parameters={"csv": "\n".join(texts), "levels": texts, "out": "out/"},
        hidden={"out": f"/hidden/{texts[0]}"},
    )
    assert json.loads(ast.literal_eval(shown(node))) == [
        "\n".join(texts),
        texts,
        f"/hidden/{texts[0]}",
        str(folder),
    ]
    assert not canary.exists()
    assert sorted(os.listdir(folder)) == ["in.ipynb", "out.ipynb"]
    assert "hidden" not in node.cells[1].source and "out/" in node.cells[1].source


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"__import__('os')": 1}, "is no parameter of in.ipynb: it has csv, levels, out"),
        ({"csv=1;import os;x": 1}, "is no parameter"),
        ({"csv": ("a", "__import__('os')")}, "it takes numbers, text, None and lists of these"),
        ({"csv": {"a": 1}}, "it takes numbers"),
        ({"levels": [["a"]]}, "it takes numbers"),
        ({"csv": type("Sly", (str,), {})("a")}, "it takes numbers"),
    ],
)
def test_names_and_values_that_papermill_would_run_are_refused(tmp_path, kernel, parameters, words):
    with pytest.raises(LSTMWidgetsError) as refused:
        run(tmp_path, kernel, cell("1"), parameters=parameters)
    assert words in str(refused.value)
    assert not (tmp_path / "out.ipynb").exists()


def test_a_notebook_without_its_cell_of_parameters_is_not_run_with_its_defaults(tmp_path, kernel):
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("1")]), tmp_path / "in.ipynb")
    with pytest.raises(RuntimeError, match="in.ipynb has 0 cells tagged 'parameters', not one"):
        execute(tmp_path / "in.ipynb", tmp_path / "out.ipynb", {"csv": "a"}, work=tmp_path, kernel=kernel)


def test_what_is_written_names_no_folder_of_this_machine_and_holds_no_dead_widget(tmp_path, kernel):
    view = "application/vnd.jupyter.widget-view+json"
    run(
        tmp_path,
        kernel,
        cell("import sys\nprint('noise', file=sys.stderr)"),
        cell(f"import IPython\nIPython.display.display({{{view!r}: {{}}, 'text/plain': 'still'}}, raw=True)"),
        cell("import ipywidgets\nipywidgets.IntSlider()"),
    )
    text = (tmp_path / "out.ipynb").read_text()
    assert str(tmp_path) not in text
    written = nbformat.reads(text, as_version=4)
    nbformat.validate(written)
    assert written.cells[2].outputs == []
    assert [list(output.data) for each in written.cells[3:] for output in each.outputs] == [
        ["text/plain"]
    ] * 2
    assert "widgets" not in written.metadata


def test_the_kernel_is_this_python_and_its_folder_this_one_but_for_imports(tmp_path, kernel, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "colorsys.py").write_text("raise SystemExit('the module of the folder, not of Python')")
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('the launcher of the folder')")
    (tmp_path / "startup.py").write_text("import os\nos.chdir('/')")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    look = cell("import colorsys, os, sys\n[sys.executable, os.getcwd()]")
    with WarmKernel() as fresh:
        for each in (kernel, fresh):
            assert ast.literal_eval(shown(run(tmp_path, each, look))) == [sys.executable, str(tmp_path)]


def test_one_notebook_leaves_nothing_to_the_next_in_the_same_process(tmp_path, kernel):
    run(tmp_path, kernel, cell("left, pid = 'over', __import__('os').getpid()"))
    before = kernel.pid
    node = run(tmp_path, kernel, cell("[name for name in ('left', 'pid', 'gc') if name in globals()]"))
    assert (shown(node), kernel.pid) == ("[]", before)


def test_a_kernel_that_grew_too_large_is_started_anew(tmp_path):
    with WarmKernel(memory_limit=1 << 20) as kernel:
        run(tmp_path, kernel, cell("1"))
        before = kernel.pid
        run(tmp_path, kernel, cell("1"))
        assert kernel.pid not in (None, before)
        assert not psutil.pid_exists(before)


def test_our_own_errors_keep_their_sentence(tmp_path, kernel):
    ours = (
        "from lstmwidgets.errors import LSTMWidgetsError\nraise LSTMWidgetsError('the series is too short')"
    )
    with pytest.raises(LSTMWidgetsError, match="^the series is too short$"):
        run(tmp_path, kernel, cell(ours, "stage:Reading"))
    assert not (tmp_path / "out.ipynb").exists()


def test_a_full_disk_is_told_as_one(tmp_path, kernel):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with pytest.raises(OutputError, match="the disk is full .*No space left on device.*free some space"):
        run(tmp_path, kernel, cell("with open('/dev/full', 'w') as file:\n    file.write('a')"))


def test_data_that_speak_of_a_full_disk_are_no_full_disk(tmp_path, kernel):
    cells = (
        "from lstmwidgets.errors import LSTMWidgetsError",
        "raise LSTMWidgetsError(\"'No space left on device' in row 7 is no number\")",
    )
    with pytest.raises(LSTMWidgetsError, match="^'No space left on device' in row 7") as stopped:
        run(tmp_path, kernel, *map(cell, cells))
    assert not isinstance(stopped.value, OutputError)


def test_any_other_error_names_its_stage_and_the_notebook_as_far_as_it_got(tmp_path, kernel):
    failed = tmp_path / "failed.ipynb"
    with pytest.raises(StageFailed) as stopped:
        run(
            tmp_path,
            kernel,
            cell("7", "stage:Reading"),
            cell("1 / 0", "stage:Training"),
            cell("8"),
            failed=failed,
        )
    words = f"Training failed: ZeroDivisionError: division by zero. How far it got is in {str(failed)!r}"
    assert str(stopped.value) == words
    assert not (tmp_path / "out.ipynb").exists()
    assert "division by zero" in failed.read_text()
    run(tmp_path, kernel, cell("1"))  # the kernel is as good as before


def test_a_cell_that_takes_too_long_is_given_up(tmp_path):
    with WarmKernel() as kernel:
        with pytest.raises(StageFailed, match="Training failed: it takes more than 1 s"):
            run(tmp_path, kernel, cell("while True: pass", "stage:Training"), timeout=1)
        busy = kernel.pid
        assert shown(run(tmp_path, kernel, cell("'next'"))) == "'next'"
        assert kernel.pid != busy and not psutil.pid_exists(busy)


def test_a_killed_kernel_is_told_and_the_next_run_has_a_fresh_one(tmp_path):
    with WarmKernel() as kernel:
        with pytest.raises(
            StageFailed, match=r"Training failed: its process ended \(killed; most often, memory"
        ):
            run(tmp_path, kernel, cell("import os\nos.kill(os.getpid(), 9)", "stage:Training"))
        assert shown(run(tmp_path, kernel, cell("'next'"))) == "'next'"


def test_a_kernel_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with (
        WarmKernel() as kernel,
        pytest.raises(StageFailed, match=r"Starting the notebook failed: .*encodings"),
    ):
        run(tmp_path, kernel, cell("1"))


def test_an_interruption_stops_kernel_and_command_at_once_and_quietly(tmp_path):
    path = notebook(tmp_path / "in.ipynb", cell("import os, time\nprint(os.getpid())\ntime.sleep(600)"))
    code = (
        "from lstmwidgets.reports.single.execution import execute\n"
        f"execute({str(path)!r}, {str(tmp_path / 'out.ipynb')!r}, {{'csv': 'a'}}, work={str(tmp_path)!r}, "
        "on_detail=lambda line: print(line, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        pid = int(command.stdout.readline())
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=30)
    assert not psutil.pid_exists(pid)
    assert errors.rstrip().endswith("KeyboardInterrupt") and "Task was destroyed" not in errors


def test_within_a_notebook_it_runs_beside_its_event_loop(tmp_path, kernel):
    async def called_from_a_cell():
        return run(tmp_path, kernel, cell("'run'"))

    assert shown(asyncio.run(called_from_a_cell())) == "'run'"


def test_any_thread_may_use_a_kernel_that_another_started(tmp_path, kernel):
    run(tmp_path, kernel, cell("1"))
    found = []
    thread = threading.Thread(target=lambda: found.append(shown(run(tmp_path, kernel, cell("'run'")))))
    thread.start()
    thread.join(60)
    assert found == ["'run'"]


def test_a_killed_command_takes_its_kernel_along(tmp_path):
    path = notebook(tmp_path / "in.ipynb", cell("import os, time\nprint(os.getpid())\ntime.sleep(600)"))
    code = (
        "from lstmwidgets.reports.single.execution import execute\n"
        f"execute({str(path)!r}, {str(tmp_path / 'out.ipynb')!r}, {{'csv': 'a'}}, work={str(tmp_path)!r}, "
        "on_detail=lambda line: print(line, flush=True))"
    )
    own = os.environ | {"TMPDIR": str(tmp_path)}  # where what it cannot tidy is not in the way
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=own
    ) as command:
        pid = int(command.stdout.readline())
        command.kill()
    until = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)
