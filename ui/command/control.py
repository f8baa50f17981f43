"""`stop`, `pause`, `save`: steering a run that goes on, from whichever program began it."""

from argparse import Namespace
from collections.abc import Callable

from core.engine import Engine
from core.events import RunState
from ui.command import say
from ui.command.follow import Following, Progress


def stop(engine: Engine, given: Namespace) -> int:
    """Ask a run to stop, and wait until it has."""
    state = _until_it_ends(engine, given.run, engine.control.stop, now=given.now)
    return _tell(given, state, f"Run {given.run}: {state.value}")


def pause(engine: Engine, given: Namespace) -> int:
    """Let a run wait, with its memory or without."""
    engine.store.mark_lost()
    if not given.free:
        state = engine.control.pause(given.run)
        held = "is held in the queue" if state is RunState.QUEUED else "is paused and keeps its memory"
        return _tell(given, state, f"Run {given.run} {held}; 'fewtune resume {given.run}' lets it go on.")
    state = _until_it_ends(engine, given.run, engine.control.pause, free=True)
    if state is RunState.STOPPED or state is RunState.QUEUED:
        return _tell(given, state, f"Run {given.run} is paused and holds no memory; 'fewtune resume' lets it go on.")
    return _tell(given, state, f"Run {given.run}: {state.value}")


def save(engine: Engine, given: Namespace) -> int:
    """Ask for a checkpoint."""
    engine.store.mark_lost()
    state = engine.control.save(given.run)
    return _tell(given, state, f"Run {given.run} saves a checkpoint at the end of its next step.")


def _until_it_ends(engine: Engine, run_id: str, ask: Callable[..., RunState], **how: bool) -> RunState:
    engine.store.mark_lost()
    job = next((job for job in engine.store.jobs(run_id) if not job.state.is_final), None)
    state = ask(run_id, **how)
    if job is None or state.is_final or state is RunState.QUEUED:
        return state
    engine.runner  # noqa: B018 - ends a worker by force that hears nothing
    return Following(engine, job).to_the_end(Progress()).state


def _tell(given: Namespace, state: RunState, told: str) -> int:
    if given.json:
        say.answer({"run": given.run, "state": state.value})
    else:
        say.tell(told)
    return 0
