"""Rebuild the starter model from public texts: vocabulary, pre-training, instructions, files.

    python assets/starter/build.py --data ../shared/data --work /tmp/starter-build

Every stage leaves its result in the work folder and is skipped when it is there, so the command can be stopped and
given again.
"""

import argparse
import logging
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import instruct
import network
import numpy as np
import pretrain
import publish
import texts
import torch
import vocabulary
from transformers import LlamaForCausalLM

LOG = logging.getLogger("starter")
HERE = Path(__file__).resolve().parent
RATE = 5e-3
INSTRUCT_RATE = 1e-3


def parse() -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=HERE.parents[2] / "shared" / "data", help="folder of the public data sets"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints; needs about 200 MB")
    parser.add_argument("--out", type=Path, default=HERE, help="folder the finished model goes to")
    parser.add_argument(
        "--until", choices=("hold", "fall", "instruct", "publish"), default="publish", help="last stage to run"
    )
    parser.add_argument(
        "--tokens", type=float, default=29_286_400, help="tokens to read before the learning rate falls"
    )
    parser.add_argument(
        "--falling-tokens", type=float, default=7e6, help="tokens to read while the learning rate falls"
    )
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="end the held stage after this many minutes"
    )
    parser.add_argument("--instruct-epochs", type=int, default=3, help="times to read the instructions")
    parser.add_argument("--threads", type=int, default=2, help="processor threads")
    parser.add_argument("--compile", action="store_true", help="compile the training step: slower start, faster steps")
    parser.add_argument("--seed", type=int, default=20260101, help="seed of weights and order")
    return parser.parse_args()


def divide(documents: list[str], seed: int) -> tuple[list[str], list[str]]:
    """Return the documents to learn from and about one in fifty, at least one, to measure with."""
    order = list(documents)
    random.Random(seed).shuffle(order)
    aside = max(1, len(order) // 50)
    return order[aside:], order[:aside]


def prepare(options: argparse.Namespace) -> None:
    """Read the sources, learn the vocabulary and store everything as tokens."""
    from sentencepiece import SentencePieceProcessor

    sources, refused = texts.read_sources(options.data)
    parts = {name: divide(documents, options.seed) for name, documents in sources.items()}
    learned = options.work / "tokenizer.model"
    prose = parts["novels"][0][:12]
    vocabulary.train([text for name, (kept, _) in parts.items() if name != "novels" for text in kept] + prose, learned)
    vocabulary.save(learned, options.work / "check", network.CONTEXT)
    vocabulary.check(options.work / "check", [text[:20_000] for kept, _ in parts.values() for text in kept[:30]])
    processor = SentencePieceProcessor(model_file=str(learned))
    arrays, sizes = {}, {}
    for name, (kept, aside) in parts.items():
        arrays[f"train.{name}"] = pretrain.encode(kept, processor, 1, 2)
        arrays[f"aside.{name}"] = pretrain.encode(aside, processor, 1, 2)
        sizes[name] = sum(len(text.encode()) for text in aside) / len(arrays[f"aside.{name}"])
    np.savez(options.work / "tokens.npz", **arrays)
    pretrain.note(
        options.work / "facts.json",
        {
            "refused": dict(refused),
            "documents": {name: len(kept) for name, (kept, _) in parts.items()},
            "unique_tokens": {name: len(arrays[f"train.{name}"]) for name in parts},
            "bytes_per_token": sizes,
        },
    )


def hold(options: argparse.Namespace, model: LlamaForCausalLM, streams: dict[str, pretrain.Stream]) -> None:
    """Pre-train at a held learning rate, from the last checkpoint if there is one."""
    checkpoint = options.work / "held.pt"
    optimizers = pretrain.Optimizers(model, RATE)
    progress = pretrain.load(checkpoint, model, optimizers) if checkpoint.exists() else pretrain.Progress()
    deadline = time.time() + options.minutes * 60
    plan = pretrain.Plan(tokens=int(options.tokens), falling=False, deadline=deadline, compiled=options.compile)
    if not plan.over(progress):
        pretrain.run(model, streams, checkpoint, plan, progress, optimizers)


def fall(options: argparse.Namespace, model: LlamaForCausalLM, streams: dict[str, pretrain.Stream]) -> None:
    """Let the learning rate fall to zero, at last over rows of the full context length."""
    done = options.work / "fallen.pt"
    if done.exists():
        return
    optimizers = pretrain.Optimizers(model, RATE)
    progress = pretrain.load(options.work / "held.pt", model, optimizers)
    first = progress.tokens
    half = options.work / "falling.pt"
    tokens = int(options.falling_tokens)
    short = pretrain.Plan(tokens=tokens, part=0.85, start=first, falling=True, compiled=options.compile)
    pretrain.run(model, streams, half, short, progress, optimizers)
    whole = pretrain.Plan(tokens=tokens, start=first, falling=True, batch=4, length=network.CONTEXT)
    pretrain.run(model, streams, half, whole, progress, optimizers)
    half.replace(done)


def main() -> None:
    """Run every stage whose result is missing."""
    options = parse()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if not (options.work / "facts.json").exists():
        prepare(options)
    stored = np.load(options.work / "tokens.npz")
    streams = {name: pretrain.Stream(stored[f"train.{name}"], options.seed) for name in pretrain.SHARES}
    model = network.build(vocabulary.SIZE, options.seed, on_processor=device == "cpu").to(device)
    hold(options, model, streams)
    if options.until == "hold":
        return
    fall(options, model, streams)
    progress = pretrain.load(options.work / "fallen.pt", model)
    if "bits_per_byte" not in (facts := publish.read_facts(options.work)):
        aside = {name: stored[f"aside.{name}"] for name in pretrain.SHARES}
        found = pretrain.validate(model, aside, facts["bytes_per_token"])
        LOG.info("bits per byte: %s", found)
        pretrain.note(
            options.work / "facts.json",
            {"bits_per_byte": found, "tokens": progress.tokens, "seconds": progress.seconds, "read": progress.read},
        )
    if options.until == "fall":
        return
    instruct.run(options, model, streams, INSTRUCT_RATE)
    if options.until == "publish":
        publish.write(options.work, options.out, model)


if __name__ == "__main__":
    main()
