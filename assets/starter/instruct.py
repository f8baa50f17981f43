"""The instruction stage: the model learns to answer a prompt and to stop, by loss on the answers alone."""

import argparse
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pretrain
import texts
import torch
from torch.nn import functional
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerBase

LOG = logging.getLogger("starter")
LONGEST = 512
LONGEST_ANSWER = 300
"""Tokens of prompt and answer together, and of an answer alone, above which an example is left out."""
TOKENS_A_BATCH = 4096
MOST_OF_ONE_SOURCE = 3000
REHEARSAL = 0.15
"""Part of the batches that is pre-training text, so that it is not forgotten."""
Pair = tuple[str, str]
Encoded = tuple[list[int], int]
"""Tokens of prompt and answer, and how many of them are the prompt's."""


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_pairs(data: Path) -> dict[str, list[Pair]]:
    """Return prompts and answers of every instruction source.

    Raises:
        LeakError: One of them holds a passage of a bundled test row.
    """
    tasks = _lines(data / "self_instruct" / "data" / "seed_tasks.jsonl")
    tasks += _lines(data / "self_instruct" / "human_eval" / "user_oriented_instructions.jsonl")
    found: dict[str, list[Pair]] = {"self_instruct": [], "banking77": [], "orca_dpo_pairs": []}
    for task in tasks:
        for case in task["instances"]:
            prompt = f"{task['instruction']}\n\n{case['input']}" if case["input"] else task["instruction"]
            found["self_instruct"].append((prompt.strip(), case["output"].strip()))
    for row in texts.read_rows(data / "banking77" / "train.csv"):
        intent = row["category"].replace("_", " ").strip().rstrip("?").capitalize()
        found["banking77"].append((f"Classify the text.\n\n{' '.join(row['text'].split())}", intent))
    for row in _lines(data / "orca_dpo_pairs" / "validation.jsonl"):
        asked = [message["content"] for message in row["input"]["messages"] if message["role"] == "user"]
        found["orca_dpo_pairs"].append(("\n\n".join(asked).strip(), row["preferred_output"][0]["content"].strip()))
    texts.refuse_leaks((text for pairs in found.values() for pair in pairs for text in pair), texts.test_passages())
    return {name: [pair for pair in pairs if pair[0] and pair[1]] for name, pairs in found.items()}


def encode(pairs: list[Pair], tokenizer: PreTrainedTokenizerBase) -> list[Encoded]:
    """Return the pairs that are short enough, through the chat template."""
    encoded: list[Encoded] = []
    for prompt, answer in pairs:
        asked = [{"role": "user", "content": prompt}]
        start = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True)["input_ids"]
        whole = [*asked, {"role": "assistant", "content": answer}]
        ids = tokenizer.apply_chat_template(whole, return_dict=True)["input_ids"]
        if len(ids) <= LONGEST and len(ids) - len(start) <= LONGEST_ANSWER:
            encoded.append((ids, len(start)))
    return encoded


def choose(pairs: dict[str, list[Encoded]], times: int, rng: random.Random) -> list[Encoded]:
    """Return every instruction `times` over, and each time other rows of a source that has thousands."""
    chosen: list[Encoded] = []
    for _ in range(times):
        for encoded in pairs.values():
            chosen += encoded if len(encoded) <= MOST_OF_ONE_SOURCE else rng.sample(encoded, MOST_OF_ONE_SOURCE)
    return chosen


def batches(encoded: list[Encoded], seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield one round of rows of similar length, in random order: tokens and targets, -100 where nothing is learned."""
    rng = random.Random(seed)
    order = sorted(encoded, key=lambda pair: len(pair[0]) + rng.random() * 8)
    groups: list[list[Encoded]] = [[]]
    for pair in order:
        if (len(groups[-1]) + 1) * len(pair[0]) > TOKENS_A_BATCH or len(groups[-1]) >= 64:
            groups.append([])
        groups[-1].append(pair)
    rng.shuffle(groups)
    for group in groups:
        longest = max(len(ids) for ids, _ in group)
        tokens = torch.full((len(group), longest), 3)
        targets = torch.full((len(group), longest), -100)
        for row, (ids, asked) in enumerate(group):
            tokens[row, : len(ids)] = torch.tensor(ids)
            targets[row, asked : len(ids)] = torch.tensor(ids[asked:])
        yield tokens, targets


def loss_of(model: LlamaForCausalLM, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean loss per answer token; rows are padded on the right, which a causal model never looks at."""
    with torch.autocast(tokens.device.type, torch.bfloat16):
        hidden = model.model(tokens, use_cache=False).last_hidden_state[:, :-1]
        wanted = targets[:, 1:]
        learned = wanted != -100
        return functional.cross_entropy(model.lm_head(hidden[learned]).float(), wanted[learned])


def run(options: argparse.Namespace, model: LlamaForCausalLM, streams: dict[str, pretrain.Stream], rate: float) -> None:
    """Train `model` on the instructions, or take the result of an earlier run."""
    done = options.work / "instructed.pt"
    if done.exists():
        pretrain.load(done, model)
        return
    tokenizer = AutoTokenizer.from_pretrained(options.work / "check")
    pairs = {name: encode(found, tokenizer) for name, found in read_pairs(options.data).items()}
    rng = random.Random(options.seed)
    rounds = list(batches(choose(pairs, options.instruct_epochs, rng), options.seed))
    rehearsed = pretrain.Progress(step=10**9, read=dict.fromkeys(pretrain.SHARES, 10**8))
    old = pretrain.batches(streams, rehearsed, 8, LONGEST)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.01)
    device = next(model.parameters()).device
    seen = []
    for step, (tokens, targets) in enumerate(rounds):
        share = min(1.0, (step + 1) / 20) * (1 - step / len(rounds))
        optimizer.param_groups[0]["lr"] = rate * share
        loss = loss_of(model, tokens.to(device), targets.to(device))
        loss.backward()
        if rng.random() < REHEARSAL:
            pretrain.loss_of(model, next(old).to(device)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen.append(loss.item())
        if step % 20 == 0:
            LOG.info("instructions: step %d of %d  loss %.3f", step, len(rounds), float(np.mean(seen[-20:])))
    pretrain.save(done, model, None, pretrain.Progress())
    facts = {"instructions": {name: len(found) for name, found in pairs.items()}, "rehearsed_tokens": rehearsed.tokens}
    pretrain.note(options.work / "facts.json", facts)
