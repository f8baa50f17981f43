"""How much of a plan's rows is answer: what a forecast of memory asks, counted once."""

import threading

from core.dataset.splits.kept import find_kept, is_large
from core.errors import UserError
from core.job.library import Library
from core.strategy.lengths import answer_shares
from core.strategy.memory import AnswerShares
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan


class Answered:
    """The shares of answers in the data sets of a library, each counted once per division and tokenizer."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[tuple[str, int, int, str], AnswerShares] = {}
        self._lock = threading.Lock()

    def __call__(self, plan: Plan, facts: ModelFacts) -> AnswerShares | None:
        """What is known of the rows of `plan`; None where the data are gone, or large and not divided yet."""
        data = plan.data.model_copy(update={"split": ""})
        key = data.model_dump_json(), plan.seed, plan.max_length, facts.model
        with self._lock:
            known = self._known.get(key)
            if known is None:  # what is not known yet may be next time: the rows are divided by then
                known = self._count(plan, facts)
            if known is not None:
                self._known[key] = known
            return known

    def _count(self, plan: Plan, facts: ModelFacts) -> AnswerShares | None:
        try:
            large = is_large(self._library.find(plan.data.source))
            if large and find_kept(plan.data, plan.seed, self._library.home) is None:
                return None  # dividing it would take minutes, and who asks waits
            split = self._library.split(plan.data, plan.seed)
        except UserError:
            return None
        return answer_shares(split.train, facts, plan.max_length)
