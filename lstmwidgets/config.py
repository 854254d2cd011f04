"""Every hyperparameter, declared once: bounds, unit, label and help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from lstmwidgets.errors import LSTMWidgetsError


def _plain_number(value: Any) -> Any:
    """Turn a NumPy scalar into the Python number it holds; leave all else alone."""
    return value.item() if isinstance(value, np.generic) else value


Integer = Annotated[int, BeforeValidator(_plain_number)]
Real = Annotated[float, BeforeValidator(_plain_number)]


def _parameter(
    default: Any,
    *,
    label: str,
    unit: str,
    help: str,
    bounds: tuple[float, float] | None = None,
    step: float | None = None,
    scale: Literal["linear", "log"] = "linear",
) -> Any:
    """Declare a field of `LSTMConfig` with everything a slider, a flag or a table needs."""
    extra: dict[str, Any] = {"unit": unit, "scale": scale}
    if step is not None:
        extra["step"] = step
    limits: dict[str, Any] = {} if bounds is None else {"ge": bounds[0], "le": bounds[1]}
    return Field(default=default, title=label, description=help, json_schema_extra=extra, **limits)


_ONLY_OF: dict[str, tuple[str, ...]] = {
    "activation": ("lstm", "gru", "rnn", "bilstm", "lstm_attention"),
    "recurrent_activation": ("lstm", "gru", "bilstm", "lstm_attention"),
}
"""Settings that only some cells have."""


NETWORKS = {
    "lstm": "LSTM",
    "gru": "GRU",
    "rnn": "RNN",
    "bilstm": "BiLSTM",
    "lstm_attention": "LSTM with attention",
    "transformer": "Transformer",
}
"""What the network of each cell is called in tables, pictures and sentences."""


class Parameter(BaseModel):
    """What is known of one hyperparameter: the source of its slider, its flag and its row."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str
    help: str
    unit: str
    kind: Literal["integer", "real", "choice"]
    default: int | float | str
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    scale: Literal["linear", "log"] = "linear"
    choices: tuple[str, ...] = ()

    @property
    def accepts(self) -> str:
        """The accepted values in words, for example ``'a whole number from 1 to 512'``."""
        if self.kind == "choice":
            return " or ".join(repr(choice) for choice in self.choices)
        number = "a whole number" if self.kind == "integer" else "a number"
        return f"{number} from {self.minimum:g} to {self.maximum:.10g}"


class LSTMConfig(BaseModel):
    """The settings of one experiment; frozen, comparable, and written to JSON and back unchanged.

    Every field has a label, a unit, bounds and a help text, which the sliders, the command line
    and the reports share: see `LSTMConfig.parameters`.

    Raises
    ------
    LSTMWidgetsError
        For an unknown field, a wrong type or a value out of bounds; the message names the field,
        the value and what is accepted. Nothing is clamped or converted from text.

    Examples
    --------
    >>> config = LSTMConfig(units=64)
    >>> LSTMConfig.model_validate_json(config.model_dump_json()) == config
    True
    >>> LSTMConfig(units=0)
    Traceback (most recent call last):
        ...
    lstmwidgets.errors.LSTMWidgetsError: units=0 is not accepted: units takes a whole number from 1 to 512
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    sequence_length: Integer = _parameter(
        48,
        label="Sequence length",
        unit="time steps",
        bounds=(1, 2048),
        step=1,
        help="How many past steps the network reads before each forecast.",
    )
    horizon: Integer = _parameter(
        24,
        label="Horizon",
        unit="time steps",
        bounds=(1, 512),
        step=1,
        help="How many steps ahead are forecast at once, one output for each.",
    )
    cell: Literal["lstm", "gru", "rnn", "bilstm", "lstm_attention", "transformer"] = _parameter(
        "lstm",
        label="Cell",
        unit="way",
        help="What reads the window: 'lstm' keeps a cell state behind three gates, 'gru' has two gates and "
        "no cell state, 'rnn' no gate at all; 'bilstm' also reads the window from its end, 'lstm_attention' "
        "looks back at every step before it answers, 'transformer' is attention alone, with as many weights "
        "as the LSTM of these settings.",
    )
    units: Integer = _parameter(
        32,
        label="Units",
        unit="cells per layer",
        bounds=(1, 512),
        step=1,
        help="How many memory cells each layer has. More can hold more, and overfit sooner.",
    )
    layers: Integer = _parameter(
        1,
        label="Layers",
        unit="layers",
        bounds=(1, 3),
        step=1,
        help="How many layers are stacked. One is enough for most series.",
    )
    activation: Literal["tanh", "relu", "sigmoid"] = _parameter(
        "tanh",
        label="Activation",
        unit="way",
        help="What candidate and state go through. 'tanh' keeps them within -1 and 1 and runs on the fast "
        "kernel; 'relu' bounds nothing from above.",
    )
    recurrent_activation: Literal["sigmoid", "hard_sigmoid", "tanh", "relu"] = _parameter(
        "sigmoid",
        label="Recurrent activation",
        unit="way",
        help="What the gates go through. 'sigmoid' and 'hard_sigmoid' keep a gate between shut, 0, and "
        "open, 1; the others do not.",
    )
    dropout: Real = _parameter(
        0.0,
        label="Dropout",
        unit="share of inputs",
        bounds=(0.0, 0.9),
        step=0.05,
        help="Share of each layer's inputs silenced at random while training, against overfitting.",
    )
    epochs: Integer = _parameter(
        20,
        label="Epochs",
        unit="passes",
        bounds=(1, 1000),
        step=1,
        help="How many times training goes through all the training windows.",
    )
    batch_size: Integer = _parameter(
        32,
        label="Batch size",
        unit="windows",
        bounds=(1, 4096),
        step=1,
        scale="log",
        help="How many windows are averaged for one update of the weights.",
    )
    learning_rate: Real = _parameter(
        0.003,
        label="Learning rate",
        unit="per update",
        bounds=(1e-6, 1.0),
        scale="log",
        help="Size of each update. Too large and the loss jumps about; too small and it crawls.",
    )
    patience: Integer = _parameter(
        0,
        label="Patience",
        unit="epochs",
        bounds=(0, 1000),
        step=1,
        help="Stop after this many epochs without a better validation loss; 0 runs every epoch.",
    )
    validation_fraction: Real = _parameter(
        0.15,
        label="Validation part",
        unit="share of the series",
        bounds=(0.05, 0.4),
        step=0.01,
        help="Share of the series, after the training part, that chooses between weights.",
    )
    test_fraction: Real = _parameter(
        0.15,
        label="Test part",
        unit="share of the series",
        bounds=(0.05, 0.4),
        step=0.01,
        help="Share of the series, at its end, that training never sees.",
    )
    centering: Literal["last", "none"] = _parameter(
        "last",
        label="Centering",
        unit="way",
        help="'last' subtracts each window's last value, so that the network learns the change "
        "from it; 'none' feeds the scaled values, and usually loses to repeating the last value.",
    )
    highway: Literal["none", "linear"] = _parameter(
        "none",
        label="Highway",
        unit="way",
        help="'linear' begins as a ridge regression from the window to the forecast, and the network learns "
        "what that leaves; 'none' leaves all to the network.",
    )
    calendar: Literal["none", "cycles"] = _parameter(
        "none",
        label="Calendar",
        unit="way",
        help="'cycles' also feeds where each step stands in its day, week and year; 'none' feeds values "
        "alone.",
    )
    loss: Literal["squared", "absolute"] = _parameter(
        "squared",
        label="Loss",
        unit="way",
        help="What training makes small: 'squared' errors aim at the mean and fear large misses, "
        "'absolute' ones aim at the median.",
    )
    seed: Integer = _parameter(
        0,
        label="Seed",
        unit="integer",
        bounds=(0, 2**31 - 1),
        step=1,
        help="Start of every random draw. The same seed on the same machine gives the same numbers.",
    )

    def __init__(self, **settings: Any) -> None:
        with _readable_errors(type(self)):
            super().__init__(**settings)

    @model_validator(mode="after")
    def _applies(self) -> Self:
        """Refuse what would be left out in silence."""
        for name, cells in _ONLY_OF.items():
            value, default = getattr(self, name), type(self).model_fields[name].default
            if self.cell not in cells and value != default:
                raise ValueError(
                    f"{name}={value!r} is not accepted with cell={self.cell!r}, which has no such thing: "
                    f"leave it at {default!r}, or take a cell that has: {' or '.join(map(repr, cells))}"
                )
        return self

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Build a config from a mapping; see the class for what is refused."""
        with _readable_errors(cls):
            return super().model_validate(obj, **options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Build a config from JSON text; see the class for what is refused."""
        with _readable_errors(cls):
            return super().model_validate_json(json_data, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        raise LSTMWidgetsError(
            f"a config does not change: make another with config.replace({name}={_shown(value)})"
        )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, checked like a new one.

        Its ``model_fields_set`` are those of this one and those changed.
        """
        return type(self)(**{**self.model_dump(exclude_unset=True), **changes})

    @property
    def network(self) -> str:
        """What the network of this config is called: the column of its forecasts, for example ``"LSTM"``."""
        return NETWORKS[self.cell]

    def applies(self, name: str) -> bool:
        """Whether a setting means anything for the cell of this config.

        Examples
        --------
        >>> LSTMConfig(cell="rnn").applies("recurrent_activation")  # it has no gates
        False
        """
        return self.cell in _ONLY_OF.get(name, (self.cell,))

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """All hyperparameters by name, in order: label, help, unit, bounds, step and default."""
        return {name: _describe(name, field) for name, field in cls.model_fields.items()}


def checked_config(config: LSTMConfig | None) -> LSTMConfig:
    """The config given, or the default one; anything else is refused."""
    if config is None:
        return LSTMConfig()
    if not isinstance(config, LSTMConfig):
        raise LSTMWidgetsError(
            f"config={_shown(config)} is a {type(config).__name__}, not an LSTMConfig: write "
            "LSTMConfig(units=32, …), or LSTMConfig(**settings) for a dict of settings"
        )
    return config


def _describe(name: str, field: FieldInfo) -> Parameter:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices = get_args(field.annotation) if field.annotation not in (int, float) else ()
    limits = {
        key: getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)
    }
    return Parameter.model_validate(
        {
            "name": name,
            "label": field.title,
            "help": field.description,
            "default": field.default,
            "kind": "choice" if choices else "integer" if field.annotation is int else "real",
            "minimum": limits.get("ge"),
            "maximum": limits.get("le"),
            "choices": choices,
            **extra,
        }
    )


@contextmanager
def _readable_errors(config: type[LSTMConfig]) -> Iterator[None]:
    """Replace pydantic's report by one sentence a field: name, value, what is accepted."""
    try:
        yield
    except ValidationError as error:
        parameters = config.parameters()
        raise LSTMWidgetsError("; ".join(_sentence(item, parameters) for item in error.errors())) from None


def _sentence(item: Any, parameters: dict[str, Parameter]) -> str:
    if not item["loc"]:
        raised = item.get("ctx", {}).get("error")  # by a check of several fields, in words of its own
        return str(raised) if raised else f"{_shown(item['input'])} is not an LSTMConfig: {item['msg']}"
    name, value = str(item["loc"][0]), item["input"]
    if name not in parameters:
        return f"{name}={_shown(value)} is not accepted: LSTMConfig has the fields {', '.join(parameters)}"
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    choices = parameters[name].choices
    kind = "" if plain or (choices and isinstance(value, str)) else f" ({type(value).__name__})"
    said = f"{name}={_shown(value)}{kind} is not accepted{near(value, choices)}"
    return f"{said}: {name} takes {parameters[name].accepts}"


def near(value: Any, known: Iterable[str]) -> str:
    """A question in parentheses, where what was given is nearly a name that there is; else empty.

    Examples
    --------
    >>> near("GRU", ["lstm", "gru"]), near("zebra", ["lstm", "gru"])
    (" (did you mean 'gru'?)", '')
    """
    if not isinstance(value, str):
        return ""
    found = get_close_matches(value.lower(), list(known), n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
