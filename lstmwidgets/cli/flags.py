"""The flags of the commands: those of `LSTMConfig` by its declaration, and those that several share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lstmwidgets.cli.exits import USAGE, Stop
from lstmwidgets.config import LSTMConfig, Parameter

NETWORK = "The network, and how it is trained"
DATA = "The data"
ANSWER = "What is told"

_MOST = 1 << 53  # above it a float no longer tells one whole number from the next


def _data(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=DATA, show_default=False)


Time = Annotated[
    list[str] | None,
    _data(
        "--time",
        metavar="COLUMN",
        help="Column of times; found by itself where only one fits. Several times for columns called "
        "year, month, day, hour.",
    ),
]
Value = Annotated[
    str | None,
    _data("--value", metavar="COLUMN", help="Column of values; found by itself where only one fits."),
]
Freq = Annotated[
    str | None,
    _data(
        "--freq", metavar="FREQ", help="Step from one time to the next, such as h, D or MS; else inferred."
    ),
]
Id = Annotated[
    str | None,
    _data(
        "--id",
        metavar="COLUMN",
        help="Column that tells several series apart; unique_id where there is one.",
    ),
]
Only = Annotated[str | None, _data("--only", metavar="ID", help="Which of several series is meant.")]
Fill = Annotated[
    str | None,
    _data(
        "--fill",
        metavar="WAY",
        help="What is done about missing values: forward, backward, mean, linear, seasonal, lstm, or mask to "
        "keep them as unknown. Else they stay gaps, and windows that touch one are left out.",
    ),
]
Levels = Annotated[
    list[str] | None,
    typer.Option(
        "--levels",
        metavar="80,90",
        help="Per cent of what comes that each interval is to hold (default 80,90).",
        rich_help_panel=DATA,
        show_default=False,
    ),
]
Auto = Annotated[
    bool,
    typer.Option(
        "--auto",
        metavar="",
        help="Let the series choose what is not given here: how far to read, calendar, highway, learning "
        "rate, units, and when to stop. Takes a few trainings' time, and says why.",
        rich_help_panel=NETWORK,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FOLDER", help="Folder to be written.", show_default=False),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="A Dask scheduler to be used in place of processes here, such as tcp://host:8786.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", metavar="", help="Do everything anew, the training too.")]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", metavar="", help="No progress, only what came of it.", rich_help_panel=ANSWER
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", metavar="", help="One object of JSON on standard output.", rich_help_panel=ANSWER),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", metavar="", help="On an error, show where it was raised.", rich_help_panel=ANSWER
    ),
]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """A command with a flag for each field of `LSTMConfig`; those given arrive in its ``settings``."""
    parameters = LSTMConfig.parameters()

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in parameters}
        settings = {name: value for name, value in given.items() if value is not None}
        command(**arguments, settings=settings)

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "settings"]
    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_flag(parameter))
        for name, parameter in parameters.items()
    ]
    both = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *flags)]
    wrapper.__signature__ = signature.replace(parameters=both)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in both}
    return wrapper


def levels_of(given: list[str] | None) -> list[Any] | None:
    """Levels as numbers, from one flag with commas or several; what is no number stays what it is.

    Examples
    --------
    >>> levels_of(["80, 90", "95"]), levels_of(["high"])
    ([80, 90, 95], ['high'])
    """
    if not given:
        return None
    levels = [each.strip() for one in given for each in one.split(",")]
    if not all(levels):
        raise Stop(
            f"--levels {','.join(given)} is not accepted: --levels takes whole numbers from 1 to 99 with a "
            "comma between any two, such as 80,90",
            USAGE,
        )
    return [number(level) for level in levels]


def number(text: str) -> Any:
    """Text as the number that it is, a whole one in whatever form; else as it is.

    Examples
    --------
    >>> [number(text) for text in ("80", "1e3", "0.5", "many")]
    [80, 1000, 0.5, 'many']
    """
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        return int(found) if isinstance(found, float) and found.is_integer() and abs(found) < _MOST else found
    return text


def stem(source: str) -> str:
    """A source's name without its folders and endings.

    Examples
    --------
    >>> stem("sales/data.csv.gz"), stem("co2")
    ('data', 'co2')
    """
    name = Path(source).name
    return name.split(".")[0] or name.strip(".") or "series"


def _flag(parameter: Parameter) -> Any:
    """Whatever is given goes to `LSTMConfig` as it is, whose sentence says what is accepted."""
    choices = "|".join(parameter.choices)
    bounds = "" if choices else f"{parameter.unit}, {parameter.minimum:g} to {parameter.maximum:.10g}; "
    option = typer.Option(
        f"--{parameter.name.replace('_', '-')}",
        parser=str if choices else number,
        metavar=choices or parameter.kind.upper(),
        help=f"{parameter.help} ({bounds}default {parameter.default})",
        show_default=False,
        rich_help_panel=NETWORK,
    )
    return Annotated[Any, option]
