"""A text and the one class, of a few, that it belongs to."""

from collections.abc import Mapping

from core.dataset.formats.columns import Profile, find, needed, profile, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, user
from core.dataset.table import Row, Table

_INSTRUCTION = "Classify the text."
_LABELS = (
    "label",
    "labels",
    "label_text",
    "label_name",
    "category",
    "class",
    "intent",
    "sentiment",
    "topic",
    "tag",
    "emotion",
)
_ANSWERS = ("target", "output", "completion", "answer", "response", "type", "kind", "stars", "rating", "verdict")
_TEXTS = (
    "text",
    "sentence",
    "content",
    "review",
    "comment",
    "message",
    "utterance",
    "clause",
    "body",
    "document",
    "tweet",
)


def _detect(table: Table) -> Detection | None:
    profiles = {column: profile(table, column) for column in table.columns}
    label, sure = _label(table, profiles)
    if not label:
        return None
    others = [c for c in table.columns if c != label and profiles[c].rows and not profiles[c].nested]
    named = find(others, _TEXTS)
    text = named or max(others, key=lambda c: profiles[c].mean_length, default="")
    if not text or profiles[text].mean_length <= profiles[label].mean_length:
        return None
    found = profiles[label]
    holds = f"holds {found.distinct} different short values in {found.rows:,} rows"
    because = f"Column {quoted(label)} {holds}, as labels do, and {quoted(text)} holds the texts."
    confidence = sure if named else sure - 0.05
    mapping = {"text": text, "label": label}
    return Detection(
        format="labelled_text", confidence=confidence, because=because, mapping=mapping, instruction=_INSTRUCTION
    )


def _label(table: Table, profiles: Mapping[str, Profile]) -> tuple[str, float]:
    """The column that holds the labels, and how sure that is: by name and content, by either alone."""
    named = find(table.columns, _LABELS)
    if named and profiles[named].repeats:
        return named, 0.95
    answer = find(table.columns, _ANSWERS)
    if answer and profiles[answer].repeats:
        return answer, 0.85
    if named and profiles[named].is_short:
        return named, 0.6
    repeating = [c for c, found in profiles.items() if found.repeats and found.distinct <= max(2, found.rows / 10)]
    if repeating and len(table.columns) <= 12:
        return min(repeating, key=lambda column: profiles[column].distinct), 0.55
    return "", 0.0


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    text = needed(row, mapping, "text")
    label = needed(row, mapping, "label")
    return Converted(user(instruction, text), label, label)


FORMAT = Format(
    name="labelled_text",
    title="Labelled text",
    about="A text and the class that it belongs to.",
    parts=(
        Part("text", required=True, help="The text that is to be classified."),
        Part("label", required=True, help="The class, one of a few short values."),
    ),
    default_instruction=_INSTRUCTION,
    detect=_detect,
    convert=_convert,
)
