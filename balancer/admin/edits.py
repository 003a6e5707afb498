"""One setting of a configuration's text changed, every other octet of it left alone.

PyYAML says where each value stands, so the text is cut there and nowhere else: comments, quotes and
layout stay. (ruamel.yaml keeps comments, but lays out anew each of our files.) What comes out is
parsed again and must mean exactly what was asked for.
"""

from collections.abc import Sequence
from typing import cast

import yaml

from balancer import config as configuration
from balancer.config import Config
from balancer.core.endpoint import State
from balancer.fields import Network
from balancer.pools import EndpointConfig, PoolConfig
from balancer.source import ConfigError


class NoSuchEndpoint(LookupError):
    """A pool or an endpoint that is not in the configuration; says which there are."""


class CannotEdit(Exception):
    """The text is laid out in a way that this cannot change in place."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the running text is laid out so that {key} cannot be changed in place; "
            "edit the whole and send it with PUT /config"
        )


def set_weight(text: str, pool: str, endpoint: str, weight: int) -> str:
    """The text with an endpoint's weight changed. Raises as `_set_endpoint`."""
    return _set_endpoint(text, (pool, endpoint), "weight", weight)


def set_state(text: str, pool: str, endpoint: str, state: State) -> str:
    """The text with an endpoint's state changed. Raises as `_set_endpoint`."""
    return _set_endpoint(text, (pool, endpoint), "state", state)


def deny(text: str, denied: Network) -> str:
    """The text with a network denied. Raises CannotEdit, ConfigError."""
    config, root = configuration.parse(text), _compose(text)
    if denied in config.deny:
        return text
    node = _value(root, "deny")
    quoted = f'"{denied}"'
    if node is None:
        listen = next(pair for pair in root.value if pair[0].value == "listen")
        edited = _insert_pair(text, root, listen, f"deny: [{quoted}]")
    else:
        edited = _append(text, node, quoted)
    return _verified(edited, config.model_copy(update={"deny": [*config.deny, denied]}), "deny")


def allow(text: str, denied: Network) -> str:
    """The text with a network no longer denied. Raises CannotEdit, ConfigError."""
    config, root = configuration.parse(text), _compose(text)
    if denied not in config.deny:
        return text
    place = config.deny.index(denied)
    edited = _remove(text, _existing(root, "deny"), place)
    left = [one for i, one in enumerate(config.deny) if i != place]
    return _verified(edited, config.model_copy(update={"deny": left}), "deny")


def place_of(config: Config, pool: str, endpoint: str) -> tuple[int, int]:
    """The indices of a pool and of its endpoint, by their names. Raises NoSuchEndpoint."""
    i = _index("pool", pool, [one.name for one in config.pools])
    labels = [one.label for one in config.pools[i].endpoints]
    return i, _index(f"endpoint of pool {pool}", endpoint, labels)


def _index(kind: str, name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise NoSuchEndpoint(f"no {kind} is named '{name}'; there are: {', '.join(names)}")
    return names.index(name)


def _set_endpoint(text: str, names: tuple[str, str], key: str, value: int | str) -> str:
    """Raises NoSuchEndpoint, CannotEdit, ConfigError (the value is out of range)."""
    config = configuration.parse(text)
    i, j = place_of(config, *names)
    if getattr(config.pools[i].endpoints[j], key) == value:
        return text
    pool = _existing(_compose(text), "pools").value[i]
    node = _existing(pool, "endpoints").value[j]
    old = _value(node, key)
    if old is None:
        edited = _insert_pair(text, node, node.value[-1], f"{key}: {value}")
    else:
        edited = text[: old.start_mark.index] + str(value) + text[old.end_mark.index :]
    return _verified(edited, _with(config, (i, j), key, value), key)


def _with(config: Config, place: tuple[int, int], key: str, value: int | str) -> Config:
    i, j = place
    pools: list[PoolConfig] = list(config.pools)
    endpoints: list[EndpointConfig] = list(pools[i].endpoints)
    endpoints[j] = endpoints[j].model_copy(update={key: value})
    pools[i] = pools[i].model_copy(update={"endpoints": endpoints})
    return config.model_copy(update={"pools": pools})


def _verified(edited: str, wanted: Config, key: str) -> str:
    """The edited text, if it means what was wanted. Raises CannotEdit, ConfigError."""
    try:
        found = configuration.parse(edited)
    except ConfigError as error:
        if any(one.field.endswith(key) for one in error.problems):
            raise  # it stands where it belongs, and is out of range
        raise CannotEdit(key) from error
    if found != wanted:
        raise CannotEdit(key)
    return edited


# ── the text ─────────────────────────────────────────────────────────────────────────────────────


def _compose(text: str) -> yaml.CollectionNode:
    """The root of a text that was parsed before, so that it is a mapping."""
    return cast(yaml.CollectionNode, yaml.compose(text, Loader=yaml.CSafeLoader))


def _value(mapping: yaml.CollectionNode, key: str) -> yaml.CollectionNode | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _existing(mapping: yaml.CollectionNode, key: str) -> yaml.CollectionNode:
    found: yaml.CollectionNode = next(v for name, v in mapping.value if name.value == key)
    return found


def _insert_pair(
    text: str, mapping: yaml.CollectionNode, after: tuple[yaml.Node, yaml.Node], pair: str
) -> str:
    """`key: value` after another pair whose value is a scalar, in the mapping's own style."""
    key, value = after
    if mapping.flow_style:
        return _insert(text, value.end_mark.index, f", {pair}")
    return _insert_line(text, value.end_mark.index, " " * key.start_mark.column + pair)


def _append(text: str, sequence: yaml.CollectionNode, item: str) -> str:
    if not sequence.value:
        return text[: sequence.start_mark.index] + f"[{item}]" + text[sequence.end_mark.index :]
    last = sequence.value[-1].end_mark.index
    if sequence.flow_style:
        return _insert(text, last, f", {item}")
    return _insert_line(text, last, " " * sequence.start_mark.column + f"- {item}")


def _remove(text: str, sequence: yaml.CollectionNode, place: int) -> str:
    items = sequence.value
    start, end = items[place].start_mark.index, items[place].end_mark.index
    if not sequence.flow_style:
        start, end = text.rfind("\n", 0, start) + 1, _line_end(text, end) + 1
        before = text[:start] if len(items) > 1 else text[:start].rstrip() + " []\n"
        return before + text[end:]
    if place + 1 < len(items):
        end = items[place + 1].start_mark.index
    elif place:
        start = items[place - 1].end_mark.index
    return text[:start] + text[end:]


def _insert(text: str, at: int, what: str) -> str:
    return text[:at] + what + text[at:]


def _insert_line(text: str, after: int, line: str) -> str:
    """A line after the one that holds the octet at `after`, whatever comment that ends with."""
    return _insert(text, _line_end(text, after), f"\n{line}")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
