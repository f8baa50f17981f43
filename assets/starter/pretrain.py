"""Pre-training: warm up, hold the learning rate, then let it fall, from any checkpoint of the held part."""

import itertools
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentencepiece import SentencePieceProcessor
from torch.nn import functional
from transformers import LlamaForCausalLM

LOG = logging.getLogger("starter")
SHARES = {
    "contracts": 0.30,
    "clauses": 0.06,
    "terms": 0.09,
    "novels": 0.23,
    "stories": 0.08,
    "dialogues": 0.12,
    "reports": 0.07,
    "questions": 0.05,
}
"""Of the tokens read, the part that comes from each source. The small sources are read several times."""


@dataclass
class Progress:
    """How far training is; saved with every checkpoint."""

    step: int = 0
    sequences: int = 0
    tokens: int = 0
    seconds: float = 0.0
    read: dict[str, int] = field(default_factory=dict)
    """Tokens read of each source."""


class Stream:
    """Blocks of one source in a new order each time round; block `n` is the same on every run."""

    def __init__(self, ids: np.ndarray, seed: int) -> None:
        """Read `ids`, the source's documents joined."""
        self._ids = ids
        self._seed = seed

    def block(self, number: int, length: int) -> np.ndarray:
        """Return `length` + 1 tokens, the last of which is only predicted."""
        per_round = (len(self._ids) - length - 1) // length
        turn, place = divmod(number, per_round)
        rng = np.random.default_rng([self._seed, turn, length])
        shift = int(rng.integers(length))
        start = shift + int(rng.permutation(per_round)[place]) * length
        return self._ids[start : start + length + 1]


def batches(streams: dict[str, Stream], progress: Progress, size: int, length: int) -> Iterator[torch.Tensor]:
    """Yield batches for ever, starting where `progress` stands, and keep it up to date."""
    names = list(SHARES)
    shares = np.array([SHARES[name] for name in names])
    while True:
        rng = np.random.default_rng([progress.step, size, length])
        rows = []
        for name in rng.choice(names, size=size, p=shares / shares.sum()):
            number = progress.read.get(str(name), 0) // length
            rows.append(streams[str(name)].block(number, length))
            progress.read[str(name)] = (number + 1) * length
        progress.sequences += size
        progress.tokens += size * length
        yield torch.from_numpy(np.stack(rows).astype(np.int64))


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor) -> torch.Tensor:
    """Return the mean loss per token of predicting each of `ids` (batch, tokens + 1) from those before it."""
    with torch.autocast(ids.device.type, torch.bfloat16):
        logits = model(ids[:, :-1], use_cache=False).logits
        return functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


def compiled_loss() -> Callable[[LlamaForCausalLM, torch.Tensor], torch.Tensor]:
    """Return `loss_of`, compiled; about 1.6 times as many tokens per processor second."""
    from torch._inductor import config

    config.cpp.dynamic_threads = True
    return torch.compile(loss_of)


class Optimizers:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms.

    Muon needs fewer tokens for the same loss, which is what counts here: tokens are what a processor is short of.
    """

    def __init__(self, model: LlamaForCausalLM, rate: float) -> None:
        """Split the parameters of `model`; `rate` is the peak learning rate of both."""
        matrices = [weight for weight in model.model.layers.parameters() if weight.ndim == 2]
        chosen = {id(weight) for weight in matrices}
        others = [weight for weight in model.parameters() if id(weight) not in chosen]
        self._all = (
            torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
        )
        self._rate = rate

    def step(self, model: LlamaForCausalLM, share: float) -> None:
        """Take one step at `share` of the peak learning rate and clear the gradients."""
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in self._all:
            for group in optimizer.param_groups:
                group["lr"] = self._rate * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, Any]]:
        """Return what a checkpoint needs."""
        return [optimizer.state_dict() for optimizer in self._all]

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Go on from what `state` returned."""
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)


def save(path: Path, model: LlamaForCausalLM, optimizers: Optimizers | None, progress: Progress) -> None:
    """Write a checkpoint so that a stop in between leaves the old one."""
    partial = path.with_suffix(".partial")
    state = {"model": model.state_dict(), "progress": asdict(progress)}
    if optimizers:
        state["optimizers"] = optimizers.state()
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path, model: LlamaForCausalLM, optimizers: Optimizers | None = None) -> Progress:
    """Fill `model` and `optimizers` from a checkpoint and return its progress."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    if optimizers:
        optimizers.restore(state["optimizers"])
    return Progress(**state["progress"])


@torch.no_grad()
def validate(
    model: LlamaForCausalLM, held_out: dict[str, np.ndarray], bytes_per_token: dict[str, float]
) -> dict[str, float]:
    """Return bits per byte on the held-out documents of each source."""
    model.eval()
    device = next(model.parameters()).device
    found = {}
    for name, ids in held_out.items():
        rows = np.stack([ids[at : at + 513] for at in range(0, min(len(ids) - 513, 24 * 512), 512)]).astype(np.int64)
        losses = [
            float(loss_of(model, torch.from_numpy(rows[at : at + 8]).to(device))) for at in range(0, len(rows), 8)
        ]
        sizes = [len(rows[at : at + 8]) for at in range(0, len(rows), 8)]
        found[name] = float(np.average(losses, weights=sizes)) / np.log(2) / bytes_per_token[name]
    model.train()
    return found


class Pace:
    """Uses one processor thread while other work keeps a core busy, and all of them when the machine is quiet.

    Threads wait for the slowest, so a thread that shares its core makes all of them slower than one alone.
    """

    def __init__(self, threads: int) -> None:
        """Start with all `threads`."""
        self._choices = sorted({1, threads})
        self._seconds = dict.fromkeys(self._choices, 0.0)
        self._using = threads
        self._count = 0

    def took(self, seconds: float) -> None:
        """Note the time of a step, and every 24 steps try the other number of threads for three."""
        self._count += 1
        before = self._seconds[self._using]
        self._seconds[self._using] = seconds if self._count % 24 == 1 or not before else 0.6 * before + 0.4 * seconds
        if len(self._choices) > 1 and self._count % 24 == 0:
            self._using = next(choice for choice in self._choices if choice != self._using)
        elif self._count % 24 == 3:
            self._using = min(self._choices, key=lambda choice: self._seconds[choice])
        torch.set_num_threads(self._using)


def run(
    model: LlamaForCausalLM,
    streams: dict[str, Stream],
    checkpoint: Path,
    plan: "Plan",
    progress: Progress,
    optimizers: Optimizers,
) -> Progress:
    """Train until `plan` is fulfilled, writing `checkpoint` every few minutes and at the end."""
    device = next(model.parameters()).device
    compute = compiled_loss() if plan.compiled else loss_of
    began, saved, first = time.monotonic(), time.monotonic(), progress.tokens
    base, pace, last, shown = progress.seconds, Pace(torch.get_num_threads()), began, began
    for ids in batches(streams, progress, plan.batch, plan.length):
        loss = compute(model, ids.to(device))
        loss.backward()
        optimizers.step(model, plan.share(progress))
        progress.step += 1
        now = time.monotonic()
        pace.took(now - last)
        last = now
        progress.seconds = base + now - began
        if progress.step % 50 == 0:
            speed = (progress.tokens - first) / (now - began)
            LOG.info(
                "step %d  loss %.3f  %.2f M tokens  %.0f tokens/s (%.0f now, %d threads)",
                progress.step,
                loss.item(),
                progress.tokens / 1e6,
                speed,
                50 * plan.batch * plan.length / (now - shown),
                torch.get_num_threads(),
            )
            shown = now
        if now - saved > plan.save_every:
            save(checkpoint, model, optimizers, progress)
            saved = now
        if plan.over(progress):
            break
    save(checkpoint, model, optimizers, progress)
    return progress


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One stretch of pre-training."""

    tokens: int
    """Tokens to read before this stretch ends."""
    falling: bool
    """Whether the learning rate falls to zero over this stretch; otherwise it is held after the warm-up."""
    start: int = 0
    """Tokens that had been read when it began."""
    part: float = 1.0
    """Part of the tokens after which to stop, for a stretch that another one continues."""
    batch: int = 8
    length: int = 512
    warm_up: int = 100
    """Steps over which the learning rate rises."""
    save_every: float = 150.0
    """Seconds between checkpoints."""
    compiled: bool = False
    deadline: float = float("inf")
    """`time.time()` at which a held stretch ends early."""

    def share(self, progress: Progress) -> float:
        """Return the part of the peak learning rate for the next step."""
        if self.falling:
            return max(0.0, 1.0 - (progress.tokens - self.start) / self.tokens) + 0.01
        return min(1.0, (progress.step + 1) / self.warm_up)

    def over(self, progress: Progress) -> bool:
        """Return whether this stretch is done."""
        done = progress.tokens - self.start
        return done >= self.tokens * self.part or (not self.falling and time.time() > self.deadline)


def encode(documents: list[str], processor: SentencePieceProcessor, begin: int, end: int) -> np.ndarray:
    """Return the tokens of all documents, each between a begin and an end token."""
    parts = ([begin, *ids, end] for ids in processor.encode(documents))
    return np.fromiter(itertools.chain.from_iterable(parts), dtype=np.uint16)


def note(path: Path, facts: dict[str, Any]) -> None:
    """Add `facts` to the record that the model card is written from."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | facts, indent=2) + "\n", "utf-8")
