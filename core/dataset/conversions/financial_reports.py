"""TAT-QA's nesting: a report holds a table, paragraphs, and questions on them."""

from typing import Any

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.table import Row, Table, text_of
from core.errors import DataError


def _fits(table: Table) -> bool:
    if not {"table", "paragraphs", "questions"} <= set(table.columns):
        return False
    return any(isinstance(row["table"], dict) and isinstance(row["questions"], list) for row in table.rows[:20])


def _convert(table: Table) -> Table:
    rows: list[Row] = []
    for place, row in enumerate(table.rows):
        try:
            rows += _report(row)
        except (AttributeError, KeyError, TypeError) as error:
            raise DataError(
                f"Row {table.number(place)} is not a report with table, paragraphs and questions.",
                "Complete it as in TAT-QA, or remove the row.",
            ) from error
    notes = [f"{counted(len(table.rows), 'report')} became {counted(len(rows), 'question')}, one a row."]
    notes.append(
        "The context holds the table, cells divided by '|', and the paragraphs that the question is about; answers "
        "carry their scale (million, %)."
    )
    return converted(table, rows, notes)


def _report(row: Row) -> list[Row]:
    paragraphs = {text_of(paragraph["order"]): _fold(paragraph["text"]) for paragraph in row["paragraphs"]}
    table = "\n".join(" | ".join(_fold(cell) for cell in line) for line in row["table"]["table"])
    report = text_of(row["table"].get("uid"))
    return [
        {
            "report": report,
            "context": _context(question, table, paragraphs),
            "question": _fold(question["question"]),
            "answer": _answer(question),
        }
        for question in row["questions"]
    ]


def _context(question: dict[str, Any], table: str, paragraphs: dict[str, str]) -> str:
    """The paragraphs that the question is about, or all where it does not say, and the table before them."""
    wanted = [paragraphs[text_of(order)] for order in question.get("rel_paragraphs") or () if order in paragraphs]
    needs_table = question.get("answer_from") != "text"
    texts = wanted or ([] if needs_table else list(paragraphs.values()))
    return "\n".join([table, *texts] if needs_table else texts)


def _answer(question: dict[str, Any]) -> str:
    answer, scale = question["answer"], text_of(question.get("scale"))
    text = "; ".join(_fold(value) for value in (answer if isinstance(answer, list) else [answer]))
    return f"{text}%" if scale == "percent" else f"{text} {scale}".strip()


def _fold(value: Any) -> str:  # noqa: ANN401 - a cell
    return " ".join(text_of(value).split())


CONVERSION = Conversion(
    name="financial_reports",
    title="One row for each question",
    about="Each row is a report with a table, paragraphs and questions (the TAT-QA format). Every question becomes a "
    "row with the table and the paragraphs that it is about as its context.",
    fits=_fits,
    convert=_convert,
)
