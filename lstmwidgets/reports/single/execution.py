"""A notebook run by papermill: nothing but allowed parameters gets in, and errors come out in words."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.single.engine import ENGINE, Run
from lstmwidgets.reports.single.kernels import START_SECONDS, WarmKernel
from lstmwidgets.reports.single.refusals import OutputError, is_full
from lstmwidgets.reports.single.stages import OnDetail, OnStage

CELL_SECONDS = 24 * 3600
"""No cell may take longer: trainings have taken a night, but nothing waits for ever."""

__all__ = ["CELL_SECONDS", "StageFailed", "WarmKernel", "execute", "tidy"]

_ROOM = 1 << 18  # bytes without which a kernel does not even start
_FREE = "free some space, then run the same command again"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class StageFailed(RuntimeError):
    """Raised where a notebook stops, and what it was given is not to blame.

    Attributes
    ----------
    stage : str
        What it was at.
    reason : str
        The error's name and message.
    """

    def __init__(self, stage: str, reason: str, notebook: Path) -> None:
        self.stage, self.reason = stage, reason
        super().__init__(f"{stage} failed: {reason}. How far it got is in {str(notebook)!r}")


def execute(
    notebook_path: str | Path,
    output_path: str | Path,
    parameters: Mapping[str, Any],
    *,
    work: str | Path,
    kernel: WarmKernel | None = None,
    hidden: Mapping[str, str] | None = None,
    on_stage: OnStage | None = None,
    on_detail: OnDetail | None = None,
    timeout: int = CELL_SECONDS,
    failed: str | Path | None = None,
) -> nbformat.NotebookNode:
    """Run a notebook with other parameters, and write it as a reader is to see it.

    Parameters
    ----------
    notebook_path, output_path : path
        The output's folder is there. Both may hold any characters, braces among them.
    parameters : mapping
        As `ReportSettings.parameters` gives them. Each has to be in the notebook's cell tagged
        ``parameters``.
    work : path
        What the kernel finds as ``LSTMWIDGETS_WORK``: the folder for its checkpoints.
    kernel : WarmKernel, optional
        One to be used again; by default one is started and stopped.
    hidden : mapping of str, optional
        Parameters that get another value for the last cell of code, which the notebook does not show: paths
        that tell a reader nothing.
    on_stage : callable, optional
        Told each stage as it begins: its name, its number from 1, and how many there are.
    on_detail : callable, optional
        Told the line of progress that a cell shows, whenever it changes.
    timeout : int
        Seconds that one cell may take.
    failed : path, optional
        Where the notebook is written, as far as it got, when it stops; by default in the output's place.

    Raises
    ------
    LSTMWidgetsError
        As the cell that stopped raised it; `OutputError` where the disk is full.
    StageFailed
        For every other reason to stop.
    """
    source, path = Path(notebook_path).absolute(), Path(output_path).absolute()
    halfway = path if failed is None else Path(failed).absolute()
    _check_parameters(nbformat.read(source, as_version=4), parameters, source)
    if kernel is None:
        with WarmKernel() as own:
            return execute(
                source,
                path,
                parameters,
                work=work,
                kernel=own,
                hidden=hidden,
                on_stage=on_stage,
                on_detail=on_detail,
                timeout=timeout,
                failed=failed,
            )
    run = Run(kernel, dict(hidden or {}), on_stage, on_detail)
    try:
        run.first = kernel.prepare({"LSTMWIDGETS_WORK": str(Path(work).absolute())})
        notebook = papermill.execute_notebook(
            _unformatted(source),
            _unformatted(halfway),
            dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            request_save_on_cell_execute=False,
            progress_bar=False,
            start_timeout=START_SECONDS,
            execution_timeout=timeout,
            run=run,
        )
    except PapermillExecutionError as error:
        raise _in_words(error.ename, error.evalue, run.stage, halfway) from None
    except CellTimeoutError:
        kernel.fit = False
        run.write(halfway)
        raise StageFailed(run.stage, f"it takes more than {timeout:,} s", halfway) from None
    except DeadKernelError:
        kernel.fit = False
        _check_room(Path(work))
        run.write(halfway)
        raise StageFailed(run.stage, f"its process ended{kernel.last_words()}", halfway) from None
    except BaseException:
        kernel.fit = False  # a cell may still be running
        raise
    tidy(notebook, source.name, path.name)
    nbformat.write(notebook, path)
    if halfway != path:
        halfway.unlink()
    return notebook


def tidy(notebook: nbformat.NotebookNode, source: str, name: str) -> None:
    """Leave what a reader sees in an executed notebook: no noise, no dead widgets, none of our folders."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    if "papermill" in notebook.metadata:
        notebook.metadata.papermill.update(input_path=source, output_path=name, environment_variables={})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.get("tags", [])})
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            # The view of a widget that no longer lives would hide the still picture beside it.
            if output.output_type in ("display_data", "execute_result") and len(output.data) > 1:
                output.data.pop(_WIDGET_VIEW, None)


def _check_parameters(notebook: nbformat.NotebookNode, parameters: Mapping[str, Any], path: Path) -> None:
    """Refuse what papermill would run as code, or leave out with no more than a warning."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise RuntimeError(f"{path.name} has {len(cells)} cells tagged 'parameters', not one")
    there = re.findall(r"^(\w+)\s*[:=]", cells[0].source, re.MULTILINE)
    for name, value in parameters.items():
        if name not in there:
            raise LSTMWidgetsError(f"{name!r} is no parameter of {path.name}: it has {', '.join(there)}")
        for each in value if isinstance(value, list) else [value]:
            if not (each is None or type(each) in (str, int, float, bool)):
                raise LSTMWidgetsError(
                    f"{name}={value!r} is not accepted: it takes numbers, text, None and lists of these"
                )


def _in_words(name: str, message: str, stage: str, path: Path) -> Exception:
    """The error of a cell as one of this process: our own keep their sentence."""
    if is_full(name, message):
        return OutputError(f"the disk is full ({message}): {_FREE}")
    ours = {error.__name__: error for error in (LSTMWidgetsError, OutputError)}
    if name in ours:
        path.unlink(missing_ok=True)
        return ours[name](message)
    return StageFailed(stage, f"{name}: {message}" if message else name, path)


def _check_room(work: Path) -> None:
    """Blame the disk for a kernel that ended where there was no room for it."""
    for place in (str(work), tempfile.gettempdir()):
        if shutil.disk_usage(place).free < _ROOM:
            raise OutputError(f"the disk of {place!r} is full: {_FREE}") from None


def _unformatted(path: Path) -> str:
    """A path that papermill's formatting gives back as it is."""
    return str(path).replace("{", "{{").replace("}", "}}")
