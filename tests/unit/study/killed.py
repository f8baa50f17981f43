"""Begins a study and works on it until it is killed; a script of its own, because it has to die."""

import sys
import time
from pathlib import Path

import torch

from core.engine import Engine
from tests.unit.study.conftest import plan_for

if __name__ == "__main__":
    home, data, model = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    engine = Engine(home, launcher="thread")
    engine.studies.begin(engine.studies.plan("rank", plan_for(engine, data, model), ["2", "4", "8"]))
    time.sleep(600)
