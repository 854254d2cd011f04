"""Kernels of this very Python: started quietly, used again, and never left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

START_SECONDS = 120
MEMORY_LIMIT = 4 << 30
"""Bytes above which a warm kernel is started anew before it is used again."""

# Runs in the kernel between two notebooks: what the last one made is dropped, what it imported stays.
_CLEAN = """
import gc, sys
if "ipywidgets" in sys.modules:
    sys.modules["ipywidgets"].Widget.close_all()
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
if "keras" in sys.modules:
    sys.modules["keras"].backend.clear_session()
get_ipython().reset(new_session=True)
__import__("gc").collect()
"""


def complete(
    work: Callable[[], Coroutine[Any, Any, None]], give_up: Callable[[], None] = lambda: None
) -> None:
    """Run a coroutine to its end, in a thread of its own.

    So this thread hears of an interruption at once, and may have an event loop already, as in a notebook.
    When it is interrupted, ``give_up`` is called, and has to bring the coroutine to its end.
    """
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(lambda: asyncio.run(work()))
        try:
            end.result()
        except BaseException:
            if not end.done():
                give_up()
            raise


class WarmKernel:
    """One kernel that runs notebooks one after another; a context manager that stops it at the end.

    Its Python is the one that runs this, whatever kernels the user has installed; it reads no start-up files
    of theirs, imports nothing from the folder it runs in, and what it writes to standard error goes to a
    file. It starts when it is first needed, and anew after it died, was broken off or grew too large.

    Parameters
    ----------
    memory_limit : int
        Bytes of resident memory above which it is started anew before the next notebook.
    """

    def __init__(self, memory_limit: int = MEMORY_LIMIT) -> None:
        self.memory_limit = memory_limit
        self.fit = False
        self._manager: Any = None
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def manager(self) -> Any:
        """The `jupyter_client.AsyncKernelManager` of the running kernel."""
        return self._manager

    @property
    def pid(self) -> int | None:
        """The kernel's process, or None where none runs."""
        return self._process.pid if self._runs() else None

    def prepare(self, environment: Mapping[str, str]) -> str:
        """See that a kernel runs, in the folder that this process is in.

        Parameters
        ----------
        environment : mapping
            Variables for this notebook, beside those of this process.

        Returns
        -------
        str
            Code that the kernel has to run first: none where it has just been started.
        """
        if not self._runs() or not self.fit or self._memory() > self.memory_limit:
            self.stop()
            self._start(environment)
            return ""
        moved = f"__import__('os').chdir({os.getcwd()!a})"
        return f"{_CLEAN}\n__import__('os').environ.update({dict(environment)!a})\n{moved}"

    def stop(self) -> None:
        """End the kernel at once: whatever it keeps, it writes whole."""
        if self._manager is not None:
            manager, self._manager = self._manager, None
            complete(lambda: manager.shutdown_kernel(now=True))
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self.fit = False

    def last_words(self) -> str:
        """How its process ended, in words, and the last error that it wrote."""
        code = self._process.poll() if self._process else None
        how = {None: "", -9: " (killed; most often, memory ran out)"}.get(code, f" (status {code})")
        log = Path(self._folder.name) / "kernel.log" if self._folder else None
        lines = log.read_text(errors="replace").splitlines() if log and log.is_file() else []
        said = [line.strip() for line in lines if "rror" in line]
        return f"{how}: {said[-1]}" if said else how

    def _start(self, environment: Mapping[str, str]) -> None:
        self._folder = TemporaryDirectory(prefix="lstmwidgets-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        manager: Any = AsyncKernelManager(connection_file=str(folder / "kernel.json"))
        # -P: python -m would look for modules in the current folder first, which is the user's
        command = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self._manager = manager
        manager._kernel_spec = KernelSpec(argv=command, display_name="Python 3", language="python")
        ours = {
            # TensorFlow leaves files behind when it is killed: they go when this folder does
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        inherited = {name: text for name, text in os.environ.items() if name != "PYTHONSTARTUP"}
        with (folder / "kernel.log").open("wb") as log:
            options: dict[str, Any] = {
                "cwd": os.getcwd(),
                "env": {**inherited, **ours, **environment},
                "extra_arguments": [
                    "--HistoryManager.hist_file=:memory:",
                    "--InteractiveShellApp.ignore_cwd=True",
                ],
                "stdout": log,
                "stderr": log,
            }
            complete(lambda: manager.start_kernel(**options))
        self.fit = True

    @property
    def _process(self) -> Any:
        return getattr(getattr(self._manager, "provisioner", None), "process", None)

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _memory(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0
