"""Two texts and the class of what is between them: inference, paraphrase, relevance."""

from collections.abc import Mapping
from functools import lru_cache

from core.dataset.formats.columns import Columns, find, needed, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, user
from core.dataset.formats.labelled_text import LABELS, find_label
from core.dataset.table import Row

_INSTRUCTION = "Classify the pair of texts."
_PAIRS = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"), ("text_a", "text_b"),
    ("text1", "text2"), ("sent1", "sent2"), ("sentence_a", "sentence_b"), ("sentence_A", "sentence_B"),
    ("claim", "evidence"), ("s1", "s2"), ("string1", "string2"), ("query", "passage"), ("query", "document"),
    ("text", "text_pair"), ("first", "second"), ("question", "sentence"),
)  # fmt: skip
_LABELS = ("gold_label", "is_duplicate", "entailment", "entailment_judgment", "relation", "relevance", "quality")


def _detect(columns: Columns) -> Detection | None:
    pairs = [(find(columns.names, [one]), find(columns.names, [other])) for one, other in _PAIRS]
    first, second = next((pair for pair in pairs if all(pair) and pair[0] != pair[1]), ("", ""))
    if not first:
        return None
    others = [column for column in columns.names if column not in {first, second}]
    label = find_label(columns, others, (*_LABELS, *LABELS))
    if not label or not columns[label].repeats:
        return None
    because = f"The columns {quoted(first, second)} are named like a pair of texts, and {quoted(label)} holds labels."
    return Detection(
        format="text_pair",
        confidence=0.96,
        because=because,
        mapping={"first": first, "second": second, "label": label},
        instruction=_INSTRUCTION,
    )


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    first, second = needed(row, mapping, "first"), needed(row, mapping, "second")
    label = needed(row, mapping, "label")
    captions = _caption(mapping["first"], "First text"), _caption(mapping["second"], "Second text")
    return Converted(user(instruction, f"{captions[0]}: {first}", f"{captions[1]}: {second}"), label, label)


@lru_cache(maxsize=64)
def _caption(column: str, otherwise: str) -> str:
    """What stands before a text: its column's name, where that is a word or two ("Premise", "Sentence 1")."""
    words = "".join(f" {c}" if c.isdigit() else c for c in column.replace("_", " ").replace("-", " ")).split()
    named = " ".join(words)
    return named[:1].upper() + named[1:] if 0 < len(named) <= 30 and "{" not in named else otherwise


FORMAT = Format(
    name="text_pair",
    title="Pair of texts",
    about="Two texts and the class of what is between them, such as whether one follows from the other.",
    parts=(
        Part("first", required=True, help="The first text: a premise, a question."),
        Part("second", required=True, help="The second text: a hypothesis, another question."),
        Part("label", required=True, help="The class of the pair, one of a few short values."),
    ),
    default_instruction=_INSTRUCTION,
    detect=_detect,
    convert=_convert,
    labelled=True,
)
