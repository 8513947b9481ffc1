"""Options of `import` and `export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from profile_grpc.cli.options import FILE, command_option

_SERVER = "A server instead of the database"

AppOption = Annotated[str | None, command_option("--app", "The app of the profiles.", metavar="APP")]
CustomersOption = Annotated[bool, command_option("--customers", "Customers instead of profiles.")]
TenantOfCustomers = Annotated[
    str | None,
    command_option("--tenant", "The tenant of the customers; of a server, that of the key.", metavar="TENANT"),
]
Resume = Annotated[bool, command_option("--resume", "Go on where an earlier run was interrupted.")]
Target = Annotated[str | None, command_option("--target", "The server.", _SERVER, metavar="HOST:PORT")]
KeyFile = Annotated[
    Path | None,
    command_option("--key-file", "A file with a key of kind ADMIN or PROFILE.", _SERVER, metavar="FILE", **FILE),
]
CaOption = Annotated[
    Path | None, command_option("--ca", "Authority of the server's certificate (PEM).", _SERVER, metavar="FILE", **FILE)
]
Plaintext = Annotated[bool, command_option("--plaintext", "Connect without TLS.", _SERVER)]


@dataclass(frozen=True, slots=True)
class TransferOptions:
    """The options of both commands: the database or server, and the app or tenant whose records it has."""

    database_url: str | None
    target: str | None
    """HOST:PORT of a server; None: the database."""
    key_file: Path | None
    ca: Path | None
    plaintext: bool
    customers: bool
    app_id: str
    tenant: str

    def __post_init__(self) -> None:
        """Raises typer.BadParameter when they do not go together."""
        if self.customers == bool(self.app_id):
            raise typer.BadParameter("give --app APP, for its profiles, or --customers")
        if self.customers and not self.target and not self.tenant:
            raise typer.BadParameter("give --tenant, whose customers they are")
        if self.tenant and (self.target or not self.customers):
            raise typer.BadParameter("--tenant is for --customers on the database")
        if not self.target and (self.key_file or self.ca or self.plaintext):
            raise typer.BadParameter("give --target HOST:PORT, where the server is")

    @property
    def whose(self) -> str:
        """Whose records they are: another app's are another import or export."""
        return self.app_id or f"customers {self.tenant}"
