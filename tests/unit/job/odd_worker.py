"""A real worker of a world that is not as it should be: its memory is full at step 2, or its clock jumps."""

import os
import time

import torch

from core.backend import keeper, trainer
from core.job.worker import main

ODD = os.environ["FEWTUNE_TEST_ODD"]
JUMPS = {3: -3600.0, 5: 86400.0}
"""Seconds by which the wall clock is set at these steps."""

_plain_step = trainer.RowTrainer.training_step
_plain_time = time.time
_jumped: list[float] = [0.0]


def step(self, *args, **kwargs):
    number = self.state.global_step + 1
    if ODD == "memory" and number == 2 and self.work.plan.batch_size > 4:
        self.ballast = torch.ones(40_000_000)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total of 4 GiB")
    if ODD == "clock":
        _jumped[0] = sum(by for at, by in JUMPS.items() if at <= number)
    return _plain_step(self, *args, **kwargs)


trainer.RowTrainer.training_step = step
keeper.SAVING_SHARE = 1e9
if ODD == "clock":
    time.time = lambda: _plain_time() + _jumped[0]

if __name__ == "__main__":
    main()
