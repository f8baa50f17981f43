"""What the export page says of one form: what it is for, what it will take, and what was made and proven."""

from pathlib import Path

from core.events import Exported
from core.export.checksums import NAME as SUMS
from core.export.exporters import Exporter
from core.export.extras import how_to_install
from core.export.forecast import ExportForecast
from core.export.serve import Server
from core.job.exports import RUN
from core.strategy.model_facts import locate
from core.strategy.plan import Plan
from ui import markup, words
from ui.exportfiles import link
from ui.markup import text

_GIB = 2**30
_CHECK = f"sha256sum -c {SUMS}"


def about(exporter: Exporter, refused: str, missing: str, forecast: ExportForecast | None) -> str:
    """What the form is for, what it will take, and what stands in its way."""
    notes = [text(f"{refused} {exporter.instead}") if refused else "", _absent(exporter, missing)]
    told = "".join(f"<div class='ft-note'>{note}</div>" for note in notes if note)
    return markup.block(
        f"<h3>{text(exporter.title)}</h3><p>Take it when {text(exporter.when)}.</p>"
        f"<p class='ft-below'>Needs {text(exporter.needs)}.</p>{_forecast(forecast)}{told}"
    )


def _absent(exporter: Exporter, missing: str) -> str:
    """What is not installed, and the line that installs it, on a line of its own to be copied."""
    if not missing:
        return ""
    line = text(how_to_install(exporter.extra))
    return f"{text(missing)} Type in a terminal, then restart Fewtune: <code class='ft-line'>{line}</code>"


def _forecast(forecast: ExportForecast | None) -> str:
    """What it will take, each part with its unit on one line."""
    if forecast is None:
        return ""
    parts = [words.size(forecast.size_bytes)]
    if forecast.disk_bytes > forecast.size_bytes * 1.1:
        parts.append(f"{words.size(forecast.disk_bytes)} of disk while it is made")
    parts.append(f"{words.gib(forecast.memory_bytes / _GIB)} of memory")
    known = forecast.seconds is not None
    parts.append(words.duration(forecast.seconds) if known else "time known after the first")
    told = ", ".join(f"<span class='ft-whole'>{text(part)}</span>" for part in parts)
    return f"<p class='ft-below'>Forecast: {told}.</p>"


def result(exported: Exported, run_id: str) -> str:
    """Size, fidelity, where it lies, and links to its files with their checksums."""
    name = "/".join(Path(exported.folder).parts[-4:])
    return markup.block(
        f"<div class='ft-numbers'><div><b>{text(words.size(exported.size_bytes))}</b>on disk, measured</div>"
        f"{_verdict(exported)}</div>{_compared(exported)}"
        f"<p class='ft-below ft-path' title='{text(name)}'>{text(exported.folder)}</p>{_files(exported, run_id)}"
    )


def _verdict(exported: Exported) -> str:
    if exported.fidelity.get("by") == "answers" and "tuned" in exported.fidelity:
        faithful = exported.fidelity["faithful"]
        tone, verdict = ("good", "same model") if faithful else ("bad", "not the same")
        rows = words.counted(exported.fidelity["rows"], "held-out row")
        return f"<div><b class='{tone}'>{text(verdict)}</b>by its answers to {text(rows)}, in a fresh process</div>"
    difference = exported.largest_logit_difference
    verdict, tone = ("not proven", "amber") if difference is None else (f"{difference:.2g}", "good")
    return (
        f"<div><b class='{tone}'>{text(verdict)}</b>largest logit difference to the tuned model, "
        "measured in a fresh process</div>"
    )


def _compared(exported: Exported) -> str:
    """Tuned beside exported model; and what is wrong, with its cause."""
    fidelity = exported.fidelity
    wrong = fidelity.get("problem", "")
    note = f"<div class='ft-note bad'>{text(wrong)}</div>" if wrong else ""
    if "tuned" not in fidelity:
        return note
    tuned, made = fidelity["tuned"], fidelity["exported"]
    rise = made["loss"] - tuned["loss"]
    lines = [
        ("loss per answer token", words.number(tuned["loss"]), words.number(made["loss"]), words.signed(rise, 3)),
        ("answers word for word right", words.percent(tuned["right"]), words.percent(made["right"]), ""),
        ("same answers", "", words.percent(fidelity["same_answers"]), ""),
        ("same next tokens", "", words.percent(fidelity["same_tokens"]), ""),
    ]
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in line)}</tr>" for line in lines)
    if rise > fidelity["tolerance"]:
        body = body.replace(f"<td>{text(lines[0][-1])}</td>", f"<td><b class='bad'>{text(lines[0][-1])}</b></td>", 1)
    return (
        "<table class='ft-table'><thead><tr><th></th><th>tuned</th><th>exported</th><th>difference</th></tr></thead>"
        f"<tbody>{body}</tbody></table>{note}"
    )


def _files(exported: Exported, run_id: str) -> str:
    lines = "".join(
        f"<li><a href='{link(run_id, exported.exporter, name)}' download>{text(name)}</a>"
        f"<code title='SHA-256: {digits}'>{text(digits[:12])}…</code></li>"
        for name, digits in exported.checksums.items()
    )
    if not lines:
        return ""
    check = f"<p class='ft-below'>To check them all, in this folder: <code class='ft-line'>{_CHECK}</code></p>"
    return f"<ul class='ft-files' aria-label='Files, with the first digits of their SHA-256'>{lines}</ul>{check}"


def packed(run_id: str, file: Path) -> str:
    """A link to the file of a whole run."""
    size = words.size(file.stat().st_size)
    return markup.block(f"<p><a href='{link(run_id, RUN, file.name)}' download>{text(file.name)}</a> {text(size)}</p>")


def served(server: Server | None) -> str:
    """How the server is, its address, and a line that asks it."""
    if server is None:
        what = "Programs on this machine can ask the merged model in OpenAI's protocol, while Fewtune runs."
        return markup.block(f"<p class='ft-below'>{text(what)}</p>")
    health = server.health()
    told = {"ready": "Ready at", "starting": "Loading the model; soon at", "ended": "The server ended:"}[health.state]
    where = health.why if health.state == "ended" else server.url
    asks = f"<pre>{text(server.curl)}</pre>" if health.state == "ready" else ""
    return markup.block(f"<p><b>{told}</b> {text(where)}</p>{asks}")


def loading(exporter: Exporter, exported: Exported, plan: Plan) -> str:
    """Lines that load it, in Python, and those that serve it, as remarks below."""
    base = str(locate(plan.model))
    lines = [f"folder = {exported.folder!r}", exporter.loading(plan, base).strip()]
    for program, line in exporter.commands(plan, base).items():
        lines += ["", f"# {program}, in a terminal:", f"#   {line.replace('FOLDER', exported.folder)}"]
    return "\n".join(lines) + "\n"
