"""Every gate of a network over one window, to be scrubbed through in the browser, linked to the forecast."""

from __future__ import annotations

import logging
from threading import RLock, Timer
from typing import Any, Self

import numpy as np
import traitlets
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.cells import timesteps_and_units
from lstmwidgets.analysis.inside.ledger import forecast_shares, memory_ledger, rests_on
from lstmwidgets.analysis.inside.traces import AnyLayer, AnyWindow
from lstmwidgets.analysis.inside.tracing import refuse_many, trace
from lstmwidgets.analysis.inside.units import order_units, orders_of
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.browser.page import standalone
from lstmwidgets.widgets.explorer import picture
from lstmwidgets.widgets.explorer.module import Module
from lstmwidgets.widgets.explorer.payload import Packed, Surroundings, attention_beside, pack
from lstmwidgets.widgets.explorer.windows import SeriesWindows, times_in_words
from lstmwidgets.widgets.figures import Picture
from lstmwidgets.widgets.view import View

log = logging.getLogger(__name__)

REST_SECONDS = 0.15
"""So long no other window has to be asked for before the forecasts of its every step are computed."""

_SHARED = ("t", "unit", "ahead", "order", "layer", "threshold", "speed", "playing")


class GateExplorer(View):
    """What every cell of a network did at each step of one window, and what the forecast made of it.

    Above, the series with the window on it, to be dragged; below it the window with the forecast as
    known at the present step; then, on the same time axis, a strip for each of i, f, g, o, c and h,
    a row for each unit, and the memory ledger: what each step left in the cell state at the end.
    Beside them the cell itself, with the numbers of one unit at one step on its wires. Scrubbing and
    playing need no kernel.

    A GRU has strips for z, r, g and h, and the ledger of h; a simple recurrent layer one for h. Attention
    has a strip with a row for each head: how the last step weighs every step. It stands below the gates,
    or alone where there are none, and then ``unit`` is the head.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    window : int or timestamp, optional
        The window's starting position, or the time of the last value it reads: a date alone means the
        last value of that day, and where no complete window ends, the nearest is taken. By default
        the last window of the test part.

    Attributes
    ----------
    t : int
        The present step, from 0 to timesteps - 1.
    unit : int
        The unit whose numbers the cell shows.
    start : int or None
        The window's starting position; set it to look at another. None for a bare Keras model.
    beside : int or None
        Starting position of a second window to be shown beside the first.
    layer : str
        The layer looked into, by its name.
    ahead : int
        The step ahead, from 1, whose forecast is shared out among the steps read.
    order : str
        How units are sorted: "index", "half-life", "similarity" or "contribution"; without gates there are
        the first and the third.
    threshold : float
        From 0 to 1: what is smaller is faded; of c and the ledger, as a share of their largest.
    speed : float
        Of playing; at 1, twelve steps a second.
    playing : bool
    trace : WindowTrace, or that of another cell
        The numbers behind it.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster is not fitted, or there is no such window, unit, step, layer or order.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> explorer = GateExplorer(forecaster)
    >>> explorer.t, explorer.trace.c.shape
    (7, (8, 4))
    """

    t = traitlets.Int()
    unit = traitlets.Int()
    start = traitlets.Int(allow_none=True)
    beside = traitlets.Int(None, allow_none=True)
    ahead = traitlets.Int(1)
    layer = traitlets.Unicode()
    order = traitlets.Unicode("half-life")
    threshold = traitlets.Float(0.0)
    speed = traitlets.Float(1.0)
    playing = traitlets.Bool(False)

    def __init__(self, forecaster: Any, window: Any = None) -> None:
        refuse_many(forecaster)
        if getattr(forecaster, "windows_", None) is None:
            self._open(None, forecaster, trace(forecaster, window))
            return
        windows = SeriesWindows(forecaster)
        if window is not None and (isinstance(window, bool) or not isinstance(window, (int, np.integer))):
            window = windows.ending_on(window)
        start = None if window is None else windows.checked("window", int(window))
        self._open(windows, forecaster, trace(forecaster, start=start))

    @classmethod
    def from_model(cls, model: Any, x: Any) -> Self:
        """Look into a Keras model that holds LSTM, GRU, SimpleRNN or MultiHeadAttention layers.

        It has one input and is no subclass with a graph of its own; its activations are those of
        `lstmwidgets.model.inside.activations`, and no step of the window is masked.

        Parameters
        ----------
        model : keras.Model
            Built and trained; sequential, functional or nested, also with ``Bidirectional``.
        x : array, shape (timesteps, features)
            What it reads.

        Raises
        ------
        LSTMWidgetsError
            When there is nothing to be looked into, or ``x`` does not fit; it says what was found.
        """
        explorer = cls.__new__(cls)
        explorer._open(None, model, trace(model, x))
        return explorer

    def _open(self, windows: SeriesWindows | None, source: Any, found: AnyWindow) -> None:
        self.trace = found
        self._windows, self._source = windows, source
        self._answering, self._pending, self._sending = False, Timer(0.0, self._show_known), RLock()
        self._module = Module()
        super().__init__([self._module])
        self.add_class("lw-panel")
        self._set(layer=found.layer.name, t=len(found.state) - 1, start=found.start)
        self._set(order="half-life" if found.gates else "index")
        self._set(unit=int(order_units(found, self.order)[0]))
        self._module.overview = b"" if windows is None else windows.overview()
        self._show()
        for name in _SHARED:
            traitlets.link((self, name), (self._module, name))
        self._module.on_msg(self._on_ask)
        self.observe(self._on_window, ["start", "beside"])
        self.observe(self._on_layer, "layer")

    def _set(self, **state: Any) -> None:
        for name, value in state.items():
            self.set_trait(name, value)
            if name in _SHARED:
                setattr(self._module, name, value)

    # What may be set -----------------------------------------------------------------------

    @traitlets.validate("t")
    def _a_step(self, proposal: dict[str, Any]) -> int:
        return _within("t", proposal["value"], len(self.present.state) - 1, "the layer's steps are")

    @traitlets.validate("unit")
    def _a_unit(self, proposal: dict[str, Any]) -> int:
        return _within("unit", proposal["value"], self.present.state.shape[1] - 1, "the layer's units are")

    @traitlets.validate("ahead")
    def _a_step_ahead(self, proposal: dict[str, Any]) -> int:
        horizon = 1 if self.trace.head is None else len(self.trace.head.bias)
        if not 1 <= proposal["value"] <= horizon:
            raise LSTMWidgetsError(
                f"ahead={proposal['value']} is not accepted: the forecast has the steps 1 to {horizon}"
            )
        return int(proposal["value"])

    @traitlets.validate("layer")
    def _a_layer(self, proposal: dict[str, Any]) -> str:
        return _one_of("layer", proposal["value"], [each.name for each in self.trace.layers])

    @traitlets.validate("order")
    def _an_order(self, proposal: dict[str, Any]) -> str:
        return _one_of("order", proposal["value"], orders_of(self.present))

    @traitlets.validate("threshold")
    def _a_share(self, proposal: dict[str, Any]) -> float:
        if not 0 <= proposal["value"] <= 1:
            raise LSTMWidgetsError(f"threshold={proposal['value']!r} is not accepted: it lies from 0 to 1")
        return float(proposal["value"])

    @traitlets.validate("speed")
    def _a_speed(self, proposal: dict[str, Any]) -> float:
        if not 0.1 <= proposal["value"] <= 10:
            raise LSTMWidgetsError(f"speed={proposal['value']!r} is not accepted: it lies from 0.1 to 10")
        return float(proposal["value"])

    @traitlets.validate("start", "beside")
    def _a_window(self, proposal: dict[str, Any]) -> int:
        name, start = proposal["trait"].name, proposal["value"]
        if self._windows is None:
            raise LSTMWidgetsError(
                f"{name}={start} is not accepted: this explorer has the one window it was made with. "
                "GateExplorer(forecaster) of a forecaster fitted in this session has them all"
            )
        return self._windows.checked(name, start)

    # What it shows -------------------------------------------------------------------------

    @property
    def present(self) -> AnyLayer:
        """The trace of the layer looked into."""
        return next(each for each in self.trace.layers if each.name == self.layer)

    def summary(self) -> str:
        """The present moment in words, and what the forecast rests on."""
        layer = self.present
        numbers = ", ".join(f"{name} {array[self.t, self.unit]:.2f}" for name, array in layer.arrays.items())
        when = self._module.facts["labels"][self.t]
        noun = "Head" if layer.cell == "attention" else "Unit"
        said = f"{self._says(self.trace)}. {noun} {self.unit} at {when}: {numbers}."
        shares = self._shares()
        if shares is None:
            return said
        rests = rests_on(shares[:, [self.ahead - 1]])
        steps = "step" if self.ahead == 1 else "steps"
        return f"{said} The forecast {self.ahead} {steps} ahead, made at the window's end, {rests}."

    def still(self) -> Picture:
        """Draw the window, the strips, the ledger and the cell as a Matplotlib figure, on white."""
        layer, found = self.present, self.trace
        series = None
        around, known = self._around(found), self._known(self.start)
        if found.values is not None and around is not None and known is not None:
            series = found.values, around, known
        shares = self._shares()
        return picture.draw(
            picture.Scene(
                title=f"{self._title()}: {self._says(found)}",
                layer=layer,
                attention=attention_beside(found, layer),
                order=order_units(layer if shares is None else found, self.order),
                t=self.t,
                unit=self.unit,
                labels=self._module.facts["labels"],
                shares=None if shares is None else shares[:, self.ahead - 1],
                series=series,
                missing=" ".join(self._missing(found)),
            )
        )

    def _shares(self) -> NDArray[np.float64] | None:
        """What each step brings to each forecast, where the layer looked into is the one it is made of."""
        if self.trace.head is None or self.present is not self.trace.layer or not self.present.gates:
            return None
        return forecast_shares(memory_ledger(self.present), self.trace)

    def __repr__(self) -> str:
        what = f"start={self.start}" if self.start is not None else f"layer={self.layer!r}"
        return f"GateExplorer({what}, t={self.t}, unit={self.unit}, order={self.order!r})"

    def _page(self) -> str:
        if self._pending.is_alive():
            self._pending.cancel()
            self._show_known()
        facts = {**self._module.facts, "movable": False, "live": False}
        return standalone(self._module, self._title(), self.summary(), facts=facts)

    # What the browser asks for -------------------------------------------------------------

    def _on_ask(self, module: Module, content: dict[str, Any], buffers: Any = None) -> None:
        """Go to the window asked for, or say there why not; the browser waits for an answer either way."""
        before, message = module.answered, ""
        self._answering = True
        try:
            self._go(content.get("ask"), content.get("value"))
        except LSTMWidgetsError as error:
            message = str(error)
        except Exception as error:
            log.exception("the explorer could not show %r", content)
            message = f"{type(error).__name__}: {error}"
        finally:
            self._answering = False
        module.message = message
        if module.answered == before or message:
            module.answered += 1

    def _go(self, ask: Any, value: Any) -> None:
        if self._windows is None:
            raise LSTMWidgetsError("this explorer has the one window it was made with")
        if ask == "start":
            self.start = self._windows.nearest(int(value))
        elif ask == "ending":
            self.start = self._windows.ending_on(value)
        elif ask == "beside":
            self.beside = self._windows.ending_on(value) if value else None

    def _on_window(self, change: dict[str, Any]) -> None:
        if change["name"] == "start" and self.start is None:  # which traitlets lets past the check above
            self.start = change["old"]
            raise LSTMWidgetsError("start=None is not accepted: name the window's starting position")
        if change["name"] == "start":
            self.trace = trace(self._source, start=self.start)
        self._show()

    def _on_layer(self, change: dict[str, Any]) -> None:
        steps, units = timesteps_and_units(self.present)
        if self.unit >= units:  # the layer before had more
            self.set_trait("unit", 0)
        if self.t >= steps:
            self.set_trait("t", steps - 1)
        if self.order not in orders_of(self.present):
            self.set_trait("order", "index")
        self._show()

    # What the browser is given -------------------------------------------------------------

    def _show(self) -> None:
        module = self._module
        self._pending.cancel()
        packed = self._packed(self.trace)
        other = None if self.beside is None else self._packed(trace(self._source, start=self.beside))
        with self._sending, module.hold_sync():
            module.facts, module.block, module.weights = packed.facts, packed.block, packed.weights
            module.other_facts = {} if other is None else other.facts
            module.other_block = b"" if other is None else other.block
            module.known = module.other_known = b""
            module.message = ""
            module.answered += 1
        if self._answering:  # the browser may ask for the next window at once, and should not wait for this
            self._pending = Timer(REST_SECONDS, self._show_known)
            self._pending.daemon = True
            self._pending.start()
        else:
            self._show_known()

    def _show_known(self) -> None:
        """Send the forecasts as known after each step, which take longer than all the rest."""
        for name, at in (("known", "start"), ("other_known", "beside")):
            start = getattr(self, at)
            known = self._known(start)
            with self._sending:
                if known is not None and start == getattr(self, at):  # still the one on the screen
                    setattr(self._module, name, known.astype(np.float32).tobytes())

    def _known(self, start: int | None) -> NDArray[np.float64] | None:
        return None if self._windows is None or start is None else self._windows.known_at(start)

    def _packed(self, found: AnyWindow) -> Packed:
        layer = next(each for each in found.layers if each.name == self.layer)
        packed = pack(found, layer, self._around(found))
        rows = "heads" if layer.cell == "attention" else "units"
        facts = {
            **packed.facts,
            "notes": [*packed.facts["notes"], *self._missing(found)],
            "whole_only": self._windows is not None and bool(self._windows.whole_only),
            "title": self._title(),
            "says": self._says(found),
            "movable": self._windows is not None,
            "live": True,
            "words": f"Arrow keys: left and right for time, up and down for {rows}. Space plays.",
            **({} if self._windows is None else self._windows.facts(found)),
        }
        return Packed(facts, packed.block, packed.weights)

    def _missing(self, found: AnyWindow) -> list[str]:
        """What a forecaster has whose cell is walked step by step, and why this one has not."""
        whole_only = "" if self._windows is None else self._windows.whole_only
        said = [f"There is no forecast as known at each step, because {whole_only}."] if whole_only else []
        if self._windows is not None and found.layer.gates and found.head is None:
            said.append(f"The forecast is not shared out among the steps, because {found.no_head}.")
        if found.layer.cell == "rnn":
            said.append(_GATELESS)
        return said

    def _around(self, found: AnyWindow) -> Surroundings | None:
        return None if self._windows is None or found.start is None else self._windows.around(found.start)

    def _says(self, found: AnyWindow) -> str:
        if found.times is None:
            return f"{len(self.present.state)} steps"
        first, last = times_in_words(found.times[[0, -1]])
        return f"{first} to {last}"

    def _title(self) -> str:
        return f"Inside {self.layer}" if self._windows is None else self._windows.title


_GATELESS = (
    "There is no ledger of what each step brings to the memory or to the forecast, because a simple "
    "recurrent layer has no gates that keep a part of its state."
)


def _within(name: str, value: int, last: int, meaning: str) -> int:
    if isinstance(value, bool) or not 0 <= value <= last:
        raise LSTMWidgetsError(f"{name}={value} is not accepted: {meaning} 0 to {last}")
    return value


def _one_of(name: str, value: str, known: Any) -> str:
    if value not in known:
        raise LSTMWidgetsError(
            f"{name}={value!r} is not accepted: {name} takes {' or '.join(map(repr, known))}"
        )
    return value
