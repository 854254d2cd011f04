"""A report's verdict: the diagnosis in one sentence, with what the intervals are worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import percent

if TYPE_CHECKING:
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis

_TOLD = ("skill", "coverage")
"""Findings that have a place of their own in the sentence."""


def verdict_of(diagnosis: Diagnosis, coverage: pd.DataFrame) -> str:
    """Say how good a forecast is, how often its widest intervals held, and what is gravest against it.

    Parameters
    ----------
    diagnosis : Diagnosis
    coverage : pandas.DataFrame
        As `lstmwidgets.coverage_table` gives it; empty where there are no intervals.

    Returns
    -------
    str
        One sentence. What takes the meaning from the score comes first, then the skill, the coverage, and the
        gravest other problem with the number of those that remain.

    Examples
    --------
    >>> from lstmwidgets.analysis.diagnosis.checks.finding import Finding
    >>> from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    >>> skill = Finding("skill", "good", "beats seasonal naive by 23 %", "…")
    >>> found = Diagnosis((skill,), "LSTM", cutoffs=291, horizon=52)
    >>> verdict_of(found, pd.DataFrame({"coverage": [0.79, 0.88]}, index=[80, 90]))
    'Beats seasonal naive by 23 %; 90 % intervals cover 88 %.'
    """
    doubts = diagnosis.doubts
    skill = diagnosis["skill"].headline if "skill" in diagnosis else ""
    said = [skill] if skill else []
    if skill.startswith("beats"):  # what was earned is told with whom it is shared
        said += [
            one.headline for one in diagnosis.findings if one.name == "linear rival" and one.tone == "quiet"
        ]
    said += _covered(coverage)
    rest = [
        one.headline for one in diagnosis.problems if one.name not in _TOLD and one.headline not in doubts
    ]
    if rest:
        said.append(rest[0] + (f", and {_more(len(rest) - 1)}" if rest[1:] else ""))
    if not skill:
        why = doubts or ("there is no rule to compare with",)
        return f"No score: {'; '.join([*why, *said])}."
    sentence = "; ".join(said)
    if doubts:
        return f"Do not trust the score ({'; '.join(doubts)}): {sentence}."
    return f"{sentence[0].upper()}{sentence[1:]}."


def _covered(coverage: pd.DataFrame) -> list[str]:
    """How often the widest interval held; nothing where there is none, or nothing came to hold."""
    if coverage.empty:
        return []
    level, held = int(max(coverage.index)), float(coverage["coverage"].loc[max(coverage.index)])
    return [] if math.isnan(held) else [f"{level} % intervals cover {percent(held)}"]


def _more(count: int) -> str:
    return "one problem more" if count == 1 else f"{count} problems more"
