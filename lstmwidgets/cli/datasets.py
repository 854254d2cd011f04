"""``lstmwidgets datasets``: the bundled series, and any of them as a file."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any

import typer

from lstmwidgets.cli import flags
from lstmwidgets.cli.exits import write_json


def command(
    name: Annotated[
        str | None, typer.Argument(help="One of them, to be written as CSV.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A new file; by default NAME.csv.", show_default=False
        ),
    ] = None,
    json: flags.Json = False,
    debug: flags.Debug = False,
) -> None:
    """List the bundled series with their source and licence, or write one of them as CSV."""
    from lstmwidgets.data.datasets import list_datasets

    if name is not None:
        path = _written(name, out if out is not None else Path(f"{name}.csv"))
        write_json({"file": str(path)}) if json else typer.echo(path)
        return
    if out is not None:
        raise typer.BadParameter(
            "name the series to be written, for example: lstmwidgets datasets co2 -o co2.csv"
        )
    rows: list[Any] = list_datasets().reset_index().to_dict("records")
    if json:
        write_json({"datasets": rows})
    else:
        _show(rows)


def _written(name: str, path: Path) -> Path:
    """Write one as CSV, into a file that was not there."""
    from lstmwidgets.data.datasets import load_dataset
    from lstmwidgets.reports.single.refusals import OutputError, checked_name

    series = load_dataset(name)
    checked_name(str(path))
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            try:
                series.rename("y").rename_axis("ds").to_csv(file, lineterminator="\n")
                file.flush()
            except BaseException:
                with contextlib.suppress(OSError):
                    path.unlink()
                raise
    except FileExistsError:
        raise OutputError(f"{str(path)!r} is there already: name another file with -o") from None
    except OSError as error:
        raise OutputError(
            f"{str(path)!r} cannot be written ({error.strerror}): name a file elsewhere with -o"
        ) from None
    return path


def _show(rows: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("name", "what it is", "points", "source and licence"):
        table.add_column(column, justify="right" if column == "points" else "left", overflow="fold")
    for row in rows:
        origin = f"{row['source']}\n{row['licence']}"
        table.add_row(row["name"], row["title"], f"{row['points']:,}", origin, end_section=True)
    Console(highlight=False, markup=False).print(table)
