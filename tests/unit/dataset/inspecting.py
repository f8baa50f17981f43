"""Rows in memory, looked at by the checks: what the tests of the checks share."""

from dataclasses import replace

from core.dataset.examples import read_examples
from core.dataset.health import find_all
from core.dataset.health.check import Inspection
from core.dataset.table import make_table
from core.dataset.versions.mend import apply

LABELLED = "labelled_text", {"text": "text", "label": "label"}
PAIRS = "prompt_completion", {"prompt": "prompt", "completion": "completion"}
CHAT = "chat", {"messages": "messages"}


def labelled(*rows):
    return [{"text": text, "label": label} for text, label in rows]


def pairs(*rows):
    return [{"prompt": prompt, "completion": completion} for prompt, completion in rows]


def plain(number=120):
    """Rows with nothing wrong about them."""
    return pairs(
        *((f"What is thing number {n}?", f"It is the thing that comes after number {n - 1}.") for n in range(number))
    )


def texts(number=120, labels=("bill", "card")):
    return labelled(*((f"this is text number {n}", labels[n % len(labels)]) for n in range(number)))


def look_at(tables, how, **more):
    format_name, mapping = how
    readings = {file: read_examples(table, format_name, mapping, "") for file, table in tables.items()}
    return Inspection(readings=readings, format=format_name, mapping=mapping, **more)


def inspection(rows, how=PAIRS, notes=(), files=None, **more):
    tables = {file: make_table(rows, "utf-8", file) for file, rows in {"train": rows, **(files or {})}.items()}
    tables["train"] = replace(tables["train"], notes=notes)
    return look_at(tables, how, **more)


def findings(rows, how=PAIRS, **more):
    """Name to finding; of several with one name, the first."""
    found = {}
    for finding in find_all(inspection(rows, how, **more)):
        found.setdefault(finding.name, finding)
    return found


def mend_of(finding, name):
    return next(mend for mend in finding.mends if mend.name == name)


def mended(rows, finding, name, how=PAIRS, files=None):
    """The tables after a mend, and what is found then."""
    looked = inspection(rows, how, files=files)
    tables = apply(mend_of(finding, name), {file: reading.table for file, reading in looked.readings.items()})
    return tables, {found.name: found for found in find_all(look_at(tables, how))}
