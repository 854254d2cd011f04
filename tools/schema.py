"""Write docs/metrics.schema.json, what a report's metrics.json holds, from the model that writes it."""

from __future__ import annotations

import json
from pathlib import Path

from lstmwidgets.reports.study.metrics import Metrics

PATH = Path(__file__).resolve().parents[1] / "docs" / "metrics.schema.json"


def published() -> str:
    """The schema as it stands in the file."""
    return json.dumps(Metrics.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(published(), encoding="utf-8")
