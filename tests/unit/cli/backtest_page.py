"""Reads a report's page as a browser would: text, data and what it would load."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """Every tag is closed, or it never needed to be."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text = ""
        self.tags: list[str] = []
        self._open: list[str] = []
        self._data = ""
        self._is_data = False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self._open == [], f"left open: {self._open}"
        self.data: dict[str, Any] = json.loads(self._data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        said = dict(attrs)
        self.loads += [value for name in ("src", "href") if (value := said.get(name))]
        self._is_data = said.get("id") == "data"
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self._is_data = False

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self._data += data
        elif self._open and self._open[-1] not in ("script", "style"):
            self.text += data + " "

    @property
    def entries(self) -> list[tuple[int, float]]:
        """(candle, price) of each entry marker."""
        return [(trade[0], trade[1]) for trade in self.data["trades"]]

    @property
    def exits(self) -> list[tuple[int, float]]:
        """(candle, price) of each exit marker."""
        return [(trade[2], trade[3]) for trade in self.data["trades"] if trade[2] is not None]
