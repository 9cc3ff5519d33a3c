"""Installing the service, clearing up after it, and freeing a lost host's database."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from botctl_here import Botctl
from waiting import PATIENCE

from common.file_lock import try_lock
from supervisor.host.intent import Intent, write_intent
from supervisor.host.name import host_name
from supervisor.service_manager.unit import Service, quoted, unit_text

needs_verify = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (package systemd)"
)


def a_service(folder: Path, *, user: bool = False, name: str = "botvisor", python: str = sys.executable) -> Service:
    return Service(name=name, python=python, stop_timeout=30, user=user, account="daemon", home=folder)


def verify(path: Path, *, user: bool) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *(["--user"] if user else []), "--man=no", "verify", str(path)]
    environment = os.environ | {"XDG_RUNTIME_DIR": str(path.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@needs_verify
@pytest.mark.parametrize("user", [False, True], ids=["system", "user"])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, user: bool) -> None:
    service = a_service(tmp_path, user=user)
    path = tmp_path / "botvisor.service"
    path.write_text(unit_text(service))
    done = verify(path, user=user)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    path.write_text(unit_text(service).replace("KillMode=process", "KillMode=sometimes"))
    assert "kill mode" in verify(path, user=user).stderr, "it would have found something"


def test_the_unit_keeps_workers_alive_over_a_crash(tmp_path: Path) -> None:
    lines = unit_text(a_service(tmp_path)).splitlines()
    wanted = {
        "Type=notify", "NotifyAccess=main", "KillMode=process", "Restart=always", "RestartSec=1", "WatchdogSec=30",
        "TimeoutStopSec=45", "RuntimeDirectoryPreserve=yes", "OOMPolicy=continue", "NoNewPrivileges=yes",
        "ProtectSystem=strict", "User=daemon", "StateDirectory=botvisor", "LogsDirectory=botvisor",
        "RuntimeDirectory=botvisor", "EnvironmentFile=-/etc/botvisor.env", "LimitNOFILE=65536",
        f"ExecStart={sys.executable} -m supervisor", f"ExecStopPost={sys.executable} -m supervisor end-strays",
    }  # fmt: skip
    assert wanted <= set(lines)
    assert not [line for line in lines if line.startswith(("PrivateTmp", "PrivateUsers", "DynamicUser", "PrivatePIDs"))]
    assert "@" not in "".join(line for line in lines if "SystemCallFilter" not in line)


def test_control_groups_are_delegated_where_systemd_can_start_the_supervisor_in_a_leaf_of_them(tmp_path: Path) -> None:
    delegation = {"Delegate=memory cpu", "DelegateSubgroup=supervisor"}
    service = a_service(tmp_path)
    assert not delegation & set(unit_text(replace(service, systemd=253)).splitlines())
    assert delegation <= set(unit_text(replace(service, systemd=254)).splitlines())


def test_words_reach_systemd_as_they_are() -> None:
    assert quoted("/opt/bot visor/100%/$x") == '"/opt/bot visor/100%%/$$x"'
    assert quoted("/usr/bin/python3") == "/usr/bin/python3"


def test_print_prints_and_writes_nothing(nowhere: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(nowhere.folder))
    done = nowhere("install-service", "--user", "--print", "--credential", "BOTVISOR_DATABASE_URL:/etc/bot/url")
    assert done.code == 0
    assert "LoadCredential=BOTVISOR_DATABASE_URL:/etc/bot/url" in done.out
    assert list(nowhere.folder.iterdir()) == []


def test_a_user_s_service_is_written_told_about_written_again_and_removed(
    nowhere: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(nowhere.folder))
    monkeypatch.setenv("PATH", "")  # without systemctl nothing of this machine is asked
    told = nowhere.ask("install-service", "--user", "--name", "fleet")
    unit, settings = Path(told["unit"]), Path(told["environment"])
    assert unit == nowhere.folder / ".config/systemd/user/fleet.service"
    assert "WantedBy=default.target" in unit.read_text()
    assert stat.S_IMODE(settings.stat().st_mode) & 0o007 == 0
    assert "systemctl --user enable --now fleet" in told["next"]
    settings.write_text("BOTVISOR_MAX_BOTS=3\n")
    unit.write_text("")
    assert "stays as it is" in nowhere("install-service", "--user", "--name", "fleet").said
    assert "ExecStart" in unit.read_text()
    assert settings.read_text() == "BOTVISOR_MAX_BOTS=3\n"
    assert nowhere("uninstall-service", "--user", "--name", "fleet").code == 0
    assert not unit.exists()
    assert settings.exists()
    again = nowhere("uninstall-service", "--user", "--name", "fleet")
    assert again.code == 1
    assert "--name" in again.said


@pytest.mark.parametrize("arguments", [("--name", "a/b"), ("--name", "-x"), ("--credential", "nothing")])
def test_names_that_are_none_are_refused(nowhere: Botctl, arguments: tuple[str, str]) -> None:
    refused = nowhere("install-service", "--print", *arguments)
    assert refused.code == 1
    assert arguments[1] in refused.said


def test_strays_are_not_looked_for_after_a_crash_nor_while_a_supervisor_runs(
    nowhere: Botctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = nowhere.folder / "var"
    state.mkdir()
    write_intent(state, Intent.RUNNING)
    for name, value in (("SERVICE_RESULT", "signal"), ("EXIT_CODE", "killed"), ("EXIT_STATUS", "KILL")):
        monkeypatch.setenv(name, value)
    assert "live on" in nowhere("end-strays").said
    for name, value in (("SERVICE_RESULT", "success"), ("EXIT_CODE", "exited"), ("EXIT_STATUS", "0")):
        monkeypatch.setenv(name, value)
    assert nowhere.ask("end-strays")["ended"] == []
    lock = os.open(state / "supervisor.lock", os.O_RDWR | os.O_CREAT)
    assert try_lock(lock)
    refused = nowhere("end-strays")
    os.close(lock)
    assert refused.code == 1
    assert "no strays" in refused.said


def claim(botctl: Botctl, host: str) -> None:
    botctl.query(
        "INSERT INTO supervisor_claims (id, host, boot_id, pid, pid_created, state_dir, claimed_at, takeover)"
        " VALUES (1, ?, 'b', 4711, 1.5, '/var/lib/lost', '2024-01-02 03:04:05', 0)",
        host,
    )


def released(botctl: Botctl) -> bool:
    return botctl.query("SELECT released_at FROM supervisor_claims") != [(None,)]


def test_the_claim_of_a_lost_host_is_released_when_somebody_is_sure(botctl: Botctl) -> None:
    claim(botctl, "lost.example.org")
    refused = botctl("takeover", "--json")
    assert refused.code == 1
    assert "--yes" in refused.said
    assert not released(botctl)
    done = botctl("takeover", "--yes")
    assert done.code == 0
    assert "4711 on lost.example.org" in done.said
    assert released(botctl)
    assert botctl.ask("takeover", "--yes")["released"] is False, "nobody has it any more"


def test_a_claim_of_this_host_is_not_for_takeover(botctl: Botctl) -> None:
    claim(botctl, host_name())
    refused = botctl("takeover", "--yes")
    assert refused.code == 1
    assert "by itself" in refused.said
    assert not released(botctl)
