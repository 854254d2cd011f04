"""The page of a batch: each series with its skill, last points and forecast, and a link to its report."""

from __future__ import annotations

import base64
import hashlib
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
from lstmwidgets.reports.batch.ledger import FORECASTS, SERIES, SUMMARY
from lstmwidgets.reports.batch.summary import Entry
from lstmwidgets.widgets.theme import PALETTE

_HERE = Path(__file__).parent
_HUES = ("forecast", "quiet", "good", "warning", "error")


@dataclass(frozen=True)
class Cell:
    """A number as it is shown, and as it is sorted by."""

    text: str
    number: str | None


def index_page(
    source: str,
    entries: Sequence[Entry],
    lines: Mapping[str, tuple[str, str]],
    *,
    linked: str,
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
        The file in its folder that each series' name leads to.
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
        rows=[_row(entry, lines.get(entry.unique_id, ("", "")), linked) for entry in best_first],
        failed=failed,
        policy=_policy(script),
        style=_style(),
        script=script,
        summary=SUMMARY,
        forecasts=FORECASTS,
        version=lstmwidgets.__version__,
    )


def _row(entry: Entry, line: tuple[str, str], linked: str) -> dict[str, Any]:
    skill, held = entry.metrics.get("skill"), entry.widest.get("coverage")
    mase, seconds = entry.scores.get("MASE"), entry.metrics.get("seconds")
    return {
        "name": entry.unique_id,
        "link": quote(f"{SERIES}/{entry.folder}/{linked}"),
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


def _policy(script: str) -> str:
    """Nothing is loaded, and no script runs but this one: not even what a series' name may smuggle in."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'"


def _style() -> str:
    light, dark = (
        "".join(f"--lw-{name}:{getattr(PALETTE[name], shade)};" for name in _HUES)
        for shade in ("light", "dark")
    )
    dark = f"@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}"
    return f":root{{{light}}}\n{dark}\n{_text('index.css')}"


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True)
    return environment.from_string(_text("index.html.j2"))
