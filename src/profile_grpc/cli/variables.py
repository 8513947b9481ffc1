"""The environment variables of the program, and the error for unknown ones.

Variables can set the options of serving processes, as is usual for containers. They cannot set the options of
interactive commands: a forgotten variable must not confirm a deletion, or direct it at another app.

`PROFILE_GRPC_X_FILE` names a file that contains the value of `PROFILE_GRPC_X`, as container platforms and systemd hand
out secrets. That works for every variable whose value is not itself a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from difflib import get_close_matches
from pathlib import Path

from profile_grpc.config import ENVIRONMENT_PREFIX, HASH_KEY_VARIABLE, SEAL_KEYS_VARIABLE, ConfigError

PREFIX = ENVIRONMENT_PREFIX
DEBUG = f"{PREFIX}DEBUG"

_ALWAYS = frozenset({HASH_KEY_VARIABLE, SEAL_KEYS_VARIABLE, DEBUG, f"{PREFIX}DATABASE_URL"})
# Kubernetes sets these in every container for a service named profile-grpc, or profile-grpc-something.
_OF_KUBERNETES = re.compile(
    r"PROFILE_GRPC_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)\Z"
)
_ADDRESS_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")


FILE = "_FILE"
_LARGEST_FILE = 1 << 16


def prepare(environment: MutableMapping[str, str], of_options: Callable[[], Mapping[str, bool]]) -> None:
    """Sets each variable whose value is in a file, and refuses those that set nothing: misspelt or not supported ones.

    Removes variables in which Kubernetes has put the address of a service, such as PROFILE_GRPC_PORT.

    Args:
        environment: the process's.
        of_options: returns the variables that set options, and whether the value is a path; called only if the
            environment has other variables too.

    Raises:
        ConfigError: a variable sets nothing (names the one that was probably meant), or its file cannot be used.
    """
    given = sorted(name for name in environment if name.startswith(PREFIX) and not _OF_KUBERNETES.match(name))
    for name in given:
        if name.endswith("PORT") and _ADDRESS_OF_KUBERNETES.match(environment[name]):
            del environment[name]
    asked = [name for name in given if name not in _ALWAYS and name in environment]
    if not asked:
        return
    known = dict.fromkeys(_ALWAYS, False)
    if not all(name.removesuffix(FILE) in _ALWAYS for name in asked):
        known |= of_options()
    for name in asked:
        if name in known:
            continue
        variable = name.removesuffix(FILE)
        if variable == name or variable not in known:
            near = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "see `profile-grpc serve --help` for all variables"
            raise ConfigError(f"there is no variable {name}; {hint}")
        if known[variable]:  # its content, such as a private key, would be taken for a path, and shown as one
            raise ConfigError(f"there is no variable {name}, because {variable} is a path itself; set that")
        if environment.get(variable):
            raise ConfigError(f"{variable} and {name} are both set; remove one of them")
        environment[variable] = _content(name, environment.pop(name))


def _content(name: str, path: str) -> str:
    """The text of the file without white space around it. Errors do not show it."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConfigError(f"cannot read {path}, the file of {name}: {why}") from None
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > _LARGEST_FILE or "\0" in text:
        raise ConfigError(f"{path}, the file of {name}, must contain text in UTF-8, at most {_LARGEST_FILE:,} bytes")
    return text
