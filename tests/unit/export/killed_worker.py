"""A real worker process that exports for real, and is killed once all is written and before it is checked."""

import os
import signal

from core.events import Advanced
from core.job.work import WORK
from core.job.worker import main


def export(job, store, emit, stopping):
    """Export, and end as if somebody had sent `kill -9`."""

    def say(event):
        emit(event)
        if isinstance(event, Advanced) and event.what.startswith("Checking"):
            os.kill(os.getpid(), signal.SIGKILL)

    WORK["export"](job, store, say, stopping)


if __name__ == "__main__":
    main(work={"export": export})
