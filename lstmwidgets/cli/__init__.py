"""The command line: one thin command a verb. Never imports TensorFlow."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer.main import get_command

from lstmwidgets.cli import app as app_command
from lstmwidgets.cli import batch, datasets, lab, report, tune
from lstmwidgets.cli.exits import EXIT_CODES, USAGE, fail, guarded

_NAMES = {"token_normalize_func": lambda name: name.replace("_", "-")}

commands = typer.Typer(
    name="lstmwidgets",
    help="See what an LSTM remembers, and whether its forecast deserves trust.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, module in {
    "report": report,
    "batch": batch,
    "tune": tune,
    "app": app_command,
    "lab": lab,
    "datasets": datasets,
}.items():
    words = "\n\n".join(" ".join(text.split()) for text in str(module.command.__doc__).split("\n\n"))
    commands.command(name, help=words, epilog=EXIT_CODES, context_settings=_NAMES)(guarded(module.command))


def _tell_version(wanted: bool) -> None:
    if wanted:
        from lstmwidgets import __version__

        typer.echo(f"lstmwidgets {__version__}")
        raise typer.Exit


@commands.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_tell_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Nothing is done before the command itself."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line, by default this process', and exit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a sentence must not fail at its dash
    try:
        code = get_command(commands).main(arguments, prog_name="lstmwidgets", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        code = _refused(error, arguments)
    sys.exit(code or 0)


def _refused(error: Exception, arguments: list[str]) -> int:
    """One sentence for a command line that cannot be understood."""
    message = str(error.format_message()).strip()  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if not message:  # no command at all: the help was shown
        return 0 if not arguments else USAGE
    path = context.command_path if context is not None else "lstmwidgets"
    try:
        fail(f"{path}: {message.rstrip('.')}. See {path} --help", USAGE, "--json" in arguments)
    except typer.Exit:
        return USAGE
    return USAGE
