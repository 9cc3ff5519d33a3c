"""Print docs/mixins.md: python scripts/mixins_reference.py > docs/mixins.md"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from supervisor.cli.strategies_view import bounds, spelt, written
from worker.strategies.catalogue import catalogue

HEADER = """# Mixins and indicators

Entry and exit rules of [CustomStrategy](strategies.md#customstrategy) and the indicators they read, made from the
declarations that validation reads too. `botctl strategies show NAME` shows the same with every spelling, also for
those of plugins.

Each parameter may be written plainly, or with the prefixes of the
[earlier spellings](strategies.md#spellings); *also* names what is read beyond those. A period is at most 100,000 bars.
Aliases are the names under which a rule reads its indicators; a config that
[lists indicators itself](strategies.md#indicators-in-the-config) must give them.
"""
GROUPS = (
    ("entry_mixins", "entry", "Entry mixins"),
    ("exit_mixins", "exit", "Exit mixins"),
    ("indicators", "", "Indicators"),
)
PREFIXES = {"entry": "e_", "exit": "x_", "": ""}


def page() -> str:
    """The whole page."""
    known = catalogue()
    for group in ("entry_mixins", "exit_mixins"):
        known[group] = [entry for entry in known[group] if entry["source"] == "built in"]
    known["indicators"].sort(key=lambda entry: entry["name"].upper())
    lines = [HEADER]
    for group, _, title in GROUPS:
        links = " · ".join(f"[{entry['name']}](#{entry['name'].lower()})" for entry in known[group])
        lines.append(f"**{title}**: {links}\n")
    for group, role, title in GROUPS:
        lines.append(f"## {title}\n")
        for entry in known[group]:
            lines += _entry(entry, role)
    unavailable = [name for names in known["unavailable"].values() for name in names]
    if unavailable:
        lines.append(f"Known by name and refused, with a message that says so: {', '.join(map(_code, unavailable))}.\n")
    return "\n".join(lines)


def _entry(entry: Mapping[str, Any], role: str) -> Iterator[str]:
    yield f"### {entry['name']}\n"
    if entry.get("other_names"):
        yield f"Also spelt {', '.join(map(_code, entry['other_names']))}.\n"
    if entry["description"]:
        yield f"{_text(entry['description'])}\n"
    used = [parameter for parameter in entry["parameters"] if not parameter["unused"]]
    if used:
        yield "| parameter | type | default | bounds | meaning | also |\n|---|---|---|---|---|---|"
        for parameter in used:
            yield _row(parameter, role)
        yield ""
    unused = [
        f"{_code(parameter['name'])} ({parameter['unused']})"
        for parameter in entry["parameters"]
        if parameter["unused"]
    ]
    if unused:
        yield f"Taken without effect, with a warning: {'; '.join(unused)}.\n"
    if "outputs" in entry:
        yield f"Outputs: {', '.join(_outputs(entry))}. Reads {', '.join(_inputs(entry))}.\n"
    if entry.get("indicators"):
        yield f"Aliases: {'; '.join(map(_aliases, entry['indicators']))}.\n"


def _row(parameter: Mapping[str, Any], role: str) -> str:
    name, prefix = parameter["name"], PREFIXES[role]
    usual = {prefix + name, f"{role}_{prefix}{name}"}
    also = [key for key in spelt(parameter) if key not in usual and not key.startswith(f"{role}_{prefix}")]
    default = written(parameter["default"])
    shown = [_code(name), parameter["type"], _code(default) if default else "must be given", bounds(parameter)]
    return f"| {' | '.join([*map(_cell, shown), _cell(parameter['meaning']), _cell(', '.join(also))])} |"


def _aliases(indicator: Mapping[str, Any]) -> str:
    source = indicator.get("data_field")
    of = f" of {source}" if source else ""
    return f"{indicator['type']}{of}: {', '.join(map(_code, indicator['fields_mapping'].values()))}"


def _outputs(entry: Mapping[str, Any]) -> Iterator[str]:
    synonyms = {output: other for other, output in entry["output_synonyms"].items()}
    for output in entry["outputs"]:
        yield _code(output) + (f" (also {_code(synonyms[output])})" if output in synonyms else "")


def _inputs(entry: Mapping[str, Any]) -> list[str]:
    return ["one series" if name == "series" else name for name in entry["inputs"]]


def _text(described: str) -> str:
    """A docstring's plain signs as a page writes them."""
    return described.replace(" x ", " × ").replace(" - ", " − ").replace("≤ -", "≤ −").replace(" x (", " × (")


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|")


def _code(text: Any) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    print(page(), end="")
