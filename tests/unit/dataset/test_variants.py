import re

from core.dataset.example import Example, Turn
from core.dataset.variants import copied_share, vary

NAMES = ["Alder", "Birch", "Cedar", "Dogwood", "Elder", "Gorse", "Hazel", "Juniper", "Kauri", "Larch", "Maple"]
NAMES += ["Nutmeg", "Osier", "Pine", "Rowan", "Sorrel"]


def visit(number: int, *, answer: str = "{name} on day {day}.") -> Example:
    name, day = NAMES[number % len(NAMES)] + "wood", 100 + number
    prompt = f"Doctor: Who came?\nPatient: It was {name} on day {day}, as the note says."
    return Example(row=number, turns=(Turn("user", prompt),), answer=answer.format(name=name, day=day))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_a_variant_keeps_in_its_answer_what_it_took_from_its_prompt():
    rows = [visit(number) for number in range(16)]
    made = list(vary(rows, 3, seed=1))
    assert len(made) > 24
    for variant in made:
        name, _, _, day = words(variant.answer)
        assert name in words(variant.prompt)
        assert day in words(variant.prompt)
    changed = {(variant.row, variant.answer) for variant in made} - {(row.row, row.answer) for row in rows}
    assert len(changed) > 24


def test_words_that_most_rows_have_stay():
    for variant in vary([visit(number) for number in range(16)], 2, seed=1):
        assert variant.prompt.startswith("Doctor: Who came?\nPatient: It was ")
        assert variant.prompt.endswith(", as the note says.")


def test_a_number_that_was_worked_out_still_follows_from_its_prompt():
    rows = []
    for number, name in enumerate(NAMES):
        asked = Turn("user", f"{name}ton had {300 + number} and got {500 + number}.")
        rows.append(Example(row=number, turns=(asked,), answer=f"{name}ton: {800 + 2 * number}"))
    for variant in vary(rows, 3, seed=1):
        had, got = map(int, re.findall(r"\d+", variant.prompt))
        assert variant.answer.endswith(str(had + got))


def test_rows_without_a_shared_word_and_labels_and_plain_texts_have_no_variants():
    alone = Example(row=1, turns=(Turn("user", "What is it about?"),), answer="nothing")
    label = Example(row=2, turns=(Turn("user", "A refund please"),), answer="refund", label="refund")
    plain = Example(row=3, turns=(), answer="A text as it is.")
    assert list(vary([alone, label, plain], 3, seed=1)) == []
    assert copied_share([alone, label, plain]) == 0.0


def test_the_same_seed_gives_the_same_variants_and_another_gives_others():
    rows = [visit(number) for number in range(16)]
    assert list(vary(rows, 2, seed=1)) == list(vary(rows, 2, seed=1)) != list(vary(rows, 2, seed=2))


def test_the_share_of_copied_words_is_told():
    rows = [visit(number) for number in range(8)] + [
        visit(n, answer=f"{{name}} smelled of resin{n}") for n in range(8, 16)
    ]
    assert 0.5 < copied_share(rows) < 0.9
