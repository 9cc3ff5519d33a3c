"""A target of news as configs and settings write it: an apprise URL, perhaps after words that choose what goes."""

from __future__ import annotations

import re
from dataclasses import dataclass

KIND_WORDS: dict[str, frozenset[str]] = {
    "entries": frozenset({"trade_entry"}),
    "exits": frozenset({"trade_exit"}),
    "trades": frozenset({"trade_entry", "trade_exit"}),
    "errors": frozenset({"error"}),
    "events": frozenset({"status"}),
    "risk": frozenset({"alert"}),
    "milestones": frozenset({"milestone"}),
    "summaries": frozenset({"report"}),
    "service": frozenset({"system"}),
    "all": frozenset({"trade_entry", "trade_exit", "error", "status", "alert", "milestone", "report", "system"}),
}
"""Words that choose kinds of news, with the kinds of the message history that each means."""
_FORM = re.compile(r"^(?:(?P<words>[^=/?#]*)=)?(?P<url>[A-Za-z][A-Za-z0-9+.-]*://\S+)$")
_BOT, _TAG = "bot:", "tag:"


@dataclass(frozen=True, slots=True)
class NewsTarget:
    """Where, and what goes there. Words of one sort widen, words of two sorts narrow each other."""

    url: str
    """Holds secrets."""
    kinds: frozenset[str] | None = None
    """None: no word chooses."""
    bots: frozenset[str] = frozenset()
    """Ids or names; with `tags` both empty, all bots."""
    tags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str, *, bots: bool = True) -> NewsTarget:
        """Read `errors,bot:7=slack://…`; `bots`: whether words may choose bots.

        Raises ValueError with the rule; the message never shows the URL.
        """
        found = _FORM.match(text.strip())
        if found is None:
            raise ValueError(
                "must be an apprise URL (scheme://…), with or without words before it, as errors=slack://…"
            )
        words = [word.strip() for word in (found["words"] or "").split(",") if word.strip()]
        kinds = [KIND_WORDS[word] for word in words if word in KIND_WORDS]
        named = frozenset(word.removeprefix(_BOT) for word in words if word.startswith(_BOT))
        tags = frozenset(word.removeprefix(_TAG) for word in words if word.startswith(_TAG))
        strange = [word for word in words if word not in KIND_WORDS and not word.startswith((_BOT, _TAG))]
        if strange or (not bots and (named or tags)):
            known = ", ".join([*KIND_WORDS, *([f"{_BOT}ID", f"{_TAG}NAME"] if bots else [])])
            raise ValueError(f"the words before an apprise URL must be of: {known}")
        return cls(found["url"], frozenset().union(*kinds) if kinds else None, named, tags)

    def about(self, bot_id: int | None, name: str | None, tags: frozenset[str]) -> bool:
        """Whether news of this bot (None: of the service) may go here."""
        if not self.bots and not self.tags:
            return True
        return bot_id is not None and (str(bot_id) in self.bots or name in self.bots or bool(tags & self.tags))
