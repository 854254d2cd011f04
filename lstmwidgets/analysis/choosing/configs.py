"""The configs that are to be compared: each with a name, and with its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstmwidgets.analysis.choosing.common import Job
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError

SAME = ("horizon", "validation_fraction", "test_fraction")
"""What configs must share, or their errors are of different targets."""


def named_configs(configs: Mapping[str, LSTMConfig] | Sequence[LSTMConfig]) -> dict[str, LSTMConfig]:
    """The configs by name; those of a list are named by how they differ.

    Raises
    ------
    LSTMWidgetsError
        For no configs, something else than configs, a name that is not a text, or two of a list that are
        the same.

    Examples
    --------
    >>> list(named_configs([LSTMConfig(), LSTMConfig(cell="gru"), LSTMConfig(units=64)]))
    ['cell=lstm, units=32', 'cell=gru, units=32', 'cell=lstm, units=64']
    """
    if isinstance(configs, LSTMConfig):
        configs = [configs]
    if not isinstance(configs, (Mapping, Sequence)) or isinstance(configs, (str, bytes)):
        raise LSTMWidgetsError(
            f"configs={configs!r} is a {type(configs).__name__}: pass a dict of names and configs, as in "
            '{"LSTM": LSTMConfig(), "GRU": LSTMConfig(cell="gru")}, or a list of configs'
        )
    if not configs:
        raise LSTMWidgetsError("configs is empty: pass at least one LSTMConfig, and two to compare")
    if not isinstance(configs, Mapping):
        for config in configs:
            _check_config("an entry of configs", config)
        configs = dict(zip(_names(configs), configs, strict=True))
    for name, config in configs.items():
        if not isinstance(name, str) or not name.strip():
            raise LSTMWidgetsError(f"{name!r} is not a name for a config: pass a text such as 'GRU'")
        _check_config(repr(name), config)
    return dict(configs)


def _check_config(what: str, config: Any) -> None:
    if not isinstance(config, LSTMConfig):
        raise LSTMWidgetsError(
            f"{what} is a {type(config).__name__}, not an LSTMConfig: write LSTMConfig(units=32, …)"
        )


def _names(configs: Sequence[LSTMConfig]) -> list[str]:
    """One name each, of the settings that are not the same in all."""
    settings = [config.model_dump() for config in configs]
    differing = [name for name in settings[0] if len({one[name] for one in settings}) > 1]
    names = [", ".join(f"{name}={one[name]}" for name in differing) or one["cell"] for one in settings]
    for place, name in enumerate(names):
        if (first := names.index(name)) < place:
            with_ = f", with {name}" if differing else ""
            raise LSTMWidgetsError(
                f"configs {first + 1} and {place + 1} are the same{with_}: pass each once, or a dict with a "
                "name for each"
            )
    return names


def check_comparable(configs: Mapping[str, LSTMConfig]) -> None:
    """Refuse configs whose errors would be of different targets.

    Raises
    ------
    LSTMWidgetsError
        When two differ in one of `SAME`.
    """
    first, *rest = configs.items()
    for name, config in rest:
        for field in SAME:
            ours, theirs = getattr(first[1], field), getattr(config, field)
            if ours != theirs:
                raise LSTMWidgetsError(
                    f"{field} is {ours:g} for {first[0]} and {theirs:g} for {name}, so their errors would be "
                    f"of different targets: give all configs the same {field}"
                )


def seeded(config: LSTMConfig, seeds: int | Sequence[int]) -> list[LSTMConfig]:
    """A config once for each seed: so many from its own on, or those listed.

    Raises
    ------
    LSTMWidgetsError
        When ``seeds`` is neither a whole number from 1 up nor a list of different seeds.

    Examples
    --------
    >>> [one.seed for one in seeded(LSTMConfig(seed=5), 3)]
    [5, 6, 7]
    >>> [one.seed for one in seeded(LSTMConfig(), [7, 8])]
    [7, 8]
    """
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        if seeds < 1:
            raise LSTMWidgetsError(
                f"seeds={seeds} is not accepted: pass how many times each config is trained, from 1 up, or a "
                "list of seeds"
            )
        return [config.replace(seed=config.seed + more) for more in range(int(seeds))]
    if not isinstance(seeds, (Sequence, np.ndarray)) or isinstance(seeds, (str, bytes)) or not len(seeds):
        raise LSTMWidgetsError(
            f"seeds={seeds!r} is not accepted: pass a whole number from 1 up, or a list such as [0, 1, 2]"
        )
    each = [config.replace(seed=seed) for seed in seeds]
    for place, one in enumerate(each):
        if one in each[:place]:
            raise LSTMWidgetsError(f"seeds={list(seeds)!r} has {one.seed} twice: give each seed once")
    return each


def jobs_of(configs: Mapping[str, LSTMConfig], seeds: int | Sequence[int]) -> list[Job]:
    """Every config with every seed, all of one config together: its network is compiled once."""
    return [(name, one) for name, config in configs.items() for one in seeded(config, seeds)]
