"""Scoring against what people would write instead: a loop that generates one answer after the other.

`pytest -m benchmark -s tests/benchmarks/test_evaluation_speed.py` prints wall times of interleaved rounds. Both get the
same 200 prompts of the bundled tasks, of 20 to 700 tokens, the starter model, and equal answers. The loop runs as
people write it, in the weights' precision, and in the precision that this machine scores in; the faster one counts.
"""

import os
import statistics
import time
from functools import partial

import pytest
import torch

from core.backend.generation import generate, repetition_penalty
from core.backend.model import load_base
from core.backend.scoring import label_scores
from core.backend.tokens import answer_ids, encode_prompt, stop_ids
from core.dataset.files.source import open_source
from core.dataset.load import choose, load

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("FEWTUNE_ROUNDS", "3"))
PROMPTS, LONGEST, NEW = 200, 768, 23
"""`NEW` tokens of an answer are too few to go round in circles, which only one side would end."""


@pytest.fixture(scope="module")
def loaded():
    found = load_base("starter")
    found.model.eval()
    return found


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return {
        name: load(choose(open_source(name, home)), home, 7)
        for name in ("legal_clauses", "medical_notes", "financial_qa")
    }


def one_by_one(loaded, examples, new):
    """What a person writes: a prompt, `generate`, decode, the next one."""
    answers = []
    ends = stop_ids(loaded.tokenizer, loaded.model)
    for example in examples:
        ids = torch.tensor([encode_prompt(loaded.tokenizer, example.turns, LONGEST - new)[1]])
        out = loaded.model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=new,
            eos_token_id=ends, pad_token_id=loaded.tokenizer.pad_token_id,
            repetition_penalty=repetition_penalty(loaded.model),
        )  # fmt: skip
        answers.append(loaded.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip())
    return answers


def rounds(told, **sides):
    """Median seconds of each side over interleaved rounds, printed; and what each answered last."""
    seconds, answers = {name: [] for name in sides}, {}
    for _ in range(ROUNDS):
        for name, work in sides.items():
            began = time.monotonic()
            answers[name] = work()
            seconds[name].append(time.monotonic() - began)
    medians = {name: statistics.median(all_) for name, all_ in seconds.items()}
    with told.disabled():
        print("\n" + ", ".join(f"{name} {median:.1f} s" for name, median in medians.items()))
    return medians, answers


def as_scored(loaded, work):
    """The loop or our own work, in the precision that this machine scores in."""
    with loaded.autocast():
        return work()


def test_generated_answers_come_three_times_as_fast_as_one_by_one_and_are_the_same(loaded, splits, capsys):
    examples = [example for split in splits.values() for example in split.test[: PROMPTS // 3 + 1]][:PROMPTS]
    loop = partial(one_by_one, loaded, examples, NEW)
    work = partial(generate, loaded.model, loaded.tokenizer, examples, NEW, max_length=LONGEST)
    medians, answers = rounds(
        capsys,
        ours=lambda: as_scored(loaded, work),
        loop=lambda: as_scored(loaded, loop),
        plain_ours=work,
        plain_loop=loop,
    )
    ratio = min(medians["plain_loop"], medians["loop"]) / medians["ours"]
    plain = medians["plain_loop"] / medians["plain_ours"]
    with capsys.disabled():
        print(
            f"{ratio:.1f} times as fast in {loaded.precision}, {plain:.1f} in the weights' precision; equal answers in "
            f"the weights' precision {same(answers, 'plain_ours', 'plain_loop')}, in {loaded.precision} "
            f"{same(answers, 'ours', 'loop')}, of the loop in both {same(answers, 'loop', 'plain_loop')}"
        )
    # Rounded products differ with the shape of the batch: there the loop itself is not the measure of what is right.
    assert same(answers, "plain_ours", "plain_loop") >= 0.99 * len(examples)
    assert ratio >= 3


def same(answers, one, other):
    """How many answers are equal."""
    return sum(first == second for first, second in zip(answers[one], answers[other], strict=True))


def test_labels_are_scored_five_times_as_fast_as_they_are_generated(loaded, splits, capsys):
    split = splits["legal_clauses"]
    examples, labels = split.test[:PROMPTS], sorted({example.answer for example in split.train})
    longest = max(len(answer_ids(loaded.tokenizer, examples[0].turns, label)) for label in labels)
    loop = partial(one_by_one, loaded, examples, longest)
    work = partial(label_scores, loaded.model, loaded.tokenizer, examples, labels, LONGEST)
    generated = partial(generate, loaded.model, loaded.tokenizer, examples, longest, max_length=LONGEST)
    medians, _ = rounds(
        capsys,
        scored=lambda: as_scored(loaded, work),
        plain_loop=loop,
        loop=lambda: as_scored(loaded, loop),
        ours=lambda: as_scored(loaded, generated),
    )
    faster = min(medians["plain_loop"], medians["loop"]) / medians["scored"]
    ours = medians["ours"] / medians["scored"]
    with capsys.disabled():
        print(
            f"{len(labels)} labels, up to {longest} tokens: {faster:.1f} times a loop, {ours:.1f} times our generation"
        )
    assert faster >= 5
