from core.dataset.health import find_all
from tests.unit.dataset.inspecting import LABELLED, findings, inspection, labelled, mended, texts


def test_spellings_that_differ_in_case_and_spacing_are_merged_safely():
    rows = [*texts(), *labelled(("a", "Bill"), ("b", "CARD "), ("c", "card\u200b"))]
    finding = findings(rows, LABELLED)["label-spelling"]
    assert finding.rows == (121, 122, 123)
    assert finding.mends[0].safe
    tables, left = mended(rows, finding, "merge", LABELLED)
    assert [row["label"] for row in tables["train"].rows[120:]] == ["bill", "card", "card"]
    assert not {"label-spelling", "rare-label"} & set(left)


def test_spellings_that_differ_in_more_are_merged_only_when_asked():
    rows = [*texts(labels=("card lost", "bill")), *labelled(("a", "card-lost"))]
    assert not findings(rows, LABELLED)["label-spelling"].mends[0].safe


def test_labels_that_are_not_the_same_are_left_alone():
    rows = [*texts(labels=("1", "-1", "B", "B-", "bill", "bills"))]
    assert "label-spelling" not in findings(rows, LABELLED)


def test_a_test_rows_spelling_is_told_and_taken_from_the_training_rows():
    rows, files = texts(), {"test": labelled(("new", "BILL"), ("other", "loan"))}
    found = {f.name: f for f in find_all(inspection(rows, LABELLED, files=files))}
    assert (found["label-spelling"].file, found["label-spelling"].rows) == ("test", (1,))
    assert (found["unknown-label"].file, found["unknown-label"].rows) == ("test", (2,))
    tables, left = mended(rows, found["label-spelling"], "merge", LABELLED, files)
    assert tables["test"].rows[0]["label"] == "bill"
    assert "label-spelling" not in left


def test_uneven_labels_are_a_note_and_very_uneven_ones_a_warning():
    even = [*texts(40), *(row for row in texts(100, ("bill",)))]
    rows = [{**row, "text": f"{n} {row['text']}"} for n, row in enumerate(even)]
    finding = findings(rows, LABELLED)["label-imbalance"]
    assert (finding.severity, finding.mends) == ("note", ())
    assert "'bill' has 120 rows and 'card' 20, about 6 to 1" in finding.what
    more = [*rows, *labelled(*((f"more {n}", "bill") for n in range(200)))]
    finding = findings(more, LABELLED)["label-imbalance"]
    assert (finding.severity, [mend.name for mend in finding.mends]) == ("warning", ["keep"])
    assert findings(more, LABELLED, decisions={"label-imbalance": "keep"})["label-imbalance"].severity == "note"
    assert "label-imbalance" not in findings(texts(), LABELLED)


def test_rare_labels_can_be_left_out():
    rows = [*texts(), *labelled(("a", "loan"), ("b", "loan"))]
    finding = findings(rows, LABELLED)["rare-label"]
    assert not any(mend.safe for mend in finding.mends)
    tables, left = mended(rows, finding, "drop", LABELLED)
    assert len(tables["train"].rows) == 120
    assert "rare-label" not in left


def test_numbers_without_names_are_a_note():
    assert findings(texts(labels=("0", "1", "2")), LABELLED)["numeric-label"].severity == "note"
    assert "numeric-label" not in findings(texts(labels=("0", "1", "many")), LABELLED)


def test_two_labels_for_one_text_keep_the_more_frequent_one():
    rows = [
        *texts(),
        *labelled(("same", "bill"), ("same", "bill"), ("Same ", "card"), ("tie", "bill"), ("tie", "card")),
    ]
    finding = findings(rows, LABELLED)["conflicting-label"]
    assert finding.rows == (121, 122, 123, 124, 125)
    assert [mend.name for mend in finding.mends] == ["drop", "majority"]
    tables, left = mended(rows, finding, "majority", LABELLED)
    assert tables["train"].numbers[120:] == (121, 122)
    assert "conflicting-label" not in left
    assert "conflicting-label" not in mended(rows, finding, "drop", LABELLED)[1]
