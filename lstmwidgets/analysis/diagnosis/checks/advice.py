"""What to try, as far as the settings of the network, where they are known, leave it open."""

from __future__ import annotations

from lstmwidgets.analysis.diagnosis.trial import Trial
from lstmwidgets.config import LSTMConfig

_NOT_KNOWN = LSTMConfig(sequence_length=1, centering="none")
"""Stands for settings that are not known: everything is still to be tried."""

_LONGEST = LSTMConfig.parameters()["sequence_length"].maximum or 0


def untried(trial: Trial, *names: str) -> list[str]:
    """Those of some things to try that a network has not tried, in words; none for a baseline.

    Parameters
    ----------
    names : str
        "centering", "season", "calendar", "highway", "units", "dropout" and "patience" depend on the
        settings; anything else stands for itself.
    """
    if not trial.is_network:
        return []
    config, season = trial.config or _NOT_KNOWN, trial.season
    settings = {
        "centering": "centering='last'" * (config.centering == "none"),
        "season": f"sequence_length from {season} on" * (config.sequence_length < season <= _LONGEST),
        "calendar": "calendar='cycles'" * (config.calendar == "none" and trial.calendar and season > 1),
        "highway": "highway='linear'" * (config.highway == "none"),
        "units": "fewer units" * (config.units > 1),
        "dropout": "dropout" * (config.dropout == 0),
        "patience": "patience for an early stop" * (config.patience == 0),
    }
    return [said for name in names if (said := settings.get(name, name))]


def train_longer(trial: Trial, *names: str) -> str:
    """A sentence: to train for longer, or with some things as in `untried`; empty for a baseline."""
    if not trial.is_network:
        return ""
    patience = 0 if trial.config is None else trial.config.patience
    options = untried(trial, *names)
    return (
        "Train for longer"
        + (f" (patience above {patience})" if patience else "")
        + (f", or with {either(options)}" if options else "")
        + "."
    )


def either(options: list[str]) -> str:
    """Things to choose from, in words.

    Examples
    --------
    >>> either(["a"]), either(["a", "b", "c"])
    ('a', 'a, b or c')
    """
    return " or ".join(filter(None, [", ".join(options[:-1]), options[-1]]))
