"""A program that starts one run in a worker process and then waits to be killed."""

import json
import sys
import time
from pathlib import Path

from core.job.launchers.process import ProcessLauncher
from core.job.runner import Runner
from core.store.store import Store

home, worker, plan = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
store = Store(home)
launcher = ProcessLauncher([sys.executable, worker])
runner = Runner(store, launcher)
if plan.pop("warm_only", False):
    launcher.warm_up(home)
    sys.stdout.write(f"{launcher._waiting[1].pid}\n")
else:
    job = store.add_run(plan, "from a server")
    runner.begin_next()
    sys.stdout.write(f"{job.id}\n")
sys.stdout.flush()
time.sleep(300)
