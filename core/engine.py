"""The one door for the pages and the command line."""

import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.dataset.files.source import Source
from core.dataset.report import Report
from core.errors import BusyError
from core.evaluate.evaluation import Evaluation
from core.events import RunState
from core.job.answered import Answered
from core.job.augmentations import Augmentations
from core.job.baselines import Baselines
from core.job.control import Control
from core.job.endings import Endings, Hook
from core.job.exports import Exports
from core.job.inquiry import Inquiry
from core.job.launchers import LAUNCHERS
from core.job.library import Library
from core.job.playground.playground import Playground
from core.job.promptings import Promptings
from core.job.queue import Queue
from core.job.results import Results
from core.job.room import Room, highest
from core.job.run_report.reports import Reports
from core.job.runner import Runner
from core.job.speeds import Speeds
from core.job.starting import check_before_start, continued, default_name
from core.job.summary import RunSummary, summarised
from core.store.store import Job, Record, Store
from core.strategy.advise import Advice, Goal, advise
from core.strategy.calibration import Experience
from core.strategy.complete_plan import complete_plan
from core.strategy.head import check_labels
from core.strategy.machine import Machine, probe
from core.strategy.memory import MemoryForecast
from core.strategy.model_facts import ModelFacts, read_facts
from core.strategy.plan import Plan
from core.strategy.speed import Speed
from core.strategy.time_forecast import TimeForecast
from core.study.studies import Studies

__all__ = ["Engine", "RunSummary"]


class Engine:
    """Data sets, advice, jobs and results of one home folder.

    Several engines may share a home (the dashboard and the command line do); one job runs at a time among all of them
    unless `queue.allow` was told otherwise, and the others wait in one queue.
    """

    def __init__(self, home: Path, *, launcher: str = "process") -> None:
        """Open or create `home`.

        Raises:
            NotFoundError: No launcher has that name.
            MachineError: The folder cannot be written, or its store belongs to a newer version.
        """
        self.home = home
        self.store = Store(home)
        self.library = Library(home)
        """The data sets; the four methods below are short ways to it."""
        self._speeds = Speeds(self.store)
        self.queue = Queue(self.store)
        """The runs that wait, and their order."""
        self.control = Control(self.store)
        """Pause, go on, save, stop."""
        self.exports = Exports(self.store)
        """What exports would take, and their files."""
        self.promptings = Promptings(self.store, self.split)
        """What untuned models get with examples in the prompt."""
        self.results = Results(self.store, self.promptings)
        """Scores row by row, what people say of them, and what stands beside them."""
        self.reports = Reports(self)
        """Runs as documents to give away."""
        self.studies = Studies(self)
        """Several runs that answer one question."""
        self.augmentations = Augmentations(home, self.store.active)
        """New rows by a teacher."""
        self.playground = Playground(self.store, self.split)
        """Base and tuned model of a run, asked by people."""
        self._launcher = LAUNCHERS[launcher]()
        self._runner: Runner | None = None
        self._endings: Endings | None = None
        self.baseline = Baselines(self.split)
        self._experience = Experience(self.store, Answered(self.library))
        self._lock = threading.Lock()

    # -- data ---------------------------------------------------------------------------------------------------------

    def open_data(self, source: str | Path) -> Source:
        """Take in a sample's name, a kept data set's id, or a user's file or folder, which is copied into the home."""
        return self.library.open(source)

    def source(self, data_id: str) -> Source:
        """The data set with this id."""
        return self.library.find(data_id)

    def choose(self, source: Source, sheet: str = "") -> DataChoice:
        """How the rows would be read: detected format, mapping and instruction; `sheet` is one of a workbook."""
        return self.library.choose(source, sheet)

    def check(self, source: Source, choice: DataChoice | None = None, model: str = "") -> Report:
        """Rows, format, findings and a preview; with a model also lengths in its tokens."""
        return self.library.check(source, choice, model)

    def split(self, choice: DataChoice, seed: int = 7) -> Split:
        """The examples as a run would see them."""
        return self.library.split(choice, seed)

    # -- strategy -----------------------------------------------------------------------------------------------------

    def machine(self) -> Machine:
        """What this computer has, asked anew."""
        return probe(self.home)

    def facts(self, model: str) -> ModelFacts:
        """What the model's configuration says of it."""
        return read_facts(model)

    def advise(
        self,
        choice: DataChoice,
        model: str,
        *,
        goal: Goal = Goal.BALANCED,
        budget: bool = False,
        gpu_memory: float | None = None,
    ) -> Advice:
        """A complete plan with a reason for each choice; `gpu_memory` (GiB) stands in for what the machine has."""
        split = self.split(choice)
        machine, facts = self.machine(), self.facts(model)
        advice = advise(split, choice, facts, machine, goal=goal, budget=budget, gpu_memory=gpu_memory)
        if gpu_memory is not None:  # of a GPU that is not here nothing was measured
            return advice
        return self._speeds.timed(self._experience.corrected(advice, facts, machine), machine, split)

    def forecast(self, plan: Plan) -> MemoryForecast:
        """Predicted peak memory of `plan` on this machine, corrected by what earlier runs like it held."""
        return self._experience.forecast(plan, self.facts(plan.model), self.machine())

    def time_forecast(self, plan: Plan, price_per_hour: float | None = None) -> TimeForecast | None:
        """Time, energy and cost of `plan`, from what was measured on this machine; None where nothing was."""
        split = partial(self.split, plan.data, plan.seed)
        return self._speeds.forecast(self.read_plan(plan.model_dump()), self.machine(), split, price_per_hour)

    def begin_probe(self, plan: Plan) -> Inquiry[Speed]:
        """Measure how fast `plan` trains here, by a few real steps; `time_forecast` knows the answer from then on."""
        return self._speeds.begin_probe(self.read_plan(plan.model_dump()))

    def read_plan(self, raw: Mapping[str, Any]) -> Plan:
        """A checked plan from untrusted values; options of the method are completed with their defaults.

        Raises:
            SettingsError: Lists every value that is missing, misspelt or out of range, of plan and method together.
        """
        return complete_plan(raw)

    # -- runs ---------------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Start a worker early, so that its libraries are loaded by the time that someone starts a run."""
        self._launcher.warm_up(self.home)

    def start(self, plan: Plan, not_before: float | None = None) -> str:
        """Queue a run, which begins when its turn comes and not before a time (UTC epoch, seconds); return its id.

        Raises:
            SettingsError: The plan is not valid.
            DataError: The rows changed since the plan was made, or too few are left to train on.
            ModelError: The model can be planned with, but not be had.
            MachineError: The disk has too little room.
            BusyError: The same plan is running or waiting already; nothing of this one was written.
        """
        plan = self.read_plan(plan.model_dump())
        split = self.split(plan.data, plan.seed)
        check_labels(plan, split)
        plan = plan.model_copy(update={"data": plan.data.model_copy(update={"split": split.sha256})})
        facts = self.facts(plan.model)
        check_before_start(plan, facts, self.store)
        job = self.store.add_run(plan.model_dump(mode="json"), plan.name or default_name(plan), not_before)
        self.runner.begin_next()
        return job.run_id

    def start_again(self, run_id: str, *, smaller: bool = False) -> str:
        """Queue a new run from the best weights of another, `smaller` in less memory, and return its id."""
        return self.start(continued(self.store, run_id, smaller=smaller))

    def resume(self, run_id: str) -> Job:
        """Go on with a run that is paused, or that was stopped, failed or lost, from its newest complete checkpoint.

        Raises:
            NotFoundError: There is no such run.
            BusyError: A job of it goes on or waits, or the run is done and has nothing left to train.
        """
        going = self.control.go_on(run_id)
        if going is not None:
            self.runner.begin_next()
            return going
        trained = self.store.latest(run_id, "train")
        if trained is not None and trained.state is RunState.DONE:
            raise BusyError(f"Run {run_id} is done and has nothing left to train.", "Start a new run with more epochs.")
        return self._submit(run_id, "train", {"resume": True})

    def evaluate(self, run_id: str) -> Job:
        """Score base and tuned model again on the held-out rows."""
        return self._submit(run_id, "evaluate", {})

    def export(self, run_id: str, exporter: str, out: Path | None = None) -> Job:
        """Write the tuned model in another form; `out` defaults to a folder of the run.

        Raises:
            NotFoundError: There is no such run or exporter.
            UserError: The run's result cannot take this form, or packages for it are missing here.
        """
        self.exports.check(run_id, exporter)
        folder = out or self.exports.folder(run_id, exporter)
        return self._submit(run_id, "export", {"exporter": exporter, "out": str(folder.absolute())})

    def stop(self, run_id: str) -> RunState:
        """Ask the run's unfinished job to stop, a short way to `control`.

        Raises:
            NotFoundError: There is no such run, or nothing of it is going on.
        """
        return self.control.stop(run_id)

    def runs(self) -> list[RunSummary]:
        """All runs, newest first."""
        return [summarised(row, self.store) for row in self.store.runs()]

    def run(self, run_id: str) -> RunSummary:
        """One run.

        Raises:
            NotFoundError: There is no such run.
        """
        return summarised(self.store.run(run_id), self.store)

    def active(self) -> Job | None:
        """The job at work (of several the first), or about to begin; those that wait stand in `queue`."""
        return self.store.active()

    def since(self, run_id: str, seq: int = 0, limit: int | None = None) -> list[Record]:
        """What the run's jobs have said after the record `seq`, oldest first."""
        return self.store.since(run_id, seq, limit)

    def evaluation(self, run_id: str) -> Evaluation | None:
        """Scores and rows of the newest evaluation."""
        return self.results.of(run_id)

    def delete(self, run_id: str) -> int:
        """Delete a run with its folder and return the bytes that this frees; refused while a job of it goes on."""
        return self.store.delete_run(run_id)

    # -- what was typed -----------------------------------------------------------------------------------------------

    def draft(self, key: str = "walk") -> dict[str, Any]:
        """What was typed on the pages and not yet run."""
        return self.store.draft(key)

    def save_draft(self, values: Mapping[str, Any], key: str = "walk") -> None:
        """Keep what was typed, so that a reload or a restart loses nothing. Secrets never go in here."""
        self.store.save_draft(key, dict(values))

    # -- the background thread ----------------------------------------------------------------------------------------

    @property
    def runner(self) -> Runner:
        """The background thread; started on first use, so that `fewtune runs` starts none."""
        with self._lock:
            if self._runner is None:
                room = Room(self.store, highest(self.store, self.forecast), self.machine)
                self._runner = Runner(self.store, self._launcher, beside=self.studies.look_after, room=room)
            return self._runner

    def tell_endings(self, *hooks: Hook) -> None:
        """From now on tell `hooks` of each training that ends, once, whichever program ran it; asked once."""
        self._endings = Endings(self.store, hooks)

    def close(self) -> None:
        """End the background threads; a run in a worker process goes on."""
        for thread in (self._endings, self._runner):
            if thread is not None:
                thread.close()
        self._launcher.close()
        self.exports.close()
        self.playground.close()
        self.store.close()

    def _submit(self, run_id: str, kind: str, task: dict[str, Any]) -> Job:
        job = self.store.add_job(run_id, kind, task)
        self.runner.begin_next()
        return job
