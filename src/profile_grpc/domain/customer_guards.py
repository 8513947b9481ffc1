"""Guards between the changes of customers and the changes of their tenant's schema.

A change of a customer writes one guard with the revision that it has: two such changes do not disturb each other. A
change of the schema gives every guard a new revision: whatever was decided by the earlier schema and is not committed
yet is decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from profile_grpc.domain.customers import CustomerId, CustomerRef
from profile_grpc.domain.kinds import GUARDS
from profile_grpc.domain.model import Guard, GuardKey
from profile_grpc.domain.state import State

NUMBER = 16
"""Guards of a tenant. A transaction waits for another one that writes the same guard."""


def guard_of(customer: CustomerId | CustomerRef) -> GuardKey:
    """The guard of the customer's changes."""
    return GuardKey(customer.tenant_id, crc32(customer.customer_id.encode()) % NUMBER)


def guards_of(tenant_id: str) -> Sequence[GuardKey]:
    """Every guard of the tenant."""
    return [GuardKey(tenant_id, number) for number in range(NUMBER)]


def hold(state: State, customer: CustomerId) -> None:
    """Makes the batch conflict with a change of the schema that is committed first."""
    key = guard_of(customer)
    state.put_row(GUARDS, state.row(GUARDS, key) or Guard(key, state.fresh_revision()))


def release_all(state: State, tenant_id: str) -> None:
    """Makes every change of a customer conflict that was decided before."""
    for key in guards_of(tenant_id):
        state.bump(key)
