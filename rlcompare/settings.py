"""Which entries of a run's configuration are settings, and when two of their values are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rlcompare.readers import Scalar
from rlcompare.run_names import seedless_text

#: Last parts of keys (lower case, words joined with ``_``) that cannot be a setting. The commit of the code is none of
#: them: another code may be another training.
NOT_SETTINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern, re.VERBOSE))
    for what, pattern in (
        ("seeds", r"(?:.*_)?(?:\w*seed|random_state)(?:_everything)?"),
        (
            # Not what a run begins from: load_path, init_checkpoint_dir, resume_run_dir.
            "where it wrote to",
            r"""(?!.*(?:load|init|resume|pretrain|restore|from_|input|source))
            (?: (?:.*_)? (?:out(?:put)?|log(?:s|ging)?|save|results?|work(?:ing)?|run|exp(?:eriment)?
                         |local|hdfs|tensorboard|tb|wandb|video|cache)
                _? (?:dir|directory|folder|path|root|file|filename)
              | (?:.*_)? (?:checkpoints?|ckpts?) _? (?:dir|directory|folder|root)
              | tensorboard_log | cwd | storage | hub_model_id | push_to_hub )""",
        ),
        (
            "names",
            r"""(?:.*_)? (?:run|exp|experiment|trial|job|study|project|group|session|wandb) _? name
            | experiment(?:_tag)? | project | entity | tags | notes | comment | description
            | wandb_(?:project|entity|group|tags|notes|mode)""",
        ),
        (
            "ids",
            r"""(?:.*_)? (?:uuid|guid|pid)
            | (?:.*_)? (?:run|trial|job|exp|experiment|sweep|session|process|wandb|space|bucket) _? id
            | (?:run|config)_?hash""",
        ),
        (
            "dates",
            r"""(?:(?:run|exp|experiment|log|launch|creation)_?)? (?:date|datetime|time_?stamp)
            | (?:start|launch|begin|creation|run)_time | (?:started|launched|created|updated)(?:_at|_on)? | now""",
        ),
        (
            "where it ran",
            r"""(?:.*_)? (?:host|host_?name|node_?name|machine|node_?ip|ip_address|port) | user | user_?name
            | (?:cuda|gpu|device) _? (?:ids?|index|name)? | local_rank | master_addr | .*_base_url""",
        ),
        (
            "what it showed",
            r"""verbos(?:e|ity) | log_?level(?:_.*)? | loggers? | quiet | silent | progress(?:_?bar)? | disable_tqdm
            | report_to | track | (?:use_)?(?:wandb|tensorboard) | capture_video""",
        ),
    )
)

#: Elsewhere ``name`` and ``id`` are settings: ``env.id``, ``optimizer.name``.
_OF_THE_RUN = re.compile(r"(?:(?:run|exp|experiment|wandb|logger|logging|trial|job)\.)?(?:name|id|group)")
_PLAIN_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
#: Characters of a text that can be a number.
LONGEST_NUMBER = 40
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Texts for no value, as Python and YAML print it.
_UNSET = ("None", "none", "null", "~")


def is_setting(key: str) -> bool:
    """Tell whether two trainings can differ in this key: it is no seed, name, date, place or way of logging."""
    words = last_words(key)
    return not (_OF_THE_RUN.fullmatch(key.lower()) or any(p.fullmatch(words) for _, p in NOT_SETTINGS))


def last_words(key: str) -> str:
    """Return the last part of a key in lower case, words joined with ``_``: ``num_steps`` of ``args.numSteps``."""
    last = re.split(r"[.:]", key)[-1]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", last).lower().replace("-", "_")


def canonical(value: Scalar) -> str | None:
    """Spell a value such that equal ones are equal: ``1e-3``, ``"0.001"`` and ``0.001`` are ``0.001``.

    Returns
    -------
    str or None
        None for no value, whether the key is null or its text says so.
    """
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return _number(value)
    if len(value) <= LONGEST_NUMBER and _PLAIN_NUMBER.fullmatch(value):
        return str(int(value)) if value.strip().lstrip("+-").isdecimal() else _number(float(value))
    if value in ("True", "False"):
        return value.lower()
    return None if value in _UNSET else value


def settings_of(configs: Iterable[Mapping[str, Scalar]]) -> list[dict[str, str]]:
    """Reduce configurations to their settings that have a value, spelled alike.

    Seeds and times within a text are left out, since it may be the path of the run's own folder; so is a UUID.

    Parameters
    ----------
    configs : iterable of mapping of flat key to value

    Returns
    -------
    list of dict of key to :func:`canonical` value, keys in the order of the configuration
    """
    keys: dict[str, bool] = {}
    spelled: dict[Scalar, str | None] = {}
    found = []
    for config in configs:
        settings = {}
        for key, value in config.items():
            if key not in keys:
                keys[key] = is_setting(key)
            if not keys[key]:
                continue
            # True is 1 and False is 0 to a dict.
            if value is True or value is False:
                settings[key] = str(value).lower()
                continue
            if value not in spelled:
                spelled[value] = _setting(value)
            text = spelled[value]
            if text is not None:
                settings[key] = text
        found.append(settings)
    return found


def _setting(value: Scalar) -> str | None:
    text = canonical(value)
    if text is None or not isinstance(value, str):
        return text
    return None if _UUID.fullmatch(text) else seedless_text(text)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value).replace("e-0", "e-").replace("e+0", "e+")
