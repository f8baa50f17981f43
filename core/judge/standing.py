"""How a judging stands: what is on disk of it, so that any page, and any later server, can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.augment.generate import digest
from core.augment.journal import NAME as ANSWERS
from core.augment.journal import Paid, read_paid
from core.augment.spend import Limits
from core.augment.standing import write_whole
from core.evaluate.evaluation import Evaluation
from core.evaluate.judged import Judged
from core.judge.order import JudgeOrder
from core.judge.pace import Pace, pace_of
from core.judge.pairs import MOST_TOKENS, USUAL_TOKENS, Verdict, drawn, is_asked, judge_rows, questions, read_verdict
from core.store.identity import ProcessIdentity, this_process

_NAME = "standing.json"
FILES = (_NAME, ANSWERS)
"""What decides how it stands."""
_TOKENS_A_CHARACTER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was written last of the work itself."""

    order: JudgeOrder
    at: float
    """When it began, UTC epoch in seconds."""
    pid: int
    created: float
    over: bool = False
    ended: str = ""
    """Why not all rows have a verdict."""
    problem: str = ""
    fix: str = ""
    """What went wrong, and what to do."""

    @property
    def goes_on(self) -> bool:
        """Whether the process that does it still runs."""
        return not self.over and ProcessIdentity(self.pid, self.created).is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeForecast:
    """What is still to be paid."""

    rows: int
    """Rows that are judged in the end."""
    unread: int
    """Questions that were paid, or may have been, without a verdict, and are not asked again by themselves."""
    equal: int
    """Of them those with equal answers, which nobody asks about."""
    questions: int
    prompt_tokens: int
    answer_tokens: int
    cost: float
    """In the money of the prices; 0 where none is given."""
    seconds: tuple[float, float] | None
    """Low and high, on the clock; None where this judge was never timed in this home."""
    pace: Pace | None
    """What that is forecast from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeStanding:
    """As of now."""

    id: str
    """The name of its folder: the same judge with the same criteria keeps it."""
    work: Work
    rows: int
    """Rows that are to be judged."""
    judged: Mapping[int, Judged]
    unread: int
    """Questions that were paid, or may have been, without a verdict."""
    answered: int
    questions: int
    """Both orders of each pair that differs."""
    prompt_tokens: int
    answer_tokens: int
    cost: float
    seconds_left: tuple[float, float] | None
    """Low and high, by what it answered so far; None before its first answer."""

    @property
    def missing(self) -> int:
        """Rows without a verdict."""
        return self.rows - len(self.judged)


_WORK: TypeAdapter[Work] = TypeAdapter(Work)


def begin_work(folder: Path, order: JudgeOrder, at: float) -> Work:
    """Note that this process judges now.

    Raises:
        MachineError: It cannot be written.
    """
    me = this_process()
    work = Work(order=order, at=at, pid=me.pid, created=me.created)
    write_whole(folder / _NAME, _WORK.dump_json(work))
    return work


def end_work(folder: Path, work: Work, *, ended: str = "", problem: str = "", fix: str = "") -> None:
    """Note how it ended.

    Raises:
        MachineError: It cannot be written.
    """
    over = replace(work, over=True, ended=ended, problem=problem, fix=fix)
    write_whole(folder / _NAME, _WORK.dump_json(over))


def read_work(folder: Path) -> Work | None:
    """What was written last; None where nothing was, or another version wrote it."""
    try:
        return _WORK.validate_json((folder / _NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def verdicts_of(paid: Sequence[Paid]) -> dict[str, Verdict]:
    """Digest of a question to its verdict, of those that have one."""
    read = ((one.prompt, read_verdict(one.text)) for one in paid if one.text)
    return {prompt: verdict for prompt, verdict in read if verdict is not None}


def look(evaluation: Evaluation, folder: Path) -> JudgeStanding | None:
    """How it stands with the answers of `evaluation`; None where nobody judged here."""
    work = read_work(folder)
    if work is None:
        return None
    paid = read_paid(folder)
    verdicts, rows = verdicts_of(paid), drawn(evaluation.rows, work.order.rows, work.order.seed)
    asked = {digest(question.prompt): question for question in questions(rows, work.order.criteria)}
    tokens = sum(one.prompt_tokens for one in paid), sum(one.answer_tokens for one in paid)
    pace = pace_of(reversed(paid))
    return JudgeStanding(
        id=folder.name,
        work=work,
        rows=len(rows),
        judged=judge_rows(rows, work.order.criteria, verdicts, {one.prompt for one in paid}),
        unread=len((asked.keys() & {one.prompt for one in paid}) - verdicts.keys()),
        answered=len(asked.keys() & verdicts.keys()),
        questions=len(asked),
        prompt_tokens=tokens[0],
        answer_tokens=tokens[1],
        cost=work.order.limits.cost(*tokens),
        seconds_left=pace.seconds_for(len(asked.keys() - known_to(work.order, paid))) if pace else None,
    )


def forecast(evaluation: Evaluation, order: JudgeOrder, folder: Path, pace: Pace | None = None) -> JudgeForecast:
    """What is still to be paid, by the length of the questions and of the answers so far; how long, by the pace."""
    paid = read_paid(folder)
    known, verdicts = known_to(order, paid), verdicts_of(paid)
    rows = drawn(evaluation.rows, order.rows, order.seed)
    asked = {digest(one.prompt): one for one in questions(rows, order.criteria)}
    todo = [one for name, one in asked.items() if name not in known]
    answers = [one.answer_tokens for one in paid if one.text]
    each = sum(answers) / len(answers) if answers else USUAL_TOKENS
    prompt = round(sum(len(one.prompt) + len(one.system) for one in todo) * _TOKENS_A_CHARACTER)
    answer = round(len(todo) * min(each, MOST_TOKENS))
    limits: Limits = order.limits
    return JudgeForecast(
        rows=len(rows),
        unread=len((asked.keys() & known) - verdicts.keys()),
        equal=sum(not is_asked(row) for row in rows),
        questions=len(todo),
        prompt_tokens=prompt,
        answer_tokens=answer,
        cost=limits.cost(prompt, answer),
        seconds=pace.seconds_for(len(todo)) if pace else None,
        pace=pace,
    )


def known_to(order: JudgeOrder, paid: Sequence[Paid]) -> set[str]:
    """Digests of the questions that are not asked again."""
    return set(verdicts_of(paid)) if order.again else {one.prompt for one in paid}
