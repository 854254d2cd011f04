"""What an error advises in Python, as flags: a column to be named is named with ``--time`` or ``--value``."""

from __future__ import annotations

import ast
import re
import shlex

_VALUE = r"""…|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\[\]]*\]"""
_ARGUMENT = re.compile(rf", (\w+)=({_VALUE})")
_CALL = re.compile(rf"read_series\(…((?:, \w+=(?:{_VALUE}))+)\)")


def as_flags(message: str) -> str:
    """A message with each ``read_series(…, name=value)`` in it as the flags that do the same.

    Examples
    --------
    >>> as_flags("Name one: read_series(…, time='sold at')")
    "Name one: --time 'sold at'"
    >>> as_flags("name them all, read_series(…, time=['year', 'month'], value=…)")
    'name them all, --time year --time month --value …'
    """
    return _CALL.sub(lambda call: " ".join(_flags(call[1])), message)


def _flags(arguments: str) -> list[str]:
    flags = []
    for name, value in _ARGUMENT.findall(arguments):
        given = value if value == "…" else ast.literal_eval(value)
        for each in given if isinstance(given, list) else [given]:
            text = each if each == "…" else shlex.quote(str(each))
            flags.append(f"--{name}={text}" if text.startswith("-") else f"--{name} {text}")
    return flags
