"""``lstmwidgets batch``: one report, or forecast, for each of many series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lstmwidgets.cli import flags
from lstmwidgets.cli.exits import SOME_FAILED, accepting, printable, write_json

_REASONS_SHOWN = 10


@flags.with_settings
def command(
    source: Annotated[
        str,
        typer.Argument(
            help="A CSV or Parquet file of many series, a row for each time of each: unique_id, ds, y.",
            show_default=False,
        ),
    ],
    settings: dict[str, Any],
    out: flags.Out = None,
    id_column: Annotated[
        str,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="Column that tells the series apart.",
            rich_help_panel=flags.DATA,
        ),
    ] = "unique_id",
    time: flags.Time = None,
    value: flags.Value = None,
    freq: flags.Freq = None,
    fill: flags.Fill = None,
    levels: flags.Levels = None,
    auto: flags.Auto = False,
    forecasts_only: Annotated[
        bool,
        typer.Option(
            "--forecasts-only", metavar="", help="Forecasts and metrics alone, without the reports."
        ),
    ] = False,
    workers: Annotated[
        Any,
        typer.Option(
            "--workers",
            parser=flags.number,
            metavar="INT",
            help="Processes on this machine; by default one a core.",
            show_default=False,
        ),
    ] = None,
    scheduler: flags.Scheduler = None,
    force: flags.Force = False,
    quiet: flags.Quiet = False,
    json: flags.Json = False,
    debug: flags.Debug = False,
) -> None:
    """Report on each series of a panel, on all cores or a Dask cluster.

    Writes a folder for each series, index.html over all of them, and summary.parquet. Series that fail are
    told with their reason, and stop nothing. A second run does only what is missing or has changed.
    """
    from lstmwidgets.reports.single.settings import LEVELS, ReportSettings

    if workers is not None and scheduler is not None:
        raise typer.BadParameter(
            "--workers starts processes here, and --scheduler uses others: give one of them"
        )
    asked: dict[str, Any] = {
        "time": time[0] if time and len(time) == 1 else time or None,
        "value": value,
        "freq": freq,
        "id_column": id_column,
        "fill": fill,
        "levels": flags.levels_of(levels) or LEVELS,
        "auto": auto,
        **settings,
    }
    with accepting():
        ReportSettings.of(source, **asked)
        _check_workers(workers)
    folder = out if out is not None else Path(f"{flags.stem(source)}-reports")
    cluster = {"workers": workers, "scheduler": scheduler}
    options = {**asked, **cluster, "forecasts_only": forecasts_only, "force": force}
    result = _run(source, folder, options, shown=not (quiet or json))
    if json:
        write_json(_answer(result))
    else:
        typer.echo(printable(_summary(result)))
    if result.failed:
        raise typer.Exit(SOME_FAILED)


def _check_workers(workers: Any) -> None:
    if workers is None:
        return
    from lstmwidgets.workers.crew import checked

    checked(workers, None)


def _run(source: str, folder: Path, options: dict[str, Any], *, shown: bool) -> Any:
    from lstmwidgets.cli.progress import BatchProgress
    from lstmwidgets.reports.batch import batch

    with BatchProgress(shown) as progress:
        return batch(source, folder, **options, on_event=progress.on_event)


def _summary(result: Any) -> str:
    from lstmwidgets.data.columns import few

    total = len(result.done) + len(result.reused) + len(result.failed)
    reused = f", {len(result.reused):,} of them as they stood" if result.reused else ""
    lines = [f"{len(result.done) + len(result.reused):,} of {total:,} series forecast{reused}."]
    if result.failed:
        lines.append(f"{len(result.failed):,} failed:")
        lines += [f"  {few(names, most=3)}: {reason}" for reason, names in result.reasons[:_REASONS_SHOWN]]
    if len(result.reasons) > _REASONS_SHOWN:
        lines.append(
            f"  and for {len(result.reasons) - _REASONS_SHOWN:,} more reasons, all in {result.index}"
        )
    return "\n".join([*lines, str(result.index)])


def _answer(result: Any) -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "index": str(result.index),
        "summary": str(result.summary),
        "forecasts": str(result.forecasts),
        "done": len(result.done),
        "reused": len(result.reused),
        "failed": result.failed,
        "waiting": result.waiting,
        "seconds": round(result.seconds, 3),
        "exit_code": SOME_FAILED if result.failed else 0,
    }
