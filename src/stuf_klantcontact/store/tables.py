"""The declarative base of every table, and the type of a moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
"""A point in time; naive datetimes have no place in a database."""


class Base(DeclarativeBase):
    """Text without a length unless one is given, whole numbers of 64 bits, names as PostgreSQL gives them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {str: Text, bytes: LargeBinary, int: BigInteger}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of housekeeping through a table did, or would do.

    `last` is the id that the next step begins after, None when there is nothing to do behind it.
    """

    last: int | None
    rows: int
    bytes: int
