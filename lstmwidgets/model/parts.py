"""Arrays of a long computation in a folder, part by part, so that a killed one can go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.storage import Document, Shapes, TensorFile, versions, write_tensors


class PartDocument(Document):
    """What a part belongs to."""

    about: dict[str, Any]
    number: int


class Parts:
    """Finished parts of one computation, ``part-00000.safetensors`` and so on, in a folder of its own.

    Each is written beside its final name and then renamed, so that it is there in full or not at all.

    Parameters
    ----------
    folder : path
        Made where it is not there.
    what : str
        Of what these are parts, for example ``"backtest"``.
    config : LSTMConfig
    data : str
        Hash of the data.
    about : dict
        Whatever else tells two such computations apart, as plain JSON.

    Raises
    ------
    LSTMWidgetsError
        When the folder holds parts of another computation, or of other versions of the packages whose
        numbers they are, or a damaged file; or when it cannot be made, read or written to.
    """

    def __init__(
        self, folder: str | Path, what: str, config: LSTMConfig, data: str, about: Mapping[str, Any]
    ) -> None:
        self.folder = Path(folder)
        self._what, self._config, self._data, self._about = what, config, data, dict(about)
        self._found: dict[int, TensorFile[PartDocument]] = {}
        with self._in_words():
            # Before an hour is spent on what then cannot be kept.
            self.folder.mkdir(parents=True, exist_ok=True)
            paths = sorted(self.folder.glob("part-*.safetensors"))
        for path in paths:
            with _undamaged():
                file = TensorFile(path, self._kind, PartDocument)
            self._check_same(file.document)
            self._found[file.document.number] = file

    def __len__(self) -> int:
        return len(self._found)

    @property
    def _kind(self) -> str:
        return f"lstmwidgets {self._what}, version 1"

    def _check_same(self, found: PartDocument) -> None:
        there, here = found.config.model_dump(), self._config.model_dump()
        there, here = {**there, **found.about}, {**here, **self._about}
        other = [name for name in here if there.get(name) != here[name]]
        reasons = [f"{name}={there.get(name)!r} there, {here[name]!r} here" for name in other]
        installed = versions()  # another version may give other numbers
        reasons += [
            f"{name} {found.versions.get(name)} there, {version} here"
            for name, version in installed.items()
            if found.versions.get(name) != version
        ]
        if found.data_hash != self._data:
            reasons.insert(0, "the series is another one")
        if reasons:
            raise LSTMWidgetsError(
                f"{str(self.folder)!r} holds another {self._what} ({'; '.join(reasons)}): "
                "use another folder, or delete it"
            )

    def read(self, number: int, shapes: Shapes) -> dict[str, NDArray[Any]] | None:
        """A finished part's arrays, which must have these shapes; None where it is not finished."""
        with _undamaged():
            return self._found[number].read(shapes) if number in self._found else None

    def write(self, number: int, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Keep a finished part."""
        document = PartDocument(
            config=self._config,
            data_hash=self._data,
            epochs=[],
            versions=versions(),
            about=self._about,
            number=number,
        )
        with self._in_words():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_tensors(self.folder / f"part-{number:05}.safetensors", self._kind, tensors, document)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LSTMWidgetsError(
                f"folder={str(self.folder)!r} cannot hold the parts of a {self._what} ({error.strerror}): "
                "pass a folder that can be made and written to"
            ) from None


@contextmanager
def _undamaged() -> Iterator[None]:
    """Say what to do about a part that cannot be used."""
    try:
        yield
    except LSTMWidgetsError as error:
        raise LSTMWidgetsError(f"{error}. Delete this file and call again") from None
