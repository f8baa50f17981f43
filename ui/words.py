"""Numbers, times and sizes as people read them."""

import math
import time
from collections.abc import Sequence

NOTHING = "–"


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, thousands separated; a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}"
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def gib(value: float | None) -> str:
    """Memory given in GiB, in the unit that reads best."""
    if value is None:
        return NOTHING
    return f"{number(float(value))} GiB" if abs(value) >= 1 else f"{value * 1024:,.0f} MiB"


def size(count: float) -> str:
    """Bytes, in the unit that reads best."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{number(count / scale, 2 if count / scale < 10 else 3)} {unit}"
    return f"{count:,.0f} bytes"


def duration(seconds: float | None) -> str:
    """Seconds as "40 s", "3 min 20 s" or "2 h 5 min"."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, rest = divmod(whole // 60, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def span(low: float, high: float) -> str:
    """Seconds from low to high: "40 s to 2 min", or one figure where the ends read alike."""
    ends = duration(low), duration(high)
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def time_left(low: float, high: float) -> str:
    """A range where the ends read differently, one figure where they do not."""
    shortest, longest = _rounded(low), _rounded(high)
    if shortest == longest:
        return f"about {longest} left"
    return f"{shortest} to {longest} left"


def _rounded(seconds: float) -> str:
    if seconds < 60:
        return f"{max(5, round(seconds / 5) * 5)} s"
    return duration(round(seconds / 60) * 60)


def counted(count: int, one: str, many: str = "") -> str:
    """The count and its noun: "1 row", "1,200 rows"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def steps(numbers: Sequence[int]) -> str:
    """As "steps 112, 196 and 224"."""
    *most, last = (f"{number:,}" for number in numbers)
    return f"steps {', '.join(most)} and {last}" if most else f"step {last}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share between 0 and 1."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def signed(value: float, digits: int = 0) -> str:
    """A difference with its sign; a true minus, so that it lines up."""
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def ago(epoch: float, now: float | None = None) -> str:
    """How long since a moment given in seconds UTC."""
    seconds = (time.time() if now is None else now) - epoch
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h ago"
    return f"{counted(int(seconds // 86400), 'day')} ago"


def clock(epoch: float) -> str:
    """The time of day at this machine."""
    return time.strftime("%H:%M:%S", time.localtime(epoch))


def shortened(text: str, limit: int = 160) -> str:
    """The text on one line, cut at `limit` characters with a mark."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def encoding(name: str) -> str:
    """An encoding as people write it: "UTF-8", "Windows-1252"."""
    plain = name.lower().replace("_", "-").removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    return plain.capitalize() if plain.startswith("windows") else plain.upper()
