"""The model side of the playground: a run's base and tuned model, loaded once and asked as often as people like."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.backend.classes import class_scores, encode_class
from core.backend.devices import choose_threads
from core.backend.render import pieces
from core.backend.scoring import label_scores
from core.backend.streaming import Words, write_both
from core.backend.tokenised import longest_row
from core.backend.tokens import encode_prompt, prompt_ids
from core.backend.virtual import virtual_tokens
from core.backend.voices import Voice, load_voices
from core.dataset.example import Example, Turn
from core.dataset.rendered import RenderedPrompt
from core.errors import DataError
from core.strategy.drawing import Drawing
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What both are asked."""

    turns: tuple[Turn, ...]
    """Empty where `text` is a beginning to go on from, or what a head reads."""
    text: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Ready:
    """A prompt in tokens."""

    ids: list[int]
    shown: RenderedPrompt


class Player:
    """Base and tuned model of one run, in memory."""

    def __init__(self, plan: Plan, folder: Path, home: Path, which: str, labels: Sequence[str]) -> None:
        """Load them; `labels` are what a head chooses among, where the weights do not say.

        Raises:
            UserError: The weights or the model are not there, are damaged, or cannot be loaded.
        """
        began = time.monotonic()
        choose_threads()
        self._plan = plan
        self._voices = load_voices(plan, folder, home, which, tuple(labels))
        loaded = self._voices.loaded
        self.device = f"{loaded.device.name}, {loaded.precision_text}"
        self.step = self._voices.step
        self.sides = tuple(voice.side for voice in self._voices.each)
        self.labels = loaded.labels
        """Those of its head; empty where it writes."""
        self._context = read_facts(plan.model).context
        self.seconds = time.monotonic() - began

    def ready(self, prompt: Prompt) -> Ready:
        """The prompt as the models see it.

        Raises:
            DataError: It is longer than there is room for.
        """
        loaded = self._voices.loaded
        if self.labels:
            row = encode_class(loaded.tokenizer, prompt.text, longest_row(loaded, self._plan))
            whole = len(loaded.tokenizer(prompt.text)["input_ids"]) if row.truncated else len(row.input_ids)
            return self._shown(row.input_ids, whole, cut=False)
        before = max(virtual_tokens(voice.network) for voice in self._voices.each)
        room = self._context - before - prompt.drawing.most_tokens
        if not prompt.turns:
            return self._beginning(prompt, room)
        whole = len(prompt_ids(loaded.tokenizer, prompt.turns))
        wanted = min(room, self._plan.max_length) if prompt.drawing.shorten else room
        fitted = encode_prompt(loaded.tokenizer, prompt.turns, wanted) if wanted > 0 else None
        if fitted is None or (fitted[2] and not prompt.drawing.shorten):
            raise self._too_long(whole, room, prompt.drawing.most_tokens)
        return self._shown(fitted[1], whole, cut=fitted[2])

    def shares(self, prompt: Prompt, labels: Sequence[str]) -> dict[str, list[float]]:
        """Of each model the probability of each label among all of them, as the evaluation scores them."""
        loaded, found = self._voices.loaded, {}
        example = Example(0, prompt.turns, labels[0])
        for voice in self._voices.each:
            with voice.turn(), loaded.autocast():
                if self.labels:
                    length = longest_row(loaded, self._plan)
                    [scores] = class_scores(voice.network, loaded.tokenizer, [prompt.text], length)
                else:
                    [scores] = label_scores(voice.network, loaded.tokenizer, [example], labels, self._plan.max_length)
            found[voice.side] = _among(scores)
        return found

    def write(
        self, ready: Ready, drawing: Drawing, tell: Callable[[Words], None], stopping: Callable[[], bool]
    ) -> list[Words]:
        """Both answers; see `core.backend.streaming.write_both`."""
        return write_both(self._voices.loaded, self._quickest_first(), ready.ids, drawing, tell, stopping)

    def _quickest_first(self) -> tuple[Voice, ...]:
        """Where they write one after the other, the tuned one begins: it is what people wait for."""
        each = self._voices.each
        return each if all(voice.changes_quickly for voice in each) else each[::-1]

    def _beginning(self, prompt: Prompt, room: int) -> Ready:
        """A text that the models go on with, as they learned it: without turns, behind the mark of a beginning."""
        tokenizer = self._voices.loaded.tokenizer
        ids = [int(token) for token in tokenizer(prompt.text)["input_ids"]]
        start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
        if ids and ids[-1] == end:
            ids.pop()
        if start is not None and ids[:1] != [start]:
            ids = [int(start), *ids]
        if len(ids) > room:
            raise self._too_long(len(ids), room, prompt.drawing.most_tokens)
        return self._shown(ids, len(ids), cut=False)

    def _shown(self, ids: list[int], whole: int, *, cut: bool) -> Ready:
        shown = tuple(pieces(self._voices.loaded.tokenizer, ids, len(ids), gaps=cut))
        return Ready(ids, RenderedPrompt(pieces=shown, tokens=len(ids), whole=whole))

    def _too_long(self, tokens: int, room: int, most: int) -> DataError:
        """What does not fit, in numbers."""
        if room <= 0:
            return DataError(
                f"An answer of {most:,} tokens leaves no room for a prompt: the model can hold {self._context:,}.",
                f"Set the longest answer to less than {max(2, self._context // 2):,}.",
            )
        return DataError(
            f"The prompt has {tokens:,} tokens. Beside an answer of up to {most:,} there is room for {room:,}: the "
            f"model can hold {self._context:,}.",
            "Shorten the prompt, or set the longest answer to fewer tokens.",
        )


def _among(scores: Sequence[float]) -> list[float]:
    """Log-likelihoods as probabilities that sum to 1."""
    best = max(scores)
    parts = [math.exp(score - best) if math.isfinite(best) else 1.0 for score in scores]
    return [part / sum(parts) for part in parts]
