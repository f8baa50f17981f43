"""A text and the one class, of a few, that it belongs to."""

from collections.abc import Mapping, Sequence

from core.dataset.formats.columns import Columns, find, fold, needed, quoted, raw
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit, user
from core.dataset.table import Row, text_of

_INSTRUCTION = "Classify the text."
LABELS = (
    "label", "labels", "label_text", "label_name", "category", "categories", "class", "intent", "sentiment", "topic",
    "tag", "emotion", "genre", "target_name", "class_name", "category_name",
    "etikett", "kategorie", "klasse", "catégorie", "étiquette", "categoría", "etiqueta", "clase", "categoria",
    "etichetta", "classe", "categorie", "kategoria", "kategori", "etiket", "метка", "категория", "класс", "تصنيف",
    "الفئة", "标签", "类别", "分类", "標籤", "類別", "ラベル", "カテゴリ", "分類", "라벨", "분류",
)  # fmt: skip
"""What columns of labels are called."""
_ANSWERS = ("target", "output", "completion", "answer", "response", "type", "kind", "stars", "rating", "verdict")
TEXTS = (
    "text", "sentence", "content", "review", "comment", "message", "utterance", "clause", "body", "document", "tweet",
    "comment_text", "review_text", "sms", "headline", "question_text", "abstract", "description",
    "satz", "nachricht", "texte", "phrase", "texto", "frase", "mensaje", "testo", "tekst", "metin", "текст",
    "نص", "النص", "文本", "内容", "句子", "評論", "评论", "テキスト", "文章", "텍스트", "문장",
)  # fmt: skip
"""What columns of texts are called."""


def _detect(columns: Columns) -> Detection | None:
    label, sure = _label(columns)
    if not label:
        return None
    text = find_text(columns, label)
    if not text or columns[text].mean_length <= columns[label].mean_length:
        return None
    found = columns[label]
    looked = "rows" if columns.all_rows == found.looked_at else "rows that were looked at"
    holds = f"holds {found.distinct} different short values in {found.rows:,} {looked}"
    because = f"Column {quoted(label)} {holds}, as labels do, and {quoted(text)} holds the texts."
    return Detection(
        format="labelled_text",
        confidence=sure if find([text], TEXTS) else sure - 0.05,
        because=because,
        mapping={"text": text, "label": label},
        instruction=_INSTRUCTION,
    )


def find_text(columns: Columns, *others: str) -> str:
    """The column of texts: by its name, else the one with the longest; "" where there is none."""
    texts = [c for c in columns.names if c not in others and columns[c].rows and not columns[c].nested]
    readable = columns.where("is_text", texts)
    return find(texts, TEXTS) or max(readable or texts, key=lambda c: columns[c].mean_length, default="")


def find_label(columns: Columns, among: Sequence[str], names: Sequence[str]) -> str:
    """The column of labels by its name; of numbers and the words for them, the words."""
    named = find(among, names)
    if not named or not columns[named].numeric:
        return named
    wanted = {fold(name) for name in names}
    stem = fold(named)
    words = [
        column
        for column in among
        if (fold(column) in wanted or fold(column).startswith(stem)) and not columns[column].numeric
        if columns[column].repeats and columns[column].distinct == columns[named].distinct
    ]
    return words[0] if words else named


def _label(columns: Columns) -> tuple[str, float]:
    """The column that holds the labels, and how sure that is: by name and content, by either alone."""
    named = find_label(columns, columns.names, LABELS)
    if named and columns[named].repeats:
        return named, 0.95
    answer = find_label(columns, columns.names, _ANSWERS)
    if answer and columns[answer].repeats:
        return answer, 0.85
    if named and columns[named].is_short:
        return named, 0.6
    if len(columns.where("yes_no")) > 1:
        return "", 0.0  # which of them is asked for nobody can know
    repeating = [c for c in columns.where("repeats") if columns[c].distinct <= max(2, columns[c].rows / 10)]
    if repeating and len(columns.names) <= 12:
        return min(repeating, key=lambda column: (columns[column].numeric, columns[column].distinct)), 0.55
    return "", 0.0


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    text = needed(row, mapping, "text")
    value = raw(row, mapping, "label")
    if isinstance(value, list):
        if len(value) > 1:
            raise RowUnfit("label", "has several labels; read the file as text with several labels")
        label = text_of(value[0]).strip() if value else ""
    else:
        label = needed(row, mapping, "label")
    if not label:
        raise RowUnfit("label")
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
    labelled=True,
)
