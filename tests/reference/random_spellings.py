"""The same parameters of a mixin in one of the spellings that a config may have.

A spelling that comes later in the order of precedence may stand beside the one that counts, with another value.
"""

from __future__ import annotations

import random
from typing import Any

from reference.chart import Block
from reference.entries import own_entry_indicators
from reference.exits import own_exit_indicators
from reference.logic import FORM_NAMES, OLD_NAMES, Logic

SECOND_NAME = {"BBVolumeSuperTrendEntryMixin": "BBVolumeSupertrendEntryMixin"}
WITHOUT_PREFIX = {"AdvancedATRExitMixin"}
INDICATOR_WORDS = ("_period", "p_fast", "p_slow", "macd_", "bb_dev", "st_multiplier", "resistance_lookback", "_lead")


def spelled(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """The `entry_logic` or `exit_logic` of a config."""
    written = SECOND_NAME[name] if name in SECOND_NAME and chance.random() < 0.5 else name
    spellings = [_in_logic_params, _in_params, _with_indicators]
    if name not in WITHOUT_PREFIX:
        spellings += [_prefixed, _of_the_optimizer]
    if name in FORM_NAMES:
        spellings.append(_of_the_form)
    return {"name": written, **chance.choice(spellings)(chance, prefix, name, params)}


def _in_logic_params(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    renamed = {"rsi_oversold": "oversold"} if chance.random() < 0.3 else {}
    plain = {renamed.get(key, key): value for key, value in params.items()}
    if chance.random() < 0.3 and not renamed:
        return {"logic_params": plain, "params": {key: _another(value) for key, value in params.items()}}
    return {"logic_params": plain}


def _in_params(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    if chance.random() < 0.3 and name not in WITHOUT_PREFIX:
        return {"params": params | {_old(prefix, key): _another(value) for key, value in params.items()}}
    return {"params": params}


def _prefixed(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    old = {_old(prefix, key): value for key, value in params.items()}
    if chance.random() < 0.3:
        old |= {_of_optimizer(prefix, key): _another(value) for key, value in params.items()}
    return {"params": old}


def _of_the_optimizer(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"params": {_of_optimizer(prefix, key): value for key, value in params.items()}}


def _of_the_form(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """The form's own names where it has them, the prefixed ones elsewhere."""
    shown = {}
    for key, value in params.items():
        if key in FORM_NAMES[name]:
            form, unit = chance.choice(FORM_NAMES[name][key])
            shown[form] = value if unit == 1.0 else round(value * unit, 6)
        else:
            shown[key if name in WITHOUT_PREFIX else _old(prefix, key)] = value
    return {"params": shown}


def _old(prefix: str, key: str) -> str:
    return prefix + OLD_NAMES.get(key, key)


def _of_optimizer(prefix: str, key: str) -> str:
    return {"e_": "entry_", "x_": "exit_"}[prefix] + _old(prefix, key)


def _another(value: Any) -> Any:
    """A valid value of the same kind that would trade differently."""
    if isinstance(value, bool):
        return not value
    return value if isinstance(value, str) else value + 1


def _with_indicators(chance: random.Random, prefix: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Indicators listed one by one; their numbers stand in them or are named there and given in `logic_params`."""
    logic = Logic({"name": name, "logic_params": params}, prefix)
    own = own_entry_indicators(logic) if prefix == "e_" else own_exit_indicators(logic)
    if not own:
        return {"logic_params": params, "indicators": []}
    kept = {key: value for key, value in params.items() if not any(word in key for word in INDICATOR_WORDS)}
    return {"logic_params": kept, "indicators": [_listed(chance, _varied(chance, block), kept) for block in own]}


def _varied(chance: random.Random, own: Block) -> Block:
    """Now and then another indicator under the alias that the mixin reads."""
    alias = next(iter(own["fields_mapping"].values()))
    if own["type"] == "SMA" and chance.random() < 0.2:
        return own | {"type": "EMA", "fields_mapping": {"ema": alias}}
    return own


def _listed(chance: random.Random, own: Block, logic_params: dict[str, Any]) -> Block:
    params = {key: value for key, value in own["params"].items() if key != "lead"}
    named = chance.random() < 0.5
    alias = next(iter(own["fields_mapping"].values()))
    for key, value in params.items() if named else ():
        logic_params[f"{alias}_{key}"] = value
    listed = {
        "type": own["type"],
        "params": {key: f"{alias}_{key}" for key in params} if named else params,
        "fields_mapping": own["fields_mapping"],
    }
    source = own["data_field"]
    if source == "volume" and chance.random() < 0.5:
        listed["data_inputs"] = ["volume"]
    elif source != "close" or chance.random() < 0.5:
        listed["data_field"] = source
    elif own["type"] == "RSI" and chance.random() < 0.1:
        listed["data_field"] = "open"
    return listed
