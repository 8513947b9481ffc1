"""The environment variables of the program, and the error for unknown ones.

Variables can set the options of serving processes, as is usual for containers. They cannot set the options of
interactive commands: a forgotten variable must not confirm a deletion, or direct it at another app.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from profile_grpc.config import HASH_KEY_VARIABLE, SEAL_KEYS_FILE_VARIABLE, SEAL_KEYS_VARIABLE, ConfigError

PREFIX = "PROFILE_GRPC_"
DEBUG = "PROFILE_GRPC_DEBUG"

_ALWAYS = frozenset({HASH_KEY_VARIABLE, SEAL_KEYS_VARIABLE, SEAL_KEYS_FILE_VARIABLE, DEBUG, f"{PREFIX}DATABASE_URL"})
# Kubernetes sets these in every container for a service named profile-grpc, or profile-grpc-something.
_OF_KUBERNETES = re.compile(
    r"PROFILE_GRPC_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)\Z"
)
_ADDRESS_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://")


def check(environment: MutableMapping[str, str], of_options: Callable[[], AbstractSet[str]]) -> None:
    """Refuses a variable with this program's prefix that sets nothing: it is misspelt, or not supported.

    Removes variables in which Kubernetes has put the address of a service, such as PROFILE_GRPC_PORT.

    Args:
        environment: the process's.
        of_options: returns the variables that set options; called only if the environment has other variables too.

    Raises:
        ConfigError: there is one; names it, and the variable that was probably meant.
    """
    given = sorted(name for name in environment if name.startswith(PREFIX) and not _OF_KUBERNETES.match(name))
    for name in given:
        if name.endswith("PORT") and _ADDRESS_OF_KUBERNETES.match(environment[name]):
            del environment[name]
    asked = [name for name in given if name not in _ALWAYS and name in environment]
    if not asked:
        return
    known = _ALWAYS | of_options()
    for name in asked:
        if name not in known:
            near = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "see `profile-grpc serve --help` for all variables"
            raise ConfigError(f"there is no variable {name}; {hint}")
