"""See what an LSTM remembers, and whether its forecast deserves trust.

Public names are loaded on first use, so that ``import lstmwidgets`` is quick and TensorFlow is
imported only when something trains.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmwidgets.analysis.gates import GateTrace as GateTrace
    from lstmwidgets.analysis.gates import gate_activations as gate_activations
    from lstmwidgets.analysis.ledger import Ledger as Ledger
    from lstmwidgets.analysis.ledger import forecast_shares as forecast_shares
    from lstmwidgets.analysis.ledger import memory_ledger as memory_ledger
    from lstmwidgets.analysis.ledger import rests_on as rests_on
    from lstmwidgets.analysis.matching import match as match
    from lstmwidgets.analysis.scores import forecast_table as forecast_table
    from lstmwidgets.analysis.scores import score_table as score_table
    from lstmwidgets.analysis.tracing import WindowTrace as WindowTrace
    from lstmwidgets.analysis.tracing import trace as trace
    from lstmwidgets.analysis.units import dead_units as dead_units
    from lstmwidgets.analysis.units import order_units as order_units
    from lstmwidgets.analysis.units import saturation as saturation
    from lstmwidgets.config import LSTMConfig as LSTMConfig
    from lstmwidgets.data.datasets import list_datasets as list_datasets
    from lstmwidgets.data.datasets import load_dataset as load_dataset
    from lstmwidgets.data.series import read_series as read_series
    from lstmwidgets.data.windows import make_windows as make_windows
    from lstmwidgets.errors import LSTMWidgetsError as LSTMWidgetsError
    from lstmwidgets.model.forecaster import LSTMForecaster as LSTMForecaster
    from lstmwidgets.model.training import Trainer as Trainer
    from lstmwidgets.widgets.gate_explorer import GateExplorer as GateExplorer
    from lstmwidgets.widgets.gate_view import GateView as GateView
    from lstmwidgets.widgets.training_panel import TrainingPanel as TrainingPanel
    from lstmwidgets.widgets.window_view import WindowView as WindowView

__version__ = "0.1.0"

_HOMES = {
    "GateExplorer": "widgets.gate_explorer",
    "GateTrace": "analysis.gates",
    "GateView": "widgets.gate_view",
    "LSTMConfig": "config",
    "LSTMForecaster": "model.forecaster",
    "LSTMWidgetsError": "errors",
    "Ledger": "analysis.ledger",
    "Trainer": "model.training",
    "TrainingPanel": "widgets.training_panel",
    "WindowTrace": "analysis.tracing",
    "WindowView": "widgets.window_view",
    "dead_units": "analysis.units",
    "forecast_shares": "analysis.ledger",
    "forecast_table": "analysis.scores",
    "gate_activations": "analysis.gates",
    "list_datasets": "data.datasets",
    "load_dataset": "data.datasets",
    "make_windows": "data.windows",
    "match": "analysis.matching",
    "memory_ledger": "analysis.ledger",
    "order_units": "analysis.units",
    "read_series": "data.series",
    "rests_on": "analysis.ledger",
    "saturation": "analysis.units",
    "score_table": "analysis.scores",
    "trace": "analysis.tracing",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'lstmwidgets' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
