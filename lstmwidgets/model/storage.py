"""Files of weights and settings: written whole or not at all, checked before they are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import Reading, calendar_of, feature_names
from lstmwidgets.data.scaling import Scaler
from lstmwidgets.data.windows import Split
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.shapes import weight_shapes

LONGEST_HEADER = 1_000_000
"""Bytes of names, shapes and settings; ours need a few thousand."""

MOST_GAPS = 1000
"""Of the gaps that one repair filled, so many are kept in a file, the newest."""

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


_version = cache(metadata.version)  # which looks through every folder that Python imports from


def versions() -> dict[str, str]:
    """Versions of the packages whose numbers a file holds."""
    return {name: _version(name) for name in ("lstmwidgets", "tensorflow", "keras", "numpy", "pandas")}


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


_Position = Annotated[int, Field(ge=0)]


class CovariateRow(BaseModel):
    """The scale of one covariate."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    name: str
    mean: float
    scale: Annotated[float, Field(gt=0)]


class DecisionRow(BaseModel):
    """One setting that a self-tuned forecaster chose, and why."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    setting: str
    value: int | float | str
    reason: str
    evidence: dict[str, Any]
    chosen: bool


class _ForecasterDocument(Document):
    scaler_mean: Annotated[float, Field(allow_inf_nan=False)]
    scaler_scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    name: str
    last_time: str
    freq: str
    covariates: list[CovariateRow] = []
    masked: bool = False
    repairs: list[dict[str, Any]] = []
    decisions: list[DecisionRow] = []
    parts_end: tuple[_Position, _Position, _Position]


@dataclass(frozen=True, eq=False)
class Saved:
    """All that a forecaster's file holds; ``context`` is its last window, in its own units."""

    config: LSTMConfig
    scaler: Scaler
    data_hash: str
    name: str
    last_time: str
    freq: str
    history: pd.DataFrame
    repairs: list[dict[str, Any]]
    split: Split
    context: Reading
    weights: list[NDArray[np.float32]]
    versions: dict[str, str]
    decisions: list[dict[str, Any]]

    @property
    def features(self) -> int:
        """How many features the network reads."""
        calendar = calendar_of(self.config, self.context.index)
        return len(feature_names(self.context.names, calendar, self.context.masked))

    def series(self) -> pd.Series:
        """The last window as a series with its timestamps."""
        values = self.context.values
        if self.context.masked:
            values = np.where(self.context.known, values, np.nan)
        series = pd.Series(values, self.context.index, name=self.name)
        if self.repairs:
            series.attrs["repairs"] = self.repairs
        if self.context.masked:
            series.attrs["mask"] = True
        return series


_KIND = "lstmwidgets forecaster, version 1"


def write_forecaster(saved: Saved, path: Path) -> Path:
    """Write one forecaster; see `lstmwidgets.LSTMForecaster.save`."""
    document = _ForecasterDocument(
        config=saved.config,
        data_hash=saved.data_hash,
        epochs=[EpochRow.model_validate(row) for row in saved.history.to_dict("records")],
        versions=saved.versions,
        scaler_mean=saved.scaler.mean,
        scaler_scale=saved.scaler.scale,
        name=saved.name,
        last_time=saved.last_time,
        freq=saved.freq,
        covariates=[CovariateRow(name=n, mean=m, scale=s) for n, m, s in saved.scaler.covariates],
        masked=saved.context.masked,
        repairs=[_without_many_gaps(repair) for repair in saved.repairs],
        decisions=[DecisionRow.model_validate(one) for one in saved.decisions],
        parts_end=(saved.split.train_end, saved.split.validation_end, saved.split.length),
    )
    context: dict[str, NDArray[Any]] = {
        "context": saved.context.values,
        "context_known": saved.context.known.astype(np.float32),
        "context_covariates": saved.context.covariates,
    }
    tensors = dict(zip(weight_shapes(saved.config, saved.features), saved.weights, strict=True))
    return write_tensors(path, _KIND, {**context, **tensors}, document)


def _without_many_gaps(repair: dict[str, Any]) -> dict[str, Any]:
    """A repair's record, its list of gaps cut where it would not fit into a file's header."""
    return {**repair, "gaps": repair.get("gaps", [])[-MOST_GAPS:]}


def read_forecaster(path: Path) -> Saved:
    """Read one forecaster; see `lstmwidgets.LSTMForecaster.load`."""
    file = TensorFile(path, _KIND, _ForecasterDocument)
    document = file.document
    try:
        index = _index_of(document)
        calendar = calendar_of(document.config, index)
    except (ValueError, TypeError, KeyError) as error:
        raise file.refusal(f"its timestamps: {error}") from None
    names = tuple(row.name for row in document.covariates)
    length = document.config.sequence_length
    expected = weight_shapes(document.config, len(feature_names(names, calendar, document.masked)))
    shapes: dict[str, Any] = {name: (shape, np.dtype(np.float32)) for name, shape in expected.items()}
    shapes["context"] = ((length,), np.dtype(np.float64))
    shapes["context_known"] = ((length,), np.dtype(np.float32))
    shapes["context_covariates"] = ((length, len(names)), np.dtype(np.float64))
    tensors = file.read(shapes)
    weights = [tensors[name] for name in expected]
    if not all(np.isfinite(weight).all() for weight in weights):
        raise file.refusal("some of its weights are not finite numbers")
    history = pd.DataFrame(
        [row.model_dump() for row in document.epochs], columns=["loss", "val_loss", "seconds"]
    )
    return Saved(
        config=document.config,
        scaler=Scaler(
            document.scaler_mean,
            document.scaler_scale,
            tuple((row.name, row.mean, row.scale) for row in document.covariates),
        ),
        data_hash=document.data_hash,
        name=document.name,
        last_time=document.last_time,
        freq=document.freq,
        history=history.set_index(pd.RangeIndex(1, len(history) + 1, name="epoch")),
        repairs=document.repairs,
        split=Split(*document.parts_end),
        context=Reading(
            index=index,
            values=tensors["context"],
            known=tensors["context_known"] > 0,
            covariates=tensors["context_covariates"],
            names=names,
            masked=document.masked,
        ),
        weights=weights,
        versions=document.versions,
        decisions=[one.model_dump() for one in document.decisions],
    )


def _index_of(document: _ForecasterDocument) -> pd.DatetimeIndex:
    """The timestamps of the last window."""
    end = pd.Timestamp(document.last_time)
    index = pd.date_range(end=end, periods=document.config.sequence_length, freq=document.freq)
    if index[-1] != end:
        raise ValueError(f"{document.last_time} is not on a grid of frequency {document.freq!r}")
    return index
