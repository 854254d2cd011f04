"""Papermill's engine on a kernel that is there already: stages and progress told as they come."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from lstmwidgets.reports.single.kernels import START_SECONDS, WarmKernel, complete
from lstmwidgets.reports.single.stages import OnDetail, OnStage, stage_of, stages_of

ENGINE = "lstmwidgets"
"""The name under which papermill finds it."""

_OUTPUT_SECONDS = 60  # from a cell's end to the last of its outputs, on a machine that has other things to do


class Run:
    """What one execution is told, and tells.

    Attributes
    ----------
    first : str
        Code that the kernel runs before the first cell.
    stage : str
        The one under way.
    last : NotebookNode or None
        The last cell of code, before which the hidden values are set.
    """

    def __init__(
        self, kernel: WarmKernel, hidden: dict[str, str], on_stage: OnStage | None, on_detail: OnDetail | None
    ) -> None:
        self.kernel, self.hidden = kernel, hidden
        self.first, self.stage = "", "Starting the notebook"
        self._on_stage, self._on_detail = on_stage, on_detail
        self._number = self._total = 0
        self._notebook: nbformat.NotebookNode | None = None
        self.last: nbformat.NotebookNode | None = None

    @property
    def hiding(self) -> str:
        """Code that sets the hidden values; text in it cannot be read as anything else."""
        return "\n".join(f"{name} = {text!a}" for name, text in self.hidden.items())

    def begin(self, notebook: nbformat.NotebookNode) -> None:
        """A notebook is about to be run."""
        self._notebook, self._total = notebook, len(stages_of(notebook.cells))
        self.last = next((cell for cell in reversed(notebook.cells) if cell.cell_type == "code"), None)

    def reach(self, cell: nbformat.NotebookNode) -> None:
        """A cell is about to be run."""
        stage = stage_of(cell)
        if stage and not (stage == self.stage and self._number):
            self.stage, self._number = stage, self._number + 1
            if self._on_stage is not None:
                self._on_stage(stage, self._number, self._total)

    def hear(self, message: dict[str, Any]) -> None:
        """The kernel has something to say."""
        line = _progress_line(message)
        if line and self._on_detail is not None:
            self._on_detail(line)

    def write(self, path: Path) -> None:
        """Write the notebook as far as it got."""
        if self._notebook is not None:
            nbformat.write(self._notebook, path)


class _Engine(NBClientEngine):
    """Papermill's own engine, on the kernel of a `Run`."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, run: Run, execution_timeout: float, **_: Any
    ) -> None:
        _Client(
            nb_man,
            run,
            km=run.kernel.manager,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=START_SECONDS,
            iopub_timeout=_OUTPUT_SECONDS,
            record_timing=False,
            store_widget_state=False,
        ).execute()


class _Client(PapermillNotebookClient):
    """Papermill's own client in one event loop, so that an interruption leaves nothing waiting."""

    def __init__(self, nb_man: Any, run: Run, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self._run = run

    def execute(self, **_: Any) -> nbformat.NotebookNode:
        complete(self._execute_cells, give_up=self._run.kernel.stop)
        return self.nb

    async def _execute_cells(self) -> None:
        self.reset_execution_trackers()
        self._run.begin(self.nb)
        try:
            await self.async_start_new_kernel_client()
        except RuntimeError as error:
            raise DeadKernelError(str(error)) from None
        try:
            await self._silently(self._run.first)
            for index, cell in enumerate(self.nb.cells):
                if cell is self._run.last:
                    await self._silently(self._run.hiding)
                self._run.reach(cell)
                self.nb_man.cell_start(cell, index)
                try:
                    await self.async_execute_cell(cell, index)
                except CellExecutionError as error:
                    self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                    break
                finally:
                    self.nb_man.cell_complete(cell, cell_index=index)
        finally:
            self.kc.stop_channels()

    async def _silently(self, code: str) -> None:
        """Run what the notebook does not show."""
        if code:
            reply = await self.async_wait_for_reply(self.kc.execute(code, silent=True, store_history=False))
            if reply is None or reply["content"]["status"] != "ok":
                raise DeadKernelError(f"it does not take {code!r}")

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        self._run.hear(msg)
        return super().process_message(msg, cell, cell_index)


def _progress_line(message: dict[str, Any]) -> str:
    """What a message shows of a cell's progress: a bar redrawn in place, or the last line printed."""
    content = message["content"]
    if message["msg_type"] in ("display_data", "update_display_data"):
        if (content.get("transient") or {}).get("display_id") and set(content["data"]) == {"text/plain"}:
            return str(content["data"]["text/plain"]).strip()
    elif message["msg_type"] == "stream":
        return re.split(r"[\r\n]+", str(content["text"]).strip())[-1]
    return ""


papermill_engines.register(ENGINE, _Engine)
# What papermill has to say of paths and cells is for nobody who ran a command.
logging.getLogger("papermill").addHandler(logging.NullHandler())
