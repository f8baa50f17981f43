"""Small files built as well-known sets are: each is understood by itself, and its first row is what one expects."""

import json

import pytest

from core.dataset.detect import rank
from core.dataset.files.read import read_table
from tests.unit.dataset.sets import lines, read, repeated


@pytest.fixture
def write(tmp_path):
    def made(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


def test_the_sms_spam_file_is_labelled_text_in_windows_letters(write):
    rows = "".join(
        f'ham,"I\x92m on my way, wait for me number {n}",,,\nspam,"WIN \xa3{n}00 cash prize now! Call 0900{n}",,,\n'
        for n in range(20)
    )
    found, reading = read(write("spam.csv", f"v1,v2,,,\n{rows}".encode("latin-1")))
    assert (found.format, found.mapping) == ("labelled_text", {"text": "v2", "label": "v1"})
    assert reading.examples[0].answer == "ham"
    assert reading.examples[0].prompt == "I’m on my way, wait for me number 0"
    assert reading.examples[1].prompt.startswith("WIN £000")


def test_tweets_with_tags_and_faces_are_labelled_text(write):
    rows = "".join(f'{n},"@you #happy 😀 day {n}, {"so" * n} good",{("joy", "anger")[n % 2]}\n' for n in range(30))
    found, reading = read(write("tweets.csv", f" id ,Tweet , Emotion\n{rows}"))
    assert found.format == "labelled_text"
    assert reading.examples[2].answer == "joy"
    assert "😀" in reading.examples[0].prompt


def test_sst_sentences_are_labelled_text(write):
    rows = "".join(f"a film of some beauty and {n} flaws\t{n % 2}\n" for n in range(30))
    found, _ = read(write("train.tsv", f"sentence\tlabel\n{rows}"))
    assert (found.format, found.mapping) == ("labelled_text", {"text": "sentence", "label": "label"})


def test_words_are_taken_for_labels_where_numbers_stand_beside_them(write):
    rows = repeated(*({"text": "a text that is long enough", "label": n, "label_text": f"kind {n}"} for n in range(3)))
    found, _ = read(write("a.jsonl", lines(rows)))
    assert found.mapping == {"text": "text", "label": "label_text"}


def test_reviews_are_labelled_text(write):
    rows = "".join(
        f'"One of the {n} best films.<br /><br />Really.",{("positive", "negative")[n % 2]}\n' for n in range(30)
    )
    found, _ = read(write("IMDB Dataset.csv", f"review,sentiment\n{rows}"))
    assert (found.format, found.mapping) == ("labelled_text", {"text": "review", "label": "sentiment"})


@pytest.mark.parametrize(
    "cell",
    [
        lambda labels: labels,
        json.dumps,
        str,
        "; ".join,
        "|".join,
        ", ".join,
    ],
    ids=["list", "JSON", "Python", "semicolon", "bar", "comma"],
)
def test_several_labels_become_one_answer_in_order(write, cell):
    several = [["sad", "Angry"], ["glad"], ["glad", "sad"], ["sad"], ["glad", "Angry", "sad"], ["Angry", "glad"]]
    rows = repeated(*({"text": "I have seen better days than this", "labels": cell(labels)} for labels in several))
    found, reading = read(write("a.jsonl", lines(rows)))
    assert found.format == "multi_label"
    assert [example.answer for example in reading.examples[:3]] == ["Angry, sad", "glad", "glad, sad"]
    assert {example.label for example in reading.examples} == {None}


def test_pairs_of_texts_keep_the_names_of_their_sides(write):
    rows = repeated(
        {"premise": "A man is playing a guitar on stage", "hypothesis": "A man makes music for people", "label": 0},
        {"premise": "Two dogs are running on the beach", "hypothesis": "The dogs are sleeping at home", "label": 2},
    )
    found, reading = read(write("nli.jsonl", lines(rows)))
    assert found.format == "text_pair"
    assert reading.examples[0].prompt.startswith("Premise: A man is playing")
    assert "\n\nHypothesis: A man makes" in reading.examples[0].prompt
    assert reading.examples[1].label == "2"


def test_question_pairs_are_pairs_of_texts(write):
    rows = repeated(
        {"id": 1, "question1": "How do I learn to swim?", "question2": "How can I learn swimming?", "is_duplicate": 1},
        {
            "id": 2,
            "question1": "What is the time in Rome?",
            "question2": "Why is the sky as blue as it is?",
            "is_duplicate": 0,
        },
    )
    found, reading = read(write("qqp.jsonl", lines(rows)))
    assert found.mapping == {"first": "question1", "second": "question2", "label": "is_duplicate"}
    assert reading.examples[0].prompt.startswith("Question 1: How")


def test_alpaca_and_dolly_are_instructions(write):
    alpaca = repeated(
        {"instruction": "Name three primary colours.", "input": "", "output": "Red, yellow and blue are."}
    )
    found, _ = read(write("alpaca.json", json.dumps(alpaca)))
    assert found.format == "instruction"
    dolly = repeated(
        {
            "instruction": "When did it begin to operate?",
            "context": "It began in the year 2000.",
            "response": "2000",
            "category": "closed_qa",
        },
        {
            "instruction": "Which is a species of fish here?",
            "context": "",
            "response": "Tope",
            "category": "classification",
        },
    )
    found, reading = read(write("dolly.jsonl", lines(dolly)))
    assert found.mapping == {"instruction": "instruction", "input": "context", "output": "response"}
    assert len(reading.examples) == 20


def test_gsm_problems_are_questions_and_answers(write):
    rows = repeated({"question": "If I have two apples and buy three, how many?", "answer": "2+3=<<2+3=5>>5\n#### 5"})
    found, reading = read(write("gsm8k.jsonl", lines(rows)))
    assert found.format == "question_answer"
    assert reading.examples[0].answer.startswith("2+3=<<2+3=5>>5\n#### 5")


def test_flat_squad_rows_take_the_first_answer(write):
    rows = repeated(
        {
            "id": "a1",
            "title": "T",
            "context": "Paris is the capital of France.",
            "question": "Which is the capital?",
            "answers": {"text": ["Paris", "it"], "answer_start": [0, 1]},
        }
    )
    found, reading = read(write("squad.jsonl", lines(rows)))
    assert found.mapping == {"context": "context", "question": "question", "answer": "answers"}
    assert reading.examples[0].answer == "Paris"


MAMMALS = ["Trout", "Whale", "Hen", "Ant"]


@pytest.mark.parametrize(
    "parts",
    [
        {"choices": MAMMALS, "answer": 1},
        {"options": json.dumps(MAMMALS), "answer": "B"},
        {"id": "x", "choices": {"text": MAMMALS, "label": ["1", "2", "3", "4"]}, "answerKey": "2"},
        {**dict(zip("ABCD", MAMMALS, strict=True)), "answer": "B"},
        {**dict(zip(("opa", "opb", "opc", "opd"), MAMMALS, strict=True)), "cop": 1},
    ],
)
def test_the_text_of_the_right_choice_is_the_answer(write, parts):
    found, reading = read(write("choices.jsonl", lines(repeated({"question": "Which of these is a mammal?", **parts}))))
    assert found.format == "question_answer"
    assert reading.examples[0].answer == "Whale"
    assert reading.examples[0].prompt.endswith("\nA. Trout\nB. Whale\nC. Hen\nD. Ant")


def test_an_answer_that_is_no_choice_is_said(write):
    rows = repeated({"question": "Which is a mammal of these two?", "choices": ["Trout", "Whale"], "answer": "E"})
    _, reading = read(write("choices.jsonl", lines(rows)))
    assert reading.unfit[0].why == "has the answer 'E', which is none of its 2 choices"


def test_a_column_of_texts_alone_is_plain_text(write):
    rows = [
        {"id": f"w{n}", "url": f"https://e.org/{n}", "title": f"Page {n}", "text": f"A long text {n}. " * 9}
        for n in range(20)
    ]
    found, reading = read(write("wiki.jsonl", lines(rows)))
    assert (found.format, found.mapping) == ("plain_text", {"text": "text"})
    assert reading.examples[0].turns == ()


def test_questions_are_found_by_their_marks(write):
    rows = "".join(f'"The answer is {n * 7}, I am sure.","What is seven times {n}?"\n' for n in range(20))
    found, _ = read(write("a.csv", f"c1,c2\n{rows}"))
    assert (found.format, found.mapping) == ("question_answer", {"question": "c2", "answer": "c1"})


def test_other_readings_are_ranked_behind_the_best(write):
    rows = repeated({"question": "If I have two apples, how many?", "answer": "It is two, as you say."})
    formats = [detection.format for detection in rank(read_table(write("a.jsonl", lines(rows))))]
    assert formats[:2] == ["question_answer", "prompt_completion"]


def test_input_and_output_in_a_list_of_one_are_an_instructions_own(write):
    rows = repeated({"instruction": "Write the sum of the numbers.", "instances": [{"input": "1, 2", "output": "3"}]})
    found, reading = read(write("seed_tasks.jsonl", lines(rows)))
    assert found.mapping == {"instruction": "instruction", "input": "input", "output": "output"}
    assert reading.examples[0].answer == "3"
