"""How patient live trading is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All in seconds."""

    limit_timeout: float | None = None
    """A limit entry that has waited this long is taken back; None: it waits as long as the exchange lets it."""
    doubt_after: float = 10.0
    """An order whose sending has not been answered for this long is in doubt, and is looked for."""
    executions_patience: float = 15.0
    """How long fills that a report counts may lack in the list of executions before they are taken from the report."""
    vanished_after: float = 30.0
    """How long an order that was there must be unknown to the exchange before it counts as cancelled."""
    audit_interval: float = 60.0
    """Between two comparisons of the account with what is known here."""
