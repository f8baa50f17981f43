"""Files of another build: each conversion makes rows that a format fits, and says what became of what."""

import json
import re

import pytest

from core.dataset.conversions import CONVERSIONS, fitting
from core.dataset.conversions.nested_questions import UNANSWERABLE
from core.dataset.detect import detect
from core.dataset.files.read import parse_table
from core.errors import DataError


def table_of(rows):
    return parse_table(json.dumps(rows).encode(), "a.json")


def question(text, *answers, impossible=False):
    listed = [{"text": answer, "answer_start": 0} for answer in answers]
    return {"question": text, "id": text, "answers": listed, "is_impossible": impossible}


def article(title):
    questions = [question("Where is it?", "by the sea", "sea"), question("Who?", impossible=True)]
    paragraphs = [
        {"context": f"{title} lies by the sea.", "qas": questions},
        {"context": f"{title} is old.", "qas": [question("How old is it?", "old")]},
    ]
    return {"title": title, "paragraphs": paragraphs}


def asked(text, answer, scale, source, *paragraphs):
    return {"question": text, "answer": answer, "scale": scale, "answer_from": source, "rel_paragraphs": paragraphs}


def report(number):
    return {
        "table": {"uid": f"t{number}", "table": [["", "2019", "2018"], ["Sales", "$ 10", "8"]]},
        "paragraphs": [
            {"uid": "p", "order": 1, "text": "Sales  rose."},
            {"uid": "q", "order": 2, "text": "It rained."},
        ],
        "questions": [
            asked("Sales in 2019?", 10, "million", "table"),
            asked("What rose?", ["sales", "all"], "", "text", "1"),
            asked("By how much?", 25, "percent", "table-text", "1"),
        ],
    }


def contract(number):
    audit = f"['They may look at book {number}.', \"It's so.\"]" if number % 2 else "[]"
    law = f"['The law of Ohio governs part {number}.']"
    return {"Filename": f"c{number}.pdf", "Law": law, "Law-Answer": "Ohio", "Audit": audit}


def page(number):
    change = f"The owner may change in {number} ways at any time." if number % 2 else ""
    assignment = "" if number % 2 else f"Nobody may assign {number} things to anyone else."
    return {"Filename": f"c{number}.pdf", "Change": change, "Assignment": assignment}


def comment(number):
    text = f"This is comment number {number} of many."
    return {"id": f"a{number}", "comment_text": text, "toxic": number % 2, "insult": int(number % 3 == 0), "threat": 0}


def translation(number):
    texts = {"en": f"The house has {number} doors.", "de": f"Das Haus hat {number} Türen."}
    return {"id": number, "translation": texts}


def topic(number):
    pairs = [{"question": f"Why {number}?", "answer": "So."}, {"question": f"How {number}?", "answer": "Thus."}]
    return {"topic": f"T{number}", "pairs": pairs}


SQUAD = {"version": "v2.0", "data": [article("Ostia"), article("Bari")]}
REPORTS = [report(n) for n in range(2)]
CLAUSES = [contract(n) for n in range(12)]
SPARSE = [page(n) for n in range(12)]
TOXIC = [comment(n) for n in range(12)]
TRANSLATIONS = [translation(n) for n in range(9)]
NESTED = [topic(n) for n in range(5)]

FOLDERS = [{"text": f"A film with number {n}.", "file": f"{('good', 'bad')[n % 2]}/{n}.txt"} for n in range(12)]

BUILDS = {
    "nested_questions": (SQUAD, "question_answer"),
    "financial_reports": (REPORTS, "question_answer"),
    "one_row_each": (CLAUSES, "labelled_text"),
    "wide_labels": (TOXIC, "multi_label"),
    "separate_fields": (TRANSLATIONS, "prompt_completion"),
    "explode": (NESTED, "question_answer"),
    "folder_labels": (FOLDERS, "labelled_text"),
}
FIT_NOTHING = [name for name in BUILDS if name != "folder_labels"]
"""Those whose files no format fits; documents in folders are plain text too."""


def test_every_conversion_has_a_test_here():
    assert set(BUILDS) == set(CONVERSIONS)


@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_conversion_introduces_itself(name):
    conversion = CONVERSIONS[name]
    assert re.fullmatch(r"[a-z][a-z_]*", name)
    assert conversion.title
    assert conversion.about.endswith(".")


@pytest.mark.parametrize("name", FIT_NOTHING)
def test_a_file_of_another_build_is_refused_with_what_it_can_be_made_into(name):
    table = table_of(BUILDS[name][0])
    assert name in [conversion.name for conversion in fitting(table)]
    with pytest.raises(DataError) as caught:
        detect(table)
    assert CONVERSIONS[name].title in caught.value.fix


@pytest.mark.parametrize("name", BUILDS)
def test_the_converted_rows_have_a_format_and_notes(name):
    rows, format_name = BUILDS[name]
    made = CONVERSIONS[name].convert(table_of(rows))
    assert detect(made).format == format_name
    assert made.notes
    assert all(note.endswith(".") for note in made.notes)
    assert made.number(0) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": f"a text of some length {n}", "label": "ab"[n % 2]} for n in range(20)],
        [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}] * 10,
        [{"words": ["a", "b"], "tags": ["X", "Y"]}, {"words": ["a", "b", "c"], "tags": ["X", "Y", "Z"]}] * 5,
        [{"prompt": f"prompt number {n} is here", "completion": f"completion number {n}"} for n in range(20)],
    ],
)
def test_rows_of_examples_need_no_conversion(rows):
    assert fitting(table_of(rows)) == []


def test_every_question_becomes_a_row_and_unanswerable_ones_say_so():
    made = CONVERSIONS["nested_questions"].convert(table_of(SQUAD))
    assert made.rows[0] == {
        "title": "Ostia", "context": "Ostia lies by the sea.", "question": "Where is it?", "answer": "by the sea",
    }  # fmt: skip
    assert [row["answer"] for row in made.rows[:3]] == ["by the sea", UNANSWERABLE, "old"]
    assert made.notes[-2:] == (
        "2 articles became 6 questions, one a row.",
        f"2 questions that the context does not answer got the answer {UNANSWERABLE!r}.",
    )


def test_a_paragraph_without_questions_is_named_by_its_row():
    rows = json.loads(json.dumps(SQUAD["data"]))
    rows[1]["paragraphs"].append({"context": "c", "qas": "none"})
    with pytest.raises(DataError, match="Row 2 has a paragraph"):
        CONVERSIONS["nested_questions"].convert(table_of(rows))


def test_a_question_on_a_report_gets_its_table_its_paragraphs_and_its_scale():
    made = CONVERSIONS["financial_reports"].convert(table_of(REPORTS))
    table = " | 2019 | 2018\nSales | $ 10 | 8"
    assert [row["context"] for row in made.rows[:3]] == [table, "Sales rose.", f"{table}\nSales rose."]
    assert [row["answer"] for row in made.rows[:3]] == ["10 million", "sales; all", "25%"]
    assert made.rows[0]["report"] == "t0"


def test_a_report_without_its_table_is_named_by_its_row():
    with pytest.raises(DataError, match="Row 2 is not a report"):
        CONVERSIONS["financial_reports"].convert(table_of([REPORTS[0], REPORTS[1] | {"table": "gone"}]))


def test_each_listed_clause_is_labelled_with_its_column():
    made = CONVERSIONS["one_row_each"].convert(table_of(CLAUSES))
    assert made.rows[1:4] == [
        {"Filename": "c1.pdf", "text": "The law of Ohio governs part 1.", "label": "Law"},
        {"Filename": "c1.pdf", "text": "They may look at book 1.", "label": "Audit"},
        {"Filename": "c1.pdf", "text": "It's so.", "label": "Audit"},
    ]
    assert "1 column not used: Law-Answer." in made.notes


def test_texts_that_stand_alone_in_sparse_columns_are_labelled_with_them_too():
    table = table_of(SPARSE)
    assert [conversion.name for conversion in fitting(table)] == ["one_row_each"]
    made = CONVERSIONS["one_row_each"].convert(table)
    assert [row["label"] for row in made.rows[:2]] == ["Assignment", "Change"]
    assert len(made.rows) == 12


def test_columns_of_yes_and_no_become_a_list_of_labels():
    made = CONVERSIONS["wide_labels"].convert(table_of(TOXIC))
    assert [row["labels"] for row in made.rows[:4]] == [["insult"], ["toxic"], [], ["toxic", "insult"]]
    assert made.notes[-1].startswith("4 rows with no yes at all")


def test_columns_of_which_one_says_yes_become_one_label():
    rows = [row | {"toxic": n % 2, "insult": 1 - n % 2} for n, row in enumerate(TOXIC)]
    for row in rows:
        del row["threat"]
    made = CONVERSIONS["wide_labels"].convert(table_of(rows))
    assert detect(made).format == "labelled_text"
    assert {row["label"] for row in made.rows} == {"toxic", "insult"}


def test_what_stands_around_a_list_is_repeated_and_empty_lists_are_told():
    made = CONVERSIONS["explode"].convert(table_of([*NESTED, {"topic": "T9", "pairs": []}]))
    assert made.rows[1] == {"topic": "T0", "question": "How 0?", "answer": "Thus."}
    assert made.notes[-1] == "1 row has no such object and is left out."


def test_a_translation_is_read_from_its_languages():
    made = CONVERSIONS["separate_fields"].convert(table_of(TRANSLATIONS))
    assert made.columns == ("id", "en", "de")
    found = detect(made)
    assert found.mapping == {"prompt": "en", "completion": "de"}
    assert found.instruction == "Translate from English to German."


def test_the_folders_of_documents_become_their_labels():
    table = table_of(FOLDERS)
    assert detect(table).format == "plain_text"
    assert [conversion.name for conversion in fitting(table)] == ["folder_labels"]
    assert CONVERSIONS["folder_labels"].convert(table).rows[1]["label"] == "bad"
    assert not fitting(table_of([{**row, "file": f"{n}.txt"} for n, row in enumerate(FOLDERS)]))
