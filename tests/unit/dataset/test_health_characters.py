import pytest

from core.dataset.health.characters import clean
from tests.unit.dataset.inspecting import CHAT, findings, mended, pairs, plain


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ("her fiancÃ© Cal", "her fiancé Cal"),
        ("Europeâ\x80\x99s edge", "Europe’s edge"),
        ("a fairytale\x85 Too bad \x96 so", "a fairytale… Too bad – so"),
        ("it saves â‚¬5 – no", "it saves €5 – no"),
        ("zero\u200bwidth \ufeffmark co\u00adop", "zerowidth mark coop"),
        ("bell\x07 and \x1b[31mred\x1b[0m", "bell and red"),
        ("page\x0cbreak", "page\nbreak"),
        ("\\(\x0crac{1}{2}\\) \x08egin{x}", "\\(\\frac{1}{2}\\) \\begin{x}"),
        ("Ã\u200b©tÃ\u200b©", "été"),
    ],
)
def test_what_nobody_typed_becomes_what_was_meant(broken, meant):
    assert clean(broken) == meant


@pytest.mark.parametrize(
    "text",
    [
        "“Curly” ‘quotes’ – dashes — and … dots",
        "café, naïve, Zürich, São Paulo, Łódź, Ærø",
        "👍🏽 👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",
        "می‌خواهم",
        "ภาษา\u200bไทย",
        "ﬁrst ﬂoor ｆｕｌｌ ½ ² ™",
        "tab\tand\nline\r\nends",
        "Tom &amp; Jerry &lt;3",
        "日本語のテキスト、「引用」",
        "Привет, мир — «кавычки»",
        "A lost � letter",
        "±5 °C, §3, ©2020 ®, £4 ¥5",
    ],
)
def test_correct_text_stays_as_it_is(text):
    assert clean(text) == text
    rows = [*plain(), *pairs((text, f"An answer to {text}"))]
    assert not {"broken-encoding", "control-characters", "invisible-characters"} & set(findings(rows))


def test_a_lost_letter_beside_a_misread_one_is_not_lost_again():
    assert clean("Lut��ce is â\x80\x9cgood” food") == "Lut��ce is “good” food"


def test_broken_letters_are_told_with_their_row_and_repaired():
    rows = [*plain(), *pairs(("Who is FranÃ§ois?", "A man with a cafÃ©, as ever."))]
    finding = findings(rows)["broken-encoding"]
    assert (finding.severity, finding.rows, finding.column) == ("warning", (121,), "")
    assert "FranÃ§ois" in finding.example
    tables, left = mended(rows, finding, "repair")
    assert tables["train"].rows[120] == {"prompt": "Who is François?", "completion": "A man with a café, as ever."}
    assert "broken-encoding" not in left


def test_letters_that_cannot_be_brought_back_are_left_out_only_when_asked():
    rows = [*plain(), *pairs(("Where is Lut�ce?", "It was where Paris is now."))]
    finding = findings(rows)["lost-characters"]
    assert [(mend.name, mend.safe) for mend in finding.mends] == [("drop", False), ("keep", False)]
    tables, left = mended(rows, finding, "drop")
    assert len(tables["train"].rows) == 120
    assert "lost-characters" not in left


@pytest.mark.parametrize("as_text", [False, True])
def test_turns_are_repaired_inside_their_cell(as_text):
    import json

    def cell(said):
        turns = [{"role": "user", "content": "How are you?"}, {"role": "assistant", "content": said}]
        return {"messages": json.dumps(turns, ensure_ascii=False) if as_text else turns}

    rows = [*(cell(f"Fine, for the {n}th time.") for n in range(120)), cell("TrÃ¨s bien\u200b, merci.")]
    finding = findings(rows, CHAT)["broken-encoding"]
    tables, left = mended(rows, finding, "repair", CHAT)
    assert tables["train"].rows[120] == cell("Très bien, merci.")
    assert not {"broken-encoding", "invisible-characters"} & set(left)
