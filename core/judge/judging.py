"""The judge is asked: each pair in both orders, nothing twice, until it is done, stopped, capped or given up."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.augment.generate import FIRST_PAUSE, Asking, digest, failed
from core.augment.journal import Journal, Paid
from core.augment.spend import Spend
from core.augment.teachers.openai import TEACHER, Endpoint, connect
from core.augment.teachers.teacher import Question, Reply, Trouble
from core.dataset.progress import Tell
from core.errors import DataError, UserError
from core.evaluate.evaluation import Evaluation
from core.evaluate.metrics.metric import Family
from core.judge.order import JudgeOrder
from core.judge.pairs import drawn, questions, read_verdict
from core.judge.standing import begin_work, end_work, known_to


def refuse_unfit(evaluation: Evaluation) -> None:
    """Refuse a run whose answers nobody can compare.

    Raises:
        DataError: There are no rows, or nobody answered anything.
    """
    if not evaluation.rows:
        raise DataError("This run has no held-out rows, so there is nothing to judge.", "Keep rows for testing.")
    if evaluation.family == Family.PLAIN:
        raise DataError("The rows are plain texts, which ask nothing: there are no answers to compare.")


@dataclass(kw_only=True)
class JudgeWork:
    """Everything that decides what a judge is asked."""

    evaluation: Evaluation
    order: JudgeOrder
    folder: Path
    """Where answers are kept; the same folder again goes on from there."""
    key: str = field(default="", repr=False)
    first_pause: float = FIRST_PAUSE

    def run(self, tell: Tell, stopping: threading.Event) -> None:
        """Ask what is not known yet; each answer is on disk before it counts.

        Raises:
            DataError: There is nothing to compare.
            SettingsError: The address or the key is none.
            UserError: The judge failed again and again, or at once; the answers so far are kept.
        """
        refuse_unfit(self.evaluation)
        endpoint = connect(self.order.endpoint, self.key)
        work = begin_work(self.folder, self.order, time.time())
        said = {"ended": "it was interrupted"}
        try:
            said = {"ended": self._ask(endpoint, tell, stopping)}
        except UserError as error:
            said = {"problem": error.what, "fix": error.fix}
            raise
        finally:
            end_work(self.folder, work, **said)

    def _ask(self, endpoint: Endpoint, tell: Tell, stopping: threading.Event) -> str:
        """Why not all was asked; empty where it was.

        Raises:
            UserError: The judge failed again and again, or at once.
        """
        journal, spend = Journal(self.folder), Spend(self.order.limits)
        paid = journal.read()
        for answer in paid:
            spend.settle((0, 0), (answer.prompt_tokens, answer.answer_tokens))
        rows = drawn(self.evaluation.rows, self.order.rows, self.order.seed)
        known = known_to(self.order, paid)
        asked = {digest(one.prompt): one for one in questions(rows, self.order.criteria)}  # equal ones once
        todo = [one for name, one in asked.items() if name not in known]
        heard = _Heard(tell, len(todo), len(paid))
        asking = Asking[Question](
            ask=lambda question: _with_verdict(endpoint(question)),
            journal=journal,
            spend=spend,
            at_once=TEACHER.at_once,
            stopping=stopping,
            first_pause=self.first_pause,
            heard=heard,
        )
        heard.say()
        asking.ask_all(todo)
        if asking.problem:
            raise UserError(*failed(asking.problem, heard.kept, "judge"))
        if todo and not heard.done and asking.trouble:
            raise UserError(f"The judge did not answer: {asking.trouble}.", "Mend the cause, and start it again.")
        if stopping.is_set() and heard.done < len(todo):
            return "it was stopped"
        if asking.capped:
            return "the cap on tokens or money was reached"
        return f"some questions were not answered: {asking.trouble}" if heard.done < len(todo) else ""


def _with_verdict(reply: Reply) -> Reply:
    """The reply, if it holds a verdict.

    Raises:
        Trouble: It holds none; it is paid all the same.
    """
    if read_verdict(reply.text) is None:
        raise Trouble("its answer holds no verdict", again=False, paid=True, reply=reply)
    return reply


class _Heard:
    """Counts answers, from several threads, and says how far the work is."""

    def __init__(self, tell: Tell, total: int, before: int) -> None:
        self._tell = tell
        self._total = total
        self._before = before
        self._lock = threading.Lock()
        self.done = 0

    @property
    def kept(self) -> int:
        """Answers that are on disk."""
        return self._before + self.done

    def __call__(self, _: Paid) -> None:
        with self._lock:
            self.done += 1
            self.say()

    def say(self) -> None:
        """How far it is."""
        share = self.done / self._total if self._total else 1.0
        self._tell(f"asking the judge: {self.done:,} of {self._total:,} answers", share)
