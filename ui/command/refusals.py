"""What the command line says of words that it does not understand."""

import difflib
import re


def sentence(message: str) -> str:
    """Argparse's message as a sentence, without the list of choices, which the fix may name."""
    text = re.sub(r"^argument (COMMAND|[^:]+): ", lambda m: f"{m[1]}: " if m[1] != "COMMAND" else "", message)
    text = re.sub(r" \(choose from .*\)$", "", text).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def suggestion(message: str) -> str:
    """The choice that was probably meant, or all of them."""
    found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message)
    if found is None:
        return ""
    choices = [choice.strip(" '") for choice in found[2].split(",")]
    close = difflib.get_close_matches(found[1], choices, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Choose one of: {', '.join(choices)}."
