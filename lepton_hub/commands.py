"""The commands `lepton hub …`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from starlette.middleware.trustedhost import TrustedHostMiddleware

from lepton_course.command_group import NamesItself
from lepton_course.errors import problem_in_words
from lepton_hub.audit import (
    UntrustedHead,
    append,
    entries,
    export_head,
    head_public_key,
    mentions,
    read_head,
    redact,
    verify_database,
)
from lepton_hub.catalogue.contents import damaged_contents
from lepton_hub.database.engine import DatabaseError, open_database, reading
from lepton_hub.database.upgrades import upgrade_database
from lepton_hub.identity.made_up import (
    NOTICE,
    MadeUpIdentity,
    MadeUpSignIn,
    NotLoopback,
    loopback,
    own_hosts,
    secret_in,
)
from lepton_hub.keys import KeyFileError
from lepton_hub.needs.own_replies import forget_respondent
from lepton_hub.recommendations.usage_keeping import forget_user
from lepton_hub.search import keep_index
from lepton_hub.settings import SCHEDULER, HubSettings, SettingsError, settings_of
from lepton_hub.storage import BlobStore, KeyRing, StorageError, StorageUnavailable, Uploads

hub_app = typer.Typer(
    cls=NamesItself,
    help="Try out or operate the hub where teams share data sets, models, code and notebooks.",
    no_args_is_help=True,
)
PROBLEMS = (SettingsError, DatabaseError, KeyFileError, StorageError, SQLAlchemyError, OSError)
HubFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The hub's folder.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        envvar=SCHEDULER,
        help="Run jobs on the Dask cluster at tls://HOST:8786.",
    ),
]


@hub_app.command()
def start(
    folder: HubFolder,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8890,
    host: Annotated[str, typer.Option(help="A loopback address of this machine.")] = "127.0.0.1",
    made_up: Annotated[
        bool, typer.Option("--made-up", help="Fill an empty hub with made-up content.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Start a hub without JupyterHub, with made-up people, to try it on this machine."""
    from lepton_hub.api.service_state import open_service
    from lepton_hub.application import create_app
    from lepton_hub.jobs.worker_processes.hub_workers import hub_workers
    from lepton_hub.server import listening, serve

    os.environ[SCHEDULER] = scheduler or ""  # for the workers, too
    try:
        listener = listening(loopback(host), port, patience=0)
        os.umask(0o077)
        identity = MadeUpIdentity(secret_in(folder.expanduser() / "made-up-sign-in"))
        settings = settings_of(folder, {**os.environ, "JUPYTERHUB_SERVICE_PREFIX": ""})
        browsers = MadeUpSignIn(identity)
        state = open_service(settings, identity, look_up=identity.look_up, made_up=browsers)
        app = create_app(state)
    except (NotLoopback, *PROBLEMS) as error:
        sys.exit(f"lepton hub start: {problem_in_words(error)}.")
    if made_up:
        from lepton_hub.demonstration.filling import fill_if_empty

        if not fill_if_empty(state):
            print("This hub is or has been in use, so no made-up content was added.\n")
    # Against DNS rebinding: a foreign site whose name resolves to this address sends its own host.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=own_hosts(host))
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"A hub with {NOTICE}. It serves this machine only. In a browser:\n")
    print(f"  {address}/pages/sign-in?key={browsers.key}\n\nIn a program:\n")
    print(f"  export LEPTON_HUB_URL={address}")
    for person in identity.people:
        about = ", ".join(sorted(person.teams)) or ("administrator" if person.admin else "no team")
        print(f"  export LEPTON_HUB_TOKEN={identity.token(person.name)}   # {person.name}, {about}")
    print(f"\nAPI documentation: {address}/docs. Press Ctrl+C to stop.", flush=True)
    with hub_workers(folder, settings.jobs, os.environ):
        serve(app, listener)


@hub_app.command(name="work")
def work_for_hub(folder: HubFolder, scheduler: Scheduler = None) -> None:
    """Run the compute pool's jobs one at a time until Ctrl+C. Start several to run more at once."""
    from lepton_hub.jobs.running.program_process import NoWalls
    from lepton_hub.jobs.worker_processes.worker_command import work

    os.environ[SCHEDULER] = scheduler or ""
    settings, engine = _opened(folder)
    engine.dispose()
    where = scheduler and f"they will run on the cluster at {scheduler}"
    where = where or f"their files are in {settings.jobs.folder}"
    print(f"Waiting for jobs; {where}. Press Ctrl+C to stop.", flush=True)
    try:
        work(folder, os.environ, until_input_closes=False)
    except (NoWalls, *PROBLEMS) as error:
        sys.exit(f"lepton hub work: {problem_in_words(error)}")


@hub_app.command(name="remove-made-up")
def remove_made_up_content(folder: HubFolder) -> None:
    """Remove the content that --made-up or `make hub` added, and all discussions about it."""
    from lepton_hub.demonstration.removal import remove_made_up

    settings, engine = _opened(folder)
    sessions = sessionmaker(engine, expire_on_commit=False)
    keep_index(sessions)
    try:
        print(f"Removed {remove_made_up(sessions, _store(settings))} made-up items.")
    except StorageUnavailable as error:
        sys.exit(
            f"lepton hub: {error}. The items have been removed; their contents will be removed "
            "as soon as it answers."
        )


@hub_app.command(name="verify")
def verify_hub(
    folder: HubFolder,
    contents: Annotated[bool, typer.Option(help="Also read and decrypt every blob.")] = False,
    head: Annotated[
        Path | None,
        typer.Option(help="An exported head that was kept elsewhere: see `lepton hub head`."),
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="The public key that verifies the head's signature.")
    ] = None,
) -> None:
    """Check that nobody has tampered with the audit log or, with --contents, with the blobs."""
    settings, engine = _opened(folder)
    kept = None
    try:
        if head:
            keys = KeyRing.in_memory() if public_key else _keys(settings)  # an auditor has none
            kept = read_head(head, keys, public_key)
    except (UntrustedHead, OSError) as error:
        sys.exit(f"lepton hub verify: {problem_in_words(error)}.")
    verdict = verify_database(engine, kept)
    print(verdict)
    damaged = 0
    if contents:
        import lepton_hub.knowledge  # noqa: F401 (documents' attachments are contents, too)

        problems = damaged_contents(sessionmaker(reading(engine)), _store(settings))
        try:
            for problem in problems:
                print(problem)
                damaged += 1
        except StorageUnavailable as error:
            sys.exit(
                f"lepton hub verify: {error}. Not all contents were read; run this command again."
            )
        print(f"Damaged contents: {damaged}")
    if not verdict.whole or damaged:
        raise typer.Exit(1)


@hub_app.command()
def log(
    folder: HubFolder,
    actor: Annotated[str | None, typer.Option(help="Only entries by this person.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only entries about this subject.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, such as file.download.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The maximum number of entries.")] = 50,
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
    """Migrate the database to this version's schema, as starting the hub does."""
    _opened(folder)
    print("The database is up to date.")


@hub_app.command(name="rotate-keys")
def rotate_keys(
    folder: HubFolder,
    retire: Annotated[bool, typer.Option(help="Afterwards, destroy the older keys.")] = False,
) -> None:
    """Add a new hub key and reseal every content's key with it, without re-encrypting contents."""
    settings, _ = _opened(folder)
    store = _store(settings)
    keys = store.keys
    newest = keys.add_generation()
    try:
        count = store.rotate(keys) + Uploads(store).rotate()
    except StorageUnavailable as error:
        sys.exit(
            f"lepton hub rotate-keys: {error}. Key {newest} is in use; run this command again."
        )
    except StorageError as error:
        sys.exit(
            f"lepton hub rotate-keys: {error}. All other contents are now sealed with key {newest}."
        )
    print(f"Key {newest} is in use; {count} contents' keys were resealed with it.")
    if retire:
        for generation in keys.generations[1:]:
            keys.retire(generation)
        print(
            "The older keys are destroyed: older backups of the contents can no longer be "
            "decrypted."
        )


@hub_app.command()
def head(
    folder: HubFolder,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the public key that verifies heads instead.")
    ] = False,
) -> None:
    """Print the audit log's signed head: kept elsewhere, it reveals a truncated or forged log."""
    settings, engine = _opened(folder)
    keys = _keys(settings)
    if public_key:
        print(head_public_key(keys))
        return
    with Session(engine) as session, session.begin():
        print(export_head(session, keys).to_json())


@hub_app.command()
def forget(
    folder: HubFolder,
    person: Annotated[str, typer.Argument(help="The person's name.")],
    by: Annotated[str, typer.Option(help="The name of the administrator who does it.")],
    reason: Annotated[
        str, typer.Option(help="The reason, such as a request's date; no personal data.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Permanently redact a person's name from the audit log; the redaction itself is logged.

    Also delete the person's survey answers and the record of the items they have used.
    """
    _, engine = _opened(folder)
    if not yes:  # read only, so that no writer waits for the answer
        with Session(reading(engine)) as session, session.begin():
            values = mentions(session, person)
        if values:
            typer.confirm(f"Remove {_counted(values)}?", abort=True)
    with Session(engine) as session, session.begin():
        known = forget_respondent(session, person) + forget_user(session, person)
        if known:
            append(session, actor=by, action="person.forget", subject="survey", detail={})
            print(f"Deleted {known} survey answers and records of used items.")
        values = mentions(session, person)
        if not values:
            print(f"The audit log does not name {person}.")
            return
        entry = redact(session, actor=by, reason=reason, values=values)
    print(f"Removed {_counted(values)}; entry {entry.number} records this.")


def _counted(values: Sequence[tuple[int, str]]) -> str:
    return f"{len(values)} values of {len({number for number, _ in values})} entries"


def _keys(settings: HubSettings) -> KeyRing:
    """Return a hub's key ring, created at its first start; exit if it cannot be read."""
    try:
        return KeyRing.load(settings.keys)
    except FileNotFoundError:
        sys.exit(
            f"lepton hub: the hub's keys are not in {settings.keys}. Set LEPTON_HUB_KEYS to their "
            "location, or restore them."
        )
    except PROBLEMS as error:
        sys.exit(f"lepton hub: {problem_in_words(error)}.")


def _store(settings: HubSettings) -> BlobStore:
    """Return a hub's blob store; exit if it cannot be opened."""
    try:
        return BlobStore(settings.blobs, _keys(settings))
    except PROBLEMS as error:
        sys.exit(f"lepton hub: {problem_in_words(error)}.")


def _opened(folder: Path) -> tuple[HubSettings, Engine]:
    """Return a hub's settings and its migrated database; exit if the folder holds no hub."""
    os.umask(0o077)
    try:
        settings = settings_of(folder)
        file = settings.database.removeprefix("sqlite:///")
        if file != settings.database and not Path(file).exists():
            sys.exit(f"lepton hub: there is no hub in {folder}.")
        engine = open_database(settings.database, settings.database_key())
        upgrade_database(engine)
    except PROBLEMS as error:
        sys.exit(f"lepton hub: {problem_in_words(error)}.")
    return settings, engine
