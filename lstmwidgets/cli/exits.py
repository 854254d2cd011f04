"""How a command ends: one plain sentence, and a number that a script can rely on."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import typer

from lstmwidgets.cli.remedies import as_flags
from lstmwidgets.errors import LSTMWidgetsError, Unavailable

DONE, FAILED, USAGE, DATA, OUTPUT, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

EXIT_CODES = (
    "Exit codes: 0 done; 1 something failed that the input is not to blame for; 2 the command line is not "
    "accepted; 3 the data cannot be used; 4 the output cannot be written; 5 a batch is finished, and some "
    "series failed; 130 interrupted."
)

_LONGEST = 1200
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop(Exception):
    """Ends a command with a sentence and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def accepting() -> Iterator[None]:
    """Say of values that are not accepted that the command line is to blame."""
    try:
        yield
    except LSTMWidgetsError as error:
        raise Stop(str(error), USAGE) from error


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C, and whatever else asks for an end, come as `KeyboardInterrupt`, and only once."""
    asked = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    asked = [each for each in asked if signal.getsignal(each) is not signal.SIG_IGN]  # nohup, or a shell's &

    def interrupt(*_: object) -> None:
        for each in asked:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in asked}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors end in a sentence on standard error, or in an object of JSON with ``--json``.

    So does an interruption of one that has this flag; the others are servers, with ways of their own to end.
    """

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        with interruptible() if "json" in arguments else contextlib.nullcontext():
            attempt(arguments)

    def attempt(arguments: dict[str, Any]) -> None:
        as_json, debug = bool(arguments.get("json")), bool(arguments.get("debug"))
        _quieten(debug)
        try:
            _check_place()
            command(**arguments)
        except (Exception, KeyboardInterrupt) as error:
            if type(error).__module__.split(".")[0] in ("typer", "click"):
                raise  # an exit, or a command line that is not accepted
            if isinstance(error, BrokenPipeError):
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - nobody reads, and Python flushes at its end
                raise typer.Exit(FAILED) from None
            message, code = _told(error)
            if debug:
                traceback.print_exception(error)
            fail(message, code, as_json)

    return wrapper


def fail(message: str, code: int, as_json: bool = False) -> None:
    """End with a message."""
    if len(message) > _LONGEST:  # it quotes a cell without an end: its own words are before and after
        message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
    if as_json:
        write_json({"error": message, "exit_code": code})
    else:
        typer.echo(printable(message), err=True)
    raise typer.Exit(code)


def write_json(answer: dict[str, Any]) -> None:
    """One object on standard output."""
    typer.echo(json.dumps(answer, indent=2, allow_nan=False))


def printable(text: str) -> str:
    """Text that does nothing to a terminal but being read: file and column names may hold anything.

    Examples
    --------
    >>> printable("a\\x1b[31m b")
    'a\\\\x1b[31m b'
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )


def _told(error: BaseException) -> tuple[str, int]:
    from lstmwidgets.reports.single.refusals import OutputError

    name = type(error).__name__
    if isinstance(error, Stop):
        return str(error), error.code
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "interrupted", INTERRUPTED
    if isinstance(error, LSTMWidgetsError):
        codes = {OutputError: OUTPUT, Unavailable: FAILED}
        code = next((code for kind, code in codes.items() if isinstance(error, kind)), DATA)
        return as_flags(str(error)), code
    if name == "StageFailed":
        return str(error), FAILED
    return f"{name}: {error}. This should not happen: run it again with --debug to see where", FAILED


def _check_place() -> None:
    try:
        os.getcwd()
    except OSError:
        raise Stop("the folder you are in was deleted: change into another one", FAILED) from None


def _quieten(debug: bool) -> None:
    """What libraries log and warn of is for whoever looks into an error; a user finds it in the report."""
    if debug:
        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
        return
    warnings.simplefilter("ignore")
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
