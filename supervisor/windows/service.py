"""The service between Windows and the supervisor (pywin32; the class exists on Windows only)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from supervisor.processes.kept import KeptSupervisor
from supervisor.settings import Settings, load_settings
from supervisor.windows.plan import SERVICE, SETTINGS_OPTION, STOP_MARGIN, settings_from


def kept_with(settings: Mapping[str, str], say: Callable[[str], None]) -> tuple[KeptSupervisor, Settings]:
    """A supervisor that runs with these settings above this process's environment. Raises ConfigurationError."""
    os.environ.update(settings)
    loaded = load_settings()
    kept = KeptSupervisor(state_dir=loaded.state_dir, run_dir=loaded.runtime_dir, environment=dict(os.environ), say=say)
    return kept, loaded


def stop_kept(kept: KeptSupervisor, settings: Settings) -> None:
    """Stop it as the settings allow."""
    within = settings.stop_timeout + STOP_MARGIN
    kept.stop(within=within, term_grace=settings.term_grace, abort_grace=settings.abort_grace)


if sys.platform == "win32":
    import servicemanager
    import win32service
    import win32serviceutil

    class BotvisorService(win32serviceutil.ServiceFramework):
        """What the service control manager starts and stops."""

        _svc_name_ = SERVICE
        _svc_display_name_ = SERVICE

        def __init__(self, arguments: list[str]) -> None:
            super().__init__(arguments)
            kept = settings_from(win32serviceutil.GetServiceCustomOption(SERVICE, SETTINGS_OPTION, ""))
            self._kept, self._settings = kept_with(kept, servicemanager.LogWarningMsg)

        def SvcDoRun(self) -> None:
            """Runs until the service is stopped."""
            servicemanager.LogInfoMsg(f"{SERVICE} starts; logs are in {self._settings.logs_dir}")
            code = self._kept.run()
            if code:
                servicemanager.LogErrorMsg(f"{SERVICE} ended with {code}; see {self._settings.logs_dir}")
            else:
                servicemanager.LogInfoMsg(f"{SERVICE} has stopped")

        def SvcStop(self) -> None:
            """Asked to stop: bots end side by side, which may take some seconds."""
            patience = int((self._settings.stop_timeout + 2 * STOP_MARGIN) * 1000)
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=patience)
            stop_kept(self._kept, self._settings)

        SvcShutdown = SvcStop

    def host() -> None:
        """Speak to the service control manager; returns when the service has ended."""
        servicemanager.Initialize()
        servicemanager.PrepareToHostSingle(BotvisorService)
        servicemanager.StartServiceCtrlDispatcher()
