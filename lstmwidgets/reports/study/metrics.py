"""What ``metrics.json`` holds: every number of a report, for machines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.auditing.report import Audit
from lstmwidgets.data.series import data_hash
from lstmwidgets.model.shapes import count_parameters
from lstmwidgets.reports.study.gaps import MASK
from lstmwidgets.reports.study.models import kept_epoch
from lstmwidgets.reports.study.source import source_name

if TYPE_CHECKING:
    from lstmwidgets.reports.study.study import Study


def _known(value: Any) -> Any:
    """JSON knows no NaN and no infinity: what is not known is null."""
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


Number = Annotated[float | None, BeforeValidator(_known)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Tone = Literal["error", "warning", "quiet", "good"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Part):
    """The series as it was read."""

    name: str = Field(description="The file, without its folders, or the bundled series.")
    data_hash: Hash = Field(
        description="SHA-256 over the times (microseconds, UTC) and the float64 values, as read."
    )
    rows: int = Field(ge=0, description="Rows read.")
    points: int = Field(ge=2, description="Regular times from start to end.")
    missing: int = Field(ge=0, description="Points without a known value.")
    freq: str = Field(description="The step from one time to the next, as a pandas frequency.")
    start: str = Field(description="The first time, ISO 8601.")
    end: str = Field(description="The last time, ISO 8601.")
    unit: str = Field(description="The unit of the values; empty where not known.")


class Repair(_Part):
    """What was done about missing values."""

    method: str = Field(description="The rule that filled, or 'mask': kept as unknown, and the network told.")
    points: int = Field(ge=0, description="Values filled, or kept as unknown.")
    gaps: int = Field(ge=0, description="Runs of them.")
    left: int = Field(ge=0, description="Values that are still missing.")
    looks_ahead: bool = Field(description="Whether the rule uses values from after a gap.")


class Scores(_Part):
    """How far off one model was, over all cutoffs and steps of the test part."""

    MAE: Number = Field(description="Mean absolute error, in the unit of the series.")
    RMSE: Number = Field(description="Root mean squared error, in the unit of the series.")
    MAPE: Number = Field(description="Mean absolute error as a share of what came.")
    sMAPE: Number = Field(description="Its symmetric form.")
    MASE: Number = Field(description="MAE over that of the seasonal naive rule on the training part.")
    RMSSE: Number = Field(description="RMSE over that of the seasonal naive rule on the training part.")
    skill: Number = Field(description="1 less the MAE over that of the better naive rule; above 0 is better.")


class Coverage(_Part):
    """How often the intervals of one level held what came."""

    level: int = Field(ge=1, le=99, description="Promised, in per cent.")
    nominal: float = Field(gt=0, lt=1, description="Promised, as a share.")
    coverage: Number = Field(description="Held, as a share.")
    width: Number = Field(description="Mean width, in the unit of the series.")
    points: int = Field(ge=0, description="Forecasts this rests on.")


class Finding(_Part):
    """One thing that the diagnosis has to say."""

    name: str
    tone: Tone
    headline: str
    sentence: str
    evidence: dict[str, Any] = Field(description="The numbers behind it.")
    advice: str


class Diagnosed(_Part):
    """The diagnosis, gravest first."""

    verdict: str
    tone: Tone
    model: str
    cutoffs: int = Field(ge=0)
    horizon: int = Field(ge=1)
    findings: list[Finding]
    notes: list[str]


class Audited(_Part):
    """What a forecast of the series may stumble over."""

    gaps: int = Field(ge=0, description="Runs of missing values.")
    longest_gap: int = Field(ge=0, description="Points of the longest gap.")
    outliers: int = Field(ge=0)
    constant_stretches: int = Field(ge=0, description="Stretches that are constant for unusually long.")
    seasons: list[int] = Field(description="Steady cycles found, in points.")
    trouble: bool = Field(description="Whether anything needs a decision before a forecast.")
    notes: list[str] = Field(description="All that is worth telling, the most important first.")


class Training(_Part):
    """How the network was trained."""

    epochs: int = Field(ge=1, description="Epochs trained.")
    best_epoch: int = Field(
        ge=0, description="The one whose weights were kept; 0 is the ridge regression a highway begins as."
    )
    loss: Number = Field(description="Training loss of that epoch, of scaled values.")
    val_loss: Number = Field(description="Validation loss of that epoch, of scaled values.")
    parameters: int = Field(ge=1, description="Trainable numbers.")
    windows: int = Field(ge=1, description="Training windows.")
    left_out: int = Field(ge=0, description="Windows left out because they touch missing values.")
    seconds: float = Field(ge=0, description="Seconds of training.")


class Decided(_Part):
    """One setting that the series chose, or that was given beside those."""

    setting: str = Field(description="A name in config.")
    value: int | float | str = Field(description="As in config.")
    reason: str = Field(description="Why, in words.")
    evidence: dict[str, Any] = Field(description="The numbers behind it; empty where it was given.")
    chosen: bool = Field(description="False where it was given.")


class Metrics(_Part):
    """The numbers of one report."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        title="Metrics of a forecast report",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    schema_version: Literal[1] = Field(description="Of this file's form.")
    unique_id: str = Field(description="The series.")
    source: Source
    repairs: list[Repair]
    config: LSTMConfig
    seed: int = Field(ge=0, description="Start of every random draw, as in config.")
    versions: dict[str, str] = Field(description="Of the packages whose numbers these are, and of Python.")
    levels: list[int] = Field(description="Levels of the intervals there are, in per cent.")
    verdict: str = Field(description="The whole in one sentence.")
    tone: Tone = Field(description="Of the gravest problem, else of the skill.")
    model: str = Field(description="Whose forecast it is: a name in scores.")
    scores: dict[str, Scores] = Field(description="By model, all on the same forecasts.")
    reference: str | None = Field(description="The better naive rule, which skill is measured against.")
    skill: Number = Field(description="That of the model.")
    coverage: list[Coverage] = Field(description="Of the model's intervals, in rising order of levels.")
    by_step: dict[str, list[Number]] = Field(
        description="MAE by model, for each step ahead from 1, in the unit of the series."
    )
    cutoffs: int = Field(ge=1, description="Moments of the past that were forecast from.")
    horizon: int = Field(ge=1, description="Steps ahead.")
    filled_at_origin: int = Field(
        ge=0, description="Of the values that the forecast reads, those that were filled or are unknown."
    )
    diagnosis: Diagnosed
    audit: Audited
    training: Training
    notes: list[str] = Field(description="A sentence for each thing left out or not possible.")
    seconds: float = Field(ge=0, description="Seconds from reading the series to these numbers.")
    created: str = Field(description="When, ISO 8601, UTC.")
    command: str = Field(description="What makes this report again; empty for data that were in memory.")
    key: str | None = Field(
        default=None, description="What decided these numbers, hashed: equal keys, equal numbers."
    )
    decisions: list[Decided] = Field(
        default=[], description="How the settings were chosen; empty where all were given or their default."
    )
    files: dict[str, Hash] = Field(
        default={},
        description="SHA-256 of the files beside this one, by name; empty where they make no report. A PDF, "
        "which may be printed later, is not among them.",
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The published schema: what each name means, and in which unit."""
        schema = super().model_json_schema(*args, **options)
        for part in schema["$defs"].values():  # of a docstring the first paragraph: the rest is about Python
            part["description"] = part["description"].partition("\n\n")[0]
        return schema

    def to_json(self) -> str:
        """Strict JSON, indented, its names in the order of the schema."""
        return f"{self.model_dump_json(indent=2)}\n"


def metrics_of(study: Study, seconds: float) -> Metrics:
    """Collect the numbers of a study that took so many seconds."""
    found = {
        "schema_version": 1,
        "unique_id": str(study.series.name),
        "source": _source(study),
        "repairs": _repairs(study.series),
        "config": study.config,
        "seed": study.config.seed,
        "versions": study.versions,
        "levels": study.coverage.index.to_list(),
        "verdict": study.verdict,
        "tone": study.tone,
        "model": study.config.network,
        "scores": study.scores.to_dict("index"),
        "reference": study.scores.attrs["reference"],
        "skill": study.scores.at[study.config.network, "skill"],
        "coverage": study.coverage.reset_index().to_dict("records"),
        "by_step": study.by_step.to_dict("list"),
        "cutoffs": study.backtest["cutoff"].nunique(),
        "horizon": study.config.horizon,
        "filled_at_origin": study.origin.made_up,
        "diagnosis": study.diagnosis.to_dict(),
        "audit": _audited(study.audit),
        "training": _training(study),
        "notes": study.notes,
        "seconds": seconds,
        "created": study.created.isoformat(timespec="seconds"),
        "command": study.command,
        "decisions": study.decisions.to_json(),
    }
    return Metrics.model_validate(found)


def _source(study: Study) -> dict[str, Any]:
    series, index = study.original, pd.DatetimeIndex(study.original.index)
    return {
        "name": source_name(study.source),
        "data_hash": data_hash(series),
        "rows": series.attrs["rows"],
        "points": len(series),
        "missing": int(series.isna().sum()),
        "freq": str(index.freqstr),
        "start": index[0].isoformat(),
        "end": index[-1].isoformat(),
        "unit": study.unit,
    }


def _repairs(series: pd.Series) -> list[dict[str, Any]]:
    made = [
        {**{name: one[name] for name in Repair.model_fields}, "gaps": len(one["gaps"])}
        for one in series.attrs.get("repairs", [])
    ]
    if series.attrs.get("mask"):
        missing = series.isna().to_numpy()
        runs, count = int(np.count_nonzero(np.diff(missing.astype(int), prepend=0) == 1)), int(missing.sum())
        made.append({"method": MASK, "points": count, "gaps": runs, "left": count, "looks_ahead": False})
    return made


def _audited(found: Audit) -> dict[str, Any]:
    return {
        "gaps": len(found.gaps),
        "longest_gap": found.longest_gap,
        "outliers": len(found.outliers),
        "constant_stretches": len(found.constant),
        "seasons": [one.period for one in found.seasons.steady],
        "trouble": found.trouble,
        "notes": list(found.notes),
    }


def _training(study: Study) -> dict[str, Any]:
    history, kept = study.forecaster.history_, kept_epoch(study.forecaster)
    return {
        "epochs": len(history),
        "best_epoch": kept,
        "loss": history.at[kept, "loss"] if kept else None,
        "val_loss": history.at[kept, "val_loss"] if kept else None,
        "parameters": count_parameters(study.config, len(study.windows.features)),
        "windows": len(study.windows.train),
        "left_out": study.windows.left_out,
        "seconds": float(history["seconds"].sum()),
    }
