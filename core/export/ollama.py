"""The Modelfile by which Ollama prompts a model exactly as it was trained, and stops where it learned to stop.

Ollama writes prompts with a template of its own kind (Go's text/template), so the tokenizer's chat template is taken
apart into what stands around each turn, and put together again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.dataset.example import Turn

if TYPE_CHECKING:
    from core.backend.model import Loaded

_SYSTEM, _ASKED, _SAID, _ASKED_AGAIN = "QZsystemQZ", "QZaskedQZ", "QZsaidQZ", "QZagainQZ"
_FORBIDDEN = ("{{", "}}", '"""')
"""What cannot stand in a template of Ollama's as plain text."""


class Render(Protocol):
    """A conversation as text."""

    def __call__(self, turns: Sequence[Turn], *, opened: bool) -> str:
        """The text, with or without the opening of an answer."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a chat template writes around the turns."""

    head: str
    """Before a conversation without system turn."""
    system: tuple[str, str] | None
    """Around a system turn, with what stands before it; None where the template folds it into another turn."""
    user: tuple[str, str]
    assistant: tuple[str, str]
    opening: str
    """Of the answer to come."""

    def compose(self, turns: Sequence[Turn]) -> str:
        """The prompt for `turns`, as Ollama will write it."""
        around = {"user": self.user, "assistant": self.assistant, "system": self.system or ("", "")}
        begin = "" if turns and turns[0].role == "system" else self.head
        body = "".join(f"{around[turn.role][0]}{turn.content}{around[turn.role][1]}" for turn in turns)
        return f"{begin}{body}{self.opening}"

    def template(self) -> str:
        """The same in Ollama's language."""

        def block(pair: tuple[str, str]) -> str:
            return f"{pair[0]}{{{{ .Content }}}}{pair[1]}"

        first = f'{{{{ if eq .Role "system" }}}}{block(self.system)}{{{{ else if' if self.system else "{{ if"
        return (
            (f"{{{{ if not .System }}}}{self.head}{{{{ end }}}}" if self.head else "")
            + f'{{{{ range .Messages }}}}{first} eq .Role "user" }}}}{block(self.user)}'
            + f'{{{{ else if eq .Role "assistant" }}}}{block(self.assistant)}{{{{ end }}}}{{{{ end }}}}{self.opening}'
        )


def modelfile(loaded: "Loaded", file_name: str, longest: int) -> str:
    """The Modelfile of the GGUF file that lies beside it; `longest` is the context in tokens."""
    from core.backend.generation import repetition_penalty
    from core.backend.tokens import stop_ids

    tokenizer = loaded.tokenizer
    stops = tokenizer.convert_ids_to_tokens(stop_ids(tokenizer, loaded.model))
    template, remarks = written_template(renderer(loaded))
    return "\n".join(
        [
            f"FROM ./{file_name}",
            *(f"# {remark}" for remark in remarks),
            f'TEMPLATE """{template}"""',
            *(f'PARAMETER stop "{stop}"' for stop in stops),
            "PARAMETER temperature 0",
            # Ollama's own defaults are 1.1 over the last 64 tokens.
            f"PARAMETER repeat_penalty {repetition_penalty(loaded.model):g}",
            "PARAMETER repeat_last_n -1",
            f"PARAMETER num_ctx {longest}",
            "",
        ]
    )


def renderer(loaded: "Loaded") -> Render:
    """How the model's prompts were written in training."""
    tokenizer = loaded.tokenizer

    def render(turns: Sequence[Turn], *, opened: bool) -> str:
        if not tokenizer.chat_template:
            return "".join(f"{turn.content}\n\n" for turn in turns)
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opened))

    return render


def written_template(render: Render) -> tuple[str, list[str]]:
    """The template in Ollama's language, and remarks on what it cannot say."""
    pieces = take_apart(render)
    if pieces is not None and not any(mark in pieces.compose(_conversation()) for mark in _FORBIDDEN):
        remarks = [] if pieces.system else ["This model was trained without system turns: they are left out."]
        return pieces.template(), remarks
    whole = render([Turn("user", _ASKED)], opened=True)
    before, _, after = whole.partition(_ASKED)
    return f"{before}{{{{ .Prompt }}}}{after}", [
        "The model's chat template cannot be said here for several turns: each question is asked by itself."
    ]


def take_apart(render: Render) -> Pieces | None:
    """What stands around each turn; None where a turn is written in another way depending on its place."""
    pieces = _guess(render, with_system=True)
    if pieces is not None and _agree(pieces, render):
        return pieces
    pieces = _guess(render, with_system=False)
    return pieces if pieces is not None and _agree(pieces, render) else None


def _guess(render: Render, *, with_system: bool) -> Pieces | None:
    from jinja2 import TemplateError

    system, asked, said, again = _conversation()
    try:
        alone, opened = render([asked], opened=False), render([asked], opened=True)
        answered = render([asked, said], opened=False)
        long = render([asked, said, again], opened=True)
        led = render([system, asked], opened=True) if with_system else ""
    except (TemplateError, TypeError, ValueError):
        return None  # the template refuses such a conversation
    after_user = alone.partition(_ASKED)[2]
    after_assistant = answered.partition(_SAID)[2]
    before_first, _, rest = long.partition(_ASKED)
    to_answer, _, rest = rest.partition(_SAID)
    to_question = rest.partition(_ASKED_AGAIN)[0]
    whole = to_answer.startswith(after_user) and to_question.startswith(after_assistant) and opened.startswith(alone)
    user = to_question.removeprefix(after_assistant)
    if not whole or not before_first.endswith(user):
        return None
    return Pieces(
        head=before_first.removesuffix(user),
        system=_around_system(led, user) if with_system else None,
        user=(user, after_user),
        assistant=(to_answer.removeprefix(after_user), after_assistant),
        opening=opened.removeprefix(alone),
    )


def _around_system(led: str, before_user: str) -> tuple[str, str]:
    before, _, rest = led.partition(_SYSTEM)
    return before, rest.partition(_ASKED)[0].removesuffix(before_user)


def _agree(pieces: Pieces, render: Render) -> bool:
    """Whether the pieces give what the template gives, for conversations that they were not taken from."""
    system, asked, said, again = _conversation()
    tried = [[asked], [asked, said, again], [asked, said, again, said, asked]]
    if pieces.system:
        tried += [[system, *turns] for turns in tried]
    return all(pieces.compose(turns) == render(turns, opened=True) for turns in tried)


def _conversation() -> tuple[Turn, Turn, Turn, Turn]:
    return Turn("system", _SYSTEM), Turn("user", _ASKED), Turn("assistant", _SAID), Turn("user", _ASKED_AGAIN)
