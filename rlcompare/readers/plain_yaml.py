"""YAML as plain data: dicts, lists, texts and numbers, whatever its tags ask for.

``yaml.safe_load`` refuses a whole file over one ``!!python/…`` tag, and rl-zoo's ``args.yml`` begins with one; the
loaders that accept such tags execute what they name. This one does neither: no tag leads to an import or a call.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    _Base = yaml.SafeLoader
else:
    # The C parser is ten times as fast; PyYAML built without libyaml has only the Python one.
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Values after aliases are followed. A few hundred bytes of aliases of aliases can stand for billions.
MAX_VALUES = 200_000

#: The C parser recurses without a guard: a hundred thousand ``[`` end the process.
MAX_DEPTH = 100
_TOO_DEEP = f"it is nested deeper than {MAX_DEPTH} levels"

_PYTHON = "tag:yaml.org,2002:python/"

#: Python types whose plain data says all there is to say.
_FAITHFUL = frozenset(
    {
        *("none", "bool", "int", "long", "float", "complex", "str", "unicode", "bytes", "list", "tuple", "dict"),
        "object:argparse.Namespace",
        "object/apply:collections.OrderedDict",
    }
)

#: What PyYAML raises over a scalar that does not fit its own tag, such as ``!!int x``.
_DAMAGE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


class PlainYAMLError(ValueError):
    """Text that is not YAML, or that goes beyond ``MAX_VALUES`` or ``MAX_DEPTH``."""


class _PlainLoader(_Base):
    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.foreign: set[str] = set()


def parse_yaml(data: bytes) -> tuple[object, tuple[str, ...]]:
    """Read one YAML document as plain data.

    Parameters
    ----------
    data : bytes
        UTF-8, or UTF-16 with a byte-order mark.

    Returns
    -------
    value : dict, list, str, int, float, bool, bytes, set or None, nested
    foreign : tuple of str
        Tags that name code or an unknown type, whose data was read as it stands.

    Raises
    ------
    PlainYAMLError
    """
    try:
        _check_shape(data)
        loader = _PlainLoader(data)
        try:
            node = loader.get_single_node()
            if node is None:
                return None, ()
            _weigh(node, {}, set())
            value: object = loader.construct_document(node)
            return value, tuple(sorted(loader.foreign))
        finally:
            loader.dispose()
    except PlainYAMLError:
        raise
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        # libyaml looks ahead in flow collections, and newer ones then meet a limit of their own first.
        raise PlainYAMLError(_TOO_DEEP if "maximum nesting depth" in told else told) from error
    except _DAMAGE as error:
        raise PlainYAMLError(f"{type(error).__name__}: {error}") from error


def _check_shape(data: bytes) -> None:
    """Walk the parser's events, which needs no recursion, before anything that does."""
    depth = 0
    for count, event in enumerate(yaml.parse(data, Loader=_PlainLoader)):
        if count > 2 * MAX_VALUES:
            raise PlainYAMLError(f"it holds more than {MAX_VALUES:,} values")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise PlainYAMLError(_TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _weigh(node: yaml.Node, known: dict[int, int], open_nodes: set[int]) -> int:
    """Count a node's values as if each alias were written out.

    Raises
    ------
    PlainYAMLError
        Too many, or an alias inside of what it stands for.
    """
    if isinstance(node, yaml.ScalarNode):
        return 1
    key = id(node)
    if key in known:
        return known[key]
    if key in open_nodes:
        raise PlainYAMLError("an alias stands inside of its own value")
    open_nodes.add(key)
    total = 1
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            total += _weigh(part, known, open_nodes)
            if total > MAX_VALUES:
                raise PlainYAMLError(f"it stands for more than {MAX_VALUES:,} values once its aliases are followed")
    open_nodes.remove(key)
    known[key] = total
    return total


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


def _text(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    return node.value if isinstance(node, yaml.ScalarNode) else _plain(loader, node)


def _untagged(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    """Read a node as if it had no tag, so that ``!!python/long 5`` is a number."""
    if not isinstance(node, yaml.ScalarNode):
        return _plain(loader, node)
    tag: str = loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call] # their stubs
    return loader.construct_object(yaml.ScalarNode(tag, node.value, node.start_mark, node.end_mark))


def _python(loader: _PlainLoader, kind: str, node: yaml.Node) -> object:
    """Read a ``!!python/<kind>`` node."""
    if kind.startswith(("name:", "module:")):
        return kind.partition(":")[2]
    if kind not in _FAITHFUL:
        loader.foreign.add(f"!!python/{kind}")
    if kind in ("str", "unicode"):
        return _text(loader, node)
    value = _untagged(loader, node)
    return _pairs(value) if kind == "object/apply:collections.OrderedDict" else value


def _pairs(value: object) -> object:
    """Turn the one argument of an OrderedDict, a list of pairs, into a dict; leave anything else alone."""
    match value:
        case []:
            return {}
        case [list(pairs)] if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            return {str(key): item for key, item in pairs}
    return value


def _unknown(loader: _PlainLoader, node: yaml.Node) -> object:
    loader.foreign.add(node.tag)
    return _untagged(loader, node)


_PlainLoader.add_multi_constructor(_PYTHON, _python)
_PlainLoader.add_constructor(None, _unknown)
# Text, because `2024-02-31` looks like a date and would cost the whole file.
_PlainLoader.add_constructor("tag:yaml.org,2002:timestamp", _text)
# A lone `=`, for which YAML 1.1 has a type and PyYAML no constructor.
_PlainLoader.add_constructor("tag:yaml.org,2002:value", _text)
# YAML 1.1 wants a dot in a float, so `lr: 1e-4` would be text.
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)
