"""What a bot's config wishes to be told, and where; also of a config that is otherwise broken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from common.spec.model import NotificationSpec
from common.spec.news_target import NewsTarget
from common.spec.quiet_hours import QuietHours
from common.spec.read import read_spec
from common.wire.ticket import RowFacts
from supervisor.notify.notice import Kind

NOBODY = NotificationSpec(error_notifications=False, bot_events=False, milestones=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """One bot's, as its row says now or said when it could last be read."""

    bot_id: int
    name: str
    spec: NotificationSpec = NOBODY
    symbol: str | None = None
    mode: str | None = None
    """`paper` or `live`, as the config spells it."""
    recorded_market: bool = False
    """Its market has a time of its own (a file, the simulated market), so that days are counted by our clock."""

    @property
    def profit_target(self) -> Decimal | None:
        """Money."""
        return self.spec.profit_target if self.spec.milestones else None

    @property
    def flagged(self) -> frozenset[Kind]:
        """The kinds that the flags ask for."""
        spec = self.spec
        summaries = spec.daily_summary or spec.performance_summaries != "none"
        flags = {
            Kind.ENTRY: spec.position_opened,
            Kind.EXIT: spec.position_closed,
            Kind.ERROR: spec.error_notifications,
            Kind.STATUS: spec.bot_events,
            Kind.ALERT: spec.risk_alerts,
            Kind.MILESTONE: spec.milestones,
            Kind.REPORT: summaries,
        }
        return frozenset(kind for kind, wanted in flags.items() if wanted)

    @property
    def targets(self) -> tuple[NewsTarget, ...]:
        """The URLs of the config."""
        return tuple(NewsTarget.parse(text, bots=False) for text in self.spec.urls)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that somebody shall hear of."""
        channels = self.spec.email_enabled or self.spec.telegram_enabled or self.spec.webhook_enabled
        kinds = set(self.flagged) if channels else set()
        for target in self.targets:
            kinds |= self.flagged if target.kinds is None else {Kind(word) for word in target.kinds}
        return frozenset(kinds)

    @property
    def quiet_hours(self) -> QuietHours | None:
        """Its own quiet hours."""
        return QuietHours.parse(self.spec.quiet_hours) if self.spec.quiet_hours else None

    @property
    def periods(self) -> frozenset[str]:
        """Which summaries are due: hourly, daily, weekly, monthly."""
        asked = {self.spec.performance_summaries} - {"none"}
        return frozenset(asked | ({"daily"} if self.spec.daily_summary else set()))


def wishes_of(bot_id: int, config: object, description: str | None) -> Wishes | None:
    """Read `config` (decoded, or its text); None when it is not even an object. Wrong values count as absent."""
    draft = read_spec(config, RowFacts(bot_id=bot_id, user_id=None, description=description)).draft
    if draft is None:
        return None
    return Wishes(
        bot_id=bot_id,
        name=draft.name,
        spec=draft.notifications,
        symbol=draft.symbol,
        mode=draft.broker.trading_mode,
        recorded_market=draft.data.source in ("file", "simulated"),
    )
