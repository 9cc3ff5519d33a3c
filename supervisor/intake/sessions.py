"""Who is who on the socket: connections, and the lives that proved to own them by their secret.

No sockets here. A connection is known by its routing id; a life has at most one, the latest that said its
token. Unknown connections are kept in a bounded table, so a flood of them costs a fixed amount of memory.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, field

from common.errors import BotvisorError

ASK_INTERVAL = 1.0
"""Least seconds between two Identify to one connection."""
MAX_STRANGERS = 1024


@dataclass(slots=True, kw_only=True)
class Session:
    """One admitted life and the connection it speaks on."""

    bot_id: int
    incarnation: int
    token: bytes = field(repr=False)
    routing_id: bytes | None = None
    """None until the life has said Hello."""
    unsent_acks: dict[str, int] = field(default_factory=dict)
    """Acknowledgements that the connection did not take yet: highest seq per journal."""


@dataclass(slots=True)
class _Stranger:
    asked_at: float
    claim: bytes | None = None
    """Digest of a token that no admitted life has, yet."""


class Sessions:
    """The table of lives and connections."""

    def __init__(self) -> None:
        self._by_claim: dict[bytes, Session] = {}
        self._by_incarnation: dict[int, Session] = {}
        self._by_routing: dict[bytes, Session] = {}
        self._strangers: OrderedDict[bytes, _Stranger] = OrderedDict()

    def admit(self, token: str, bot_id: int, incarnation: int) -> list[bytes]:
        """Expect a life; returns connections that already claimed its token and should be asked again.

        Raises BotvisorError when another life has this token.
        """
        secret = token.encode()
        claim = _digest(secret)
        known = self._by_claim.get(claim)
        if known is not None and known.incarnation != incarnation:
            raise BotvisorError(
                f"life {incarnation} of bot {bot_id} has the token of life {known.incarnation}; each life needs its own"
            )
        if known is None:
            self.dismiss(incarnation)
            session = Session(bot_id=bot_id, incarnation=incarnation, token=secret)
            self._by_claim[claim] = self._by_incarnation[incarnation] = session
        return [routing_id for routing_id, stranger in self._strangers.items() if stranger.claim == claim]

    def dismiss(self, incarnation: int) -> None:
        """Forget a life; what it says from now on is a stranger's. An unknown life is fine."""
        session = self._by_incarnation.pop(incarnation, None)
        if session is None:
            return
        del self._by_claim[_digest(session.token)]
        self.disconnect(session)

    def disconnect(self, session: Session) -> None:
        """The session's connection is gone."""
        if session.routing_id is not None:
            self._by_routing.pop(session.routing_id, None)
        session.routing_id = None
        session.unsent_acks.clear()

    def of_life(self, incarnation: int) -> Session | None:
        """The session of an admitted life."""
        return self._by_incarnation.get(incarnation)

    def of_connection(self, routing_id: bytes) -> Session | None:
        """The session that owns a connection."""
        return self._by_routing.get(routing_id)

    def with_unsent_acks(self) -> list[Session]:
        """Sessions that are owed an acknowledgement."""
        return [session for session in self._by_routing.values() if session.unsent_acks]

    def claim(self, routing_id: bytes, token: str, now: float) -> Session | None:
        """Give the connection to the life with this token, taking it from its earlier one; None for a wrong token."""
        secret = token.encode("utf-8", "surrogatepass")
        session = self._by_claim.get(_digest(secret))
        if session is None or not hmac.compare_digest(session.token, secret):
            self._stranger(routing_id, now).claim = _digest(secret)
            return None
        if session.routing_id != routing_id:
            owner = self._by_routing.get(routing_id)
            if owner is not None:
                self.disconnect(owner)
            self.disconnect(session)
            session.routing_id = routing_id
            self._by_routing[routing_id] = session
        self._strangers.pop(routing_id, None)
        return session

    def should_ask(self, routing_id: bytes, now: float) -> bool:
        """Whether an unknown connection is to be asked who it is, now."""
        known = routing_id in self._strangers
        stranger = self._stranger(routing_id, now)
        if known and now - stranger.asked_at < ASK_INTERVAL:
            return False
        stranger.asked_at = now
        return True

    def _stranger(self, routing_id: bytes, now: float) -> _Stranger:
        stranger = self._strangers.get(routing_id)
        if stranger is None:
            stranger = self._strangers[routing_id] = _Stranger(now)
            if len(self._strangers) > MAX_STRANGERS:
                self._strangers.popitem(last=False)
        return stranger


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
