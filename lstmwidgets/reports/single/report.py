"""report(): one series in, one folder out, whole or not at all."""

from __future__ import annotations

import hashlib
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.single.folder import (
    FORECAST,
    METRICS,
    MODEL,
    NOTEBOOK,
    PAGE,
    PDF,
    OutputFolder,
)
from lstmwidgets.reports.single.making import make
from lstmwidgets.reports.single.refusals import OutputError, explained, is_of_output
from lstmwidgets.reports.single.settings import LEVELS, ReportSettings
from lstmwidgets.reports.single.stages import OnDetail, OnStage, Stages
from lstmwidgets.reports.study.metrics import Metrics
from lstmwidgets.shipped import report_template

if TYPE_CHECKING:
    from lstmwidgets.reports.single.kernels import WarmKernel
    from lstmwidgets.reports.study.study import Study


@dataclass(frozen=True)
class Report:
    """A report that stands in its folder.

    Attributes
    ----------
    folder : Path
    metrics : Metrics
        What ``metrics.json`` holds.
    reused : bool
        Whether it stood there already, and nothing had to be done.
    seconds : float
        That this call took.
    """

    folder: Path
    metrics: Metrics
    reused: bool
    seconds: float

    @property
    def paths(self) -> dict[str, Path]:
        """Its files by what they are; ``pdf`` only where there is one."""
        names = {"html": PAGE, "notebook": NOTEBOOK, "forecast": FORECAST, "metrics": METRICS, "model": MODEL}
        there = {**names, "pdf": PDF} if (self.folder / PDF).is_file() else names
        return {what: self.folder / name for what, name in there.items()}


class Interrupted(KeyboardInterrupt):
    """Raised for a report that was broken off; the message says what is left of it."""


def report(
    source: str | Path,
    out: str | Path,
    *,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
    id_column: str | None = None,
    only: str | None = None,
    fill: str | None = None,
    levels: Sequence[int] = LEVELS,
    pdf: bool = False,
    force: bool = False,
    on_stage: OnStage | None = None,
    on_detail: OnDetail | None = None,
    kernel: WarmKernel | None = None,
    **settings: Any,
) -> Report:
    """Make the report of one series, all its files at once, or none.

    The notebook ``forecast_report.ipynb`` is run in a kernel of its own and becomes a page. Where a report of
    the same data, settings and versions stands already, nothing is done. Where one of the same training
    does, its model is used again. A run that was broken off goes on where its training was.

    Parameters
    ----------
    source : path or str
        A CSV or Parquet file, or the name of a bundled dataset where there is no such file.
    out : path
        The report's folder: nothing, an empty folder, or an earlier report, which is exchanged as a whole.
    time, value, freq, id_column, only, fill, levels
        As in `lstmwidgets.Study`.
    pdf : bool
        Print the page to ``report.pdf`` as well.
    force : bool
        Do everything anew, the training too.
    on_stage : callable, optional
        Told each stage as it begins: its name, its number from 1, and how many there are.
    on_detail : callable, optional
        Told how far a stage is, in one line.
    kernel : WarmKernel, optional
        One to be used again; by default one is started and stopped.
    **settings
        Those of `LSTMConfig`.

    Returns
    -------
    Report

    Raises
    ------
    LSTMWidgetsError
        For settings that are not accepted and data that cannot be used.
    OutputError
        Where the folder cannot become a report's, or cannot be written.
    StageFailed
        Where the notebook stops for another reason.
    Interrupted
        On a keyboard interrupt.

    Examples
    --------
    >>> from lstmwidgets.reports.single.report import report
    >>> report("co2", "co2-report", units=16).metrics.verdict  # doctest: +SKIP
    """
    began = clock.monotonic()
    asked = ReportSettings.of(
        source,
        time=time,
        value=value,
        freq=freq,
        id_column=id_column,
        only=only,
        fill=fill,
        levels=levels,
        **settings,
    )
    tell = Stages(on_stage, report_template(), others=3 + pdf)
    with OutputFolder(out) as folder, _interruptions(folder):
        tell("Checking the data")
        study = _study(asked, folder.work)
        key = _key(asked, study)
        metrics = None if force else _standing(folder, key)
        reused = metrics is not None
        if metrics is None:
            study.check()
            folder.begin(fresh=force)
            with _outputs(folder):
                metrics = make(
                    asked,
                    folder.result,
                    work=folder.work,
                    out=str(folder.path),
                    key=key,
                    kernel=kernel,
                    on_stage=tell,
                    on_detail=on_detail,
                )
        if pdf and not (folder.target if reused else folder.result).joinpath(PDF).is_file():
            tell("Printing the PDF")
            _print(folder, reused)
        if not reused:
            folder.publish()
    return Report(folder.path, metrics, reused, clock.monotonic() - began)


def _study(asked: ReportSettings, work: Path) -> Study:
    """The series as this process looks at it: pandas alone, to refuse early and to know what it is."""
    from lstmwidgets.reports.study.study import Study

    own = asked.model_dump(exclude={"source", "config"})
    return Study(asked.source, asked.config, **own, folder=work)


def _key(asked: ReportSettings, study: Study) -> str:
    """What decides every number and word of the report."""
    from lstmwidgets.data.series import data_hash

    series = study.original
    return asked.key(
        data_hash(series),
        name=str(series.name),
        dataset=series.attrs.get("dataset"),
        template=hashlib.sha256(report_template().read_bytes()).hexdigest(),
    )


def _standing(folder: OutputFolder, key: str) -> Metrics | None:
    """What the report that stands there says, if it is the one that is asked for."""
    if not folder.holds_report:
        return None
    try:
        metrics = Metrics.model_validate_json((folder.target / METRICS).read_bytes())
    except (OSError, ValueError):
        return None
    return metrics if metrics.key == key else None


def _print(folder: OutputFolder, standing: bool) -> None:
    from lstmwidgets.reports.page.printing import print_pdf

    with _outputs(folder):
        if standing:
            print_pdf(folder.target / PAGE, folder.work / PDF)
            folder.add(folder.work / PDF)
        else:
            print_pdf(folder.result / PAGE, folder.result / PDF)


@contextmanager
def _outputs(folder: OutputFolder) -> Iterator[None]:
    """Say of a disk that is full, and of a file that cannot be written, what it means."""
    try:
        yield
    except OutputError:
        raise
    except (OSError, LSTMWidgetsError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and is_of_output(cause):
            raise OutputError(explained(cause, folder.path)) from error
        raise


@contextmanager
def _interruptions(folder: OutputFolder) -> Iterator[None]:
    """Say of an interruption what is left."""
    try:
        yield
    except KeyboardInterrupt:
        shown = repr(str(folder.path))
        if folder.published:
            raise Interrupted(f"interrupted when all was done: the report is in {shown}") from None
        left = "it goes on from where the training was" if folder.resumable else "it begins anew"
        raise Interrupted(
            f"interrupted: nothing of this run is in {shown}. To go on, run the same command again: {left}"
        ) from None
