"""Parameters of statements: their types are told where they have none from a column, or one with a collation."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text, bindparam
from sqlalchemy.sql.elements import BindParameter


def text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=Text())


def number(name: str) -> BindParameter[int]:
    """Of 64 bits."""
    return bindparam(name, type_=BigInteger())


def day(name: str) -> BindParameter[int]:
    """A day, as `times.day_number`."""
    return bindparam(name, type_=Integer())


LIMIT = number("limit")
