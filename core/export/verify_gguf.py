"""The fresh process that loads a GGUF file as anybody would, and answers held-out rows with it.

Run as `python -m core.export.verify_gguf FOLDER`; see `core.export.fresh`.
"""

from typing import Any

from core.export.fresh import answer_with


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the model in the file `export` makes of each row."""
    from llama_cpp import Llama

    layers = 0 if request["device"] == "cpu" else -1
    context = request["context"]
    model = Llama(
        request["export"],
        n_ctx=context,
        logits_all=True,
        verbose=False,
        n_gpu_layers=layers,
        last_n_tokens_size=context,  # a penalty on repetition looks at all there is, as in transformers
    )
    return {"rows": [_row(model, row, request) for row in request["rows"]]}


def _row(model: Any, row: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    loss, choices = _read(model, row["ids"], row["prompt"])
    told = {"loss": loss, "choices": choices, "written": [], "same_text": True, "same_ids": True}
    if not row["turns"]:
        return told
    prompt = row["ids"][: row["prompt"]]
    text = _rendered(model, row["turns"]) if request["templated"] else row["text"]
    told["same_text"] = text == row["text"]
    # As llama.cpp's server and Ollama do it: marks are added where the file says so.
    told["same_ids"] = model.tokenize(row["text"].encode(), add_bos=True, special=True) == prompt
    told["written"] = _written(model, prompt, request, row["most"])
    return told


def _read(model: Any, ids: list[int], prompt: int) -> tuple[float, list[int]]:  # noqa: ANN401
    """Loss of the right answer, summed, in nats; and the likeliest token at each of its places."""
    import numpy

    model.reset()
    model.eval(ids)
    logits = numpy.asarray(model.scores[prompt - 1 : len(ids) - 1], dtype=numpy.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    likely = shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True))
    right = likely[numpy.arange(len(logits)), ids[prompt:]]
    return float(-right.sum()), [int(token) for token in logits.argmax(axis=-1)]


def _rendered(model: Any, turns: list[dict[str, str]]) -> str:  # noqa: ANN401
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    def mark(name: str) -> str:
        token = int(model.metadata.get(f"tokenizer.ggml.{name}_token_id", -1))
        return model._model.token_get_text(token) if token >= 0 else ""

    template = model.metadata.get("tokenizer.chat_template", "")
    return str(Jinja2ChatFormatter(template, eos_token=mark("eos"), bos_token=mark("bos"))(messages=turns).prompt)


def _written(model: Any, prompt: list[int], request: dict[str, Any], most: int) -> list[int]:  # noqa: ANN401
    model.reset()
    stops = set(request["stops"])
    written: list[int] = []
    for token in model.generate(prompt, temp=0.0, top_k=1, repeat_penalty=request["penalty"]):
        if token in stops:
            break
        written.append(int(token))
        if len(written) >= most:
            break
    return written


if __name__ == "__main__":
    answer_with(answer)
