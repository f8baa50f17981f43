"""Rows as files of well-known sets have them, and the reading of such a file."""

import json

from core.dataset.detect import detect
from core.dataset.examples import read_examples
from core.dataset.files.read import read_table


def read(path):
    """What is detected, and all rows read so."""
    table = read_table(path)
    found = detect(table)
    return found, read_examples(table, found.format, found.mapping, "")


def lines(rows):
    """The rows as JSONL."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def repeated(*rows, times=10):
    """The rows again and again, with a number in each text, so that no two are the same."""

    def numbered(value, number):
        is_text = isinstance(value, str) and len(value) > 20 and value[0] not in "[{"
        return f"{value} ({number})" if is_text else value

    return [{key: numbered(value, n) for key, value in row.items()} for n in range(times) for row in rows]
