"""What is told of an answer, on the page and on the command line."""

from core.job.playground.question import ENDINGS, Side
from ui import words


def measured(said: Side) -> str:
    """Tokens, time, speed and end of an answer in one line."""
    seconds = f"{said.seconds:.1f} s" if said.seconds < 60 else words.duration(said.seconds)
    speed = "" if said.speed is None else f", {words.number(said.speed)} tokens per second"
    ended = f"; {ENDINGS.get(said.how, said.how)}" if said.how else ""
    return f"{words.counted(said.tokens, 'token')} in {seconds}{speed}{ended}"
