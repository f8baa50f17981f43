"""Conversations: OpenAI's `messages` and ShareGPT's `conversations`; the last assistant turn is the answer."""

import json
from collections.abc import Mapping
from typing import Any

from core.dataset.example import Role, Turn
from core.dataset.formats.columns import cell, find, quoted
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit
from core.dataset.table import Row, Table, text_of

_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "chat", "turns", "input")
_ANSWERS = ("preferred_output", "chosen")
_VERDICTS = ("label", "kto_tag", "desirable")
_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
    "system": "system", "developer": "system",
}  # fmt: skip
_LOOK_AT = 50


def _detect(table: Table) -> Detection | None:
    chats = [column for column in table.columns if _holds_turns(table, column)]
    if not chats:
        return None
    mapping = {"messages": find(chats, _NAMES) or chats[0]}
    answer = find((c for c in table.columns if c not in mapping.values()), _ANSWERS)
    if answer:
        mapping["answer"] = answer
    system = find(table.columns, ("system", "system_prompt"))
    if system:
        mapping["system"] = system
    because = f"The cells of column {quoted(mapping['messages'])} are lists of turns with a role and a text."
    verdict = find(table.columns, _VERDICTS)
    if not answer and verdict and {text_of(row[verdict]).casefold() for row in table.rows} == {"true", "false"}:
        because += (
            f" Column {quoted(verdict)} marks good and bad answers, which is not used: remove the bad rows first."
        )
        return Detection(format="chat", confidence=0.6, because=because, mapping=mapping)
    return Detection(format="chat", confidence=0.98, because=because, mapping=mapping)


def _holds_turns(table: Table, column: str) -> bool:
    cells = [row[column] for row in table.rows[:_LOOK_AT] if row[column] not in (None, "")]
    found = sum(_turns_of(cell) is not None for cell in cells)
    return found > 0 and found >= len(cells) / 2


def _turns_of(value: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - a cell
    """The cell's turns, also from JSON text, a single turn, or {"messages": [...]}; None if it is something else."""
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if not isinstance(value, list) or not value:
        return None
    return value if all(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in value) else None


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    turns = _read(row.get(mapping["messages"]), "messages")
    if "answer" in mapping:
        answers = _read(row.get(mapping["answer"]), "answer")
        turns = _upto_question(turns) + [turn for turn in answers if turn.role == "assistant"]
    turns = _joined(turns)
    while turns and turns[-1].role != "assistant":
        turns.pop()  # what nobody answered teaches nothing
    if not turns:
        raise RowUnfit("messages", "has no turn of the assistant that could be the answer")
    answer = turns.pop().content
    system = [turn for turn in turns if turn.role == "system"]
    if not system and (given := cell(row, mapping, "system") or instruction):
        system = [Turn("system", given)]
    spoken = [turn for turn in turns if turn.role != "system"]
    if spoken and spoken[0].role == "assistant":
        spoken = spoken[1:]  # an opening line; most chat templates refuse a conversation that begins with it
    if not spoken:
        raise RowUnfit("messages", "has no turn of the user before the answer")
    return Converted((*system[:1], *spoken), answer)


def _read(value: Any, part: str) -> list[Turn]:  # noqa: ANN401 - a cell
    if value in (None, "", []):
        raise RowUnfit(part)
    turns = _turns_of(value)
    if turns is None:
        if part == "answer" and isinstance(value, str):
            return [Turn("assistant", value.strip())]
        raise RowUnfit(part, "is not a list of turns with a role and a text")
    read = []
    for number, turn in enumerate(turns, 1):
        said = text_of(turn.get("role", turn.get("from"))).strip()
        role = _ROLES.get(said.casefold())
        if role is None:
            raise RowUnfit(part, f"has a turn of {said!r}; only system, user and assistant can be learned from")
        content = _content(turn.get("content", turn.get("value", turn.get("text")))).strip()
        if not content and role != "system":
            raise RowUnfit(part, f"has an empty turn of the {role} (turn {number})")
        if content:
            read.append(Turn(role, content))
    return read


def _content(value: Any) -> str:  # noqa: ANN401 - text, or a list of typed pieces as in OpenAI's newer files
    if isinstance(value, list) and all(isinstance(piece, dict | str) for piece in value):
        return "".join(p if isinstance(p, str) else text_of(p.get("text", p.get("value"))) for p in value)
    return text_of(value).replace("\r\n", "\n")


def _upto_question(turns: list[Turn]) -> list[Turn]:
    last = max((n for n, turn in enumerate(turns, 1) if turn.role == "user"), default=0)
    return turns[:last]


def _joined(turns: list[Turn]) -> list[Turn]:
    """Turns in which nobody speaks twice in a row, which chat templates refuse."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            turn = Turn(turn.role, f"{joined.pop().content}\n\n{turn.content}")
        joined.append(turn)
    return joined


FORMAT = Format(
    name="chat",
    title="Chat",
    about="Conversations in turns; the last assistant turn is the answer, all before it the prompt.",
    parts=(
        Part(
            "messages",
            required=True,
            help="The turns; a last question without answer and an opening line are left out.",
        ),
        Part("answer", required=False, help="The answer, where it stands apart from the turns (chosen, preferred)."),
        Part("system", required=False, help="The system prompt, where it stands apart from the turns."),
    ),
    default_instruction="",
    detect=_detect,
    convert=_convert,
)
