"""report(): one series in, one folder out, whole or not at all."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.reports.single.folder import (
    ALWAYS,
    FORECAST,
    METRICS,
    MODEL,
    NOTEBOOK,
    PAGE,
    PDF,
    OutputFolder,
)
from lstmwidgets.reports.single.making import file_hash, make
from lstmwidgets.reports.single.refusals import OutputError, explained, is_of_output
from lstmwidgets.reports.single.settings import LEVELS, ReportSettings
from lstmwidgets.reports.single.stages import OnDetail, OnStage, Stages
from lstmwidgets.reports.study.metrics import Metrics
from lstmwidgets.shipped import report_template

if TYPE_CHECKING:
    from lstmwidgets.reports.single.kernels import WarmKernel
    from lstmwidgets.reports.study.study import Study


@dataclass(frozen=True, repr=False)
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
    notes : tuple of str
        A sentence for each thing that was out of the ordinary.
    """

    folder: Path
    metrics: Metrics
    reused: bool
    seconds: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Report({str(self.folder)!r}: {self.metrics.verdict})"

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
    auto: bool | Sequence[str] = False,
    pdf: bool = False,
    force: bool = False,
    on_stage: OnStage | None = None,
    on_detail: OnDetail | None = None,
    kernel: WarmKernel | None = None,
    **settings: Any,
) -> Report:
    """Make the report of one series, all its files at once, or none.

    The notebook ``forecast_report.ipynb`` is run in a kernel of its own and becomes a page. Where a report of
    the same data, settings and versions stands already, and none of its files was changed since, nothing is
    done. Where one of the same training does, its model is used again. A run that was broken off goes on
    where its training was.

    Parameters
    ----------
    source : path or str
        A CSV or Parquet file, or the name of a bundled dataset where there is no such file.
    out : path
        The report's folder: nothing, an empty folder, or an earlier report, which is exchanged as a whole.
    time, value, freq, id_column, only, fill, levels, auto
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
    Unavailable
        Where a PDF is asked for and there is no browser, before anything is trained; or where the browser
        fails, and the report stands without its PDF.
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
        auto=auto,
        **settings,
    )
    tell = Stages(on_stage, report_template(), others=3 + pdf)
    with OutputFolder(out) as folder, _interruptions(folder):
        tell("Checking the data")
        study = _study(asked, folder.work)
        key = _key(asked, study, str(folder.path))
        metrics, changed = (None, []) if force else _standing(folder, key)
        other = _other(folder, study)
        reused = metrics is not None
        print_it = pdf and not (reused and (folder.target / PDF).is_file())
        if print_it:
            _check_browser()
        if metrics is None:
            study.check()
            folder.begin(fresh=force or MODEL in changed)
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
        if not reused:
            folder.publish()
        if print_it:
            tell("Printing the PDF")
            _print(folder)
    notes = [f"Made again: {', '.join(changed)} had been changed or taken away."] if changed else []
    notes += [f"It takes the place of a report on {other}."] if other else []
    return Report(folder.path, metrics, reused, clock.monotonic() - began, tuple(notes))


def _study(asked: ReportSettings, work: Path) -> Study:
    """The series as this process looks at it: pandas alone, to refuse early and to know what it is."""
    from lstmwidgets.reports.study.study import Study

    own = asked.model_dump(exclude={"source", "config"})
    return Study(asked.source, asked.config, **own, folder=work)


def _key(asked: ReportSettings, study: Study, out: str) -> str:
    """What decides every number and word of the report: also what it calls its file, its folder and columns.

    The same data from another file, or read in another way, make a report with other words.
    """
    from lstmwidgets.data.series import data_hash

    series = study.original
    return asked.key(
        data_hash(series),
        name=str(series.name),
        rows=int(series.attrs["rows"]),
        notes=list(series.attrs.get("notes", ())),
        dataset=series.attrs.get("dataset"),
        parameters={**asked.parameters(), "out": out},
        template=file_hash(report_template()),
    )


def _standing(folder: OutputFolder, key: str) -> tuple[Metrics | None, list[str]]:
    """What the report that stands there says, if it is what is asked for; else which files have changed."""
    try:
        metrics = Metrics.model_validate_json((folder.target / METRICS).read_bytes())
    except (OSError, ValueError):
        return None, []
    if metrics.key != key:
        return None, []
    with folder.in_words():
        others = [name for name in ALWAYS if name != METRICS]
        changed = [name for name in others if file_hash(folder.target / name) != metrics.files.get(name)]
    return (None, changed) if changed else (metrics, [])


def _other(folder: OutputFolder, study: Study) -> str:
    """What the report that stands there is of, where that is other data; empty where it is not."""
    from lstmwidgets.data.series import data_hash

    try:
        there = Metrics.model_validate_json((folder.target / METRICS).read_bytes()).source
    except (OSError, ValueError):
        return ""
    return "" if there.data_hash == data_hash(study.original) else there.name


def _check_browser() -> None:
    """Refuse to print where nothing can, before hours go into what is to be printed."""
    from lstmwidgets.reports.page.printing import find_browser

    try:
        find_browser()
    except LSTMWidgetsError as error:
        raise Unavailable(f"{error}. Nothing was done: leave out --pdf for a report without") from None


def _print(folder: OutputFolder) -> None:
    """Print the report that stands there; it is whole without."""
    from lstmwidgets.reports.page.printing import print_pdf

    try:
        with _outputs(folder):
            print_pdf(folder.target / PAGE, folder.work / PDF)
            folder.add(folder.work / PDF)
    except LSTMWidgetsError as error:
        kind = OutputError if isinstance(error, OutputError) else Unavailable
        shown = repr(str(folder.path))
        raise kind(f"the report is in {shown}, but without its PDF: {error}") from error


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
            raise Interrupted(f"interrupted when the report was done: it is in {shown}") from None
        if folder.resumable:
            left = f"it goes on from the last epoch that ended, kept in {folder.work.name!r} beside it"
        else:
            left = "it begins anew, for no epoch had ended"
        raise Interrupted(
            f"interrupted: nothing of this run is in {shown}. Run the same command again: {left}"
        ) from None
