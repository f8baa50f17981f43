"""Tiny models with random weights in the shapes of encoders and decoders, for the tests of classification heads."""

from pathlib import Path

import torch
from tokenizers import processors
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, PreTrainedTokenizerFast

SHAPES = {
    "bert": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "roberta": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4},
    "llama": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
}
"""Sizes by the configuration's model type, under its own names."""


def save_shape(kind: str, folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    """Write a model of that type without a classification head, and the tokenizer; an encoder's rows begin with a mark.

    What a head reads is spread wide enough to be learned from within a second.
    """
    calm = {"initializer_range": 0.1, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    spread = calm if kind != "llama" else {}
    config = AutoConfig.for_model(
        kind,
        **SHAPES[kind],
        **spread,
        vocab_size=len(tokenizer),
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(3)
    made = AutoModelForCausalLM if kind == "llama" else AutoModel
    made.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if kind != "llama":
        saved = PreTrainedTokenizerFast.from_pretrained(folder)
        mark, number = saved.eos_token, saved.eos_token_id
        saved.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{mark} $A {mark}", special_tokens=[(mark, number)]
        )
        saved.chat_template = None
        saved.save_pretrained(folder)
    return folder
