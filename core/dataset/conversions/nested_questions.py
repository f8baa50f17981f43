"""SQuAD's nesting: articles hold paragraphs, a paragraph holds a context and its questions."""

from collections.abc import Iterator
from typing import Any

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.table import Row, Table, text_of
from core.errors import DataError

UNANSWERABLE = "The text does not say."
"""The answer to a question that is marked as impossible to answer."""


def _fits(table: Table) -> bool:
    first = table.rows[:20]
    if {"context", "qas"} <= set(table.columns):
        return any(_objects(row["qas"]) for row in first)
    return "paragraphs" in table.columns and any(
        paragraph.keys() >= {"context", "qas"} for row in first for paragraph in _objects(row["paragraphs"])
    )


def _convert(table: Table) -> Table:
    rows: list[Row] = []
    impossible = 0
    for place, row in enumerate(table.rows):
        for paragraph in [row] if "qas" in row else _objects(row["paragraphs"]):
            for question in _questions(paragraph, table.number(place)):
                answer = _answer(question)
                impossible += answer == UNANSWERABLE
                rows.append(
                    {
                        "title": text_of(row.get("title")),
                        "context": text_of(paragraph.get("context")),
                        "question": text_of(question.get("question")),
                        "answer": answer,
                    }
                )
    notes = [f"{counted(len(table.rows), 'article')} became {counted(len(rows), 'question')}, one a row."]
    if impossible:
        notes.append(
            f"{counted(impossible, 'question')} that the context does not answer got the answer {UNANSWERABLE!r}."
        )
    return converted(table, rows, notes)


def _questions(paragraph: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    questions = paragraph.get("qas")
    if not isinstance(questions, list) or not all(isinstance(question, dict) for question in questions):
        raise DataError(
            f"Row {number} has a paragraph without its list of questions (qas).",
            "Complete the row as in the SQuAD format, or remove it.",
        )
    yield from questions


def _answer(question: dict[str, Any]) -> str:
    answers = question.get("answers")
    if isinstance(answers, dict):
        answers = [{"text": text} for text in answers.get("text") or ()]
    first = answers[0] if isinstance(answers, list) and answers else question.get("answer")
    text = text_of(first.get("text") if isinstance(first, dict) else first)
    impossible = text_of(question.get("is_impossible")).casefold() == "true" or answers == []
    return text or (UNANSWERABLE if impossible else "")


def _objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a cell
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


CONVERSION = Conversion(
    name="nested_questions",
    title="One row for each question",
    about="Each row is an article with paragraphs and their questions (the SQuAD format). Every question becomes a row "
    f"with its context and its first answer; where the context does not answer it, the answer is {UNANSWERABLE!r}.",
    fits=_fits,
    convert=_convert,
)
