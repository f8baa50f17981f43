"""`queue`: the runs that wait, and their order."""

from argparse import Namespace
from typing import Any

from core.engine import Engine
from core.errors import UserError
from core.job.queue import Limit, Queue, Waiting, read_time
from ui import words
from ui.command import say


def queue(engine: Engine, given: Namespace) -> int:
    """Change the queue as asked, and print it."""
    engine.store.mark_lost()
    done = _change(engine.queue, given)
    line, paused, limit = engine.queue.waiting(), engine.queue.is_paused, engine.queue.limit
    if given.json:
        waiting = [_as_json(number, each) for number, each in enumerate(line, 1)]
        say.answer({"paused": paused, "at_once": limit.at_once, "room_gib": limit.room_gib, "waiting": waiting})
        return 0
    if done:
        say.note(done)
    if paused:
        say.note("The queue is paused: nothing new begins. Let it go on with: fewtune queue --go-on")
    if line:
        heads = ("place", "run", "name", "waits")
        rows = [(str(n), w.job.run_id, words.shortened(w.name, 40), w.told) for n, w in enumerate(line, 1)]
        say.tell(say.table([heads, *rows], right=frozenset({0})))
    else:
        say.tell("Nothing waits.")
    return 0


def _change(line: Queue, given: Namespace) -> str:
    """Do the one thing that was asked for, and say what was done."""
    for name, act in (("first", line.first), ("up", line.up), ("down", line.down)):
        run = getattr(given, name)
        if run:
            return f"Run {run} has place {act(run)} now."
    if given.out:
        line.take_out(given.out)
        return f"Run {given.out} is out of the queue; 'fewtune resume {given.out}' puts it back."
    if given.at:
        run, time = _run_and_time(given.at)
        line.set_time(run, read_time(time))
        return f"Run {run} begins {'not before ' + time if time else 'when its turn comes'}."
    if given.at_once is not None or given.room is not None:
        return _allowed(line.allow(given.at_once, given.room))
    if given.pause:
        line.pause()
    if given.go_on:
        line.go_on()
        return "The queue goes on."
    return ""


def _allowed(limit: Limit) -> str:
    if limit.at_once == 1:
        return "One run is at work at a time."
    within = "the device's memory" if limit.room_gib is None else f"{limit.room_gib:g} GiB of memory"
    return f"Up to {limit.at_once} runs are at work at once, as far as their forecasts fit into {within}."


def _run_and_time(text: str) -> tuple[str, str]:
    run, separator, time = text.partition("=")
    if not separator:
        raise UserError(
            f"{text!r} names no run with a time.", "Write RUN=22:30, or RUN= for as soon as its turn comes."
        )
    return run.strip(), time.strip()


def _as_json(number: int, waiting: Waiting) -> dict[str, Any]:
    job = waiting.job
    return {
        "place": number,
        "run": job.run_id,
        "name": waiting.name,
        "kind": job.kind,
        "not_before": job.not_before,
        "held": job.held,
        "waits": waiting.told,
    }
