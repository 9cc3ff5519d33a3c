"""`python -m worker`: one life as a fresh interpreter, or a question about configs and strategies.

python -m worker --ticket-fd N      live the life of the ticket in descriptor N (0: standard input)
python -m worker check              examine a config: JSON request on stdin, JSON answer on stdout
python -m worker backtest           trade a config over history: JSON request on stdin, JSON lines on stdout
python -m worker describe           the strategies and mixins there are, as JSON on stdout
python -m worker exchange-sim       a stand-in exchange on loopback; its address as a JSON line on stdout
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from worker import check, describe, entry
from worker.backtest import command as backtest
from worker.exchange_sim import options as exchange_options


def main(arguments: Sequence[str] | None = None, body: entry.Body | None = None) -> int:
    """The command line; lives and checks end the process themselves. `body` as in `entry.run`."""
    options = _parser().parse_args(arguments)
    if options.command is None:
        entry.run(options.ticket_fd, body)
    if options.command == "check":
        check.run()
    if options.command == "backtest":
        backtest.run()
    if options.command == "exchange-sim":
        from worker.exchange_sim import command as exchange_sim  # here: no bot's start shall load an HTTP server

        exchange_sim.run(options)
    describe.run(tuple(options.plugin_dir), time_limit=options.time_limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m worker", description="One life of one bot; started by the supervisor."
    )
    parser.add_argument(
        "--ticket-fd", type=int, default=0, help="open descriptor of the ticket (default: standard input)"
    )
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("check", help="examine a config: JSON on stdin, JSON on stdout")
    commands.add_parser("backtest", help="trade a config over history: JSON on stdin, JSON lines on stdout")
    catalogue = commands.add_parser("describe", help="list strategies and mixins as JSON")
    catalogue.add_argument("--plugin-dir", type=Path, action="append", default=[], help="folder of strategy plugins")
    catalogue.add_argument("--time-limit", type=float, help="seconds after which the process gives up")
    exchange = commands.add_parser("exchange-sim", help="a stand-in exchange on loopback")
    exchange_options.add_arguments(exchange)
    return parser


if __name__ == "__main__":
    sys.exit(main())
