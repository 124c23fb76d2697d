"""Looks after accounts from a script: the core, a database, and no HTTP."""

import argparse
import asyncio
import sys

from leadnator_auth.domain import Actor, AuthError, Ports, create_user, list_users, log_in
from leadnator_auth.entrypoints.embedding import Settings, StartError, open_ports, prepare

OPERATOR = Actor.operator()
"""Who may do everything: whoever can run this script can read the database, too."""


async def add(ports: Ports, email: str, name: str) -> str:
    user = await create_user(OPERATOR, name, email, read_password(), is_admin=False, ports=ports)
    return f"{user.email} was added"


async def check(ports: Ports, email: str) -> str:
    signed_in = await log_in(email, read_password(), ports=ports)
    return f"{signed_in.user.name} knows the password"


async def everybody(ports: Ports) -> str:
    page = await list_users(OPERATOR, ports=ports)
    return "\n".join(f"{user.email} {user.status}" for user in page.entries)


def read_password() -> str:
    return sys.stdin.readline().rstrip("\n")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="accounts.db", help="a SQLite file (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="add an account; its password comes from standard input")
    adding.add_argument("email")
    adding.add_argument("name")
    checking = commands.add_parser("check", help="tell whether the password from standard input is the right one")
    checking.add_argument("email")
    commands.add_parser("list", help="list the accounts, the newest first")
    return parser


async def run(arguments: argparse.Namespace) -> str:
    settings = Settings(database_url=f"sqlite:///{arguments.database}")
    prepare(settings)
    async with open_ports(settings) as ports:
        match arguments.command:
            case "add":
                return await add(ports, arguments.email, arguments.name)
            case "check":
                return await check(ports, arguments.email)
            case _:
                return await everybody(ports)


def main() -> None:
    try:
        print(asyncio.run(run(parser().parse_args())))
    except (AuthError, StartError) as error:
        sys.exit(f"refused: {getattr(error, 'code', error)}")


if __name__ == "__main__":
    main()
