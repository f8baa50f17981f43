"""A text and the text that should follow from it: a summary, a translation, a reply."""

from collections.abc import Mapping

from core.dataset.formats.columns import find, needed, profile, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, user
from core.dataset.table import Row, Table

_PROMPTS = (
    "prompt", "input", "source", "src", "dialogue", "dialog", "conversation_text", "document", "article", "passage",
    "query", "question", "problem", "request", "user", "human", "before", "original", "text",
)  # fmt: skip
_COMPLETIONS = (
    "completion", "response", "output", "target", "tgt", "chosen", "summary", "highlights", "note", "notes", "answer",
    "reply", "solution", "translation", "result", "assistant", "gpt", "after", "rewritten", "headline", "title",
)  # fmt: skip


def _detect(table: Table) -> Detection | None:
    found = {column: profile(table, column) for column in table.columns}
    texts = [column for column, about in found.items() if about.rows and not about.nested]
    completion = find(texts, _COMPLETIONS)
    prompt = find((column for column in texts if column != completion), _PROMPTS)
    if prompt and completion:
        because = f"The columns {quoted(prompt, completion)} are named like a prompt and its completion."
        return _detection(0.75 if found[completion].repeats else 0.9, because, prompt, completion)
    pair = texts if len(texts) == 2 else [column for column in texts if found[column].is_prose]
    return _of_two(pair, prompt, completion) if len(pair) == 2 else None


def _of_two(texts: list[str], prompt: str, completion: str) -> Detection:
    first, second = texts
    if completion == first or prompt == second:
        first, second = second, first
    if prompt or completion:
        because = f"Of the two columns of text, {quoted(prompt or completion)} is named like one side of a pair."
        return _detection(0.6, because, first, second)
    because = f"A guess: {quoted(first, second)} are the only columns of text, so the first may ask for the second."
    return _detection(0.4, because, first, second)


def _detection(confidence: float, because: str, prompt: str, completion: str) -> Detection:
    mapping = {"prompt": prompt, "completion": completion}
    return Detection(format="prompt_completion", confidence=confidence, because=because, mapping=mapping)


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    prompt = needed(row, mapping, "prompt")
    return Converted(user(instruction, prompt), needed(row, mapping, "completion"))


FORMAT = Format(
    name="prompt_completion",
    title="Prompt and completion",
    about="A text and the text that should follow from it.",
    parts=(
        Part("prompt", required=True, help="What the model reads."),
        Part("completion", required=True, help="What it should write."),
    ),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
