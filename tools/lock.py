"""Make requirements.lock with uv, and environment.yml from it."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / "environment.yml"

# One file for every platform and Python that pyproject.toml declares, and no address in it.
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--fork-strategy", "fewest", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--all-extras"),
    *("--custom-compile-command", "make lock", "pyproject.toml", "-o", LOCK.name),
]


def pins(lock: str) -> list[str]:
    """Every pin of a lock's text, with its marker and without its hashes."""
    return [line.rstrip("\\ ") for line in lock.splitlines() if re.match(r"[a-z0-9]", line, re.IGNORECASE)]


def environment(lock: str, requires_python: str) -> str:
    """The text of environment.yml: Python from conda, the lock's pins and this package by pip.

    A requirement file with hashes cannot hold an editable package, hence the pins alone.
    """
    lines = [
        "# Made by `make lock` from requirements.lock; edit pyproject.toml instead.",
        "name: lstmwidgets",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f'  - "python {requires_python}"',
        "  - pip",
        "  - pip:",
        *(f'      - "{pin}"' for pin in pins(lock)),
        '      - "-e ."',
    ]
    return "\n".join(lines) + "\n"


def requires_python() -> str:
    """What pyproject.toml declares, for example ``'>=3.11,<3.14'``."""
    import tomllib  # here, so that an older Python reaches the version check of the Makefile

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])


def main() -> None:
    """Compile, unless told not to, and write environment.yml."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--uv", default="uv", help="the uv command")
    options.add_argument("--upgrade", action="store_true", help="take newer versions")
    options.add_argument("--environment-only", action="store_true", help="keep the lock as it is")
    chosen = options.parse_args()
    if not chosen.environment_only:
        command = [chosen.uv, *COMPILE, *(["--upgrade"] if chosen.upgrade else [])]
        try:
            subprocess.run(command, cwd=ROOT, check=True)
        except FileNotFoundError:
            sys.exit(f"{chosen.uv!r} is not found: `pip install uv`, or say `make lock UV=path/to/uv`")
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
    ENVIRONMENT.write_text(environment(LOCK.read_text(), requires_python()))


if __name__ == "__main__":
    main()
