"""appprofile.v1.CustomerService: each method converts in, calls the use case, converts out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from appprofile.v1 import customer_service_pb2 as pb
from profile_grpc.service.use_cases import UseCases
from profile_grpc.transport.grpc import customers, imports, people, responses
from profile_grpc.transport.grpc.call import Call


class CustomerServicer:
    """appprofile.v1.CustomerService."""

    def __init__(self, use_cases: UseCases) -> None:
        self._customers = use_cases.customers
        self._schemas = use_cases.customer_schemas
        self._people = use_cases.people
        self._imports = use_cases.imports
        self._exports = use_cases.exports
        self._filters = use_cases.filters

    async def CreateCustomer(self, request: pb.CreateCustomerRequest, call: Call) -> pb.CreateCustomerResponse:
        given = request.customer
        created = await self._customers.create(call.caller.tenant_id, given.customer_id, customers.content(given))
        return pb.CreateCustomerResponse(customer=customers.customer(created))

    async def GetCustomer(self, request: pb.GetCustomerRequest, call: Call) -> pb.GetCustomerResponse:
        tenant_id = call.caller.tenant_id
        found = await self._customers.get(tenant_id, request.customer_id)
        response = pb.GetCustomerResponse(customer=customers.customer(found))
        if request.include_profiles:
            linked = await self._customers.linked(tenant_id, request.customer_id)
            response.profiles.extend(responses.profile(*one) for one in linked.profiles)
            response.more_profiles = linked.more
        return response

    async def UpdateCustomer(self, request: pb.UpdateCustomerRequest, call: Call) -> pb.UpdateCustomerResponse:
        given = request.customer
        updated = await self._customers.update(
            call.caller.tenant_id,
            given.customer_id,
            customers.patch(request),
            etag=given.etag,
            allow_missing=request.allow_missing,
        )
        return pb.UpdateCustomerResponse(customer=customers.customer(updated))

    async def DeleteCustomer(self, request: pb.DeleteCustomerRequest, call: Call) -> pb.DeleteCustomerResponse:
        unlinked = await self._customers.delete(
            call.caller.tenant_id, request.customer_id, allow_missing=request.allow_missing
        )
        return pb.DeleteCustomerResponse(unlinked=unlinked)

    async def ListCustomers(self, request: pb.ListCustomersRequest, call: Call) -> pb.ListCustomersResponse:
        tenant_id = call.caller.tenant_id
        filter_ = await self._filters.of_customers(tenant_id, request.filter)
        wanted = customers.customer_filter(request, tenant_id, filter_)
        return customers.list_customers(await self._customers.list(wanted, request.page_size, request.page_token))

    def ImportCustomers(
        self, given: AsyncIterator[pb.ImportCustomersRequest], call: Call
    ) -> AsyncGenerator[pb.ImportCustomersResponse, None]:
        one = imports.CustomerImport(self._imports, self._customers, call.caller.tenant_id)
        return imports.answers(given, one.begin)

    async def ExportCustomers(
        self, request: pb.ExportCustomersRequest, call: Call
    ) -> AsyncGenerator[pb.ExportCustomersResponse, None]:
        async with aclosing(self._exports.customers(call.caller.tenant_id, request.resume_token)) as parts:
            async for part in parts:
                yield customers.export_customers(part)

    async def MergeCustomers(self, request: pb.MergeCustomersRequest, call: Call) -> pb.MergeCustomersResponse:
        merged, moved = await self._customers.merge(
            call.caller.tenant_id, request.source_customer_id, request.target_customer_id
        )
        return pb.MergeCustomersResponse(customer=customers.customer(merged), moved=moved)

    async def EraseCustomer(self, request: pb.EraseCustomerRequest, call: Call) -> pb.EraseCustomerResponse:
        erased = await self._people.erase_customer(
            call.caller.tenant_id, request.customer_id, announce=people.announce(request)
        )
        return pb.EraseCustomerResponse(removed=erased.removed, notes=erased.notes)

    async def ExportPerson(self, request: pb.ExportPersonRequest, call: Call) -> pb.ExportPersonResponse:
        if request.HasField("user"):
            person = await self._people.export_user(call.caller.tenant_id, request.user.app_id, request.user.user_id)
        else:
            person = await self._people.export_customer(call.caller.tenant_id, request.customer_id)
        return pb.ExportPersonResponse(document=people.document(person))

    async def GetCustomerSchema(
        self, _request: pb.GetCustomerSchemaRequest, call: Call
    ) -> pb.GetCustomerSchemaResponse:
        return pb.GetCustomerSchemaResponse(schema=customers.schema(await self._schemas.get(call.caller.tenant_id)))

    async def UpdateCustomerSchema(
        self, request: pb.UpdateCustomerSchemaRequest, call: Call
    ) -> pb.UpdateCustomerSchemaResponse:
        changed = await self._schemas.change(
            call.caller.tenant_id,
            customers.attributes(request.schema),
            request.schema.version,
            dry_run=request.dry_run,
            drop_values=request.drop_values,
        )
        return pb.UpdateCustomerSchemaResponse(
            schema=customers.schema(changed.schema), affected_customers=changed.affected
        )
