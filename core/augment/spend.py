"""What a teacher costs: forecast before, counted as it goes, and capped."""

import threading
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

EXPECTED_RETENTION = 0.65
"""Share of candidates that pass the filter, as pipelines of this kind report it: 60 to 70 %."""


class Limits(BaseModel):
    """Prices and caps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_in: Annotated[
        float, Field(ge=0, title="Price of a prompt", description="Of a million tokens, in any money.")
    ] = 0.0
    price_out: Annotated[
        float, Field(ge=0, title="Price of an answer", description="Of a million tokens, in the same money.")
    ] = 0.0
    most_cost: Annotated[float | None, Field(gt=0, title="Most money", description="Empty for no limit.")] = None
    most_tokens: Annotated[
        int | None, Field(gt=0, title="Most tokens", description="Of prompts and answers together; empty: no limit.")
    ] = None

    def cost(self, prompt_tokens: int, answer_tokens: int) -> float:
        """Of so many tokens."""
        return (prompt_tokens * self.price_in + answer_tokens * self.price_out) / 1e6


class Spend:
    """Tokens and money so far, with what is being asked right now set aside at its highest."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self.prompt_tokens = 0
        self.answer_tokens = 0
        self._aside_prompt = 0
        self._aside_answer = 0

    @property
    def cost(self) -> float:
        """Money so far."""
        return self._limits.cost(self.prompt_tokens, self.answer_tokens)

    def set_aside(self, prompt_tokens: int, answer_tokens: int) -> bool:
        """Reserve what a question may cost at most; False where that would go over a cap."""
        with self._lock:
            prompt = self.prompt_tokens + self._aside_prompt + prompt_tokens
            answer = self.answer_tokens + self._aside_answer + answer_tokens
            limits = self._limits
            if limits.most_tokens is not None and prompt + answer > limits.most_tokens:
                return False
            if limits.most_cost is not None and limits.cost(prompt, answer) > limits.most_cost:
                return False
            self._aside_prompt += prompt_tokens
            self._aside_answer += answer_tokens
            return True

    def settle(self, aside: tuple[int, int], spent: tuple[int, int]) -> None:
        """Give back what was set aside, and count what was spent."""
        with self._lock:
            self._aside_prompt -= aside[0]
            self._aside_answer -= aside[1]
            self.prompt_tokens += spent[0]
            self.answer_tokens += spent[1]
