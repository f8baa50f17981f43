"""Tiny models of the shapes that people bring, with vocabularies of their own."""

from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Qwen2Config, Qwen2ForCausalLM

from tests.unit.export.tuned_runs import make_tokenizer

SHAPES = ("llama", "qwen2", "gpt2", "starter")
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def make_shape(name: str, folder: Path) -> str:
    """Write the model into `folder` and return what a plan calls it."""
    torch.manual_seed(5)
    tokenizer = make_tokenizer()
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    room = len(tokenizer) + 8  # as published models have, for tokens that somebody may add
    if name == "starter":
        return name
    if name == "qwen2":
        model = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=room,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=256,
                tie_word_embeddings=True,
                **ends,
            )
        )
        tokenizer.chat_template = CHAT
    else:
        model = GPT2LMHeadModel(
            GPT2Config(vocab_size=room, n_positions=256, n_embd=64, n_layer=2, n_head=4, bos_token_id=None, **ends)
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
