"""How good the run is, and what it did to single rows."""

from collections.abc import Iterator, Sequence

from core.document.parts import Block, Items, Paragraph, Section, Table
from core.evaluate.card import forgotten_told, score_rows
from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.rows import counted
from core.job.results import Results

_SHOWN = 5
"""Wins, and losses."""
_LONGEST = 600
"""Characters of a text."""


def score_sections(results: Results, run_id: str) -> Iterator[Section]:
    """Scores, examples and what was forgotten; or that nothing is known."""
    evaluation = results.of(run_id)
    if evaluation is None or not evaluation.primary:
        yield Section("Scores", [Paragraph("This run was not scored on held-out rows.")])
        return
    yield Section("Scores", list(_scores(evaluation, results, run_id)))
    yield Section("Examples", list(_examples(evaluation)))
    alarm = evaluation.forgetting is not None and bool(evaluation.forgetting.remedy)
    told = forgotten_told(evaluation)
    yield Section("Forgetting", [Paragraph(told[:1].upper() + told[1:], alarm)])


def _scores(evaluation: Evaluation, results: Results, run_id: str) -> Iterator[Block]:
    yield Table(("metric", "base model", "tuned model", "p-value of the difference"), score_rows(evaluation))
    yield Paragraph("In brackets: the 95 % interval.")
    beside = [one.told for one in results.beside(run_id)]
    if beside:
        yield Items(beside)
    yield Paragraph(f"{evaluation.wins:,} rows better, {evaluation.losses:,} worse, {evaluation.ties:,} the same.")
    said = counted(evaluation.rows, results.judgements(run_id))
    if said:
        names = {"base": "base better", "tuned": "tuned better", "both": "both good", "neither": "both bad"}
        yield Paragraph(f"People who read rows found: {', '.join(f'{names[v]} {n:,}' for v, n in said.items())}.")
    yield from _judge(results, run_id)
    for problem in evaluation.problems:
        yield Paragraph(problem, alarm=True)


def _judge(results: Results, run_id: str) -> Iterator[Block]:
    standing, finding = results.judgings.of(run_id), results.judgings.finding(run_id)
    if standing is None or finding is None or not finding.rows:
        return
    order = standing.work.order
    yield Paragraph(f"A language model, {order.endpoint.model}, was asked as a judge, each pair in both orders.")
    yield Items(finding.lines)
    yield Paragraph(f"Its criteria: {order.criteria.strip()}")


def _examples(evaluation: Evaluation) -> Iterator[Block]:
    for outcome, title in (("win", "Better"), ("loss", "Worse")):
        rows = [row for row in evaluation.rows if row.outcome == outcome]
        yield Paragraph(f"{title}: {min(_SHOWN, len(rows))} of {len(rows):,} rows.")
        if rows:
            yield Table(("row", "prompt", "wanted", "base", "tuned"), _lines(rows[:_SHOWN]))


def _lines(rows: Sequence[RowResult]) -> list[list[str]]:
    return [[str(r.row), *(_cut(text) for text in (r.prompt, r.reference, r.base, r.tuned))] for r in rows]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
