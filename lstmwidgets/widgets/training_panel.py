"""The training panel: choose a series and settings, train, and see whether the forecast deserves trust."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import traitlets

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.costs import calibration
from lstmwidgets.widgets.controls import SettingsForm
from lstmwidgets.widgets.panel import words
from lstmwidgets.widgets.panel.data_picker import DataPicker, title, unit_of
from lstmwidgets.widgets.panel.layout import PanelLayout
from lstmwidgets.widgets.panel.opinion import Opinion, opinion_of
from lstmwidgets.widgets.panel.session import UNDER_WAY, Session, State
from lstmwidgets.widgets.view import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    from lstmwidgets.model.forecaster import LSTMForecaster
    from lstmwidgets.model.training import Trainer

log = logging.getLogger(__name__)

_NO_HISTORY = pd.DataFrame(
    index=pd.RangeIndex(1, 1, name="epoch"), columns=["loss", "val_loss", "seconds"], dtype="float64"
)


class TrainingPanel(View):
    """Train a network on a series and watch it: settings, loss, forecast and errors beside baselines.

    The kernel stays free while the panel trains. Settings may be changed meanwhile: the training
    goes on with those it began with, and is marked as stale. Choosing another series while none
    trains forgets the last training, as Reset does.

    Parameters
    ----------
    series : str, pandas.Series, DataFrame or path, optional
        A dataset's name, or anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional

    Attributes
    ----------
    state : str
        ``idle``, ``loading`` (TensorFlow), ``training``, ``paused``, ``done``, ``stopped`` or ``failed``.
    stale : bool
        Whether settings or series are no longer those that this training began with.
    problem : str
        Why these settings cannot be trained on this series; empty when they can.

    Raises
    ------
    LSTMWidgetsError
        When there is no such dataset, or the series cannot be read. Settings that do not fit the
        series are told in the panel.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> panel = TrainingPanel("nile", lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2))
    >>> panel.train().state, len(panel.history)
    ('done', 2)
    """

    state = traitlets.Unicode("idle", read_only=True)
    stale = traitlets.Bool(False, read_only=True)
    problem = traitlets.Unicode("", read_only=True)

    def __init__(self, series: Any = None, config: LSTMConfig | None = None) -> None:
        self._session = Session(self)
        self._data, self._settings = DataPicker(series), SettingsForm(config)
        self._shown = PanelLayout(self._data, self._settings)
        self._windows: Windows | None = None
        super().__init__(self._shown.rows)
        self.add_class("lw-panel")
        self._foresee()
        self.state_changed()
        self._wire()

    # For the cells below ------------------------------------------------------------------

    @property
    def config(self) -> LSTMConfig:
        """The settings in the controls; set it to set them all."""
        return self._settings.config

    @config.setter
    def config(self, config: LSTMConfig) -> None:
        if not isinstance(config, LSTMConfig):
            raise LSTMWidgetsError(
                f"config takes an LSTMConfig, not a {type(config).__name__}: for JSON text use "
                "LSTMConfig.model_validate_json(text)"
            )
        self._settings.restore(config)

    @property
    def series(self) -> pd.Series:
        """The chosen series; set it to a dataset's name or anything `lstmwidgets.read_series` reads."""
        return self._data.series

    @series.setter
    def series(self, source: Any) -> None:
        self._data.choose(source)

    @property
    def trainer(self) -> Trainer | None:
        """The present training; None before the first, and after Reset."""
        return self._session.trainer

    @property
    def forecaster(self) -> LSTMForecaster | None:
        """The best weights so far, as a forecaster; None before the first epoch ends."""
        return None if self.trainer is None else self.trainer.forecaster

    @property
    def history(self) -> pd.DataFrame:
        """One row for each finished epoch: ``loss``, ``val_loss``, ``seconds``; see `Trainer.history`."""
        return _NO_HISTORY.copy() if self.trainer is None else self.trainer.history

    @property
    def scores(self) -> pd.DataFrame | None:
        """Errors on the test part, as `lstmwidgets.score_table` gives them; None before."""
        result = self._session.result
        return None if result is None else result.scores

    @property
    def diagnosis(self) -> Diagnosis | None:
        """What `lstmwidgets.diagnose` says of the forecaster, once a training has ended or pauses.

        None before, while it trains and where a diagnosis failed, which the panel then says.
        """
        return self._session.diagnosis

    # What the buttons do ------------------------------------------------------------------

    def train(self) -> TrainingPanel:
        """Train in this cell and return the panel: for notebooks that run from top to bottom.

        Prints nothing; a panel that is shown already is drawn as it goes.

        Raises
        ------
        LSTMWidgetsError
            When the settings do not fit the series, when a training is under way, or when the
            training fails.
        """
        self._check_ready()
        self._session.run(self.config, self.series)
        return self

    def start(self) -> None:
        """Train in the background; raises when the settings do not fit the series."""
        self._check_ready()
        self._session.start(self.config, self.series)

    def pause(self) -> None:
        """Pause; when paused, go on."""
        self._session.pause()

    def step(self) -> None:
        """Train one epoch in the background, then pause; raises when the training has ended."""
        if self.state in ("training", "paused"):
            self._session.step()
        else:
            if self.state in ("done", "stopped", "failed"):
                raise LSTMWidgetsError(
                    f"this panel's training is {self.state}: a step would discard it. Train (start) begins a "
                    "new one, Reset clears it"
                )
            self._check_ready()
            self._session.start(self.config, self.series, one_epoch=True)

    def stop(self) -> None:
        """End the training within one batch and keep the best weights so far."""
        self._session.stop()

    def reset(self) -> None:
        """Stop, and forget this training; the settings stay."""
        self._session.reset()

    async def done(self) -> TrainingPanel:
        """Wait for the end of training and diagnosis without blocking the kernel: ``await panel.done()``."""
        while self.state in UNDER_WAY or self._session.diagnosing:
            await asyncio.sleep(0.05)
        return self

    def _check_ready(self) -> None:
        if self.problem:
            raise LSTMWidgetsError(self.problem)
        self._data.dismiss()

    # What the session tells, on whichever thread ------------------------------------------

    def state_changed(self) -> None:
        """Show the session's state."""
        state: State = self._session.state
        if state in ("idle", "loading"):
            self._draw_series()
        elif self.trainer is not None:
            self.progressed()
        self._shown.enable(state, ready=not self.problem)
        self._say_state(state)
        self._mark_stale()
        self._shown.show_opinion(self._opinion())
        self.set_trait("state", state)  # last: who waits for the end finds everything drawn

    def progressed(self) -> None:
        """Move the progress bar."""
        if self.trainer is not None:
            finished = None if self._session.state in UNDER_WAY else len(self.trainer.history)
            self._shown.show_progress(self.trainer.progress, finished)

    def epochs_ended(self) -> None:
        """Let the loss curve grow."""
        if self.trainer is not None:
            self._shown.show_history(self.trainer.history, self.trainer.config)

    def result_changed(self) -> None:
        """Draw the newest forecasts and scores."""
        if self._session.result is not None and self.trainer is not None:
            self._shown.show_result(self._session.result, unit_of(self.trainer.series))
            self._shown.show_opinion(self._opinion())

    def diagnosed(self) -> None:
        """Say what the diagnosis found, or why there is none."""
        self._shown.show_opinion(self._opinion())

    def went_wrong(self, error: Exception) -> None:
        """Show an error in the status line; the panel stays usable."""
        log.debug("shown in the panel", exc_info=error)
        self._shown.say(words.of_error(error), "error")

    # What the controls do, on the notebook's thread ----------------------------------------

    def _wire(self) -> None:
        for name, button in self._shown.buttons.items():
            button.on_click(self._guarded(getattr(self, name if name != "train" else "start")))
        self._data.observe(self._guarded(self._series_changed), "series")
        self._data.observe(self._guarded(self._refusal_changed), "problem")
        self._settings.observe(self._guarded(self._settings_changed), ["config", "problem"])
        self._shown.on_shown(self._time_machine)

    def _guarded(self, action: Callable[[], None]) -> Callable[[Any], None]:
        """A callback whose exception is shown in the panel, where it would otherwise be lost."""

        def answer(event: Any) -> None:
            try:
                action()
            except Exception as error:
                self.went_wrong(error)

        return answer

    def _time_machine(self) -> None:
        """Have it known how quick this machine is, and the cost told again once it is."""

        def known() -> None:
            with self._session.lock:
                self._foresee()

        calibration.begin(known)

    def _series_changed(self) -> None:
        with self._session.lock:
            self._foresee()
            if self.state in UNDER_WAY:
                self._mark_stale()
            else:
                self._session.reset()

    def _settings_changed(self) -> None:
        with self._session.lock:
            split = None if self._windows is None else self._windows.split
            self._foresee()
            self._mark_stale()
            if self._session.trained_on is None:
                self._shown.call_network(self.config.network, unit_of(self.series))
                if split != (self._windows and self._windows.split):
                    self._draw_series()
            if self.state not in UNDER_WAY:
                self._shown.enable(self._session.state, ready=not self.problem)
                self._say_state(self._session.state)

    def _refusal_changed(self) -> None:
        """A refused file changes nothing but the status line."""
        with self._session.lock:
            if self.state not in UNDER_WAY:
                if self._data.problem:
                    self._say_refusal()
                else:
                    self._say_state(self._session.state)

    def _say_refusal(self) -> None:
        self._shown.say(words.of_refusal(self._data.problem, title(self.series)), "error")

    def _foresee(self) -> None:
        """What the settings will cost, or why they do not fit the series."""
        problem, cost, caution, self._windows = self._settings.problem, "", "", None
        try:
            self._windows = make_windows(self.series, self.config)
            if not problem:
                cost, caution = words.of_cost(self.config, self._windows), words.of_caution(self._windows)
        except LSTMWidgetsError as error:
            problem = problem or str(error)
        self.set_trait("problem", problem)
        self._shown.show_cost(cost, caution)
        self._shown.offer(self.config)

    def _say_state(self, state: State) -> None:
        if self._settings.problem and state not in UNDER_WAY:
            self._shown.say(words.of_refused(self._settings.refused), "error")
        elif self.problem and state not in UNDER_WAY:
            self._shown.say(self.problem, "error")
        elif self._data.problem and state == "idle":
            self._say_refusal()
        elif state == "loading":
            self._shown.say("Loading TensorFlow…" if self._session.loads else "")
        elif state == "idle" or self.trainer is None:
            self._shown.say("Ready to train." if state == "idle" else "")
        else:
            self._shown.say(*words.of_trainer(self.trainer))

    def _mark_stale(self) -> None:
        trained_on = self._session.trained_on
        changed = [] if trained_on is None else words.changes(*trained_on, self.config, self.series)
        self.set_trait("stale", bool(changed))
        self._shown.show_changes(changed)

    def _opinion(self) -> Opinion:
        session = self._session
        return opinion_of(
            session.result,
            session.diagnosis,
            windows=0 if self.trainer is None else len(self.trainer.windows.test),
            pending=session.diagnosing,
            failure=session.failure,
        )

    def _draw_series(self) -> None:
        config, series = self._session.trained_on or (self.config, self.series)
        split = None if self._windows is None else self._windows.split
        self._shown.show_untrained(series, split, config, unit_of(series))

    # Showing ------------------------------------------------------------------------------

    def still(self) -> Figure:
        """Draw the panel as it is now: settings, loss, forecast and errors."""
        from lstmwidgets.widgets.panel.paper import Picture, panel_still

        with self._session.lock:
            config, series = self._session.trained_on or (self.config, self.series)
            windows = self._windows if self.trainer is None else self.trainer.windows
            return panel_still(
                Picture(
                    title=title(series),
                    unit=unit_of(series),
                    status=self._shown.status_text,
                    cost="" if windows is None else words.of_still(config, windows),
                    config=config,
                    series=series,
                    split=None if windows is None else windows.split,
                    stretch=self._shown.forecast.shown,
                    history=self.history,
                    result=self._session.result,
                    opinion=self._opinion(),
                )
            )

    def summary(self) -> str:
        """What the panel shows, in words."""
        with self._session.lock:
            return words.of_panel(title(self.series), self._shown.captions, self._opinion())

    def __repr__(self) -> str:
        return f"TrainingPanel({title(self.series)!r}, {self.state})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        self._session.preload()  # the panel is on its way to the screen: a first Train should not wait
        return bundle
