"""What a report shows: pictures as SVG, views that scrub inside its page, tables, and the verdict on top."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.page.drawing import svg_of, words_of
from lstmwidgets.widgets.view import View

PAGE_MIME = "application/vnd.lstmwidgets.page+html"
"""A view as a page of its own, which the report's page holds in a frame; other viewers pass it over."""

TONES = {
    "good": ("✓", "Worth using"),
    "quiet": ("–", "No clear gain"),
    "warning": ("▲", "Use with care"),
    "error": ("✕", "Not to be trusted"),
}
"""A sign and a few words for each tone of a verdict: colour alone tells nothing to many."""

LONG = 120
"""A verdict of more letters is set smaller."""

MOST_DIGITS = 7
"""In a cell of a table, whatever it takes to tell it from its neighbours."""

FEW, MANY = 24, 40
"""Letters in a cell: so few are kept on one line, and what has many gets a wide column."""

Bundle = tuple[dict[str, Any], dict[str, Any]]


class Still:
    """A picture as SVG, with words for those who cannot see it.

    Parameters
    ----------
    source : matplotlib.figure.Figure or View
        A view is drawn as it is now.
    words : str, optional
        What it shows. By default a view's summary, or a figure's titles and names.
    caption : str, optional
        What stands below it in the report's page.

    Raises
    ------
    LSTMWidgetsError
        When it is neither.
    """

    def __init__(self, source: Figure | View, words: str = "", *, caption: str = "") -> None:
        if not isinstance(source, (Figure, View)):
            raise LSTMWidgetsError(
                f"a {type(source).__name__} cannot be shown as a picture: pass a Matplotlib figure or a view"
            )
        self._figure = source.still() if isinstance(source, View) else source
        self.words = words or (source.summary() if isinstance(source, View) else words_of(source))
        self.caption = caption

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **kwargs: Any) -> Bundle:
        data = {"text/plain": self.words, "image/svg+xml": svg_of(self._figure)}
        return data, {"image/svg+xml": {"caption": self.caption}} if self.caption else {}


class Interactive(Still):
    """A view that scrubs and plays inside the report's page; elsewhere, and on paper, its still.

    Parameters
    ----------
    view : View
        One drawn by JavaScript of its own: `lstmwidgets.GateExplorer` or `lstmwidgets.ForecastPlot`.
    caption : str, optional
        What stands below it.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> data, _ = Interactive(lw.GateExplorer(forecaster))._repr_mimebundle_()
    >>> list(data)
    ['text/plain', 'image/svg+xml', 'application/vnd.lstmwidgets.page+html']
    """

    def __init__(self, view: View, *, caption: str = "") -> None:
        super().__init__(view, caption=caption)
        self._view = view

    def _repr_mimebundle_(self, **kwargs: Any) -> Bundle:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, PAGE_MIME: self._view._page()}, metadata


@dataclass(frozen=True)
class Fact:
    """One of the numbers under a headline: what it is, how much, and beside what."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Headline:
    """The verdict and the few numbers that carry it, for the top of a report.

    Attributes
    ----------
    title : str
        What the report is about.
    verdict : str
        One sentence.
    tone : str
        "good", "quiet", "warning" or "error".
    facts : sequence of Fact
    badge : str
        What speaks against any use, in place of the words for the tone.
    made : str
        When it was made, and of what.
    """

    title: str
    verdict: str
    tone: str = "quiet"
    facts: Sequence[Fact] = ()
    badge: str = ""
    made: str = ""

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise LSTMWidgetsError(
                f"tone={self.tone!r} is not accepted: a verdict's tone is {' or '.join(map(repr, TONES))}"
            )

    def __repr__(self) -> str:
        told = "".join(f"\n{one.name}: {one.value}{one.note and f' ({one.note})'}" for one in self.facts)
        made = self.made and f"\n{self.made}"
        return f"{self.title}\n{self.badge or TONES[self.tone][1]}. {self.verdict}{told}{made}"

    def _repr_html_(self) -> str:
        sign, word = ("✕", html.escape(self.badge)) if self.badge else TONES[self.tone]
        row = "".join(
            f"<div><dt>{html.escape(one.name)}</dt><dd>{html.escape(one.value)}"
            f"{one.note and f'<small>{html.escape(one.note)}</small>'}</dd></div>"
            for one in self.facts
        )
        facts = row and f'<dl class="lw-facts">{row}</dl>'
        made = self.made and f'<p class="lw-made">{html.escape(self.made)}</p>'
        return (
            f'<div class="lw-headline" data-tone="{self.tone}"><h1>{html.escape(self.title)}</h1>'
            f'<p class="lw-tone{" lw-stop" * bool(self.badge)}">'
            f'<span aria-hidden="true">{sign}</span> {word}</p>'
            f'<p class="lw-verdict{" lw-long" * (len(self.verdict) > LONG)}">{html.escape(self.verdict)}</p>'
            f"{facts}{made}</div>"
        )


class Table:
    """A frame as a table to be read: few digits, the same in a whole column, numbers under numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index names the rows, unless it merely counts them.
    caption : str, optional
    percent : iterable of str
        Columns of shares, written in per cent.
    digits : int
        Of a column's typical number; two of a share.
    strong : str, optional
        Name of the row that the report is about.

    Attributes
    ----------
    columns : dict of str to list of str
        The cells as they are written.

    Examples
    --------
    >>> Table(pd.DataFrame({"MAE": [0.5781, 12.0], "n": [3, 4]}, index=["LSTM", "drift"]))
            MAE  n
     LSTM  0.58  3
    drift 12.00  4
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        caption: str = "",
        *,
        percent: Iterable[str] = (),
        digits: int = 3,
        strong: str = "",
    ) -> None:
        self.caption, self._strong = caption, strong
        shares = set(percent)
        counted = isinstance(frame.index, pd.RangeIndex)
        rows = frame if counted else frame.reset_index(names=frame.index.name or "")
        self._named = not counted
        rows = rows.rename(columns=str)
        self.columns = {name: _written(rows[name], digits, name in shares) for name in rows.columns}
        self._sides = [_side(rows[name], cells) for name, cells in self.columns.items()]

    def __repr__(self) -> str:
        return pd.DataFrame(self.columns).to_string(index=False)

    def _repr_html_(self) -> str:
        head = "".join(_cell(name, side, "col") for name, side in zip(self.columns, self._sides, strict=True))
        rows = ""
        for cells in zip(*self.columns.values(), strict=True):
            scopes = ["row" if self._named else "", *[""] * (len(cells) - 1)]
            start = '<tr class="lw-strong">' if self._named and cells[0] == self._strong else "<tr>"
            rows += f"{start}{''.join(map(_cell, cells, self._sides, scopes))}</tr>"
        caption = self.caption and f"<caption>{html.escape(self.caption)}</caption>"
        return f'<table class="lw-table">{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _side(column: pd.Series, cells: list[str]) -> str:
    """Class of a column's cells: numbers to the right; words to the left, whole where they are few."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return "lw-right"
    longest = max(map(len, cells), default=0)
    return "lw-left lw-whole" if longest <= FEW else "lw-left lw-words" if longest > MANY else "lw-left"


def _cell(text: str, side: str, scope: str) -> str:
    start, end = (f'th scope="{scope}"', "th") if scope else ("td", "td")
    return f'<{start} class="{side}">{html.escape(text)}</{end}>'


def _written(column: pd.Series, digits: int, percent: bool) -> list[str]:
    """A column's cells as text, in a way that fits all of them."""
    write = _writer(column, digits, percent)
    return ["–" if unknown else write(value) for value, unknown in zip(column, column.isna(), strict=True)]


def _writer(column: pd.Series, digits: int, percent: bool) -> Callable[[Any], str]:
    """Numbers to the same decimals, times without an hour that says nothing, all else as it is."""
    if pd.api.types.is_bool_dtype(column):
        return lambda value: "yes" if value else "no"
    if percent:
        places = _decimals(100 * column.to_numpy(np.float64), 2)
        return lambda value: _number(100 * value, places) + " %"
    if pd.api.types.is_numeric_dtype(column):
        exact = pd.api.types.is_integer_dtype(column)
        decimals = 0 if exact else _decimals(column.to_numpy(np.float64, na_value=np.nan), digits)
        return lambda value: _number(value, decimals)
    if pd.api.types.is_datetime64_any_dtype(column):
        known = column.dropna()
        clock = "" if (known.dt.normalize() == known).all() else " %H:%M"
        return lambda value: f"{value.day} {value:%b %Y{clock}}"
    return str


def _decimals(values: NDArray[np.float64], digits: int) -> int:
    """So many that the usual number has its digits, and that numbers near one another can be told apart."""
    known = values[np.isfinite(values)]
    sizes, spread = np.abs(known[known != 0]), float(np.ptp(known)) if len(known) > 1 else 0.0
    usual = float(np.median(sizes)) if len(sizes) else 1.0
    wanted = digits - 1 - math.floor(math.log10(usual))
    if spread > 0:
        wanted = max(wanted, 1 - math.floor(math.log10(spread)))
    most = MOST_DIGITS - 1 - math.floor(math.log10(max(usual, spread)))
    return max(min(wanted, most), 0)


def _number(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0:,.{decimals}f}".replace("-", "−")
