import json

import pytest

from core.dataset.detect import detect, resolve
from core.dataset.example import Turn
from core.dataset.files.read import parse_table
from core.dataset.formats import FORMATS
from core.dataset.formats.format import Converted, RowUnfit
from core.errors import DataError, SettingsError


def table_of(rows):
    return parse_table(json.dumps(rows).encode(), "a.json")


def texts(number):
    return [f"This is text number {n} of the table, long enough to be prose." for n in range(number)]


def columns(**cells):
    return table_of([dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)])


TEN = texts(10)
LABELS = ["yes", "no"] * 5
ANSWERS = [f"The answer to number {n} is {n * 7}." for n in range(10)]
TURNS = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    ("cells", "format_name", "mapping"),
    [
        ({"text": TEN, "label": LABELS}, "labelled_text", {"text": "text", "label": "label"}),
        ({" Text ": TEN, "LABEL\n": LABELS}, "labelled_text", {"text": " Text ", "label": "LABEL\n"}),
        ({"sentence": TEN, "n": ANSWERS, "Class": LABELS}, "labelled_text", {"text": "sentence", "label": "Class"}),
        ({"what they wrote": TEN, "team": LABELS}, "labelled_text", {"text": "what they wrote", "label": "team"}),
        ({"input": TEN, "output": LABELS}, "labelled_text", {"text": "input", "label": "output"}),
        ({"instruction": TEN, "input": [""] * 10, "output": ANSWERS}, "instruction", None),
        ({"Instruction": TEN, "context": TEN, "response": ANSWERS, "category": LABELS}, "instruction", None),
        ({"prompt": TEN, "completion": ANSWERS}, "prompt_completion", {"prompt": "prompt", "completion": "completion"}),
        ({"document": TEN, "Summary": ANSWERS, "id": list(range(10))}, "prompt_completion", None),
        ({"left": TEN, "right": ANSWERS}, "prompt_completion", {"prompt": "left", "completion": "right"}),
        ({"output": ANSWERS, "input": TEN}, "prompt_completion", {"prompt": "input", "completion": "output"}),
        ({"question": TEN, "answer": ANSWERS}, "question_answer", {"question": "question", "answer": "answer"}),
        ({"question": TEN, "answer": LABELS}, "question_answer", {"question": "question", "answer": "answer"}),
        (
            {"context": TEN, "question": TEN, "answer": ANSWERS},
            "question_answer",
            {"context": "context", "question": "question", "answer": "answer"},
        ),
        ({"messages": [TURNS] * 10}, "chat", {"messages": "messages"}),
        ({"id": TEN, "talk": [TURNS] * 10}, "chat", {"messages": "talk"}),
        ({"messages": [json.dumps(TURNS)] * 10}, "chat", {"messages": "messages"}),
    ],
)  # fmt: skip
def test_the_format_is_found_by_names_and_contents(cells, format_name, mapping):
    found = detect(columns(**cells))
    assert found.format == format_name
    assert mapping is None or found.mapping == mapping
    assert 0.3 <= found.confidence < 1
    assert found.because.endswith(".")


@pytest.mark.parametrize(
    ("cells", "format_name"),
    [
        ({"سؤال": TEN, "جواب": ANSWERS}, "question_answer"),
        ({"问题": TEN, "答案": ANSWERS}, "question_answer"),
        ({"Frage": TEN, "Antwort": ANSWERS}, "question_answer"),
        ({"texto": TEN, "etiqueta": LABELS}, "labelled_text"),
    ],
)
def test_columns_named_in_other_languages_are_no_guess(cells, format_name):
    found = detect(columns(**cells))
    assert found.format == format_name
    assert found.confidence > 0.9


def test_documents_alone_are_no_guess_and_those_of_several_folders_may_be_labelled():
    assert detect(columns(text=TEN, file=[f"{n}.txt" for n in range(10)])).confidence > 0.8
    assert detect(columns(text=TEN, file=[f"{'good' if n % 2 else 'bad'}/{n}.txt" for n in range(10)])).confidence < 0.7


def test_a_guess_says_so_and_is_less_sure():
    assert (
        detect(columns(left=TEN, right=ANSWERS)).confidence < 0.5 < detect(columns(text=TEN, label=LABELS)).confidence
    )


def test_columns_that_fit_nothing_are_named_with_what_is_wanted():
    with pytest.raises(DataError) as caught:
        detect(columns(number=list(range(10))))
    assert "'number'" in caught.value.what
    assert all(" and ".join(format_.required) in caught.value.fix for format_ in FORMATS.values())


@pytest.mark.parametrize("name", FORMATS)
def test_a_mapping_with_many_faults_names_them_all(name):
    format_ = FORMATS[name]
    wrong = dict.fromkeys(format_.required[:1], "nowhere") | {"sound": "text"}
    with pytest.raises(SettingsError) as caught:
        resolve(format_, wrong, columns(text=TEN, label=LABELS))
    assert set(caught.value.problems) == {f"mapping.{part}" for part in (*format_.required, "sound")}


def test_one_column_cannot_be_two_parts():
    with pytest.raises(SettingsError, match="taken by another part"):
        resolve(FORMATS["labelled_text"], {"text": "text", "label": "text"}, columns(text=TEN, label=LABELS))


def test_a_mapping_finds_columns_whatever_their_case_and_spacing():
    table = columns(**{" My Text": TEN, "label": LABELS})
    assert resolve(FORMATS["labelled_text"], {"text": "my_text", "label": "Label"}, table)["text"] == " My Text"


# -- rows become prompt and answer -------------------------------------------------------------------------------------


def convert(name, row, instruction="", **mapping):
    return FORMATS[name].convert(row, mapping or {key: key for key in row}, instruction)


def test_labelled_text_puts_the_instruction_before_the_text():
    got = convert("labelled_text", {"text": " a \r\n b ", "label": " x "}, "Classify the text.")
    assert got == Converted((Turn("user", "Classify the text.\n\na \n b"),), "x", "x")


def test_a_question_comes_after_its_context():
    row = {"context": "Facts.", "question": "Why?", "answer": "So."}
    assert convert("question_answer", row, "Do.").turns == (Turn("user", "Do.\n\nFacts.\n\nQuestion: Why?"),)
    assert convert("question_answer", {"question": "Why?", "answer": "So."}).turns == (Turn("user", "Why?"),)


def test_the_first_of_several_answers_counts():
    row = {"question": "Why?", "answer": {"text": ["So.", "Because."], "answer_start": [1, 2]}}
    assert convert("question_answer", row).answer == "So."
    assert convert("question_answer", {"question": "Why?", "answer": ["a", "b"]}).answer == "a"


def test_an_instruction_needs_no_input():
    row = {"instruction": "Sing.", "input": "", "output": "La."}
    assert convert("instruction", row) == Converted((Turn("user", "Sing."),), "La.")
    assert convert("instruction", row | {"input": "A song."}).turns == (Turn("user", "Sing.\n\nA song."),)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "chat"])
def test_an_empty_part_is_named(name):
    full = dict.fromkeys((part.name for part in FORMATS[name].parts), "word")
    for part in FORMATS[name].required:
        for empty in ("", " \n", None):
            with pytest.raises(RowUnfit) as caught:
                convert(name, full | {part: empty})
            assert (caught.value.part, caught.value.why) == (part, "")


def chat(*turns, **more):
    row = {"messages": [{"role": role, "content": content} for role, content in turns], **more}
    return convert("chat", row, messages="messages", **{key: key for key in more})


def test_the_last_assistant_turn_is_the_answer():
    got = chat(("system", "Be kind."), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    assert [turn.content for turn in got.turns] == ["Be kind.", "a", "b", "c"]
    assert got.answer == "d"
    assert got.label is None


def test_an_unanswered_end_and_an_opening_line_are_left_out():
    got = chat(("assistant", "Welcome"), ("user", "a"), ("assistant", "b"), ("user", "thanks"))
    assert got == Converted((Turn("user", "a"),), "b")


def test_two_turns_of_one_speaker_become_one():
    got = chat(("user", "a"), ("user", "b"), ("assistant", "c"), ("assistant", "d"))
    assert got == Converted((Turn("user", "a\n\nb"),), "c\n\nd")


def test_share_gpt_and_pieces_of_content_are_understood():
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": [{"type": "text", "text": "b"}, "c"]}]
    assert convert("chat", {"x": turns}, messages="x") == Converted((Turn("user", "a"),), "bc")


def test_an_answer_may_stand_in_a_column_of_its_own():
    got = chat(("user", "a"), ("assistant", "bad"), chosen={"role": "assistant", "content": "good"})
    assert "answer" not in {turn.role for turn in got.turns}
    row = {"messages": TURNS, "chosen": [{"role": "assistant", "content": "good"}], "system": "Be kind."}
    got = convert("chat", row, messages="messages", answer="chosen", system="system")
    assert got == Converted((Turn("system", "Be kind."), Turn("user", "Hello")), "good")


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([("user", "a")], "no turn of the assistant"),
        ([("assistant", "a")], "no turn of the user"),
        ([("user", "a"), ("narrator", "{}"), ("assistant", "b")], "turn of 'narrator'"),
        ([("user", " "), ("assistant", "b")], "empty turn of the user"),
        ([("user", "a"), ("assistant", None)], "empty turn of the assistant"),
    ],
)
def test_a_conversation_that_cannot_be_learned_from_says_why(turns, why):
    with pytest.raises(RowUnfit) as caught:
        chat(*turns)
    assert why in caught.value.why


@pytest.mark.parametrize("cell", ["not json", "[1, 2]", 7, {"role": 3}, [{"text": "x"}], [[]], "[" * 9000])
def test_a_cell_that_is_no_conversation_is_refused_in_words(cell):
    with pytest.raises(RowUnfit):
        convert("chat", {"messages": cell})
