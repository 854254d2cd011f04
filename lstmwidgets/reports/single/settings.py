"""ReportSettings: what one report is asked for, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.choosing.decisions import to_choose

FILLS = ("forward", "backward", "mean", "linear", "seasonal", "lstm", "mask")
"""What may be done about gaps: every method of `lstmwidgets.fill`, or "mask"."""

LEVELS = (80, 90)

Parameter = str | int | float | bool | None | list[str] | list[int]


def _clean(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it is not text in UTF-8: use other letters") from None
    if not text:
        raise ValueError("it is empty")
    return text


def _known(fill: str) -> str:
    if fill not in FILLS:
        raise ValueError(f"fill takes {', '.join(map(repr, FILLS))}")
    return fill


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    """Any sequence of levels as a rising tuple, each once."""
    from lstmwidgets.analysis.backtests.conformal import checked_levels

    return checked_levels(value)


Text = Annotated[str, AfterValidator(_clean)]


class ReportSettings(BaseModel):
    """What one report is asked for; frozen, comparable, and written to JSON and back unchanged.

    Attributes
    ----------
    source : str
        Path of a CSV or Parquet file, or the name of a bundled dataset where no such file exists.
    time, value, freq
        As in `lstmwidgets.read_series`.
    id_column, only : str, optional
        The column that tells several series apart, and the one that is meant.
    fill : str, optional
        How gaps are filled, one of `FILLS`; left as they are by default.
    levels : tuple of int
        Per cent of what comes that each interval is to hold.
    auto : False or tuple of str
        The settings that the series chooses; True stands for all that ``config`` does not set by hand. See
        `lstmwidgets.LSTMForecaster`.
    config : LSTMConfig

    Raises
    ------
    LSTMWidgetsError
        For an unknown field or a value that is not accepted; the message quotes it and says what is.

    Examples
    --------
    >>> settings = ReportSettings.of("data.csv", horizon=12, levels=[90])
    >>> settings.parameters()["levels"], settings.parameters()["horizon"]
    ([90], 12)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: Text
    time: Annotated[Text | tuple[Text, ...] | None, BeforeValidator(_listed)] = None
    value: Text | None = None
    freq: Text | None = None
    id_column: Text | None = None
    only: Text | None = None
    fill: Annotated[Text, AfterValidator(_known)] | None = None
    levels: Annotated[tuple[int, ...], BeforeValidator(_whole)] = LEVELS
    auto: Annotated[bool | tuple[Text, ...], BeforeValidator(_listed)] = False
    config: LSTMConfig = LSTMConfig()

    def __init__(self, **fields: Any) -> None:
        if fields.get("auto", False) is not False:
            # By name: where settings go as plain values, nothing else tells what was set by hand.
            fields["auto"] = to_choose(fields.get("config", LSTMConfig()), fields["auto"]) or False
        try:
            super().__init__(**fields)
        except ValidationError as error:
            first = {str(item["loc"][:1]): item for item in reversed(error.errors())}
            raise LSTMWidgetsError("; ".join(map(_sentence, first.values()))) from None

    @classmethod
    def of(cls, source: str | Path, **asked: Any) -> Self:
        """Settings from keywords, those of `LSTMConfig` and those of a report side by side."""
        own = {name: asked.pop(name) for name in list(asked) if name in cls.model_fields}
        if "config" in own and asked:
            own["config"] = own["config"].replace(**asked)
        return cls(source=str(source), **{"config": LSTMConfig(**asked), **own})

    def parameters(self) -> dict[str, Parameter]:
        """What papermill is given, by the names in the notebook's cell of parameters.

        Papermill writes names and values into the notebook as code. So the names are those of the fields
        above and of `LSTMConfig`, and the values numbers, text, None and lists of these: text arrives as
        it is, whatever is in it.
        """
        report = {name: getattr(self, name) for name in type(self).model_fields if name != "config"}
        named = {"csv" if name == "source" else name: value for name, value in report.items()}
        given = {**named, **self.config.model_dump()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    def key(self, data_hash: str, **facts: Any) -> str:
        """SHA-256 of all that decides the numbers of a report: equal keys, equal numbers.

        The data count, every setting but those that say where they lie, the versions of the packages, and
        the facts: so whoever also tells where the data lie, or what else was found of them, has it count by
        giving it.

        Parameters
        ----------
        data_hash : str
            As `lstmwidgets.data.series.data_hash` gives it.
        **facts
            Whatever else counts, as plain JSON: the name of the series, its file, how it was read.
        """
        from lstmwidgets.model.storage import versions

        asked = self.model_dump(exclude={"source", "time", "value", "id_column"}, mode="json")
        decisive = {"data": data_hash, "asked": asked, "versions": versions(), **facts}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _sentence(item: Any) -> str:
    name, value = str(item["loc"][0]) if item["loc"] else "settings", item["input"]
    reason = str(item.get("ctx", {}).get("error", item["msg"]))
    if item["type"] == "extra_forbidden":
        reason = f"a report has the fields {', '.join(ReportSettings.model_fields)}"
    elif item["type"] == "string_type":
        reason = f"{name} takes text"
    return reason if reason.startswith(f"{name}=") else f"{name}={value!r} is not accepted: {reason}"
