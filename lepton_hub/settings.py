"""The hub's settings, from the environment or a folder's defaults."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lepton_hub.jobs.cluster.scheduler_address import UnsafeScheduler, checked_address
from lepton_hub.jobs.job_settings import JobSettings
from lepton_hub.keys.private_files import make_once
from lepton_hub.proxies import BadProxies, parse_proxies

SCHEDULER = "LEPTON_HUB_SCHEDULER"


class SettingsError(ValueError):
    """The settings are invalid; the message says why."""


@dataclass(frozen=True)
class HubSettings:
    """The settings of a hub.

    database: SQLAlchemy's URL. database_key_file: holds the key by which SQLite is encrypted; made
    where it is named and missing. blobs: a folder or a URL of fsspec. keys: the file with the keys
    that wrap each blob's key; without it, no content can be read. prefix: the path prefix of all
    URLs, such as /services/hub; "" for none. address: where people reach the hub from outside, such
    as https://learn.example.com/services/hub; "" where it is not known: e-mails then have no links.
    requests_a_minute, burst: a person's rate limit. requests_at_once: a person's concurrent
    requests. proxies: whose X-Forwarded-For is trusted (`parse_proxies`). largest_upload: in bytes.
    identity_seconds: how long JupyterHub's answers about people are cached. smtp, mail_from,
    mail_domain: the mail server, such as smtp+starttls://USER:PASSWORD@HOST, the From address, and
    the domain of people's addresses; without a server no e-mail is sent. curriculum: the folder of
    the course's modules; by default those of this installation. jobs: how the compute pool runs.
    metrics: who may read the Prometheus metrics: "off" for nobody, "loopback" for this machine, or
    the file of the key that must be sent, created if missing.
    """

    database: str
    blobs: str
    keys: Path
    jobs: JobSettings
    database_key_file: Path | None = None
    prefix: str = ""
    address: str = ""
    requests_a_minute: float = 1200.0
    burst: int = 240
    requests_at_once: int = 10
    proxies: str = ""
    largest_upload: int = 64 * 2**30
    identity_seconds: float = 10.0
    smtp: str | None = field(default=None, repr=False)
    mail_from: str = ""
    mail_domain: str = ""
    curriculum: Path | None = None
    metrics: str = "off"

    def metrics_key(self) -> str | None:
        """Return the key that protects the metrics, if any. Raises SettingsError."""
        return None if self.metrics in ("off", "loopback") else _key_in(Path(self.metrics))

    def database_key(self) -> str | None:
        """Return the key of the database, if it has one. Raises SettingsError."""
        if self.database_key_file is None:
            return None
        return _key_in(self.database_key_file)


def settings_of(folder: Path, environment: Mapping[str, str] = os.environ) -> HubSettings:
    """Return a hub's settings from the environment, with defaults in a folder.

    Variables that count: LEPTON_HUB_DATABASE, LEPTON_HUB_DATABASE_KEY_FILE, LEPTON_HUB_BLOBS,
    LEPTON_HUB_KEYS, LEPTON_HUB_ADDRESS, LEPTON_HUB_REQUESTS_A_MINUTE, LEPTON_HUB_REQUESTS_AT_ONCE,
    LEPTON_HUB_PROXIES, LEPTON_HUB_LARGEST_UPLOAD (in bytes), LEPTON_HUB_SMTP, LEPTON_HUB_MAIL_FROM,
    LEPTON_HUB_MAIL_DOMAIN, LEPTON_HUB_CURRICULUM, LEPTON_HUB_METRICS, JUPYTERHUB_SERVICE_PREFIX,
    JUPYTERHUB_PUBLIC_URL, and those of jobs (`_JOB_NUMBERS`, LEPTON_HUB_JOBS_FOLDER,
    LEPTON_HUB_JOBS_WALLS, LEPTON_HUB_SCHEDULER). An empty one counts as not set.
    Raises SettingsError.
    """
    folder = folder.expanduser().resolve()
    environment = {name: value for name, value in environment.items() if value}
    key_file = environment.get("LEPTON_HUB_DATABASE_KEY_FILE")
    curriculum = environment.get("LEPTON_HUB_CURRICULUM")
    # Beside JupyterHub, everybody's notebooks run on this machine, too.
    metrics = "off" if environment.get("JUPYTERHUB_SERVICE_PREFIX") else "loopback"
    return HubSettings(
        database=environment.get("LEPTON_HUB_DATABASE", f"sqlite:///{folder / 'hub.sqlite'}"),
        blobs=environment.get("LEPTON_HUB_BLOBS", str(folder / "blobs")),
        keys=Path(environment.get("LEPTON_HUB_KEYS", folder / "keys.json")),
        jobs=_jobs(folder, environment),
        database_key_file=Path(key_file) if key_file else None,
        prefix=environment.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/"),
        address=_address(environment),
        requests_a_minute=_number(environment, "LEPTON_HUB_REQUESTS_A_MINUTE", 1200),
        requests_at_once=_number(environment, "LEPTON_HUB_REQUESTS_AT_ONCE", 10),
        proxies=_proxies(environment),
        largest_upload=_number(environment, "LEPTON_HUB_LARGEST_UPLOAD", 64 * 2**30),
        curriculum=Path(curriculum) if curriculum else None,
        metrics=environment.get("LEPTON_HUB_METRICS") or metrics,
        **_mail(environment),
    )


def _key_in(file: Path) -> str:
    """Return the key in a file, created if missing. Raises SettingsError."""
    make_once(file, secrets.token_hex(32).encode())
    key = file.read_text(encoding="utf-8").strip()
    if not key:
        raise SettingsError(f"{file} is empty: it must contain a key.")
    return key


_JOB_NUMBERS = {
    "workers": "LEPTON_HUB_WORKERS",
    "running": "LEPTON_HUB_JOBS_RUNNING",
    "processor_hours": "LEPTON_HUB_JOBS_HOURS",
    "processors": "LEPTON_HUB_JOB_PROCESSORS",
    "memory": "LEPTON_HUB_JOB_MEMORY",
    "seconds": "LEPTON_HUB_JOB_SECONDS",
    "files": "LEPTON_HUB_JOB_FILES",
}
_MINIMUM = {"workers": 0}


def _jobs(folder: Path, environment: Mapping[str, str]) -> JobSettings:
    walls = environment.get("LEPTON_HUB_JOBS_WALLS", "auto")
    if walls not in ("auto", "none"):
        raise SettingsError(f"LEPTON_HUB_JOBS_WALLS must be auto or none, not {walls!r}.")
    numbers = {
        name: _number(environment, variable, getattr(JobSettings, name), _MINIMUM.get(name, 1))
        for name, variable in _JOB_NUMBERS.items()
    }
    place = Path(environment.get("LEPTON_HUB_JOBS_FOLDER", folder / "jobs"))
    return JobSettings(place, walls=walls, scheduler=_scheduler(environment, walls), **numbers)


def _scheduler(environment: Mapping[str, str], walls: str) -> str:
    """Return the address of the Dask scheduler, or "". Raises SettingsError."""
    address = environment.get(SCHEDULER, "")
    if address and walls == "none":
        raise SettingsError(
            f"LEPTON_HUB_JOBS_WALLS must be auto with {SCHEDULER}: an unsandboxed program on a "
            "worker of the cluster controls the whole cluster."
        )
    try:
        return checked_address(address) if address else ""
    except UnsafeScheduler as error:
        raise SettingsError(f"{SCHEDULER}: {error}") from error


def _number(environment: Mapping[str, str], name: str, default: int, minimum: int = 1) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) < minimum:
        raise SettingsError(f"{name} must be a number of at least {minimum}, not {text!r}.")
    return int(text)


def _address(environment: Mapping[str, str]) -> str:
    """Return the hub's public URL, by default from JupyterHub's."""
    is_service = bool(environment.get("JUPYTERHUB_SERVICE_PREFIX"))
    public = environment.get("JUPYTERHUB_PUBLIC_URL", "") if is_service else ""
    text = environment.get("LEPTON_HUB_ADDRESS", public).rstrip("/")
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        good = False
    if text and (not good or set(text) & set("?#<>\"' \\") or not text.isprintable()):
        raise SettingsError(
            "LEPTON_HUB_ADDRESS must be the URL at which people reach the hub, such as "
            f"https://learn.example.com/services/hub, not {text!r}."
        )
    return text


def _proxies(environment: Mapping[str, str]) -> str:
    text = environment.get("LEPTON_HUB_PROXIES", "")
    try:
        parse_proxies(text)
    except BadProxies as error:
        raise SettingsError(f"LEPTON_HUB_PROXIES: {error}.") from error
    return text


def _mail(environment: Mapping[str, str]) -> dict[str, str]:
    smtp = environment.get("LEPTON_HUB_SMTP")
    if not smtp:
        return {}
    sender = environment.get("LEPTON_HUB_MAIL_FROM", "")
    domain = environment.get("LEPTON_HUB_MAIL_DOMAIN", "")
    if not sender.isascii() or "@" not in sender or not domain.isascii() or not domain:
        raise SettingsError(
            "LEPTON_HUB_SMTP needs LEPTON_HUB_MAIL_FROM, the sender's address, and "
            "LEPTON_HUB_MAIL_DOMAIN, the domain of people's addresses."
        )
    return {"smtp": smtp, "mail_from": sender, "mail_domain": domain}
