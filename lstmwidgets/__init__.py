"""See what an LSTM remembers, and whether its forecast deserves trust.

Public names are loaded on first use, so that ``import lstmwidgets`` is quick and TensorFlow is
imported only when something trains.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmwidgets.analysis.backtest import backtest as backtest
    from lstmwidgets.analysis.diagnosis import Diagnosis as Diagnosis
    from lstmwidgets.analysis.diagnosis import diagnose as diagnose
    from lstmwidgets.analysis.gates import GateTrace as GateTrace
    from lstmwidgets.analysis.gates import gate_activations as gate_activations
    from lstmwidgets.analysis.intervals import SplitConformal as SplitConformal
    from lstmwidgets.analysis.intervals import adaptive_conformal as adaptive_conformal
    from lstmwidgets.analysis.intervals import coverage_table as coverage_table
    from lstmwidgets.analysis.leakage import leakage_tripwire as leakage_tripwire
    from lstmwidgets.analysis.ledger import Ledger as Ledger
    from lstmwidgets.analysis.ledger import forecast_shares as forecast_shares
    from lstmwidgets.analysis.ledger import memory_ledger as memory_ledger
    from lstmwidgets.analysis.ledger import rests_on as rests_on
    from lstmwidgets.analysis.matching import match as match
    from lstmwidgets.analysis.metrics import error_by_step as error_by_step
    from lstmwidgets.analysis.repair import compare_fills as compare_fills
    from lstmwidgets.analysis.repair import fill as fill
    from lstmwidgets.analysis.scores import forecast_table as forecast_table
    from lstmwidgets.analysis.scores import score_table as score_table
    from lstmwidgets.analysis.scoring import score_frame as score_frame
    from lstmwidgets.analysis.tracing import WindowTrace as WindowTrace
    from lstmwidgets.analysis.tracing import trace as trace
    from lstmwidgets.analysis.units import dead_units as dead_units
    from lstmwidgets.analysis.units import order_units as order_units
    from lstmwidgets.analysis.units import saturation as saturation
    from lstmwidgets.config import LSTMConfig as LSTMConfig
    from lstmwidgets.data.audit import audit as audit
    from lstmwidgets.data.audit_report import Audit as Audit
    from lstmwidgets.data.covariates import read_covariates as read_covariates
    from lstmwidgets.data.datasets import list_datasets as list_datasets
    from lstmwidgets.data.datasets import load_dataset as load_dataset
    from lstmwidgets.data.series import read_series as read_series
    from lstmwidgets.data.windows import make_windows as make_windows
    from lstmwidgets.errors import LSTMWidgetsError as LSTMWidgetsError
    from lstmwidgets.model.forecaster import LSTMForecaster as LSTMForecaster
    from lstmwidgets.model.imputing import LSTMImputer as LSTMImputer
    from lstmwidgets.model.pooled import GlobalForecaster as GlobalForecaster
    from lstmwidgets.model.training import Trainer as Trainer
    from lstmwidgets.widgets.forecast_plot import ForecastPlot as ForecastPlot
    from lstmwidgets.widgets.gate_explorer import GateExplorer as GateExplorer
    from lstmwidgets.widgets.gate_view import GateView as GateView
    from lstmwidgets.widgets.training_panel import TrainingPanel as TrainingPanel
    from lstmwidgets.widgets.window_view import WindowView as WindowView

__version__ = "0.1.0"

_HOMES = {
    "Audit": "data.audit_report",
    "Diagnosis": "analysis.diagnosis",
    "ForecastPlot": "widgets.forecast_plot",
    "GateExplorer": "widgets.gate_explorer",
    "GateTrace": "analysis.gates",
    "GateView": "widgets.gate_view",
    "GlobalForecaster": "model.pooled",
    "LSTMConfig": "config",
    "LSTMForecaster": "model.forecaster",
    "LSTMImputer": "model.imputing",
    "LSTMWidgetsError": "errors",
    "Ledger": "analysis.ledger",
    "SplitConformal": "analysis.intervals",
    "Trainer": "model.training",
    "TrainingPanel": "widgets.training_panel",
    "WindowTrace": "analysis.tracing",
    "WindowView": "widgets.window_view",
    "adaptive_conformal": "analysis.intervals",
    "audit": "data.audit",
    "backtest": "analysis.backtest",
    "compare_fills": "analysis.repair",
    "coverage_table": "analysis.intervals",
    "dead_units": "analysis.units",
    "diagnose": "analysis.diagnosis",
    "error_by_step": "analysis.metrics",
    "fill": "analysis.repair",
    "forecast_shares": "analysis.ledger",
    "forecast_table": "analysis.scores",
    "gate_activations": "analysis.gates",
    "leakage_tripwire": "analysis.leakage",
    "list_datasets": "data.datasets",
    "load_dataset": "data.datasets",
    "make_windows": "data.windows",
    "match": "analysis.matching",
    "memory_ledger": "analysis.ledger",
    "order_units": "analysis.units",
    "read_covariates": "data.covariates",
    "read_series": "data.series",
    "rests_on": "analysis.ledger",
    "saturation": "analysis.units",
    "score_frame": "analysis.scoring",
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
