"""Two models write on one device at the same time: each for a moment, then the other goes on."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

from core.backend.generation import circle, repetition_penalty
from core.backend.model import Loaded
from core.backend.tokens import stop_ids
from core.backend.virtual import with_virtual_tokens
from core.backend.voices import Voice
from core.strategy.drawing import Drawing

TURN = 0.2
"""Seconds that one writes before the other goes on; as often its words are told."""
Ending = Literal["", "itself", "longest", "stopped", "circles"]
"""How an answer ended; empty while it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An answer so far."""

    side: str
    text: str
    tokens: int
    seconds: float
    """That this model computed, the other one's turns left out."""
    how: Ending = ""


class _Baton:
    """Who may compute now."""

    def __init__(self, count: int) -> None:
        self._condition = threading.Condition()
        self._here = list(range(count))
        self._at = 0

    def wait(self, place: int) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._at == place)

    def pass_on(self, place: int, *, over: bool = False) -> None:
        with self._condition:
            others = [one for one in self._here if one != place]
            self._at = next((one for one in others if one > place), next(iter(others), place))
            if over:
                self._here = others
            self._condition.notify_all()


class _Writing(StoppingCriteria):
    """Asked after each token: tells what stands there, ends what should end, and lets the other one go on."""

    def __init__(self, pair: "_Pair", place: int, before: int) -> None:
        self._pair, self._place, self._before = pair, place, before
        self._stack = ExitStack()
        self._spent = 0.0
        self._began = 0.0
        self._state: list[Tensor] = []
        self.how: Ending = "longest"
        self.ids: list[int] = []

    def begin(self) -> None:
        """Take the turn."""
        self._pair.baton.wait(self._place)
        self._stack.enter_context(self._pair.voices[self._place].turn())
        if self._state:
            torch.set_rng_state(self._state[0])
            if len(self._state) > 1:
                torch.cuda.set_rng_state(self._state[1])
        self._began = time.perf_counter()

    def end(self, *, over: bool = False) -> None:
        """Give the turn away."""
        self._spent += time.perf_counter() - self._began
        if not self._pair.drawing.is_greedy:
            self._state = [torch.get_rng_state()]
            if torch.cuda.is_available():
                self._state.append(torch.cuda.get_rng_state())
        self._stack.close()
        self._pair.baton.pass_on(self._place, over=over)

    def words(self, how: Ending = "") -> Words:
        """What stands there."""
        ids = self.ids
        rounds = circle(ids) if how == "circles" else None
        text = str(self._pair.tokenizer.decode(ids[:rounds], skip_special_tokens=True))
        # The first part of a letter that takes several tokens is none yet.
        text = text.strip() if how else text.lstrip().rstrip("\N{REPLACEMENT CHARACTER}")
        spent = self._spent if how else self._spent + time.perf_counter() - self._began
        voice = self._pair.voices[self._place]
        return Words(side=voice.side, text=text, tokens=len(ids), seconds=spent, how=how)

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:
        """Whether to end: (1,)."""
        self.ids = input_ids[0, self._before :].tolist()
        if self.ids and self.ids[-1] in self._pair.ends:
            self.ids, self.how = self.ids[:-1], "itself"
        elif self._pair.stopping():
            self.how = "stopped"
        elif circle(self.ids) is not None:
            self.how = "circles"
        elif time.perf_counter() - self._began >= TURN:
            self._pair.tell(self.words())
            if self._pair.takes_turns:
                self.end()
                self.begin()
            else:
                self._spent, self._began = self._spent + time.perf_counter() - self._began, time.perf_counter()
        return torch.tensor([self.how != "longest"], device=input_ids.device)


@dataclass(frozen=True, slots=True)
class _Pair:
    loaded: Loaded
    voices: Sequence[Voice]
    drawing: Drawing
    ends: frozenset[int]
    tell: Callable[[Words], None]
    stopping: Callable[[], bool]
    baton: _Baton

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self.loaded.tokenizer

    @property
    def takes_turns(self) -> bool:
        return all(voice.changes_quickly for voice in self.voices)


def write_both(
    loaded: Loaded,
    voices: Sequence[Voice],
    ids: Sequence[int],
    drawing: Drawing,
    tell: Callable[[Words], None],
    stopping: Callable[[], bool],
) -> list[Words]:
    """The answers of `voices` to the prompt `ids`, in their order; each is also told while it is written.

    Each draws as if it were alone: the seed is its own. `stopping` is asked after each token.

    Raises:
        RuntimeError: What torch raises, memory that is full among it.
    """
    ends = frozenset(token for voice in voices for token in stop_ids(loaded.tokenizer, voice.network))
    pair = _Pair(loaded, voices, drawing, ends, tell, stopping, _Baton(len(voices)))
    networks = [_asked(voice.network) for voice in voices]
    with ThreadPoolExecutor(max_workers=len(voices), thread_name_prefix="voice") as pool:
        going = [pool.submit(_write, pair, place, network, list(ids)) for place, network in enumerate(networks)]
        return [one.result() for one in going]


def _asked(network: Any) -> Any:  # noqa: ANN401 - peft has no types
    """What writes. PEFT's own way hands its methods to the model while it writes, which two of them cannot share."""
    going_on = with_virtual_tokens(network)
    return network.get_base_model() if going_on is network and hasattr(network, "peft_config") else going_on


def _write(pair: _Pair, place: int, network: Any, ids: list[int]) -> Words:  # noqa: ANN401
    tensor = torch.tensor([ids], device=pair.loaded.device.torch)
    config = _config(pair, network)
    writing = _Writing(pair, place, len(ids) + getattr(network, "virtual", 0))
    try:
        writing.begin()
        torch.manual_seed(pair.drawing.seed)
        with torch.no_grad(), pair.loaded.autocast():
            network.generate(
                input_ids=tensor,
                attention_mask=torch.ones_like(tensor),
                generation_config=config,
                stopping_criteria=StoppingCriteriaList([writing]),
            )
    finally:
        writing.end(over=True)
    said = writing.words(writing.how)
    pair.tell(said)
    return said


def _config(pair: _Pair, network: Any) -> GenerationConfig:  # noqa: ANN401 - of transformers, or one that goes on
    """All that decides, said: what is left open, the model's own settings would fill."""
    drawing, tokenizer = pair.drawing, pair.tokenizer
    drawn: dict[str, Any] = {"do_sample": False}
    if not drawing.is_greedy:
        drawn = {
            "do_sample": True,
            "temperature": drawing.temperature,
            "top_p": drawing.top_p,
            "top_k": drawing.top_k,
            "min_p": 0.0,
            "typical_p": 1.0,
        }
    return GenerationConfig(
        **drawn,
        num_beams=1,
        repetition_penalty=drawing.repetition_penalty or repetition_penalty(network),
        max_new_tokens=drawing.most_tokens,
        eos_token_id=sorted(pair.ends),
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(pair.ends),
    )
