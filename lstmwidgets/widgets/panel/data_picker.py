"""Choosing a series: a bundled one by name, or a file of one's own."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
import traitlets

from lstmwidgets.data.columns import choose_columns
from lstmwidgets.data.datasets import DATASETS, load_dataset
from lstmwidgets.data.filling import describe_repairs
from lstmwidgets.data.grid import describe_freq
from lstmwidgets.data.reading import CSV_SUFFIXES, PARQUET_SUFFIXES, Table, open_table
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.repairs import is_masked, repairs_in_short

DEFAULT_DATASET = "co2"
_OWN = "own"
_BY_ITSELF = "found by itself"


class DataPicker(ipywidgets.VBox):
    """A list of bundled datasets beside an upload, and a line that says what was read.

    Attributes
    ----------
    series : pandas.Series
        The chosen series, as `read_series` returns it. The last good one while ``problem`` stands.
    problem : str
        Why what was chosen last was refused; empty when it was not. ``series`` is usable all the same.
    """

    series = traitlets.Instance(pd.Series)
    problem = traitlets.Unicode()

    def __init__(self, source: Any = None) -> None:
        self._own: pd.Series | None = None
        self._file: tuple[str, bytes] | None = None
        self._table: Table | None = None
        self._choosing = False
        self.datasets = ipywidgets.Dropdown(
            options=_options(None), tooltip="A bundled series, or the file uploaded last"
        ).add_class("lw-dataset")
        self.upload = ipywidgets.FileUpload(
            accept=",".join((*CSV_SUFFIXES, ".gz", *PARQUET_SUFFIXES)),
            description="Upload a file",
            icon="",
            tooltip="A CSV or Parquet file with a time column and a value column",
        ).add_class("lw-upload")
        self.time = ipywidgets.Dropdown(tooltip="Which column of the file holds the times").add_class(
            "lw-time"
        )
        self.value = ipywidgets.Dropdown(tooltip="Which column of the file holds the values").add_class(
            "lw-value"
        )
        self._columns = ipywidgets.Box(
            [_labelled("Time column", self.time), _labelled("Value column", self.value)]
        ).add_class("lw-columns")
        self._columns.layout.display = "none"
        self._facts = ipywidgets.HTML().add_class("lw-facts")
        label = ipywidgets.HTML("<span>Series</span>").add_class("lw-field-label")
        row = ipywidgets.Box([self.datasets, self.upload]).add_class("lw-data-row")
        super().__init__([label, row, self._columns, self._facts])
        self.add_class("lw-data")
        self.observe(self._describe, ["series", "problem"])
        self.choose(DEFAULT_DATASET if source is None else source)
        self.datasets.observe(self._picked, "value")
        self.upload.observe(self._uploaded, "value")
        self.time.observe(self._columns_changed, "value")
        self.value.observe(self._columns_changed, "value")

    def choose(self, source: Any) -> None:
        """Take a dataset's name, or anything `read_series` reads; raises what those raise."""
        bundled = _bundled(source)
        series = series_of(source)
        if not bundled:
            self._own = series
            self._put_away()
        self.dismiss()
        self._show(str(source) if bundled else _OWN)
        self._take(series)

    def _show(self, choice: str) -> None:
        self._choosing = True
        try:
            self.datasets.options = _options(self._own)
            self.datasets.value = choice
            self._columns.layout.display = None if choice == _OWN and self._file else "none"
        finally:
            self._choosing = False

    def _take(self, series: pd.Series) -> None:
        self.series = series
        self.problem = ""

    def _picked(self, change: Mapping[str, Any]) -> None:
        if self._choosing:
            return
        self.dismiss()
        self._columns.layout.display = None if change["new"] == _OWN and self._file else "none"
        if change["new"] != _OWN:
            try:
                self._take(load_dataset(change["new"]))
            except LSTMWidgetsError as error:
                self.problem = str(error)
        elif self._own is not None:
            self._take(self._own)

    def dismiss(self) -> None:
        """Forget the file that was refused last, if one was, and go on with ``series``."""
        if self.problem:
            self._put_away()
            self.problem = ""

    def _put_away(self) -> None:
        self._file = None
        self._columns.layout.display = "none"

    def _uploaded(self, change: Mapping[str, Any]) -> None:
        if not change["new"]:
            return
        file = change["new"][0]
        self._file = (Path(file["name"]).name, bytes(file["content"]))
        self.upload.value = ()  # so that the same file, mended, can be chosen again
        try:
            self._offer_columns()
        except LSTMWidgetsError as error:
            self._put_away()
            self.problem = str(error)
        else:
            self._read_file()

    def _offer_columns(self) -> None:
        with _on_disk(self._file) as path:
            self._table = open_table(path)
        columns = [str(name) for name in self._table.sample.columns]
        self._choosing = True
        try:
            for picker in (self.time, self.value):
                picker.options = [(_BY_ITSELF, ""), *((name, name) for name in columns)]
                picker.value = ""
        finally:
            self._choosing = False
        self._columns.layout.display = None

    def _columns_changed(self, change: Mapping[str, Any]) -> None:
        if not self._choosing:
            self._read_file()

    def _read_file(self) -> None:
        time, value = self.time.value or None, self.value.value or None
        try:
            with _on_disk(self._file) as path:
                series = read_series(path, time=time, value=value)
        except LSTMWidgetsError as error:
            here = ". Here: choose the time column and the value column above"
            self.problem = f"{error}{here if _ambiguous(self._table, time, value) else ''}"
            return
        series.attrs["file"] = self._file[0] if self._file else ""
        self._own = series
        self._show(_OWN)
        self._take(series)

    def _describe(self, change: Mapping[str, Any]) -> None:
        if self.problem:
            self._facts.value = f'<span role="alert" class="lw-error">{html.escape(self.problem)}</span>'
        elif self.series is not None:
            notes = html.escape("\n".join(self.series.attrs.get("notes", [])), quote=True)
            self._facts.value = (
                f'<span class="lw-quiet" title="{notes}">{html.escape(facts(self.series))}</span>'
            )


def facts(series: pd.Series) -> str:
    """Length, frequency, time span, what is missing or was filled, and what was noted while reading."""
    index = series.index
    missing = series.attrs.get("missing", 0)
    parts = [
        f"{len(series):,} {describe_freq(index.freq)} values",  # type: ignore[attr-defined]
        f"{_day(index[0])} to {_day(index[-1])}",
        *([f"in {unit_of(series)}"] if unit_of(series) else []),
        *([f"{missing:,} missing{', kept as unknown' if is_masked(series) else ''}"] if missing else []),
        *([repairs_in_short(series)] if repairs_in_short(series) else []),
    ]
    # A bundled series was looked at before it was bundled; of a file it must be said what was chosen.
    told = describe_repairs(series)
    notes = [] if "dataset" in series.attrs else series.attrs.get("notes", [])
    notes = [note.rstrip(".") for note in notes if note not in told]
    return ". ".join([", ".join(parts), *notes]) + "."


def series_of(source: Any) -> pd.Series:
    """A dataset by its name, or anything `read_series` reads; raises what those raise."""
    return load_dataset(source) if _bundled(source) else read_series(source)


def _bundled(source: Any) -> bool:
    return isinstance(source, str) and (source in DATASETS or not Path(source).suffix)


def title(series: pd.Series) -> str:
    """What to call a series in headings."""
    return str(series.attrs.get("title") or series.attrs.get("file") or series.name or "series")


def unit_of(series: pd.Series) -> str:
    """The unit of a series; empty when it has none or does not say."""
    unit = str(series.attrs.get("unit", ""))
    return "" if unit == "none" else unit


def _day(stamp: pd.Timestamp) -> str:
    return f"{stamp.day} {stamp:%b %Y}"


def _options(own: pd.Series | None) -> list[tuple[str, str]]:
    bundled = [(dataset.title, name) for name, dataset in DATASETS.items()]
    return bundled if own is None else [*bundled, (f"Yours: {title(own)}", _OWN)]


def _ambiguous(table: Table | None, time: str | None, value: str | None) -> bool:
    """Whether choosing columns can help: there are more than two, and time and value are not told apart."""
    if table is None or table.sample.empty or len(table.sample.columns) < 3:
        return False
    try:
        choose_columns(table, time, value)
    except LSTMWidgetsError:
        return True
    return False


def _labelled(text: str, control: ipywidgets.Widget) -> ipywidgets.VBox:
    return ipywidgets.VBox([ipywidgets.HTML(text).add_class("lw-field-label"), control]).add_class("lw-field")


class _on_disk:
    """An uploaded file under its own name in a folder that is gone afterwards."""

    def __init__(self, file: tuple[str, bytes] | None) -> None:
        self._file = file
        self._folder = tempfile.TemporaryDirectory(prefix="lstmwidgets-")

    def __enter__(self) -> Path:
        assert self._file is not None
        name, content = self._file
        path = Path(self._folder.name) / name
        path.write_bytes(content)
        return path

    def __exit__(self, *exception: object) -> None:
        self._folder.cleanup()
