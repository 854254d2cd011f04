"""Where attention looks, in words."""

from __future__ import annotations

import numpy as np

from lstmwidgets.analysis.inside.cells import AttentionTrace

EVENLY = 2.0
"""A head that gives no step more than so many times its even share looks at nothing in particular."""


def looks_at(trace: AttentionTrace) -> list[str]:
    """For each head, which step it weighs most; steps are counted back from the last, which is 0.

    Examples
    --------
    >>> looks_at(AttentionTrace(np.array([[0.1, 0.3], [0.8, 0.3], [0.1, 0.4]]), "attention"))
    ['Head 0 looks most at step −1 (80 % of its weight).', 'Head 1 weighs all 3 steps about alike.']
    """
    steps, said = len(trace.a), []
    for head, weights in enumerate(trace.a.T):
        most = int(np.argmax(weights))
        back = f"−{steps - 1 - most}" if most < steps - 1 else "0"
        if weights[most] < EVENLY / steps:
            said.append(f"Head {head} weighs all {steps} steps about alike.")
        else:
            said.append(f"Head {head} looks most at step {back} ({100 * weights[most]:.0f} % of its weight).")
    return said
