"""See what an LSTM remembers, and whether its forecast deserves trust.

Public names are loaded on first use, so that ``import lstmwidgets`` is quick and TensorFlow is
imported only when something trains.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmwidgets.config import LSTMConfig as LSTMConfig
    from lstmwidgets.data.windows import make_windows as make_windows
    from lstmwidgets.errors import LSTMWidgetsError as LSTMWidgetsError

__version__ = "0.1.0"

_HOMES = {
    "GateTrace": "analysis.gates",
    "GateView": "widgets.gate_view",
    "LSTMConfig": "config",
    "LSTMForecaster": "model.forecaster",
    "LSTMWidgetsError": "errors",
    "Trainer": "model.training",
    "TrainingPanel": "widgets.training_panel",
    "WindowView": "widgets.window_view",
    "forecast_table": "analysis.scores",
    "gate_activations": "analysis.gates",
    "list_datasets": "data.datasets",
    "load_dataset": "data.datasets",
    "make_windows": "data.windows",
    "read_series": "data.series",
    "score_table": "analysis.scores",
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
