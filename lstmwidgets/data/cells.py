"""Turn the cells of one column into timestamps or numbers, and remember every cell that cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from lstmwidgets.errors import LSTMWidgetsError

MISSING_MARKERS = ("", "na", "n/a", "nan", "nat", "null", "none", "<na>", "-", "?")

_THOUSANDS = r"[+-]?\d{1,3}(?:[.,'\u2019\s]\d{3})+(?:[.,]\d+)?"
_NUMBER_WITH_COMMA = r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"
_GROUPED_WITH_COMMA = r"[+-]?[1-9]\d{0,2}(?:[.]\d{3})+,\d+"
_COMMA_AND_THREE_DIGITS = r"[+-]?[1-9]\d{0,2},\d{3}"
_ZONE = r"(?:[Zz]|[+-]\d{2}:?\d{2})"
# Only a text with a clock ("2020-01-01T00:00…") can end in an offset; "2020-01-01" ends in "-01".
_HAS_ZONE = rf":.*\d[ ]?{_ZONE}$"
_SLASHED = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?P<clock>\D.*)?$")
_ISO_START = r"\d{4}(?:[-/]\d|[.]\d{1,2}[.]\d|\d{4}[T ]\d)"
_NAMED_MONTHS = ("%b %Y", "%B %Y", "%b-%Y", "%Y %b", "%Y-%b")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_YEARS = (1000, 2999)


@dataclass
class Offenders:
    """The first few cells that broke a rule, where they stand, and how many there are."""

    shown: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0

    def add(self, lines: NDArray[np.int64], cells: Sequence[object] | pd.Series) -> None:
        """Add cells with their line numbers; only the first five are kept."""
        self.count += len(lines)
        room = 5 - len(self.shown)
        self.shown += [(int(line), str(cell)) for line, cell in zip(lines[:room], cells[:room], strict=True)]

    def describe(self, word: str) -> str:
        """For example ``"'abc' on line 3, 'x' on line 9 and 12 more"``."""
        listed = ", ".join(f"{quoted(cell)} {word} {line}" for line, cell in self.shown)
        return listed + (f" and {self.count - len(self.shown)} more" if self.count > len(self.shown) else "")


def quoted(cell: str) -> str:
    """A text as messages quote it, cut where it is long."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "…")


def as_text(cells: pd.Series) -> pd.Series:
    """The cells as stripped text, missing ones as the empty string; bytes that are no text as their repr."""
    try:
        text = cells.astype("str")
    except UnicodeDecodeError:
        text = cells.astype(object).map(_decoded).astype("str")
    return text.fillna("").str.strip()


def _decoded(cell: object) -> object:
    try:
        return cell.decode() if isinstance(cell, bytes) else cell
    except UnicodeDecodeError:
        return repr(cell)


def is_missing(text: pd.Series) -> NDArray[np.bool_]:
    """Which stripped cells hold a recognised marker of a missing value."""
    return text.str.lower().isin(MISSING_MARKERS).to_numpy(dtype=bool)


def _is_numeric(cells: pd.Series) -> bool:
    kind = cells.dtype
    return pd.api.types.is_numeric_dtype(kind) and not (
        pd.api.types.is_bool_dtype(kind) or pd.api.types.is_complex_dtype(kind)
    )


def numeric_share(cells: pd.Series, decimal_commas: bool = False) -> float:
    """Share of the known cells of a sample that are numbers; 0 when every cell is missing."""
    if _is_numeric(cells):
        return float(cells.notna().any())
    text = as_text(cells)
    text = text[~is_missing(text)]
    if decimal_commas:
        grouped = text.str.fullmatch(_GROUPED_WITH_COMMA).to_numpy(dtype=bool)
        text = text.mask(grouped, text.str.replace(".", "", regex=False))
        text = text.str.replace(",", ".", n=1, regex=False)
    return float(pd.to_numeric(text, errors="coerce").notna().mean()) if len(text) else 0.0


class NumberReader:
    """Reads one column, chunk by chunk, into float64.

    Parameters
    ----------
    name : str
        The column, for messages.
    word : str
        How a place is called, for example ``"on line"``.
    decimal_commas : bool
        Whether ``1,5`` may mean one and a half: only where commas do not separate columns.
    """

    def __init__(self, name: str, word: str, decimal_commas: bool = False) -> None:
        self.name, self.word, self.decimal_commas = name, word, decimal_commas
        self.missing = 0
        self.commas, self.points, self.unsettled = Offenders(), Offenders(), Offenders()
        self.bad, self.infinite, self.thousands = Offenders(), Offenders(), Offenders()
        self.grouped = 0

    def read(self, cells: pd.Series, lines: NDArray[np.int64]) -> NDArray[np.float64]:
        """Numbers of one chunk; cells that are missing, or cannot be read, are NaN."""
        if _is_numeric(cells):
            numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
            self.missing += int(np.count_nonzero(np.isnan(numbers)))
        else:
            numbers = self._read_text(as_text(cells), lines)
        infinite = np.isinf(numbers)
        if infinite.any():
            self.infinite.add(lines[infinite], cells[infinite])
        return numbers

    def _read_text(self, text: pd.Series, lines: NDArray[np.int64]) -> NDArray[np.float64]:
        numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
        if self.decimal_commas:
            numbers = self._read_commas(text, numbers, lines)
        unread = np.flatnonzero(np.isnan(numbers))
        left, places = text.iloc[unread], lines[unread]
        missing = is_missing(left)
        self.missing += int(np.count_nonzero(missing))
        self.bad.add(places[~missing], left[~missing])
        grouped = left.str.fullmatch(_THOUSANDS).to_numpy(dtype=bool)
        self.thousands.add(places[grouped], left[grouped])
        return numbers

    def _read_commas(
        self, text: pd.Series, numbers: NDArray[np.float64], lines: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        comma = text.str.fullmatch(_NUMBER_WITH_COMMA).to_numpy(dtype=bool)
        unread = np.flatnonzero(np.isnan(numbers) & ~comma)
        # Points before a comma can only part thousands: 1.124,89.
        grouped = unread[text.iloc[unread].str.fullmatch(_GROUPED_WITH_COMMA).to_numpy(dtype=bool)]
        if len(grouped):
            self.grouped += len(grouped)
            self.commas.add(lines[grouped], text.iloc[grouped])
            plain = text.iloc[grouped].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            numbers = numbers.copy()
            numbers[grouped] = pd.to_numeric(plain)
        point = text.str.contains(".", regex=False).to_numpy(dtype=bool) & ~np.isnan(numbers)
        point[grouped] = False
        self.points.add(lines[point], text[point])
        if not comma.any():
            return numbers
        written = text[comma]
        self.commas.add(lines[comma], written)
        unsettled = written.str.fullmatch(_COMMA_AND_THREE_DIGITS).to_numpy(dtype=bool)
        self.unsettled.add(lines[comma][unsettled], written[unsettled])
        numbers = numbers.copy()
        numbers[comma] = pd.to_numeric(written.str.replace(",", ".", regex=False), errors="coerce")
        return numbers

    def finish(self) -> list[str]:
        """Refuse what cannot be a series of numbers; return what is worth telling.

        Raises
        ------
        LSTMWidgetsError
            For text among the numbers, infinite values, or commas whose meaning is not settled.
        """
        self.check_commas()
        column = f"column {self.name!r}"
        if self.bad.count:
            raise LSTMWidgetsError(self._not_numbers(column))
        if self.infinite.count:
            raise LSTMWidgetsError(
                f"{column} has infinite values: {self.infinite.describe(self.word)}. A forecast needs finite "
                "numbers: correct these cells, or leave them empty to mark them as missing"
            )
        return self.notes()

    def check_commas(self) -> None:
        """Refuse commas whose meaning is not settled: every number of the column hangs on it."""
        column = f"column {self.name!r}"
        if self.commas.count and self.points.count:
            raise LSTMWidgetsError(
                f"{column} mixes decimal commas ({self.commas.describe(self.word)}) with points "
                f"({self.points.describe(self.word)}): write every number with a decimal point and no "
                "thousands separator"
            )
        if self.commas.count and self.unsettled.count == self.commas.count:
            raise LSTMWidgetsError(
                f"{column}: {self.unsettled.describe(self.word)} may be a decimal comma or a thousands "
                "separator, and no other value settles it: write the numbers with a decimal point and no "
                "thousands separator, or pass pandas.read_csv(…, sep=…, decimal=',') with "
                f"value={self.name!r}"
            )

    def notes(self) -> list[str]:
        """What is worth telling of the cells that could be read."""
        column = f"column {self.name!r}"
        notes = []
        if self.commas.count:
            notes.append(f"decimal commas in {column} read as decimal points")
        if self.grouped:
            notes.append(f"points in {column} read as thousands separators, for a decimal comma follows them")
        if self.missing:
            notes.append(f"{_counted(self.missing, 'missing value')} in {column}, kept as NaN")
        return notes

    def _not_numbers(self, column: str) -> str:
        accepted = (
            "a decimal point, no thousands separator, no unit; empty, NA, NaN, null, - or ? when missing"
        )
        if self.thousands.count:
            return (
                f"{column} has thousands separators: {self.thousands.describe(self.word)}. Write plain "
                f"numbers ({accepted})"
            )
        return (
            f"{column} has cells that are not numbers: {self.bad.describe(self.word)}. Correct them, or "
            f"leave them empty to mark them as missing; a number has {accepted}. For another column pass "
            "value="
        )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


@dataclass(frozen=True)
class TimeFormat:
    """A way of writing timestamps: in words, and the patterns it may stand for.

    Two patterns (day first, month first) stay open until a value settles which one is meant.
    ``plain_numbers`` marks formats such as bare years, which any column of numbers may look like.
    """

    words: str
    patterns: tuple[str, ...]
    plain_numbers: bool = False


_YEAR = TimeFormat("years", ("%Y",), plain_numbers=True)
_COMPACT = TimeFormat("dates written as yyyymmdd", ("%Y%m%d",), plain_numbers=True)
_QUARTER = TimeFormat("quarters", ("quarter",))
_ISO = TimeFormat("ISO dates", ("ISO8601",))
_TYPED = TimeFormat("timestamps", ("typed",))
_SHAPES = {_QUARTER: r"\d{4}[ -]?[Qq][1-4]$", _ISO: _ISO_START}


def find_time_format(cells: pd.Series) -> TimeFormat | None:
    """How most cells of a sample write a timestamp, or None when they are no timestamps."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype) or isinstance(cells.dtype, pd.PeriodDtype):
        return _TYPED
    text = _as_time_text(cells)
    known = text[~is_missing(text)]
    if known.empty:
        return None
    first = str(known.iloc[0])
    candidates = [_YEAR, _COMPACT] if known.str.isdecimal().mean() > 0.5 else [_QUARTER, _ISO]
    slashed = known[known.str.fullmatch(_SLASHED)]
    if len(slashed):
        candidates.append(_slashed_format(str(slashed.iloc[0])))
    if re.search(r"[A-Za-z]{3}", first):
        named = [guess_datetime_format(first), *_NAMED_MONTHS]
        candidates += [
            TimeFormat(f"dates like {first!r}", (one,)) for one in named if one and "%b" in one.lower()
        ]
    return next((one for one in candidates if _fits(known, one)), None)


def _fits(text: pd.Series, time_format: TimeFormat) -> bool:
    shape = _SHAPES.get(time_format)
    if shape is not None and text.str.match(shape).mean() <= 0.5:
        return False  # soon told, for most columns are none of times
    if time_format is _ISO:
        # Without this 1013.5, a pressure, would pass for the fifth month of the year 1013.
        text = _zone_and_rest(text.where(text.str.match(_ISO_START), ""))[1]
    return any(_parse(text, pattern).notna().mean() > 0.5 for pattern in time_format.patterns)


def _zone_and_rest(text: pd.Series) -> tuple[pd.Series | None, pd.Series]:
    """The zone that ends each ISO timestamp (None when none has one), and the timestamps without it."""
    if not text.str.contains(_HAS_ZONE).any():
        return None, text
    zones = text.str.extract(f"({_ZONE})$", expand=False).where(text.str.contains(_HAS_ZONE)).fillna("")
    return zones.str.upper(), text.where(zones == "", text.str.replace(f"[ ]?{_ZONE}$", "", regex=True))


def _minutes_ahead(zone: str) -> int:
    """Minutes that a written UTC offset is ahead of UTC: 90 for ``+01:30``; 0 for ``Z`` and for none."""
    if zone in ("", "Z"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone[0] == "-" else minutes


def _slashed_format(example: str) -> TimeFormat:
    match = _SLASHED.fullmatch(example)
    assert match is not None
    mark, clock = match[2], match["clock"] or ""
    tail = ""
    if clock:
        gap = clock[: len(clock) - len(clock.lstrip(" ,T"))]
        written = pd.Series([clock.lstrip(" ,T")])
        fitting = [
            one for one in _CLOCKS if pd.to_datetime(written, format=one, errors="coerce").notna().all()
        ]
        tail = gap + (fitting[0] if fitting else _CLOCKS[0])
    return TimeFormat(
        "dates with the day or the month first",
        (f"%d{mark}%m{mark}%Y{tail}", f"%m{mark}%d{mark}%Y{tail}"),
    )


def _as_time_text(cells: pd.Series) -> pd.Series:
    """Text of a column; whole numbers held as floats (1871.0) lose their decimal."""
    if pd.api.types.is_float_dtype(cells.dtype):
        whole = cells.notna() & np.isfinite(cells) & (cells == np.floor(cells))
        written = as_text(cells)
        written[whole] = as_text(cells[whole].astype("int64"))
        return written
    return as_text(cells)


def _parse(text: pd.Series, pattern: str) -> pd.Series:
    """Timestamps of stripped text, NaT where the pattern does not fit."""
    if pattern == "quarter":
        parts = text.str.extract(r"^(\d{4})[ -]?[Qq]([1-4])$")
        month = pd.to_numeric(parts[1]) * 3 - 2
        written = parts[0] + "-" + month.astype("Int64").astype("str").str.zfill(2)
        return pd.to_datetime(written.where(parts[0].notna(), ""), format="%Y-%m", errors="coerce")
    if pattern == "%Y":
        year = pd.to_numeric(text.where(text.str.fullmatch(r"\d{4}"), ""), errors="coerce")
        text = text.where(year.between(*_YEARS), "")
    if pattern == "%Y%m%d":
        text = text.where(text.str.fullmatch(r"\d{8}"), "")
    return pd.to_datetime(text, format=pattern, errors="coerce", utc=False)


class TimeReader:
    """Reads one column, chunk by chunk, into timestamps without a zone, in microseconds."""

    def __init__(self, name: str, word: str, time_format: TimeFormat) -> None:
        self.name, self.word, self.format = name, word, time_format
        self._open: dict[str, list[NDArray[np.datetime64]]] = {
            pattern: [] for pattern in time_format.patterns
        }
        self._bad = {pattern: Offenders() for pattern in time_format.patterns}
        self._zones: dict[str, Offenders] = {}
        self._ahead: list[NDArray[np.int16]] = []  # minutes ahead of UTC, a cell, once a zone was seen
        self._plain = Offenders()  # cells read before that
        self._notes: list[str] = []

    def read(self, cells: pd.Series, lines: NDArray[np.int64]) -> None:
        """Take in one chunk."""
        if self.format is _TYPED:
            self._keep("typed", self._read_typed(cells), cells, lines)
            return
        text = _as_time_text(cells)
        if self.format is _ISO:
            text = self._without_zone(text, lines)
        for pattern in self._open:
            self._keep(pattern, _parse(text, pattern), text, lines)

    def _keep(self, pattern: str, times: pd.Series, cells: pd.Series, lines: NDArray[np.int64]) -> None:
        unread = times.isna().to_numpy(dtype=bool)
        if unread.any():
            self._bad[pattern].add(lines[unread], cells[unread])
        self._open[pattern].append(times.to_numpy().astype("datetime64[us]"))

    def _read_typed(self, cells: pd.Series) -> Any:
        if isinstance(cells.dtype, pd.PeriodDtype):
            self._notes.append("periods stand at their start")
            return cells.dt.to_timestamp()
        zone = getattr(cells.dtype, "tz", None)
        if zone is None:
            return cells
        clock, universal = cells.dt.tz_localize(None), cells.dt.tz_convert("UTC").dt.tz_localize(None)
        shifts = (clock - universal).dropna()
        steady = shifts.nunique() <= 1
        dated = (clock.dropna() == clock.dropna().dt.normalize()).all()
        if steady or dated:
            self._notes.append(f"time zone {zone} left off, clock times kept")
            return clock
        self._notes.append(f"time zone {zone} converted to UTC, where no hour is skipped or repeated")
        return universal

    def _without_zone(self, text: pd.Series, lines: NDArray[np.int64]) -> pd.Series:
        zones, rest = _zone_and_rest(text)
        if zones is None and not self._zones:
            self._plain.add(lines, text)
            return rest
        zones = pd.Series("", index=text.index) if zones is None else zones
        if not self._zones and self._plain.count:
            self._zones[""] = deepcopy(self._plain)
        self._ahead.append(zones.map(_minutes_ahead).to_numpy(np.int16))
        known = ~is_missing(text)
        for zone in zones[known].unique():
            where = known & (zones == zone).to_numpy(dtype=bool)
            self._zones.setdefault(str(zone), Offenders()).add(lines[where], text[where])
        return rest

    def finish(self) -> tuple[NDArray[np.datetime64], list[str]]:
        """All timestamps in the order read, and what is worth telling.

        Raises
        ------
        LSTMWidgetsError
            For cells that are no timestamps, mixed time zones, or an open order of day and month.
        """
        self._check_zones()
        pattern = self._settle()
        if self._bad[pattern].count:
            raise LSTMWidgetsError(
                f"column {self.name!r} has cells that are not timestamps: "
                f"{self._bad[pattern].describe(self.word)} (the others are {self.format.words}). Write every "
                "time as 2020-01-31 or 2020-01-31 15:00, or pass time= to name another column"
            )
        times = np.concatenate(self._open.pop(pattern))
        self._open.clear()
        return times, list(dict.fromkeys(self._notes))

    @property
    def zones(self) -> dict[str, int]:
        """Each UTC offset that texts end in, and on how many cells; the empty text for those without one."""
        return {zone: one.count for zone, one in self._zones.items()}

    def recover(self) -> tuple[NDArray[np.datetime64], Offenders, list[str]]:
        """As `finish`, and refuse no cell: for a report on what is wrong with a column.

        Returns
        -------
        times
            In the order read; NaT for cells that are no timestamps; UTC where zones are mixed.
        Offenders
            The cells that are no timestamps.
        list of str
            What is worth telling.

        Raises
        ------
        LSTMWidgetsError
            When the order of day and month stays open.
        """
        mixed = len(self.zones) > 1
        if not mixed:
            self._note_zone()
        pattern = self._settle()
        times = np.concatenate(self._open.pop(pattern))
        self._open.clear()
        if mixed:
            ahead = np.concatenate([np.zeros(self._plain.count, np.int16), *self._ahead])
            times = times - ahead.astype("timedelta64[m]")
        return times, self._bad[pattern], list(dict.fromkeys(self._notes))

    def _check_zones(self) -> None:
        if len(self._zones) > 1:
            examples = " and ".join(
                f"{quoted(one.shown[0][1])} {self.word} {one.shown[0][0]}" for one in self._zones.values()
            )
            raise LSTMWidgetsError(
                f"column {self.name!r} mixes time zones: {examples}. Bring them to one: "
                f"frame[{self.name!r}] = pandas.to_datetime(frame[{self.name!r}], utc=True), then pass the "
                "frame"
            )
        self._note_zone()

    def _note_zone(self) -> None:
        zone = next(iter(self._zones), "")
        if zone:
            self._notes.append(f"time zone {zone} left off, clock times kept")

    def _settle(self) -> str:
        patterns = list(self._open)
        if len(patterns) == 1:
            return patterns[0]
        clean = [pattern for pattern in patterns if not self._bad[pattern].count]
        if len(clean) == 1:
            order = "day" if clean[0].startswith("%d") else "month"
            self._notes.append(f"dates read with the {order} first, which other values settle")
            return clean[0]
        if not clean:
            return min(patterns, key=lambda pattern: self._bad[pattern].count)
        first, second = (self._open[pattern] for pattern in patterns)
        if all(np.array_equal(one, other) for one, other in zip(first, second, strict=True)):
            return patterns[0]
        if patterns[0].startswith("%d."):
            self._notes.append("dates read with the day first, as is the rule where points part them")
            return patterns[0]
        raise LSTMWidgetsError(
            f"column {self.name!r} may write the day first ({patterns[0]}) or the month first "
            f"({patterns[1]}), and no value settles it: write dates as 2020-01-31, or pass a frame with "
            f"frame[{self.name!r}] = pandas.to_datetime(frame[{self.name!r}], format={patterns[0]!r})"
        )


def any_value(cells: pd.Series) -> Any:
    """The first known cell of a sample, as an example in a message; empty text when there is none."""
    text = as_text(cells)
    known = text[~is_missing(text)]
    return known.iloc[0] if len(known) else ""
