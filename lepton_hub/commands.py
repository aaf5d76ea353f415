"""The commands `lepton hub …`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.middleware.trustedhost import TrustedHostMiddleware

from lepton_course.command_group import NamesItself
from lepton_course.errors import problem_in_words
from lepton_hub.audit import entries, verify
from lepton_hub.database.engine import DatabaseError, open_database
from lepton_hub.database.upgrades import upgrade_database
from lepton_hub.identity.made_up import NOTICE, MadeUpIdentity, NotLoopback, loopback, secret_in
from lepton_hub.settings import HubSettings, SettingsError, settings_of
from lepton_hub.storage import BlobDamaged, BlobStore, KeyRing, Uploads

hub_app = typer.Typer(
    cls=NamesItself,
    help="The hub where teams share data sets, models, code and notebooks: try it, look after it.",
    no_args_is_help=True,
)
HubFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The hub's folder.")]


@hub_app.command()
def start(
    folder: HubFolder,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8890,
    host: Annotated[str, typer.Option(help="An address of this machine alone.")] = "127.0.0.1",
) -> None:
    """Start a hub alone, with made-up people, to try it on this machine."""
    from lepton_hub.api import create_app, open_service
    from lepton_hub.server import listening, serve

    try:
        listener = listening(loopback(host), port, patience=0)
        os.umask(0o077)
        identity = MadeUpIdentity(secret_in(folder.expanduser() / "made-up-sign-in"))
        settings = settings_of(folder, {**os.environ, "JUPYTERHUB_SERVICE_PREFIX": ""})
        app = create_app(open_service(settings, identity, look_up=identity.look_up))
    except (NotLoopback, SettingsError, DatabaseError, OSError) as error:
        sys.exit(f"lepton hub start: {problem_in_words(error)}.")
    # A page of elsewhere whose name leads here by a trick of DNS has another host.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"A hub with {NOTICE}. It is for this machine alone. To be one of them:\n")
    print(f"  export LEPTON_HUB_URL={address}")
    for person in identity.people:
        about = ", ".join(sorted(person.teams)) or ("administrator" if person.admin else "no team")
        print(f"  export LEPTON_HUB_TOKEN={identity.token(person.name)}   # {person.name}, {about}")
    print(f"\nWhat it can do: {address}/docs. Stop: Ctrl+C.", flush=True)
    serve(app, listener)


@hub_app.command(name="verify")
def verify_hub(
    folder: HubFolder,
    contents: Annotated[bool, typer.Option(help="Read each content as well.")] = False,
) -> None:
    """Check that nobody has tampered with the audit log or, if you like, with contents."""
    settings, engine = _opened(folder)
    with Session(engine) as session, session.begin():
        verdict = verify(session)
    print(verdict)
    damaged = 0
    if contents:
        store = BlobStore(settings.blobs, KeyRing.load_or_create(settings.keys))
        for blob in store.blobs():
            try:
                store.check(blob.sha256)
            except BlobDamaged as error:
                damaged += 1
                print(f"{blob.sha256}: {error}")
        print(f"Damaged contents: {damaged}")
    if not verdict.whole or damaged:
        raise typer.Exit(1)


@hub_app.command()
def log(
    folder: HubFolder,
    actor: Annotated[str | None, typer.Option(help="Only what somebody did.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only what was done to this.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this, such as file.download.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries at most.")] = 50,
) -> None:
    """Show the newest entries of the audit log."""
    _, engine = _opened(folder)
    with Session(engine) as session, session.begin():
        found = entries(session, actor=actor, subject=subject, action=action, limit=limit)
    for entry in found:
        print(
            f"{entry.number}  {entry.time}  {entry.actor}  {entry.action}  {entry.subject}  "
            f"{entry.detail}"
        )


@hub_app.command()
def upgrade(folder: HubFolder) -> None:
    """Bring the database to this version's tables; starting the hub does so as well."""
    _opened(folder)
    print("The database is up to date.")


@hub_app.command(name="rotate-keys")
def rotate_keys(
    folder: HubFolder,
    retire: Annotated[bool, typer.Option(help="Destroy the older keys afterwards.")] = False,
) -> None:
    """Seal each content's key with a new key of the hub; contents themselves stay as they are."""
    settings, _ = _opened(folder)
    keys = KeyRing.load_or_create(settings.keys)
    store = BlobStore(settings.blobs, keys)
    newest = keys.add_generation()
    count = store.rotate(keys) + Uploads(store).rotate()
    print(f"Key {newest} is in use; {count} contents' keys were sealed anew with it.")
    if retire:
        for generation in keys.generations[1:]:
            keys.retire(generation)
        print("The older keys are destroyed: older backups of the contents open no more.")


def _opened(folder: Path) -> tuple[HubSettings, Engine]:
    """Return a hub's settings and database, brought up to date; end where there is no hub."""
    try:
        settings = settings_of(folder)
        file = settings.database.removeprefix("sqlite:///")
        if file != settings.database and not Path(file).exists():
            sys.exit(f"lepton hub: there is no hub in {folder}.")
        engine = open_database(settings.database, settings.database_key())
        upgrade_database(engine)
    except (SettingsError, DatabaseError, OSError) as error:
        sys.exit(f"lepton hub: {problem_in_words(error)}.")
    with suppress(AttributeError):
        os.umask(0o077)
    return settings, engine
