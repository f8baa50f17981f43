"""What the page of results says of single rows: lines of the table, and one row whole with its differences marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.evaluate.differences import differing
from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.judged import CHANGED, Judged
from core.evaluate.metrics.metric import Family
from core.evaluate.rows import counted, of_other_answers
from core.store.store import Judgement
from ui import markup, resultfiles, words
from ui.markup import text

HEADS = ["row", "outcome", "score", "prompt", "wanted", "base answered", "tuned answered", "you", "judge"]
WIDTHS = ["6%", "8%", "11%", "22%", "13%", "14%", "14%", "6%", "6%"]
VERDICTS = {"base": "Base better", "tuned": "Tuned better", "both": "Both good", "neither": "Both bad"}
JUDGE = {"base": "Base better", "tuned": "Tuned better", "tie": "A tie", CHANGED: "Changed its mind with the order"}
WANTED, EACH_OTHER = "wanted", "each other"
OUTCOMES = {"win": "better", "loss": "worse", "tie": "same"}
_SHORT = {"base": "base", "tuned": "tuned", "both": "both", "neither": "none"}
_LONGEST_CELL = 200
_FILES = (
    ("rows.csv", "Rows as CSV"),
    ("rows.jsonl", "as JSON Lines"),
    ("report.html", "Report as HTML"),
    ("report.md", "as Markdown"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What people and the newest judge say of single rows."""

    people: Mapping[int, Judgement] = field(default_factory=dict)
    judge: Mapping[int, Judged] = field(default_factory=dict)


def outcomes(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The counts that filter the table."""
    return [
        (f"All {len(evaluation.rows):,}", ""),
        (f"{evaluation.wins:,} better", "win"),
        (f"{evaluation.losses:,} worse", "loss"),
        (f"{evaluation.ties:,} the same", "tie"),
    ]


def line(evaluation: Evaluation, row: RowResult, said: Said) -> list[str]:
    """A row of the table."""
    texts = (words.shortened(part, _LONGEST_CELL) for part in (row.prompt, row.reference, row.base, row.tuned))
    yours = said.people.get(row.row, Judgement())
    judged = said.judge.get(row.row)
    note = " ✎" if yours.note else ""
    ends = [_SHORT.get(yours.verdict, "") + note, judged.word if judged else ""]
    return [str(row.row), OUTCOMES[row.outcome], _scores(evaluation, row), *texts, *ends]


def place_in_list(first: int, shown: int, found: int, among: int) -> str:
    """Which rows the table shows."""
    if not found:
        return markup.block("<p class='ft-below' role='status'>No row fits. Take a filter back.</p>")
    of = words.counted(found, "row")
    some = "" if found == among else f", chosen from {among:,}"
    told = of if shown == found else f"{first + 1:,} to {first + shown:,} of {of}"
    return markup.block(f"<p class='ft-below' role='status'>{text(told + some)}</p>")


def downloads(run_id: str, evaluation: Evaluation, judgements: Mapping[int, Judgement]) -> str:
    """Links to all rows as files, and what people said so far."""
    links = " ".join(
        f"<a href='{text(resultfiles.link(run_id, name))}' download>{text(title)}</a>" for name, title in _FILES
    )
    counts = counted(evaluation.rows, judgements)
    said = ", ".join(f"{VERDICTS[verdict].lower()} {counts[verdict]:,}" for verdict in VERDICTS if verdict in counts)
    yours = f"<span class='ft-yours'>{text(f'Your verdicts: {said}')}</span>" if said else ""
    return markup.block(f"<p class='ft-downloads'>{yours}{links}</p>")


def reading(evaluation: Evaluation, row: RowResult | None, said: Said, marks: str) -> str:
    """One row whole: prompt, reference and both answers, with the words that differ marked."""
    if row is None:
        return markup.empty("No row fits.", "Take a filter back, or search for something else.")
    head = (
        f"<div class='ft-reading-head'><h3>Row {row.row:,}</h3>"
        f"<span class='ft-severity {row.outcome}'>{OUTCOMES[row.outcome]}</span>"
        f"<span class='ft-below'>{text(_facts(evaluation, row))}</span></div>"
    )
    stale, judgement = "", said.people.get(row.row)
    if judgement is not None and of_other_answers(row, judgement):
        stale = "<p class='ft-note'>Your verdict was given to other answers: the run was scored again since.</p>"
    if evaluation.family == Family.PLAIN:
        return markup.block(f"{head}{stale}{_side('Text', text(row.reference))}")
    if marks == EACH_OTHER:
        sides = text(row.reference), marked(row.base, row.tuned), marked(row.tuned, row.base)
    else:
        others = row.reference
        sides = marked(row.reference, row.tuned), marked(row.base, others), marked(row.tuned, others)
    names = ("Wanted", "wanted"), ("Base model answered", "base"), ("Tuned model answered", "tuned")
    columns = "".join(_side(name, side, kind) for (name, kind), side in zip(names, sides, strict=True))
    judge = _judge(said.judge.get(row.row))
    return markup.block(f"{head}{stale}{_side('Prompt', text(row.prompt))}<div class='ft-sides'>{columns}</div>{judge}")


def _judge(judged: Judged | None) -> str:
    """What the judge says of the row; its reasons are text like any other."""
    if judged is None:
        return ""
    if not judged.asked:
        return "<p class='ft-below ft-of-judge'>The judge was not asked: both answers are the same.</p>"
    orders = zip(("Base answer first", "Tuned answer first"), judged.reasons, strict=False)
    told = "".join(f"<li>{name}: {text(reason)}</li>" for name, reason in orders if reason)
    tie = ", so it counts as a tie" if judged.changed else ""
    head = f"<b>The judge: {text(JUDGE[judged.word] + tie)}</b>"
    return f"<div class='ft-of-judge'>{head}<ul class='ft-causes'>{told}</ul></div>"


def _side(name: str, inside: str, kind: str = "") -> str:
    shown = inside or "<i>nothing</i>"
    return f"<div class='ft-side {kind}'><div class='ft-caption'>{name}</div><div class='ft-text'>{shown}</div></div>"


def marked(one: str, other: str) -> str:
    """`one` with the words marked that `other` lacks there."""
    return "".join(f"<mark>{text(part)}</mark>" if differs else text(part) for part, differs in differing(one, other))


def _scores(evaluation: Evaluation, row: RowResult) -> str:
    measure = evaluation.measure(evaluation.primary)
    if measure is None:
        return words.NOTHING
    before, after = (
        words.NOTHING if score != score else measure.show(score) for score in (row.base_score, row.tuned_score)
    )
    return f"{before} → {after}"


def _facts(evaluation: Evaluation, row: RowResult) -> str:
    measure = evaluation.measure(evaluation.primary)
    told = [f"{measure.title if measure else 'Score'} {_scores(evaluation, row)}"]
    if evaluation.family != Family.PLAIN:
        told.append(f"{len(row.base):,} → {len(row.tuned):,} characters")
    if row.base_confidence is not None and row.tuned_confidence is not None:
        told.append(f"{words.percent(row.base_confidence)} → {words.percent(row.tuned_confidence)} sure of its label")
    return " · ".join(told)


def labels(evaluation: Evaluation) -> Sequence[tuple[str, str]]:
    """What a menu of labels offers."""
    return [("any", ""), *((words.shortened(label, 60), label) for label in evaluation.labels)]
