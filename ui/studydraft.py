"""What was asked on the studies' page, kept between visits; another page can ask for the reader."""

from ui.desk import Desk

_NAME = "study"


def keep(desk: Desk, kind: str, of: str = "", values: str = "") -> None:
    """Keep a question: the kind of study, the run whose plan it varies ("" for the strategy's), and the values."""
    desk.engine.save_draft({"kind": kind, "of": of, "values": values}, _NAME)


def kept(desk: Desk) -> tuple[str, str, str]:
    """Kind, run and values as they were kept, each "" if there is none."""
    draft = desk.engine.draft(_NAME)
    return str(draft.get("kind", "")), str(draft.get("of", "")), str(draft.get("values", ""))
