"""What a report shows: pictures as SVG, views that scrub inside its page, tables, and the verdict on top."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.drawing import svg_of, words_of
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
"""In a cell of a table, whatever it takes to tell it from its neighbours: the data have no more."""

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
    """

    title: str
    verdict: str
    tone: str = "quiet"
    facts: Sequence[Fact] = ()

    def __post_init__(self) -> None:
        if self.tone not in TONES:
            raise LSTMWidgetsError(
                f"tone={self.tone!r} is not accepted: a verdict's tone is {' or '.join(map(repr, TONES))}"
            )

    def __repr__(self) -> str:
        told = "".join(f"\n{one.name}: {one.value}{one.note and f' ({one.note})'}" for one in self.facts)
        return f"{self.title}\n{TONES[self.tone][1]}. {self.verdict}{told}"

    def _repr_html_(self) -> str:
        sign, word = TONES[self.tone]
        row = "".join(
            f"<div><dt>{html.escape(one.name)}</dt><dd>{html.escape(one.value)}"
            f"{one.note and f'<small>{html.escape(one.note)}</small>'}</dd></div>"
            for one in self.facts
        )
        facts = row and f'<dl class="lw-facts">{row}</dl>'
        return (
            f'<div class="lw-headline" data-tone="{self.tone}"><h1>{html.escape(self.title)}</h1>'
            f'<p class="lw-tone"><span aria-hidden="true">{sign}</span> {word}</p>'
            f'<p class="lw-verdict{" lw-long" * (len(self.verdict) > LONG)}">{html.escape(self.verdict)}</p>'
            f"{facts}</div>"
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
        Of a column's typical number.

    Examples
    --------
    >>> Table(pd.DataFrame({"MAE": [0.5781, 12.0], "n": [3, 4]}, index=["LSTM", "drift"]))
           MAE   n
    LSTM    0.58  3
    drift  12.00  4
    """

    def __init__(
        self, frame: pd.DataFrame, caption: str = "", *, percent: Iterable[str] = (), digits: int = 3
    ) -> None:
        self.caption = caption
        shares = set(percent)
        counted = isinstance(frame.index, pd.RangeIndex)
        self._frame = frame if counted else frame.reset_index(names=frame.index.name or "")
        self._named = not counted
        self._cells = {
            str(name): _written(self._frame[name], digits, name in shares) for name in self._frame.columns
        }
        self._left = [not pd.api.types.is_numeric_dtype(self._frame[name]) for name in self._frame.columns]

    def __repr__(self) -> str:
        frame = pd.DataFrame(self._cells)
        return frame.to_string(index=False)

    def _repr_html_(self) -> str:
        sides = ["lw-left" if left else "lw-right" for left in self._left]
        head = "".join(
            f'<th scope="col" class="{side}">{html.escape(name)}</th>'
            for name, side in zip(self._cells, sides, strict=True)
        )
        rows = []
        for cells in zip(*self._cells.values(), strict=True):
            tags = ["th" if self._named and place == 0 else "td" for place in range(len(cells))]
            row = "".join(
                f'<{tag}{" scope=row" if tag == "th" else ""} class="{side}">{html.escape(cell)}</{tag}>'
                for tag, side, cell in zip(tags, sides, cells, strict=True)
            )
            rows.append(f"<tr>{row}</tr>")
        caption = self.caption and f"<caption>{html.escape(self.caption)}</caption>"
        return (
            f'<table class="lw-table">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )


def _written(column: pd.Series, digits: int, percent: bool) -> list[str]:
    """A column's cells as text: numbers to the same decimals, times without an hour that says nothing."""
    if pd.api.types.is_bool_dtype(column):
        return ["yes" if value else "no" for value in column]
    if pd.api.types.is_integer_dtype(column):
        return [f"{value:,}".replace("-", "−") for value in column]
    if pd.api.types.is_float_dtype(column):
        values = column.to_numpy(np.float64) * (100 if percent else 1)
        decimals = 0 if percent else _decimals(values, digits)
        end = " %" if percent else ""
        return [_number(value, decimals) + end * math.isfinite(value) for value in values]
    if pd.api.types.is_datetime64_any_dtype(column):
        whole = bool((column.dropna().dt.normalize() == column.dropna()).all())
        clock = "" if whole else " %H:%M"
        return ["–" if pd.isna(when) else f"{when.day} {when:%b %Y{clock}}" for when in column]
    return ["–" if value is None else str(value) for value in column]


def _decimals(values: NDArray[np.float64], digits: int) -> int:
    """So many that the usual number has its digits, and that numbers near one another can be told apart."""
    known = values[np.isfinite(values)]
    sizes = np.abs(known[known != 0])
    scales = [float(np.median(sizes))] if len(sizes) else []
    scales += [float(np.ptp(known))] if len(known) > 1 and np.ptp(known) > 0 else []
    wanted = digits - 1 - math.floor(math.log10(min(scales, default=1.0)))
    most = MOST_DIGITS - 1 - math.floor(math.log10(max(scales, default=1.0)))
    return max(min(wanted, most), 0)


def _number(value: float, decimals: int) -> str:
    return f"{value + 0.0:,.{decimals}f}".replace("-", "−") if math.isfinite(value) else "–"
