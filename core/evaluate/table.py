"""The rows of an evaluation as a CSV file that a spreadsheet opens without running anything, and as JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from core.evaluate.evaluation import Evaluation
from core.evaluate.judged import Judged
from core.evaluate.rows import of_other_answers
from core.store.judgements import Judgement

_COMMANDS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = ("row", "outcome", "prompt", "reference", "base", "tuned", "base_score", "tuned_score")
_SURE = ("base_confidence", "tuned_confidence")
_NOTHING = Judgement()
_NOBODY: Mapping[int, Judged] = MappingProxyType({})


def to_csv(
    evaluation: Evaluation, judgements: Mapping[int, Judgement], judged: Mapping[int, Judged] = _NOBODY
) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read other alphabets right."""
    rows = list(_rows(evaluation, judgements, judged))
    columns = list(rows[0]) if rows else list(_COLUMNS)
    return write_csv(columns, (row.values() for row in rows)).encode("utf-8-sig", "replace")


def to_jsonl(
    evaluation: Evaluation, judgements: Mapping[int, Judgement], judged: Mapping[int, Judged] = _NOBODY
) -> bytes:
    """The same, each row an object on a line of its own, texts as they are."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(evaluation, judgements, judged))
    return "".join(lines).encode("utf-8", "replace")


def _rows(
    evaluation: Evaluation, judgements: Mapping[int, Judgement], judged: Mapping[int, Judged]
) -> Iterator[dict[str, Any]]:
    columns = _COLUMNS + (_SURE if evaluation.labels else ())
    for row in evaluation.rows:
        said = judgements.get(row.row, _NOTHING)
        values = {column: getattr(row, column) for column in (*columns, "change")}
        # What is no number has an empty cell, and null in JSON.
        yield {name: None if value != value else value for name, value in values.items()} | {
            "base_characters": len(row.base),
            "tuned_characters": len(row.tuned),
            "verdict": said.verdict,
            "note": said.note,
            "judged_other_answers": of_other_answers(row, said),
            **(_of_judge(judged.get(row.row)) if judged else {}),
        }


def _of_judge(judged: Judged | None) -> dict[str, Any]:
    """What a judge says; each reason says which answer stood first."""
    if judged is None:
        return {"judge": "", "judge_base_first": "", "judge_tuned_first": ""}
    one, other = judged.reasons or ("", "")
    return {"judge": judged.word, "judge_base_first": one, "judge_tuned_first": other}


def write_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """CSV text in which no cell of text is a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([quoted(column) for column in columns])
    writer.writerows([quoted(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return file.getvalue()


def quoted(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a command."""
    return f"'{cell}" if cell.startswith(_COMMANDS) else cell
