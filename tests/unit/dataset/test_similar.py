import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dataset.splits.similar import Pair, clusters, near_pairs, similarity

LETTER = (
    "I ordered a lamp three weeks ago and it came with a broken shade. Your shop promised a new one within five days, "
    "but nothing has arrived and nobody answers the telephone. Please send it this week or give me my money back."
)
PASSAGE = (
    "The lease began in March and was extended twice by the two parties, who met in the town hall each time. "
    "Since the second extension the tenant has paid for the heating and the repair of the roof, while the owner "
    "has kept the right to enter the rooms on the ground floor. Neither of them may end the contract before the "
    "tenth year, unless water or fire has made the house unfit to live in. A sum of two rents lies with a bank as "
    "security, and comes back at the end."
)


def found(*texts):
    return [(pair.first, pair.second) for pair in near_pairs(texts)]


def speech(seed, words=60):
    chance = random.Random(seed)
    vocabulary = ["".join(random.Random(n).choices("abcdeilnorstu", k=2 + n % 7)) for n in range(900)]
    return " ".join(chance.choices(vocabulary, k=words))


@pytest.mark.parametrize(
    "copy",
    [
        LETTER.replace("three weeks", "two weeks"),
        LETTER.replace("Please send", "Could you please send").replace("nobody", "no one"),
        LETTER + " Regards, Anna",
        "Hello! " + LETTER,
        LETTER.upper().replace(" ", "\n"),
        LETTER.replace(".", "").replace(",", " -"),
    ],
)
def test_a_copy_with_a_few_words_changed_is_a_near_copy(copy):
    assert found(LETTER, copy) == ([(0, 1)] if " ".join(copy.split()).casefold() != LETTER.casefold() else [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I activate my card?", "How do I activate my new card?"),
        ("Where can I find my card PIN?", "Where can I change my card PIN?"),
        ("What was the total revenue of the company in 2018?", "What was the total revenue of the company in 2019?"),
        (
            "What is the deepest lake in Europe, and how does its flora and fauna compare to that of Lake Van?",
            "What is the deepest lake in Europe, and how does its flora and fauna compare to that of Lake Chad?",
        ),
        ("My transfer has not arrived yet", "My cash has not arrived yet"),
        (speech(1), speech(2)),
    ],
)
def test_texts_that_ask_for_something_else_are_no_near_copies(one, other):
    assert found(one, other) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Question: When did the lease begin?", "Question: Who extended the lease?"),
        ("Question: What was paid in March 2018?", "Question: What was paid in March 2019?"),
        ("The two parties never met at all in that year.", "Somebody sold a building to a stranger from abroad."),
    ],
)
def test_two_questions_about_one_passage_are_no_near_copies(one, other):
    assert similarity(PASSAGE + "\n\n" + one, PASSAGE + "\n\n" + other) > 0.8
    assert found(PASSAGE + "\n\n" + one, PASSAGE + "\n\n" + other) == []


def test_short_texts_with_another_mark_are_near_copies_and_very_short_ones_never():
    assert found("I am still waiting for my new card.", "I am still waiting for my new card!!") == [(0, 1)]
    assert found("Where is my card?", "Where is my card!") == []


def test_the_instruction_before_every_prompt_does_not_make_them_alike():
    instruction = "Read the message of the customer below and say with one of the labels what it is about. " * 3
    messages = [
        f"{instruction}\n\nMy {word} did not work in the {place}."
        for word, place in zip(
            ["card", "phone", "transfer", "ticket", "refund", "router"] * 5,
            ["shop", "hotel", "train", "cinema", "bank", "office", "bar"] * 5,
            strict=False,
        )
    ]
    assert found(*dict.fromkeys(messages)) == []


def test_exact_copies_are_not_paired_and_do_not_hide_near_ones():
    assert found(LETTER, f"  {LETTER.upper()}", LETTER.replace("lamp", "light"), LETTER) == [(0, 2)]


def test_similarity_is_that_of_the_letters_and_one_for_the_same_words():
    assert near_pairs([LETTER, LETTER.replace(",", ";")]) == [Pair(0, 1, 1.0)]
    assert similarity(LETTER, speech(1)) < 0.1
    assert similarity("", LETTER) == 0


def test_all_copies_in_a_large_crowd_hang_together():
    words = LETTER.split()
    copies = [" ".join([*words[:n], f"word{n}", *words[n + 1 :]]) for n in range(len(words) - 1)]
    texts = [speech(seed) for seed in range(60)] + copies
    groups = clusters(len(texts), near_pairs(texts))
    assert groups[:60] == [None] * 60
    assert set(groups[60:]) == {60}


def test_planted_copies_are_found_and_nothing_else():
    chance = random.Random(5)
    texts = [speech(seed) for seed in range(400)]
    planted = []
    for _ in range(100):
        origin = chance.randrange(400)
        words = texts[origin].split()
        for _ in range(chance.randint(1, 3)):
            words[chance.randrange(len(words))] = "changed"
        planted.append((origin, len(texts)))
        texts.append(" ".join(words))
    pairs = found(*texts)
    assert len(set(planted) & set(pairs)) >= 97
    groups = dict(planted)
    assert all(groups.get(b) == a or b >= 400 for a, b in pairs)
    origins = {place: origin for origin, place in planted}
    assert all(origins.get(a, a) == origins.get(b, b) for a, b in pairs)


@given(st.lists(st.text(max_size=60), max_size=30), st.randoms(use_true_random=False))
def test_any_texts_can_be_compared_and_give_the_same_pairs_again(texts, chance):
    texts = texts + [text * 4 for text in texts]
    chance.shuffle(texts)
    pairs = near_pairs(texts)
    assert pairs == near_pairs(texts)
    assert all(pair.first < pair.second and 0.8 <= pair.similarity <= 1 for pair in pairs)


def test_progress_goes_from_nothing_to_all():
    told = []
    near_pairs([speech(seed) for seed in range(50)] * 2, told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)
