"""Kinds of values on the command line, with what argparse calls them in its messages."""

import argparse


def names(text: str) -> list[tuple[str, str]]:
    """Pairs of a finding's name and a mend's, empty for the recommended one: a,b=drop."""
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    return [(name.strip(), mend.strip()) for name, _, mend in pairs]


def port(text: str) -> int:
    """A port's number.

    Raises:
        ArgumentTypeError: It is none.
    """
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; ports go from 0 to 65535")
    return number


def positive(text: str) -> float:
    """A number above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


positive.__name__ = "number"
