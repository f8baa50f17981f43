"""Exports of a run: what they would take, what was made, and where a file of one lies."""

import threading
from pathlib import Path

from core.errors import NotFoundError, UserError
from core.evaluate.evaluation import read_evaluation
from core.events import Exported
from core.export.exporters import EXPORTERS, ExportTask
from core.export.extras import check_installed, missing
from core.export.forecast import ExportForecast, forecast
from core.export.run_file import read_run, write_run
from core.export.serve import Server, Servers
from core.job.pushes import Pushes
from core.store.store import Store
from core.strategy.machine import Machine
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

RUN = "run"
"""What people name where they mean a form of export and want the whole run."""

SERVED = "merged"
"""The form that servers load."""


class Exports:
    """The exports of one home."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._forecasts: dict[tuple[str, str, int], ExportForecast | None] = {}
        self._lock = threading.Lock()
        self.servers = Servers()
        """Those that this program started; they end with it."""
        self.pushes = Pushes(store, self._newest)
        """Exports that go to a model hub."""

    def close(self) -> None:
        """End what ends with this program."""
        self.servers.close()
        self.pushes.close()

    def serve(self, run_id: str) -> Server:
        """Serve the run's merged export at a free port of this machine.

        Raises:
            UserError: There is none yet.
            MachineError: A package is missing.
        """
        if self._store.run(run_id).plan.get("head") == "class":
            raise UserError(
                "This model has a classification head and writes nothing, so there is nothing to serve.",
                "Load the merged model with the lines that the export shows.",
            )
        exported = self._newest(run_id, SERVED)
        if exported is None or not Path(exported.folder).is_dir():
            raise UserError("There is no merged model of this run to serve.", f"Export it first as '{SERVED}'.")
        return self.servers.start(run_id, Path(exported.folder), self._store.run_folder(run_id) / "serve.log")

    def folder(self, run_id: str, exporter: str) -> Path:
        """Where an export goes unless somebody names another folder."""
        return self._store.run_folder(run_id) / "exports" / exporter

    def run_file(self, run_id: str, out: Path | None = None, *, weights: bool = True) -> Path:
        """Write the whole run to a zip file, by default beside its other exports, in place of an earlier one.

        Raises:
            NotFoundError: There is no such run.
            UserError: The run is not over, or `out` is there already.
        """
        if out is None:
            out = self.folder(run_id, RUN) / f"{run_id}.zip"
            out.unlink(missing_ok=True)
        return write_run(self._store, run_id, out, weights=weights)

    def take_in(self, file: Path) -> str:
        """Take in a run that another installation wrote, and return its id here.

        Raises:
            UserError: It is no such file, or damaged; nothing of it is kept.
        """
        return read_run(self._store, file, read_evaluation)

    def missing(self, exporter: str) -> str:
        """Which packages an exporter lacks here, as a sentence; empty where it lacks none."""
        absent = missing(EXPORTERS[exporter].modules)
        return f"Not installed here: {', '.join(absent)}." if absent else ""

    def check(self, run_id: str, exporter: str) -> None:
        """See before anything waits in a queue whether a run can leave in this form here.

        Raises:
            NotFoundError: There is no such run or exporter.
            UserError: The run's result cannot take this form.
            MachineError: A package is missing; says which, and how to install them.
        """
        form, plan = EXPORTERS[exporter], Plan(**self._store.run(run_id).plan)
        reason = form.available(plan)
        if reason:
            raise UserError(reason, form.instead)
        check_installed(f"An export as {form.name!r}", form.extra, form.modules)

    def forecast(self, run_id: str, exporter: str, machine: Machine) -> ExportForecast | None:
        """What an export of the run would take; None where its model or its weights are not here to be asked.

        Asked once for as many exports as there are: pages draw it again and again.
        """
        earlier = self._store.of_all_runs("export", Exported)
        key = run_id, exporter, len(earlier)
        with self._lock:
            if key not in self._forecasts:
                self._forecasts[key] = self._forecast(run_id, exporter, machine, earlier)
            return self._forecasts[key]

    def file(self, run_id: str, exporter: str, name: str) -> Path:
        """A file of the newest export in this form; only what the export itself wrote can be named.

        Raises:
            NotFoundError: There is no such run, export or file.
        """
        if exporter == RUN and name == f"{run_id}.zip" and (self.folder(run_id, RUN) / name).is_file():
            return self.folder(run_id, RUN) / name
        exported = self._newest(run_id, exporter)
        if exported is None or name not in exported.checksums:
            raise NotFoundError("There is no such file of an export.", "Export the model again.")
        path = Path(exported.folder) / name
        if not path.is_file():
            raise NotFoundError(f"{name} is not there any more.", "Export the model again.")
        return path

    def _newest(self, run_id: str, exporter: str) -> Exported | None:
        for record in reversed(self._store.since(run_id)):
            if isinstance(record.event, Exported) and record.event.exporter == exporter:
                return record.event
        return None

    def _forecast(
        self, run_id: str, exporter: str, machine: Machine, earlier: list[tuple[str, Exported]]
    ) -> ExportForecast | None:
        plan = Plan(**self._store.run(run_id).plan)
        folder = self._store.run_folder(run_id)
        task = ExportTask(
            plan=plan, home=self._store.home, folder=folder, exporter=exporter, out=self.folder(run_id, exporter)
        )
        try:
            timed = [(event, self._weights(of)) for of, event in earlier if event.exporter == exporter]
            return forecast(EXPORTERS[exporter], task, read_facts(plan.model), machine, timed)
        except (UserError, OSError):  # the model or the weights went away since
            return None

    def _weights(self, run_id: str) -> int:
        """How many the run's model has; 0 where it went away since."""
        try:
            return read_facts(self._store.run(run_id).plan["model"]).parameters
        except (UserError, OSError):
            return 0
