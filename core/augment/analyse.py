"""Seeds are looked at: what they are, how long, about what, and what they have in common."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from core.augment.card import ColumnCard, TaskCard, TopicCard
from core.augment.entries import Entry, Shape, texts_of
from core.dataset.health.language import language_of

Family: TypeAlias = Literal["classification", "question answering", "text to text", "plain text"]

MOST_TOPICS = 8
_SEEDS_A_TOPIC = 12
"""Fewer seeds than that, and a cluster is chance."""
_NEARLY_ALL = 0.9
_TOPIC_WORDS = 6
CLOSING = re.compile(r"""[.!?…;:。！？]["'”’)\]]*$""")
_CONVENTIONS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("ends like a sentence", lambda text: bool(CLOSING.search(text))),
    ("is a question", lambda text: text.endswith(("?", "？"))),
    ("begins with a capital letter", lambda text: text[:1].isupper()),
    ("is written in lower case", lambda text: text == text.lower() and any(map(str.isalpha, text))),
    ("is a number", lambda text: bool(re.fullmatch(r"[^\w]*[\d][\d.,\s]*[^\w]*", text))),
    ("has several lines", lambda text: "\n" in text),
    ("is a single line", lambda text: "\n" not in text),
)


def analyse(shape: Shape, seeds: Sequence[Entry], description: str = "", constraints: Sequence[str] = ()) -> TaskCard:
    """The task card of these seeds; `description` and `constraints` are people's, where they gave some."""
    labels = Counter(entry.example.label for entry in seeds if entry.example.label is not None)
    family = _family(shape)
    return TaskCard(
        description=description or _described(shape, family, labels),
        constraints=tuple(constraints),
        do=("Vary names, numbers, wording and situation as real data do.", *_label_rule(labels)),
        avoid=(
            "Do not copy or lightly reword an example.",
            "Do not mention that the row is made up, and leave no placeholder such as [NAME].",
        ),
        family=family,
        seeds=len(seeds),
        language=language_of(f"{seed.example.prompt} {seed.example.answer}" for seed in seeds[:200]),
        columns=tuple(_column(shape, column, seeds, bool(labels)) for column in shape.columns),
        labels=dict(sorted(labels.items())),
        topics=_topics(shape, seeds),
    )


def clusters(shape: Shape, seeds: Sequence[Entry]) -> list[int]:
    """For each seed the number of its cluster, the largest being 0: TF-IDF of what is asked, and k-means."""
    many = min(MOST_TOPICS, len(seeds) // _SEEDS_A_TOPIC)
    if many < 2:
        return [0] * len(seeds)
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, max_df=0.5, min_df=2, token_pattern=r"(?u)\b[^\W\d_]{3,}\b")
    try:
        matrix = words.fit_transform(texts_of(seeds, shape.inputs))
    except ValueError:  # no word that some seeds share and others lack
        return [0] * len(seeds)
    found = KMeans(many, n_init=4, random_state=7).fit_predict(matrix).tolist()
    order = {cluster: rank for rank, (cluster, _) in enumerate(Counter(found).most_common())}
    return [order[cluster] for cluster in found]


def _family(shape: Shape) -> Family:
    if shape.format in {"labelled_text", "text_pair"}:
        return "classification"
    if shape.format == "plain_text":
        return "plain text"
    return "question answering" if shape.format == "question_answer" else "text to text"


def _described(shape: Shape, family: Family, labels: Counter[str]) -> str:
    asked = shape.instruction.strip()
    if labels:
        return f"{asked or 'Classify the text.'} The answer is one of {len(labels)} labels."
    return asked or {"plain text": "Texts of one kind, to be learned as they are."}.get(family, "Answer what is asked.")


def _label_rule(labels: Counter[str]) -> tuple[str, ...]:
    return ("Let the text fit the label that is asked for, and no other label.",) if labels else ()


def _column(shape: Shape, column: str, seeds: Sequence[Entry], labelled: bool) -> ColumnCard:  # noqa: FBT001
    texts = [entry.cells[column] for entry in seeds if entry.cells[column]]
    counts = sorted(len(text.split()) for text in texts) or [0]
    answers = column in shape.answers
    common = tuple(said for said, has in _CONVENTIONS if sum(map(has, texts)) >= _NEARLY_ALL * max(1, len(texts)))
    return ColumnCard(
        name=column,
        role=("label" if labelled else "answer") if answers else "input",
        shortest=counts[len(counts) // 20],
        middle=counts[len(counts) // 2],
        longest=counts[-1 - len(counts) // 20],
        conventions=() if answers and labelled else common,
    )


def _topics(shape: Shape, seeds: Sequence[Entry]) -> tuple[TopicCard, ...]:
    """The clusters, each with the words that it has more often than the others."""
    found = clusters(shape, seeds)
    texts = texts_of(seeds, shape.inputs)
    stands = [set(re.findall(r"[^\W\d_]{4,}", text.casefold())) for text in texts]
    everywhere = Counter(word for words in stands for word in words)
    cards = []
    for cluster in range(max(found) + 1 if len(set(found)) > 1 else 0):
        members = [words for words, where in zip(stands, found, strict=True) if where == cluster]
        here = Counter(word for words in members for word in words)
        lift = {
            word: count / len(members) - (everywhere[word] - count) / max(1, len(seeds) - len(members))
            for word, count in here.items()
        }
        best = sorted(lift, key=lambda word: (-lift[word], word))[:_TOPIC_WORDS]
        cards.append(TopicCard(words=tuple(best), seeds=len(members)))
    return tuple(cards)
