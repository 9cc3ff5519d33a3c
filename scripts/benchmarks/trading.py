"""One life's trading without a service around it: the worker's engine on a file, its facts given to a caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common.clock import SystemClock
from common.spec import BotSpec, read_spec
from common.wire.facts import AnyFact, Checkpoint
from common.wire.ticket import LinkTicket, Places, RowFacts, Ticket
from worker.engine.recorder import Commit
from worker.engine.run import Trading
from worker.link.journal import Journal
from worker.progress import Progress


def spec_of(config: Mapping[str, Any], bot_id: int) -> BotSpec:
    """The spec of a config that is known to be valid."""
    spec = read_spec(config, RowFacts(bot_id=bot_id)).spec
    if spec is None:
        raise ValueError(f"the config of bot {bot_id} is not valid")
    return spec


def written_to(journal: Journal) -> Commit:
    """What a life does with its facts: all that is durable is on the disk when it returns."""

    def commit(
        facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
    ) -> None:
        journal.append(facts, checkpoint, deliver=deliver)
        if durable:
            journal.sync()

    return commit


def dropped(
    facts: Sequence[AnyFact], checkpoint: Checkpoint | None, *, deliver: bool = False, durable: bool = False
) -> None:
    """A commit that keeps nothing."""


def run(config: Mapping[str, Any], bot_id: int, commit: Commit) -> int:
    """Trade to the end of the data; the number of bars."""
    nowhere = Path("/nonexistent")
    ticket = Ticket(
        row=RowFacts(bot_id=bot_id),
        config=dict(config),
        bot_uid=str(bot_id),
        install_tag="bnch",
        incarnation=bot_id,
        generation="g",
        link=LinkTicket(endpoint="", token="", heartbeat_interval=5, credit=64, orphan_grace=300, lease=300),
        places=Places(state_dir=nowhere, pid_file=nowhere, log_file=nowhere, output_file=nowhere),
        process_title="",
    )
    progress = Progress()
    Trading(spec_of(config, bot_id), ticket, None, commit, progress, SystemClock()).run()
    return progress.bars
