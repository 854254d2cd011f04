"""A PyTorch loop as a careful user writes it: ``nn.LSTM`` or ``nn.GRU``, fused Adam, tensors in memory."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from worker import Task, serve


class Forecaster(nn.Module):
    """The last hidden state of the last layer through one linear layer."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[task.cell]
        self.recurrent = kind(1, task.units, task.layers, batch_first=True)
        self.head = nn.Linear(task.units, task.horizon)
        with torch.no_grad():
            for number, weights in enumerate(task.recurrent):
                kernel, recurrent_kernel, bias = (_as_here(each, task.cell) for each in weights)
                getattr(self.recurrent, f"weight_ih_l{number}").copy_(kernel.T)
                getattr(self.recurrent, f"weight_hh_l{number}").copy_(recurrent_kernel.T)
                biases = [getattr(self.recurrent, f"bias_{which}_l{number}") for which in ("ih", "hh")]
                if task.cell == "gru":  # which has two in Keras too
                    for ours, theirs in zip(biases, bias, strict=True):
                        ours.copy_(theirs)
                else:  # Keras has one for the two here: training both would move their sum twice as fast
                    biases[0].copy_(bias)
                    biases[1].zero_().requires_grad_(False)
            kernel, bias = map(torch.from_numpy, task.head)
            self.head.weight.copy_(kernel.T)
            self.head.bias.copy_(bias)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.recurrent(inputs)
        return self.head(hidden[:, -1])


def _as_here(weights: NDArray[np.float32], cell: str) -> torch.Tensor:
    """Gates, along the last axis, in PyTorch's order: i, f, g, o as in Keras, but r, z, n for z, r, h."""
    if cell == "gru":
        z, r, h = np.split(weights, 3, -1)
        weights = np.concatenate([r, z, h], -1)
    return torch.from_numpy(weights)


class TorchEager:
    """Batches picked by index; the loss is summed on the tensor side and read once an epoch."""

    def __init__(self, task: Task) -> None:
        self.model = Forecaster(task)
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=task.learning_rate, eps=1e-7, fused=True)
        self.inputs, self.targets = torch.from_numpy(task.inputs), torch.from_numpy(task.targets)
        self.task = task

    def epoch(self, number: int) -> float:
        order = torch.from_numpy(self.task.orders[number])
        total = torch.zeros(())
        for batch in order.split(self.task.batch_size):
            loss = nn.functional.mse_loss(self.model(self.inputs[batch]), self.targets[batch])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(batch)
        return float(total) / len(order)


if __name__ == "__main__":
    serve(TorchEager, ["torch"])
