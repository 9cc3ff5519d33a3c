"""A strategy type, mixin or indicator as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from supervisor.cli.output import say, show

KINDS = {
    "strategies": "strategy",
    "entry_mixins": "entry mixin",
    "exit_mixins": "exit mixin",
    "indicators": "indicator",
}
"""Group of the catalogue → what one of it is called."""


def entries_of(catalogue: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in the catalogue, each with its kind."""
    for group, kind in KINDS.items():
        for entry in catalogue[group]:
            yield kind, entry


def summary(entry: Mapping[str, Any]) -> str:
    """The first paragraph of its description, in one line."""
    return " ".join(str(entry["description"]).partition("\n\n")[0].split())


def show_entry(kind: str, entry: Mapping[str, Any]) -> None:
    """All that is known of it."""
    say(f"{entry['name']}: {kind}, {entry.get('source', 'built in')}")
    if entry.get("other_names"):
        say(f"also spelt {', '.join(entry['other_names'])}")
    if entry["description"]:
        say(f"\n{entry['description']}")
    say("")
    rows = [_row(parameter) for parameter in entry["parameters"]]
    columns = {"name": "Parameter", "type": "Type", "default": "Default", "bounds": "Bounds"}
    if any(row["spellings"] for row in rows):
        columns["spellings"] = "Spellings"
    none = "no declared parameters" + ("; it may read others itself" if kind == "strategy" else "")
    show(rows, columns | {"meaning": "Meaning"}, as_json=False, empty=none)
    for line in _reads(entry):
        say(line)


def bounds(parameter: Mapping[str, Any]) -> str:
    """The values allowed beyond the type, as short as can be."""
    if parameter.get("choices"):
        return "one of " + ", ".join(map(str, parameter["choices"]))
    low, high = parameter.get("minimum"), parameter.get("maximum")
    if low is not None and high is not None:
        return f"{low:g} … {high:g}"
    if low is not None:
        return f"≥ {low:g}"
    return "" if high is None else f"≤ {high:g}"


def written(value: Any) -> str:
    """A default as it stands in a config."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def spelt(parameter: Mapping[str, Any]) -> list[str]:
    """Every other key that is read for it, with its unit where it has one of its own."""
    divisors = parameter.get("divisors", {})
    return [
        f"{key} (÷ {divisors[key]:g})" if key in divisors else str(key)
        for key in parameter.get("spellings", ())
        if key != parameter["name"]
    ]


def _row(parameter: Mapping[str, Any]) -> dict[str, Any]:
    unused = parameter.get("unused")
    return {
        "name": parameter["name"],
        "type": parameter["type"],
        "default": written(parameter["default"]) or ("" if unused else "required"),
        "bounds": bounds(parameter),
        "spellings": ", ".join(spelt(parameter)),
        "meaning": f"has no effect, {unused}" if unused else parameter["meaning"],
    }


def _reads(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry.get("timeframes"):
        yield f"longer bars: {', '.join(entry['timeframes'])}"
    if "outputs" in entry:
        yield f"reads:   {', '.join(entry['inputs'])}"
        synonyms = {plain: also for also, plain in entry.get("output_synonyms", {}).items()}
        outputs = (name + (f" (also {synonyms[name]})" if name in synonyms else "") for name in entry["outputs"])
        yield f"outputs: {', '.join(outputs)}"
    for indicator in entry.get("indicators", ()):
        aliases = ", ".join(f"{output} → {alias}" for output, alias in indicator.get("fields_mapping", {}).items())
        params = ", ".join(f"{key} = {value}" for key, value in indicator.get("params", {}).items())
        source = indicator.get("data_field")
        of = f" of {source}" if source else ""
        yield f"computes {indicator['type']}{of} ({params}): {aliases}"
