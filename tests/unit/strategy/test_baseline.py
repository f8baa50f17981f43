from core.dataset.example import Example, Split, Turn
from core.dataset.load import load
from core.engine import Engine
from core.strategy.baseline import linear_baseline


def rows(count, label=None, start=0):
    return tuple(
        Example(
            start + n, (Turn("user", f"{'red apple' if n % 2 else 'blue river'} number {n}"),), "x", label and label(n)
        )
        for n in range(count)
    )


def by_colour(n):
    return "fruit" if n % 2 else "water"


def test_what_words_alone_tell_is_found():
    found = linear_baseline(Split(rows(40, by_colour), rows(20, by_colour, 100), ()))
    assert found.accuracy == 1
    assert found.rows == 20
    assert 0.8 < found.low < 1
    assert not found.is_enough, "20 rows say too little"
    assert "100%" in found.told


def test_labels_that_words_do_not_tell_give_a_low_score():
    found = linear_baseline(Split(rows(40, lambda n: str(n * 7 % 3)), rows(40, lambda n: str(n * 5 % 3), 200), ()))
    assert found.high < 0.9
    assert "should beat" in found.told


def test_free_text_and_a_single_label_have_no_baseline():
    assert linear_baseline(Split(rows(40), rows(20), ())) is None
    assert linear_baseline(Split(rows(40, lambda n: "one"), rows(20, lambda n: "one"), ())) is None
    assert linear_baseline(Split(rows(40, by_colour), (), ())) is None


def test_texts_without_a_word_have_no_baseline():
    signs = tuple(Example(n, (Turn("user", "?!"),), "a", "a" if n % 2 else "b") for n in range(20))
    assert linear_baseline(Split(signs, signs, ())) is None


def test_the_legal_clauses_are_told_apart_by_their_words(tmp_path):
    engine = Engine(tmp_path / "home", launcher="thread")
    try:
        choice = engine.choose(engine.open_data("legal_clauses"))
        found = linear_baseline(load(choice, tmp_path / "home", 7))
        assert found.accuracy > 0.75
        assert engine.baseline(choice) == found
    finally:
        engine.close()
