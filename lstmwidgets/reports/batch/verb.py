"""batch(): a report, or a forecast alone, for each series of a panel, on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lstmwidgets.data.columns import ID_COLUMN
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.batch.dispatch import hand_out
from lstmwidgets.reports.batch.events import BatchResult, OnEvent
from lstmwidgets.reports.batch.ledger import Ledger
from lstmwidgets.reports.batch.panel import read_panel
from lstmwidgets.reports.batch.series import Series
from lstmwidgets.reports.batch.work import IN_MEMORY, Warm
from lstmwidgets.reports.single.refusals import OutputError
from lstmwidgets.reports.single.report import Interrupted
from lstmwidgets.reports.single.settings import LEVELS, ReportSettings
from lstmwidgets.workers.crew import checked, crew_of


def batch(
    source: str | Path | pd.DataFrame,
    out: str | Path,
    *,
    id_column: str = ID_COLUMN,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    forecasts_only: bool = False,
    fill: str | None = None,
    levels: Sequence[int] = LEVELS,
    auto: bool | Sequence[str] = False,
    force: bool = False,
    on_event: OnEvent | None = None,
    **settings: Any,
) -> BatchResult:
    """Forecast every series of a panel, each by itself; results are written as they come.

    Each series gets a folder under ``out/series``, made whole or not at all. One that fails is told with its
    reason, and does not stop the rest. Run again, only what is missing or changed is done. Beside the
    series stand ``index.html``, ``summary.parquet``, ``summary.csv`` and ``forecasts.parquet``.

    In a script, call it below ``if __name__ == "__main__":``, for its workers are new processes of Python.
    They talk over loopback, which no other machine reaches, without a password: where users of this one are
    not to be trusted, run a scheduler with TLS, and name it.

    Parameters
    ----------
    source : path or DataFrame
        A long frame with a row for each time of each series, as CSV or Parquet; forecasts alone are also made
        of one in memory.
    out : path
        A folder: none yet, an empty one, or that of an earlier batch. What that gave for a series that fails
        now is put aside, in ``out/earlier``.
    id_column : str
        The column that names each row's series.
    time, value : str, optional
        Column names; found by themselves when only one column fits.
    freq, fill, levels, auto
        As in `lstmwidgets.Study`, for every series; with ``auto`` each chooses for itself.
    workers : int, optional
        Processes on this machine; by default one for each core, as far as memory goes.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers are used instead: ``"tcp://host:8786"``, or ``"tls://…"``
        with the certificates that Dask's own settings name.
    forecasts_only : bool
        Write forecast, metrics and model of each series, and no report.
    force : bool
        Do everything anew.
    on_event : callable, optional
        Told how it goes: see `lstmwidgets.reports.batch.events`.
    **settings
        Those of `LSTMConfig`, for every series.

    Returns
    -------
    BatchResult

    Raises
    ------
    LSTMWidgetsError
        For settings that are not accepted, and a panel that cannot be read.
    Unavailable
        When workers cannot be had, or are lost.
    OutputError
        When the folder cannot become a batch's, or cannot be written.
    Interrupted
        On a keyboard interrupt: what is finished stays.

    Examples
    --------
    >>> from lstmwidgets.reports.batch import batch
    >>> batch("panel.csv", "out", forecasts_only=True, horizon=24).failed  # doctest: +SKIP
    {}
    """
    tell = on_event or (lambda event: None)
    checked(workers, scheduler)
    if isinstance(source, pd.DataFrame) and not forecasts_only:
        raise LSTMWidgetsError(
            "a report tells how to make it again, from a file: write the frame to one, "
            'frame.to_parquet("panel.parquet"), and pass its path; or pass forecasts_only=True'
        )
    asked = ReportSettings.of(
        str(source) if isinstance(source, (str, Path)) else IN_MEMORY,
        time=time,
        value=value,
        freq=freq,
        id_column=id_column,
        fill=fill,
        levels=levels,
        auto=auto,
        **settings,
    )
    ledger = Ledger(out, forecasts_only)
    panel = read_panel(source, id_column, time, value)
    with ledger:
        series = Series(panel, asked, ledger, forecasts_only, tell)
        begun = False  # until then, what an earlier batch left stays as it is
        try:
            to_do = series.look_up(force)
            if to_do:
                with crew_of(workers, scheduler, partial(Warm, forecasts_only)) as crew:
                    begun = True
                    tell(series.started(len(crew.threads()), crew.dashboard))
                    hand_out(to_do, series, crew)
            else:
                tell(series.started(0, None))
        except OutputError:
            raise
        except Exception:  # the scheduler is gone, say: what it did is kept, and is to be found
            if begun and series.ended:
                series.publish()
            raise
        except KeyboardInterrupt:
            if not begun:
                raise Interrupted(
                    f"interrupted before the first series was begun: {str(out)!r} is as it was"
                ) from None
            result = series.publish()
            tell(result)
            raise Interrupted(
                f"interrupted: {len(result.done) + len(result.reused):,} of {len(series):,} series are done "
                f"and stay in {str(out)!r}. Run the same command again: it goes on with the rest"
            ) from None
        result = series.publish()
    tell(result)
    return result
