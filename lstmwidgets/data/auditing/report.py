"""What an audit found: plain fields, the sentences that tell them, and the report as text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Any

import pandas as pd
from pandas.tseries.frequencies import to_offset

from lstmwidgets.data.auditing.clocks import ClockChanges
from lstmwidgets.data.auditing.seasons import Seasons
from lstmwidgets.data.auditing.words import checks_of, when
from lstmwidgets.data.grid import describe_freq

_SHOWN = 5
_WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}


@dataclass(frozen=True)
class Unreadable:
    """Cells that could not be used: the first few of each kind in words, and how many there are.

    ``counts`` are those of ``times``, ``values`` (no numbers) and ``infinite``.
    """

    times: str
    values: str
    infinite: str
    counts: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Audit:
    """The report of `audit`. Print it, or let a notebook show it.

    Attributes
    ----------
    value, time, source : str
        The columns, and where they came from.
    rows : int
        Rows read.
    start, end : pandas.Timestamp
    freq : str or None
        The usual step, as a pandas frequency; None when there is none.
    points : int
        Regular times from start to end.
    missing, without_row : int
        Points without a known value, and those of them that have no row at all.
    gaps : DataFrame
        ``start``, ``end``, ``points``, ``no_row`` of each run of missing points, in time order.
    duplicates : DataFrame
        ``time``, ``rows``, ``differ`` (whether their values disagree), ``places`` (of the first four).
    out_of_order : int
        Rows that are earlier than the row before.
    unreadable : Unreadable
    off_grid : DataFrame
        ``time`` and ``place`` of rows that stand on no regular time.
    far : int
        How many of those lie beyond a jump in time that dwarfs the series.
    zones : dict
        UTC offset written behind the times: rows with it.
    clock_changes : ClockChanges or None
    outliers : DataFrame
        ``time``, ``value``, ``score``: see `lstmwidgets.data.auditing.outliers.outlier_scores`.
    markers : DataFrame
        ``value``, ``points`` of numbers that probably mark a missing value, such as -999.
    constant : DataFrame
        ``start``, ``end``, ``points``, ``value`` of stretches that are constant for unusually long.
    seasons : Seasons
        Every cycle looked for, its strength, and the part it was measured on.
    reading, repairs : tuple of str
        What was chosen while reading, and how the series was filled before.
    notes : tuple of str
        All that is worth telling, the most important first.
    """

    value: str
    time: str
    source: str
    rows: int
    start: pd.Timestamp
    end: pd.Timestamp
    freq: str | None
    points: int
    missing: int
    without_row: int
    gaps: pd.DataFrame
    duplicates: pd.DataFrame
    out_of_order: int
    unreadable: Unreadable
    off_grid: pd.DataFrame
    far: int
    zones: dict[str, int]
    clock_changes: ClockChanges | None
    outliers: pd.DataFrame
    markers: pd.DataFrame
    constant: pd.DataFrame
    seasons: Seasons
    reading: tuple[str, ...]
    repairs: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def missing_share(self) -> float:
        """Share of the points without a known value, in [0, 1]."""
        return self.missing / self.points

    @property
    def longest_gap(self) -> int:
        """Points of the longest gap; 0 without one."""
        return int(self.gaps["points"].max()) if len(self.gaps) else 0

    @property
    def trouble(self) -> bool:
        """Whether anything needs a decision before a forecast."""
        return any(check.trouble and check.found for check in checks_of(self))

    def table(self) -> pd.DataFrame:
        """One row for each check: ``check``, ``found`` (how many) and ``told`` (a sentence, or "")."""
        return pd.DataFrame(
            [(check.name, check.found, check.told) for check in checks_of(self)],
            columns=["check", "found", "told"],
        )

    def season_table(self) -> pd.DataFrame:
        """One row for each cycle looked for: ``period``, ``name``, ``strength``, ``verdict``, ``cycles``."""
        found = [
            (one.period, one.name, round(one.strength, 3), one.verdict, round(one.cycles, 1))
            for one in self.seasons.found
        ]
        return pd.DataFrame(found, columns=["period", "name", "strength", "verdict", "cycles"])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON: frames as lists of records, times as ISO text."""
        changes = self.clock_changes
        return {
            "value": self.value,
            "time": self.time,
            "source": self.source,
            "rows": self.rows,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "freq": self.freq,
            "points": self.points,
            "missing": self.missing,
            "missing_share": self.missing_share,
            "without_row": self.without_row,
            "longest_gap": self.longest_gap,
            "gaps": _records(self.gaps),
            "duplicates": _records(self.duplicates),
            "out_of_order": self.out_of_order,
            "unreadable": dict(zip(("times", "values", "infinite"), self.unreadable.counts, strict=True)),
            "off_grid": _records(self.off_grid),
            "far": self.far,
            "zones": self.zones,
            "clock_changes": None
            if changes is None
            else {
                "zone": changes.zone,
                "missing": [time.isoformat() for time in changes.missing],
                "repeated": [time.isoformat() for time in changes.repeated],
                "in_utc": changes.in_utc,
            },
            "outliers": _records(self.outliers),
            "markers": _records(self.markers),
            "constant": _records(self.constant),
            "seasons": _records(self.season_table()),
            "measured_on": {"points": self.seasons.points, "interpolated": self.seasons.interpolated},
            "reading": list(self.reading),
            "repairs": list(self.repairs),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        notes = (
            fill(note, 100, initial_indent="- ", subsequent_indent="  ", **_WHOLE) for note in self.notes
        )
        return "\n".join([self._title(), self._extent(), "", *notes])

    def __repr__(self) -> str:
        return str(self)

    def _title(self) -> str:
        return f"Audit of {self.value!r} by {self.time!r} in {self.source}"

    def _extent(self) -> str:
        often = f"{describe_freq(to_offset(self.freq))} ({self.freq})" if self.freq else "no usual step"
        return (
            f"{self.points:,} points, {often}, from {when(self.start)} to {when(self.end)}; "
            f"{self.points - self.missing:,} known"
        )

    def _repr_html_(self) -> str:
        # Nothing is coloured, so that it reads as well on a dark page as on a light one.
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        longest = self.gaps.nlargest(_SHOWN, "points").sort_values("start")
        clearest = self.outliers.loc[self.outliers["score"].abs().nlargest(_SHOWN).index].sort_values("time")
        tables = [
            _html_table("Longest gaps", longest, len(self.gaps)),
            _html_table("Clearest outliers", clearest, len(self.outliers)),
            _html_table("Constant stretches", self.constant.nlargest(_SHOWN, "points"), len(self.constant)),
            _html_table("Repeated timestamps", self.duplicates.head(_SHOWN), len(self.duplicates)),
            _html_table("Cycles", self.season_table(), len(self.seasons.found)),
        ]
        return (
            f'<div class="lw-audit"><p><strong>{escape(self._title())}</strong><br>'
            f"{escape(self._extent())}</p><ul>{notes}</ul>{''.join(tables)}</div>"
        )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_datetime64_any_dtype(plain[name].dtype):
            plain[name] = [time.isoformat() for time in plain[name]]
    columns = {str(name): plain[name].tolist() for name in plain.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _html_table(title: str, frame: pd.DataFrame, total: int) -> str:
    if not len(frame):
        return ""
    more = f" ({len(frame)} of {total:,})" if total > len(frame) else ""
    cell = 'style="text-align:right;padding:0.15em 0.8em 0.15em 0"'
    names = [str(name).replace("no_row", "without a row") for name in frame.columns]
    head = "".join(f'<th scope="col" {cell}>{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td {cell}>{escape(_cell(one))}</td>" for one in row) + "</tr>"
        for row in frame.itertuples(index=False)
    )
    # A page without a doctype does not hand its colour and size down to tables.
    return (
        '<table style="color:inherit;font-size:inherit;margin:0.7em 0"><caption style="caption-side:top;'
        f'text-align:left;color:inherit">{escape(title)}{more}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _cell(content: Any) -> str:
    if isinstance(content, pd.Timestamp):
        return when(content)
    if isinstance(content, float):
        return f"{content:.4g}"
    if isinstance(content, bool):
        return "yes" if content else "no"
    return ", ".join(map(str, content)) if isinstance(content, list) else str(content)
