"""``lstmwidgets lab``: the lessons copied to a folder and opened in JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lstmwidgets.reports.single.refusals import OutputError
from lstmwidgets.serving.lab import FOLDER, FolderError, copy_notebooks, is_root, open_lab


def command(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="Folder of your own for the notebooks; made where missing."),
    ] = FOLDER,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port for JupyterLab; by default 8888 or the next free.",
            show_default=False,
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open a browser; print the address.")
    ] = False,
    copy_only: Annotated[bool, typer.Option("--copy-only", help="Copy the notebooks and stop.")] = False,
) -> None:
    """Copy the lessons to a folder, and open them in JupyterLab.

    Nothing is ever overwritten: a notebook that is there already stays as it is, yours to change.
    The report's template comes along, in reports/.
    """
    try:
        copied = copy_notebooks(folder)
    except FolderError as error:
        raise OutputError(str(error)) from error
    typer.echo(copied)
    if copy_only:
        return
    if is_root():
        typer.echo("Running as root: JupyterLab is started with --allow-root.", err=True)
    raise typer.Exit(open_lab(folder, port=port, open_browser=not no_browser))
