"""What a model thinks of given answers: of each label, and of the reference answer."""

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import Cache, PreTrainedTokenizerBase

from core.backend.generation import generate
from core.backend.label_tree import Asked, Tree, tree_scores
from core.backend.rows import Network, by_size, choose_layout, joined_losses, padded_losses, reads_joined
from core.backend.tokens import Encoded, answer_ids, encode_all, encode_prompt, render_prompt
from core.backend.virtual import with_virtual_tokens
from core.dataset.example import Example, Turn
from core.errors import DataError, Stopped

OnAdvance: TypeAlias = Callable[[int], None]
"""Told how many rows are done."""

TOKENS_AT_ONCE = 8192
"""Tokens whose keys and values are held at the same time, all labels counted."""
LOGITS_AT_ONCE = 2**26
"""Numbers that the head gives in one pass."""
SEAM = 32
"""Characters at a prompt's end that may run together with the answer's first token."""
READ_AT_ONCE = 2048
"""Tokens of one forward pass that reads prompts and labels; more were no faster."""

__all__ = ["OnAdvance", "answer_losses", "generate", "label_scores"]


@dataclass(frozen=True, slots=True)
class _Prompt:
    place: int
    """Of its example among those given."""
    ids: list[int]
    tree: Tree
    """Of the labels after this prompt."""

    @property
    def tails(self) -> Sequence[Sequence[int]]:
        """Tokens of each label, the end token included."""
        return self.tree.ids

    @property
    def asked(self) -> Asked:
        """What is read where prompt and labels share a pass."""
        return Asked(self.ids, self.tree)

    @property
    def size(self) -> int:
        """Tokens that are held while its labels are scored."""
        return len(self.tails) * (len(self.ids) + max(map(len, self.tails)))


def label_scores(  # noqa: PLR0913 - what both models are asked, and who is told
    model: Network,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    labels: Sequence[str],
    max_length: int,
    *,
    on_advance: OnAdvance | None = None,
    stopping: threading.Event | None = None,
) -> list[list[float]]:
    """Log-likelihood of each label as the whole answer, in nats, for each example.

    A prompt is read once and all labels go on from there: in the same pass where rows can be laid end to end, else from
    a cache. The end token counts, so a label that begins like another one is not favoured.

    Raises:
        Stopped: `stopping` was set.
        DataError: The longest label leaves no room for a prompt.
    """
    prompts = _prompts(tokenizer, examples, labels, max_length)
    if reads_joined(model, [prompt.ids for prompt in prompts], max((len(p.tree.tokens) for p in prompts), default=0)):
        groups, score = _read_together(prompts, int(model.config.get_text_config().vocab_size)), _score_trees
    else:
        model = with_virtual_tokens(model)
        groups, score = _groups(prompts), _score
    scores: list[list[float]] = [[] for _ in examples]
    done = 0
    for group in groups:
        _go_or_stop(stopping)
        for prompt, row in zip(group, score(model, group), strict=True):
            scores[prompt.place] = row
        done += len(group)
        if on_advance:
            on_advance(done)
    return scores


def answer_losses(
    model: Network,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    max_length: int,
    *,
    on_advance: OnAdvance | None = None,
    stopping: threading.Event | None = None,
) -> list[tuple[float, int]]:
    """Summed loss of each example's answer in nats, and its tokens; (0.0, 0) where the answer does not fit.

    A long text without prompt is read in windows, and counts whole.

    Raises:
        Stopped: `stopping` was set.
    """
    found: list[tuple[float, int]] = [(0.0, 0)] * len(examples)
    places: dict[int, int] = {}
    rows: list[Encoded] = []
    for place, example in enumerate(examples):
        made = encode_all(tokenizer, example, max_length)
        places |= {id(row): place for row in made}
        rows += made
    layout = choose_layout(model, rows) if rows else None
    done = 0
    for group in by_size(rows):
        _go_or_stop(stopping)
        with torch.no_grad():
            losses = joined_losses(model, group) if layout and layout.joined else padded_losses(model, group)
        lengths = [len(row.input_ids) - row.prompt_length for row in group]
        for row, part in zip(group, losses.double().split(lengths), strict=True):
            nats, tokens = found[place := places[id(row)]]
            found[place] = (nats + float(part.sum()), tokens + len(part))
        done += len(group)
        if on_advance:
            on_advance(len(examples) * done // len(rows))
    return found


def _prompts(
    tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], labels: Sequence[str], max_length: int
) -> list[_Prompt]:
    """Prompts and label tails; what a label's tokens are depends on nothing but the end of the prompt.

    Raises:
        DataError: The longest label leaves no room for a prompt.
    """
    seams: dict[str, Tree] = {}
    trees: dict[str, Tree] = {}
    marks = [mark for token in tokenizer.added_tokens_decoder.values() if (mark := str(token))]

    def tree(turns: Sequence[Turn]) -> Tree:
        seam = render_prompt(tokenizer, turns)[-SEAM:]
        # No token reaches across a mark, such as that of a role.
        seam = seam[max(0, *map(seam.rfind, marks)) :] if marks else seam
        if seam not in seams:
            ends = [answer_ids(tokenizer, turns, label) for label in labels]
            seams[seam] = trees.setdefault(str(ends), Tree(ends))
        return seams[seam]

    prompts = []
    for place, example in enumerate(examples):
        ends = tree(example.turns)
        longest = max(map(len, ends.ids))
        fitted = encode_prompt(tokenizer, example.turns, max_length - longest)
        if fitted is None:
            raise DataError(
                f"A label of {longest} tokens leaves no room for the prompt of row {example.row} in {max_length} "
                "tokens.",
                f"Set longest row to more than {max_length}, or shorten the labels.",
            )
        turns, ids, shortened = fitted
        prompts.append(_Prompt(place, ids, tree(turns) if shortened else ends))
    return prompts


def _read_together(prompts: Sequence[_Prompt], vocabulary: int) -> Iterator[list[_Prompt]]:
    """Prompts whose tokens, and the head's scores after them, fit into one pass."""
    most = max(1, LOGITS_AT_ONCE // vocabulary)
    group: list[_Prompt] = []
    tokens = scored = 0
    for prompt in sorted(prompts, key=lambda one: one.asked.tokens):
        more = len(prompt.tree.tokens) + 1
        if group and (tokens + prompt.asked.tokens > READ_AT_ONCE or scored + more > most):
            yield group
            group, tokens, scored = [], 0, 0
        group.append(prompt)
        tokens += prompt.asked.tokens
        scored += more
    if group:
        yield group


def _score_trees(model: Network, group: Sequence[_Prompt]) -> list[list[float]]:
    return tree_scores(model, [prompt.asked for prompt in group])


def _groups(prompts: Sequence[_Prompt]) -> Iterator[list[_Prompt]]:
    """Prompts of similar length that fit into memory together with all their labels."""
    group: list[_Prompt] = []
    for prompt in sorted(prompts, key=lambda one: one.size):
        if group and prompt.size * (len(group) + 1) > TOKENS_AT_ONCE:
            yield group
            group = []
        group.append(prompt)
    if group:
        yield group


@torch.no_grad()  # type: ignore[untyped-decorator]
def _score(model: Network, group: Sequence[_Prompt]) -> list[list[float]]:
    device = next(model.parameters()).device
    length = max(len(prompt.ids) for prompt in group)
    ids = torch.tensor([[0] * (length - len(p.ids)) + p.ids for p in group], device=device)
    mask = torch.tensor([[0] * (length - len(p.ids)) + [1] * len(p.ids) for p in group], device=device)
    out = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=(mask.cumsum(1) - 1).clamp(min=0),
        use_cache=True,
        logits_to_keep=1,
    )
    first = out.logits[:, -1].float().log_softmax(-1)  # (prompts, vocabulary)
    labels = len(group[0].tails)
    at_once = _labels_at_once(group, first.shape[1])
    parts = []
    for start in range(0, labels, at_once):
        tails = [prompt.tails[start : start + at_once] for prompt in group]
        # Going on from a cache changes it, so all but the last part go on from a copy.
        cache = out.past_key_values if start + at_once >= labels else copy.deepcopy(out.past_key_values)
        parts.append(_go_on(model, cache, mask, first, tails))
    return torch.cat(parts, dim=1).tolist()


def _labels_at_once(group: Sequence[_Prompt], vocabulary: int) -> int:
    longest = max(max(map(len, prompt.tails)) for prompt in group)
    by_memory = TOKENS_AT_ONCE // max(1, max(len(p.ids) + longest for p in group) * len(group))
    by_logits = LOGITS_AT_ONCE // (vocabulary * longest * len(group))
    return max(1, min(len(group[0].tails), by_memory, by_logits))


def _go_on(
    model: Network,
    cache: Cache,
    mask: Tensor,  # (prompts, tokens)
    first: Tensor,  # (prompts, vocabulary), log-probabilities of the first answer token
    tails: Sequence[Sequence[Sequence[int]]],
) -> Tensor:
    """Log-likelihood of each tail after its prompt: (prompts, labels)."""
    prompts, labels = len(tails), len(tails[0])
    flat = [tail for of_prompt in tails for tail in of_prompt]
    longest = max(map(len, flat))
    ids = torch.tensor([[*tail, *[0] * (longest - len(tail))] for tail in flat], device=mask.device)
    real = torch.tensor([[1] * len(tail) + [0] * (longest - len(tail)) for tail in flat], device=mask.device)
    spread = first.repeat_interleave(labels, 0)
    total = spread.gather(1, ids[:, :1])[:, 0]
    if longest > 1:
        cache.batch_repeat_interleave(labels)
        wide = mask.repeat_interleave(labels, 0)
        logits = model(
            input_ids=ids[:, :-1],
            attention_mask=torch.cat([wide, real[:, :-1]], dim=1),
            position_ids=wide.sum(1, keepdim=True) + torch.arange(longest - 1, device=mask.device),
            past_key_values=cache,
            use_cache=True,
        ).logits  # (prompts x labels, tokens - 1, vocabulary)
        later = logits.float().log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
        total = total + (later * real[:, 1:]).sum(1)
    return total.view(prompts, labels)


def _go_or_stop(stopping: threading.Event | None) -> None:
    if stopping is not None and stopping.is_set():
        raise Stopped("Stopped while scoring.")
