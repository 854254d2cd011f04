"""The files of one report, made from its notebook: for a folder of its own, or for a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lstmwidgets.reports.single.folder import ALWAYS, FAILED, METRICS, NOTEBOOK, PAGE
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.single.stages import OnDetail
from lstmwidgets.reports.study.metrics import Metrics
from lstmwidgets.shipped import report_template

if TYPE_CHECKING:
    from lstmwidgets.reports.single.kernels import WarmKernel


def make(
    asked: ReportSettings,
    result: Path,
    *,
    work: Path,
    out: str = "report",
    key: str | None = None,
    kernel: WarmKernel | None = None,
    on_stage: Callable[..., None] | None = None,
    on_detail: OnDetail | None = None,
) -> Metrics:
    """Run the notebook and make its page: all of a report but the PDF, into a folder that is there.

    Parameters
    ----------
    asked : ReportSettings
    result : path
        The folder.
    work : path
        Another one: for the model and the state of an unfinished training, for the rows in place of the
        source where they are not in a file of their own, and for a notebook that stops half-way.
    out : str
        What the report calls its folder.
    key : str, optional
        To be kept in its metrics: see `ReportSettings.key`.
    kernel, on_stage, on_detail
        As in `lstmwidgets.reports.single.report.report`.
    """
    tell = on_stage or _ignore
    tell("Starting Python")
    from lstmwidgets.reports.page.page import write_page
    from lstmwidgets.reports.single.execution import execute

    execute(
        report_template(),
        result / NOTEBOOK,
        {**asked.parameters(), "out": out},
        work=work,
        kernel=kernel,
        hidden={"out": str(result.absolute())},
        on_stage=tell,
        on_detail=on_detail,
        failed=work / FAILED,
    )
    tell("Writing the page")
    write_page(result / NOTEBOOK, result / PAGE)
    path = result / METRICS
    own = {"key": key, "files": {name: file_hash(result / name) for name in ALWAYS if name != METRICS}}
    metrics = Metrics.model_validate_json(path.read_bytes()).model_copy(update=own)
    path.write_text(metrics.to_json(), "utf-8")
    return metrics


def file_hash(path: Path) -> str:
    """SHA-256 of what a file holds; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ignore(*_: object) -> None:
    """Nobody listens."""
