"""The thresholds of health and of pressure that the settings ask for."""

from __future__ import annotations

from supervisor.reconcile.health import HealthPolicy
from supervisor.reconcile.pressure import PressurePolicy, Resource
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


def pressure_policy_of(settings: Settings) -> PressurePolicy:
    """Thresholds of the host."""
    return PressurePolicy(
        warn_percent={
            Resource.CPU: settings.cpu_warn_percent,
            Resource.MEMORY: settings.memory_warn_percent,
            Resource.DISK: settings.disk_warn_percent,
        }
    )
