"""Answers that a model writes by itself: always its most likely next token, until it ends or goes round in circles.

A penalty on repetition that the model's own generation settings name holds here too, as it does for those who use it.
"""

import math
import threading
from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

from core.backend.decoding import Ends, most_likely, writes_plainly
from core.backend.rows import Network, reads_joined
from core.backend.tokens import encode_prompt, stop_ids
from core.backend.virtual import with_virtual_tokens
from core.dataset.example import Example
from core.errors import DataError, Stopped

ROWS_AT_ONCE = 16
HELD_AT_ONCE = 2**14
"""Tokens whose keys and values are held at the same time, where rows are read end to end."""
MOST_ROWS = 64
"""That write at the same time there."""
LONGEST_ROUND = 32
"""Tokens of the longest passage whose repetition counts as a circle."""
ROUNDS, ROUND_TOKENS = 3, 24
"""A passage goes round when it stands there so many times in a row and fills at least so many tokens: not "000"."""


def circle(ids: Sequence[int]) -> int | None:
    """Where `ids` begin to go round in circles at their end, after the passage's first time; None where they do not."""
    for size in range(1, min(LONGEST_ROUND, len(ids) // ROUNDS) + 1):
        times = max(ROUNDS, math.ceil(ROUND_TOKENS / size))
        tail = ids[-size * times :]
        if len(tail) == size * times and list(tail[size:]) == list(tail[:-size]):
            return len(ids) - size * (times - 1)
    return None


class _EndsCircles(StoppingCriteria):
    """Ends each answer that goes round in circles: it would do so to the last token."""

    def __init__(self, prompt_tokens: int) -> None:
        self._from = prompt_tokens

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:
        """Whether to end, by row: (batch,)."""
        ended = [circle(row[self._from :]) is not None for row in input_ids.tolist()]
        return torch.tensor(ended, device=input_ids.device)


def _nobody(_: int) -> None:
    """Who is told where nobody asked."""


def generate(  # noqa: PLR0913 - what both models are asked, and who is told
    model: Network,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    max_new_tokens: int,
    *,
    max_length: int,
    on_advance: Callable[[int], None] = _nobody,
    on_circle: Callable[[int], None] = _nobody,
    on_unended: Callable[[int], None] = _nobody,
    stopping: threading.Event | None = None,
) -> list[str]:
    """The model's answer to each example's prompt, without surrounding blanks.

    `max_length` is of the prompt and the answer together, in tokens. Prompts run in batches sorted by length, read end
    to end where the model allows it. An answer that goes round in circles is ended there, told to `on_circle`, and
    keeps the passage once. `on_unended` is told of each answer that the model did not end, those in circles included.
    Both get the example's place.

    Raises:
        Stopped: `stopping` was set; it is looked at with each token, or between batches where rows are padded.
        DataError: The answer leaves no room for a prompt.
    """
    prompts = [_prompt(tokenizer, example, max_length - max_new_tokens) for example in examples]
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    config = _settings(model, tokenizer, max_new_tokens)
    joined = writes_plainly(model) and reads_joined(model, prompts, max_new_tokens)
    over = frozenset(
        {*config.eos_token_id, config.pad_token_id}
    )  # a row that ended before the others of its batch is filled up
    rule = Ends(over, max_new_tokens, lambda answer: circle(answer) is not None, config.repetition_penalty)
    answers = [""] * len(prompts)
    done = 0

    def watch(ended: int) -> None:
        if stopping is not None and stopping.is_set():
            raise Stopped("Stopped while generating.")
        if ended:
            on_advance(done + ended)

    for places in _batches(prompts, order, max_new_tokens if joined else None):
        watch(0)
        batch = [prompts[place] for place in places]
        written = (
            most_likely(model, batch, rule, watch) if joined else _batch(with_virtual_tokens(model), batch, config)
        )
        for place, ids in zip(places, written, strict=True):
            kept, rounds, ended = _read_back(ids, over)
            if rounds:
                on_circle(place)
            if not ended:
                on_unended(place)
            answers[place] = str(tokenizer.decode(kept, skip_special_tokens=True)).strip()
        done += len(places)
        on_advance(done)
    return answers


def _settings(model: Network, tokenizer: PreTrainedTokenizerBase, most: int) -> GenerationConfig:
    ends = stop_ids(tokenizer, model)
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        repetition_penalty=repetition_penalty(model),
        max_new_tokens=most,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0],
    )


def _read_back(ids: list[int], over: Collection[int]) -> tuple[list[int], bool, bool]:
    """What an answer keeps of its tokens, whether it went round in circles, and whether the model ended it."""
    end = next((at for at, token in enumerate(ids) if token in over), None)
    kept = ids[:end]
    rounds = circle(kept)
    return kept[:rounds], rounds is not None, rounds is None and end is not None


def repetition_penalty(model: Network) -> float:
    """By what the model's own generation settings divide the score of a token that is there already; 1 changes nothing.

    Source: Keskar et al., CTRL (arXiv 1909.05858), section 4.1; prompt and answer count, as in transformers.
    """
    own = getattr(getattr(model, "generation_config", None), "repetition_penalty", None)
    return float(own or 1.0)


def _prompt(tokenizer: PreTrainedTokenizerBase, example: Example, room: int) -> list[int]:
    fitted = encode_prompt(tokenizer, example.turns, room)
    if fitted is None:
        raise DataError(
            f"The prompt of row {example.row} has only {room} tokens of room beside its answer.",
            "Set longest row to a larger number, or ask for shorter answers.",
        )
    return fitted[1]


def _batches(prompts: Sequence[list[int]], order: Sequence[int], more: int | None) -> Iterator[list[int]]:
    """Places of prompts that are answered together; `more` tokens are kept free for each where they are read joined."""
    batch: list[int] = []
    for place in order:
        full = len(batch) == ROWS_AT_ONCE
        if more is not None:
            held = (len(batch) + 1) * (len(prompts[place]) + more)
            full = len(batch) == MOST_ROWS or (held > HELD_AT_ONCE and len(batch) >= ROWS_AT_ONCE)
        if batch and full:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


@torch.no_grad()  # type: ignore[untyped-decorator]
def _batch(model: Network, prompts: Sequence[list[int]], config: GenerationConfig) -> list[list[int]]:
    device = next(model.parameters()).device
    length = max(map(len, prompts))
    pad = config.pad_token_id
    ids = torch.tensor([[pad] * (length - len(prompt)) + prompt for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    criteria = StoppingCriteriaList([_EndsCircles(length + getattr(model, "virtual", 0))])
    out = model.generate(input_ids=ids, attention_mask=mask, generation_config=config, stopping_criteria=criteria)
    return [row[length:] for row in out.tolist()]
