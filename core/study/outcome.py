"""What became of a variant: its score, and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import NotFoundError
from core.evaluate.evaluation import Evaluation, read_evaluation
from core.evaluate.metrics.metric import Answer
from core.events import MemoryMeasured, Prepared, RunState, StateChanged, StepTaken
from core.store.store import Record, Store
from core.study.study import Study, Variant

UNTUNED = "Untuned"
"""The base model, which every run scores beside its own."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A variant as it stands now."""

    label: str
    at: float | None = None
    aside: str = ""
    """What sets it apart from the others on the axis."""
    run: str = ""
    state: RunState | None = None
    """None where there is no run."""
    reused: bool = False
    problem: str = ""
    """Why there is no score and none will come by itself."""
    score: float | None = None
    """By the metric that decides, of the tuned model."""
    interval: Interval | None = None
    """95 %, of the held-out rows."""
    rows: Mapping[tuple[str, int], float] | None = None
    """Each held-out row's score, by its prompt and number."""
    base_rows: Mapping[tuple[str, int], float] | None = None
    """The same of the untuned model, which each run scores beside its own."""
    answers: Mapping[tuple[str, int], Answer] | None = None
    """What the tuned model said to each held-out row."""
    base_answers: Mapping[tuple[str, int], Answer] | None = None
    together: bool = False
    """Whether it stands for all variants, as parts of one; then it has no run."""
    seconds: float | None = None
    """Of training, over all attempts, without validation and scoring."""
    peak_gib: float | None = None
    """Highest memory measured: what the run held of a GPU, else of its process."""
    trainable: int | None = None
    """Parameters that learn."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is to be expected."""
        return self.state is None or self.state.is_final


def outcomes(study: Study, store: Store) -> tuple[list[Outcome], str]:
    """The untuned model where it was scored, then each variant; and the name of the metric that decides."""
    found, untuned, primary = [], None, ""
    for variant in study.variants:
        outcome, evaluation = outcome_of(variant, store)
        found.append(outcome)
        if evaluation is not None and evaluation.primary:
            primary = primary or evaluation.primary
            untuned = untuned or _untuned(evaluation)
    return ([untuned, *found] if untuned else found), primary


def outcome_of(variant: Variant, store: Store) -> tuple[Outcome, Evaluation | None]:
    """What became of one, with its evaluation where there is one."""
    if variant.left_out or not variant.run:
        return Outcome(label=variant.label, at=variant.at, problem=variant.left_out), None
    try:
        state = store.run(variant.run).state
    except NotFoundError:
        told = "Its run was deleted; going on with the study runs it again."
        return Outcome(label=variant.label, at=variant.at, problem=told), None
    evaluation = read_evaluation(store.run_folder(variant.run)) if state is RunState.DONE else None
    score, interval, rows, base_rows, answers, base_answers = None, None, None, None, None, None
    if evaluation is not None and evaluation.primary in evaluation.metrics:
        score = float(evaluation.metrics[evaluation.primary]["tuned"])
        low, high = evaluation.intervals[evaluation.primary]["tuned"]
        interval = (low, high)
        rows = {(row.prompt, row.row): row.tuned_score for row in evaluation.rows}
        base_rows = {(row.prompt, row.row): row.base_score for row in evaluation.rows}
        answers = {(row.prompt, row.row): row.answer("tuned") for row in evaluation.rows}
        base_answers = {(row.prompt, row.row): row.answer("base") for row in evaluation.rows}
    records = store.overview(variant.run, kind="train")
    outcome = Outcome(
        label=variant.label,
        at=variant.at,
        aside=variant.aside,
        run=variant.run,
        state=state,
        reused=variant.reused,
        problem=_problem(variant, state, records, scored=score is not None),
        score=score,
        interval=interval,
        rows=rows,
        base_rows=base_rows,
        answers=answers,
        base_answers=base_answers,
        seconds=_seconds(records),
        peak_gib=_peak(records),
        trainable=next((r.event.trainable_parameters for r in records if isinstance(r.event, Prepared)), None),
    )
    return outcome, evaluation


def _untuned(evaluation: Evaluation) -> Outcome | None:
    if evaluation.primary not in evaluation.metrics:
        return None
    low, high = evaluation.intervals[evaluation.primary]["base"]
    return Outcome(
        label=UNTUNED,
        score=float(evaluation.metrics[evaluation.primary]["base"]),
        interval=(low, high),
        rows={(row.prompt, row.row): row.base_score for row in evaluation.rows},
        seconds=0.0,
        trainable=0,
    )


def _problem(variant: Variant, state: RunState, records: Sequence[Record], *, scored: bool) -> str:
    if not state.is_final or scored:
        return ""
    if variant.pruned:
        return variant.pruned
    if state is RunState.DONE:
        return "No rows were held out for scoring." if not variant.plan.data.test_share else "It has no scores."
    ends = [r.event for r in records if isinstance(r.event, StateChanged) and r.event.state is state]
    return (ends[-1].reason if ends else "") or f"It ended as {state.value}."


def _seconds(records: Sequence[Record]) -> float | None:
    last = {r.job_id: r.event.seconds for r in records if isinstance(r.event, StepTaken)}
    return sum(last.values()) if last else None


def _peak(records: Sequence[Record]) -> float | None:
    """What the run itself held: of a GPU what torch reserved, not what other programs hold beside it."""
    measured = [r.event for r in records if isinstance(r.event, MemoryMeasured)]
    reserved = [event.reserved_gib for event in measured if event.reserved_gib is not None]
    return max(reserved or [event.used_gib for event in measured if event.kind == "process"], default=None)
