"""The declarative base of every table, and the type of a moment."""

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
