"""The starter model's vocabulary: one SentencePiece model, and the same thing as a tokenizer.json."""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIZE = 6144
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
UNKNOWN, BEGIN, END, PAD = "<unk>", "<s>", "</s>", "<pad>"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|> ' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
"""The prompt ends right behind the role and the space belongs to the answer, so a prompt is a prefix of the whole."""


def train(documents: Iterable[str], path: Path, seed_sentences: int = 400_000) -> None:
    """Learn a byte-pair vocabulary from `documents` and write it to `path`.

    Nothing is normalised and no space is put in front, so that decoding gives back exactly what was encoded.
    """
    import sentencepiece

    def lines() -> Iterator[str]:
        for document in documents:
            yield from (line[:4000] for line in document.split("\n") if line)

    learned = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines(),
        model_writer=learned,
        model_type="bpe",
        vocab_size=SIZE,
        byte_fallback=True,
        split_digits=True,
        character_coverage=0.9999,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        user_defined_symbols=list(ROLES),
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        input_sentence_size=seed_sentences,
        shuffle_input_sentence=True,
        num_threads=2,
        minloglevel=2,
    )
    path.write_bytes(learned.getvalue())


def _merges(pieces: dict[str, int], scores: list[float]) -> list[tuple[str, str]]:
    """Return every pair that joins into a known piece, best score first, as a merge table wants them."""
    ranked = []
    for piece, index in pieces.items():
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in pieces and right in pieces:
                ranked.append((-scores[index], pieces[left], pieces[right], left, right))
    return [(left, right) for *_, left, right in sorted(ranked)]


def to_fast(model: Path) -> "Tokenizer":
    """Return the same vocabulary as a `tokenizers.Tokenizer`, which needs no sentencepiece to load."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    processor = SentencePieceProcessor(model_file=str(model))
    ids = range(processor.get_piece_size())
    vocabulary = {processor.id_to_piece(index): index for index in ids}
    scores = [processor.get_score(index) for index in ids]
    special = {UNKNOWN, BEGIN, END, PAD, *ROLES}
    pieces = {
        piece: index for piece, index in vocabulary.items() if piece not in special and not processor.is_byte(index)
    }
    fast = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=_merges(pieces, scores), unk_token=UNKNOWN, fuse_unk=True, byte_fallback=True
        )
    )
    fast.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never", split=True)
    fast.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    fast.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in (UNKNOWN, BEGIN, END, PAD, *ROLES)]
    )
    return fast


def save(model: Path, folder: Path, context: int) -> None:
    """Write every tokenizer file of the starter model into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.read_bytes())
    fast = to_fast(model)
    fast.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": False,
        "add_bos_token": False,
        "add_eos_token": False,
        "unk_token": UNKNOWN,
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": PAD,
        "additional_special_tokens": list(ROLES),
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "padding_side": "left",
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")


def check(folder: Path, documents: Iterable[str]) -> None:
    """Check that both forms of the vocabulary agree and that a prompt is a prefix of prompt and answer.

    Raises:
        AssertionError: They differ, a text does not come back unchanged, or the prompt is no prefix.
    """
    from sentencepiece import SentencePieceProcessor
    from transformers import AutoTokenizer

    slow = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    fast = AutoTokenizer.from_pretrained(folder)
    for document in documents:
        ids = fast(document, add_special_tokens=False)["input_ids"]
        if ids != slow.encode(document) or fast.decode(ids) != document:
            raise AssertionError(f"The two tokenizers disagree on: {document[:200]!r}")
    prompt = [{"role": "user", "content": "Classify the text.\n\nThis Agreement is governed by the laws of Ohio."}]
    whole = [*prompt, {"role": "assistant", "content": "Governing Law"}]
    asked = fast.apply_chat_template(prompt, add_generation_prompt=True, return_dict=True)["input_ids"]
    answered = fast.apply_chat_template(whole, return_dict=True)["input_ids"]
    first = fast.convert_ids_to_tokens(answered[len(asked)])
    if answered[: len(asked)] != asked or not first.startswith("▁G") or answered[-1] != fast.eos_token_id:
        raise AssertionError(f"The prompt is no prefix of prompt and answer, or the answer starts with {first!r}.")
