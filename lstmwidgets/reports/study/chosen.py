"""How a study's settings were chosen, as a list to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmwidgets.config import LSTMConfig
from lstmwidgets.reports.study.command import flag
from lstmwidgets.reports.study.prose import Prose

if TYPE_CHECKING:
    from lstmwidgets.reports.study.study import Study


def decisions(study: Study) -> Prose:
    """A line for each setting that may be chosen; without ``auto``, how to have them chosen."""
    if not study.decisions:
        return Prose(
            "All were given, or left at their defaults. With --auto the series chooses those not given."
        )
    labels = {name: parameter.label for name, parameter in LSTMConfig.parameters().items()}
    points = []
    for decision in study.decisions:
        value = f"{decision.value:.3g}" if isinstance(decision.value, float) else str(decision.value)
        reason = f"{decision.reason[0].upper()}{decision.reason[1:]}."
        points.append((f"{labels[decision.setting]} ({flag(decision.setting)} {value})", reason))
    lead = (
        "They were chosen one after another, by errors on the validation part, which are therefore a little "
        "too small; the test part was never looked at."
    )
    return Prose(lead, points)
