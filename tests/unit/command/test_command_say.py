from ui.command import say


def test_a_terminal_obeys_nothing_that_stands_in_the_data():
    assert say.plain("a\x1b[2Jb\x07\u202ec\nd") == "a\ufffd[2Jb\ufffd\ufffdc\nd"


def test_columns_are_aligned_and_a_cell_keeps_to_its_line():
    shown = say.table([("run", "n"), ("a\nb", "10"), ("c", "2")], right=frozenset({1}))
    assert shown.splitlines() == ["run   n", "a b  10", "c     2"]


def test_letters_of_every_language_are_printed_as_they_are():
    assert say.plain("Verträge 条款 ✓") == "Verträge 条款 ✓"
