"""`GET /v1/whoami` as FastAPI and SQLAlchemy are commonly used, over the same tables.

Run by uvicorn with uvloop and httptools, from .venv-bench. `PEER_AUTOCOMMIT=1` is the tuned form:
without it SQLAlchemy opens a transaction for each query and rolls it back, two round trips more.
"""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TUNED = {"isolation_level": "AUTOCOMMIT"} if os.environ.get("PEER_AUTOCOMMIT") else {}
engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=4, max_overflow=0, **TUNED,
)  # fmt: skip
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """Of the tables."""


class User(Base):
    """Who."""

    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str]
    status: Mapped[str]


class Session(Base):
    """A token's row."""

    __tablename__ = "sessions"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    access_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Who(BaseModel):
    """The answer."""

    user_id: uuid.UUID
    login: str


async def session() -> AsyncIterator[AsyncSession]:
    """One for each request, as FastAPI's documentation does it."""
    async with sessions() as opened:
        yield opened


@app.get("/v1/whoami")
async def whoami(
    authorization: Annotated[str, Header()], database: Annotated[AsyncSession, Depends(session)]
) -> Who:
    """200, or 401 without a live session."""
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).digest()
    query = (
        select(User.id, User.login)
        .join(Session, Session.user_id == User.id)
        .where(
            Session.access_hash == digest,
            Session.ended_at.is_(None),
            Session.expires_at > func.now(),
            User.status == "active",
        )
    )
    row = (await database.execute(query)).first()
    if row is None:
        raise HTTPException(401)
    return Who(user_id=row.id, login=row.login)
