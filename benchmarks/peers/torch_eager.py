"""A PyTorch loop as a careful user writes it: ``nn.LSTM``, fused Adam, tensors in memory, no DataLoader."""

from __future__ import annotations

import torch
from torch import nn
from worker import Task, serve


class Forecaster(nn.Module):
    """The LSTM's last hidden state through one linear layer."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, task.units, batch_first=True)
        self.head = nn.Linear(task.units, task.horizon)
        kernel, recurrent_kernel, bias, head_kernel, head_bias = map(torch.from_numpy, task.weights)
        with torch.no_grad():  # gates are packed i, f, g, o here too
            self.lstm.weight_ih_l0.copy_(kernel.T)
            self.lstm.weight_hh_l0.copy_(recurrent_kernel.T)
            self.lstm.bias_ih_l0.copy_(bias)
            self.lstm.bias_hh_l0.zero_()
            self.head.weight.copy_(head_kernel.T)
            self.head.bias.copy_(head_bias)
        # Keras has one bias for the two here: training both would move their sum twice as fast.
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(inputs)
        return self.head(hidden[:, -1])


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
