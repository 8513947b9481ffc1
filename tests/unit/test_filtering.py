"""The filter language (T3): syntax, precedence, limits, values, and the predicate."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profile_grpc.domain.customer_schema import AttributeType, CustomerSchema, SchemaAttribute
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.events import Event, EventType
from profile_grpc.domain.filtering.expressions import AllOf, AnyOf, Comparison, Expression
from profile_grpc.domain.filtering.judging import matches
from profile_grpc.domain.filtering.of_customers import parts_of
from profile_grpc.domain.filtering.values import instant, is_version, language_key, number, version_key
from profile_grpc.domain.profile import Attributes
from profile_grpc.service.filter_parsing import customer_filter, event_filter, profile_filter
from tests.store.support import NOW, key, profile
from tests.support import filters


def parsed(text: str) -> Expression:
    found = profile_filter(text)
    assert found is not None
    return found.expression


def refusal(text: str, parse: Callable[[str], object] = profile_filter) -> tuple[int, str]:
    """The column, and what was expected there."""
    with pytest.raises(Refused) as raised:
        parse(text)
    refused = raised.value
    assert refused.reason is Reason.INVALID_FILTER
    assert [violation.field for violation in refused.violations] == ["filter"]
    for value in refused.metadata.values():
        assert value == "filter" or value in refused.message
    return int(refused.metadata["column"]), refused.metadata["expected"]


def structure(expression: Expression) -> str:
    match expression:
        case Comparison(field, operator, value, negated=negated):
            return f"{'!' if negated else ''}{field.name}{operator.value}{value}"
        case AllOf(parts):
            return f"({' & '.join(map(structure, parts))})"
        case AnyOf(parts):
            return f"({' | '.join(map(structure, parts))})"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("language = a OR language = b AND language = c", "((language=a | language=b) & language=c)"),
        ("language = a AND language = b OR language = c", "(language=a & (language=b | language=c))"),
        ("(language = a AND language = b) OR language = c", "((language=a & language=b) | language=c)"),
        ("NOT language = a OR language = b", "(!language=a | language=b)"),
        ("-language = a AND language = b", "(!language=a & language=b)"),
        ("NOT (language = a OR language = b)", "(!language=a & !language=b)"),
        ("NOT (language != a AND -(language = b))", "(language=a | language=b)"),
        ("language=a", "language=a"),
        ("  ( language = a )  ", "language=a"),
        ("language:*", "language:*"),
    ],
)
def test_precedence_is_that_of_aip_160(text: str, meant: str) -> None:
    """T3: OR binds tighter than AND, NOT tighter than both."""
    assert structure(parsed(text)) == meant


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        (" ", 2, "a field, NOT, - or ("),
        ("language", 9, "one of = != < <= > >= :"),
        ("language =", 11, "a value"),
        ("language = en AND", 18, "a field, NOT, - or ("),
        ("language = en language = de", 15, "AND, OR or the end"),
        ("language = en)", 14, "AND, OR or the end"),
        ("(language = en", 15, "AND, OR or )"),
        ('language = "en', 15, 'the closing "'),
        ("language = AND", 12, "a value"),
        ("NOT NOT guest = true", 5, "a field or ("),
        ("language:", 10, "a value or *"),
        ("platform = x", 12, "one of ANDROID, IOS, WEB"),
        ("platform < IOS", 10, "= or != or :* for platform"),
        ("guest = 1", 9, "true or false"),
        ("provider > FCM", 10, "= or != or :* for provider"),
        ("sdk_version > new", 15, "a version such as 2.11.0"),
        ("create_time > soon", 15, "a time such as 2026-03-14T15:09:26Z or 2026-03-14"),
        ("create_time > 2026-02-30", 15, "a time such as 2026-03-14T15:09:26Z or 2026-03-14"),
        ("custom_attributes = a", 18, "custom_attributes.NAME"),
        ("custom_attributes.a.b = a", 21, "custom_attributes.NAME"),
        ("custom_attributes.a < b", 23, "a number"),
        ("language.x = a", 10, "no . after language"),
        ("time_zone:utc", 11, "* after :"),
        ("language = a\x00b", 13, "no control character"),
    ],
)
def test_a_refusal_names_the_place_and_what_was_expected(text: str, column: int, expected: str) -> None:
    """T3: INVALID_FILTER with the column."""
    assert refusal(text) == (column, expected)


SCHEMA = CustomerSchema("acme", 1, tuple([SchemaAttribute(type_.name.lower(), type_) for type_ in AttributeType]))


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("customer = a", 9, "customer.NAME"),
        ("customer.int64.x = 1", 16, "customer.NAME"),
        (
            "customer . colour = red",
            12,
            "one of the attributes of customers: string, int64, double, bool, date, timestamp",
        ),
        ("customer.int64 = 1.5", 18, "a whole number"),
        ("customer.int64 = 9223372036854775808", 18, "a whole number"),
        ("customer.double = 1e999", 19, "a number"),
        ("customer.bool = 1", 17, "true or false"),
        ("customer.bool > true", 15, "= or != or :* for customer.bool"),
        ("customer.date = 2026-02-30", 17, "a day such as 2026-03-14"),
        ("customer.timestamp > soon", 22, "a time such as 2026-03-14T15:09:26Z or 2026-03-14"),
        ("customer.string:gold", 17, "* after :"),
    ],
)
def test_T3_attributes_of_customers_are_compared_by_their_types(text: str, column: int, expected: str) -> None:
    assert refusal(text, lambda text: profile_filter(text, SCHEMA)) == (column, expected)
    assert refusal(text.replace("customer", "attributes", 1), lambda text: customer_filter(text, SCHEMA)) == (
        column + 2,
        expected.replace("customer.", "attributes."),
    )


def test_T3_an_unknown_attribute_is_refused_with_some_that_are_known() -> None:
    many = tuple([SchemaAttribute(f"a{number}", AttributeType.BOOL) for number in range(128)])
    _, expected = refusal("customer.x:*", lambda text: profile_filter(text, CustomerSchema("acme", 1, many)))
    assert expected == f"one of the attributes of customers: {', '.join(f'a{n}' for n in range(10))}, ..."
    assert refusal("customer.x:*")[1] == "an attribute of customers: their schema has none"


def test_E4_a_filter_of_events_has_no_attributes_of_customers() -> None:
    """An event has the customer's id only."""
    column, expected = refusal("type = CUSTOMER_LINKED AND customer.tier = gold", event_filter)
    assert (column, expected) == (28, "one of the fields app_id, type, user_id, device_id, customer_id, reason")


@pytest.mark.parametrize(
    ("text", "needed", "own"),
    [
        ("language = en", "language=en", []),
        ("customer.int64 > 1", None, []),
        ("customer.int64 > 1 AND language = en AND guest = true", "(language=en & guest=True)", []),
        ("NOT customer.int64 > 1 OR language = en", None, ["language=en"]),
        (
            "(customer.int64 > 1 AND language = en) OR (guest = true AND platform = IOS)",
            "((language=en) | (guest=True & platform=2))",
            ["language=en", "(guest=True & platform=2)"],
        ),
    ],
)
def test_T3_a_filter_is_taken_apart_by_what_it_reads(text: str, needed: str | None, own: list[str]) -> None:
    wanted = profile_filter(text, SCHEMA)
    assert wanted is not None
    parts = parts_of(wanted)
    assert (None if parts.needed is None else structure(parts.needed)) == needed
    assert [structure(one) for one in parts.own] == own


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    column, expected = refusal("language = en AND colour = red")
    assert column == 19
    assert "time_zone" in expected
    assert "custom_attributes.NAME" in expected


def test_limits() -> None:
    """T3: 2 KiB, depth 16, 100 comparisons. What is far beyond them is refused without walking it."""
    assert structure(parsed("(" * 16 + "guest = true" + ")" * 16)) == "guest=True"
    assert refusal("(" * 17 + "guest = true" + ")" * 17) == (17, "at most 16 open parentheses")
    assert refusal("(" * 2048)[1] == "at most 16 open parentheses"
    assert refusal("-(" * 1000)[1] == "at most 16 open parentheses"
    many = ["guest=true"] * 100
    assert isinstance(parsed(" AND ".join(many)), AllOf)
    assert refusal(" AND ".join([*many, "guest=true"]))[1] == "at most 100 comparisons"
    assert refusal("language = " + "x" * 2038) == (1, "at most 2048 bytes")
    assert outcome("language = " + "x" * 2037) is None
    assert refusal("language = " + "é" * 1019) == (1, "at most 2048 bytes")


def outcome(text: str) -> Refused | None:
    try:
        profile_filter(text)
    except Refused as refused:
        return refused
    return None


def cut(text: str) -> st.SearchStrategy[str]:
    return st.integers(0, len(text)).map(lambda at: text[:at])


TOKENS = ["AND", "OR", "NOT", "-", "(", ")", "=", "!=", "<", ":", "*", ".", '"', "language", "guest", "true", '"x"']
BROKEN = st.one_of(
    st.text(max_size=80), filters.filters().flatmap(cut), st.lists(st.sampled_from(TOKENS), max_size=40).map(" ".join)
)


@given(BROKEN)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Broken filters: INVALID_FILTER, nothing else."""
    refused = outcome(text)
    if refused is not None:
        assert refused.reason is Reason.INVALID_FILTER
        assert 1 <= int(refused.metadata["column"]) <= len(text) + 1


@given(filters.profiles(), filters.filters())
def test_a_negation_is_true_exactly_where_the_filter_is_false(made: list, text: str) -> None:  # type: ignore[type-arg]
    """Two values: also where a profile has no value."""
    for one in made:
        assert matches(parsed(f"NOT ({text})"), one) is not matches(parsed(text), one)


def test_versions_are_compared_as_versions() -> None:
    ordered = ["1", "2.9", "2.10-alpha", "2.10-beta2", "2.10-beta10", "2.10", "2.10.1-rc.1", "2.10.1", "10.0.1"]
    keys = [version_key(one) for one in ordered]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert version_key("v2.10.0") == version_key("2.10") == version_key("02.10+build5") == version_key("2.10 (21C62)")
    assert not is_version(version_key("nightly"))
    assert not is_version(version_key("9" * 26))


def test_values() -> None:
    assert language_key("en_US") == language_key("EN-us") == "en-us"
    assert language_key("TÜRKÇE") == "tÜrkÇe"  # as the engines do: only ASCII
    assert instant("2026-03-14T15:09:26.535897+00:00") == NOW.replace(microsecond=535897)
    assert instant("0001-01-01T00:00:00+01:00") is None
    assert number("-5.50") == -5.5
    assert [number(text) for text in ("1e3", "--1", "1.", ".5", "", "9" * 16)] == [None] * 6


def test_a_filter_of_events_compares_what_an_event_has() -> None:
    """E4: app, type, and the profile's fields that an event has."""
    event = Event(EventType.PROFILE_CREATED, "shop", NOW, user_id="ann", device_id="phone")
    for text, expected in (
        ("app_id = shop AND type = PROFILE_CREATED", True),
        ("type != PROFILE_CREATED", False),
        ('user_id = "ann" AND NOT customer_id:*', True),
        ("reason:* OR device_id = phone", True),
    ):
        found = event_filter(text)
        assert found is not None
        assert matches(found.expression, event) is expected
    with pytest.raises(Refused):
        event_filter("language = en")
    assert matches(parsed('language:"en"'), profile(key(), attributes=Attributes(language="EN_us")))
