"""``reach180 account``: who may log in."""

import getpass
from typing import Annotated

import typer

from api.cli.common import out, plain_errors
from api.settings import Settings
from dispatch.store import Accounts, Role, Store

app = typer.Typer(help="Accounts of this site.", no_args_is_help=True)

Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="asked for if left out")
]


@app.command("add")
@plain_errors
def add(
    name: str,
    role: Annotated[Role, typer.Option(help="viewer, operator, planner or admin")] = Role.OPERATOR,
    password: Password = "",
) -> None:
    """Add an account."""
    with _store() as store:
        account = _accounts(store).create(name, password, role)
    out.print(f"{account.username} may log in as {account.role.value}")


@app.command("list")
@plain_errors
def show() -> None:
    """List the accounts."""
    with _store() as store:
        for account in Accounts(store).all():
            out.print(f"{account.username}\t{account.role.value}" + ("\tdisabled" if account.disabled else ""))


@app.command("disable")
@plain_errors
def disable(name: str) -> None:
    """Disable an account; its sessions end at once."""
    with _store() as store:
        _accounts(store).disable(name)
    out.print(f"{name} may not log in any more")


@app.command("enable")
@plain_errors
def enable(name: str) -> None:
    """Let a disabled account log in again."""
    with _store() as store:
        _accounts(store).disable(name, disabled=False)
    out.print(f"{name} may log in again")


@app.command("password")
@plain_errors
def password(name: str, password: Password = "") -> None:
    """Give an account another password; its sessions end at once."""
    with _store() as store:
        _accounts(store).set_password(name, password)
    out.print(f"{name} has another password")


def _store() -> Store:
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    return Store.open(settings.database_url)


def _accounts(store: Store) -> Accounts:
    return Accounts(store, by=f"command line ({getpass.getuser()})")
