"""How to make a report again: its command, its settings, and the versions it was made with."""

from __future__ import annotations

import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.choosing.decisions import MAY_CHOOSE
from lstmwidgets.model.storage import versions as package_versions

FLAGS = {"id_column": "--id"}
"""Flags that are not called as their field."""


def flag(name: str) -> str:
    """The command line's name of a setting.

    Examples
    --------
    >>> flag("sequence_length"), flag("id_column")
    ('--sequence-length', '--id')
    """
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


_WORDED = ("units", "dropout", "patience", "horizon")
"""Settings whose name is an English word, and which advice names alone."""


def in_flags(advice: str) -> str:
    """Advice that names settings as Python does, with their flags instead.

    Examples
    --------
    >>> in_flags("Use ridge; then try highway='linear', fewer units or a larger test_fraction.")
    'Use ridge; then try --highway linear, fewer --units or a larger --test-fraction.'
    """
    for name in LSTMConfig.model_fields:
        advice = re.sub(rf"\b{name}=(?:'(\w+)'|([\d.]*\d))", rf"{flag(name)} \1\2", advice)
        if "_" in name or name in _WORDED:
            advice = re.sub(rf"(?<![\w-]){name}\b(?!=)", flag(name), advice)
    return advice


def command_of(
    source: Any, asked: Mapping[str, Any], config: LSTMConfig, out: str = "report", auto: Sequence[str] = ()
) -> str:
    """The shell command of a report; empty for data that were in memory.

    Parameters
    ----------
    source : path or str
    asked : mapping
        Settings of the report itself that are not their default.
    config : LSTMConfig
        Those of its fields that are not their default get a flag.
    out : str
        The report's folder.
    auto : sequence of str
        The settings that the series chooses. All others that it might have chosen get a flag.

    Examples
    --------
    >>> command_of("my data.csv", {"only": "a b"}, LSTMConfig(units=8))
    "lstmwidgets report 'my data.csv' --only 'a b' --units 8 -o report"
    """
    if not isinstance(source, (str, Path)):
        return ""
    path = str(source)
    words = ["lstmwidgets", "report", f"./{path}" if path.startswith("-") else path]
    defaults = LSTMConfig().model_dump()
    kept = [name for name in MAY_CHOOSE if auto and name not in auto]
    changed = {
        name: value
        for name, value in config.model_dump().items()
        if name not in auto and (name in kept or value != defaults[name])
    }
    words += ["--auto"] if auto else []
    for name, value in {**asked, **changed}.items():
        if name == "levels":
            value = ",".join(map(str, value))
        for one in value if isinstance(value, (list, tuple)) else [value]:
            words += [f"{flag(name)}={one}"] if str(one).startswith("-") else [flag(name), str(one)]
    words += [f"--out={out}"] if out.startswith("-") else ["-o", out]
    return shlex.join(words)


def settings_table(config: LSTMConfig) -> pd.DataFrame:
    """Every hyperparameter in words: ``value``, ``default``, ``unit``, ``flag`` and ``what it does``."""
    rows = [
        {
            "setting": parameter.label,
            "value": f"{getattr(config, name)}",
            "default": f"{parameter.default}",
            "unit": parameter.unit,
            "flag": flag(name),
            "what it does": parameter.help,
        }
        for name, parameter in LSTMConfig.parameters().items()
    ]
    return pd.DataFrame(rows).set_index("setting")


def versions() -> dict[str, str]:
    """Of the packages whose numbers a report holds, and of Python."""
    return {**package_versions(), "python": platform.python_version()}
