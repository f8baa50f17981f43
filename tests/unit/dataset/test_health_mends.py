"""What holds for every mend, whatever the rows are."""

import json
from dataclasses import replace
from itertools import islice, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dataset.conversions import CONVERSIONS
from core.dataset.finding import Mend, dropping, in_agreement, keeping
from core.dataset.health import CHECKS, find_all
from core.dataset.table import Table, make_table
from core.dataset.versions.mend import all_safe, apply, preview, told
from tests.unit.dataset.inspecting import CHAT, LABELLED, PAIRS, findings, look_at, mend_of, pairs, plain

PIECES = [
    "a", "B", "bill", "Bill", "CARD", "card_lost", "card lost", "card-lost", " ", "\n", "\n\n", "\t", "\r\n", "é", "Ã©",
    "â\x80\x99", "\x07", "\x0crac{", "\x85", "\u200b", "\ufeff", "\ufffd", "\u00ad", "<br>", "<b>", "</b>", "&amp;",
    "&amp;lt;p&gt;", "&#0;", "a < b", "jane@acme.org", "+1 650-253-0000", "(212) 736-5000", "4111 1111 1111 1111",
    "81.2.69.142", "N/A", "todo", "-", "?", "Is the sea salty everywhere?", "Is the sea salty everywhere? Yes.",
    "As an AI language model, I do not know.", "1", "2", "日本語", "👍", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "{", "[", '"role"',
    '[{"role": "user", "content": "<br>"}]',
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.text(max_size=6)
LABEL = st.sampled_from(["bill", "Bill", "BILL\u200b", "card_lost", "Card lost", "card-lost", "Ã©", "é", "", "n\x07o"])
TURN = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": TEXT})
TURNS = st.lists(TURN, max_size=4)
ROWS = {
    PAIRS[0]: st.fixed_dictionaries({"prompt": TEXT | st.none(), "completion": TEXT | st.integers()}),
    LABELLED[0]: st.fixed_dictionaries({"text": TEXT, "label": LABEL}),
    CHAT[0]: st.fixed_dictionaries(
        {"messages": TURNS | TURNS.map(lambda turns: json.dumps(turns, ensure_ascii=False))}
    ),
}
OTHERS = {name for check in CHECKS.values() if check.name.startswith("near") for name in check.finds}
"""Findings whose mends leave the next nearest copies to be judged anew."""


@st.composite
def looked_at(draw):
    how = draw(st.sampled_from([PAIRS, LABELLED, CHAT]))
    files = {"train": st.lists(ROWS[how[0]], min_size=1, max_size=14), "test": st.lists(ROWS[how[0]], max_size=4)}
    tables = {}
    for file, rows in files.items():
        if drawn := draw(rows):
            numbers = tuple(range(3, 3 + 2 * len(drawn), 2))  # a version of which rows were left out
            made = make_table(drawn, "utf-8", file)
            tables[file] = Table(made.columns, made.rows, made.encoding, (), numbers)
    return how, tables


def rows_of(tables):
    return {(file, table.number(n)): row for file, table in tables.items() for n, row in enumerate(table.rows)}


EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(looked_at())
def test_a_mend_changes_only_the_rows_it_names_and_takes_its_finding_away(looked):
    how, tables = looked
    before = rows_of(tables)
    for finding in find_all(look_at(tables, how)):
        assert set(finding.rows) <= {row for file, row in before if file == finding.file}
        assert len({mend.name for mend in finding.mends}) == len(finding.mends)
        for mend in finding.mends:
            mended = apply(mend, tables)
            after = rows_of(mended)
            dropped = {(file, row) for file, rows in mend.drop.items() for row in rows}
            changed = {(file, row) for file, rows in mend.cells.items() for row in rows}
            assert {row for _, row in dropped | changed} <= set(finding.rows)
            assert set(before) - set(after) == dropped
            assert {row for row in after if after[row] != before[row]} <= changed
            assert all(table.rows for table in mended.values())
            assert len(preview(mend, tables)) == min(5, len(dropped | changed))
            assert told(mend)
            if finding.name not in OTHERS:
                left = find_all(look_at(mended, how, decisions={finding.name: mend.name}))
                same = [f for f in left if (f.name, f.file, f.column) == (finding.name, finding.file, finding.column)]
                same = [f for f in same if set(f.rows) & set(finding.rows) or not finding.rows]
                assert all(f.severity == "note" for f in same) if mend.name == "keep" else not same


@EXAMPLES
@given(looked_at())
def test_safe_mends_give_the_same_rows_in_any_order_and_together(looked):
    how, tables = looked
    found = find_all(look_at(tables, how))
    safe = [mend for finding in found for mend in finding.mends if mend.safe]
    together = all_safe(found)
    assert (together is None) == (not safe)
    if together is None:
        return
    expected = rows_of(apply(together, tables))
    for order in islice(permutations(safe), 6):
        done = tables
        for mend in order:
            done = apply(mend, done)
        assert rows_of(done) == expected


def test_a_preview_shows_before_and_after():
    rows = [*plain(), *pairs(("Who is FranÃ§ois?", "A man.")), *pairs(("Who?", ""))]
    tables = {"train": make_table(rows, "utf-8", "train")}
    found = findings(rows)
    (change,) = preview(mend_of(found["broken-encoding"], "repair"), tables)
    assert (change.row, change.before["prompt"], change.after) == (
        121,
        "Who is FranÃ§ois?",
        {"prompt": "Who is François?"},
    )
    (change,) = preview(mend_of(found["empty-field"], "drop"), tables)
    assert (change.row, change.after) == (122, None)


@pytest.mark.skipif(not CONVERSIONS, reason="there is no conversion yet")
def test_a_preview_of_a_conversion_shows_the_first_rows_that_it_makes(monkeypatch):
    made = make_table(pairs(*((f"q{n}", f"a{n}") for n in range(9))), "utf-8", "made")
    name = next(iter(CONVERSIONS))
    conversion = type("Conversion", (), {"convert": staticmethod(lambda table: made)})
    monkeypatch.setattr("core.dataset.versions.mend.CONVERSIONS", {name: conversion})
    changes = preview(Mend(name="convert", title="One row for each", conversion=name), {"train": made}, most=3)
    assert [(change.row, dict(change.before), change.after) for change in changes] == [
        (n + 1, {}, {"prompt": f"q{n}", "completion": f"a{n}"}) for n in range(3)
    ]


def test_mends_that_change_nothing_and_mends_that_agree():
    assert keeping().changes_nothing
    assert not dropping("Leave out", [1]).changes_nothing
    one = Mend(name="a", title="a", safe=True, cells={"train": {1: {"text": "x"}}})
    other = Mend(name="b", title="b", safe=True, cells={"train": {1: {"text": "y"}, 2: {"text": "z"}}})
    risky = Mend(name="c", title="c", cells={"train": {1: {"text": "w"}}})
    finding = next(iter(findings(plain(20)).values()))
    agreed = in_agreement([replace(finding, mends=(one, risky)), replace(finding, mends=(other,))])
    assert [mend.cells["train"][1]["text"] for found in agreed for mend in found.mends] == ["y", "w", "y"]
