"""A document as one HTML file that fetches nothing and runs nothing."""

from collections.abc import Sequence
from html import escape

from core.document.curves import drawn
from core.document.marks import marked
from core.document.parts import Block, Code, Curves, Items, Marks, Paragraph, Section, Table

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2127; --soft: #565e69; --paper: #fff; --line: #dfdfd8; --first: #7d8590;
  --second: #0072b2; --alarm: #b03a00; --sunken: #f3f3ef; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3abb6; --paper: #15181d; --line: #2d333c;
  --first: #98a1ad; --second: #56b4e9; --alarm: #ff9161; --sunken: #1f242b; } }
body { font: 15px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 900px;
  margin: 0 auto; padding: 24px 20px 60px; overflow-wrap: anywhere; }
h1 { font-size: 27px; line-height: 1.25; letter-spacing: -.015em; } h2 { font-size: 18px; margin: 34px 0 8px; }
p { margin: 6px 0; } .alarm { border-left: 3px solid var(--alarm); padding-left: 10px; } ul { padding-left: 20px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13.5px; width: 100%; margin: 8px 0; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
th, td { overflow-wrap: break-word; min-width: 44px; } td { white-space: pre-wrap; max-width: 420px; }
th { color: var(--soft); font-weight: 600; }
pre { background: var(--sunken); padding: 10px 12px; border-radius: 6px; overflow-x: auto; font-size: 12.5px; }
figure { margin: 8px 0; } figcaption { font-size: 13px; color: var(--soft); }
svg { width: 100%; min-width: 560px; height: auto; }
svg text { fill: var(--soft); font-size: 12px; } .axis { stroke: var(--line); fill: none; }
.first { stroke: var(--first); fill: none; stroke-width: 1; }
.second { stroke: var(--second); fill: none; stroke-width: 2; }
.point { fill: var(--second); } .apart { fill: var(--alarm); }
.reach { stroke: var(--first); stroke-width: 1.6; }
.fitted { stroke: var(--second); fill: none; stroke-dasharray: 6 5; }
@media print { body { padding: 0; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"


def page(title: str, sections: Sequence[Section]) -> str:
    """The whole document."""
    body = "".join(
        f"<section><h2>{_text(section.title)}</h2>{''.join(map(_block, section.blocks))}</section>"
        for section in sections
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{_text(title)}</h1>{body}</body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, alarm):
            return f"<p class='alarm'>{_text(text)}</p>" if alarm else f"<p>{_text(text)}</p>"
        case Items(lines):
            return f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>"
        case Code(text):
            return f"<pre>{_text(text)}</pre>"
        case Table(head, rows):
            top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
            body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f"<div class='wide'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
        case Curves(title, series):
            return f"<figure><div class='wide'>{drawn(series)}</div><figcaption>{_text(title)}</figcaption></figure>"
        case Marks(title):
            return f"<figure><div class='wide'>{marked(block)}</div><figcaption>{_text(title)}</figcaption></figure>"


def _text(text: str) -> str:
    return escape(text.replace("\0", ""), quote=True)
