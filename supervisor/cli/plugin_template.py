"""A new strategy plugin and its test, made from the templates that are installed with botvisor."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from common.errors import ConfigurationError
from common.spec.strategy import FALLBACK

_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*")
_TAKEN = frozenset({FALLBACK, "BotStrategy", "Parameter", "Path", "ConfigurationError"})
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class WrittenPlugin:
    """The files that were made."""

    plugin: Path
    test: Path


def write_plugin(name: str, folder: Path) -> WrittenPlugin:
    """Write the module of the strategy class `name` into `folder`, and its test into `tests` below it.

    Raises ConfigurationError for a name that cannot be a strategy type's, a file that exists already, or a folder
    that cannot be written; then nothing has been written.
    """
    _refuse_bad_name(name)
    module = module_name(name)
    written = WrittenPlugin(folder / f"{module}.py", folder / "tests" / f"test_{module}.py")
    for path in (written.plugin, written.test):
        if path.exists():
            raise ConfigurationError(f"{path} exists already and is left as it is; choose another name or --into")
    try:
        written.test.parent.mkdir(parents=True, exist_ok=True)
        for path, template in ((written.plugin, "strategy.py.txt"), (written.test, "test_strategy.py.txt")):
            path.write_text(_filled(template, name), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder} cannot be written: {error.strerror}") from None
    return written


def module_name(name: str) -> str:
    """The class name as a module spells it: `RSIBreakout` → `rsi_breakout`."""
    return "_".join(_WORD.findall(name)).lower()


def _refuse_bad_name(name: str) -> None:
    rule = None
    if not _CLASS_NAME.fullmatch(name):
        likely = "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", name)).lstrip("0123456789")
        meant = f"; did you mean {likely}?" if _CLASS_NAME.fullmatch(likely) else ""
        rule = f"must be a class name: a capital letter, then letters and digits, such as HighBreakout{meant}"
    elif len(name) > _LONGEST:
        rule = f"must be no longer than {_LONGEST} letters"
    elif name in _TAKEN or keyword.iskeyword(name):
        rule = "is taken; choose another"
    elif keyword.iskeyword(module_name(name)):
        rule = f"would need a module {module_name(name)}, a word of the language; choose another"
    elif name.startswith("Test"):
        rule = "must not begin with Test: its module would count as one of tests"
    if rule is not None:
        raise ConfigurationError(f"NAME={name!r} {rule}")


def _filled(template: str, name: str) -> str:
    text = (files("supervisor.cli") / "templates" / template).read_text(encoding="utf-8")
    return Template(text).substitute(name=name)
