"""A spreadsheet from a colleague: everything in it was seen in a real one."""

import csv
import io

OPENINGS = (
    "I was charged twice for the order that arrived on",
    "Please tell me when the parcel will come that I ordered on",
    "The lamp was broken when I opened the box from",
    "I cannot sign in since the update of",
    "Thank you for the quick answer about the invoice of",
)
LABELS = ("billing", "delivery", "damage", "account", "thanks")
ENDINGS = (
    "and nobody has called me back.",
    "although your page says something else.",
    "so I would like to hear from a person.",
    "and Mrs Böhm next door had the same trouble last year.",
    "which is a pity, because I like the shop.",
)


def messy_csv() -> bytes:
    """116 rows in Windows-1252 with mixed line ends, stray spaces in the header and most things that go wrong."""
    rows: list[tuple[str, str, str]] = []
    for number in range(100):
        opening, ending = OPENINGS[number % 5], ENDINGS[number // 5 % 5]
        rows.append(
            (
                str(number + 1),
                f"{opening} {number % 28 + 1} May, ticket {number * 37 % 991}, {ending}",
                LABELS[number % 5],
            )
        )
    rows += [
        ("101", rows[3][1], rows[3][2]),  # twice
        ("102", rows[8][1], rows[8][2]),
        ("103", rows[10][1], "delivery"),  # says billing above
        ("104", "", "billing"),
        ("105", "   ", "damage"),
        (
            "106",
            "My parcel never came and the caf\u00c3\u00a9 next door has not seen it either, says the owner.",
            "delivery",
        ),
        ("107", "<p>The invoice is wrong,<br>please send me a new one &amp; an apology</p>", "billing"),
        ("108", "Write to me at maria.lindqvist@posteo.de or call +44 20 7946 0958 about the broken lamp.", "damage"),
        ("109", "Please refund my card 4111 1111 1111 1111, the order was never sent to me at all.", "billing"),
        ("110", "The password mail never arrives, whatever I try on the page with the form.", "Account"),
        ("111", "The password mail is never there, whatever I try with the form on that page.", "ACCOUNT "),
        ("112", "Three of six glasses for Mrs Müller were broken, see the photo that I sent on Monday.", "damages?"),
        ("113", rows[20][1].replace("ticket", "ticket no."), rows[20][2]),  # nearly the same
        ("114", 'He said "never again", and I agree with him: two weeks is too long, even "in season".', "delivery"),
        ("115", "NA", "thanks"),
        ("116", "007", "account"),
    ]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["id", " Message ", "Category"])
    for number, row in enumerate(rows):
        writer.writerow(row)
        if number % 7 == 0:  # someone edited the file on another system
            out.seek(out.tell() - 2)
            out.truncate()
            out.write("\n")
    return out.getvalue().encode("windows-1252")
