"""A store, a launcher of real processes whose work is play, and a runner that looks often."""

import sys
from pathlib import Path

import pytest

from core.job.launchers.process import ProcessLauncher, end_process
from core.job.runner import Patience, Runner
from core.store.store import Store

WORKER = str(Path(__file__).with_name("fake_worker.py"))


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    for job in with_home.unfinished():
        if job.worker:
            end_process(job.worker)
    with_home.close()


@pytest.fixture
def launcher():
    launcher = ProcessLauncher([sys.executable, WORKER])
    yield launcher
    launcher.close()


@pytest.fixture
def runner(store, launcher):
    runner = Runner(store, launcher, Patience(look=0.1, idle=0.1, stop_preparing=0.5))
    yield runner
    runner.close()
