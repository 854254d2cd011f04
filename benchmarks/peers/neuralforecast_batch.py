"""neuralforecast's LSTM on many series: a model for each, or one for all of them, as batch.py asks.

Reads a JSON object a line: ``panel`` (a Parquet file), ``ids`` and ``steps`` of as many trainings, or
``together`` and one number of steps; answers with seconds for each training and its forecast. Libraries
are imported, and the panel is read, before anything is timed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from typing import Any

import pandas as pd
from lightning_epochs import QUIET
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM
from worker import memory


def seconds_for(frame: pd.DataFrame, steps: int, settings: dict[str, Any]) -> float:
    """Seconds to fit a model to the series of a frame and to forecast what comes after each."""
    began = time.perf_counter()
    model = LSTM(
        h=settings["horizon"],
        input_size=settings["sequence_length"],
        encoder_n_layers=1,
        encoder_hidden_size=settings["units"],
        decoder_layers=1,
        loss=MSE(),
        learning_rate=settings["learning_rate"],
        batch_size=min(32, frame["unique_id"].nunique()),  # series a batch
        windows_batch_size=settings["windows"],
        max_steps=steps,
        val_check_steps=steps,
        **QUIET,
    )
    forecaster = NeuralForecast([model], freq="h", local_scaler_type="standard")
    forecaster.fit(frame)
    answers = forecaster.predict()
    assert len(answers) == settings["horizon"] * frame["unique_id"].nunique()
    return time.perf_counter() - began


def main() -> None:
    """Answer until the pipe closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the log, not between the answers

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    answer(versions={name: version(name) for name in ("neuralforecast", "torch", "pytorch-lightning")})
    panel = pd.DataFrame()
    for line in sys.stdin:
        asked = json.loads(line)
        if "panel" in asked:
            panel = pd.read_parquet(asked["panel"])
            answer(ready=True)
            continue
        frame = panel[panel["unique_id"].isin(asked["ids"])]
        if asked["together"]:
            seconds = [seconds_for(frame, asked["steps"][0], asked["settings"])]
        else:
            groups = dict(list(frame.groupby("unique_id")))
            seconds = [
                seconds_for(groups[unique_id], steps, asked["settings"])
                for unique_id, steps in zip(asked["ids"], asked["steps"], strict=True)
            ]
        answer(seconds=seconds, peak=memory()[1])


if __name__ == "__main__":
    main()
