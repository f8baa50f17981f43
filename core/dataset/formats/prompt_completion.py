"""A text and the text that should follow from it: a summary, a translation, a reply."""

from collections.abc import Mapping
from dataclasses import replace

from core.dataset.formats.columns import Columns, find, needed, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, user
from core.dataset.table import Row

_PROMPTS = (
    "prompt", "input", "source", "src", "dialogue", "dialog", "conversation_text", "document", "article", "passage",
    "query", "question", "problem", "request", "user", "human", "before", "original", "text",
)  # fmt: skip
_COMPLETIONS = (
    "completion", "response", "output", "target", "tgt", "chosen", "summary", "highlights", "note", "notes", "answer",
    "reply", "solution", "translation", "result", "assistant", "gpt", "after", "rewritten", "headline", "title",
)  # fmt: skip
_TITLES = ("title", "headline")
_LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "cs": "Czech", "ro": "Romanian", "ru": "Russian", "uk": "Ukrainian",
    "tr": "Turkish", "ar": "Arabic", "fa": "Persian", "hi": "Hindi", "zh": "Chinese", "ja": "Japanese",
    "ko": "Korean", "vi": "Vietnamese", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish",
    "el": "Greek", "hu": "Hungarian", "he": "Hebrew", "id": "Indonesian", "th": "Thai", "sw": "Swahili",
    "eng": "English", "deu": "German", "fra": "French", "spa": "Spanish", "english": "English", "german": "German",
    "french": "French", "spanish": "Spanish", "italian": "Italian", "chinese": "Chinese", "russian": "Russian",
}  # fmt: skip


def _detect(columns: Columns) -> Detection | None:
    plain = [column for column in columns.names if columns[column].rows and not columns[column].nested]
    completion = find(plain, _COMPLETIONS)
    prompt = find((column for column in plain if column != completion), _PROMPTS)
    if completion and completion == find(plain, _TITLES) and _is_page(columns):
        return None
    if prompt and completion:
        because = f"The columns {quoted(prompt, completion)} are named like a prompt and its completion."
        return _detection(0.75 if columns[completion].repeats else 0.9, because, prompt, completion)
    texts = columns.where("is_text", plain)
    languages = [column for column in texts if column.casefold() in _LANGUAGES]
    if len(languages) == 2:
        return _translation(*languages)
    pair = texts if len(texts) == 2 else columns.where("is_prose", texts)
    return _of_two(pair, prompt, completion) if len(pair) == 2 else None


def _is_page(columns: Columns) -> bool:
    """Whether the rows are pages of a site, whose titles nobody asks for."""
    return bool(find(columns.names, ("url", "link", "source_url")))


def _translation(source: str, target: str) -> Detection:
    languages = _LANGUAGES[source.casefold()], _LANGUAGES[target.casefold()]
    because = f"The columns {quoted(source, target)} are named like languages, so one is the translation of the other."
    return replace(
        _detection(0.8, because, source, target), instruction=f"Translate from {languages[0]} to {languages[1]}."
    )


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
