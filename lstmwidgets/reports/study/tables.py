"""A table as CSV of which no spreadsheet runs a cell."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
# Where a spreadsheet may see a cell begin, whichever sign it takes for the separator.
_BEGINNINGS = re.compile(r"(?:^|(?<=[,;\t\r\n]))", re.MULTILINE)
_COMMANDS = "=+-@"
_SPECIAL = re.compile(r"[,;\"\t\r\n]")


def safe_csv(frame: pd.DataFrame) -> str:
    """A frame as CSV, without its index: text that a spreadsheet would run gets an apostrophe before it.

    Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@``: also in its full-width form,
    behind spaces or a quotation mark, after a line break, a tab or a semicolon within the cell, or
    behind a tab or a line break that the cell begins with. Numbers are left alone, negative ones too,
    and read back as the very same. (OWASP, "CSV Injection".)

    Parameters
    ----------
    frame : pandas.DataFrame
        Column names are treated as cells are.

    Returns
    -------
    str
        Comma-separated, a line each; times as ``2020-01-31`` or ``2020-01-31 15:00:00``, missing cells empty.

    Examples
    --------
    >>> print(safe_csv(pd.DataFrame({"unique_id": ["=1+1", "a"], "yhat": [-0.5, 0.1]})))
    unique_id,yhat
    '=1+1,-0.5
    a,0.1
    <BLANKLINE>
    """
    head = [safe_text(str(name)) for name in frame.columns]
    rows = zip(*(_cells(frame.iloc[:, place]) for place in range(frame.shape[1])), strict=True)
    return "".join(f"{','.join(map(_quoted, row))}\n" for row in [head, *rows])


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_text("@SUM(A1)"), safe_text("a;=1"), safe_text("-0.5"), safe_text("a-b")
    ("'@SUM(A1)", "a;'=1", '-0.5', 'a-b')
    """
    if _NUMBER.fullmatch(text):
        return text
    parts, last = [], 0
    for found in _BEGINNINGS.finditer(text):
        if _runs(text, found.start()):
            parts += [text[last : found.start()], "'"]
            last = found.start()
    return "".join([*parts, text[last:]])


def _runs(text: str, start: int) -> bool:
    """Whether a cell that begins here may be run."""
    if start == 0 and text[:1] in ("\t", "\r", "\n"):
        return True
    for place in range(start, len(text)):
        letter = text[place]
        if letter in ",;\t\r\n":
            return False  # there the next one begins
        if not (letter == '"' or letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf")):
            return unicodedata.normalize("NFKC", letter)[:1] in _COMMANDS
    return False


def _quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if _SPECIAL.search(cell) else cell


def _cells(column: pd.Series) -> Iterable[str]:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _times(pd.DatetimeIndex(column))
    return map(_cell, column.tolist())


def _times(times: pd.DatetimeIndex) -> list[str]:
    known = times.dropna()
    days = times.tz is None and bool((known == known.normalize()).all())
    return ["" if pd.isna(time) else str(time.date()) if days else time.isoformat(sep=" ") for time in times]


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (int, float, np.number)):
        return "" if math.isnan(value) else repr(getattr(value, "item", lambda: value)())
    missing = pd.isna(value) if pd.api.types.is_scalar(value) else False
    return "" if missing else safe_text(str(value))
