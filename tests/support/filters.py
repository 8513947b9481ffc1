"""Random filters and random profiles whose values meet each other."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.customers import Content, Customer, CustomerId
from profile_grpc.domain.profile import Attributes, DeviceAttribute, Platform, Profile, PushPermission, UserState
from profile_grpc.domain.push_endpoints import PushEndpoint, PushEndpointState, PushProvider, PushPurpose
from tests.store.support import NOW, key, profile

LANGUAGES = ("en", "en-US", "en_us", "EN-GB", "eng", "de", "zh-Hans-CN", "en.", "")
ZONES = ("Europe/Berlin", "America/New_York", "'; DROP TABLE profile; --", "Ünïcode/Zone")
VERSIONS = ("2.9", "2.10", "v2.10.0", "2.10-beta2", "2.10-beta10", "2.10.1", "0", "nightly", "9" * 30, "15 (21C62)")
TEXTS = ("gold", "10", "9", "-5.5", "1e3", "007", "", "a'b\\\"c", "%", "*", "true", "null", "$.x", "99999999999999999")
NAMES = ("tier", "level", "my key", "a'b", "$.x", "AND")
TIMES = tuple(NOW + timedelta(days=days, microseconds=days) for days in (-40, -1, 0, 1))
PUSH_APPS = ("com.shop", "com.shop.voip", "")
CUSTOMERS = ("c1", "c2", "c3")
VALUES: Mapping[AttributeType, tuple[Any, ...]] = {
    AttributeType.STRING: ("gold", "iron", "", "a'b\"", "zoë"),
    AttributeType.INT64: (-(1 << 63), -1, 0, 10, (1 << 63) - 1),
    AttributeType.DOUBLE: (-1e300, -0.5, 0.0, 3.0),
    AttributeType.BOOL: (True, False),
    AttributeType.DATE: (date(1, 1, 1), date(1972, 2, 29)),
    AttributeType.TIMESTAMP: TIMES,
}
NUL = "before\x00after"


def endpoints() -> st.SearchStrategy[tuple[PushEndpoint, ...]]:
    one = st.builds(
        PushEndpoint,
        provider=st.sampled_from(PushProvider),
        token=st.sampled_from(["", "a-token", "another"]),
        push_app_id=st.sampled_from(PUSH_APPS),
        purpose=st.sampled_from(PushPurpose),
        confirm_time=st.just(NOW),
        state=st.sampled_from([one for one in PushEndpointState if one is not PushEndpointState.SUPERSEDED]),
    )
    return st.lists(one, max_size=2).map(tuple)


def maybe(values: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.sampled_from(values))


def attributes() -> st.SearchStrategy[Attributes]:
    texts = st.sampled_from([*TEXTS, NUL])
    device = st.dictionaries(st.sampled_from(NAMES), texts.map(lambda text: DeviceAttribute(text, NOW)), max_size=2)
    return st.builds(
        Attributes,
        customer_id=maybe([*CUSTOMERS, "unknown"]),
        verified=maybe([True, False]),
        guest=maybe([True, False]),
        language=maybe(LANGUAGES),
        time_zone=maybe(ZONES),
        os_version=maybe(VERSIONS),
        sdk_version=maybe(VERSIONS),
        device_model=maybe(["Pixel 9", "iPhone17,1", "a'b"]),
        last_opened_time=maybe(TIMES),
        device_attributes=device,
        custom_attributes=st.dictionaries(st.sampled_from(NAMES), texts, max_size=3),
    )


def profiles(app: str = "shop") -> st.SearchStrategy[list[Profile]]:
    one: st.SearchStrategy[dict[str, Any]] = st.builds(
        dict,
        platform=st.sampled_from(Platform),
        user_state=st.sampled_from(UserState),
        push_permission=st.sampled_from(PushPermission),
        push_endpoints=endpoints(),
        attributes=attributes(),
        last_heartbeat_time=maybe(TIMES),
        create_time=st.sampled_from(TIMES),
        register_time=st.sampled_from(TIMES),
    )
    return st.lists(one, min_size=1, max_size=12).map(
        lambda made: [profile(key(f"user {n % 5}", f"device {n}", app), **given) for n, given in enumerate(made)]
    )


def schema(tenant: str = "acme") -> CustomerSchema:
    """One attribute of each type. It once had others of the same names: values of version 1 do not count."""
    kept = [SchemaAttribute(type_.name.lower(), type_, since=2) for type_ in AttributeType]
    return CustomerSchema(tenant, version=2, attributes=tuple(kept), update_time=NOW)


def customers(tenant: str = "acme") -> st.SearchStrategy[list[Customer]]:
    """Some of the customers that profiles name, some with values of an earlier schema."""
    values = {type_.name.lower(): st.sampled_from(some) for type_, some in VALUES.items()}
    earlier = dict.fromkeys(values, st.sampled_from(["gold", 10, True]))
    contents = st.tuples(st.just(2), st.fixed_dictionaries({}, optional=values)) | st.tuples(
        st.just(1), st.fixed_dictionaries({}, optional=earlier)
    )

    def made(given: dict[str, tuple[int, dict[str, Any]]]) -> list[Customer]:
        return [
            Customer(CustomerId(tenant, name), NOW, NOW, Content(attributes=attributes), version, 1, 1)
            for name, (version, attributes) in given.items()
        ]

    return st.dictionaries(st.sampled_from(CUSTOMERS), contents, max_size=3).map(made)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comparison(name: str, operators: tuple[str, ...], values: Any) -> st.SearchStrategy[str]:
    compared = st.tuples(st.sampled_from(operators), st.sampled_from(values)).map(lambda two: f"{two[0]} {two[1]}")
    return st.one_of(compared, st.just(":*")).map(lambda rest: f"{name} {rest}")


ORDER = ("=", "!=", "<", "<=", ">", ">=")
EQUALITY = ("=", "!=")


def _texts(values: tuple[str, ...]) -> list[str]:
    return [quoted(value) for value in values]


def comparisons() -> st.SearchStrategy[str]:
    zones = [zone.isoformat() for zone in TIMES] + ["2026-03-14", datetime(2026, 1, 1, tzinfo=UTC).isoformat()]
    versions = _texts(tuple(v for v in VERSIONS if v not in {"nightly", "9" * 30}))
    flags, texts = ["true", "false"], _texts(tuple(TEXTS))
    plain = [
        _comparison("platform", EQUALITY, ["ANDROID", "IOS", "WEB"]),
        _comparison("language", (*ORDER, ":"), _texts(LANGUAGES)),
        _comparison("time_zone", ORDER, _texts(ZONES)),
        _comparison("sdk_version", ORDER, versions),
        _comparison("os_version", EQUALITY, _texts(VERSIONS)),
        _comparison("device_model", ORDER, _texts(("Pixel 9", "a'b"))),
        _comparison("user_state", EQUALITY, ["ACTIVE", "INACTIVE"]),
        _comparison("guest", EQUALITY, flags),
        _comparison("verified", EQUALITY, flags),
        _comparison("push_permission", EQUALITY, ["GRANTED", "DENIED", "PROVISIONAL"]),
        _comparison("provider", (*EQUALITY, ":"), ["FCM", "APNS", "HMS"]),
        _comparison("push_app_id", (*EQUALITY, ":"), _texts(PUSH_APPS)),
        *[_comparison(name, ORDER, zones) for name in ("create_time", "register_time")],
        *[_comparison(name, ORDER, zones) for name in ("last_heartbeat_time", "last_opened_time")],
        _comparison("customer_id", ORDER, ["c1", "c2", "c3"]),
    ]
    maps = [
        _comparison(f"{field}.{quoted(name)}", *how)
        for field in ("custom_attributes", "device_attributes")
        for name in NAMES
        for how in ((EQUALITY, texts), (ORDER, ["10", "-5.5", "9", "0"]))
    ]
    return st.one_of(*plain, st.one_of(*maps))


def of_customers(prefix: str = "customer") -> st.SearchStrategy[str]:
    """Comparisons of the attributes of `schema`."""

    def text(value: Any) -> str:
        match value:
            case bool():
                return str(value).lower()
            case datetime() | date():
                return value.isoformat()
            case str():
                return quoted(value)
            case _:
                return str(value)

    return st.one_of(
        *(
            _comparison(
                f"{prefix}.{type_.name.lower()}",
                EQUALITY if type_ is AttributeType.BOOL else ORDER,
                [text(value) for value in some],
            )
            for type_, some in VALUES.items()
        )
    )


def filters(comparisons: st.SearchStrategy[str] = comparisons()) -> st.SearchStrategy[str]:  # noqa: B008 - a value
    """Valid filters of every field, operator and form."""

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        group = inner.map(lambda text: f"({text})")
        term = st.one_of(inner, group, group.map(lambda text: f"NOT {text}"), group.map(lambda text: f"-{text}"))
        joined = st.tuples(term, st.sampled_from([" AND ", " OR "]), term).map("".join)
        return st.one_of(group, joined)

    negated = comparisons.map(lambda text: f"NOT {text}")
    return st.recursive(st.one_of(comparisons, negated), extend, max_leaves=8)
