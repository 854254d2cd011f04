"""See what an LSTM remembers, and whether its forecast deserves trust.

Public names are loaded on first use, so that ``import lstmwidgets`` is quick and TensorFlow is
imported only when something trains.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmwidgets.analysis.backtests.backtest import backtest as backtest
    from lstmwidgets.analysis.backtests.drift import refit_due as refit_due
    from lstmwidgets.analysis.backtests.intervals import SplitConformal as SplitConformal
    from lstmwidgets.analysis.backtests.intervals import adaptive_conformal as adaptive_conformal
    from lstmwidgets.analysis.backtests.intervals import coverage_table as coverage_table
    from lstmwidgets.analysis.choosing.compare import Comparison as Comparison
    from lstmwidgets.analysis.choosing.compare import compare as compare
    from lstmwidgets.analysis.choosing.curve import ValidationCurve as ValidationCurve
    from lstmwidgets.analysis.choosing.curve import validation_curve as validation_curve
    from lstmwidgets.analysis.choosing.search.result import Search as Search
    from lstmwidgets.analysis.choosing.search.tune import tune as tune
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis as Diagnosis
    from lstmwidgets.analysis.diagnosis.diagnose import diagnose as diagnose
    from lstmwidgets.analysis.diagnosis.leakage import leakage_tripwire as leakage_tripwire
    from lstmwidgets.analysis.inside.gates import GateTrace as GateTrace
    from lstmwidgets.analysis.inside.gates import gate_activations as gate_activations
    from lstmwidgets.analysis.inside.ledger import Ledger as Ledger
    from lstmwidgets.analysis.inside.ledger import forecast_shares as forecast_shares
    from lstmwidgets.analysis.inside.ledger import memory_ledger as memory_ledger
    from lstmwidgets.analysis.inside.ledger import rests_on as rests_on
    from lstmwidgets.analysis.inside.matching import match as match
    from lstmwidgets.analysis.inside.tracing import WindowTrace as WindowTrace
    from lstmwidgets.analysis.inside.tracing import trace as trace
    from lstmwidgets.analysis.inside.units import dead_units as dead_units
    from lstmwidgets.analysis.inside.units import order_units as order_units
    from lstmwidgets.analysis.inside.units import saturation as saturation
    from lstmwidgets.analysis.repair import compare_fills as compare_fills
    from lstmwidgets.analysis.repair import fill as fill
    from lstmwidgets.analysis.scoring.metrics import error_by_step as error_by_step
    from lstmwidgets.analysis.scoring.scores import forecast_table as forecast_table
    from lstmwidgets.analysis.scoring.scores import score_table as score_table
    from lstmwidgets.analysis.scoring.tables import score_frame as score_frame
    from lstmwidgets.config import LSTMConfig as LSTMConfig
    from lstmwidgets.data.auditing.audit import audit as audit
    from lstmwidgets.data.auditing.report import Audit as Audit
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
    from lstmwidgets.reports.batch.verb import batch as batch
    from lstmwidgets.reports.single.report import report as report
    from lstmwidgets.reports.study.study import Study as Study
    from lstmwidgets.widgets.comparison_view import ComparisonView as ComparisonView
    from lstmwidgets.widgets.forecast_plot import ForecastPlot as ForecastPlot
    from lstmwidgets.widgets.gate_explorer import GateExplorer as GateExplorer
    from lstmwidgets.widgets.gate_view import GateView as GateView
    from lstmwidgets.widgets.search_view import SearchView as SearchView
    from lstmwidgets.widgets.training_panel import TrainingPanel as TrainingPanel
    from lstmwidgets.widgets.units_dial import UnitsDial as UnitsDial
    from lstmwidgets.widgets.window_view import WindowView as WindowView

__version__ = "0.1.0"

_HOMES = {
    "Audit": "data.auditing.report",
    "Comparison": "analysis.choosing.compare",
    "ComparisonView": "widgets.comparison_view",
    "Diagnosis": "analysis.diagnosis.diagnose",
    "ForecastPlot": "widgets.forecast_plot",
    "GateExplorer": "widgets.gate_explorer",
    "GateTrace": "analysis.inside.gates",
    "GateView": "widgets.gate_view",
    "GlobalForecaster": "model.pooled",
    "LSTMConfig": "config",
    "LSTMForecaster": "model.forecaster",
    "LSTMImputer": "model.imputing",
    "LSTMWidgetsError": "errors",
    "Ledger": "analysis.inside.ledger",
    "Search": "analysis.choosing.search.result",
    "SearchView": "widgets.search_view",
    "SplitConformal": "analysis.backtests.intervals",
    "Study": "reports.study.study",
    "Trainer": "model.training",
    "TrainingPanel": "widgets.training_panel",
    "UnitsDial": "widgets.units_dial",
    "ValidationCurve": "analysis.choosing.curve",
    "WindowTrace": "analysis.inside.tracing",
    "WindowView": "widgets.window_view",
    "adaptive_conformal": "analysis.backtests.intervals",
    "audit": "data.auditing.audit",
    "backtest": "analysis.backtests.backtest",
    "batch": "reports.batch.verb",
    "compare": "analysis.choosing.compare",
    "compare_fills": "analysis.repair",
    "coverage_table": "analysis.backtests.intervals",
    "dead_units": "analysis.inside.units",
    "diagnose": "analysis.diagnosis.diagnose",
    "error_by_step": "analysis.scoring.metrics",
    "fill": "analysis.repair",
    "forecast_shares": "analysis.inside.ledger",
    "forecast_table": "analysis.scoring.scores",
    "gate_activations": "analysis.inside.gates",
    "leakage_tripwire": "analysis.diagnosis.leakage",
    "list_datasets": "data.datasets",
    "load_dataset": "data.datasets",
    "make_windows": "data.windows",
    "match": "analysis.inside.matching",
    "memory_ledger": "analysis.inside.ledger",
    "order_units": "analysis.inside.units",
    "read_covariates": "data.covariates",
    "read_series": "data.series",
    "refit_due": "analysis.backtests.drift",
    "report": "reports.single.report",
    "rests_on": "analysis.inside.ledger",
    "saturation": "analysis.inside.units",
    "score_frame": "analysis.scoring.tables",
    "score_table": "analysis.scoring.scores",
    "trace": "analysis.inside.tracing",
    "tune": "analysis.choosing.search.tune",
    "validation_curve": "analysis.choosing.curve",
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
