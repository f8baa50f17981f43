"""Numbers that people type as values of a study."""

from core.errors import SettingsError


def whole(typed: str, what: str, least: int) -> int:
    """The number that was typed.

    Raises:
        SettingsError: It is none, or too small.
    """
    try:
        number = int(typed)
    except ValueError:
        number = least - 1
    if number < least:
        raise SettingsError({what: f"{typed[:40]!r} is no whole number from {least} on"})
    return number
