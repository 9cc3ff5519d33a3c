"""News in words: one notice, or several at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supervisor.notify.figures import duration, moment, money, number_of, percent, price, size, words
from supervisor.notify.notice import Kind, Notice, Priority
from supervisor.notify.summary_words import report_body, report_title


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    body: str
    """What a phone shows."""
    details: tuple[str, ...] = ()
    """Lines for those who have room for them."""
    priority: Priority = Priority.NORMAL

    @property
    def long(self) -> str:
        """Body and details."""
        return "\n".join((self.body, "", *self.details)) if self.details else self.body


def phrase(notice: Notice, *, reminder: int = 0) -> Message:
    """One notice in words; `reminder` counts how often it was told before."""
    title, body, details = _PHRASES[notice.kind](notice, notice.facts)
    if reminder:
        title = f"Reminder {reminder}: {title}"
    if notice.repeats:
        body = f"{body}\nTold again until somebody acknowledges it: botctl ack"
    return Message(title, body, tuple(details), notice.priority)


def phrase_together(notices: Sequence[Notice]) -> Message:
    """Several notices of one group as one message: a line each, oldest first."""
    if len(notices) == 1:
        return phrase(notices[0])
    lines = [f"{notice.at:%H:%M:%S} {phrase(notice).body}" for notice in notices]
    priority = min((notice.priority for notice in notices), key=lambda one: one.rank)
    return Message(_heading(notices), "\n".join(lines), (), priority)


def group_of(kind: Kind) -> str:
    """Notices of one group may share a message."""
    return "trade" if kind in (Kind.ENTRY, Kind.EXIT) else str(kind)


def _heading(notices: Sequence[Notice]) -> str:
    count, topics = len(notices), {notice.topic for notice in notices}
    bots = len({notice.bot_id for notice in notices})
    kind = notices[0].kind
    if kind is Kind.STATUS and len(topics) == 1:
        return f"{bots} bots {_STATUS_WORDS.get(notices[0].topic, words(notices[0].topic))}"
    if group_of(kind) == "trade":
        opened = sum(notice.kind is Kind.ENTRY for notice in notices)
        parts = [f"{opened} opened"] if opened else []
        parts += [f"{count - opened} closed"] if count > opened else []
        return f"Positions: {', '.join(parts)}"
    plural = {Kind.ERROR: "errors", Kind.STATUS: "bot events", Kind.ALERT: "alerts", Kind.MILESTONE: "milestones"}
    plural |= {Kind.REPORT: "summaries", Kind.SYSTEM: "events of the service"}
    return f"{count} {plural[kind]}"


def _name(notice: Notice) -> str:
    return notice.bot_name or (f"Bot {notice.bot_id}" if notice.bot_id is not None else "botvisor")


_Phrase = tuple[str, str, list[str]]


def _entry(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    verb = "BUY" if facts.get("direction") != "short" else "SELL SHORT"
    body = f"[{_name(notice)}] {verb} {_deal(facts)}{_mode(facts)}"
    details = [
        f"Value: {money(number_of(facts.get('value')))}, fee {money(number_of(facts.get('commission')))}",
        f"Entry rule: {facts.get('entry_logic')}, exit rule: {facts.get('exit_logic')}",
        f"Market time: {_when(facts.get('entry_time'))}",
    ]
    return f"Position Opened: {facts.get('symbol')}", body, details


def _exit(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    verb = "SELL" if facts.get("direction") != "short" else "BUY TO COVER"
    pnl, share = number_of(facts.get("pnl")), number_of(facts.get("pnl_pct"))
    result = f" (P&L: {money(pnl)} / {percent(share)})"
    reason = f" – {words(str(facts['exit_reason']))}" if facts.get("exit_reason") else ""
    body = f"[{_name(notice)}] {verb} {_deal(facts)}{_mode(facts)}{result}{reason}"
    opened, ended = _time(facts.get("entry_time")), _time(facts.get("exit_time"))
    held = f", held {duration(ended - opened)}" if opened and ended else ""
    details = [
        f"Entry {price(number_of(facts.get('entry_price')))}, exit {price(number_of(facts.get('exit_price')))}{held}",
        f"Fees {money(number_of(facts.get('commission')))}, P&L after fees {money(pnl, signed=True)}",
        f"Market time: {_when(facts.get('exit_time'))}",
    ]
    return f"Position Closed: {facts.get('symbol')}", body, details


def _deal(facts: Mapping[str, Any]) -> str:
    return f"{size(number_of(facts.get('size')))} {facts.get('symbol')} @ {price(number_of(facts.get('price')))}"


def _mode(facts: Mapping[str, Any]) -> str:
    return " (Paper Trading)" if facts.get("trading_mode") == "paper" else ""


def _error(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    name = _name(notice)
    message = str(facts.get("message", "")).removeprefix(f"{name}: ").removeprefix(f"Bot {notice.bot_id}: ")
    title = f"Bot Error: {name}" if notice.bot_id is not None else "Service Error"
    details = [f"Look closer: botctl incidents {notice.bot_id}"] if notice.bot_id is not None else []
    return title, f"[{name}] {facts.get('error_type', 'ERROR')}: {message}", details


_STATUS_WORDS = {
    "started": "started",
    "restarted": "restarted",
    "config_applied": "restarted with a new config",
    "stopped": "stopped",
    "finished": "finished",
}
_OFF = frozenset({"stopped", "finished"})


def _status(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    said = _STATUS_WORDS.get(notice.topic, words(notice.topic))
    why = f" ({facts['why']})" if facts.get("why") else ""
    sign = "🛑" if notice.topic in _OFF else "🤖"
    return f"Bot {said}: {_name(notice)}", f"{sign} [{_name(notice)}] {said}{why}", []


def _alert(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    name = _name(notice)
    if "rule" not in facts:
        return f"Warning: {name}", f"[{name}] {facts.get('message', '')}", []
    figures = f" (value {facts.get('value') or '?'}, limit {facts.get('limit') or '?'})"
    body = f"[{name}] {facts['rule']}: {facts.get('message', '')}{figures}"
    return f"Risk limit reached: {name}", body, ["No new entries while it holds; an open position stays managed."]


def _milestone(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    name, total = _name(notice), money(number_of(facts.get("total_pnl")), signed=True)
    if notice.topic == "profit":
        target = money(number_of(facts.get("target")))
        return f"Profit target reached: {name}", f"🎯 [{name}] profit target {target} reached, total P&L {total}", []
    return f"{facts.get('trades')} trades: {name}", f"🎯 [{name}] {facts.get('trades')} trades, total P&L {total}", []


def _report(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    return report_title(_name(notice), facts), *report_body(_name(notice), facts)


_SERVICE = {
    "started": "botvisor has started on {host}",
    "started_after_crash": "botvisor has started on {host}, after a crash or a kill of the supervisor before it",
    "stopped": "botvisor has stopped on {host}",
}


def _system(notice: Notice, facts: Mapping[str, Any]) -> _Phrase:
    sentence = _SERVICE.get(notice.topic)
    if sentence is None:
        return f"Service: {words(notice.topic)}", str(facts.get("message", words(notice.topic))), []
    return "Service started" if notice.topic != "stopped" else "Service stopped", sentence.format(**facts), []


_PHRASES: dict[Kind, Callable[[Notice, Mapping[str, Any]], _Phrase]] = {
    Kind.ENTRY: _entry,
    Kind.EXIT: _exit,
    Kind.ERROR: _error,
    Kind.STATUS: _status,
    Kind.ALERT: _alert,
    Kind.MILESTONE: _milestone,
    Kind.REPORT: _report,
    Kind.SYSTEM: _system,
}


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _when(text: Any) -> str:
    found = _time(text)
    return "unknown" if found is None else moment(found)
