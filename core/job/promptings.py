"""What prompts get: asked in a process of its own, kept, and put beside what else was tried on the same data."""

import hashlib
import json
from collections.abc import Callable, Iterator

from pydantic import TypeAdapter, ValidationError

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.dataset.progress import Steps, Tell
from core.errors import BusyError, ModelError
from core.evaluate.evaluation import read_evaluation, write_json
from core.evaluate.prompted import EXAMPLES, ROWS, answer_rows, refuse_unfit, try_prompts
from core.evaluate.prompting import PromptedRows, Prompting, Rival
from core.events import Evaluated
from core.job.inquiry import Inquiry
from core.store.store import RunRow, Store
from core.strategy.baseline import Baseline
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

SEED = 7
"""Of the rows and examples that are drawn; that of the division, too."""
_LAYOUT = 1
_SAME_TASK = ("source", "sha256", "sheet", "format", "mapping")
_PROMPTING: TypeAdapter[Prompting] = TypeAdapter(Prompting)
_ROWS: TypeAdapter[PromptedRows] = TypeAdapter(PromptedRows)
_FILE = "prompted.json"
"""In the run's folder."""
_VALIDATION, _TEST = "trying how many examples help", "asking the test rows"


class Promptings:
    """What untuned models are known to get with a prompt alone."""

    def __init__(self, store: Store, split: Callable[[DataChoice, int], Split]) -> None:
        """`split` divides the rows of a choice by a seed."""
        self._store = store
        self._split = split

    def begin(self, choice: DataChoice, model: str) -> Inquiry[Prompting]:
        """Ask `model` the validation rows in a process of its own; what they get is kept.

        Raises:
            BusyError: A job is going on: both would be slow, and might not fit into memory.
            ModelError: The model can be planned with, but not be had.
            DataError: There are no validation rows, or they ask nothing.
        """
        self._refuse(choice, model, SEED)
        smaller = "close other programs, or choose a smaller model"
        request = {"choice": choice.model_dump(mode="json"), "model": model}
        return Inquiry("prompt", request, Prompting, self._store.home, smaller)

    def begin_rows(self, run_id: str) -> Inquiry[PromptedRows]:
        """Ask the untuned model the run's test rows with examples in front; the answers are kept with the run.

        How many examples, the validation rows decide, which are asked first where nobody did.

        Raises:
            BusyError: A job is going on.
            ModelError: The model can be planned with, but not be had.
            DataError: There are no validation rows, or they ask nothing.
            NotFoundError: There is no such run.
        """
        plan = Plan(**self._store.run(run_id).plan)
        self._refuse(plan.data, plan.model, plan.seed)
        smaller = "close other programs"
        return Inquiry("prompt_rows", {"run": run_id}, PromptedRows, self._store.home, smaller)

    def ask_rows(self, run_id: str, tell: Tell) -> PromptedRows:
        """What `begin_rows` begins, here and now.

        Raises:
            ModelError: The model cannot be loaded, or has no room for an example.
            MachineError: It does not fit into memory.
        """
        plan = Plan(**self._store.run(run_id).plan)
        split, facts = self._split(plan.data, plan.seed), read_facts(plan.model)
        steps = Steps(tell, {_VALIDATION: 1.0, _TEST: 2.0})
        # With another seed the validation rows are others, and may be test rows of this run.
        known = self.of(plan.data, plan.model) if plan.seed == SEED else None
        if known is None:
            known = try_prompts(split, facts, plan.seed, steps.within(_VALIDATION))
            if plan.seed == SEED:
                self.keep(plan.data, plan.model, known)
        found = answer_rows(split, facts, known.most_helpful, plan.seed, steps.within(_TEST))
        write_json(_ROWS.dump_python(found, mode="json"), self._store.run_folder(run_id) / _FILE)
        return found

    def of_run(self, run_id: str) -> PromptedRows | None:
        """What the untuned model answered to the run's test rows with examples in front; None where nobody asked."""
        try:
            return _ROWS.validate_json((self._store.run_folder(run_id) / _FILE).read_bytes())
        except (FileNotFoundError, ValidationError):  # of another version: it is asked again
            return None

    def keep(self, choice: DataChoice, model: str, found: Prompting) -> None:
        """Remember what was found; it goes when the data are deleted."""
        body = {"source": choice.source, "found": _PROMPTING.dump_python(found, mode="json")}
        self._store.save_draft(_key(choice, model), body)

    def of(self, choice: DataChoice, model: str) -> Prompting | None:
        """What was found for these rows and this model; None where nobody asked."""
        kept = self._store.draft(_key(choice, model))
        try:
            return _PROMPTING.validate_python(kept["found"]) if kept else None
        except (ValidationError, KeyError):  # of another version: it is asked again
            return None

    def rivals(self, choice: DataChoice, found: Prompting, baseline: Baseline | None) -> list[Rival]:
        """What else does the same task: a linear model, and the best tuned run on the same rows."""
        rivals = []
        if baseline is not None and found.metric == "accuracy":
            name, rows = "A linear model on counted words", f"{baseline.rows:,} validation rows"
            rivals.append(Rival(name=name, value=baseline.accuracy, low=baseline.low, high=baseline.high, rows=rows))
        scored = list(self._scored(choice, found.metric))
        if scored:
            row, told = max(scored, key=lambda pair: float(pair[1].metrics[found.metric]["tuned"]))
            rivals.append(self._rival(row, told, found.metric))
        return rivals

    def _refuse(self, choice: DataChoice, model: str, seed: int) -> None:
        if self._store.active() is not None:
            raise BusyError("A run is going on: beside it no prompt is tried.", "Wait for its end, or stop it.")
        facts = read_facts(model)
        if facts.note:
            raise ModelError(facts.note, "Connect to the hub, give the model's folder, or take 'starter'.")
        if facts.is_encoder:
            raise ModelError(f"{facts.title} is an encoder and answers no prompt.", "Choose a model that writes.")
        refuse_unfit(self._split(choice, seed))

    def _scored(self, choice: DataChoice, metric: str) -> Iterator[tuple[RunRow, Evaluated]]:
        wanted = choice.model_dump(mode="json", include=set(_SAME_TASK))
        for row in self._store.runs():
            data = row.plan.get("data", {})
            if {name: data.get(name) for name in wanted} == wanted:
                last = self._store.last(row.id, Evaluated)
                if isinstance(last, Evaluated) and metric in last.metrics:
                    yield row, last

    def _rival(self, row: RunRow, told: Evaluated, metric: str) -> Rival:
        value = float(told.metrics[metric]["tuned"])
        evaluation = read_evaluation(self._store.run_folder(row.id))
        low, high = evaluation.intervals.get(metric, {}).get("tuned", (value, value)) if evaluation else (value, value)
        name = f"The best tuned run ({row.name})"
        return Rival(name=name, value=value, low=low, high=high, rows=f"{told.rows:,} test rows")


def _key(choice: DataChoice, model: str) -> str:
    """By everything that decides the answer: the rows and their division, the model, what is drawn of them."""
    raw = choice.model_dump(mode="json", exclude={"name", "split"})
    told = json.dumps([_LAYOUT, raw, model, EXAMPLES, ROWS, SEED], sort_keys=True)
    return f"prompting {hashlib.sha256(told.encode()).hexdigest()[:24]}"
