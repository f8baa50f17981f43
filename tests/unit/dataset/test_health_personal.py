import pytest

from core.dataset.health.personal import masked
from tests.unit.dataset.inspecting import CHAT, findings, mended, pairs, plain

ENGLISH = ("US", "GB")


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("Write to jane.doe+x@mail.acme.co.uk today.", "Write to [EMAIL] today."),
        ("Call (212) 736-5000 now", "Call [PHONE] now"),
        ("My number is 650-253-0000.", "My number is [PHONE]."),
        ("Fax: 650 253 0000", "Fax: [PHONE]"),
        ("Ring +44 20 7946 0958 or +49 30 901820", "Ring [PHONE] or [PHONE]"),
        ("card 4111 1111 1111 1111 exp 12/30", "card [CARD] exp 12/30"),
        ("my visa is 4111111111111111", "my visa is [CARD]"),
        ("amex 3782-822463-10005", "amex [CARD]"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN] please"),
        ("pay GB82WEST12345698765432 TODAY", "pay [IBAN] TODAY"),
        ("SSN: 536-22-1234", "SSN: [SSN]"),
        ("from host 81.2.69.142 at night", "from host [IP] at night"),
    ],
)
def test_personal_data_are_found_and_masked(text, mask):
    assert masked(text, ENGLISH) == mask


@pytest.mark.parametrize(
    "text",
    [
        "On 2021-03-04 10:15:00 and 04.03.2021, 12/11/2019",
        "Section 4.2.1.3 and 10.12.14.1 of version 81.2.69.142 apply",
        "It cost $1,234,567.89 or 1 234 567,89 euros, 50% of 2019 2018 2017",
        "Order 4111111111111112, tracking 9400110200881234567890",
        "ISBN 978-3-16-148410-0, ISSN 2049-3630, DOI 10.1000/182",
        "case 536-22-1234 was closed",
        "Revenue 2019 2018 2017 was 1203 4554 2321 3322",
        "he@work and @handle, foo@bar, user@example.com, name@localhost",
        "coordinates 40.712776, -74.005974 and 192.168.0.1",
        "17 U.S.C. 101-810, Pub. L. 104-191, 45 C.F.R. 160.103",
        "3.14159265358979 and 1e-10 and 0x1234567890abcdef",
        "Flight 1234 5678 9012 3456, serial 1234-5678-9012-3456",
        "BP 120/80, HR 72, MRN 1234567, DOB 01/02/1950",
        "the years 1914-1918 and 1939-1945",
        "355909190063-746 equals what?",
    ],
)
def test_dates_prices_numbers_and_sections_are_no_personal_data(text):
    assert masked(text, ENGLISH) == text


def test_what_is_found_is_counted_by_kind_and_never_printed():
    rows = [*plain(), *pairs(("Who is it?", "Write to jane.doe@acme.org or bob@acme.org, or call +1 650-253-0000."))]
    finding = findings(rows)["personal-data"]
    assert finding.severity == "warning"
    assert finding.rows == (121,)
    assert finding.column == "completion"
    assert finding.what.startswith("2 e-mail addresses and 1 telephone number stand in the rows (row 121)")
    assert "Names and postal addresses are not looked for." in finding.fix
    shown = finding.what + finding.fix + finding.example
    assert "•••" in finding.example
    assert not any(part in shown for part in ("doe@acme", "bob@", "253-0000"))


def test_addresses_of_machines_alone_are_a_note():
    rows = [*plain(), *pairs(("Who wrote that?", "Unsigned comment from 81.2.69.142, in the night."))]
    assert findings(rows)["personal-data"].severity == "note"


def test_german_numbers_are_known_where_the_texts_are_german():
    said = "Sie erreichen uns telefonisch unter 030 901820 oder persönlich in unserem Haus, und zwar jeden Tag."
    rows = pairs(*((f"Wie lautet die Antwort auf Frage {n}, bitte?", f"{said} Das ist Satz {n}.") for n in range(120)))
    assert findings(rows)["personal-data"].what.startswith("120 telephone numbers")


def test_a_mask_is_written_into_turns_and_takes_the_finding_away():
    def cell(said):
        return {"messages": [{"role": "user", "content": said}, {"role": "assistant", "content": "It is noted."}]}

    rows = [*(cell(f"Please note the number {n}.") for n in range(120)), cell("I am jane@acme.org, hello.")]
    tables, left = mended(rows, findings(rows, CHAT)["personal-data"], "mask", CHAT)
    assert tables["train"].rows[120] == cell("I am [EMAIL], hello.")
    assert "personal-data" not in left


def test_kept_personal_data_are_a_note_without_mends():
    rows = [*plain(), *pairs(("Who is it?", "Write to jane.doe@acme.org."))]
    finding = findings(rows, decisions={"personal-data": "keep"})["personal-data"]
    assert finding.severity == "note"
    assert finding.what.endswith("You decided to keep it.")
    assert finding.mends == ()
