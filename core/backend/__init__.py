"""The only folder that imports torch, transformers, peft, trl and bitsandbytes."""
