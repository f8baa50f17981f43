"""A question and its answer, with or without a context that holds the answer, or choices to choose from."""

from collections.abc import Mapping
from typing import Any

from core.dataset.formats.choices import ANSWERS, choose, find_choices
from core.dataset.formats.columns import Columns, cell, find, needed, quoted, raw
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit, user
from core.dataset.formats.templates import fields
from core.dataset.table import Row, text_of

_INSTRUCTION = "Answer the question from the context."
_WITHOUT_CONTEXT = "Answer the question."
_QUESTIONS = (
    "question", "questions", "query", "q", "question_text", "question_stem", "problem", "ctx",
    "frage", "pregunta", "pergunta", "domanda", "vraag", "pytanie", "fråga", "soru", "вопрос", "питання", "سؤال",
    "السؤال", "שאלה", "प्रश्न", "问题", "問題", "質問", "질문", "câu hỏi",
)  # fmt: skip
_ANSWERS = (
    "answer", "answers", "final_answer", "response", "a", "answer_text", "correct_answer", "solution",
    "antwort", "réponse", "respuesta", "resposta", "risposta", "antwoord", "odpowiedź", "svar", "cevap", "ответ",
    "відповідь", "جواب", "الجواب", "إجابة", "الإجابة", "תשובה", "उत्तर", "答案", "回答", "答え", "답변", "trả lời",
)  # fmt: skip
"""English first, then as speakers of other languages call them."""
_CONTEXTS = ("context", "contexts", "passage", "paragraph", "evidence", "document", "background", "support", "text")


def _detect(columns: Columns) -> Detection | None:
    question = find(columns.names, _QUESTIONS)
    others = [column for column in columns.names if column != question]
    choices = find_choices(columns) if question else ""
    used = {*fields(choices), choices, question}
    answer = find((column for column in others if column not in used), ANSWERS if choices else _ANSWERS)
    if not question or not answer:
        return _by_content(columns)
    context = find((column for column in others if column not in {*used, answer}), _CONTEXTS)
    found = {"context": context, "question": question, "choices": choices, "answer": answer}
    mapping = {part: column for part, column in found.items() if column}
    shown = [column for column in mapping.values() if column != choices]
    because = f"The columns {quoted(*shown)} are named like a question and its answer"
    because += " with the context that holds it" if context else ""
    because += f", and {quoted(*(fields(choices) or (choices,)))} the choices." if choices else "."
    return _detection(0.975 if choices else 0.97 if context else 0.93, because, mapping)


def _by_content(columns: Columns) -> Detection | None:
    """Two columns of text of which one asks, whatever they are called."""
    texts = columns.where("is_text")
    asking = columns.where("asks", texts)
    if len(texts) != 2 or len(asking) != 1 or columns[asking[0]].repeats:
        return None
    question = asking[0]
    answer = next(column for column in texts if column != question)
    if columns[answer].repeats:
        return None
    because = f"Most cells of column {quoted(question)} end with a question mark, so {quoted(answer)} may answer them."
    return _detection(0.55, because, {"question": question, "answer": answer})


def _detection(confidence: float, because: str, mapping: dict[str, str]) -> Detection:
    return Detection(
        format="question_answer",
        confidence=confidence,
        because=because,
        mapping=mapping,
        instruction=_INSTRUCTION if "context" in mapping else _WITHOUT_CONTEXT,
    )


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    question = needed(row, mapping, "question")
    context = needed(row, mapping, "context") if "context" in mapping else ""
    if "choices" in mapping:
        choices, answer = choose(row, mapping)
        asked = f"Question: {question}" if context else question
        return Converted(user(instruction, context, f"{asked}\n{choices}"), answer)
    value = raw(row, mapping, "answer")
    answer = cell(row, mapping, "answer") if isinstance(value, str) else text_of(_first(value)).strip()
    if not answer:
        raise RowUnfit("answer")
    return Converted(user(instruction, context, f"Question: {question}" if context else question), answer)


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
    about="A question and its answer, with or without a context that holds the answer, or choices to choose from.",
    parts=(
        Part("context", required=False, help="The text in which the answer is to be found."),
        Part("question", required=True, help="What is asked."),
        Part(
            "choices",
            required=False,
            help="To choose from: a column with lists, or columns in braces, such as {A}{B}.",
        ),
        Part("answer", required=True, help="The right one, the first of several, or its letter."),
    ),
    default_instruction=_INSTRUCTION,
    detect=_detect,
    convert=_convert,
)
