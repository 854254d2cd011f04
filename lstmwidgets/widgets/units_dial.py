"""How many units, measured: the validation curve growing in the background while the class talks."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd
import traitlets

from lstmwidgets.analysis.choosing.curve import ValidationCurve
from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.dial import words
from lstmwidgets.widgets.dial.charts import ErrorCurve, LossGap
from lstmwidgets.widgets.dial.controls import Controls
from lstmwidgets.widgets.dial.measuring import Measuring
from lstmwidgets.widgets.dial.scene import Scene
from lstmwidgets.widgets.dial.table import values_html
from lstmwidgets.widgets.loading import preload
from lstmwidgets.widgets.names import Names
from lstmwidgets.widgets.panel.data_picker import series_of, title, unit_of
from lstmwidgets.widgets.view import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class UnitsDial(View):
    """The validation error over hidden units, or over sequence length, with a band over seeds.

    Start trains each value with each seed in the background, every value once before any a second time,
    and draws each point as it comes. Marked are the value with the smallest error, and the smallest one
    within one standard error of it, which is chosen. Beside it stand the losses on train and validation,
    whose gap is overfitting, and below what each value costs. Stop ends the training under way within a
    batch; Start then goes on with what is missing. What is measured once is kept, also when other values
    are looked at. The test part is left unseen.

    Parameters
    ----------
    series : str, pandas.Series, DataFrame or path
        A dataset's name, or anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional
        All other settings.
    parameter : "units" or "sequence_length"
    values : sequence of int, optional
        By default such as suit the series: see `lstmwidgets.validation_curve`.
    seeds : int or sequence of int
        How many trainings of each value, or their seeds.
    covariates : pandas.DataFrame, optional
        As in `lstmwidgets.Trainer`.

    Attributes
    ----------
    parameter : str
        Set it to look at the other one, with values that suit it.
    values : tuple of int
    seeds : int or tuple of int
    state : str
        ``idle``, ``running``, ``done``, ``stopped`` or ``failed``.
    problem : str
        Why these values cannot be tried on this series, or why the trainings failed; empty otherwise.
    curve : ValidationCurve or None
        What is measured so far.
    config : LSTMConfig
        The settings with the value chosen so far.
    series : pandas.Series

    Methods
    -------
    run()
        Train what is missing in this cell, and return the dial.
    start(), stop()
        What the buttons do: train in the background, and end that; neither waits.
    done()
        ``await dial.done()`` waits for the end.

    Raises
    ------
    LSTMWidgetsError
        For a series that cannot be read, a parameter without a curve, no values, and values or seeds that
        are not accepted. Values that do not fit the series are told in the view.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, epochs=1)
    >>> dial = UnitsDial("nile", config, values=[2, 4], seeds=1).run()
    >>> dial.state, dial.curve.table["parameters"].to_dict()
    ('done', {2: 38, 4: 106})
    """

    parameter = traitlets.Unicode("units")
    values = traitlets.Any()
    seeds = traitlets.Any(3)
    state = traitlets.Unicode("idle", read_only=True)
    problem = traitlets.Unicode("", read_only=True)

    def __init__(
        self,
        series: Any,
        config: LSTMConfig | None = None,
        parameter: str = "units",
        values: Sequence[int] | None = None,
        seeds: int | Sequence[int] = 3,
        *,
        covariates: pd.DataFrame | None = None,
    ) -> None:
        known = series_of(series)
        self._measuring = Measuring(known, checked_config(config), covariates, self._redraw, self._progressed)
        self._measuring.aim(parameter, values, seeds)
        self._errors, self._losses = ErrorCurve(), LossGap()
        self._controls, self._names = Controls(), Names()
        self._table = ipywidgets.HTML().add_class("lw-scores").add_class("lw-values")
        self._reason = ipywidgets.HTML().add_class("lw-choice")
        self._heading = ipywidgets.HTML()
        self._aiming = False
        self._tried: dict[str, tuple[int, ...]] = {}  # so that a parameter comes back with its values
        super().__init__(
            [
                self._heading,
                *self._controls.rows,
                ipywidgets.Box([self._errors, self._losses]).add_class("lw-charts"),
                self._reason,
                self._table,
                self._names,
            ]
        )
        self.add_class("lw-panel").add_class("lw-dial")
        self._take_plan()
        self._redraw()
        self._wire()

    # For the cells below ------------------------------------------------------------------

    @property
    def curve(self) -> ValidationCurve | None:
        """What is measured of the values and seeds now chosen; None before the first training has ended."""
        return self._measuring.curve

    @property
    def config(self) -> LSTMConfig:
        """The settings with the value chosen: the smallest that is as good as the best, so far.

        Raises
        ------
        LSTMWidgetsError
            Before the first training has ended, and where all have failed.
        """
        curve = self.curve
        if curve is None or curve.chosen is None:
            raise LSTMWidgetsError(
                "nothing is chosen yet: press Start and wait for a first point, or call dial.run()"
                if curve is None
                else curve.reason
            )
        return self._measuring.config.replace(**{self.parameter: curve.chosen})

    @property
    def series(self) -> pd.Series:
        """The series that is trained on."""
        return self._measuring.series

    # What the buttons do ------------------------------------------------------------------

    def run(self) -> UnitsDial:
        """Train what is missing in this cell and return the dial: for notebooks that run from top to bottom.

        Prints nothing; a dial that is shown already is drawn as it goes.

        Raises
        ------
        LSTMWidgetsError
            When the values do not fit the series, when the dial is running already, or when a training
            fails for a reason that all would fail for.
        """
        self._check_ready()
        self._measuring.run()
        return self

    def start(self) -> None:
        """Train what is missing in the background; raises when the values do not fit the series."""
        self._check_ready()
        self._measuring.start()

    def stop(self) -> None:
        """End the training under way within one batch; the points stay, and Start goes on from there.

        Returns at once, before that batch has ended: ``await dial.done()`` waits for it.
        """
        self._measuring.stop()

    async def done(self) -> UnitsDial:
        """Wait for the end without blocking the kernel: ``await dial.done()``."""
        while self.state == "running":
            await asyncio.sleep(0.05)
        return self

    def _check_ready(self) -> None:
        self._measuring.check_free()
        if self._controls.problem:
            raise LSTMWidgetsError(self._controls.problem)
        if self.problem and self.state != "failed":
            raise LSTMWidgetsError(self.problem)

    # What is planned ------------------------------------------------------------------------

    @traitlets.observe("parameter", "values", "seeds")
    def _aim(self, change: Mapping[str, Any]) -> None:
        """Take what was set; where it is refused, all stays as it was."""
        if self._aiming or not hasattr(self, "_names"):
            return
        name = change["name"]
        values = self._tried.get(self.parameter) if name == "parameter" else self.values
        try:
            self._measuring.aim(self.parameter, values, self.seeds)
        finally:
            self._take_plan()
            self._redraw()

    def _take_plan(self) -> None:
        plan, self._aiming = self._measuring.plan, True
        self._tried[plan.parameter] = plan.values
        try:
            self.parameter, self.values, self.seeds = plan.parameter, plan.values, plan.seeds
            self._controls.hold(plan)
        finally:
            self._aiming = False

    # What the trainings tell, on whichever thread ---------------------------------------------

    def _redraw(self) -> None:
        with self._measuring.lock:
            scene = self._scene()
            self._heading.value = f"<h4>{html.escape(words.heading(scene))}</h4>"
            self._errors.show(scene)
            self._losses.show(scene)
            self._table.value = values_html(scene)
            heed = "".join(
                f'<div class="lw-warning">{html.escape(one)}</div>' for one in words.cautions(scene)
            )
            chosen = html.escape(words.of_choice(scene))
            self._reason.value = f'<div role="status" class="lw-verdict">{chosen}{heed}</div>'
            self._progressed()
            self._controls.enable(self._measuring.state, ready=not self._measuring.problem)
            self._name()
            self.set_trait("problem", self._measuring.problem)
            self.set_trait("state", self._measuring.state)  # last: who waits finds everything drawn

    def _progressed(self) -> None:
        with self._measuring.lock:
            self._controls.say(*words.of_state(self._measuring))
            self._controls.show_cost(words.of_cost(self._measuring))
            self._controls.show_progress(self._measuring)

    # What the controls do, on the notebook's thread -------------------------------------------

    def _wire(self) -> None:
        for name, button in self._controls.buttons.items():
            button.on_click(self._guarded(getattr(self, name)))
        self._controls.on_change(self._guarded(self._chosen))

    def _guarded(self, action: Callable[[], None]) -> Callable[..., None]:
        """A callback whose exception is shown in the view, where it would otherwise be lost."""

        def answer(*event: Any) -> None:
            try:
                action()
            except Exception as error:
                self._controls.say(str(error), "error")

        return answer

    def _chosen(self) -> None:
        """Take what the controls hold, where it is accepted."""
        if self._aiming:
            return
        try:
            wanted = self._controls.wanted
            other = wanted.parameter != self.parameter
            values = self._tried.get(wanted.parameter) if other else wanted.values
            self._measuring.aim(wanted.parameter, values, wanted.seeds)
        except LSTMWidgetsError as error:
            self._controls.refuse(str(error))
            return
        self._take_plan()
        self._redraw()

    def _name(self) -> None:
        """Tell a screen reader what ipywidgets and bqplot do not."""
        charts = {"errors": self._errors, "gap": self._losses}
        self._names.attributes = self._controls.named | {
            f".lw-figure-{name} .svg-figure": {"role": "img", "aria-label": f"{chart.heading}. {chart.words}"}
            for name, chart in charts.items()
        }

    # Showing ------------------------------------------------------------------------------

    def _scene(self) -> Scene:
        plan, (rule, rule_error) = self._measuring.plan, self._measuring.to_beat
        return Scene(
            title=title(self.series),
            unit=unit_of(self.series),
            parameter=plan.parameter,
            values=plan.values,
            rounds=plan.rounds,
            curve=self._measuring.curve,
            rule=rule,
            rule_error=rule_error,
        )

    def still(self) -> Figure:
        """Draw the dial as it is now: curve, losses and costs."""
        from lstmwidgets.widgets.dial import picture

        with self._measuring.lock:
            return picture.draw(self._scene(), words.of_state(self._measuring)[0])

    def summary(self) -> str:
        """What is measured and chosen, in words."""
        with self._measuring.lock:
            return words.summary(self._scene(), words.of_state(self._measuring)[0])

    def __repr__(self) -> str:
        done, planned = len(self._measuring.measured), len(self._measuring.plan.jobs)
        how_far = f"{self.state}, {done} of {planned} trainings"
        return f"UnitsDial({title(self.series)!r}, {self.parameter}, {how_far})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        preload()  # the dial is on its way to the screen: a first Start should not wait
        return bundle
