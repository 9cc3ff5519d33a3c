"""Where a back-test's facts go instead of a journal: its trades and refusals, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from common.trading.money import round_money, round_percent
from common.trading.round_trip import RoundTrip
from common.wire.facts import AnyFact, Checkpoint, EntryDenied, TradeChanged

_MONEY = ("entry_price", "entry_value", "size", "commission", "exit_price", "exit_value", "gross_pnl", "net_pnl")


class Ledger:
    """Commits of one back-test. `on_commit` is called after each with the newest checkpoint."""

    def __init__(self, on_commit: Callable[[Checkpoint | None], None]) -> None:
        self._on_commit = on_commit
        self._last: dict[str, RoundTrip] = {}
        self.denials: dict[str, int] = {}
        """Refused entries by rule."""

    def commit(self, facts: Sequence[AnyFact], checkpoint: Checkpoint | None, **_: bool) -> None:
        """As `worker.engine.session.Commit`."""
        for fact in facts:
            if isinstance(fact, TradeChanged):
                self._last[fact.trade_key] = row_of(fact)
            elif isinstance(fact, EntryDenied):
                self.denials[fact.rule] = self.denials.get(fact.rule, 0) + 1
        self._on_commit(checkpoint)

    def trades(self) -> list[RoundTrip]:
        """The last state of each trade, in order of entry."""
        return list(self._last.values())


def row_of(fact: TradeChanged) -> RoundTrip:
    """The row that the fact becomes, money rounded as its columns round it."""
    values: dict[str, Any] = {name: getattr(fact, name) for name in RoundTrip.model_fields}
    for name in _MONEY:
        if values[name] is not None:
            values[name] = round_money(values[name])
    if values["pnl_percentage"] is not None:
        values["pnl_percentage"] = round_percent(values["pnl_percentage"])
    return RoundTrip(**values)
