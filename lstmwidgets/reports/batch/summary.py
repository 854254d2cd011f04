"""All series of a batch as tables: a row each with all its metrics, and all forecasts in a long frame."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from lstmwidgets.data.columns import ID_COLUMN
from lstmwidgets.reports.batch.events import Status
from lstmwidgets.reports.study.tables import safe_csv

_SOURCE_COUNTS, _AUDIT_COUNTS = ("points", "missing"), ("gaps", "outliers")
_RUN_COUNTS, _TRAINING_COUNTS = ("cutoffs", "horizon"), ("epochs", "best_epoch", "parameters")
_COUNTS = {*_SOURCE_COUNTS, *_AUDIT_COUNTS, *_RUN_COUNTS, *_TRAINING_COUNTS, "seed"}
_TEXTS = {ID_COLUMN, "status", "reason", "folder", "verdict", "tone", "reference", "freq", "start", "end"}
_JSON = ("config", "versions", "levels", "by_step", "repairs", "findings", "notes")
_TEXTS |= {"data_hash", "created", "key", "earlier", "notebook", *_JSON}


@dataclass(frozen=True, eq=False)
class Entry:
    """What became of one series.

    Attributes
    ----------
    unique_id : str
    status : {"done", "reused", "failed"}
    folder : str
        Its folder's name.
    metrics : dict
        What its ``metrics.json`` holds; empty where it failed.
    forecast : pyarrow.Table or None
        As `read_forecast` gives it.
    reason : str
        Why it failed.
    earlier : str
        Where what it gave for earlier rows or settings is put aside, in the batch's folder; where it failed
        and there is any.
    earlier_made : str
        When that was.
    notebook : str
        Where the notebook is that stopped half-way; where there is one.
    """

    unique_id: str
    status: Status
    folder: str
    metrics: dict[str, Any]
    forecast: pa.Table | None = None
    reason: str = ""
    earlier: str = ""
    earlier_made: str = ""
    notebook: str = ""

    @property
    def widest(self) -> dict[str, Any]:
        """Coverage at the widest level, or an empty dict where there are no intervals."""
        return max(self.metrics.get("coverage", []), key=lambda each: each["level"], default={})

    @property
    def scores(self) -> dict[str, Any]:
        """The scores of the model that forecast."""
        found: dict[str, Any] = self.metrics.get("scores", {}).get(self.metrics.get("model"), {})
        return found


def read_forecast(unique_id: str, content: bytes) -> pa.Table:
    """A series' ``forecast.csv`` as a table, under the id as it really is.

    Raises
    ------
    ValueError
        For a file that was damaged.
    """
    try:
        return _read_forecast(unique_id, content)
    except (pa.ArrowException, LookupError) as error:
        raise ValueError(f"no forecast can be read from it: {error}") from error


def _read_forecast(unique_id: str, content: bytes) -> pa.Table:
    one_block = csv.ReadOptions(block_size=len(content) + 1)  # a row may be of any length, an id is
    anywhere = csv.ParseOptions(newlines_in_values=True)
    read = csv.read_csv(io.BytesIO(content), read_options=one_block, parse_options=anywhere)
    if read.column_names[:3] != [ID_COLUMN, "ds", "yhat"]:
        raise LookupError(f"its columns are {', '.join(read.column_names)}")
    kinds = {ID_COLUMN: pa.string(), "ds": pa.timestamp("us")}
    fields = [(name, kinds.get(name, pa.float64())) for name in read.column_names]
    columns = [
        pa.array([unique_id] * len(read), kind) if name == ID_COLUMN else read[name].cast(kind, safe=False)
        for name, kind in fields
    ]
    return pa.table(columns, schema=pa.schema(fields))


def forecasts_file(entries: Sequence[Entry]) -> bytes:
    """Parquet of all forecasts: ``unique_id, ds, yhat``, and the bounds of each level."""
    tables = [entry.forecast for entry in entries if entry.forecast is not None]
    empty = pa.schema([(ID_COLUMN, pa.string()), ("ds", pa.timestamp("us")), ("yhat", pa.float64())])
    return _parquet(pa.concat_tables([empty.empty_table(), *tables], promote_options="default"))


def summary_file(entries: Sequence[Entry]) -> bytes:
    """Parquet of a row for each series: what became of it, and all its metrics.

    What has more than one number stands as JSON in its cell, as in ``metrics.json``.
    """
    return _parquet(_summary(entries))


def sheet_file(entries: Sequence[Entry]) -> bytes:
    """The summary's plain columns as CSV for a spreadsheet, which runs no cell of it."""
    table = _summary(entries)
    plain = table.drop([name for name in _JSON if name in table.column_names])
    return safe_csv(plain.to_pandas(integer_object_nulls=True)).encode()


def _summary(entries: Sequence[Entry]) -> pa.Table:
    rows = [_row(entry) for entry in entries]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: _column(name, [row.get(name) for row in rows]) for name in names})


def _row(entry: Entry) -> dict[str, Any]:
    metrics = entry.metrics
    source, training, audit = (metrics.get(part, {}) for part in ("source", "training", "audit"))
    row: dict[str, Any] = {
        ID_COLUMN: entry.unique_id,
        "status": entry.status,
        "reason": entry.reason or None,
        "folder": entry.folder if metrics else None,
        "earlier": entry.earlier or None,
        "notebook": entry.notebook or None,
        "verdict": metrics.get("verdict"),
        "tone": metrics.get("tone"),
        "skill": metrics.get("skill"),
        "reference": metrics.get("reference"),
        **{name: value for name, value in entry.scores.items() if name != "skill"},
    }
    for each in metrics.get("coverage", []):
        row |= {f"{name}_{each['level']}": each[name] for name in ("coverage", "width")}
    for model, scores in metrics.get("scores", {}).items():
        if model != metrics["model"]:
            row |= {f"{name} {model}": value for name, value in scores.items()}
    row |= {name: source.get(name) for name in (*_SOURCE_COUNTS, "freq", "start", "end", "data_hash")}
    row |= {name: audit.get(name) for name in (*_AUDIT_COUNTS, "trouble")}
    row |= {name: metrics.get(name) for name in _RUN_COUNTS}
    row |= {name: training.get(name) for name in _TRAINING_COUNTS}
    row |= {name: metrics.get(name) for name in ("seed", "seconds", "created", "key")}
    found = {**metrics, "findings": metrics.get("diagnosis", {}).get("findings")}
    row |= {name: None if found.get(name) is None else json.dumps(found[name]) for name in _JSON}
    return row


def _column(name: str, values: list[Any]) -> pa.Array:
    kind = pa.int64() if name in _COUNTS else pa.string() if name in _TEXTS else pa.float64()
    return pa.array(values, pa.bool_() if name == "trouble" else kind)


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()
