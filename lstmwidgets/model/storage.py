"""Files of weights and settings: written whole or not at all, checked before they are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Scaler
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.cost import weight_shapes

LONGEST_HEADER = 1_000_000
"""Bytes of names, shapes and settings; ours need a few thousand."""

Shapes = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]
D = TypeVar("D", bound="Document")
_DTYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U32": np.uint32}


class EpochRow(BaseModel):
    """One row of a training's history."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    loss: float
    val_loss: float
    seconds: float


class Document(BaseModel):
    """The settings in a file's header; a kind of file adds its own fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    config: LSTMConfig
    data_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    epochs: list[EpochRow]
    versions: dict[str, str]


def versions() -> dict[str, str]:
    """Versions of the packages whose numbers a file holds."""
    return {name: version(name) for name in ("lstmwidgets", "tensorflow", "keras", "numpy", "pandas")}


def write_tensors(path: Path, kind: str, tensors: Mapping[str, NDArray[Any]], document: Document) -> Path:
    """Write arrays and their document as one safetensors file, through a sibling renamed at the end."""
    contiguous = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    content = save(contiguous, metadata={"kind": kind, "document": document.model_dump_json()})
    if not path.parent.is_dir():
        raise LSTMWidgetsError(
            f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; make it first"
        )
    handle, sibling = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(sibling, path)
    except BaseException:
        Path(sibling).unlink(missing_ok=True)
        raise
    return path


class TensorFile(Generic[D]):
    """A file that `write_tensors` wrote, its header read and checked, its arrays not yet."""

    def __init__(self, path: Path, kind: str, document: type[D]) -> None:
        self.path = path
        self._check_header_length()
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                self._found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
                self._found = {name: (tuple(s.get_shape()), s.get_dtype()) for name, s in self._found.items()}
        except (SafetensorError, OSError, ValueError) as error:
            raise self.refusal(str(error)) from None
        if about.get("kind") != kind:
            raise self.refusal(f"its kind is {about.get('kind')!r}, not {kind!r}")
        try:
            self.document = document.model_validate_json(about.get("document", ""))
        except ValidationError as error:
            first = error.errors()[0]
            raise self.refusal(f"{'.'.join(map(str, first['loc'])) or 'settings'}: {first['msg']}") from None

    def refusal(self, reason: str) -> LSTMWidgetsError:
        """The error for a file that is not what it should be."""
        return LSTMWidgetsError(f"{str(self.path)!r} was not written by lstmwidgets, or is damaged: {reason}")

    def read(self, shapes: Shapes) -> dict[str, NDArray[Any]]:
        """Read the arrays, after checking that they are exactly those of ``shapes``."""
        if set(self._found) != set(shapes):
            different = sorted(set(self._found) ^ set(shapes))
            raise self.refusal(
                f"it should hold {len(shapes)} arrays; missing or not expected: {different[:3]}"
            )
        for name, (shape, dtype) in shapes.items():
            found_shape, found_dtype = self._found[name]
            if found_shape != shape or _DTYPES.get(found_dtype) != dtype:
                raise self.refusal(
                    f"{name} is {found_dtype} {found_shape}; its settings call for {dtype} {shape}"
                )
        with safe_open(self.path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in shapes}

    def _check_header_length(self) -> None:
        if not self.path.is_file():
            raise LSTMWidgetsError(f"there is no file {str(self.path)!r}")
        with self.path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LONGEST_HEADER, self.path.stat().st_size - 8):
            raise self.refusal(f"its header claims {length} bytes")


class _ForecasterDocument(Document):
    scaler_mean: Annotated[float, Field(allow_inf_nan=False)]
    scaler_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    name: str
    last_time: str
    freq: str


@dataclass(frozen=True, eq=False)
class Saved:
    """All that a forecaster's file holds; ``context`` is the last window, in the unit of the series."""

    config: LSTMConfig
    scaler: Scaler
    data_hash: str
    name: str
    last_time: str
    freq: str
    history: pd.DataFrame
    context: NDArray[np.float64]
    weights: list[NDArray[np.float32]]

    def series(self) -> pd.Series:
        """The last window as a series with its timestamps."""
        end = pd.Timestamp(self.last_time)
        index = pd.date_range(end=end, periods=len(self.context), freq=self.freq)
        if index[-1] != end:
            raise ValueError(f"{self.last_time} is not on a grid of frequency {self.freq!r}")
        return pd.Series(self.context, index, name=self.name)


_KIND = "lstmwidgets forecaster, version 1"


def write_forecaster(saved: Saved, path: Path) -> Path:
    """Write one forecaster; see `lstmwidgets.LSTMForecaster.save`."""
    document = _ForecasterDocument(
        config=saved.config,
        data_hash=saved.data_hash,
        epochs=[EpochRow.model_validate(row) for row in saved.history.to_dict("records")],
        versions=versions(),
        scaler_mean=saved.scaler.mean,
        scaler_scale=saved.scaler.scale,
        name=saved.name,
        last_time=saved.last_time,
        freq=saved.freq,
    )
    tensors = dict(zip(weight_shapes(saved.config), saved.weights, strict=True))
    return write_tensors(path, _KIND, {"context": saved.context, **tensors}, document)


def read_forecaster(path: Path) -> Saved:
    """Read one forecaster; see `lstmwidgets.LSTMForecaster.load`."""
    file = TensorFile(path, _KIND, _ForecasterDocument)
    document = file.document
    expected = weight_shapes(document.config)
    shapes: dict[str, Any] = {name: (shape, np.dtype(np.float32)) for name, shape in expected.items()}
    shapes["context"] = ((document.config.sequence_length,), np.dtype(np.float64))
    tensors = file.read(shapes)
    weights = [tensors[name] for name in expected]
    if not all(np.isfinite(weight).all() for weight in weights):
        raise file.refusal("some of its weights are not finite numbers")
    history = pd.DataFrame(
        [row.model_dump() for row in document.epochs], columns=["loss", "val_loss", "seconds"]
    )
    saved = Saved(
        config=document.config,
        scaler=Scaler(document.scaler_mean, document.scaler_scale),
        data_hash=document.data_hash,
        name=document.name,
        last_time=document.last_time,
        freq=document.freq,
        history=history.set_index(pd.RangeIndex(1, len(history) + 1, name="epoch")),
        context=tensors["context"],
        weights=weights,
    )
    try:
        saved.series()
    except (ValueError, TypeError, KeyError) as error:
        raise file.refusal(f"its timestamps: {error}") from None
    return saved
