"""The page of a batch: each series with its skill, last points and forecast, and a link to its report."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2

import lstmwidgets
from lstmwidgets.analysis.diagnosis.checks.finding import percent
from lstmwidgets.reports.batch.events import by_reason
from lstmwidgets.reports.batch.ledger import FORECASTS, SERIES, SUMMARY
from lstmwidgets.reports.batch.summary import Entry
from lstmwidgets.reports.page.head import colours, policy

_HERE = Path(__file__).parent
_HUES = ("forecast", "quiet", "good", "warning", "error")
_ALONE = 3  # so many that failed for the same reason have a row each


@dataclass(frozen=True)
class Cell:
    """A number as it is shown, and as it is sorted by."""

    text: str
    number: str | None


@dataclass(frozen=True)
class Link:
    """Where something is to be found, in words and as an address."""

    words: str
    address: str


def index_page(
    source: str,
    entries: Sequence[Entry],
    lines: Mapping[str, tuple[str, str]],
    *,
    linked: str = "",
    files: Sequence[str] = (),
    waiting: int = 0,
    vanished: int = 0,
) -> str:
    """HTML of one file: readable as it is, and with its script sorted and searched.

    Parameters
    ----------
    source : str
        What the panel is called.
    entries : sequence of Entry
        What became of each series.
    lines : mapping
        Both paths of `sparkline`, by id.
    linked : str
        The file in its folder that each series' name leads to, if there is one to be read.
    files : sequence of str
        Others there, to which their own names lead.
    waiting, vanished : int
        Series that are still to come, and folders of series that the panel no longer has.
    """
    made = [entry for entry in entries if entry.status != "failed"]
    failed = [entry for entry in entries if entry.status == "failed"]
    best_first = sorted(made, key=lambda entry: -_number(entry.metrics.get("skill"), -1e300))
    levels = {entry.widest["level"] for entry in made if entry.widest}
    coverage = f"{levels.pop()} % coverage" if len(levels) == 1 else "Coverage"
    script = _text("index.js")
    return _template().render(
        title=f"{source}: {_counted(len(entries) + waiting)}",
        words=_words(made, failed, waiting, vanished),
        facts=_facts(made, failed, waiting),
        columns=[
            {"name": "Series", "first": "ascending"},
            {"name": "Recent, forecast"},
            {"name": "Skill", "first": "descending", "sorted": "descending"},
            {"name": coverage, "first": "descending"},
            {"name": "MASE", "first": "ascending"},
            {"name": "Seconds", "first": "descending"},
        ],
        rows=[_row(entry, lines.get(entry.unique_id, ("", "")), linked, files) for entry in best_first],
        failed=_failures(failed),
        policy=policy([script]),
        style=f"{colours(_HUES)}\n{_text('index.css')}",
        script=script,
        summary=SUMMARY,
        forecasts=FORECASTS,
        version=lstmwidgets.__version__,
    )


def _row(entry: Entry, line: tuple[str, str], linked: str, files: Sequence[str]) -> dict[str, Any]:
    skill, held = entry.metrics.get("skill"), entry.widest.get("coverage")
    mase, seconds = entry.scores.get("MASE"), entry.metrics.get("seconds")
    folder = f"{SERIES}/{entry.folder}"
    return {
        "name": entry.unique_id,
        "link": quote(f"{folder}/{linked}") if linked else "",
        "links": [Link(file, quote(f"{folder}/{file}")) for file in files],
        "verdict": entry.metrics.get("verdict", "").replace(" %", "\N{NO-BREAK SPACE}%"),
        "tone": entry.metrics.get("tone", ""),
        "recent": line[0],
        "forecast": line[1],
        "cells": [
            Cell("–", None) if skill is None else Cell(percent(skill), f"{skill:.4g}"),
            Cell("–", None) if held is None else Cell(percent(held), f"{held:.4g}"),
            Cell("–", None) if mase is None else Cell(f"{mase:.3g}", f"{mase:.4g}"),
            Cell("–", None) if seconds is None else Cell(f"{seconds:.1f}", f"{seconds:.4g}"),
        ],
    }


def _failures(failed: Sequence[Entry]) -> list[dict[str, Any]]:
    """A row for each series that failed; one for them all where many failed for the same reason."""
    entries = {entry.unique_id: entry for entry in failed}
    rows: list[dict[str, Any]] = []
    for reason, ids in by_reason({entry.unique_id: entry.reason for entry in failed}):
        group = [entries[each] for each in ids]
        series = [{"name": entry.unique_id, "links": _left(entry)} for entry in group]
        if len(group) <= _ALONE:
            alone = zip(series, group, strict=True)
            rows += [{"series": [one], "count": "", "reason": entry.reason} for one, entry in alone]
            continue
        if len({entry.reason for entry in group}) > 1:
            reason += f" (That is {ids[0]}; the others differ in numbers, which {SUMMARY} has.)"
        rows.append({"series": series, "count": f"{_counted(len(ids))}: {_begin(ids)}", "reason": reason})
    return rows


def _left(entry: Entry) -> list[Link]:
    """What there is to see of a series that failed."""
    links = []
    if entry.earlier:
        when = f" of {entry.earlier_made[:10]}" if entry.earlier_made else ""
        links.append(Link(f"earlier result{when}, of other data or settings", quote(entry.earlier)))
    if entry.notebook:
        links.append(Link("notebook, as far as it got", quote(entry.notebook)))
    return links


def _begin(ids: Sequence[str]) -> str:
    return f"{', '.join(ids[:_ALONE])}, …"


def _facts(made: Sequence[Entry], failed: Sequence[Entry], waiting: int) -> list[dict[str, str]]:
    skills = [entry.metrics["skill"] for entry in made if entry.metrics.get("skill") is not None]
    facts = [{"name": "Done", "value": f"{len(made):,}"}]
    if waiting:
        facts.append({"name": "Still to come", "value": f"{waiting:,}"})
    facts.append({"name": "Failed", "value": f"{len(failed):,}", "link": "#failed" if failed else ""})
    if skills:
        better = sum(skill > 0 for skill in skills)
        small = f"{better:,} of {len(skills):,}"
        facts += [
            {"name": "Beat the better naive rule", "value": percent(better / len(skills)), "small": small},
            {"name": "Median skill", "value": percent(statistics.median(skills))},
        ]
    held = [entry.widest["coverage"] for entry in made if entry.widest.get("coverage") is not None]
    levels = {entry.widest["level"] for entry in made if entry.widest}
    if held and len(levels) == 1:
        name = f"Held by {levels.pop()} % intervals"
        facts.append({"name": name, "value": percent(statistics.median(held)), "small": "median"})
    return facts


def _words(made: Sequence[Entry], failed: Sequence[Entry], waiting: int, vanished: int) -> str:
    said = []
    if waiting:
        said.append(f"{_counted(waiting)} still to come: run the same command again, and it goes on.")
    if made:
        said.append(
            "Skill is how much smaller the error is than that of the better naive rule on the same "
            "forecasts; below zero, repeating old values would have been better."
        )
    if vanished:
        said.append(f"{_counted(vanished)} of earlier runs left the panel: kept as they were, not listed.")
    return " ".join(said)


def _counted(count: int) -> str:
    return f"{count:,} series"


def _number(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True)
    return environment.from_string(_text("index.html.j2"))
