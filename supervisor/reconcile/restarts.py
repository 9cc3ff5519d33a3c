"""What an exit means for the next start: at once, after a wait, or never again for this generation.

A pure fold over exits, as OTP supervisors and systemd units have it: restart at once, then exponential
backoff with jitter, forgotten after a stable time, and a verdict of quarantine at the limit.
"""

from __future__ import annotations

from dataclasses import replace

from common.backoff import delay
from common.error_class import ErrorClass
from common.recovery import CircuitBreaker, breaks_circuit
from supervisor.reconcile.exits import FAULTS, FROM_OUTSIDE, NEVER_LIVED, ExitCause, ExitView
from supervisor.reconcile.states import LiveWorker, ObservedBot, Policy, RestartHistory

_OF_THE_EXCHANGE = frozenset({ErrorClass.NETWORK, ErrorClass.EXCHANGE, ErrorClass.RATE_LIMIT})


def after_exit(history: RestartHistory, exit: ExitView, policy: Policy, now: float, jitter: float) -> RestartHistory:
    """The history after `exit` at `now`; `jitter` is a uniform random number in [0, 1)."""
    sheet = _sheet_for(history, exit, policy, now)
    if exit.cause in NEVER_LIVED:
        return _again(sheet, policy, now, jitter)
    if exit.settle or exit.cause is ExitCause.UNSETTLED:
        return _again(_counting_on(sheet, history, exit), policy, now, jitter) if _is_owed(exit) else history
    if exit.cause is ExitCause.HOPELESS:
        failed = replace(sheet, failures=sheet.failures + 1)
        return replace(failed, verdict=_because("a restart cannot cure it", exit))
    if exit.cause is ExitCause.FINISHED:
        return replace(sheet, finished=True)
    if exit.cause in FROM_OUTSIDE and exit.recorded_progress:
        return _killed(sheet, exit, policy, now)
    if exit.cause in FAULTS or exit.cause in FROM_OUTSIDE:
        return _failed(sheet, exit, policy, now, jitter)
    if exit.reached_running or exit.asked:
        return sheet
    return _wait(replace(sheet, fruitless=sheet.fruitless + 1), policy, now, jitter)


def bury(observed: ObservedBot, exit: ExitView, policy: Policy, now: float, jitter: float) -> ObservedBot:
    """The bot after its life has been proved gone."""
    return replace(
        observed,
        worker=None,
        history=after_exit(observed.history, exit, policy, now, jitter),
        unsettled=unsettled_after(observed.unsettled, exit),
    )


def lift(observed: ObservedBot) -> ObservedBot:
    """The bot after an operator asked for another try: quarantine, failures and waits are forgotten."""
    return replace(observed, history=RestartHistory(), quarantined_generation=None)


def unsettled_after(before: bool, exit: ExitView) -> bool:
    """Whether the bot's stop policy has still to be applied, should the bot stay off.

    A settle life that lived is repeated only when the exchange did not answer, or somebody else ended it; a life
    that never traded changes nothing.
    An orphan that left on its own has followed its stop policy.
    """
    if exit.cause in NEVER_LIVED:
        return before
    if _is_owed(exit):
        return True
    if exit.settle or exit.settled or exit.cause in (ExitCause.FINISHED, ExitCause.ORPHANED):
        return False
    return before or exit.reached_running


def _is_owed(exit: ExitView) -> bool:
    """Whether the end says that the stop policy can be carried out by another life, and has not been."""
    interrupted = exit.settle and (exit.cause in FROM_OUTSIDE or exit.category in _OF_THE_EXCHANGE)
    return exit.cause is ExitCause.UNSETTLED or interrupted


def error_count(history: RestartHistory, worker: LiveWorker | None, policy: Policy, now: float) -> int:
    """Consecutive failures as the row shall tell them: none once the present life has been stable."""
    if worker is None:
        return history.failures
    if worker.generation != history.generation:
        return 0
    stable = worker.running_since is not None and now >= worker.running_since + policy.stable_after
    return 0 if stable else history.failures


def _sheet_for(history: RestartHistory, exit: ExitView, policy: Policy, now: float) -> RestartHistory:
    """The sheet this exit is entered on: clean for another generation, and without what is long ago."""
    if exit.generation != history.generation:
        return RestartHistory(generation=exit.generation)
    stable = exit.healthy_for >= policy.stable_after
    return replace(
        history,
        failures=0 if stable else history.failures,
        fruitless=0 if exit.reached_running else history.fruitless,
        breaker=CircuitBreaker() if stable else history.breaker,
        kills=tuple(at for at in history.kills if at > now - policy.kill_window),
        next_start_at=None,
    )


def _killed(sheet: RestartHistory, exit: ExitView, policy: Policy, now: float) -> RestartHistory:
    kills = (*sheet.kills, now)
    if len(kills) < policy.kill_limit:
        return replace(sheet, kills=kills)
    rule = f"killed from outside {len(kills)} times within {policy.kill_window:g} s"
    return replace(sheet, kills=kills, verdict=_because(rule, exit))


def _failed(sheet: RestartHistory, exit: ExitView, policy: Policy, now: float, jitter: float) -> RestartHistory:
    failed = replace(sheet, failures=sheet.failures + 1)
    if breaks_circuit(exit.category):
        return _held_off(failed, policy, now, jitter)
    if failed.failures < policy.restart_limit:
        return _wait(failed, policy, now, jitter)
    return replace(failed, verdict=_because(f"{failed.failures} failures in a row", exit))


def _held_off(failed: RestartHistory, policy: Policy, now: float, jitter: float) -> RestartHistory:
    """What is no fault of the bot is tried for as long as it takes, with long pauses."""
    waiting = replace(_wait(failed, policy, now, jitter), breaker=failed.breaker.failed(now))
    earliest = max(waiting.next_start_at or now, waiting.breaker.retry_at(now))
    return replace(waiting, next_start_at=earliest if earliest > now else None)


def _wait(sheet: RestartHistory, policy: Policy, now: float, jitter: float, extra: int = 0) -> RestartHistory:
    attempt = sheet.failures + sheet.fruitless + extra
    wait = delay(attempt, jitter, base=policy.backoff_base, cap=policy.backoff_cap)
    return replace(sheet, next_start_at=now + wait if wait > 0 else None)


def _counting_on(sheet: RestartHistory, history: RestartHistory, exit: ExitView) -> RestartHistory:
    """Settle lives in a row wait longer and longer, though each of them ran."""
    same = exit.settle and exit.generation == history.generation
    return replace(sheet, fruitless=history.fruitless) if same else sheet


def _again(sheet: RestartHistory, policy: Policy, now: float, jitter: float) -> RestartHistory:
    return _wait(replace(sheet, fruitless=sheet.fruitless + 1), policy, now, jitter, extra=1)


def _because(rule: str, exit: ExitView) -> str:
    last = f"{exit.cause}: {exit.detail}" if exit.detail else str(exit.cause)
    return f"{rule}; the last end: {last}"
