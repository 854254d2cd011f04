"""The state of an unfinished training in a folder, so that a killed one can go on."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import data_hash
from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.storage import Document, EpochRow, TensorFile, versions, write_tensors

_KIND = "lstmwidgets training, version 1"
MAY_CHANGE = ("epochs", "patience")
"""Settings that decide when to end, not what an epoch does: a resumed training may change them."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: losses of scaled values, and seconds."""

    loss: float
    val_loss: float
    seconds: float


class _TrainingDocument(Document):
    """What a training belongs to."""

    windows: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Checkpoint:
    """One training's file, ``training.safetensors``, in a folder of its own.

    Raises
    ------
    LSTMWidgetsError
        When the folder holds the training of another series or config, or a damaged file.
    """

    def __init__(
        self,
        folder: str | Path,
        series: pd.Series,
        config: LSTMConfig,
        covariates: pd.DataFrame | None,
        windows: Windows,
    ) -> None:
        self.path = Path(folder) / "training.safetensors"
        self._config, self._data_hash = config, data_hash(series, covariates)
        self._windows = _windows_hash(windows)
        self._found = TensorFile(self.path, _KIND, _TrainingDocument) if self.path.exists() else None
        if self._found is not None:
            self._check_same(self._found.document)

    def _check_same(self, found: _TrainingDocument) -> None:
        there, here = found.config.model_dump(), self._config.model_dump()
        other = [name for name in here if there[name] != here[name] and name not in MAY_CHANGE]
        reasons = [f"{name}={there[name]!r} there, {here[name]!r} here" for name in other]
        if found.data_hash != self._data_hash:
            reasons.append("the series is another one")
        elif found.windows != self._windows:
            reasons.append("its gaps were repaired otherwise, or its parts end elsewhere")
        if reasons:
            raise LSTMWidgetsError(
                f"{str(self.path)!r} holds another training ({'; '.join(reasons)}): "
                "use another folder, or delete it"
            )

    def restore(
        self, network: keras.Model, optimizer: keras.optimizers.Optimizer, best: keras.Model
    ) -> list[Epoch]:
        """Load the last epoch's state into freshly built objects; the epochs done so far."""
        if self._found is None:
            return []
        variables = _variables(network, optimizer, best)
        shapes = {name: (tuple(v.shape), np.dtype(v.dtype)) for name, v in variables.items()}
        for name, tensor in self._found.read(shapes).items():
            variables[name].assign(tensor)
        return [Epoch(**row.model_dump()) for row in self._found.document.epochs]

    def save(
        self,
        network: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        best: keras.Model,
        epochs: list[Epoch],
    ) -> None:
        """Write the state after an epoch; the file of the epoch before is replaced at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, NDArray[Any]] = {
            name: np.asarray(variable) for name, variable in _variables(network, optimizer, best).items()
        }
        document = _TrainingDocument(
            windows=self._windows,
            config=self._config,
            data_hash=self._data_hash,
            epochs=[EpochRow(**asdict(epoch)) for epoch in epochs],
            versions=versions(),
        )
        write_tensors(self.path, _KIND, tensors, document)


def _windows_hash(windows: Windows) -> str:
    """What tells these windows from others of the same values: parts, targets that count, features."""
    digest = hashlib.sha256(",".join(windows.features).encode())
    for array in (windows.train, windows.validation, windows.known):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _variables(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, best: keras.Model
) -> dict[str, keras.Variable]:
    """All that an epoch changes, by name: weights and dropout state, optimizer, best weights."""
    groups = {"network": network.variables, "optimizer": optimizer.variables, "best": best.weights}
    return {f"{group}/{number}": v for group, members in groups.items() for number, v in enumerate(members)}
