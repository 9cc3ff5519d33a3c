"""`botctl`: the commands, put together."""

from __future__ import annotations

import sys

import typer

from common import logs
from supervisor.cli import (
    backtest,
    database,
    doctor,
    exchange_sim,
    failover,
    incidents,
    notify,
    replay,
    reports,
    secrets,
    service,
    setup,
    stack,
    status,
    strategies,
    takeover,
    wishes,
    write_off,
)

app = typer.Typer(
    name="botctl",
    help="Look at and steer a fleet of trading bots.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(database.app, name="db")
app.add_typer(strategies.app, name="strategies")
app.add_typer(secrets.app, name="secrets")
app.add_typer(notify.app, name="notify")
app.command("init")(setup.init)
app.command("add")(setup.add)
app.command("validate")(setup.validate)
app.command("backtest")(backtest.backtest)
app.command("replay")(replay.replay)
app.command("status")(status.status)
app.command("ps")(status.processes)
app.command("enable")(wishes.enable)
app.command("disable")(wishes.disable)
app.command("restart")(wishes.restart)
app.command("stop")(wishes.stop)
app.command("pause")(wishes.pause)
app.command("resume")(wishes.resume)
app.command("stack")(stack.stack)
app.command("exchange-sim")(exchange_sim.exchange_sim)
app.command("doctor")(doctor.doctor)
app.command("trades")(reports.trades)
app.command("orders")(reports.orders)
app.command("incidents")(incidents.incidents)
app.command("ack")(notify.ack)
app.command("write-off")(write_off.write_off)
app.command("failover")(failover.failover)
app.command("logs")(reports.log_lines)
app.command("takeover")(takeover.takeover)
app.command("install-service")(service.install)
app.command("uninstall-service")(service.uninstall)
app.command("end-strays", hidden=True)(service.end_strays)


def main() -> int:
    """Run one command; the exit code."""
    logs.reset()
    logs.add_terminal("WARNING")
    try:
        code = app(standalone_mode=False)
    except typer.Exit as error:
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    except Exception as error:  # noqa: BLE001 - what is no complaint about arguments is raised again
        code = _usage(error)
    return int(code or 0)


def _usage(error: Exception) -> int:
    """click's own complaints about arguments become its usual two lines; anything else is a defect and goes up."""
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    return int(getattr(error, "exit_code", 2))


if __name__ == "__main__":
    sys.exit(main())
