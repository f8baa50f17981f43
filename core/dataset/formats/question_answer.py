"""A question and its answer, with or without a context that holds the answer."""

from collections.abc import Mapping
from typing import Any

from core.dataset.formats.columns import cell, find, needed, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit, user
from core.dataset.table import Row, Table, text_of

_INSTRUCTION = "Answer the question from the context."
_WITHOUT_CONTEXT = "Answer the question."
_QUESTIONS = ("question", "questions", "query", "q")
_ANSWERS = ("answer", "answers", "final_answer", "response", "a")
_CONTEXTS = ("context", "contexts", "passage", "paragraph", "evidence", "document", "background", "text")


def _detect(table: Table) -> Detection | None:
    question = find(table.columns, _QUESTIONS)
    answer = find(table.columns, _ANSWERS)
    if not question or not answer:
        return None
    mapping = {"question": question, "answer": answer}
    context = find((c for c in table.columns if c not in mapping.values()), _CONTEXTS)
    if context:
        mapping = {"context": context} | mapping
    because = f"The columns {quoted(*mapping.values())} are named like a question and its answer" + (
        " with the context that holds it." if context else "."
    )
    return Detection(
        format="question_answer",
        confidence=0.97 if context else 0.93,
        because=because,
        mapping=mapping,
        instruction=_INSTRUCTION if context else _WITHOUT_CONTEXT,
    )


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    question = needed(row, mapping, "question")
    answer = text_of(_first(row.get(mapping["answer"]))).strip()
    if not answer:
        raise RowUnfit("answer")
    if "context" not in mapping:
        return Converted(user(instruction, question), answer)
    context = cell(row, mapping, "context")
    if not context:
        raise RowUnfit("context")
    return Converted(user(instruction, context, f"Question: {question}"), answer)


def _first(answer: Any) -> Any:  # noqa: ANN401 - a cell
    """The first of several answers; SQuAD keeps them as {"text": [...], "answer_start": [...]}."""
    if isinstance(answer, dict) and "text" in answer:
        answer = answer["text"]
    if isinstance(answer, list):
        return _first(answer[0]) if answer else ""
    return answer


FORMAT = Format(
    name="question_answer",
    title="Question and answer",
    about="A question and its answer, with or without a context that holds the answer.",
    parts=(
        Part("context", required=False, help="The text in which the answer is to be found."),
        Part("question", required=True, help="What is asked."),
        Part("answer", required=True, help="The right answer; the first, where there are several."),
    ),
    default_instruction=_INSTRUCTION,
    detect=_detect,
    convert=_convert,
)
