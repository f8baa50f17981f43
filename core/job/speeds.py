"""Measured speeds: those that probes kept, and those that earlier runs tell of."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from core.dataset.example import Split
from core.dataset.variants import vary
from core.errors import BusyError, ModelError
from core.job.earlier_runs import EarlierRun, read_run, together
from core.job.inquiry import Inquiry
from core.store.store import RunRow, Store
from core.strategy import lengths
from core.strategy.advise import Advice
from core.strategy.machine import Machine
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from core.strategy.speed import Speed, key, rows_of
from core.strategy.time_forecast import Amount, TimeForecast, forecast_time

RUNS = 3
"""Earlier runs that are looked at: the newest of those that are most like the plan."""
_AGAIN_SECONDS = 10.0
"""A run that goes on says something all the time; its log is read anew after so long."""
_SPEED: TypeAdapter[Speed] = TypeAdapter(Speed)


class Speeds:
    """What this computer is known to do, and what plans take by it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, tuple[float, float, EarlierRun | None]] = {}
        self._lock = threading.Lock()
        self._probe: Inquiry[Speed] | None = None
        self._tokens: dict[tuple[str, str, int], tuple[float, float]] = {}
        self._counts: dict[tuple[str, int, int], tuple[int, int, int]] = {}

    def keep(self, plan: Plan, machine: Machine, speed: Speed) -> None:
        """Remember what a probe measured, in place of an earlier one."""
        self._store.save_draft(key(plan, machine), _SPEED.dump_python(speed, mode="json"))

    def of(self, plan: Plan, machine: Machine) -> Speed | None:
        """How fast `plan` trains on `machine`: by the newer of a probe and the earlier runs; None without either."""
        kept, earlier = self._kept(plan, machine), self._earlier(plan, machine)
        if kept is None or earlier is None:
            return kept or earlier
        if earlier.batch_size == plan.batch_size and earlier.at > kept.at:
            return replace(earlier, peak_gib=earlier.peak_gib or kept.peak_gib, watts=kept.watts)
        return replace(kept, scoring_row_seconds=earlier.scoring_row_seconds)

    def forecast(
        self, plan: Plan, machine: Machine, split: Callable[[], Split], price_per_hour: float | None = None
    ) -> TimeForecast | None:
        """What `plan` will take; None where nothing was measured. `split` is called for its rows only if needed."""
        speed = self.of(plan, machine)
        if speed is None:
            return None
        return forecast_time(plan, self._amount(plan, speed, split), speed, price_per_hour)

    def timed(self, advice: Advice, machine: Machine, split: Split) -> Advice:
        """The advice with the time of each method that was measured on `machine`."""

        def seconds(method: str) -> float | None:
            plan = advice.plan.model_copy(update=advice.instead(method))
            forecast = self.forecast(plan, machine, lambda: split)
            return None if forecast is None else forecast.total_seconds

        others = tuple(replace(other, seconds=seconds(other.method)) for other in advice.alternatives)
        return replace(advice, alternatives=others)

    def begin_probe(self, plan: Plan) -> Inquiry[Speed]:
        """Take a few steps of `plan` in a process of its own; what they say is kept.

        Raises:
            BusyError: A job or another probe is going on: both would be slow, and the measurement wrong.
            ModelError: The model can be planned with, but not be had.
        """
        if self._store.active() is not None:
            raise BusyError("A run is going on: beside it nothing can be measured.", "Wait for its end, or stop it.")
        facts = read_facts(plan.model)
        if facts.note:
            raise ModelError(facts.note, "Connect to the hub, give the model's folder, or take 'starter'.")
        smaller = "close other programs, take a smaller batch, or choose QLoRA"
        with self._lock:
            if self._probe is not None and not self._probe.is_over:
                raise BusyError("Another plan is being measured.", "Wait for its end, or stop it.")
            request = {"plan": plan.model_dump(mode="json")}
            self._probe = Inquiry("probe", request, Speed, self._store.home, smaller)
            return self._probe

    def _kept(self, plan: Plan, machine: Machine) -> Speed | None:
        raw = self._store.draft(key(plan, machine))
        try:
            return _SPEED.validate_python(raw) if raw else None
        except ValidationError:  # of another version: it is measured again
            return None

    def _amount(self, plan: Plan, speed: Speed, split: Callable[[], Split]) -> Amount:
        train, validation, test = self._parts(plan, split)
        rows = rows_of(plan.data, plan.max_length)
        counted = rows == speed.rows
        known = (plan.model, rows, plan.seed)
        if (not counted or plan.data.format == "plain_text") and known not in self._tokens:
            self._tokens[known] = lengths.rows_and_mean(split().train, read_facts(plan.model), plan.max_length)
        made, tokens = self._tokens.get(known, (1.0, 0.0))
        return Amount(
            train_rows=round(train * made),
            validation_rows=validation,
            test_rows=test,
            tokens_per_row=speed.tokens_per_row if counted else tokens,
            counted=counted,
        )

    def _parts(self, plan: Plan, split: Callable[[], Split]) -> tuple[int, int, int]:
        """Rows to train on, to validate with and to test on; the same choice of the same bytes is divided once."""
        known = (plan.data.model_dump_json(), plan.seed, plan.variants)
        if known not in self._counts:
            parts = split()
            varied = sum(1 for _ in vary(parts.train, plan.variants, plan.seed)) if plan.variants else 0
            self._counts[known] = (len(parts.train) + varied, len(parts.validation), len(parts.test))
        return self._counts[known]

    def _earlier(self, plan: Plan, machine: Machine) -> Speed | None:
        """What the earlier runs that are most like the plan say together; of several that are, the newest."""
        alike = [run for row in self._store.runs() if row.plan.get("model") == plan.model and (run := self._run(row))]
        alike = [run for run in alike if run.fits(plan, machine)]
        nearest = min((run.distance(plan) for run in alike), default=0.0)
        return together([run for run in alike if run.distance(plan) == nearest][:RUNS], plan)

    def _run(self, row: RunRow) -> EarlierRun | None:
        now, known = time.monotonic(), self._read.get(row.id)
        if known is not None:
            at, read, run = known
            if at == row.updated_at or (not row.state.is_final and now - read < _AGAIN_SECONDS):
                return run
        run = read_run(row, self._store.overview(row.id, kind="train"))
        self._read[row.id] = (row.updated_at, now, run)
        return run
