"""The use cases together, as the transport serves them."""

from __future__ import annotations

from dataclasses import dataclass

from profile_grpc.service.apps import Apps
from profile_grpc.service.customer_schemas import CustomerSchemas, Filters
from profile_grpc.service.customers import Customers
from profile_grpc.service.directory import Directory
from profile_grpc.service.exporting import Exports
from profile_grpc.service.importing import Imports
from profile_grpc.service.jwt.administration import JwtKeys
from profile_grpc.service.jwt.authorization import JwtAuthorization
from profile_grpc.service.jwt.readiness import JwtReadiness
from profile_grpc.service.people import People
from profile_grpc.service.profiles import Profiles
from profile_grpc.service.push_credentials.credentials import Credentials
from profile_grpc.service.recipients import Recipients
from profile_grpc.service.usage import Usage
from profile_grpc.service.watching import Watching
from profile_grpc.service.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class UseCases:
    """What callers can ask for."""

    apps: Apps
    credentials: Credentials
    customer_schemas: CustomerSchemas
    customers: Customers
    directory: Directory
    exports: Exports
    filters: Filters
    imports: Imports
    jwt: JwtAuthorization
    jwt_keys: JwtKeys
    jwt_readiness: JwtReadiness
    people: People
    profiles: Profiles
    recipients: Recipients
    usage: Usage
    watching: Watching
    webhooks: Webhooks
