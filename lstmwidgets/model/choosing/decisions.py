"""The audit trail of a self-tuned forecaster: what was chosen, why, and on what evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError

MAY_CHOOSE = ("sequence_length", "calendar", "highway", "learning_rate", "units", "epochs", "patience")
"""Settings that ``auto=True`` chooses, in this order."""

Auto = bool | Sequence[str]
"""What ``auto`` takes: whether to choose all that was not set by hand, or the settings to choose."""

BY_HAND, BY_DEFAULT = "set by you", "left at its default"
"""Reasons of what was not chosen."""


@dataclass(frozen=True)
class Decision:
    """One setting of a self-tuned forecaster.

    Attributes
    ----------
    setting : str
        A field of `LSTMConfig`.
    value : int, float or str
    reason : str
        Why, in words.
    evidence : dict
        The numbers behind it, as plain JSON; empty for a setting that was not chosen.
    chosen : bool
        False for a setting that was set by hand, or left as it was.
    """

    setting: str
    value: int | float | str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    chosen: bool = True

    def __str__(self) -> str:
        value = f"{self.value:.3g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.setting} = {value}: {self.reason}"


class AuditTrail(tuple[Decision, ...]):
    """Decisions in the order in which they were made; shown as a line each.

    Examples
    --------
    >>> print(AuditTrail([Decision("units", 8, BY_HAND, chosen=False)]))
    units = 8: set by you
    """

    __slots__ = ()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the settings that were chosen."""
        return tuple(one.setting for one in self if one.chosen)

    def to_json(self) -> list[dict[str, Any]]:
        """Each decision as plain JSON."""
        return [asdict(one) for one in self]

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def __repr__(self) -> str:
        return str(self) or "AuditTrail(())"


def to_choose(config: LSTMConfig, auto: Auto) -> tuple[str, ...]:
    """The settings that are left to choose, in their order.

    Parameters
    ----------
    config : LSTMConfig
        With ``auto=True``, what was given to it by hand is set, also where that is its default.
    auto : bool or sequence of str
        A sequence names what is chosen, whatever the config says.

    Raises
    ------
    LSTMWidgetsError
        When ``auto`` is neither, names nothing, or something that is not chosen.

    Examples
    --------
    >>> to_choose(LSTMConfig(units=32, epochs=5), True)
    ('sequence_length', 'calendar', 'highway', 'learning_rate', 'patience')
    >>> to_choose(LSTMConfig(units=32), ["units"])
    ('units',)
    """
    if isinstance(auto, bool):
        return tuple(name for name in MAY_CHOOSE if auto and name not in config.model_fields_set)
    accepted = f"auto takes True, False or a list of any of {', '.join(MAY_CHOOSE)}"
    if not isinstance(auto, (list, tuple)) or not auto:
        raise LSTMWidgetsError(f"auto={auto!r} is not accepted: {accepted}")
    unknown = [name for name in auto if name not in MAY_CHOOSE]
    if unknown:
        raise LSTMWidgetsError(f"auto names {unknown[0]!r}, which is not chosen: {accepted}")
    return tuple(name for name in MAY_CHOOSE if name in auto)
