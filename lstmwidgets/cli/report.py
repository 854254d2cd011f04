"""``lstmwidgets report``: one series in, one report out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lstmwidgets.cli import flags
from lstmwidgets.cli.exits import accepting, printable, write_json

_ADVICE = (
    "The simple rule does as well or better. Worth trying: --auto, by which the series chooses the settings; "
    "or by hand --highway linear --calendar cycles, which begins as a linear model that knows day, week and "
    "year, and a --sequence-length of two seasons or more."
)


@flags.with_settings
def command(
    source: Annotated[
        str,
        typer.Argument(
            help="A CSV or Parquet file, or the name of a bundled series (see lstmwidgets datasets).",
            show_default=False,
        ),
    ],
    settings: dict[str, Any],
    out: flags.Out = None,
    time: flags.Time = None,
    value: flags.Value = None,
    freq: flags.Freq = None,
    id_column: flags.Id = None,
    only: flags.Only = None,
    fill: flags.Fill = None,
    levels: flags.Levels = None,
    auto: flags.Auto = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", metavar="", help="Print the page to report.pdf, by Chromium.")
    ] = False,
    force: flags.Force = False,
    quiet: flags.Quiet = False,
    json: flags.Json = False,
    debug: flags.Debug = False,
) -> None:
    """Report on one series: what it looks like, how good the forecast is, the forecast, what it rests on.

    Writes report.html (one file that needs no network), report.ipynb, forecast.csv, metrics.json and
    model.safetensors into a folder, all at once or not at all. A second run on the same data and settings
    finds the report there; one that was interrupted goes on.
    """
    from lstmwidgets.reports.single.settings import LEVELS, ReportSettings

    asked: dict[str, Any] = {
        "time": time[0] if time and len(time) == 1 else time or None,
        "value": value,
        "freq": freq,
        "id_column": id_column,
        "only": only,
        "fill": fill,
        "levels": flags.levels_of(levels) or LEVELS,
        "auto": auto,
        **settings,
    }
    with accepting():
        ReportSettings.of(source, **asked)
    folder = out if out is not None else Path(f"{flags.stem(source)}-report")
    made = _make(source, folder, asked, pdf=pdf, force=force, shown=not (quiet or json))
    if json:
        write_json(_answer(made))
        return
    unchanged = ("Unchanged: it stands there already. --force makes it anew.",) if made.reused else ()
    for note in () if quiet else (*made.notes, *unchanged):
        typer.echo(printable(note), err=True)
    typer.echo(printable(f"{made.metrics.verdict}\n{made.paths['html']}"))
    lost = (made.metrics.skill or 0) <= 0 and not made.metrics.decisions
    lost = lost and made.metrics.config.highway == "none"
    if lost and not (quiet or made.reused):
        typer.echo(_ADVICE, err=True)


def _make(source: str, folder: Path, asked: dict[str, Any], *, pdf: bool, force: bool, shown: bool) -> Any:
    from lstmwidgets.cli.progress import StageProgress
    from lstmwidgets.reports.single.report import report

    with StageProgress(shown) as progress:
        return report(
            source,
            folder,
            **asked,
            pdf=pdf,
            force=force,
            on_stage=progress.on_stage,
            on_detail=progress.on_detail,
        )


def _answer(made: Any) -> dict[str, Any]:
    metrics = made.metrics
    return {
        "folder": str(made.folder),
        "files": {what: str(path) for what, path in made.paths.items()},
        "verdict": metrics.verdict,
        "tone": metrics.tone,
        "unique_id": metrics.unique_id,
        "skill": metrics.skill,
        "reference": metrics.reference,
        "coverage": {str(each.level): each.coverage for each in metrics.coverage},
        "reused": made.reused,
        "notes": list(made.notes),
        "seconds": round(made.seconds, 3),
    }
