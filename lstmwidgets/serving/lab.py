"""The lessons in a folder of one's own: copied, never over anything, and opened in JupyterLab."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.shipped import notebooks_folder

FOLDER = Path("lstmwidgets-notebooks")
FIRST = "00_start_here.ipynb"

_SHIPPED = ("*.ipynb", "reports/*.ipynb")  # what the app serves is no lesson


class FolderError(LSTMWidgetsError):
    """The folder cannot be written to."""


@dataclass(frozen=True)
class Copied:
    """What became of each notebook, by its name in the folder.

    Attributes
    ----------
    folder : Path
    new : tuple of str
        Copied now.
    same : tuple of str
        Already there, and as the package has them.
    kept : tuple of str
        Already there and different: changed by their owner, or of another version. Left as they are.
    """

    folder: Path
    new: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]

    def __str__(self) -> str:
        said = []
        if self.new:
            said.append(f"{_count(self.new)} copied to {self.folder}.")
        if self.same:
            said.append(f"{_count(self.same)} there already{'' if self.new else f', in {self.folder}'}.")
        if self.kept:
            said.append(
                f"{_count(self.kept)} left as they are, which is not as the package has them: "
                f"{', '.join(self.kept)}. For the package's, rename yours, or name another folder."
            )
        return "\n".join(said)


def copy_notebooks(folder: str | Path = FOLDER) -> Copied:
    """Copy the lessons and the report's template to a folder; what is there already stays as it is.

    Parameters
    ----------
    folder : path
        Made where it is missing.

    Raises
    ------
    FolderError
        When it is no folder or cannot be written to. What was copied until then is whole.
    LSTMWidgetsError
        When the package was installed without its notebooks.
    """
    folder, shipped = Path(folder), notebooks_folder()
    new: list[str] = []
    same: list[str] = []
    kept: list[str] = []
    for source in sorted(path for pattern in _SHIPPED for path in shipped.glob(pattern)):
        name = source.relative_to(shipped).as_posix()
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if _copied(source, target):
                new.append(name)
            else:
                (same if target.is_file() and filecmp.cmp(source, target, shallow=False) else kept).append(
                    name
                )
        except (FileExistsError, NotADirectoryError):
            raise FolderError(
                f"{str(target.parent)!r} cannot be a folder: a file is in its way. Name another folder"
            ) from None
        except OSError as error:
            raise FolderError(
                f"cannot write {str(target)!r} ({error.strerror or error}): name a folder where you may write"
            ) from None
    return Copied(folder, tuple(new), tuple(same), tuple(kept))


def lab_command(*, port: int | None = None, open_browser: bool = True) -> list[str]:
    """What opens the first lesson with this Python, from the folder it is in.

    As root JupyterLab has to be told that this is meant.
    """
    return [
        *(sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{FIRST}"),
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        *([] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]),
        *([] if open_browser else ["--no-browser"]),
        *(["--allow-root"] if is_root() else []),
    ]


def open_lab(folder: str | Path, *, port: int | None = None, open_browser: bool = True) -> int:
    """Become JupyterLab, on a folder of notebooks.

    Its kernels are those of this Python's environment before any other of that name. Where a process
    cannot become another one, returns the exit code.
    """
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    command = lab_command(port=port, open_browser=open_browser)
    os.chdir(folder)
    if os.name == "posix":
        os.execve(command[0], command, environment)  # signals then reach JupyterLab and nobody else
    with subprocess.Popen(command, env=environment) as lab:
        while True:
            try:
                return lab.wait()
            except KeyboardInterrupt:  # JupyterLab got it too: it asks, or ends
                continue


def is_root() -> bool:
    """Whether this is the user who may do anything."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _copied(source: Path, target: Path) -> bool:
    """Copy a file whole, or not at all where something of that name is there already."""
    if os.path.lexists(target):
        return False
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, name)
        os.chmod(name, 0o666 & ~_umask())
        try:
            os.link(name, target)
        except FileExistsError:
            return False
        except OSError:  # a file system without links; what came in between is overwritten there, at worst
            if os.path.lexists(target):
                return False
            os.replace(name, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    return True


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _count(names: tuple[str, ...]) -> str:
    return f"{len(names)} notebook{'' if len(names) == 1 else 's'}"
