"""What this machine is called in the database."""

from __future__ import annotations

import socket
from pathlib import Path


def host_name() -> str:
    """Name of this machine, with the start of its machine id: many are called localhost."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()[:12]
    except OSError:
        machine = ""
    return f"{socket.gethostname()}/{machine}" if machine else socket.gethostname()
