import pytest

from core.backend.render import render_rows
from core.backend.tokens import GAP
from core.dataset.example import Example, Turn
from core.errors import ModelError

SHORT = Example(3, (Turn("user", "Classify the text.\n\nI lost my card  on the bus"),), "Lost card")
LONG = Example(4, (Turn("user", "Classify. " + "word and more " * 80),), "Lost card")


def by_kind(row):
    return {piece.kind: piece for piece in row.pieces}


def test_a_row_is_shown_with_its_marks_and_the_loss_on_the_answer_and_its_end_only():
    (row,) = render_rows("starter", [SHORT], 64)
    assert "".join(piece.text for piece in row.pieces).startswith("<s><|user|> Classify the text.")
    assert [piece.text for piece in row.pieces if piece.learned] == ["Lost card", "</s>"]
    assert "card  on the bus" in by_kind(row)["prompt"].text
    assert (row.row, row.left_out) == (3, False)
    assert row.learned < row.tokens <= 64


def test_the_place_where_a_long_prompt_lost_its_middle_is_marked():
    (row,) = render_rows("starter", [LONG], 64)
    assert by_kind(row)["cut"].text == GAP
    assert row.tokens <= 64
    assert by_kind(row)["answer"].text == "Lost card"


def test_a_row_whose_answer_does_not_fit_is_said_to_be_left_out():
    (row,) = render_rows("starter", [Example(1, (Turn("user", "Say it"),), "very long " * 50)], 32)
    assert row.left_out
    assert not any(piece.learned for piece in row.pieces)


def test_a_model_without_tokenizer_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer"):
        render_rows(str(tmp_path), [SHORT], 64)
