"""A study in words: the headline, and what a report says between its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmwidgets.analysis.diagnosis.checks.finding import percent
from lstmwidgets.analysis.scoring.scores import LSTM
from lstmwidgets.reports.display import Fact, Headline
from lstmwidgets.reports.source import source_name

if TYPE_CHECKING:
    from lstmwidgets.reports.study import Study


def title_of(study: Study) -> str:
    """What the report is about."""
    name, source = str(study.original.name), source_name(study.source)
    return str(study.original.attrs.get("title", name if name == source else f"{name} in {source}"))


def label_of(study: Study) -> str:
    """For the vertical axis: the unit, or the series' name cut to what there is room for."""
    name = str(study.original.name)
    return study.unit or (name if len(name) <= 30 else f"{name[:29]}…")


def headline(study: Study) -> Headline:
    """The title, the verdict, and the few numbers that carry it."""
    scores = study.scores
    facts = [
        Fact("Skill", percent(float(scores["skill"][LSTM])), f"against {scores.attrs['reference']}"),
    ]
    return Headline(title_of(study), study.verdict, study.tone, facts)
