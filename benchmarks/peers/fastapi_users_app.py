"""The obvious alternative: fastapi-users, set up as its documentation says.

SQLAlchemy over aiosqlite, a JWT in the Authorization header, and bcrypt at our cost in place of its own argon2, so that
both hash alike.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.bcrypt import BcryptHasher
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from peers import FASTAPI_USERS_SECRET as SECRET

engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['PEER_DATABASE']}")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """An account."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is shown of an account."""


class UserCreate(schemas.BaseUserCreate):
    """What is sent to sign up."""


class UserUpdate(schemas.BaseUserUpdate):
    """What the peer changes."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The rules, as they come."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def database_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


async def user_database(
    session: Annotated[AsyncSession, Depends(database_session)],
) -> AsyncIterator[SQLAlchemyUserDatabase[User, uuid.UUID]]:
    yield SQLAlchemyUserDatabase(session, User)


async def user_manager(
    database: Annotated[SQLAlchemyUserDatabase[User, uuid.UUID], Depends(user_database)],
) -> AsyncIterator[UserManager]:
    yield UserManager(database, PasswordHelper(PasswordHash((BcryptHasher(rounds=12),))))


def jwt_strategy() -> JWTStrategy[User, uuid.UUID]:
    return JWTStrategy(secret=SECRET, lifetime_seconds=604_800)


backend = AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/jwt/login"), jwt_strategy)
fastapi_users = FastAPIUsers[User, uuid.UUID](user_manager, [backend])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth/jwt")
app.include_router(fastapi_users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(fastapi_users.get_users_router(UserRead, UserUpdate), prefix="/users")
