"""What stands in the fields of the playground, kept between visits and through a reload."""

from typing import Any

from ui.desk import Desk

_NAME = "playground"
_MOST = 200_000
"""Characters of a prompt that are saved with every letter that is typed."""


def keep(desk: Desk, **changed: Any) -> None:  # noqa: ANN401 - values of the fields
    """Save what changed: "text", "drawing" or "weights"."""
    if len(str(changed.get("text", ""))) > _MOST:
        return
    before = desk.engine.draft(_NAME)
    if before | changed != before:
        desk.engine.save_draft(before | changed, _NAME)


def kept_text(desk: Desk) -> str:
    """The prompt as it was typed last."""
    return str(desk.engine.draft(_NAME).get("text", ""))


def kept_drawing(desk: Desk) -> dict[str, Any]:
    """The settings of answers as they were typed last, right or wrong."""
    kept = desk.engine.draft(_NAME).get("drawing", {})
    return dict(kept) if isinstance(kept, dict) else {}
