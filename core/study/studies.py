"""The door to studies: plan one, see what it will take, begin it, stop it, go on with it, read what it found."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.errors import BusyError, DataError, NotFoundError, SettingsError, UserError
from core.evaluate.metrics import METRICS
from core.events import RunState
from core.store.store import Job, Store
from core.strategy.advise import Advice
from core.strategy.memory import MemoryForecast
from core.strategy.plan import Plan
from core.strategy.time_forecast import TimeForecast
from core.study.document import written
from core.study.earlier import find_same
from core.study.kind import Base, Results
from core.study.kinds import KINDS
from core.study.outcome import outcomes
from core.study.prune import Pruner
from core.study.report import Outlook, Report, together
from core.study.study import Study, Variant, read_study

MOST = 40
"""Variants of one study."""
_NAME = 120
_TRIES = 3
"""Attempts of a lost run that are begun without being asked for: one that kills its program must not do so for ever."""


class Works(Protocol):
    """What a study needs of the engine."""

    store: Store

    def advise(self, choice: DataChoice, model: str) -> Advice:
        """Advise a plan."""

    def split(self, choice: DataChoice, seed: int = 7) -> Split:
        """Divide the rows."""

    def forecast(self, plan: Plan) -> MemoryForecast:
        """Predict a plan's memory."""

    def time_forecast(self, plan: Plan) -> TimeForecast | None:
        """Predict a plan's time; None where nothing was measured."""

    def read_plan(self, raw: dict[str, Any]) -> Plan:
        """Check a plan."""

    def start(self, plan: Plan) -> str:
        """Queue a run."""

    def resume(self, run_id: str) -> Job:
        """Go on with a run."""


class Studies:
    """Studies of one home. Their runs wait in the one queue like all others."""

    def __init__(self, engine: Works) -> None:
        self._engine = engine
        self._pruner = Pruner(engine.store)

    def plan(self, kind: str, plan: Plan, values: Sequence[str] = (), *, prune: bool = False) -> Study:
        """A study that is not begun yet; without `values` it has those that are usual.

        With `prune` a run is given up that cannot win any more, of kinds that seek the best one.

        Raises:
            NotFoundError: There is no such kind, or a method in `values`.
            SettingsError: A value is none for this plan, or there are too few or too many.
        """
        asked = KINDS[kind]
        plan = self._engine.read_plan(plan.model_dump())
        advice = self._engine.advise(plan.data, plan.model)
        plan = plan.model_copy(update={"data": plan.data.model_copy(update={**asked.undone, "split": ""})})
        base = Base(
            plan=plan,
            swaps=advice.swaps,
            train_rows=len(self._engine.split(plan.data, plan.seed).train),
            human_rows=len(self._engine.split(plan.data.model_copy(update={"generated": False}), plan.seed).train),
        )
        varied = [
            replace(asked.vary(base, value), value=value) for value in asked.expand(values) or asked.default(base)
        ]
        variants = list({variant.label: variant for variant in varied}.values())
        if not 2 <= len(variants) <= MOST:
            raise SettingsError({"values": f"a study compares 2 to {MOST} variants, and these are {len(variants)}"})
        variants = [self._checked(variant) for variant in variants]
        if all(reasons := sorted({variant.left_out for variant in variants})):
            raise SettingsError({"values": f"no variant can be run here: {' '.join(reasons)}"})
        name = f"{asked.title}: {plan.data.name}, {plan.model.rpartition('/')[2]}"
        return Study(name=name[:_NAME], kind=kind, plan=plan, variants=tuple(variants), prune=prune and asked.prunable)

    def outlook(self, study: Study) -> Outlook:
        """What the variants that were not begun yet will take."""
        reused, unmeasured, spans, runs = [], [], [], 0
        for variant in study.variants:
            if variant.left_out or variant.run:
                continue
            if self._same(variant.plan) is not None:
                reused.append(variant.label)
                continue
            runs += 1
            time = self._engine.time_forecast(variant.plan)
            if time is None:
                unmeasured.append(variant)
            else:
                spans.append((time.low_seconds, time.high_seconds))
        return Outlook(
            runs=runs,
            reused=tuple(reused),
            left_out={variant.label: variant.left_out for variant in study.variants if variant.left_out},
            seconds=together(spans, self._engine.store.limit.at_once) if spans else None,
            unmeasured=tuple(unmeasured),
        )

    def begin(self, study: Study) -> Study:
        """Write it down and queue its runs; a variant that ran before is not trained again.

        Raises:
            UserError: The first run cannot be started; the study stays, and can be gone on with.
        """
        number = self._engine.store.add_study(study.as_json())
        return self.go_on(number)

    def go_on(self, number: int) -> Study:
        """Queue what is not done: what was never begun, and again what was stopped, failed, lost or deleted.

        Raises:
            NotFoundError: There is no such study.
            UserError: A run cannot be started.
        """
        self._engine.store.change_study(number, lambda body: body.update(halted=False))
        study = self.find(number)
        for index, variant in enumerate(study.variants):
            if variant.left_out or self.find(number).halted:
                continue
            state = self._state(variant)
            if state is None:
                self._run(study, index)
            elif state.is_final and state is not RunState.DONE and not variant.pruned:
                self._engine.resume(variant.run)
        return self.find(number)

    def take_up(self) -> list[Study]:
        """Go on with what a program that was killed left behind; what somebody stopped or what failed stays so."""
        self._engine.store.mark_lost()
        found = []
        for study in self.all():
            open_ones = [it for it in study.variants if not it.left_out and self._was_left(it)]
            if not study.halted and open_ones and not self._never_again(open_ones):
                # What cannot be begun now has no score in the study, which offers to go on with it.
                with contextlib.suppress(UserError):
                    found.append(self.go_on(study.number))
        return found

    def look_after(self) -> None:
        """Give up runs that cannot win any more, of studies that were begun so; the runner calls it again and again."""
        if self._pruner.is_due() and (unfinished := self._engine.store.unfinished()):
            self._pruner.look(self.all(), unfinished)

    def stop(self, number: int) -> Study:
        """Stop the whole study: what waits is taken out, what is at work keeps its best weights.

        Raises:
            NotFoundError: There is no such study.
        """
        self._engine.store.change_study(number, lambda body: body.update(halted=True))
        store, study = self._engine.store, self.find(number)
        own = {variant.run for variant in study.variants if variant.run and not variant.reused}
        jobs = [job for job in store.unfinished() if job.run_id in own]
        # Those that wait first, so that none begins when the one at work ends.
        for job in sorted(jobs, key=lambda job: job.state is not RunState.QUEUED):
            store.request_stop(job.id)
        return study

    def delete(self, number: int) -> None:
        """Forget a study; its runs stay.

        Raises:
            BusyError: It goes on.
        """
        if not self.report(number).is_over:
            raise BusyError("The study goes on.", "Stop it first.")
        self._engine.store.delete_study(number)

    def all(self) -> list[Study]:
        """All studies, newest first."""
        return [read_study(raw) for raw in self._engine.store.studies()]

    def find(self, number: int) -> Study:
        """One study.

        Raises:
            NotFoundError: There is no such study.
        """
        return read_study(self._engine.store.study(number))

    def of(self, run_id: str) -> Study | None:
        """The newest study that the run belongs to; None where there is none."""
        return next((it for it in self.all() if any(variant.run == run_id for variant in it.variants)), None)

    def report(self, number: int) -> Report:
        """What a study found so far.

        Raises:
            NotFoundError: There is no such study.
        """
        study = self.find(number)
        found, primary = outcomes(study, self._engine.store)
        finding = None
        if primary:
            metric = METRICS[primary]
            found = list(KINDS[study.kind].pool(found, metric))
            results = Results(
                plan=study.plan, variants=study.variants, outcomes=found, measure=metric, span=metric.range
            )
            finding = KINDS[study.kind].conclude(results)
        return Report(study=study, outcomes=tuple(found), primary=primary, finding=finding)

    def written(self, number: int, form: str) -> str:
        """The report of a study as a document, "html" or "md".

        Raises:
            NotFoundError: There is no such study, or no such format.
        """
        return written(self.report(number), form)

    def _checked(self, variant: Variant) -> Variant:
        """The variant with its plan complete, or with the reason why it cannot be run here."""
        try:
            plan = self._engine.read_plan(variant.plan.model_dump())
        except SettingsError as error:
            return replace(variant, left_out=str(error))
        if plan.data.folds:
            try:
                self._engine.split(plan.data, plan.seed)
            except DataError as error:
                return replace(variant, plan=plan, left_out=f"{error.what} {error.fix}")
        memory = self._engine.forecast(plan)
        if not memory.fits:
            told = f"It needs about {memory.total_gib:.3g} GiB of memory, and {memory.available_gib:.3g} GiB are there."
            return replace(variant, plan=plan, left_out=told)
        return replace(variant, plan=plan)

    def _run(self, study: Study, index: int) -> None:
        """Take a run of the same plan, or start one, and write down which it is.

        Raises:
            BusyError: The plan is running already, with other rows.
        """
        variant = study.variants[index]
        name = f"{study.id} {variant.label}: {study.name}"[:_NAME]
        found = self._same(variant.plan)
        if found is None:
            try:
                run_id, reused = self._engine.start(variant.plan.model_copy(update={"name": name})), False
            except BusyError:  # another program was quicker with the same plan
                found = self._same(variant.plan)
                if found is None:
                    raise
        if found is not None:
            run_id, reused = found, True

        def note(body: dict[str, Any]) -> None:
            body["variants"][index] |= {"run": run_id, "reused": reused}

        self._engine.store.change_study(study.number, note)

    def _same(self, plan: Plan) -> str | None:
        found = find_same(plan, self._engine.store, lambda it: self._engine.split(it.data, it.seed).sha256)
        return found.id if found is not None else None

    def _state(self, variant: Variant) -> RunState | None:
        """Of the variant's run; None where there is none."""
        try:
            return self._engine.store.run(variant.run).state if variant.run else None
        except NotFoundError:
            return None

    def _was_left(self, variant: Variant) -> bool:
        return self._state(variant) in {None, RunState.LOST}

    def _never_again(self, variants: Sequence[Variant]) -> bool:
        store = self._engine.store
        return any(self._state(it) is RunState.LOST and store.run(it.run).attempt >= _TRIES for it in variants)
