import pytest

from tests.unit.dataset.inspecting import CHAT, findings, labelled, mended, pairs, plain, texts

NAMES = {"boilerplate-answer", "refusal-answer", "answer-too-short", "same-answer", "prompt-echo"}


@pytest.mark.parametrize(
    "answer",
    ["N/A", "todo", "TBD.", "asdf", "see above", "Lorem ipsum dolor sit", "#REF!", "[your answer here]", "nan"],
)
def test_a_stand_in_for_an_answer_is_a_warning(answer):
    rows = [*plain(), *pairs(("What is it?", answer))]
    finding = findings(rows)["boilerplate-answer"]
    assert (finding.severity, finding.rows) == ("warning", (121,))
    assert "boilerplate-answer" not in mended(rows, finding, "drop")[1]


@pytest.mark.parametrize(
    "answer",
    [
        "None.",
        "NA",
        "No",
        "42",
        "Yes",
        "C",
        "A test is a trial.",
        "[Your name]\n[Your degree] in Computer Science",
        "Unknown",
        "I'm sorry to hear that; let me look.",
        "As an AI researcher she was well known.",
        "True",
    ],
)
def test_a_short_or_common_answer_may_be_right(answer):
    assert not NAMES & set(findings([*plain(), *pairs(("What is it?", answer))]))


@pytest.mark.parametrize(
    "answer",
    [
        "As an AI language model, I do not have feelings.",
        "I'm sorry, but I cannot assist with that.",
        "Well, as an AI, I can say little.",
    ],
)
def test_an_answer_in_which_a_model_speaks_of_itself_is_a_warning(answer):
    assert findings([*plain(), *pairs(("How do you feel?", answer))])["refusal-answer"].rows == (121,)


def test_labels_are_never_taken_for_stand_ins():
    rows = [*texts(), *labelled(*((f"one more text {n}", "n/a") for n in range(60)))]
    assert not NAMES & set(findings(rows, ("labelled_text", {"text": "text", "label": "label"})))


def test_an_answer_of_one_sign_among_long_ones_is_a_note():
    long = [(f"Tell of thing {n}.", f"Thing {n} is told of in a text that is rather long, " * 3) for n in range(120)]
    rows = pairs(*long, ("Tell of another.", "-"), ("And one more?", "Ye"))
    finding = findings(rows)["answer-too-short"]
    assert (finding.severity, finding.rows) == ("note", (121, 122))


def test_one_long_answer_for_many_prompts_is_told():
    form = "Thank you for your message. We will look into it and come back to you within five working days."
    rows = [*plain(), *pairs(*((f"Where is parcel {n} of mine?", form) for n in range(8)))]
    finding = findings(rows)["same-answer"]
    assert (finding.severity, len(finding.rows)) == ("warning", 8)
    tables, left = mended(rows, finding, "first")
    assert len(tables["train"].rows) == 121
    assert "same-answer" not in left


def test_an_answer_that_repeats_its_prompt_is_stripped_of_it():
    prompt = "What did the old man see from his window?"
    rows = [*plain(), *pairs((prompt, f"{prompt}\nHe saw the sea."), ("It is a copy of the prompt itself.",) * 2)]
    finding = findings(rows)["prompt-echo"]
    assert finding.rows == (121, 122)
    assert "(1 of them nothing else)" in finding.what
    tables, left = mended(rows, finding, "strip")
    assert [row["completion"] for row in tables["train"].rows[120:]] == ["He saw the sea."]
    assert tables["train"].numbers[-1] == 121
    assert "prompt-echo" not in left


def test_an_echo_is_taken_out_of_the_last_turn():
    def cell(asked, said):
        return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]}

    rows = [*(cell(f"Question number {n}?", f"Answer {n}.") for n in range(120))]
    rows.append(cell("Is the sea salty everywhere?", "Is the sea salty everywhere? Yes, nearly."))
    tables, left = mended(rows, findings(rows, CHAT)["prompt-echo"], "strip", CHAT)
    assert tables["train"].rows[120] == cell("Is the sea salty everywhere?", "Yes, nearly.")
    assert "prompt-echo" not in left


def test_an_answer_that_takes_up_the_subject_of_its_prompt_is_no_echo():
    rows = [*plain(), *pairs(("Aerobic and anaerobic exercise", "Aerobic and anaerobic exercise are two kinds of it."))]
    assert "prompt-echo" not in findings(rows)
