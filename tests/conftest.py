"""What holds for every test."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers beside each other with a pool of threads each would wait for one another; read before torch is imported.
    workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
