"""How long a search may take: a time in words or numbers, a number of trials."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

import numpy as np

from lstmwidgets.errors import LSTMWidgetsError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NAMES = "s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?"
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*({_NAMES})(?![a-z])", re.IGNORECASE)
_WHOLE = re.compile(rf"\s*(?:{_PART.pattern}\s*)+", re.IGNORECASE)
MOST_TRIALS = 100_000
_LONGEST = 366 * 86400.0


def seconds_of(budget: Any) -> float | None:
    """A budget in seconds; None, where there is none, stays None.

    Parameters
    ----------
    budget : str, number, timedelta or None
        Text such as ``"5m"``, ``"5 min"``, ``"90s"`` or ``"1h 30m"``; a number is of seconds.

    Raises
    ------
    LSTMWidgetsError
        For anything else, and for what is not more than nothing, or more than a year.

    Examples
    --------
    >>> [seconds_of(each) for each in ("5 min", "1h30m", 90, timedelta(minutes=2), None)]
    [300.0, 5400.0, 90.0, 120.0, None]
    """
    if budget is None:
        return None
    seconds = _seconds(budget)
    if seconds is None or not 0 < seconds <= _LONGEST:
        text = str(budget) if isinstance(budget, timedelta) else repr(budget)
        raise LSTMWidgetsError(
            f"budget={text} is not accepted: budget takes a time above nothing and of at most a year, "
            "such as '90s', '5m', '1h30m' or a number of seconds"
        )
    return seconds


def checked_trials(trials: Any, budget: float | None) -> int | None:
    """How many trials there are to be, if that was said; with neither that nor a budget there is no end.

    Raises
    ------
    LSTMWidgetsError
        When it is no whole number from 1 to 100,000, or when neither was given.
    """
    if trials is None:
        if budget is None:
            raise LSTMWidgetsError("budget=None and trials=None would go on for ever: give one of them")
        return None
    whole = isinstance(trials, (int, np.integer)) and not isinstance(trials, bool)
    if not (whole and 1 <= trials <= MOST_TRIALS):
        raise LSTMWidgetsError(
            f"trials={trials!r} is not accepted: trials takes a whole number from 1 to {MOST_TRIALS:,}"
        )
    return int(trials)


def in_words(seconds: float) -> str:
    """Seconds for a reader: ``'45 s'``, ``'5 min'``, ``'1 h 30 min'``.

    Examples
    --------
    >>> [in_words(each) for each in (0.42, 45, 300, 5400, 7200)]
    ['0.4 s', '45 s', '5 min', '1 h 30 min', '2 h']
    """
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def _seconds(budget: Any) -> float | None:
    if isinstance(budget, timedelta):
        return budget.total_seconds()
    if isinstance(budget, str):
        if not _WHOLE.fullmatch(budget):
            return None
        return sum(float(number) * _SECONDS[unit[0].lower()] for number, unit in _PART.findall(budget))
    if isinstance(budget, (int, float, np.integer, np.floating)) and not isinstance(budget, bool):
        return float(budget) if math.isfinite(budget) else None
    return None
