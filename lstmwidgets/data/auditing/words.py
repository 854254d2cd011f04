"""What an audit found, in sentences: one check after the other, the most important first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pandas.tseries.frequencies import to_offset

from lstmwidgets.data.auditing.outliers import OUTLIER_SCORE
from lstmwidgets.data.auditing.seasons import LONGEST, WEAKEST, Season, bar_to_clear

if TYPE_CHECKING:
    from lstmwidgets.data.auditing.report import Audit


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: how often it was found, and a sentence where there is one to say.

    ``trouble`` is False for what is worth knowing but needs no decision.
    """

    name: str
    found: int
    told: str
    trouble: bool = True


def notes_of(report: Audit) -> tuple[str, ...]:
    """The sentences of an audit, the most important first."""
    checks = list(checks_of(report))
    troubles = [check.told for check in checks if check.told and check.trouble]
    others = [check.told for check in checks if check.told and not check.trouble]
    fine = [] if troubles else ["Nothing is amiss: no gap, no odd value, and every time on its grid."]
    reading = (f"While reading: {one}." for one in report.reading)
    told = "Next: lstmwidgets.compare_fills(series) tells which way of filling the gaps errs least here."
    following = [told] if 0 < report.missing < report.points else []
    return (*fine, *troubles, *report.repairs, *others, *reading, *following)


def checks_of(report: Audit) -> Iterator[Check]:
    """Every check in the order of importance: what stops a reading first, what is good to know last."""
    yield from _cells(report)
    yield from _times(report)
    yield _missing(report)
    yield from _oddities(report)
    yield _clocks(report)
    yield _order(report)
    yield _cycles(report)


def _cells(report: Audit) -> Iterator[Check]:
    times, values, infinite = report.unreadable.counts
    told = (
        f"{_counted(times, 'cell')} of {report.time!r} {_are(times)} no timestamp: "
        f"{report.unreadable.times}. {_these(times, 'row')} left out here; write the times as 2020-01-31 "
        "15:00."
    )
    yield Check("unreadable times", times, told if times else "")
    told = (
        f"{_counted(values, 'cell')} of {report.value!r} {_are(values)} no number: "
        f"{report.unreadable.values}. {_these(values, 'cell')} taken as missing here; {_correct(values)}."
    )
    yield Check("unreadable values", values, told if values else "")
    told = (
        f"{_counted(infinite, 'value')} {_are(infinite)} infinite: {report.unreadable.infinite}. "
        f"{_these(infinite, 'cell')} taken as missing here; {_correct(infinite)}."
    )
    yield Check("infinite values", infinite, told if infinite else "")


def _times(report: Audit) -> Iterator[Check]:
    zones = len(report.zones)
    written = " and ".join(
        f"{zone or 'none'} on {_counted(rows, 'row')}" for zone, rows in list(report.zones.items())[:4]
    )
    remedy = f"frame[{report.time!r}] = pandas.to_datetime(frame[{report.time!r}], utc=True)"
    told = f"The times mix UTC offsets: {written}. They are compared in UTC here; {remedy} makes that so."
    if "" in report.zones:
        told += " Times without an offset were taken as UTC, which may be wrong."
    yield Check("mixed time zones", zones if zones > 1 else 0, told if zones > 1 else "")
    yield _repeated(report)
    off = len(report.off_grid) - report.far
    listed = _listed(report.off_grid)
    freq = report.freq or ""
    told = (
        f"{_counted(off, 'row')} of {report.rows:,} {_stand(off)} off the grid ({freq}): {listed}. Here each "
        f"counts at the nearest regular time; correct the times, or average them, "
        f'series.resample("{freq}").mean().'
    )
    yield Check("off the grid", off, told if off else "")
    told = (
        f"{_counted(report.far, 'row')} {_are(report.far)} far away in time from all others: {listed}. Is a "
        "date mistyped? They are left out here."
    )
    yield Check("far away in time", report.far, told if report.far else "")
    irregular = report.freq is None
    told = (
        "The times have no usual step, so that gaps and the calendar's seasons could not be looked for: "
        'average the series over regular steps first, for example series.resample("D").mean().'
    )
    yield Check("no usual step", int(irregular), told if irregular else "")


def _repeated(report: Audit) -> Check:
    frame = report.duplicates
    count = len(frame)
    if not count:
        return Check("repeated timestamps", 0, "")
    differ = int(frame["differ"].sum())
    shown = ", ".join(
        f"{when(time)} ({rows} rows)" for time, rows in zip(frame["time"][:3], frame["rows"][:3], strict=True)
    )
    agree = (
        "their values agree"
        if not differ
        else "their values disagree"
        if differ == count
        else f"for {differ:,} of them the values disagree"
    )
    told = (
        f"{_counted(count, 'timestamp')} {'comes' if count == 1 else 'come'} more than once, and {agree}: "
        f"{shown}{' …' if count > 3 else ''}. "
    )
    if report.clock_changes is not None and report.clock_changes.repeated:
        told += "This is the hour that clocks repeat in autumn: see below."
    else:
        told += "The first known value counts here; decide which row is right, and keep that one."
    return Check("repeated timestamps", count, told)


def _missing(report: Audit) -> Check:
    count, gaps = report.missing, report.gaps
    if not count:
        return Check("missing values", 0, "")
    if count == report.points:
        return Check("missing values", count, f"Every value is missing ({count:,} points).")
    longest = gaps.iloc[int(gaps["points"].argmax())]
    told = (
        f"{count:,} of {report.points:,} values {_are(count)} missing ({_percent(count, report.points)}), in "
        f"{_counted(len(gaps), 'gap')}{'; the longest has' if len(gaps) > 1 else ' of'} "
        f"{_counted(int(longest['points']), 'point')}, {_span(longest)}."
    )
    if 0 < report.without_row < count:
        told += f" {report.without_row:,} have no row, the others an empty cell."
    elif report.without_row and count > 1:
        told += " None of them has a row."
    ends = [
        f"{word} with {_counted(int(gap['points']), 'missing point')}"
        for word, gap, at_end in (
            ("begins", gaps.iloc[0], gaps["start"].iloc[0] == report.start),
            ("ends", gaps.iloc[-1], gaps["end"].iloc[-1] == report.end),
        )
        if at_end
    ]
    if ends:
        told += f" The series {' and '.join(ends)}, where nothing is known on one side."
    return Check("missing values", count, told)


def _oddities(report: Audit) -> Iterator[Check]:
    markers = report.markers
    counted = [
        f"{value:g} stands {points:,} times"
        for value, points in zip(markers["value"], markers["points"], strict=True)
    ]
    told = (
        f"{' and '.join(counted)} far from all other values: probably a mark for a missing value. Put NaN "
        "there before anything is filled or trained."
    )
    yield Check("markers of missing values", len(markers), told if len(markers) else "")
    frame = report.constant
    count = len(frame)
    if _is_constant(report):
        told = f"Every known value is {frame['value'].iloc[0]:g}: there is nothing to forecast."
    elif count:
        longest = frame.iloc[int(frame["points"].argmax())]
        told = (
            f"{_counted(count, 'stretch', 'es')} of one value {_are(count)} unusually long"
            f"{'; the longest stays' if count > 1 else ': it stays'} at {longest['value']:g} for "
            f"{longest['points']:,} points, {_span(longest)}. Is that true, or was a sensor stuck?"
        )
    yield Check("constant stretches", count, told if count else "")
    frame = report.outliers
    count = len(frame)
    if count:
        clearest = frame.loc[frame["score"].abs().nlargest(3).index]
        shown = ", ".join(
            f"{value:g} at {when(time)}"
            for time, value in zip(clearest["time"], clearest["value"], strict=True)
        )
        told = (
            f"{_counted(count, 'value')} ({_percent(count, report.points - report.missing)} of those known) "
            f"{_stand(count)} out from {'its' if count == 1 else 'their'} neighbours on both sides by at "
            f"least {OUTLIER_SCORE:g} usual steps{'; the clearest' if count > 1 else ''}: {shown}. Error or "
            "event? Nothing is taken out here."
        )
    yield Check("outliers", count, told if count else "")


def _is_constant(report: Audit) -> bool:
    """Whether all known values are one."""
    stretches = report.constant
    return (
        stretches["value"].nunique() == 1
        and not len(report.markers)
        and int(stretches["points"].sum()) == report.points - report.missing
    )


def _clocks(report: Audit) -> Check:
    changes = report.clock_changes
    if changes is None:
        return Check("clock changes", 0, "")
    parts = []
    if changes.missing:
        parts.append(f"an hour is missing on {_dates(changes.missing)}")
    if changes.repeated:
        parts.append(f"an hour comes twice on {_dates(changes.repeated)}")
    told = (
        f"The times are clock times with daylight saving: {', and '.join(parts)}, when clocks change in "
        f"{changes.zone}. "
    )
    if changes.repeated:
        told += "Times in UTC have no such places: "
    else:
        told += 'That hour never was: fill it, lstmwidgets.fill(series, "linear"), or go over to UTC: '
    told += f"{changes.in_utc}, with your own zone."
    return Check("clock changes", len(changes.missing) + len(changes.repeated), told)


def _order(report: Audit) -> Check:
    count = report.out_of_order
    told = f"{_counted(count, 'row')} {_are(count)} earlier than the row before; reading sorts them."
    return Check("out of order", count, told if count else "", trouble=False)


def _cycles(report: Audit) -> Check:
    found = report.seasons.found
    seasons = [one for one in found if one.verdict != "none"]
    if not found:
        if report.missing == report.points or _is_constant(report):  # told already
            return Check("seasons", 0, "", trouble=False)
        told = "No season shows: the data suggest no cycle, and hold no three whole ones of the calendar."
        return Check("seasons", 0, told, trouble=False)
    absent = [_absent(one) for one in found if one.verdict == "none"]
    told = f"Seasons found: {'; '.join(map(_season, seasons))}." if seasons else "No season was found."
    if absent:
        told += f" Looked for, and no clearer than chance: {', '.join(absent)}."
    seen = report.seasons
    if seen.points < report.points:
        told += f" Measured on {_part(report)}"
        longer = any(one.block > 1 for one in found)
        told += f"; cycles of more than {LONGEST} points on means of the whole." if longer else "."
    if seen.interpolated:
        told += (
            f" {seen.interpolated:,} of the points {_are(seen.interpolated)} missing, and interpolated for "
            "this measurement alone."
        )
    return Check("seasons", len(seasons), told, trouble=False)


def _part(report: Audit) -> str:
    """The part of a series that its seasons were measured on."""
    first, points = report.seasons.first, report.seasons.points
    if report.freq is None:
        return f"{points:,} points"
    begin = report.start + first * to_offset(report.freq)
    return f"the {points:,} points from {when(begin)} on"


def _season(one: Season) -> str:
    grade = "weak" if one.strength < 0.3 else "moderate" if one.strength < 0.6 else "strong"
    name = one.name or "a cycle"
    wanders = "" if one.verdict == "season" else ", of a length that wanders"
    return f"{name} of {one.period:,} points, {grade} ({one.strength:.2f} of 1){wanders}"


def _absent(one: Season) -> str:
    """A cycle that does not count, and why not where its strength alone would do."""
    why = ""
    if one.strength >= bar_to_clear(one.cycles):
        why = ", no more than cycles of other lengths"
    elif one.strength >= WEAKEST:
        why = f", with only {one.cycles:.0f} {one.name or 'cycle'}s to judge by"
    return f"{one.name or f'{one.period:,} points'} ({one.strength:.2f}{why})"


def when(time: pd.Timestamp) -> str:
    """Date and clock; without seconds, and without a clock at midnight, where these are nought."""
    if time == time.normalize():
        return str(time.date())
    return time.isoformat(sep=" ", timespec="minutes" if time == time.floor("min") else "auto")


def _correct(count: int) -> str:
    return "correct it, or leave it empty" if count == 1 else "correct them, or leave them empty"


def _span(row: pd.Series) -> str:
    if row["start"] == row["end"]:
        return f"at {when(row['start'])}"
    return f"from {when(row['start'])} to {when(row['end'])}"


def _listed(frame: pd.DataFrame) -> str:
    shown = [
        f"{when(time)} ({place})" for time, place in zip(frame["time"][:3], frame["place"][:3], strict=True)
    ]
    return ", ".join(shown) + (" …" if len(frame) > 3 else "")


def _dates(times: tuple[pd.Timestamp, ...]) -> str:
    days = sorted({str(time.date()) for time in times})
    return ", ".join(days[:3]) + (f" and {len(days) - 3:,} more" if len(days) > 3 else "")


def _percent(part: int, whole: int) -> str:
    share = 100 * part / max(whole, 1)
    return f"{share:.1f} %" if share >= 0.1 or part == 0 else "under 0.1 %"


def _counted(count: int, noun: str, ending: str = "s") -> str:
    return f"{count:,} {noun}{ending if count != 1 else ''}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _stand(count: int) -> str:
    return "stands" if count == 1 else "stand"


def _these(count: int, noun: str) -> str:
    return f"This {noun} is" if count == 1 else f"These {noun}s are"
