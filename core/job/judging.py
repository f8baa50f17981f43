"""A judge is asked in a process of its own."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.augment.standing import is_asked_to_stop
from core.dataset.progress import Tell
from core.job.judgings import Judgings
from core.judge.order import JudgeOrder
from core.store.store import Store

_LOOK_SECONDS = 0.3
"""Between two looks whether somebody wants it to stop."""


def judge_answers(request: Mapping[str, Any], home: Path, tell: Tell) -> str:
    """Ask until all is asked; verdicts are kept in the run's folder all the while. Answers with the run's id.

    Raises:
        UserError: The judge failed again and again; verdicts so far are kept.
    """
    order, store = JudgeOrder.model_validate(request["order"]), Store(home)
    work = Judgings(store).prepare(order, request["key"])
    store.close()
    stopping, over = threading.Event(), threading.Event()
    threading.Thread(target=_watch, args=(work.folder, stopping, over), daemon=True).start()
    try:
        work.run(tell, stopping)
    finally:
        over.set()
    return order.run


def _watch(folder: Path, stopping: threading.Event, over: threading.Event) -> None:
    while not over.wait(_LOOK_SECONDS):
        if is_asked_to_stop(folder):
            stopping.set()
            return
