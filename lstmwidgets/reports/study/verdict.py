"""A report's verdict: the diagnosis in one sentence, with what the intervals are worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import TONES, percent
from lstmwidgets.analysis.diagnosis.checks.scores import THE_LINE

if TYPE_CHECKING:
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    from lstmwidgets.reports.study.gaps import Origin

_TOLD = ("skill", "coverage")
"""Findings that have a place of their own in the sentence."""

_FROM_A_STEP = "worse than a baseline"
"""A finding that says nothing new of a forecast that is worse over all steps."""


def verdict_of(diagnosis: Diagnosis, coverage: pd.DataFrame, origin: Origin | None = None) -> str:
    """Say how good a forecast is, how often its widest intervals held, and what is gravest against it.

    Parameters
    ----------
    diagnosis : Diagnosis
    coverage : pandas.DataFrame
        As `lstmwidgets.coverage_table` gives it; empty where there are no intervals.
    origin : Origin, optional
        What the forecast reads.

    Returns
    -------
    str
        One sentence. What takes the meaning from the score comes first, then the skill, the coverage, and the
        gravest other problem.

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
    earned = skill.startswith("beats")  # what was earned is told with whom it is shared
    said += [
        one.headline
        for one in diagnosis.findings
        if one.name == "linear rival" and one.tone == "quiet" and (earned or one.headline == THE_LINE)
    ]
    said += _covered(coverage)
    told = (*_TOLD, _FROM_A_STEP) if is_worse(diagnosis) else _TOLD
    rest = [one.headline for one in diagnosis.problems if one.name not in told and one.headline not in doubts]
    sentence = "; ".join([*said, *rest[:1]])
    if not skill:
        why = "; ".join(doubts or ("there is no rule to compare with",))
        sentence = f"no score: {why}{sentence and '; '}{sentence}"
    elif doubts:
        sentence = f"do not trust the score ({'; '.join(doubts)}): {sentence}"
    if origin is not None and not origin.tested:
        sentence = f"this forecast rests on {origin}, and the scores below do not hold for it: {sentence}"
    return f"{sentence[0].upper()}{sentence[1:]}."


def tone_of(diagnosis: Diagnosis, origin: Origin) -> str:
    """The diagnosis' tone; graver where the forecast rests on what nobody observed.

    Examples
    --------
    >>> from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    >>> from lstmwidgets.reports.study.gaps import Origin
    >>> tone_of(Diagnosis((), "LSTM", 100, 6), Origin(read=48, filled=30, unknown=0, tested=False))
    'error'
    """
    if origin.tested:
        return diagnosis.tone
    own = "error" if 2 * origin.made_up > origin.read else "warning"
    return min(diagnosis.tone, own, key=[*map(str, TONES)].index)


def is_worse(diagnosis: Diagnosis) -> bool:
    """Whether a simple rule is clearly better."""
    return "skill" in diagnosis and diagnosis["skill"].tone == "warning"


def _covered(coverage: pd.DataFrame) -> list[str]:
    """How often the widest interval held; nothing where there is none, or nothing came to hold."""
    if coverage.empty:
        return []
    level, held = int(max(coverage.index)), float(coverage["coverage"].loc[max(coverage.index)])
    return [] if math.isnan(held) else [f"{level} % intervals cover {percent(held)}"]
