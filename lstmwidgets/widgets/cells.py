"""How cells are called in views, and how a setting's words fit the cell chosen."""

from __future__ import annotations

from lstmwidgets.config import NETWORKS, LSTMConfig, Parameter

_WORDED: dict[tuple[str, str], dict[str, str]] = {
    ("bilstm", "units"): {"unit": "cells per layer and direction"},
    ("transformer", "units"): {
        "label": "Size",
        "unit": "units of the LSTM as large",
        "help": "The Transformer is given as many parameters as an LSTM of so many units has.",
    },
    ("transformer", "layers"): {
        "label": "Blocks",
        "unit": "encoder blocks",
        "help": "How many encoder blocks are stacked; each one is attention and two dense layers.",
    },
    ("transformer", "dropout"): {
        "unit": "share of what is added",
        "help": "Share of what each half of a block adds that is silenced at random while training, against "
        "overfitting.",
    },
}
"""What differs from a setting's declaration, by cell and setting."""


def named(parameter: Parameter, value: object) -> str:
    """A setting's value as views write it.

    Examples
    --------
    >>> parameters = LSTMConfig.parameters()
    >>> named(parameters["cell"], "lstm_attention"), named(parameters["learning_rate"], 0.003)
    ('LSTM with attention', '0.003')
    """
    if parameter.name == "cell":
        return NETWORKS[str(value)]
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def worded(parameter: Parameter, cell: str) -> Parameter:
    """A setting with label, unit and help as they are true of a cell.

    Examples
    --------
    >>> worded(LSTMConfig.parameters()["units"], "transformer").label
    'Size'
    """
    return parameter.model_copy(update=_WORDED.get((cell, parameter.name), {}))


def parameters_of(config: LSTMConfig) -> dict[str, Parameter]:
    """The settings that mean something for a config's cell, worded for it.

    Examples
    --------
    >>> sorted(set(LSTMConfig.parameters()) - set(parameters_of(LSTMConfig(cell="transformer"))))
    ['activation', 'recurrent_activation']
    """
    return {
        name: worded(parameter, config.cell)
        for name, parameter in LSTMConfig.parameters().items()
        if config.applies(name)
    }
