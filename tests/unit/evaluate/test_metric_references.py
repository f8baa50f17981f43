"""Metrics equal what they are named after, to the last digits, on random and on nasty texts."""

import random
import re
import string
import warnings
from collections import Counter

import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.bleu import tokenizer_for
from core.evaluate.metrics.metric import Answer
from core.evaluate.metrics.words import WORDS
from core.evaluate.per_label import per_label

EXACTLY = 1e-9
NASTY = [
    "",
    " ",
    "\n",
    "the",
    "a",
    ".",
    "!?",
    "0",
    "-5",
    "5",
    "3.5",
    "35",
    "患者没有发烧。",
    "पाठ",
    "สวัสดี",
    "é",
    "e\u0301",
    "😀 😀",
    "\u200b",
    "A" * 300,
    "a b " * 40,
    "İ",
    "ß SS",
    "<s>",
    "x\ty",
    "$1,000.50",
    "naïve Café",
]
VOCABULARY = [
    "the",
    "patient",
    "is",
    "a",
    "45-year-old",
    "man,",
    "pain_in",
    "chest;",
    "denies",
    "History",
    "2.5",
    "mg!",
]


def pairs(seed):
    """Random sentences over few words, and every nasty text beside some other."""
    dice = random.Random(seed)
    for _ in range(60):
        yield tuple(" ".join(dice.choices(VOCABULARY, k=dice.randint(1, 15))) for _ in range(2))
    for text in NASTY:
        yield text, dice.choice(NASTY)
        yield text, text


def answered(found):
    return [Answer(reference, text, 1.0, 1) for reference, text in found]


def corpora():
    """Whole test sets: all pairs, random ones, nasty ones, one row, and rows without any answer."""
    every = list(pairs(1))
    yield from (every, every[:60], every[60:], [("a cat", "a cat")], [("cat", "")], [("", "cat")], [("", "")])
    yield from (list(pairs(seed))[seed % 50 : seed % 50 + 8] for seed in range(20))


@pytest.mark.parametrize(("name", "theirs"), [("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")])
def test_rouge_is_that_of_the_rouge_score_library(name, theirs):
    from rouge_score.rouge_scorer import RougeScorer

    library = RougeScorer([theirs], tokenizer=WORDS)
    for reference, text in pairs(3):
        ours = METRICS[name].score_row(Answer(reference, text, 1.0, 1))
        assert ours == pytest.approx(library.score(reference, text)[theirs].fmeasure, abs=EXACTLY), (reference, text)


def test_english_words_are_those_of_the_rouge_score_library():
    from rouge_score.tokenizers import DefaultTokenizer

    library = DefaultTokenizer(use_stemmer=False)
    for text in (text for pair in pairs(4) for text in pair if text.isascii()):
        assert WORDS.tokenize(text) == library.tokenize(text)


def test_chrf_is_that_of_sacrebleu():
    from sacrebleu.metrics import CHRF

    for corpus in corpora():
        theirs = CHRF().corpus_score([text for _, text in corpus], [[reference for reference, _ in corpus]]).score
        assert METRICS["chrf"].aggregate(answered(corpus)) == pytest.approx(theirs / 100, abs=EXACTLY)


def test_bleu_is_that_of_sacrebleu():
    from sacrebleu.metrics import BLEU

    for corpus in corpora():
        references = [reference for reference, _ in corpus]
        library = BLEU(tokenize=tokenizer_for(references))
        theirs = library.corpus_score([text for _, text in corpus], [references]).score
        assert METRICS["bleu"].aggregate(answered(corpus)) == pytest.approx(theirs / 100, abs=EXACTLY)


def test_bleu_goes_by_letters_where_words_have_no_spaces():
    rows = answered([("患者没有发烧和咳嗽", "患者没有发烧和咳嗽")])
    assert METRICS["bleu"].aggregate(rows) == pytest.approx(1.0)


def normalize_answer(s):
    """As published: evaluate-v2.0.py."""

    def remove_articles(text):
        return re.sub(re.compile(r"\b(a|an|the)\b", re.UNICODE), " ", text)

    def remove_punc(text):
        return "".join(ch for ch in text if ch not in set(string.punctuation))

    return " ".join(remove_articles(remove_punc(s.lower())).split())


def compute_f1(a_gold, a_pred):
    gold_toks, pred_toks = normalize_answer(a_gold).split(), normalize_answer(a_pred).split()
    num_same = sum((Counter(gold_toks) & Counter(pred_toks)).values())
    if len(gold_toks) == 0 or len(pred_toks) == 0:
        return int(gold_toks == pred_toks)
    if num_same == 0:
        return 0
    precision, recall = num_same / len(pred_toks), num_same / len(gold_toks)
    return (2 * precision * recall) / (precision + recall)


def test_squad_metrics_are_those_of_the_published_script():
    for reference, text in pairs(5):
        row = Answer(reference, text, 1.0, 1)
        assert METRICS["squad_exact_match"].score_row(row) == (normalize_answer(reference) == normalize_answer(text))
        assert METRICS["squad_f1"].score_row(row) == pytest.approx(compute_f1(reference, text), abs=EXACTLY)


def test_exact_match_and_token_f1_are_those_too_but_for_numbers_and_languages_without_spaces():
    for reference, text in pairs(6):
        if any(mark.isdigit() or not mark.isascii() for mark in reference + text):
            continue
        row = Answer(reference, text, 1.0, 1)
        assert METRICS["exact_match"].score_row(row) == METRICS["squad_exact_match"].score_row(row)
        assert METRICS["token_f1"].score_row(row) == pytest.approx(compute_f1(reference, text), abs=EXACTLY)


def label_sets():
    dice = random.Random(5)
    for _ in range(20):
        references = dice.choices("abc", weights=[8, 2, 1], k=40)
        yield references, [r if dice.random() < 0.6 else dice.choice("abcd") for r in references]
    yield ["a"] * 9, ["a"] * 9
    yield ["a"] * 9, ["b"] * 9
    yield ["患", "é", ""], ["患", "", "é"]
    yield ["a"], ["a"]


@pytest.mark.parametrize(("name", "average"), [("macro_f1", "macro"), ("weighted_f1", "weighted")])
def test_f1_is_that_of_scikit_learn(name, average):
    from sklearn.metrics import f1_score

    for references, texts in label_sets():
        known = sorted(set(references))
        theirs = f1_score(references, texts, average=average, labels=known, zero_division=0)
        ours = METRICS[name].aggregate(answered(zip(references, texts, strict=True)))
        assert ours == pytest.approx(theirs, abs=EXACTLY)


def test_accuracy_precision_and_recall_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    for references, texts in label_sets():
        rows = answered(zip(references, texts, strict=True))
        assert METRICS["accuracy"].aggregate(rows) == pytest.approx(accuracy_score(references, texts), abs=EXACTLY)
        labels = sorted({*references, *texts})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one label only
            counts = confusion_matrix(references, texts, labels=labels).tolist()
            theirs = precision_recall_fscore_support(references, texts, labels=labels, zero_division=0)
        for score, precision, recall, rows_of in zip(per_label(labels, counts), *theirs[:2], theirs[3], strict=True):
            assert (score.precision or 0.0) == pytest.approx(precision, abs=EXACTLY)
            assert (score.recall or 0.0) == pytest.approx(recall, abs=EXACTLY)
            assert score.rows == rows_of
