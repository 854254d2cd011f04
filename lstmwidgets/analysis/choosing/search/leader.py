"""Hands out the trials of a study, breaks off those that fall behind, and keeps what came of them."""

from __future__ import annotations

import logging
import time as clock
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstmwidgets.analysis.choosing.search.ground import Ground
from lstmwidgets.analysis.choosing.search.space import Space, configured, start
from lstmwidgets.analysis.choosing.search.storing import put_back
from lstmwidgets.analysis.choosing.search.trial import KEPT, Job, Outcome, kept
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import Unavailable

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import TrialState

log = logging.getLogger(__name__)

AT_RANDOM = 10
"""Trials, the first one of them that of the given config, before what was found guides the next."""

BEFORE_PRUNING = 5
"""Trials that have to be known before one is broken off for being worse than their median."""

_WARM_UP = 4  # the first quarter of the epochs says little


@dataclass(frozen=True, eq=False)
class _UnderWay:
    trial: Trial
    job: Job
    known: set[int]  # steps that were told of, by an earlier attempt too


class Leader:
    """One call's part of a search.

    Each trial draws with a seed of its own, made of the search's and of its number. So a search that was
    interrupted goes on with the very trials that it would have had.

    Parameters
    ----------
    study : optuna.Study
    space : Space
    config : LSTMConfig
        Gives what is not searched, and the first trial.
    ground : Ground
    trials : int or None
        How many the study is to have in the end.
    seconds : float or None
        How long this call may take; the clock runs from `begin`.
    seed : int
    on_trial : callable
        Called after each trial.
    on_epoch : callable
        Called after each epoch of any.
    """

    def __init__(
        self,
        study: Study,
        space: Space,
        config: LSTMConfig,
        ground: Ground,
        *,
        trials: int | None,
        seconds: float | None,
        seed: int,
        on_trial: Callable[[], None],
        on_epoch: Callable[[], None],
    ) -> None:
        self._study, self._space, self._config, self._ground = study, space, config, ground
        self._trials, self._seconds, self._seed = trials, seconds, seed
        self._on_trial, self._on_epoch = on_trial, on_epoch
        self._stride = 1 + max(
            [config.epochs, *(int(end) for dial in space if dial.name == "epochs" for end in dial.ends)]
        )
        self._under_way: dict[int, _UnderWay] = {}
        self._pruned: set[int] = set()
        self._ends: float | None = None
        study.pruner = _pruner(self._stride - 1)

    def begin(self) -> None:
        """Start the clock; a study without trials gets the given config as its first."""
        self._ends = None if self._seconds is None else clock.monotonic() + self._seconds
        if not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial(start(self._space, self._config))

    @property
    def left(self) -> float | None:
        """Seconds until the end; None where nothing was said of it."""
        return None if self._ends is None else max(0.0, self._ends - clock.monotonic())

    def ask(self) -> tuple[int, Job] | None:
        """The next trial, one that waits before a new one; None when there is to be none."""
        from optuna.trial import TrialState

        if self.left == 0.0:
            return None
        states = self._states()
        begun = states.total() - states[TrialState.WAITING]
        if self._trials is not None and begun >= self._trials:
            return None
        trial = self._study.ask()
        number = trial.number
        try:
            self._study.sampler = _sampler(self._seed, number)
            config = configured(trial, self._space, self._config)
            known = set(self._study.get_trials(deepcopy=False)[number].intermediate_values)
            job = Job(config, self._ground, self._stride)
            self._under_way[number] = _UnderWay(trial, job, known)
        except BaseException:
            put_back(self._study, trial)
            raise
        return number, job

    def _states(self) -> Counter[TrialState]:
        return Counter(trial.state for trial in self._study.get_trials(deepcopy=False))

    def hear(self, number: int, step: int, error: float) -> bool:
        """Whether a trial may go on that has this error after this step."""
        one = self._under_way.get(number)
        if one is None or number in self._pruned:
            return False
        self._on_epoch()
        if step in one.known:
            return True
        one.known.add(step)
        one.trial.report(error, step)
        folds, epochs = len(self._ground.ends), one.job.config.epochs
        if step == (folds - 1) * self._stride + epochs or not one.trial.should_prune():
            return True  # at its very end there is nothing to be saved
        self._pruned.add(number)
        return False

    def settle(self, number: int, outcome: Outcome) -> None:
        """Keep what came of a trial; one that was stopped for want of time waits for the next call.

        Raises
        ------
        Unavailable
            When something broke that no config is known to break, before any trial came to its end.
        """
        from optuna.trial import TrialState

        pruned = number in self._pruned
        if not (outcome.expected or self._states()[TrialState.COMPLETE]):
            self.put_back(number)
            raise Unavailable(f"the search cannot begin: {outcome.reason}")
        if outcome.state == "stopped" and not pruned:
            self.put_back(number)
            return
        trial = self._under_way.pop(number).trial
        trial.set_user_attr(KEPT, kept(outcome))  # at once: whoever is killed between two leaves half of it
        if outcome.state == "done" and not pruned:
            self._study.tell(trial, outcome.error)
        else:  # of a failed one too the sampler learns, which passes over what Optuna calls failed
            log.info("trial %d ended early: %s", number, outcome.reason or "behind the median")
            self._study.tell(trial, state=TrialState.PRUNED)
        self._on_trial()

    def put_back(self, number: int) -> None:
        """Let a trial wait for another attempt."""
        self._pruned.discard(number)
        put_back(self._study, self._under_way.pop(number).trial)

    def put_all_back(self) -> None:
        """Let every trial under way wait."""
        for number in list(self._under_way):
            self.put_back(number)


def _pruner(epochs: int) -> BasePruner:
    from optuna.pruners import MedianPruner

    spared = max(2, epochs // _WARM_UP)
    return MedianPruner(n_startup_trials=BEFORE_PRUNING, n_warmup_steps=spared + 1, n_min_trials=3)


def _sampler(seed: int, number: int) -> BaseSampler:
    """Tree-structured Parzen estimator, all settings at once."""
    from optuna.samplers import TPESampler

    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return TPESampler(seed=own, n_startup_trials=AT_RANDOM)
