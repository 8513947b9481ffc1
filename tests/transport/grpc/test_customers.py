"""CustomerService over the wire (C1-C7)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from appprofile.v1 import customer_pb2, profile_pb2
from appprofile.v1 import customer_service_pb2 as pb
from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1 import recipient_pb2 as rs
from profile_grpc.domain.events import Event, EventType
from profile_grpc.service.directory_ports import KeyKind
from profile_grpc.service.people import PersonData
from profile_grpc.transport.grpc.people import document
from tests.support.domain import T0
from tests.transport.grpc.support import APP, Served, refused

STRING = customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_STRING
INT64 = customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_INT64
TYPES = {
    "tier": STRING,
    "visits": INT64,
    "balance": customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_DOUBLE,
    "vip": customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_BOOL,
    "born": customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_DATE,
    "seen": customer_pb2.CUSTOMER_ATTRIBUTE_TYPE_TIMESTAMP,
}
Value = customer_pb2.CustomerAttributeValue
ONE_OF_EACH = {
    "tier": Value(string_value="gold"),
    "visits": Value(int64_value=-(1 << 63)),
    "balance": Value(double_value=3.0),
    "vip": Value(bool_value=False),
    "born": Value(date_value=Date(year=1972, month=2, day=29)),
    "seen": Value(timestamp_value=Timestamp(seconds=-1, nanos=999_999_000)),
}


def profile_key(served: Served) -> Any:
    return served.key(KeyKind.PROFILE)


async def set_schema(served: Served, *attributes: customer_pb2.CustomerAttribute, **how: bool) -> Any:
    schema = customer_pb2.CustomerSchema(attributes=attributes)
    request = pb.UpdateCustomerSchemaRequest(schema=schema, **how)
    return await served.customers.UpdateCustomerSchema(request, metadata=served.admin)


async def all_types(served: Served) -> None:
    await set_schema(served, *(customer_pb2.CustomerAttribute(name=n, type=t) for n, t in TYPES.items()))


async def create(served: Served, customer_id: str = "c1", **given: Any) -> customer_pb2.Customer:
    customer = customer_pb2.Customer(customer_id=customer_id, **given)
    request = pb.CreateCustomerRequest(customer=customer)
    return (await served.customers.CreateCustomer(request, metadata=profile_key(served))).customer


async def get(served: Served, customer_id: str = "c1", *, profiles: bool = False) -> pb.GetCustomerResponse:
    request = pb.GetCustomerRequest(customer_id=customer_id, include_profiles=profiles)
    return await served.customers.GetCustomer(request, metadata=profile_key(served))


async def update(served: Served, mask: list[str], customer_id: str = "c1", **given: Any) -> customer_pb2.Customer:
    missing = given.pop("allow_missing", False)
    customer = customer_pb2.Customer(customer_id=customer_id, **given)
    request = pb.UpdateCustomerRequest(customer=customer, update_mask=FieldMask(paths=mask), allow_missing=missing)
    return (await served.customers.UpdateCustomer(request, metadata=profile_key(served))).customer


async def register(served: Served, user: str, customer_id: str = "", device: str = "") -> profile_pb2.Profile:
    request = ps.RegisterRequest(
        key=profile_pb2.ProfileKey(app_id=APP, user_id=user, device_id=device or f"{user}-phone"),
        platform=profile_pb2.PLATFORM_ANDROID,
    )
    if customer_id:
        request.customer_id = customer_id
    return (await served.profiles.Register(request, metadata=profile_key(served))).profile


async def linked(served: Served, customer_id: str) -> list[str]:
    request = ps.ListProfilesRequest(app_id=APP, customer_id=customer_id)
    listed = await served.profiles.ListProfiles(request, metadata=profile_key(served))
    return [profile.key.user_id for profile in listed.profiles]


async def test_C1_a_customer_is_stored_as_it_was_given_in_one_form(served: Served) -> None:
    await all_types(served)
    made = await create(
        served, name="Ann", email=" Ann.B@Example.COM ", msisdn="+44 20 7946-0000", attributes=ONE_OF_EACH
    )
    assert (made.name, made.email, made.msisdn) == ("Ann", "Ann.B@example.com", "+442079460000")
    assert dict(made.attributes) == ONE_OF_EACH
    assert (made.schema_version, made.version) == (1, 1)
    assert (await get(served)).customer == made
    assert (
        await create(served, name="Ann", email="Ann.B@example.com", msisdn="+442079460000", attributes=ONE_OF_EACH)
        == made
    )
    told = await refused(create(served, name="Bob"))
    assert (told.code.name, told.reason) == ("ALREADY_EXISTS", "CUSTOMER_ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "ann"}, "customer.email"),
        ({"email": "a b@example.com"}, "customer.email"),
        ({"msisdn": "020 7946 0000"}, "customer.msisdn"),
        ({"msisdn": "+1 555"}, "customer.msisdn"),
        ({"name": "a\nb"}, "customer.name"),
    ],
)
async def test_C1_what_is_no_address_or_number_is_refused_and_not_repeated(
    served: Served, given: dict[str, str], field: str
) -> None:
    told = await refused(create(served, **given))
    assert (told.code.name, list(told.fields)) == ("INVALID_ARGUMENT", [field])
    assert next(iter(given.values())) not in told.text


@pytest.mark.parametrize("name", TYPES)
async def test_C3_a_value_of_another_type_is_refused_and_nothing_is_written(served: Served, name: str) -> None:
    await all_types(served)
    for other, value in ONE_OF_EACH.items():
        if other == name:
            continue
        told = await refused(create(served, attributes={name: value}))
        assert (told.reason, list(told.fields)) == ("INVALID_ATTRIBUTE", [f"customer.attributes.{name}"])
    told = await refused(create(served, attributes={"unknown": Value(bool_value=True)}))
    assert (told.reason, list(told.fields)) == ("INVALID_ATTRIBUTE", ["customer.attributes.unknown"])
    assert (await refused(get(served))).reason == "CUSTOMER_NOT_FOUND"


async def test_C3_a_mask_that_misspells_an_attribute_is_refused(served: Served) -> None:
    """Without this, the value beside it is not written, and the call succeeds."""
    await all_types(served)
    await create(served)
    for missing in (False, True):
        customer_id = "c2" if missing else "c1"
        told = await refused(
            update(
                served,
                ["name", "attributes.teir"],
                customer_id,
                name="Ann",
                attributes={"tier": ONE_OF_EACH["tier"]},
                allow_missing=missing,
            )
        )
        assert (told.reason, list(told.fields)) == ("INVALID_ATTRIBUTE", ["customer.attributes.teir"])
    assert not (await get(served)).customer.name


async def test_C3_one_and_true_are_not_the_same(served: Served) -> None:
    await all_types(served)
    await create(served, attributes={"visits": Value(int64_value=1)})
    told = await refused(update(served, [], attributes={"visits": Value(bool_value=True)}))
    assert told.reason == "INVALID_ATTRIBUTE"
    told = await refused(update(served, [], attributes={"visits": Value(double_value=1.0)}))
    assert told.reason == "INVALID_ATTRIBUTE"


async def test_C4_an_update_changes_what_its_mask_names(served: Served) -> None:
    await all_types(served)
    made = await create(served, name="Ann", email="ann@example.com", attributes=ONE_OF_EACH)
    merged = await update(served, [], msisdn="+442079460000", attributes={"tier": Value(string_value="iron")})
    assert (merged.name, merged.msisdn, merged.attributes["tier"].string_value) == ("Ann", "+442079460000", "iron")
    assert len(merged.attributes) == len(ONE_OF_EACH)
    assert merged.version == made.version + 1
    removed = await update(
        served, ["email", "attributes.tier", "attributes.vip"], attributes={"vip": ONE_OF_EACH["vip"]}
    )
    assert (removed.email, "tier" in removed.attributes, removed.attributes["vip"]) == ("", False, ONE_OF_EACH["vip"])
    assert dict((await update(served, ["attributes"])).attributes) == {}
    told = await refused(update(served, ["customer_id", "nme"]))
    assert (told.reason, sorted(told.fields)) == ("UNKNOWN_FIELD", ["customer_id", "nme"])
    told = await refused(update(served, ["name"], name="x", etag=made.etag))
    assert (told.code.name, told.reason) == ("ABORTED", "ETAG_MISMATCH")
    assert (await refused(update(served, ["name"], "c2", name="x"))).reason == "CUSTOMER_NOT_FOUND"
    assert (await update(served, ["name"], "c2", name="x", allow_missing=True)).version == 1
    same = await get(served, "c2")
    assert await update(served, ["name"], "c2", name="x") == same.customer


async def test_C4_customers_are_listed_by_id_and_looked_up(served: Served) -> None:
    for number in range(5):
        email = "Two@Example.com" if number in {1, 3} else ""
        await create(served, f"c{number}", email=email, msisdn="+442079460000" if number == 2 else "")

    async def page(**by: Any) -> tuple[list[str], str]:
        answer = await served.customers.ListCustomers(pb.ListCustomersRequest(**by), metadata=profile_key(served))
        return [one.customer_id for one in answer.customers], answer.next_page_token

    assert (await page(email="Two@EXAMPLE.com"))[0] == ["c1", "c3"]
    assert (await page(msisdn="+44 (20) 7946 0000"))[0] == ["c2"]
    assert (await page(email="two@example.com"))[0] == []
    found, token = await page(page_size=3)
    assert found == ["c0", "c1", "c2"]
    assert await page(page_size=3, page_token=token) == (["c3", "c4"], "")
    assert (await refused(page(email="x@y", page_token=token))).reason == "INVALID_PAGE_TOKEN"
    listed = await served.customers.ListCustomers(pb.ListCustomersRequest(), metadata=served.foreign)
    assert not listed.customers


async def test_T3_filters_compare_attributes_of_customers(served: Served) -> None:
    """In lists of customers and of profiles, and in counts; with the schema of the caller's tenant."""
    await all_types(served)
    await create(served, attributes={"tier": Value(string_value="gold"), "visits": Value(int64_value=3)})
    await create(served, "c2", name="Bob")
    for user, customer in (("ann", "c1"), ("bob", "c2"), ("cid", "")):
        await register(served, user, customer)

    async def listed(text: str) -> list[str]:
        request = pb.ListCustomersRequest(filter=text)
        answer = await served.customers.ListCustomers(request, metadata=profile_key(served))
        return [one.customer_id for one in answer.customers]

    assert await listed("attributes.tier = gold AND attributes.visits > 2") == ["c1"]
    assert await listed("NOT attributes.tier:* AND name = Bob") == ["c2"]
    told = await refused(listed("customer.tier = gold"))
    assert (told.code.name, told.reason) == ("INVALID_ARGUMENT", "INVALID_FILTER")

    async def users(text: str) -> list[str]:
        request = ps.ListProfilesRequest(app_id=APP, filter=text)
        answer = await served.profiles.ListProfiles(request, metadata=profile_key(served))
        asked = rs.CountRecipientsRequest(app_id=APP, channel=profile_pb2.CHANNEL_IN_APP, everyone=True, filter=text)
        counted = await served.profiles.CountRecipients(asked, metadata=profile_key(served))
        assert counted.recipients == len(answer.profiles)
        return [one.key.user_id for one in answer.profiles]

    assert await users("customer.visits >= 3") == ["ann"]
    assert await users("NOT customer.tier = gold") == ["bob", "cid"]
    assert await users("customer.tier = gold OR user_state = INACTIVE") == ["ann"]
    told = await refused(users("customer.colour = red"))
    assert (told.reason, told.metadata["column"]) == ("INVALID_FILTER", "10")
    watch = served.profiles.WatchProfiles(
        ps.WatchProfilesRequest(from_now=True, filter="customer.tier = gold"), metadata=profile_key(served)
    )
    assert (await refused(watch.read())).reason == "INVALID_FILTER"


async def test_C4_a_deletion_unlinks_the_profiles_and_keeps_them(served: Served) -> None:
    await create(served)
    await register(served, "ann", "c1")
    await register(served, "bob", "c2")
    answer = await get(served, profiles=True)
    assert [profile.key.user_id for profile in answer.profiles] == ["ann"]  # C6
    request = pb.DeleteCustomerRequest(customer_id="c1")
    assert (await served.customers.DeleteCustomer(request, metadata=profile_key(served))).unlinked == 1
    assert await linked(served, "c1") == []
    assert await linked(served, "c2") == ["bob"]
    told = await refused(served.customers.DeleteCustomer(request, metadata=profile_key(served)))
    assert (told.code.name, told.reason) == ("NOT_FOUND", "CUSTOMER_NOT_FOUND")
    request.allow_missing = True
    await served.customers.DeleteCustomer(request, metadata=profile_key(served))
    assert (await create(served, name="again")).version == 3  # E2: it goes on


async def test_C5_an_app_can_require_that_the_customer_is_known(served: Served) -> None:
    await register(served, "ann", "later")
    await served.backend.set(require_known_customer=True)
    told = await refused(register(served, "bob", "c1"))
    assert (told.code.name, told.reason) == ("FAILED_PRECONDITION", "CUSTOMER_NOT_FOUND")
    await register(served, "bob")
    profile = profile_pb2.Profile(
        key=profile_pb2.ProfileKey(app_id=APP, user_id="bob", device_id="bob-phone"), customer_id="c1"
    )
    change = ps.UpdateProfileDataRequest(profile=profile)
    told = await refused(served.profiles.UpdateProfileData(change, metadata=served.client))
    assert (told.code.name, told.reason) == ("FAILED_PRECONDITION", "CUSTOMER_NOT_FOUND")
    await create(served)
    await served.profiles.UpdateProfileData(change, metadata=served.client)
    assert await linked(served, "c1") == ["bob"]


async def merge(served: Served, source: str, target: str) -> pb.MergeCustomersResponse:
    request = pb.MergeCustomersRequest(source_customer_id=source, target_customer_id=target)
    return await served.customers.MergeCustomers(request, metadata=profile_key(served))


async def test_C7_the_targets_values_win_and_the_links_move(served: Served) -> None:
    await all_types(served)
    await create(served, "old", name="Old", email="old@example.com", attributes={"tier": ONE_OF_EACH["tier"]})
    await create(served, "new", name="New", attributes={"tier": Value(string_value="iron"), "vip": ONE_OF_EACH["vip"]})
    await register(served, "ann", "old")
    await register(served, "bob", "new")
    merged = await merge(served, "old", "new")
    assert (merged.customer.name, merged.customer.email, merged.moved) == ("New", "old@example.com", 1)
    assert merged.customer.attributes["tier"].string_value == "iron"
    assert await linked(served, "new") == ["ann", "bob"]
    for call in (get(served, "old"), create(served, "old"), update(served, [], "old", name="x", allow_missing=True)):
        told = await refused(call)
        assert (told.code.name, told.reason, told.metadata) == (
            "FAILED_PRECONDITION",
            "CUSTOMER_MERGED",
            {"customer_id": "new"},
        )
    late = await register(served, "cat", "old")  # a phone that has not heard of it
    assert late.customer_id == "new"
    assert await linked(served, "new") == ["ann", "bob", "cat"]
    again = await merge(served, "old", "new")
    assert (again.customer, again.moved) == (merged.customer, 0)
    await create(served, "newest")
    await merge(served, "new", "newest")
    assert (await refused(get(served, "old"))).metadata == {"customer_id": "newest"}
    assert (await refused(merge(served, "old", "new"))).reason == "CUSTOMER_MERGED"
    served.backend.clock.advance(timedelta(days=90, seconds=1))
    assert (await refused(get(served, "old"))).reason == "CUSTOMER_NOT_FOUND"
    await create(served, "old")


async def test_C7_what_cannot_be_merged(served: Served) -> None:
    await create(served, "a")
    for source, target in (("a", "missing"), ("missing", "a")):
        assert (await refused(merge(served, source, target))).reason == "CUSTOMER_NOT_FOUND"
    assert (await refused(merge(served, "a", "a"))).reason == "INVALID_REQUEST"


async def test_C2_a_change_that_breaks_customers_is_counted_refused_or_dropped(served: Served) -> None:
    tier = customer_pb2.CustomerAttribute(name="tier", type=STRING)
    visits = customer_pb2.CustomerAttribute(name="visits", type=INT64)
    await set_schema(served, tier, visits)
    for number, value in enumerate(("gold", "iron", "gold")):
        await create(served, f"c{number}", attributes={"tier": Value(string_value=value)})
    narrower = customer_pb2.CustomerAttribute(name="tier", type=STRING, allowed_values=["gold"])
    dry = await set_schema(served, narrower, dry_run=True)
    assert (dry.affected_customers, dry.schema.version) == (1, 2)
    told = await refused(set_schema(served, narrower))
    assert (told.code.name, told.reason) == ("FAILED_PRECONDITION", "SCHEMA_CONFLICT")
    assert told.metadata == {"customers": "1", "attributes": "tier"}
    await create(served, "c3", attributes={"tier": Value(string_value="iron"), "visits": Value(int64_value=1)})
    assert (await set_schema(served, visits, tier)).affected_customers == 0  # another order breaks nothing
    dropped = await set_schema(served, narrower, drop_values=True)
    assert (dropped.affected_customers, dropped.schema.version) == (2, 3)
    shown = [dict((await get(served, f"c{n}")).customer.attributes) for n in range(4)]
    gold = {"tier": Value(string_value="gold")}
    assert shown == [gold, {}, gold, {}]
    await set_schema(served, tier, visits)
    assert "visits" not in (await get(served, "c3")).customer.attributes  # it does not come back


async def test_C2_what_is_no_schema_is_refused(served: Served) -> None:
    twice = [customer_pb2.CustomerAttribute(name="a", type=INT64)] * 2
    assert list((await refused(set_schema(served, *twice))).fields) == ["schema.attributes[1].name"]
    sized = customer_pb2.CustomerAttribute(name="a", type=INT64, max_bytes=3)
    assert list((await refused(set_schema(served, sized))).fields) == ["schema.attributes[0]"]
    stale = pb.UpdateCustomerSchemaRequest(schema=customer_pb2.CustomerSchema(version=7))
    told = await refused(served.customers.UpdateCustomerSchema(stale, metadata=served.admin))
    assert (told.code.name, told.reason) == ("ABORTED", "ETAG_MISMATCH")
    told = await refused(served.customers.UpdateCustomerSchema(stale, metadata=profile_key(served)))
    assert (told.code.name, told.reason) == ("PERMISSION_DENIED", "METHOD_NOT_ALLOWED")


def test_C9_a_document_of_very_many_events_fits_into_a_message() -> None:
    """Clients accept 4 MiB, and the document is indented."""
    events = [Event(EventType.PROFILE_REACTIVATED, "a", T0, "u", "d", version=number) for number in range(1, 40_000)]
    text = document(PersonData(None, [], events, more=False))
    assert len(text.encode()) < 4 << 20
    assert json.loads(text)["truncated"]
    assert not json.loads(document(PersonData(None, [], events[:1000], more=False)))["truncated"]
