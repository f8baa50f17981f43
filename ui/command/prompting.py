"""Whether a prompt with worked examples would do: tried when asked for, and told for people."""

import sys
import time
from typing import Any

from core.dataset.choice import DataChoice
from core.engine import Engine
from core.errors import BusyError
from core.job.inquiry import Inquiry
from ui.command import say

_POLL = 0.2
"""Seconds between two looks at what goes on."""


def try_prompts(engine: Engine, choice: DataChoice, model: str) -> None:
    """Ask the untuned model, and say what goes on where somebody looks; Ctrl+C ends it, and so does a run.

    Raises:
        BusyError: A run is going on, or began meanwhile.
    """
    _wait(engine, engine.promptings.begin(choice, model))


def ask_rows(engine: Engine, run_id: str) -> None:
    """Ask the untuned model the run's test rows with examples in front, as `try_prompts` asks.

    Raises:
        BusyError: A run is going on, or began meanwhile.
    """
    _wait(engine, engine.promptings.begin_rows(run_id))


def _wait(engine: Engine, inquiry: Inquiry[Any]) -> None:
    said = ""
    try:
        while not inquiry.is_over:
            if inquiry.about != said and sys.stderr.isatty():
                said = inquiry.about
                say.note(f"trying a prompt: {said}")
            if engine.active() is not None:
                raise BusyError("A run began: beside it no prompt is tried.", "Try again when it is over.")
            time.sleep(_POLL)
    finally:
        inquiry.stop()
    inquiry.answer()


def known(engine: Engine, choice: DataChoice, model: str) -> dict[str, Any] | None:
    """What a prompt was found to get, beside what else was tried; None where nobody asked."""
    found = engine.promptings.of(choice, model)
    if found is None:
        return None
    return found.as_json(engine.promptings.rivals(choice, found, engine.baseline(choice)))


def tell_prompting(found: dict[str, Any] | None) -> None:
    """Print what a prompt gets, or how to find out."""
    if found is None:
        say.tell("Prompt: nobody tried whether examples in the prompt would do; --prompt asks the validation rows.")
        return
    first, *rest = found["told"]
    say.tell(first)
    for line in rest:
        say.tell(f"    {line}")
    if found["caution"]:
        say.tell(found["caution"])
