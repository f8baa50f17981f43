"""Texts to be learned as they are, without questions: the model goes on with what it was first trained on."""

from collections.abc import Mapping

from core.dataset.formats.columns import Columns, find, needed, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part
from core.dataset.table import Row, text_of

_TEXTS = ("text", "content", "document", "body", "raw_content", "article", "story", "contents", "code")


def _detect(columns: Columns) -> Detection | None:
    prose = columns.where("is_prose")
    named = find(prose, _TEXTS)
    if not prose or (len(prose) > 1 and not named):
        return None
    text = named or prose[0]
    because = f"Column {quoted(text)} holds texts, and no other column asks or answers anything, so they are learned "
    because += "as they are."
    alone = len(columns.where("is_text")) == 1
    if set(columns.names) <= {text, "file"} and not _in_folders(columns):
        return Detection(format="plain_text", confidence=0.9, because=because, mapping={"text": text})
    titled = bool(named) and set(columns.where("is_prose")) <= {named, find(prose, ("title",))}
    confidence = 0.65 if named and alone else 0.6 if alone else 0.5 if titled else 0.3
    return Detection(format="plain_text", confidence=confidence, because=because, mapping={"text": text})


def _in_folders(columns: Columns) -> bool:
    """Whether the texts come from several folders, whose names may well be their labels."""
    return "file" in columns.names and any("/" in text_of(name) for name in columns.cells("file"))


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:  # noqa: ARG001 - every format's
    return Converted((), needed(row, mapping, "text"))


FORMAT = Format(
    name="plain_text",
    title="Plain text",
    about="Texts to be learned as they are, without questions or answers: more of what the model was first trained on.",
    parts=(Part("text", required=True, help="The text; what is longer than the longest row is learned in windows."),),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
