"""What each bot's row was last read to wish, kept in memory; the desk that the recorder asks.

Asked by the recorder's thread and by the postman's; a lock guards the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from supervisor.notify.address import url_address
from supervisor.notify.notice import Kind
from supervisor.notify.routing import Service, kinds_wanted
from supervisor.notify.terms import register_url
from supervisor.notify.wishes import Wishes, wishes_of


class WishBook:
    """Wishes by bot, and the URLs behind the addresses made of them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.wake: Callable[[], None] = lambda: None
        """Called when there is news in the outbox; returns at once."""
        self._lock = threading.Lock()
        self._read: dict[int, tuple[object, str | None, Wishes]] = {}
        self._urls = {url_address(target.url).ref: target.url for target in service.targets}
        self.is_open = threading.Event()
        """Set once the database is ours."""

    def wishes(self, bot_id: int, config: object, description: str | None) -> Wishes:
        """What this bot's row wishes; of a config that cannot be read, what it wished before, else nothing."""
        with self._lock:
            known = self._read.get(bot_id)
        if known is not None and known[0] == config and known[1] == description:
            return known[2]
        wishes = wishes_of(bot_id, config, description)
        if wishes is None:
            wishes = known[2] if known is not None else Wishes(bot_id=bot_id, name=description or f"Bot {bot_id}")
        with self._lock:
            self._read[bot_id] = (config, description, wishes)
            self._learn_urls(wishes)
        return wishes

    def _learn_urls(self, wishes: Wishes) -> None:
        for url in (wishes.spec.webhook_url, *(target.url for target in wishes.targets)):
            if url is not None:
                register_url(url)
                self._urls[url_address(url).ref] = url

    def forget_all_but(self, bot_ids: set[int]) -> None:
        """Bots whose rows are gone, and the URLs that nobody names any more."""
        with self._lock:
            self._read = {bot_id: known for bot_id, known in self._read.items() if bot_id in bot_ids}
            self._urls = {url_address(target.url).ref: target.url for target in self.service.targets}
            for _, _, wishes in self._read.values():
                self._learn_urls(wishes)

    def url(self, ref: str) -> str | None:
        """The URL of an address; None when no config names it any more."""
        with self._lock:
            return self._urls.get(ref)

    def wanted(self, wishes: Wishes | None) -> frozenset[Kind]:
        """The kinds of this bot's news (None: the service's) that anybody may hear."""
        return kinds_wanted(wishes, self.service)

    def database_taken(self) -> None:
        """What waits in the outbox may be sent."""
        self.is_open.set()
        self.wake()

    def committed(self) -> None:
        """There is news in the outbox."""
        self.wake()
