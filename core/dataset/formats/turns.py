"""What a cell of turns says: OpenAI's messages, ShareGPT's conversations, transcripts, and calls of tools in them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from core.dataset.example import Role, Turn
from core.dataset.formats.format import RowUnfit
from core.dataset.table import text_of

_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
    "system": "system", "developer": "system",
    "function_call": "assistant", "tool_call": "assistant",
    "tool": "user", "function": "user", "observation": "user", "ipython": "user", "function_response": "user",
}  # fmt: skip
_RESULTS = {"tool", "function", "observation", "ipython", "function_response"}
"""Who says what a tool gave back; the model reads it as a user's turn."""
_CALLERS = {"function_call", "tool_call"}
_MARK = re.compile(
    r"(?:\A|\n[ \t]*|(?=###))(?:###\s*)?(human|user|assistant|system|bot|prompter):[ \t]*", re.IGNORECASE
)


def turns_of(value: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - a cell
    """The cell's turns, also from JSON text, a single turn, {"messages": [...]} or a transcript ("Human: ...").

    None if it is something else.
    """
    if isinstance(value, str):
        if value.lstrip()[:1] not in {"[", "{"}:
            return _transcript(value)
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if not isinstance(value, list) or not value:
        return None
    return value if all(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in value) else None


def read_turns(value: Any, part: str) -> list[Turn]:  # noqa: ANN401 - a cell
    """The turns of a cell; a tool's call is its JSON, a tool's result a user's turn.

    Raises:
        RowUnfit: The cell is empty or no conversation, or one of its turns cannot be learned from.
    """
    if value in (None, "", []):
        raise RowUnfit(part)
    turns = turns_of(value)
    if turns is None:
        raise RowUnfit(part, "is not a list of turns with a role and a text")
    called: dict[str, str] = {}
    read = []
    for number, turn in enumerate(turns, 1):
        role, content = _read_turn(turn, part, called)
        if not content and role != "system":
            raise RowUnfit(part, f"has an empty turn of the {role} (turn {number})")
        if content:
            read.append(Turn(role, content))
    return read


def _read_turn(turn: Mapping[str, Any], part: str, called: dict[str, str]) -> tuple[Role, str]:
    said = text_of(turn.get("role", turn.get("from"))).strip()
    role = _ROLES.get(said.casefold())
    if role is None:
        raise RowUnfit(part, f"has a turn of {said!r}; only system, user, assistant and tools can be learned from")
    content = _content(turn.get("content", turn.get("value", turn.get("text"))), part).strip()
    if said.casefold() in _RESULTS:
        content = f"Result of {_name(turn, called)}: {content}"
    elif role == "assistant":
        content = "\n\n".join(filter(None, (content, _calls(turn, content, said.casefold(), called))))
    return role, content


def prompt_and_answer(turns: list[Turn], part: str, system: str) -> tuple[tuple[Turn, ...], str]:
    """The turns up to the last one of the assistant, which is the answer; `system` stands first unless they have one.

    Raises:
        RowUnfit: There is no answer, or nobody asked.
    """
    turns = joined(turns)
    while turns and turns[-1].role != "assistant":
        turns.pop()  # what nobody answered teaches nothing
    if not turns:
        raise RowUnfit(part, "has no turn of the assistant that could be the answer")
    answer = turns.pop().content
    told = "\n\n".join(turn.content for turn in turns if turn.role == "system") or system
    spoken = joined([turn for turn in turns if turn.role != "system"])
    if spoken and spoken[0].role == "assistant":
        spoken = spoken[1:]  # an opening line; most chat templates refuse a conversation that begins with it
    if not spoken:
        raise RowUnfit(part, "has no turn of the user before the answer")
    return (*((Turn("system", told),) if told else ()), *spoken), answer


def upto_question(turns: list[Turn]) -> list[Turn]:
    """The turns up to the last one of the user."""
    last = max((n for n, turn in enumerate(turns, 1) if turn.role == "user"), default=0)
    return turns[:last]


def joined(turns: list[Turn]) -> list[Turn]:
    """Turns in which nobody speaks twice in a row, which chat templates refuse."""
    done: list[Turn] = []
    for turn in turns:
        if done and done[-1].role == turn.role:
            turn = Turn(turn.role, f"{done.pop().content}\n\n{turn.content}")
        done.append(turn)
    return done


def told_of_tools(system: str, tools: Any) -> str:  # noqa: ANN401 - a cell
    """The system's words with the list of tools, as JSON, after them."""
    listed = text_of(_parsed(tools)).strip()
    return "\n\n".join(filter(None, (system, f"Tools: {listed}" if listed and listed != "[]" else "")))


def _transcript(text: str) -> list[dict[str, Any]] | None:
    """The turns of "Human: ... Assistant: ...", as in the hh-rlhf and Guanaco sets."""
    text = text.strip()
    if not _MARK.match(text):
        return None
    parts = _MARK.split(text)[1:]
    turns = [{"role": role.casefold(), "content": said.strip()} for role, said in zip(*[iter(parts)] * 2, strict=True)]
    roles = {_ROLES[turn["role"]] for turn in turns if turn["content"]}
    return turns if {"user", "assistant"} <= roles else None


def _content(value: Any, part: str) -> str:  # noqa: ANN401 - text, or a list of typed pieces as in OpenAI's newer files
    if isinstance(value, list) and all(isinstance(piece, dict | str) for piece in value):
        kinds = {text_of(piece.get("type")) for piece in value if isinstance(piece, dict)}
        foreign = next((kind for kind in ("image", "audio", "video") if any(kind in found for found in kinds)), "")
        if foreign:
            raise RowUnfit(part, f"has a turn with {foreign}; only text can be learned from")
        return "".join(p if isinstance(p, str) else text_of(p.get("text", p.get("value"))) for p in value)
    text = value if isinstance(value, str) else text_of(value)
    return text.replace("\r\n", "\n") if "\r" in text else text


def _calls(turn: Mapping[str, Any], content: str, said: str, called: dict[str, str]) -> str:
    """The calls of an assistant's turn as JSON text; their names are kept in `called`, by id and the last by ""."""
    if said in _CALLERS:  # ShareGPT: the turn's text is the call
        call = _parsed(content)
        if isinstance(call, dict):
            called[""] = text_of(call.get("name"))
        return ""
    listed = turn.get("tool_calls") or turn.get("function_call") or []
    listed = _parsed(listed)
    given = [call for call in (listed if isinstance(listed, list) else [listed]) if isinstance(call, dict)]
    calls = []
    for call in given:
        function = call.get("function", call)
        if not isinstance(function, dict):
            continue
        name = text_of(function.get("name"))
        called[text_of(call.get("id"))] = called[""] = name
        calls.append({"name": name, "arguments": _parsed(function.get("arguments", {}))})
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False) if calls else ""


def _name(turn: Mapping[str, Any], called: Mapping[str, str]) -> str:
    named = text_of(turn.get("name")) or called.get(text_of(turn.get("tool_call_id")) or "", "")
    return named or called.get("", "") or "the tool"


def _parsed(value: Any) -> Any:  # noqa: ANN401 - JSON, or its text
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
