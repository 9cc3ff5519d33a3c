"""The way of a request through the exchange: limits, faults, signature, deed, answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from worker.exchange_sim.account import Account
from worker.exchange_sim.faults import ORDER, TRANSPORT, FaultRule, Faults
from worker.exchange_sim.house import House
from worker.exchange_sim.kinds import PLACE
from worker.exchange_sim.limits import Limits
from worker.exchange_sim.operations import Operation
from worker.exchange_sim.refusal import Refusal
from worker.exchange_sim.request import Request
from worker.exchange_sim.request_log import Entry, RequestLog
from worker.exchange_sim.signing import customer, verify

_MALFORMED = '{"symbol":"BTCUSDT","orderId":'


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came in."""

    operation: Operation
    params: Mapping[str, str]
    signed_text: str
    """What its signature was made of."""
    api_key: str | None
    address: str
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back."""

    status: int = 200
    text: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    """No answer: the connection is cut."""


class Desk:
    """Owned by the server's event loop."""

    def __init__(self, house: House, faults: Faults) -> None:
        self.house = house
        self.faults = faults
        self.log = RequestLog()
        self._limits = Limits(house.setup.weight_limit, house.setup.order_limit)

    async def answer(self, call: Call) -> Reply:
        """Do what is asked, or what a fault makes of it."""
        entry = self.log.begin(call.operation.kind, call.over, call.params, self.house.clock.now_ms())
        known = self.house.accounts.get(call.api_key or "")
        entry.account = known.name if known else None
        fault = self.faults.draw(TRANSPORT, call.operation.kind, _facts(call.params, known))
        rule = fault.rule if fault else None
        if fault is not None:
            entry.fault = fault.rule.fault
        reply = await _before(rule) if rule is not None and rule.happens_before else None
        if reply is None:
            reply = self._deed(call, entry, known, rule)
            if rule is not None and not rule.happens_before:
                reply = await _after(rule, reply)
        if not reply.hang_up:
            entry.status, entry.answered_at = reply.status, self.house.clock.now_ms()
        return reply

    def _deed(self, call: Call, entry: Entry, known: Account | None, rule: FaultRule | None) -> Reply:
        headers: dict[str, str] = {}
        try:
            used = self._limits.weigh(call.address, call.operation.weight, self.house.clock.now_ms())
            headers["X-MBX-USED-WEIGHT-1M"] = str(used)
            answer = self._carried_out(call, entry, known, rule)
        except Refusal as refusal:
            entry.code = refusal.code
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
            return Reply(status=refusal.status, text=json.dumps(refusal.body), headers=headers)
        entry.acted = True
        return Reply(text=json.dumps(answer), headers=headers)

    def _carried_out(self, call: Call, entry: Entry, known: Account | None, rule: FaultRule | None) -> Any:
        operation, now = call.operation, self.house.clock.now_ms()
        mine = customer(self.house.accounts, call.api_key) if operation.signed else known
        if operation.signed and mine is not None:
            verify(mine, call.signed_text, call.params, now)
        lag = rule is not None and rule.fault == "lag"
        request = Request(
            house=self.house,
            params=call.params,
            customer=mine,
            known_until=now - round(rule.seconds * 1000) if lag and rule is not None else None,
        )
        if operation.kind != PLACE or mine is None:
            return operation.run(request)
        self._limits.count_order(mine.name, now)
        suffers = self.faults.draw(ORDER, operation.kind, _facts(call.params, mine))
        if suffers is not None:
            entry.fault = suffers.rule.fault if entry.fault is None else f"{entry.fault}, {suffers.rule.fault}"
        return operation.run(replace(request, fault=suffers))


def _facts(params: Mapping[str, str], account: Account | None) -> dict[str, str]:
    facts = {name: params.get(name, "") for name in ("symbol", "side", "type")}
    return {**facts, "account": account.name if account else ""}


async def _before(rule: FaultRule) -> Reply | None:
    """What comes instead of the deed; None: the deed comes, later."""
    if rule.fault == "late":
        await asyncio.sleep(rule.seconds)
        return None
    if rule.fault == "hang_up":
        return Reply(hang_up=True)
    if rule.fault == "too_many":
        return _told(
            429, -1003, "Too many requests; current limit is 6000 request weight per 1 MINUTE.", rule.retry_after
        )
    if rule.fault == "banned":
        return _told(418, -1003, "Way too many requests; IP banned.", rule.retry_after)
    if rule.fault == "maintenance":
        return _told(503, 1, "System is under maintenance.", None)
    return _error(rule) if rule.fault == "error" else None


async def _after(rule: FaultRule, reply: Reply) -> Reply:
    """What becomes of the answer."""
    if rule.fault == "late":
        await asyncio.sleep(rule.seconds)
        return reply
    if rule.fault == "hang_up":
        return Reply(hang_up=True)
    if rule.fault == "error":
        return _error(rule)
    if rule.fault == "empty":
        return Reply(text="{}", headers=reply.headers)
    if rule.fault == "malformed":
        return Reply(text=_MALFORMED, headers=reply.headers)
    if rule.fault == "double":
        found = json.loads(reply.text)
        return Reply(text=json.dumps(found + found), headers=reply.headers) if isinstance(found, list) else reply
    return reply


def _error(rule: FaultRule) -> Reply:
    if "code" in rule.model_fields_set:
        return _told(rule.status, rule.code, rule.message, None)
    return Reply(
        status=rule.status, text="<html><body>Bad gateway</body></html>", headers={"Content-Type": "text/html"}
    )


def _told(status: int, code: int, message: str, retry_after: int | None) -> Reply:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Reply(status=status, text=json.dumps({"code": code, "msg": message}), headers=headers)
