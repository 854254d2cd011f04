"""A floor imports only floors to its left, and TensorFlow waits until something trains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lstmwidgets

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "lstmwidgets"
FLOORS_WITHOUT_TENSORFLOW = ("data", "workers", "analysis", "widgets", "reports", "serving", "cli")


def modules_of(floor: str) -> list[str]:
    files = sorted((PACKAGE / floor).rglob("*.py"))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files
    ]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_floors_are_kept():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "modules",
    [["lstmwidgets"], ["lstmwidgets.widgets"], *(modules_of(floor) for floor in FLOORS_WITHOUT_TENSORFLOW)],
    ids=["lstmwidgets", "lstmwidgets.widgets", *(f"all of {floor}" for floor in FLOORS_WITHOUT_TENSORFLOW)],
)
def test_importing_leaves_tensorflow_and_keras_out(modules):
    assert modules
    imported = run_python(f"import sys, {', '.join(modules)}\nprint(*sys.modules)").split()
    assert set(modules) <= set(imported)
    assert {name.split(".")[0] for name in imported} & {"tensorflow", "keras", "jax", "torch"} == set()


def test_every_public_name_resolves():
    assert lstmwidgets.__all__ == sorted(set(lstmwidgets.__all__))
    for name in lstmwidgets.__all__:
        assert getattr(lstmwidgets, name).__name__ == name


def test_dir_is_sorted_and_holds_every_public_name():
    # dir() sorts whatever __dir__ answers, so ask both
    assert set(lstmwidgets.__all__) < set(dir(lstmwidgets))
    assert dir(lstmwidgets) == sorted(dir(lstmwidgets))


def test_an_unknown_name_is_refused_with_what_there_is():
    with pytest.raises(AttributeError, match="no attribute 'LTSMConfig'; it offers .*LSTMConfig"):
        lstmwidgets.LTSMConfig  # noqa: B018 - the access is the test
