"""How quick this machine is at training, timed once in a process of its own and kept for all others.

``python -m lstmwidgets.model.costs.calibration`` times it anew and says where it is kept: in the user's
folder for caches, or that which LSTMWIDGETS_CACHE names. Set to nothing, it has nothing timed and
nothing kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.costs.pace import WAYS, Pace, Work

log = logging.getLogger(__name__)

FOLDER_VARIABLE = "LSTMWIDGETS_CACHE"

FORMAT = 1
"""Counts up when the probe or the file changes, so that every machine is timed anew."""

_LIBRARY = Path(__file__).parent / "native" / "walk.so"  # to import its package would import TensorFlow


def folder() -> Path | None:
    """Where calibrations are kept, or None where there is no place, or there is to be none."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named else None
    try:
        home = Path.home()
    except RuntimeError:  # a user without one
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "lstmwidgets"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "lstmwidgets"
    stated = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (stated if stated.is_absolute() else home / ".cache") / "lstmwidgets"


def place() -> Path | None:
    """The file of this machine's calibration, whether it is there or not; None as for `folder`."""
    kept_in = folder()
    return None if kept_in is None else kept_in / f"pace-{_key()}.json"


def kept() -> Pace | None:
    """The pace of this machine where it has been timed; None where it has not, or the file is damaged."""
    path = place()
    try:
        return None if path is None else _read(path, path.stat().st_mtime_ns)
    except OSError:
        return None


def keep(pace: Pace) -> Path:
    """Write a pace where `kept` finds it, whole or not at all.

    Raises
    ------
    LSTMWidgetsError
        Where nothing can be kept.
    """
    path = place()
    if path is None:
        raise LSTMWidgetsError(f"there is nowhere to keep it: set {FOLDER_VARIABLE} to a folder")
    said = {"machine": machine(), **asdict(pace)}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(said, indent=1), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise LSTMWidgetsError(
            f"{path.parent} cannot be written to ({error}): set {FOLDER_VARIABLE} to another folder"
        ) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return path


def begin(then: Callable[[], None]) -> bool:
    """Have this machine timed in the background where it was not yet, and call ``then`` when it was.

    It takes some seconds in a process of low priority, which nobody waits for; when it fails, nothing
    happens. ``then`` is called from another thread.

    Returns
    -------
    bool
        Whether it was begun: False where it has been timed, is turned off, or this process has begun it.
    """
    global _begun
    with _beginning:
        if _begun or place() is None or kept() is not None:
            return False
        _begun = True

    def wait() -> None:
        command = [sys.executable, "-P", "-m", "lstmwidgets.model.costs.calibration", "--missing"]
        nowhere: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        try:
            subprocess.run(command, **nowhere, timeout=_PATIENCE, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            log.debug("this machine was not timed: %s", error)
        if kept() is not None:
            then()

    threading.Thread(target=wait, name="lstmwidgets-calibration", daemon=True).start()
    return True


_PATIENCE = 300  # seconds, for a machine that has much else to do
_beginning, _begun = threading.Lock(), False


def machine() -> dict[str, str | int]:
    """All that a calibration holds for: the processor, how many of its cores are ours, what runs on them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "format": FORMAT,
        "processor": _processor(),
        "cores": cores,
        "compiled": _LIBRARY.exists(),
        **{name: version(name) for name in ("keras", "tensorflow")},
    }


@lru_cache(maxsize=1)
def _key() -> str:
    return hashlib.sha256(json.dumps(machine(), sort_keys=True).encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{platform.machine()} {named or platform.processor()}"


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Pace | None:
    """What a file says; None unless every number in it is there and can be one."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        costs = {way: Work(*(_cost(each) for each in said["costs"][way])) for way in WAYS}
        compiling = {way: _cost(said["compiling"][way]) for way in WAYS}
        if not all(len(said["costs"][way]) == len(Work._fields) and any(costs[way]) for way in WAYS):
            raise ValueError("a cost is missing")
        return Pace(costs, compiling, _cost(said["starting"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.debug("%s is not used: %s", path, error)
        return None


def _cost(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{value!r} is no number of seconds")
    return float(value)


def main(arguments: list[str]) -> int:
    """Time this machine and keep what was found; with ``--missing`` only where nobody has, or does so now."""
    path = place()
    if path is None:
        sys.stderr.write(
            f"{FOLDER_VARIABLE} is set to nothing: there is nowhere to keep what would be found\n"
        )
        return 2
    missing = "--missing" in arguments
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=0 if missing else _PATIENCE):
            if missing and kept() is not None:
                return 0
            from lstmwidgets.model.costs.probe import time_machine

            sys.stdout.write(f"{keep(time_machine())}\n")
    except Timeout:  # another process is at it
        return 0 if missing else 1
    except (OSError, LSTMWidgetsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
