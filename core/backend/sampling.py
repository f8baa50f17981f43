"""Answers that a model writes while it is trained, so that people see what it can by now."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from core.backend.generation import generate
from core.backend.model import Loaded
from core.dataset.example import Example
from core.errors import DataError
from core.events import Emit, SampleWritten

PROMPTS = 2
MOST_TOKENS = 32
"""Of an answer."""
SHARE = 0.05
"""At most this share of the time of training goes into samples."""
_FIRST_SECONDS_PER_TOKEN = 0.05
"""What a token is thought to take before one was written."""
LONGEST = 400
"""Characters of a text that are kept, of a prompt its end."""


class Sampler:
    """Answers the same few validation prompts after a validation, if that is cheap by now."""

    def __init__(
        self, loaded: Loaded, examples: Sequence[Example], emit: Emit, seconds: Callable[[], float], max_length: int
    ) -> None:
        """`seconds` says how long the attempt has trained so far; examples with short prompts are the cheapest."""
        self._loaded = loaded
        self._emit = emit
        self._seconds = seconds
        self._max_length = max_length
        ordered = sorted(examples, key=lambda example: len(example.prompt))
        self._examples = ordered[len(ordered) // 4 :][:PROMPTS]
        self._spent = 0.0
        self._expected = _FIRST_SECONDS_PER_TOKEN * MOST_TOKENS

    def write(self, model: Any, step: int) -> None:  # noqa: ANN401
        """Write answers as the weights are now; neither random numbers nor the model's mode are touched."""
        if not self._examples or self._spent + self._expected > SHARE * self._seconds():
            return
        began = time.monotonic()
        try:
            with _untouched(model), self._loaded.autocast():
                answers = generate(
                    model, self._loaded.tokenizer, self._examples, MOST_TOKENS, max_length=self._max_length
                )
        except DataError:  # no room for an answer beside these prompts
            self._examples = []
            return
        self._expected = time.monotonic() - began
        self._spent += self._expected
        for example, answer in zip(self._examples, answers, strict=True):
            prompt, reference = _end(example.prompt), example.answer[:LONGEST]
            self._emit(SampleWritten(step=step, prompt=prompt, reference=reference, answer=answer[:LONGEST]))


@contextmanager
def _untouched(model: Any) -> Iterator[None]:  # noqa: ANN401
    """Leave random numbers, training mode and cache setting as they were: a resumed run equals a whole one."""
    states = random.getstate(), np.random.get_state()
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        for module, training in modes.items():
            module.training = training
        random.setstate(states[0])
        np.random.set_state(states[1])


def _end(prompt: str) -> str:
    """The prompt, or its end: that is where the question stands."""
    return prompt if len(prompt) <= LONGEST else "…" + prompt[1 - LONGEST :]
