"""What is wrong with values, in words for people."""

from pydantic import ValidationError

EMPTY = "is empty"
"""What is wrong with a field that wants a value and has none."""


def problems_of(error: ValidationError, whole: str = "plan") -> dict[str, str]:
    """Field to problem; `whole` stands for what is wrong with all of it."""
    return {".".join(map(str, one["loc"])) or whole: _told(one["type"], one["msg"]) for one in error.errors()}


def _told(kind: str, said: str) -> str:
    """In pydantic's words, but where they speak of types and characters to somebody who left a field empty."""
    if kind == "missing" or (kind == "string_too_short" and said.endswith("at least 1 character")):
        return EMPTY
    return said
