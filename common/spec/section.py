"""One object of the config, read field by field; what is wrong is collected, never raised."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from common.spec import problems
from common.spec.fields import Field, Unfit
from common.spec.problems import Problem

T = TypeVar("T")

MANIFEST_RULE = "references to component files are not supported"
MANIFEST_REMEDY = "put the object itself into the config of the row"


class Section:
    """A mapping of the config with its dotted path.

    Null counts as absent everywhere. Problems go to the list given, which all sections of one reading share.
    """

    def __init__(self, found: list[Problem], path: str, content: Mapping[str, Any]) -> None:
        self.found = found
        self.path = path
        self._content = content

    def at(self, name: str) -> str:
        """Dotted path of the key `name`."""
        name = name or '""'
        return f"{self.path}.{name}" if self.path else name

    def present(self, name: str) -> bool:
        """Whether the key is there with a value other than null."""
        return self._content.get(name) is not None

    def given(self, field: Field[Any]) -> bool:
        """Whether the field is there, by its own idea of blank texts."""
        value = self._content.get(field.name)
        blank = field.blank_is_absent and isinstance(value, str) and not value.strip()
        return value is not None and not blank

    def raw(self, name: str) -> Any:
        """The value as decoded; None when absent."""
        return self._content.get(name)

    def names(self) -> Iterable[str]:
        """The keys that are there."""
        return self._content.keys()

    def content(self) -> dict[str, Any]:
        """A copy of the object as decoded."""
        return dict(self._content)

    def get(self, field: Field[T]) -> T | None:
        """The field's value; None when it is absent, or wrong, or required and missing, which is noted."""
        value = self._content.get(field.name)
        if not self.given(field):
            if field.required:
                self.found.append(problems.missing(self.at(field.name), field.rule(), field.note))
            return None
        try:
            taken = field.parse(value)
        except Unfit as unfit:
            self.error(field.name, str(unfit))
            return None
        remark = field.remark(value)
        if remark:
            self.warning(field.name, remark)
        return taken

    def value(self, field: Field[T]) -> T:
        """The field's value, or its default when it is absent or wrong."""
        taken = self.get(field)
        if taken is not None:
            return taken
        if field.default is None:
            raise LookupError(f"the field {field.name} declares no default")
        return field.default

    def section(self, name: str, *, required: bool = False, remedy: str = "") -> Section:
        """The object under `name`, empty when it is absent or wrong; a text there is a reference to a file."""
        content = self._content.get(name)
        if content is None:
            if required:
                self.found.append(problems.missing(self.at(name), "must be an object", remedy))
            return self._inner(name, {})
        if isinstance(content, str):
            rule = f"must be an object; {MANIFEST_RULE}"
            if content.endswith(".json"):
                self.error(name, rule, MANIFEST_REMEDY)
            else:  # what stands in the wrong place may be a secret
                self.found.append(problems.unquoted(self.at(name), "a text", rule, MANIFEST_REMEDY))
            return self._inner(name, {})
        if not isinstance(content, Mapping):
            self.error(name, "must be an object", remedy)
            return self._inner(name, {})
        return self._inner(name, content)

    def _inner(self, name: str, content: Mapping[str, Any]) -> Section:
        return Section(self.found, self.at(name), content)

    def error(self, name: str, rule: str, remedy: str = "") -> None:
        """Note that the value under `name` breaks `rule`."""
        self.found.append(problems.error(self.at(name), self._content.get(name), rule, remedy))

    def lacks(self, name: str, rule: str, remedy: str = "") -> None:
        """Note that the key `name` is missing though it is needed."""
        self.found.append(problems.missing(self.at(name), rule, remedy))

    def warning(self, name: str, rule: str, remedy: str = "") -> None:
        """Note that the value under `name`, or its absence, bends `rule`."""
        value = self._content.get(name)
        path = self.at(name)
        if value is None:
            self.found.append(problems.absent(path, rule, remedy))
        else:
            self.found.append(problems.warning(path, value, rule, remedy))

    def note(self, rule: str, remedy: str = "") -> None:
        """Warn about the section as a whole."""
        self.found.append(problems.remark(self.path, rule, remedy))

    def warn_unknown(self, fields: Iterable[Field[Any]], known: Iterable[str] = ()) -> None:
        """Warn of every key that is neither one of `fields` nor in `known`; it is kept and ignored."""
        names = {field.name for field in fields} | set(known)
        for key, value in self._content.items():
            if value is None or key in names or key.startswith("_"):
                continue
            near = difflib.get_close_matches(key[:64], names, n=1)
            self.warning(key, "is not a known key and is ignored", f"did you mean {near[0]}?" if near else "")

    def check_values(self) -> None:
        """Note every NaN and infinity, and every text with a NUL, anywhere in this section; no database keeps them."""
        waiting: list[tuple[str, Any]] = [(self.path, self._content)]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, float) and not math.isfinite(value):
                self.found.append(problems.error(path, value, "must be a finite number"))
            elif isinstance(value, str) and "\x00" in value:
                self.found.append(problems.error(path, value, "must not hold NUL characters"))
            elif isinstance(value, Mapping):
                waiting.extend((f"{path}.{key}", inner) for key, inner in value.items())
            elif isinstance(value, list | tuple):
                waiting.extend((f"{path}[{index}]", inner) for index, inner in enumerate(value))
