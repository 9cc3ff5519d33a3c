"""What the settings ask of the pure rules: limits of supervision, of health, of the host, of failover mode."""

from __future__ import annotations

from dataclasses import replace

from common.spec.limits import limits_of
from supervisor.reconcile.failover import FailoverRule
from supervisor.reconcile.health import HealthPolicy
from supervisor.reconcile.pressure import PressurePolicy, Resource
from supervisor.reconcile.states import Policy
from supervisor.settings import Settings

_MEGABYTE = 1_000_000


def health_policy_of(settings: Settings) -> HealthPolicy:
    """Thresholds of a life; a config's own limits are laid over them."""
    return HealthPolicy(
        heartbeat_interval=settings.heartbeat_interval,
        misses=settings.heartbeat_misses,
        response_limit=settings.response_limit or None,
        error_limit=settings.error_rate_limit or None,
        cpu_limit=settings.bot_cpu_limit_percent or None,
        memory_limit=int(settings.bot_memory_limit_mb * _MEGABYTE) or None,
        failed_checks=settings.health_failed_checks,
    )


def with_limits_of(policy: HealthPolicy, config: object) -> HealthPolicy:
    """The thresholds with what the bot's config says of memory and processor."""
    limits = limits_of(config)
    if limits.memory_mb is not None:
        policy = replace(policy, memory_limit=int(limits.memory_mb * _MEGABYTE) or None)
    if limits.cpu_percent is not None:
        policy = replace(policy, cpu_limit=limits.cpu_percent or None)
    return policy


def pressure_policy_of(settings: Settings) -> PressurePolicy:
    """Thresholds of the host."""
    return PressurePolicy(
        warn_percent={
            Resource.CPU: settings.cpu_warn_percent,
            Resource.MEMORY: settings.memory_warn_percent,
            Resource.DISK: settings.disk_warn_percent,
        }
    )


def failover_rule_of(settings: Settings) -> FailoverRule:
    """The limits of failover mode that the settings ask for."""
    return FailoverRule(
        errors=settings.failover_errors, window=settings.failover_window, cooldown=settings.failover_cooldown
    )


def policy_of(settings: Settings) -> Policy:
    """The limits of supervision that the settings ask for."""
    return Policy(
        heartbeat_interval=settings.heartbeat_interval,
        misses=settings.heartbeat_misses,
        start_timeout=settings.start_timeout,
        drain_grace=settings.drain_grace,
        settle_grace=settings.settle_grace,
        term_grace=settings.term_grace,
        abort_grace=settings.abort_grace,
        restart_limit=settings.restart_limit,
        stable_after=settings.stable_after,
        kill_limit=settings.kill_limit,
        kill_window=settings.kill_window,
        backoff_base=settings.restart_delay,
        backoff_cap=settings.restart_delay_max,
        max_bots=settings.max_bots,
    )
