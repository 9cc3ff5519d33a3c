"""Service settings: the only reader of the supervisor's environment.

Every field is an environment variable `BOTVISOR_<NAME>`; `docs/settings.md` is made from this model.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from common.clock import OFFSET_VARIABLE
from common.crash_points import VARIABLE as CRASH_VARIABLE
from common.errors import ConfigurationError
from supervisor.news_settings import NewsSettings

PREFIX = "BOTVISOR_"

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Level = Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
_LEVELS = frozenset(get_args(Level))


class Settings(NewsSettings):
    """All service settings, validated together."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    state_dir: Path = Field(
        Path("var"),
        description="Folder of what must survive a restart: journals, locks, keys, the embedded database. Relative to the working directory.",
    )
    run_dir: Path | None = Field(
        None, description="Folder of sockets and pid files. Default: `run` in the state folder."
    )
    log_dir: Path | None = Field(None, description="Folder of log files. Default: `log` in the state folder.")
    database_url: str = Field(
        "",
        validation_alias=AliasChoices("BOTVISOR_DATABASE_URL", "DB_URL"),
        description="SQLAlchemy URL, `sqlite:///file` or `postgresql://…`; `DB_URL` is read when this is absent. Default: `botvisor.db` in the state folder.",
    )
    auto_migrate: bool = Field(True, description="Bring the schema up to date at start; migrations only add.")

    user_id: int | None = Field(None, description="Run only the bots of this owner (`trading_bots.user_id`).")
    resume: bool = Field(
        True,
        description="After a crash start the bots that were running before the others; without it that start is like any other.",
    )
    max_bots: int | None = Field(None, ge=1, description="Largest number of bots running at once; more are refused.")

    poll_interval: Seconds = Field(
        5.0,
        description="Seconds between full looks at `trading_bots`; changes are also noticed at once where the database tells.",
    )
    heartbeat_interval: Seconds = Field(5.0, description="Seconds between a worker's heartbeats.")
    heartbeat_misses: int = Field(
        3,
        ge=1,
        le=100,
        description="Missed heartbeats (or heartbeats without progress of the trading loop) after which a worker is replaced.",
    )
    start_timeout: Seconds = Field(60.0, description="Seconds a new worker may take until its first heartbeat.")
    drain_grace: Seconds = Field(10.0, description="Seconds from the request to stop until SIGTERM.")
    settle_grace: Seconds = Field(
        40.0,
        description="The same for a worker that carries out `trading.on_stop` at an exchange, as long as it moves on.",
    )
    term_grace: Seconds = Field(5.0, description="Seconds from SIGTERM until SIGABRT, which dumps the stacks.")
    abort_grace: Seconds = Field(2.0, description="Seconds from SIGABRT until SIGKILL of the whole process group.")
    stop_timeout: Seconds = Field(
        30.0, description="Longest graceful stop of the whole service; what is left then is killed."
    )

    restart_limit: int = Field(
        3, ge=1, le=1000, description="Consecutive failures after which a bot is quarantined (status `error`)."
    )
    stable_after: Seconds = Field(600.0, description="Seconds of health after which failures are forgotten.")
    restart_delay: Seconds = Field(
        1.0, description="Delay before the second restart; doubles with each further one. The first is immediate."
    )
    restart_delay_max: Seconds = Field(60.0, description="Cap of the restart delay.")
    kill_limit: int = Field(
        100,
        ge=1,
        description="Foreign SIGKILLs of a progressing worker within the window that are answered by an immediate restart.",
    )
    kill_window: Seconds = Field(600.0, description="Window of the kill limit.")

    orphan_grace: Seconds = Field(300.0, description="Seconds a worker goes on trading without a supervisor.")
    credit: int = Field(
        128, ge=1, le=10_000, description="Journal entries a worker may have sent and not yet acknowledged."
    )
    checkpoint_bars: int = Field(
        64, ge=1, description="Bars between a worker's checkpoints when nothing else makes one."
    )
    metrics_interval: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Seconds after which a bot's performance metrics are written when they changed and no trade was closed; each closed trade writes them too. 0 = only then.",
    )

    launcher: Literal["forkserver", "interpreter"] = Field(
        "forkserver" if hasattr(os, "fork") else "interpreter",
        description="How workers are born: forked from a warm server, or as fresh interpreters.",
    )
    transport: Literal["ipc", "tcp"] = Field(
        "ipc" if hasattr(os, "fork") else "tcp",
        description="How workers reach the supervisor: a socket file, or loopback TCP with CURVE keys.",
    )
    control: Literal["unix", "tcp"] = Field(
        "unix" if hasattr(socket, "AF_UNIX") else "tcp",
        description="Where `botctl` reaches the supervisor: a socket file, or a loopback port with a secret in the run folder.",
    )
    plugin_dirs: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description="Folders of strategy plugins, separated as in PATH."
    )

    health_check_interval: Seconds = Field(
        30.0,
        description="Seconds between thorough checks of a worker: response time, errors, CPU, memory. Silence and hangs are noticed by `BOTVISOR_HEARTBEAT_MISSES`, which is quicker.",
    )
    health_failed_checks: int = Field(
        3, ge=1, le=1000, description="Thorough checks failed in a row after which a worker is replaced."
    )
    response_limit: float = Field(
        15.0,
        ge=0,
        le=86_400,
        description="Seconds within which a trading loop answers a question; a third of it is degraded. 0 = off.",
    )
    error_rate_limit: float = Field(
        30.0, ge=0, description="ERROR lines a worker may log a minute; a third of it is degraded. 0 = off."
    )
    bot_memory_limit_mb: float = Field(
        0.0,
        ge=0,
        description="Resident memory of a worker, in MB, above which it is replaced; warned of at 80 %. 0 = off. A config's `limits.memory_mb` wins.",
    )
    bot_cpu_limit_percent: float = Field(
        0.0,
        ge=0,
        description="Percent of one core that a worker may use, as an average over a check interval; a worker that stays above it is replaced. 0 = off. A config's `limits.cpu_percent` wins.",
    )
    cpu_warn_percent: float = Field(
        80.0, gt=0, le=100, description="CPU use of the host above which is warned and, if it lasts, throttled."
    )
    memory_warn_percent: float = Field(
        85.0, gt=0, le=100, description="Memory use of the host above which is warned and, if it lasts, throttled."
    )
    disk_warn_percent: float = Field(
        90.0, gt=0, le=100, description="Use of the state folder's file system above which is warned."
    )
    throttle_pause: float = Field(
        0.25,
        ge=0,
        le=0.25,
        description="Seconds that a throttled bot waits after each bar (one without pace: as long as it worked). Trades stay the same. 0 = never throttle.",
    )

    failover_errors: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Errors of all bots within the window that begin failover mode: no bot makes entries until it ends. 0 = never by itself; 20 is a good value.",
    )
    failover_window: Seconds = Field(300.0, description="Window in which errors count towards failover mode.")
    failover_cooldown: float = Field(
        600.0,
        ge=0,
        le=86_400,
        description="Seconds after which failover mode ends if the errors have ceased; 0 = `botctl failover --off` ends it.",
    )

    metrics_address: str = Field(
        "",
        description="`host:port` of Prometheus metrics (`/metrics`) and health (`/healthz`, `/livez`, `/readyz`), for example `127.0.0.1:9464`. Nothing listens without it; there is no password, so keep it on loopback or a trusted net.",
    )

    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Keys of stored credentials (`botctl secrets key` makes one), newest first, separated by commas or white space. The first seals, each opens.",
    )
    secret_key_file: Path | None = Field(
        None,
        description="File with such keys, read anew whenever it is needed; without it the systemd credential `botvisor-secret-key`. `BOTVISOR_SECRET_KEY` wins.",
    )

    log_level: Level = Field("INFO", description="Least level that is logged.")
    log_rotation_mb: float = Field(20.0, ge=0.01, le=100_000, description="Size at which a log file is rotated, in MB.")
    log_keep: int = Field(5, ge=1, description="Rotated files kept of each log.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) and value.upper() in _LEVELS else value

    @field_validator("metrics_address")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (host and port.isdecimal() and int(port) <= 65_535):
            raise ValueError("must be host:port, for example 127.0.0.1:9464")
        return value

    @field_validator("plugin_dirs", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @field_validator("state_dir", "run_dir", "log_dir", "plugin_dirs", "secret_key_file")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        """`~` and `~name` as a shell reads them."""
        try:
            return tuple(map(Path.expanduser, value)) if isinstance(value, tuple) else value and value.expanduser()
        except RuntimeError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _fill_places(self) -> Settings:
        state = self.state_dir.absolute()
        filled = {
            "state_dir": state,
            "run_dir": (self.run_dir or state / "run").absolute(),
            "log_dir": (self.log_dir or state / "log").absolute(),
            "database_url": self.database_url or f"sqlite:///{state / 'botvisor.db'}",
            "plugin_dirs": tuple(folder.absolute() for folder in self.plugin_dirs),
        }
        for name, value in filled.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def runtime_dir(self) -> Path:
        """The run folder, resolved."""
        assert self.run_dir is not None
        return self.run_dir

    @property
    def logs_dir(self) -> Path:
        """The log folder, resolved."""
        assert self.log_dir is not None
        return self.log_dir

    @property
    def lease(self) -> float:
        """Seconds of trading that one answer to a heartbeat allows: the whole orphan grace."""
        return self.orphan_grace


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment, `overrides` (by field name) above it.

    Raises ConfigurationError whose message has one line for each mistake: variable, value, rule.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if "database_url" in given:
        given["BOTVISOR_DATABASE_URL"] = given.pop("database_url")
    folder = _credentials()
    key_file = folder and folder / _KEY_CREDENTIAL
    if key_file and key_file.is_file() and not os.environ.get(PREFIX + "SECRET_KEY_FILE"):
        given.setdefault("secret_key_file", key_file)
    try:
        return Settings(_secrets_dir=folder, **given)
    except ValidationError as error:
        lines = [_mistake(dict(item)) for item in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(lines)) from None


def _credentials() -> Path | None:
    """Folder of the credentials that systemd handed over: files named as variables, which stand below them."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder and Path(folder).is_dir() else None


_KEY_CREDENTIAL = "botvisor-secret-key"


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Names with our prefix that no setting reads: most likely spelling mistakes."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _FOREIGN
    return sorted(name for name in environment if _is_ours(name) and name not in known)


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and not name.startswith(OPTIONS_PREFIX)


OPTIONS_PREFIX = PREFIX + "CCXT_"
"""`BOTVISOR_CCXT_<EXCHANGE>`: read by `exchange_environment`."""
_FOREIGN = {"BOTVISOR_TEST_DATABASE_URL", CRASH_VARIABLE, OFFSET_VARIABLE}


def _mistake(item: dict[str, Any]) -> str:
    name = str(item["loc"][0]) if item["loc"] else "settings"
    variable = name if name.isupper() else PREFIX + name.upper()
    rule = str(item["msg"]).removeprefix("Value error, ")
    field = Settings.model_fields.get(variable.removeprefix(PREFIX).lower())
    shown = "…" if field is not None and field.annotation is SecretStr else repr(item["input"])
    return f"{variable}={shown}: {rule[:1].lower()}{rule[1:]}; see docs/settings.md"


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    inherited = NewsSettings.model_fields
    fields = {name: field for name, field in Settings.model_fields.items() if name not in inherited} | inherited
    for name, field in fields.items():
        default = field.get_default()
        shown = (
            ""
            if default in (None, "", (), SecretStr(""))
            else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    rows += [f"| `{name}` | | {meaning} |" for name, meaning in _OTHERS.items()]
    return "\n".join(rows) + "\n"


_OTHERS = {
    OPTIONS_PREFIX
    + "<EXCHANGE>": "JSON object, merged deep into the constructor options of the client of that exchange "
    "(`BOTVISOR_CCXT_BINANCE`); a bot's `broker.ccxt` wins.",
}
"""Variables whose names depend on an exchange."""
