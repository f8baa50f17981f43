"""Labels as a tree after each prompt, so that one forward pass reads prompt and labels, and no token twice.

Labels that begin alike share their first tokens; an attention mask lets each token see the prompt and its own label
only, as in the tree attention of SpecInfer (Miao et al., arXiv 2305.09781, section 4.2). Last tokens are scored and
never read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from core.backend.rows import Network, shared_length

FROM_PROMPT = -1
"""The parent of a token that follows the prompt."""
PLACES_AT_ONCE = 128
"""Places whose scores are summed over the vocabulary at the same time: few, so that they stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One token of a label: what it follows, and itself."""

    after: int
    """Node of the tree, or `FROM_PROMPT`."""
    token: int


class Tree:
    """The labels' tokens without the last of each, which begin alike counted once."""

    def __init__(self, labels: Sequence[Sequence[int]]) -> None:
        self.ids = labels
        """Of each label's tokens."""
        self.tokens: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.labels = [self._grown(ids) for ids in labels]
        """By label, its tokens."""

    def _grown(self, ids: Sequence[int]) -> list[Place]:
        at = FROM_PROMPT
        places = []
        for token in ids:
            places.append(Place(at, token))
            if len(places) < len(ids):
                at = self._child(at, token)
        return places

    def _child(self, parent: int, token: int) -> int:
        key = (parent, token)
        if key not in self._known:
            self._known[key] = len(self.tokens)
            self.tokens.append(token)
            self.parents.append(parent)
            self.depths.append(0 if parent == FROM_PROMPT else self.depths[parent] + 1)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[tuple[int, int], int]:
        return {}

    @cached_property
    def sight(self) -> Tensor:
        """Which nodes each node sees, (nodes, nodes): itself and those that it follows."""
        seen = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):
            if parent != FROM_PROMPT:
                seen[node] |= seen[parent]
        return seen

    def mask(self, prompt_tokens: int) -> Tensor:
        """What each token of prompt and tree sees, (1, 1, tokens, tokens)."""
        size = prompt_tokens + len(self.tokens)
        mask = torch.ones(size, size, dtype=torch.bool).tril_()
        mask[prompt_tokens:, prompt_tokens:] = self.sight
        return mask[None, None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and the labels that may answer it."""

    ids: Sequence[int]
    tree: Tree

    @property
    def tokens(self) -> int:
        """That are read."""
        return len(self.ids) + len(self.tree.tokens)


@torch.no_grad()  # type: ignore[untyped-decorator]
def tree_scores(model: Network, group: Sequence[Asked]) -> list[list[float]]:
    """Log-likelihood of each label as the whole answer, in nats, for each prompt; one forward pass, nothing padded.

    What all prompts begin with, such as the instruction, is read once.
    """
    device = next(model.parameters()).device
    shared = shared_length([one.ids for one in group])
    ids = [*group[0].ids[:shared], *(token for one in group for token in (*one.ids[shared:], *one.tree.tokens))]
    positions = [*range(shared)]
    for one in group:
        positions += [*range(shared, len(one.ids)), *(len(one.ids) + depth for depth in one.tree.depths)]
    # The head looks at the prompt's last token and at each node: a row of its scores for each.
    kept: list[int] = []
    first: list[int] = []
    end = shared
    for one in group:
        end += one.tokens - shared
        first.append(len(kept))
        kept += range(end - len(one.tree.tokens) - 1, end)
    logits = model(
        input_ids=torch.tensor([ids], device=device),
        # Four dimensions say "made already": nobody builds a mask quadratic in the length of all rows together.
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
        position_ids=torch.tensor([positions], device=device),
        use_cache=False,
        logits_to_keep=torch.tensor(kept, device=device),
        shared_length=shared,
        row_lengths=[one.tokens - shared for one in group],
        row_masks=[one.tree.mask(len(one.ids))[:, :, shared:].to(device) for one in group],
    ).logits[0]  # (places that are followed, vocabulary)
    rows = [at + 1 + place.after for at, one in zip(first, group, strict=True) for place in _places(one)]
    tokens = [place.token for one in group for place in _places(one)]
    all_of_it = torch.cat([some.float().logsumexp(-1) for some in logits.split(PLACES_AT_ONCE)])
    told = logits[rows, tokens].float() - all_of_it[rows]
    lengths = [len(label) for one in group for label in one.tree.labels]
    sums = [float(part.sum()) for part in told.double().cpu().split(lengths)]
    each = len(group[0].tree.labels)
    return [sums[at : at + each] for at in range(0, len(sums), each)]


def _places(one: Asked) -> list[Place]:
    return [place for label in one.tree.labels for place in label]
