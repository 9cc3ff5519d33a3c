"""`botctl strategies list`, `show` and `new`: what decides for bots, and how to add to it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import typer

from supervisor.cli.options import Json
from supervisor.cli.output import fail, print_json, say, show
from supervisor.cli.plugin_template import write_plugin
from supervisor.cli.session import configured
from supervisor.cli.strategies_view import entries_of, show_entry, summary
from supervisor.processes.describe import describe_with_worker
from supervisor.settings import Settings

app = typer.Typer(name="strategies", help="Strategy types, mixins and indicators.", no_args_is_help=True)

PluginDir = Annotated[
    list[Path] | None,
    typer.Option("--plugin-dir", help="A folder of plugins beside BOTVISOR_PLUGIN_DIRS; may be repeated."),
]


@app.command("list")
def list_all(plugin_dir: PluginDir = None, as_json: Json = False) -> None:
    """List strategy types, mixins and indicators, and plugins that could not be used."""
    with configured(as_json) as settings:
        catalogue = describe_with_worker(_folders(settings, plugin_dir))
    if as_json:
        print_json(catalogue)
        return
    rows = [
        {"kind": kind, "name": entry["name"], "source": entry.get("source", "built in"), "about": summary(entry)}
        for kind, entry in entries_of(catalogue)
    ]
    show(rows, {"kind": "Kind", "name": "Name", "source": "Source", "about": "About"}, as_json=False, empty="")
    faults = catalogue["plugin_faults"]
    if faults:
        say(f"\n{len(faults)} plugins are left out:")
        show(faults, {"source": "Plugin", "reason": "Why"}, as_json=False, empty="")


@app.command("show")
def show_one(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A strategy type, a mixin or an indicator.")],
    plugin_dir: PluginDir = None,
    as_json: Json = False,
) -> None:
    """Tell what one of them does and what its parameters are. Exits 1 when there is none of that name."""
    with configured(as_json) as settings:
        catalogue = describe_with_worker(_folders(settings, plugin_dir))
    for kind, entry in entries_of(catalogue):
        if name == entry["name"] or name in entry.get("other_names", ()):
            if as_json:
                print_json({"kind": kind, **entry})
            else:
                show_entry(kind, entry)
            return
    message, suggestion = _unknown(name, catalogue)
    fail(message, as_json=as_json, suggestion=suggestion)


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Class name of the strategy, such as HighBreakout.")],
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Folder of plugins; the first of BOTVISOR_PLUGIN_DIRS, else ./plugins."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a working plugin and its test, to be changed into a strategy of your own."""
    with configured(as_json) as settings:
        folder = (into or next(iter(settings.plugin_dirs), Path("plugins"))).expanduser().absolute()
        written = write_plugin(name, folder)
        known = folder in settings.plugin_dirs
    if as_json:
        print_json({"name": name, "plugin": str(written.plugin), "test": str(written.test), "in_plugin_dirs": known})
        return
    say(f"{name} is in {written.plugin}, its test in {written.test}")
    say(f"test it:  python -m pytest {written.test}")
    say(f"see it:   botctl strategies show {name}" + ("" if known else f" --plugin-dir {folder}"))
    if not known:
        say(f"use it:   add {folder} to BOTVISOR_PLUGIN_DIRS, for the service and for botctl")


def _folders(settings: Settings, more: list[Path] | None) -> tuple[Path, ...]:
    added = tuple(folder.expanduser().absolute() for folder in more or ())
    return tuple(dict.fromkeys((*settings.plugin_dirs, *added)))


def _unknown(name: str, catalogue: dict[str, Any]) -> tuple[str, str | None]:
    names = {
        each: None for _, entry in entries_of(catalogue) for each in (entry["name"], *entry.get("other_names", ()))
    }
    lowered = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), lowered, n=1)
    suggestion = lowered[close[0]] if close else None
    said = f"{name} is no strategy type, mixin or indicator"
    if any(name in group for group in catalogue["unavailable"].values()):
        said = f"{name} is known from the earlier service and is not available in this version"
    meant = f"; did you mean {suggestion}?" if suggestion else "; `botctl strategies list` lists them"
    faults = [f"\nplugin {fault['source']} is left out: {fault['reason']}" for fault in catalogue["plugin_faults"]]
    return said + meant + "".join(faults), suggestion
