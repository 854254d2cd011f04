"""What is declared, what is locked and what is built are one and the same."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lstmwidgets

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
ENVIRONMENT = (ROOT / "environment.yml").read_text()
PYTHONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def lock_tool():
    spec = importlib.util.spec_from_file_location("lock_tool", ROOT / "tools" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked_requirements() -> list[Requirement]:
    return [Requirement(line.rstrip("\\ ")) for line in LOCK.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def declared_requirements() -> list[Requirement]:
    extras = [item for extra in PROJECT["optional-dependencies"].values() for item in extra]
    return [Requirement(text) for text in [*PROJECT["dependencies"], *extras]]


def test_the_declared_pythons_are_3_11_to_3_13():
    accepted = SpecifierSet(PROJECT["requires-python"])
    assert [f"3.{minor}" for minor in range(9, 16) if f"3.{minor}.0" in accepted] == list(PYTHONS)
    classified = [text.split(" :: ")[-1] for text in PROJECT["classifiers"] if ":: Python :: 3." in text]
    assert classified == list(PYTHONS)


def test_the_package_and_the_project_declare_one_version():
    assert lstmwidgets.__version__ == PROJECT["version"]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_every_declared_dependency_is_locked_once_within_its_bounds(python, platform):
    system = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform}
    applying = [pin for pin in locked_requirements() if pin.marker is None or pin.marker.evaluate(system)]
    names = [canonicalize_name(pin.name) for pin in applying]
    assert len(names) == len(set(names))
    locked = dict(zip(names, applying, strict=True))
    for requirement in declared_requirements():
        (pin,) = locked[canonicalize_name(requirement.name)].specifier
        assert pin.operator == "=="
        assert pin.version in requirement.specifier, requirement


def test_every_line_of_the_lock_carries_hashes():
    # a pin's own line ends in a continuation, and the line after it is a hash
    lines = LOCK.splitlines()
    pins = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z0-9]", line)]
    assert len(pins) > 100
    for number in pins:
        assert lines[number].endswith("\\"), lines[number]
        assert re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", lines[number + 1]), lines[number]


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "pyproject.toml"])
def test_no_address_of_any_host_is_written_down(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|\bfile:", text)


def test_environment_yml_is_the_lock_and_the_declared_python(lock_tool):
    assert lock_tool.environment(LOCK, PROJECT["requires-python"]) == ENVIRONMENT, "run `make lock`"


def test_environment_yml_reads_as_python_from_conda_and_every_pin_by_pip():
    yaml = pytest.importorskip("yaml")
    python, pip, by_pip = yaml.safe_load(ENVIRONMENT)["dependencies"]
    assert python == f"python {PROJECT['requires-python']}"
    assert pip == "pip"
    *pins, package = by_pip["pip"]
    assert package == "-e ."
    assert [str(Requirement(pin)) for pin in pins] == [str(pin) for pin in locked_requirements()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of a copy of the working tree, its library compiled in a second instead of forty."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("lstmwidgets", "notebooks", "tools"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tree)
    tool = tree / "tools" / "build_native.py"
    in_haste = tool.read_text().replace('"-O3"', '"-O0"')
    assert in_haste != tool.read_text()
    tool.write_text(in_haste)
    return build(tree, tmp_path_factory.mktemp("wheel"), "wheel")


def build(tree: Path, folder: Path, target: str, **environment: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    environment = {**os.environ, **environment}
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def held_by(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_module_script_and_notebook_and_nothing_else(wheel):
    held = held_by(wheel)
    package = ROOT / "lstmwidgets"
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".ipynb_checkpoints" not in path.parts
    }
    notebooks = {
        f"lstmwidgets/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "notebooks").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert {"00_start_here.ipynb", "forecast_report.ipynb", "app.ipynb"} <= {
        Path(name).name for name in notebooks
    }
    assert held == wanted | notebooks
    kinds = {".py", ".js", ".css", ".json", ".typed", ".c", ".h", ".so", ".html", ".j2", ".ipynb"}
    assert {Path(name).suffix for name in held} <= kinds
    # with a compiled library in it, it is for this system and for any Python
    compiled = "lstmwidgets/model/native/walk.so" in held
    assert compiled == any(map(shutil.which, ("cc", "gcc", "clang")))
    platform = sysconfig.get_platform().translate(str.maketrans("-.", "__")) if compiled else "any"
    assert wheel.stem.endswith(f"-py3-none-{platform}")


def test_an_editable_install_is_a_path_to_the_checkout_and_nothing_else(tmp_path):
    wheel = build(
        ROOT, tmp_path, "wheel:editable", HATCH_BUILD_NO_HOOKS="true"
    )  # nothing need be compiled again
    (pointer,) = held_by(wheel)
    assert zipfile.ZipFile(wheel).read(pointer).decode().split() == [str(ROOT)]


def test_lessons_of_an_installed_wheel_are_copied_and_begin_to_run(wheel, tmp_path):
    installed, mine = tmp_path / "site", tmp_path / "mine"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*pip, "--no-deps", "--target", str(installed), str(wheel)], check=True, timeout=120)
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, str(installed / "bin" / "lstmwidgets"), "lab", str(mine), "--copy-only"]
    told = subprocess.run(
        command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    count = len([*mine.rglob("*.ipynb")])
    assert told.stdout == f"{count} notebooks copied to {mine}.\n"
    for path in mine.rglob("*.ipynb"):
        assert path.read_bytes() == (ROOT / "notebooks" / path.relative_to(mine)).read_bytes()

    lesson = nbformat.read(mine / "01_the_series.ipynb", as_version=4)
    lesson.cells[10:] = [nbformat.v4.new_code_cell("print(lw.__file__)")]  # its beginning shows enough
    nbformat.write(lesson, mine / "run.ipynb")
    nbconvert = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    subprocess.run(
        [*nbconvert, str(mine / "run.ipynb")], env=environment, check=True, capture_output=True, timeout=300
    )
    ran = nbformat.read(mine / "run.ipynb", as_version=4)
    assert ran.cells[-1].outputs[0].text.strip() == str(installed / "lstmwidgets" / "__init__.py")
