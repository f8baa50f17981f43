"""Language, markup, length and the order of turns."""

import pytest

from core.dataset.health import main_language
from core.dataset.health.check import Room
from core.dataset.health.markup import plain as without_markup
from tests.unit.dataset.inspecting import CHAT, findings, inspection, mended, pairs, plain

ENGLISH = "The weather has been rather pleasant this week, and the people of the town went out to the river, day {}."
GERMAN = "Das Wetter war in dieser Woche ziemlich angenehm, und die Leute aus der Stadt gingen an den Fluss, Tag {}."


def test_the_main_language_is_named():
    assert main_language(inspection(plain())) == "English"
    assert main_language(inspection(pairs(*((GERMAN.format(n), "Ja.") for n in range(30))))) == "German"
    assert main_language(inspection(pairs(*((str(n), str(n + 1)) for n in range(30))))) == ""


def test_rows_in_another_language_are_a_note_and_can_be_left_out():
    rows = pairs(*((f"What of day {n}?", (GERMAN if n % 10 == 0 else ENGLISH).format(n)) for n in range(120)))
    finding = findings(rows)["mixed-language"]
    assert (finding.severity, finding.rows) == ("note", tuple(range(1, 121, 10)))
    assert finding.what.startswith("Most texts in column 'completion' are English, and 12 rows German")
    assert "mixed-language" not in mended(rows, finding, "drop")[1]


def test_a_translation_is_not_mixed():
    rows = pairs(*((ENGLISH.format(n), GERMAN.format(n)) for n in range(120)))
    assert "mixed-language" not in findings(rows)


@pytest.mark.parametrize(
    ("marked", "meant"),
    [
        ("one<br /><br/>two", "one\n\ntwo"),
        ("<p>Hello <b>you</b></p>", "Hello you"),
        ('see <a href="http://x.org" target=_blank>this</a>', "see this"),
        ("Wiley &amp; Sons &#39;here&#39;", "Wiley & Sons 'here'"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("&amp;amp;amp;", "&"),
    ],
)
def test_marks_of_a_web_page_become_plain_text(marked, meant):
    assert without_markup(marked) == meant
    rows = [*plain(), *pairs(("What stands there?", f"It says: {marked}"))]
    finding = findings(rows)["markup-in-text"]
    assert finding.rows == (121,)
    assert "markup-in-text" not in mended(rows, finding, "strip")[1]


@pytest.mark.parametrize(
    "text",
    [
        "if a < b and c > d",
        "<omitted> by <name>",
        "AT&T and R&B; Q&A",
        "List<String> of vector<int>",
        "x <- 3; y -> 4",
        "Use the HTML tag <b>bold</b> for it",
        "```\n<div>code</div>\n```",
        "i <3 u",
    ],
)
def test_signs_and_code_are_no_markup(text):
    assert "markup-in-text" not in findings([*plain(), *pairs(("What stands there?", text))])


def room(tokens):
    return Room("Tiny", tokens, lambda texts: [len(text.split()) for text in texts])


def test_answers_that_do_not_fit_are_told_in_the_models_tokens():
    rows = [*plain(), *pairs(("Go on.", "word " * 100), ("word " * 100, "Yes, it does."))]
    assert "too-long" not in findings(rows)
    found = findings(rows, room=room(60))
    assert (found["too-long"].severity, found["too-long"].rows) == ("warning", (121,))
    assert "the 60 tokens that the model takes (Tiny; the longest has 100, row 121)" in found["too-long"].what
    assert found["too-long"].mends[0].safe
    assert (found["prompt-too-long"].severity, found["prompt-too-long"].rows) == ("note", (122,))
    assert not {"too-long", "prompt-too-long"} & set(findings(rows, room=room(200)))


def test_many_shortened_prompts_are_a_warning_and_mostly_lost_answers_an_error():
    assert (
        findings(pairs(*((f"{n} " + "word " * 90, "Yes.") for n in range(120))), room=room(60))[
            "prompt-too-long"
        ].severity
        == "warning"
    )
    lost = findings(pairs(*((f"Go on, {n}.", f"{n} " + "word " * 90) for n in range(120))), room=room(60))["too-long"]
    assert (lost.severity, lost.mends) == ("error", ())


def conversation(*roles):
    return {"messages": [{"role": role, "content": f"{role} says thing {n}."} for n, role in enumerate(roles)]}


def test_turns_out_of_order_are_told_with_what_becomes_of_them():
    rows = [
        {
            "messages": [
                {**turn, "content": f"{n} {turn['content']}"} for turn in conversation("user", "assistant")["messages"]
            ]
        }
        for n in range(120)
    ]
    rows += [
        conversation("user", "user", "assistant"),
        conversation("assistant", "user", "assistant"),
        conversation("system", "user", "assistant", "user"),
    ]
    finding = findings(rows, CHAT)["role-order"]
    assert (finding.severity, finding.rows) == ("note", (121, 122, 123))
    assert "1 conversation lets one speaker take two turns in a row" in finding.what
    assert "1 conversation begins with the assistant" in finding.what
    assert "1 conversation ends with a question" in finding.what
    assert "role-order" not in findings(rows[:120], CHAT)


def test_results_of_tools_in_a_row_are_in_order():
    rows = [
        {
            "messages": [
                *conversation("user", "assistant", "tool", "tool", "assistant")["messages"],
                {"role": "user", "content": f"{n}?"},
                {"role": "assistant", "content": f"{n}."},
            ]
        }
        for n in range(30)
    ]
    assert "role-order" not in findings(rows, CHAT)


@pytest.mark.parametrize("piece", [" ", "\n\n", "<a ", "&amp;", "a.", "1 ", "@a", "Ã", "\u200b", "[", "x\n\n"])
def test_a_long_and_strange_text_is_looked_at_in_a_moment(piece):
    strange = piece * (200_000 // len(piece))
    rows = [*plain(20), *pairs((f"Begin. {strange}", f"{strange} end."), (f"begin <b> {strange}", "Yes, so it is."))]
    for finding in findings(rows).values():
        assert len(finding.what) < 500
        assert len(finding.example) < 200


def test_a_sign_that_would_command_a_terminal_is_shown_as_a_box():
    finding = findings([*plain(), *pairs(("What is it?", "It is \x1b[31mred\x1b[0m \u202eder"))])["control-characters"]
    assert finding.example == "It is ▯[31mred▯[0m ▯der"
