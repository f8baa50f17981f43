"""The far end of a launcher: brings one job to its end, in whichever process and thread it is called."""

import argparse
import contextlib
import importlib
import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from core.errors import FewtuneError, MachineError, NotFoundError, Stopped, UserError
from core.events import Advanced, RunState, StateChanged
from core.job.journal import Journal
from core.job.work import WORK, Work
from core.store.identity import this_process
from core.store.steering import Steering
from core.store.store import Job, Store
from core.store.wishes import FREE, NOW, SAVE
from core.strategy.plan import Plan

LOG_NAME = "worker.log"
_ASK_SECONDS = 0.25
"""How often a worker asks the store whether somebody wants it to stop."""


def perform(job: Job, store: Store, stopping: Steering, work: Mapping[str, Work] = WORK) -> None:
    """Work on `job` to its end and write down how it ended; `stopping` follows what the store asks for.

    Raises:
        MachineError: The store cannot be written, so nobody can be told how it ended.
    """
    journal = Journal(store, job.id, stopping)
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(store, job.id, stopping, ended), name="watcher", daemon=True)
    watcher.start()
    try:
        final = _attempt(job, store, journal, stopping, work)
    finally:
        ended.set()
        watcher.join()
    if final.state is RunState.STOPPED:
        # A stop that nobody asked for through the store: the thread launcher ends.
        with contextlib.suppress(NotFoundError):
            store.request_stop(job.id, store.job(job.id).wish)
    journal.close(final)
    with contextlib.suppress(FewtuneError):  # deleted, or taken up again by somebody who was faster
        _put_back(store, store.job(job.id))


def _attempt(job: Job, store: Store, journal: Journal, stopping: Steering, work: Mapping[str, Work]) -> StateChanged:
    """Do the work and return the state that the job ends in."""
    try:
        if store.job(job.id).state is RunState.STOPPING:
            return _stopped(job, store, journal)
        work[job.kind](job, store, journal.emit, stopping)
    except Stopped:
        return _stopped(job, store, journal)
    except UserError as error:
        _log(job, store, error)
        return StateChanged(state=RunState.FAILED, reason=error.what, fix=error.fix, cause=error.cause)
    except Exception as error:  # noqa: BLE001 - whatever a training library raises must end in a sentence
        _log(job, store, error)
        told = _explain(error, job, store)
        return StateChanged(state=RunState.FAILED, reason=told.what, fix=told.fix, cause=told.cause)
    return StateChanged(state=RunState.DONE)


def _put_back(store: Store, job: Job) -> None:
    """Let a training that made room wait in the queue until somebody lets it go on."""
    if job.wish == FREE and job.state is RunState.STOPPED and job.kind == "train":
        store.add_job(job.run_id, "train", {"resume": True}, held=True)


def _stopped(job: Job, store: Store, journal: Journal) -> StateChanged:
    with contextlib.suppress(Stopped, MachineError):
        journal.flush()  # the last words name the last step
    try:
        how = "Paused" if store.job(job.id).wish == FREE else "Stopped"
        reason, fix = store.last_words(job.id, how)
    except (NotFoundError, MachineError):
        reason, fix = "Stopped.", ""
    return StateChanged(state=RunState.STOPPED, reason=reason, fix=fix)


def _explain(error: Exception, job: Job, store: Store) -> UserError:
    """What a library raised, as a sentence with a remedy, with the plan's numbers where the plan can be read."""
    try:
        from core.backend.failures import explain
    except (ImportError, OSError) as missing:  # the training libraries are what is broken
        return MachineError(f"{type(error).__name__}: {error}", f"Mend the installation: {missing}.")
    try:
        plan = Plan(**store.run(job.run_id).plan)
    except (ValidationError, TypeError, UserError):
        plan = None
    log = store.run_folder(job.run_id) / LOG_NAME
    folder = Path(job.task.get("out", log.parent))  # of an export; it may lie on another disk
    return explain(error, plan=plan, log=log, folder=folder, exports=job.kind == "export")


def _log(job: Job, store: Store, error: Exception) -> None:
    """Keep the traceback for those who can read it, and let go of what its frames hold: a model, often."""
    folder = store.run_folder(job.run_id)
    with contextlib.suppress(OSError):  # a full disk must not hide the error that it caused
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(error)))
    traceback.clear_frames(error.__traceback__)


def _watch(store: Store, job_id: int, stopping: Steering, ended: threading.Event) -> None:
    """Pass on what the store asks for, until the job shall stop, or is over, or was deleted."""
    while not ended.wait(_ASK_SECONDS):
        try:
            job = store.job(job_id)
            saving = job.wish == SAVE and store.take_wish_to_save(job_id)
        except NotFoundError:
            break
        except MachineError:
            if not store.is_closed:
                continue  # locked for a moment, perhaps
            break
        if job.state.is_final or job.state is RunState.STOPPING:
            stopping.at_once = job.wish == NOW
            break
        if saving:
            stopping.ask_to_save()
        (stopping.pause if job.state is RunState.PAUSED else stopping.go_on)()
    else:
        return
    stopping.set()


def main(arguments: Sequence[str] | None = None, work: Mapping[str, Work] = WORK) -> None:
    """Wait for the id of a job on the standard input, do it, and end the process.

    The libraries are loaded while it waits. It ends by itself if its input closes first: then nobody is left who could
    send a job. Once it has one, it needs nobody any more.
    """
    parser = argparse.ArgumentParser(prog="python -m core.job.worker", description="A worker of Fewtune.")
    parser.add_argument("--home", type=Path, required=True, help="The home folder.")
    store = Store(parser.parse_args(arguments).home)
    os.umask(0o077)
    inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    loaded = threading.Event()
    threading.Thread(target=_receive, args=(store, inbox, loaded), name="inbox", daemon=True).start()
    if work is WORK:
        # What cannot be loaded is told by the job that needs it.
        with contextlib.suppress(ImportError, OSError):
            importlib.import_module("core.backend.train")
    loaded.set()
    job = inbox.get()
    if job is not None:
        perform(job, store, Steering(), work)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a library's thread or exit hook must neither hold the memory nor turn a good end into a crash.
    os._exit(0 if job is not None else 1)


def _receive(store: Store, inbox: "queue.SimpleQueue[Job | None]", loaded: threading.Event) -> None:
    """Take a job for this process, or end the process if there is none to come."""
    line = sys.stdin.readline()
    if not line.strip():
        os._exit(0)
    job = None
    try:
        me = this_process()
        claimed = store.claim(int(line), me.pid, me.created)
        _redirect(store.run_folder(claimed.run_id))
        if not loaded.is_set():
            store.append(claimed.id, Advanced(what="Loading the training libraries", done=0, total=0))
        job = claimed
    finally:
        inbox.put(job)  # whatever went wrong here is printed to the log, and nobody waits for ever


def _redirect(folder: Path) -> None:
    """Send all that this process prints, libraries written in C included, to the log of the run."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = os.open(folder / LOG_NAME, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)


if __name__ == "__main__":
    main()
