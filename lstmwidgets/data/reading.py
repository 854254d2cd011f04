"""Open CSV and Parquet files, frames and series as one kind of table, read in chunks."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from lstmwidgets.errors import LSTMWidgetsError

MAX_ROWS = 20_000_000
CSV_SUFFIXES = (".csv", ".tsv", ".txt")
PARQUET_SUFFIXES = (".parquet", ".pq")

_SAMPLE_ROWS = 1000
_SAMPLE_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 23
_MAX_CHUNK_BYTES = 1 << 26
_PARQUET_ROWS = 1 << 17
_UTF8_REMEDY = (
    "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8'), or pass a frame read with its own encoding: "
)
_ENCODINGS = (
    'pandas.read_csv(path, encoding="cp1252") suits files from Western Europe, encoding="gb18030" from China'
)


@dataclass(frozen=True)
class Table:
    """Columns that can be sampled, and streamed in chunks.

    Attributes
    ----------
    label : str
        How messages call the source, for example ``"'data.csv'"``.
    word, first : str, int
        A row's place in words, and the place of row 0: ``"on line"`` and 2 for a file whose line 1
        holds the names, ``"at position"`` and 0 for a frame.
    sample : pandas.DataFrame
        The first rows of all columns.
    chunks : callable
        Yields frames holding the named columns alone.
    decimal_commas : bool
        Whether a comma inside a cell can be a decimal comma.
    times : dict
        A column of times that was made here: the code that names these times in the source.
    """

    label: str
    word: str
    first: int
    sample: pd.DataFrame
    chunks: Callable[[list[str]], Iterator[pd.DataFrame]]
    decimal_commas: bool = False
    notes: list[str] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)


def open_table(source: str | Path | pd.DataFrame | Table) -> Table:
    """Open a path or a frame, or take a table already open; see `read_series` for what is refused."""
    if isinstance(source, Table):
        return source
    if isinstance(source, pd.DataFrame):
        return _open_frame(source)
    path = Path(source)
    if re.match(r"[a-z][a-z0-9+]+://", str(source), re.IGNORECASE):
        raise LSTMWidgetsError(
            f"{str(source)!r} is an address on a network: download the file, then pass its path"
        )
    if not os.path.exists(path):  # unlike the path's own method, False for a name that is too long
        raise LSTMWidgetsError(
            f"there is no file {str(source)!r} (looked in {str(path.absolute().parent)!r}): check the path. "
            "A bundled series goes by its name alone: load_dataset('co2'), lstmwidgets report co2"
        )
    if path.is_dir():
        raise LSTMWidgetsError(f"{str(source)!r} is a folder: pass the path of one file in it")
    if not path.is_file():  # a pipe would be waited for without an end
        raise LSTMWidgetsError(
            f"{str(source)!r} is a pipe or a device, and data are read more than once: save them to a file, "
            "and pass its path"
        )
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in PARQUET_SUFFIXES:
        return _open_parquet(path)
    if suffix in CSV_SUFFIXES:
        return _open_csv(path)
    raise LSTMWidgetsError(
        f"{path.name!r} is of no known kind: read_series takes {', '.join(CSV_SUFFIXES)} (also with .gz) and "
        f"{', '.join(PARQUET_SUFFIXES)} files. Export it as CSV, or pass a pandas DataFrame"
    )


def check_row_count(rows: int, label: str) -> None:
    """Refuse more rows than fit comfortably in memory."""
    if rows > MAX_ROWS:
        raise LSTMWidgetsError(
            f"{label} has more than {MAX_ROWS:,} rows, the most that is read: keep a part of it, or average "
            "it to a "
            'coarser step first, for example frame.resample("h", on="time").mean()'
        )


def _open_frame(frame: pd.DataFrame) -> Table:
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise LSTMWidgetsError(
            f"the frame has several columns named {repeated[0]!r}: rename them, each name once"
        )
    plain = frame.set_axis(names, axis="columns")
    times = {}
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex)):
        name = str(frame.index.name or "time")
        while name in names:
            name += "_index"
        plain = plain.reset_index(names=name)
        times[name] = "frame.index"
    check_row_count(len(plain), "the frame")
    return Table(
        label="the frame",
        word="at position",
        first=0,
        sample=plain.head(_SAMPLE_ROWS),
        chunks=lambda columns: iter([plain[columns].reset_index(drop=True)]),
        times=times,
    )


def _open_parquet(path: Path) -> Table:
    import pyarrow
    from pyarrow import ArrowException, parquet

    pyarrow.array(pd.PeriodIndex([], freq="D"))  # from then on pyarrow knows periods, which are numbers to it
    try:
        with parquet.ParquetFile(path) as file:
            check_row_count(file.metadata.num_rows, repr(path.name))
            batch = next(file.iter_batches(batch_size=_SAMPLE_ROWS), None)
            sample = file.schema_arrow.empty_table().to_pandas(ignore_metadata=True)
    except (ArrowException, OSError) as error:
        raise LSTMWidgetsError(f"{path.name!r} cannot be read as Parquet ({error}): write it again") from None
    if batch is not None:
        sample = _frame_of(batch)

    def chunks(columns: list[str]) -> Iterator[pd.DataFrame]:
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=columns):
                    yield _frame_of(batch)[columns]
        except (ArrowException, OSError) as error:
            raise LSTMWidgetsError(
                f"{path.name!r} cannot be read as Parquet ({error}): write it again"
            ) from None

    return Table(repr(path.name), "at position", 0, sample, chunks)


def _frame_of(batch: Any) -> pd.DataFrame:
    """Rows of a Parquet file; a column of text that is not UTF-8 as bytes, which nothing stumbles over."""
    import pyarrow

    for place, (name, kind) in enumerate(zip(batch.schema.names, batch.schema.types, strict=True)):
        if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
            try:
                batch.column(place).validate(full=True)
            except pyarrow.ArrowInvalid:
                batch = batch.set_column(place, name, batch.column(place).cast(pyarrow.large_binary()))
    frame: pd.DataFrame = batch.to_pandas(ignore_metadata=True)
    return frame


class _Metered(io.RawIOBase):
    """Passes bytes on, and refuses when one chunk of rows takes more than it reasonably can.

    This bounds the memory of a line that never ends, of a quotation mark that is never closed and
    of a compressed file that unfolds into either.
    """

    def __init__(self, stream: IO[bytes], label: str) -> None:
        self._stream, self._label = stream, label
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self.taken += len(data)
        if self.taken > _MAX_CHUNK_BYTES:
            raise LSTMWidgetsError(
                f"{self._label} has no plausible lines (more than {_MAX_CHUNK_BYTES >> 20} MiB in a few "
                "rows): is a quotation mark never closed, or is it no CSV file? Keep the time and value "
                "columns, one row a line"
            )
        buffer[: len(data)] = data
        return len(data)


def _bytes_of(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if _is_packed(path) else path.open("rb")  # type: ignore[return-value]


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open_csv(path: Path) -> Table:
    label = repr(path.name)
    try:
        with _bytes_of(path) as stream:
            head = stream.read(_SAMPLE_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise LSTMWidgetsError(
            f"{label} cannot be read ({error}): is it complete? Copy or export it again"
        ) from None
    _check_text(head, path)
    lines = head.decode("utf-8-sig", errors="ignore").splitlines()
    if len(head) == _SAMPLE_BYTES and len(lines) > 1:
        lines = lines[:-1]
    if not any(line.strip() for line in lines):
        raise LSTMWidgetsError(f"{label} is empty: it needs a header line, and a line for each time")
    separator = _find_separator(lines[:50])
    names = _header(lines, separator, label)
    row_bytes = max(1, len(head) // len(lines))

    def chunks(columns: list[str], rows: int | None = None) -> Iterator[pd.DataFrame]:
        size = rows or min(max(_CHUNK_BYTES // row_bytes, 1000), 200_000)
        read = 0
        for chunk in _csv_chunks(path, separator, names, columns, size):
            read += len(chunk)
            check_row_count(read, label)
            yield chunk
            if rows:
                return

    sample = next(chunks(names, _SAMPLE_ROWS), pd.DataFrame(columns=names, dtype="str"))
    said = {";": "semicolons", "\t": "tabs"}
    notes = [f"columns separated by {said[separator]}"] if separator in said else []
    if path.suffix.lower() == ".gz" and not _is_packed(path):
        notes.append(f"{label} is not compressed, whatever its name says, and read as it is")
    return Table(label, "on line", 2, sample, chunks, separator in said, notes)


def _csv_chunks(
    path: Path, separator: str, names: list[str], columns: list[str], size: int
) -> Iterator[pd.DataFrame]:
    label = repr(path.name)
    try:
        with _bytes_of(path) as stream:
            metered = _Metered(stream, label)
            with pd.read_csv(
                io.BufferedReader(metered, 1 << 18),
                sep=separator,
                # All columns are read and most dropped: with usecols, pandas cuts cells beyond the
                # header without a word, so that "2020-01-01,1,5" would give 1.
                index_col=False,
                dtype="str",
                na_filter=False,
                # Blank lines are read as rows and dropped later, so that line numbers stay true.
                skip_blank_lines=False,
                encoding="utf-8-sig",
                chunksize=size,
            ) as reader:
                while (chunk := _next_chunk(reader)) is not None:
                    metered.taken = 0
                    yield chunk.set_axis(names, axis="columns")[columns]
    except UnicodeDecodeError:
        raise LSTMWidgetsError(
            f"{label} is not UTF-8{_first_undecodable(path)}. {_UTF8_REMEDY}{_ENCODINGS}"
        ) from None
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise LSTMWidgetsError(_explain(str(error), label, names)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise LSTMWidgetsError(
            f"{label} cannot be unpacked ({error}): is it complete? Copy it again"
        ) from None


def _next_chunk(reader: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return next(reader, None)


def _explain(message: str, label: str, names: list[str]) -> str:
    if found := re.search(r"Expected \d+ fields in line (\d+), saw (\d+)", message):
        return (
            f"{label} line {found[1]} has {found[2]} cells, but line 1 names {len(names)} columns: correct "
            "that line; put a cell that holds the separator, such as a decimal comma, in double quotes"
        )
    if "EOF inside string" in message:
        place = message.split(". ")[-1]
        return f"{label} opens a quotation mark that is never closed ({place}): close or remove it"
    return (
        f"{label} has rows with more cells than the {len(names)} columns named in line 1: name every column; "
        "put a cell that holds the separator, such as a decimal comma, in double quotes"
    )


def _check_text(head: bytes, path: Path) -> None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or _every_other_zero(head):
        raise LSTMWidgetsError(
            f'{path.name!r} is UTF-16 text, not UTF-8. {_UTF8_REMEDY}pandas.read_csv(path, encoding="utf-16")'
        )
    if count := head.count(0):
        line = head.count(b"\n", 0, head.index(0)) + 1
        raise LSTMWidgetsError(
            f"{path.name!r} has NUL bytes, {count:,} near its beginning and the first on line {line}: it is "
            "no text file, or was damaged when it was written or copied. Export or copy it again"
        )


def _every_other_zero(head: bytes) -> bool:
    return max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 4


def _first_undecodable(path: Path) -> str:
    with _bytes_of(path) as stream:
        for number in itertools.count(1):
            line = stream.readline(1 << 20)
            if not line:
                return ""
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f": byte 0x{line[error.start]:02x} on line {number} cannot be decoded"
    return ""


def _find_separator(lines: list[str]) -> str:
    """The separator that cuts the header into most columns, and the rows below it alike."""

    def score(separator: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        alike = float(np.mean([width == widths[0] for width in widths]))
        return (widths[0] > 1, alike, widths[0])

    return max((";", "\t", ","), key=score)


def _header(lines: list[str], separator: str, label: str) -> list[str]:
    names = [name.strip() for name in next(csv.reader(lines, delimiter=separator), [])]
    if not any(names):
        raise LSTMWidgetsError(f"line 1 of {label} is blank: it should name the columns, for example ds,y")
    if all(_looks_like_data(name) for name in names):
        raise LSTMWidgetsError(
            f"line 1 of {label} ({', '.join(map(repr, names[:4]))}) looks like data, not like column names: "
            "add a first line that names the columns, for example ds,y"
        )
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise LSTMWidgetsError(
            f"line 1 of {label} names several columns {repeated[0]!r}: name each column once"
        )
    return [name or f"unnamed {place}" for place, name in enumerate(names, start=1)]


def _looks_like_data(name: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[\d.,:/TZ +-]*\d[\d.,:/TZ +-]*|nan|NA|null", name))
