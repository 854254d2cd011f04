"""What a search may vary: for each setting a range or a list, within the bounds of `LSTMConfig`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmwidgets.config import LSTMConfig, Parameter, near
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from optuna import Trial

Value = int | float | str

SEARCHED = (
    "sequence_length",
    "units",
    "layers",
    "dropout",
    "learning_rate",
    "centering",
    "highway",
    "calendar",
)
"""What is searched unless something else is asked for."""

USUAL: dict[str, tuple[float, float]] = {
    "units": (8, 128),
    "layers": (1, 2),
    "dropout": (0.0, 0.5),
    "batch_size": (16, 256),
    "learning_rate": (3e-4, 3e-2),
    "epochs": (5, 50),
}
"""Ranges in which good values are mostly found, much narrower than what `LSTMConfig` accepts: a search of
minutes would spend itself on the rest. That of ``sequence_length`` comes from the series."""

_FIXED = {
    "horizon": "it says what is forecast",
    "validation_fraction": "configs are judged on that part, which has to be the same for all",
    "test_fraction": "it says where the part begins that no search may see",
    "seed": "a lucky seed is no better config",
}
_BY_RATIO = ("sequence_length", "units", "batch_size")  # whole numbers, of which 8 and 16 are as far apart
# as 64 and 128
_DIGITS = 4


@dataclass(frozen=True)
class Dial:
    """One setting, and where a search may turn it.

    Attributes
    ----------
    name : str
        A field of `LSTMConfig`.
    low, high : number or None
        Of a range, both ends in it.
    log : bool
        Whether ratios count, and not differences.
    choices : tuple
        In place of a range.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()

    def __contains__(self, value: Any) -> bool:
        if self.low is None or self.high is None:
            return value in self.choices
        return bool(self.low <= value <= self.high)

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that have to be valid for all of them to be."""
        if self.low is None or self.high is None:
            return self.choices
        whole = LSTMConfig.parameters()[self.name].kind == "integer"
        return (int(self.low), int(self.high)) if whole else (self.low, self.high)

    def suggest(self, trial: Trial) -> Any:
        """Ask a trial of Optuna for a value."""
        if self.low is None or self.high is None:
            return trial.suggest_categorical(self.name, self.choices)
        parameter = LSTMConfig.parameters()[self.name]
        if parameter.kind == "integer":
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        step = None if self.log else _step(parameter, self.low, self.high)
        return self.rounded(trial.suggest_float(self.name, self.low, self.high, step=step, log=self.log))

    def rounded(self, value: Any) -> Any:
        """A value as its config has it: such as can be read, and typed."""
        if not isinstance(value, float):
            return value
        short = float(f"{value:.{_DIGITS}g}")
        return short if short in self else value

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return " or ".join(map(str, self.choices))
        return f"{self.low:g} to {self.high:g}" + (" by ratio" if self.log else "")


Space = tuple[Dial, ...]


def space_of(asked: Any, config: LSTMConfig, longest: int, calendar: bool) -> Space:
    """What is searched, in the order of `LSTMConfig`.

    Parameters
    ----------
    asked : None, sequence of str or mapping
        None for `SEARCHED` less what was set by hand in ``config``; names; or names with a range ``(low,
        high)``, a list of choices, or None for the usual range.
    config : LSTMConfig
        Gives the settings that stay.
    longest : int
        The longest ``sequence_length`` that is tried unless a range is asked for.
    calendar : bool
        Whether the series' frequency leaves a calendar to be read.

    Raises
    ------
    LSTMWidgetsError
        For an unknown name, a value out of the config's bounds, a range without room, or nothing at all.
    """
    parameters = LSTMConfig.parameters()
    wanted = _wanted(asked, config, calendar)
    check_names(wanted)
    dials = tuple(
        _dial(parameter, wanted[name], longest)
        for name, parameter in sorted(parameters.items(), key=lambda item: item[0] != "cell")
        if name in wanted
    )
    for dial in dials:
        for value in dial.ends:
            config.replace(
                **{dial.name: value}
            )  # refuses in words what is out of bounds, or does not go along
    return dials


def check_names(names: Iterable[Any]) -> None:
    """Refuse names of settings that no search can vary."""
    fields = LSTMConfig.model_fields
    for name in names:
        if name not in fields:
            can = [field for field in fields if field not in _FIXED]
            raise LSTMWidgetsError(
                f"space names {name!r}, which is no setting{near(name, can)}: what can be searched is "
                f"{', '.join(can)}"
            )
        if name in _FIXED:
            raise LSTMWidgetsError(f"{name} cannot be searched: {_FIXED[name]}. Set it in config")


def configured(trial: Trial, space: Space, config: LSTMConfig) -> LSTMConfig:
    """The config that a trial of Optuna stands for; settings that its cell does not have stay as they are."""
    for dial in space:
        if config.applies(dial.name):
            config = config.replace(**{dial.name: dial.suggest(trial)})
    return config


def start(space: Space, config: LSTMConfig) -> dict[str, Value]:
    """A config's own values, where the search may take them."""
    values = config.model_dump()
    return {
        dial.name: values[dial.name]
        for dial in space
        if values[dial.name] in dial and config.applies(dial.name)
    }


def _wanted(asked: Any, config: LSTMConfig, calendar: bool) -> dict[str, Any]:
    if asked is None:
        left = [name for name in SEARCHED if name not in config.model_fields_set]
        if not calendar and "calendar" in left:
            left.remove("calendar")
        if not left:
            raise LSTMWidgetsError(
                "nothing is left to search: config sets all of it by hand. Name in space= what may vary, for "
                "example space=['units', 'learning_rate']"
            )
        return dict.fromkeys(left)
    if isinstance(asked, Mapping):
        wanted = dict(asked)
    elif isinstance(asked, Sequence) and not isinstance(asked, str):
        wanted = dict.fromkeys(asked)
    else:
        raise LSTMWidgetsError(
            f"space={asked!r} is not accepted: space takes a list of names, or a dict of names with a range "
            "(low, high) or a list of choices"
        )
    if not wanted:
        raise LSTMWidgetsError("space is empty: name at least one setting, for example ['units']")
    return wanted


def _dial(parameter: Parameter, given: Any, longest: int) -> Dial:
    name = parameter.name
    if isinstance(given, list):
        return _of_choices(name, given)
    if given is None and parameter.kind == "choice":
        return Dial(name, choices=parameter.choices)
    if given is None:
        usual = USUAL.get(name, (parameter.minimum or 0, parameter.maximum or 1))
        given = (min(8, longest), longest) if name == "sequence_length" else usual
    return _of_range(parameter, given)


def _of_choices(name: str, given: list[Any]) -> Dial:
    values = tuple(each.item() if isinstance(each, np.generic) else each for each in given)
    if not values or len(set(map(repr, values))) < len(values):
        trouble = "is empty" if not values else "has a value twice"
        raise LSTMWidgetsError(f"space[{name!r}]={given!r} is not accepted: the list {trouble}")
    return Dial(name, choices=values)


def _of_range(parameter: Parameter, given: Any) -> Dial:
    name = parameter.name
    numbers = isinstance(given, tuple) and len(given) == 2 and all(map(_is_number, given))
    whole = parameter.kind != "integer" or (numbers and all(float(each).is_integer() for each in given))
    if parameter.kind == "choice" or not numbers or not whole or not given[0] <= given[1]:
        lists = (
            "a list of choices" if parameter.kind == "choice" else "a list of choices or a range (low, high)"
        )
        raise LSTMWidgetsError(
            f"space[{name!r}]={given!r} is not accepted: {name} takes {lists}, of {parameter.accepts}"
        )
    low, high = (each.item() if isinstance(each, np.generic) else each for each in given)
    log = low > 0 and (parameter.scale == "log" or name in _BY_RATIO)
    return Dial(name, low, high, log)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _step(parameter: Parameter, low: float, high: float) -> float | None:
    """The step of a slider, where it divides the range."""
    step = parameter.step
    if not step or low == high:
        return None
    steps = (high - low) / step
    return step if abs(steps - round(steps)) < 1e-9 else None
