"""The peers' own Python environments: found, or made from their pinned requirement files."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".bench"
"""Git-ignored: environments, tasks, logs and the figures of the last run."""

INSTALL_SECONDS = 1800


def python_of(name: str) -> Path | None:
    """The Python of an environment that holds exactly what its requirement file says; else None."""
    python = _python(name)
    stamp = _stamp(name)
    made_from = stamp.read_text() if python.exists() and stamp.exists() else None
    return python if made_from == _requirements(name).read_text() else None


def make(name: str) -> Path:
    """Make an environment from its requirement file, over what may be there.

    Raises
    ------
    subprocess.SubprocessError
        When pip fails, or takes longer than `INSTALL_SECONDS`.
    """
    print(f"making .bench/{name} from benchmarks/{_requirements(name).name}", flush=True)
    folder = FOLDER / name
    if folder.exists():
        shutil.rmtree(folder)
    venv.create(folder, with_pip=True)
    python = _python(name)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "install", "-r", _requirements(name)], check=True, timeout=INSTALL_SECONDS)
    _stamp(name).write_text(_requirements(name).read_text())
    return python


def _requirements(name: str) -> Path:
    return HERE / f"requirements-{name}.txt"


def _stamp(name: str) -> Path:
    return FOLDER / name / ".installed"


def _python(name: str) -> Path:
    return FOLDER / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
