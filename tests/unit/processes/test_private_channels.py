"""What a worker is given, and what it is not."""

from __future__ import annotations

import os
import stat

from supervisor.processes.anonymous import anonymous_file, contents
from supervisor.processes.environment import worker_environment


def test_an_anonymous_file_has_content_and_no_name() -> None:
    descriptor = anonymous_file(b"hush")
    assert os.fstat(descriptor).st_nlink == 0
    assert not os.get_inheritable(descriptor)
    assert stat.S_ISREG(os.fstat(descriptor).st_mode)
    assert contents(descriptor) == b"hush"


def test_workers_are_not_told_what_only_the_supervisor_may_know() -> None:
    own = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "BOTVISOR_DATABASE_URL": "postgresql://u:p@h/d",
        "DB_URL": "postgresql://u:p@h/d",
        "PGPASSWORD": "p",
        "NOTIFY_SOCKET": "/run/x",
        "CREDENTIALS_DIRECTORY": "/run/credentials",
        "BINANCE_API_KEY": "k",
        "BINANCE_API_SECRET": "s",
        "KRAKEN_TESTNET_API_KEY": "k",
        "OKX_API_PASSWORD": "p",
        "WEATHER_API_KEY": "of a strategy",
    }
    given = worker_environment(own)
    kept = {"PATH": "/bin", "LANG": "C.UTF-8", "WEATHER_API_KEY": "of a strategy"}
    assert {name: value for name, value in given.items() if name in own} == kept


def test_numeric_libraries_get_one_thread_unless_the_operator_says_otherwise() -> None:
    assert worker_environment({})["OMP_NUM_THREADS"] == "1"
    assert worker_environment({"OMP_NUM_THREADS": "4"})["OMP_NUM_THREADS"] == "4"
