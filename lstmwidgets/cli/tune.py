"""``lstmwidgets tune``: a search for the settings that forecast a series best."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from lstmwidgets.cli import flags
from lstmwidgets.cli.exits import accepting, printable, write_json

BEST, SMALLEST, TRIALS, PAGE = "best.json", "smallest.json", "trials.csv", "search.html"
"""The files it writes: the chosen config, that of the smallest network as good within the noise, a row for
each trial, and a page that shows the search."""

STUDY = "search.sqlite3"
"""Where the search is kept, in the same folder, unless another place is named."""


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
    budget: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="How long trials may take, such as 90s, 5m or 1h30m; none for as long as --trials take.",
        ),
    ] = "5m",
    trials: Annotated[
        Any,
        typer.Option(
            parser=flags.number,
            metavar="INT",
            help="How many trials the search is to have in the end, those of earlier runs included.",
            show_default=False,
        ),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            "--vary",
            metavar="A,B,…",
            help="Settings that are searched, such as units,learning_rate; by default all that matter most "
            "and have no flag here.",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[
        Any,
        typer.Option(
            parser=flags.number,
            metavar="INT",
            help="Origins that each trial is judged at: 1 is the validation part, more also train up to "
            "earlier ones.",
        ),
    ] = 1,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Where the search is kept, and goes on: a file, or an address of Optuna's. By default "
            "search.sqlite3 in the folder of -o.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of the study in it; by default one made of the data and the settings.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        Any,
        typer.Option(
            "--workers",
            parser=flags.number,
            metavar="INT",
            help="Processes on this machine that try side by side; by default one trial after another.",
            show_default=False,
        ),
    ] = None,
    scheduler: flags.Scheduler = None,
    time: flags.Time = None,
    value: flags.Value = None,
    freq: flags.Freq = None,
    id_column: flags.Id = None,
    only: flags.Only = None,
    fill: flags.Fill = None,
    quiet: flags.Quiet = False,
    json: flags.Json = False,
    debug: flags.Debug = False,
) -> None:
    """Search for the settings that forecast a series best, by their error on its validation part.

    Settings given by a flag stay, the others are searched. Writes best.json (the chosen settings),
    smallest.json (of the smallest network that is as good within the noise), trials.csv and search.html into
    a folder, and prints the command of a report with them. The test part is not looked at: the report tells
    how good the choice is there.

    A second run goes on where the first one ended, also after it was killed.
    """
    from lstmwidgets.analysis.choosing.search.budget import checked_trials, seconds_of
    from lstmwidgets.analysis.choosing.search.space import check_names
    from lstmwidgets.analysis.choosing.search.storing import place_of
    from lstmwidgets.config import LSTMConfig
    from lstmwidgets.reports.study.subject import Subject

    if workers is not None and scheduler is not None:
        raise typer.BadParameter(
            "--workers starts processes here, and --scheduler uses others: give one of them"
        )
    asked: dict[str, Any] = {
        "time": time[0] if time and len(time) == 1 else time or None,
        "value": value,
        "freq": freq,
        "id_column": id_column,
        "only": only,
        "fill": fill,
    }
    limit = None if budget == "none" else flags.number(budget)
    names = None if vary is None else [each.strip().replace("-", "_") for each in vary.split(",")]
    with accepting():
        checked_trials(trials, seconds_of(limit))
        check_names(names or ())
        place_of(storage)
        _check_workers(workers)
        config = LSTMConfig(**settings)
        subject = Subject(source, config, **asked)
    with _made(out if out is not None else Path(f"{flags.stem(source)}-search")) as folder:
        _check_gaps(subject, names, folds, shown=not (quiet or json))
        search = _search(
            subject,
            shown=not (quiet or json),
            budget=limit,
            trials=trials,
            space=names,
            folds=folds,
            storage=folder / STUDY if storage is None else storage,
            name=name,
            workers=workers,
            scheduler=scheduler,
        )
        files = _write(search, folder)
    line = _command_line(source, asked, search.best)
    smaller = _command_line(source, asked, search.smallest_as_good, "-small")
    if json:
        write_json(_answer(search, folder, files, line, smaller))
        return
    said = [*search.sentences, f"The search is kept in {search.place}: the same command goes on.", "", line]
    if search.smallest_trial != search.best_trial:
        said += ["or, with the smallest network that is as good:", smaller]
    typer.echo(printable("\n".join([*said, str(files["page"])])))


def _check_gaps(subject: Any, names: list[str] | None, folds: Any, *, shown: bool) -> None:
    """Refuse, before the budget is spent, a series that no report is made of; tell what its gaps cost.

    Raises
    ------
    LSTMWidgetsError
        When the newest values are missing, or the longest windows leave nothing to test on, with what to do.
    """
    from lstmwidgets.analysis.choosing.search.tune import longest_of
    from lstmwidgets.reports.study import gaps

    series = subject.series
    if not series.isna().any():
        return
    longest = longest_of(series, subject.config, names, folds)
    lost = gaps.forecastable(series, longest, subject.fill).left_out
    if lost and shown:
        said = (
            f"{lost:,} windows of {longest.sequence_length} steps, the longest tried, touch a missing value"
        )
        typer.echo(f"{said} and are left out: --fill linear, or another way, fills the gaps", err=True)


def _check_workers(workers: Any) -> None:
    if workers is None:
        return
    from lstmwidgets.workers.crew import checked

    checked(workers, None)


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """The folder, there before a search is made for it, and gone again where nothing came of that."""
    from lstmwidgets.reports.single.refusals import OutputError, checked_name, explained

    checked_name(str(folder))
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{str(folder)!r} is a file: name a folder, for example -o out")
    there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(explained(error, folder)) from error
    try:
        yield folder
    except BaseException:
        if not there:
            with suppress(OSError):  # something is in it
                folder.rmdir()
        raise


def _search(subject: Any, *, shown: bool, **options: Any) -> Any:
    from lstmwidgets.analysis.choosing.search.tune import tune
    from lstmwidgets.cli.progress import SearchProgress

    with SearchProgress(shown) as progress:
        return tune(
            subject.series, config=subject.config, on_trial=progress.on_trial, progress_bar=False, **options
        )


def _write(search: Any, folder: Path) -> dict[str, Path]:
    """The files, each whole or not at all."""
    from lstmwidgets.reports.single.refusals import OutputError, explained
    from lstmwidgets.reports.study.tables import safe_csv
    from lstmwidgets.reports.whole import write_whole
    from lstmwidgets.widgets.search_view import SearchView

    try:
        return {
            "config": write_whole(folder / BEST, f"{search.best.model_dump_json(indent=2)}\n"),
            "smallest": write_whole(
                folder / SMALLEST, f"{search.smallest_as_good.model_dump_json(indent=2)}\n"
            ),
            "trials": write_whole(folder / TRIALS, safe_csv(search.trials.reset_index())),
            "page": SearchView(search).save(folder / PAGE),
        }
    except OSError as error:
        raise OutputError(explained(error, folder)) from error


def _command_line(source: str, asked: dict[str, Any], config: Any, ending: str = "") -> str:
    """The shell command of a report with these settings."""
    from lstmwidgets.reports.study.command import command_of

    given = {name: value for name, value in asked.items() if value is not None}
    line = command_of(source, given, config, f"{flags.stem(source)}-report{ending}")
    return line or shlex.join(["lstmwidgets", "report", source])


def _answer(search: Any, folder: Path, files: dict[str, Path], line: str, smaller: str) -> dict[str, Any]:
    counts = search.trials["state"].value_counts()
    return {
        "folder": str(folder),
        "files": {what: str(path) for what, path in files.items()},
        "config": search.best.model_dump(mode="json"),
        "error": search.best_error,
        "unit": search.unit,
        "trial": search.best_trial,
        "parameters": search.parameters_of(search.best_trial),
        "smallest": {
            "config": search.smallest_as_good.model_dump(mode="json"),
            "error": search.error_of(search.smallest_trial),
            "trial": search.smallest_trial,
            "parameters": search.parameters_of(search.smallest_trial),
            "command": smaller,
        },
        "trials": {str(state): int(count) for state, count in counts.items()},
        "importance": {str(setting): float(share) for setting, share in search.importance.items()},
        "beyond_chance": search.beyond_chance,
        "reason": search.reason,
        "study": search.study.study_name,
        "storage": search.place,
        "command": line,
    }
