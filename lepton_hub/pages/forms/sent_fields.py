"""Parse the fields and files of a form; `Guards` limits its size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qsl, unquote

from fastapi import Request

MOST_FIELDS = 3000
_DISPOSITION = re.compile(
    rb'form-data; *name="([^"\r\n]*)"(?:; *filename="([^"\r\n]*)")?', re.IGNORECASE
)
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")


class FormUnreadable(Exception):
    """The request does not contain a valid form."""

    def __init__(self) -> None:
        super().__init__("What arrived is not one of the hub's forms.")


@dataclass(frozen=True)
class SentFile:
    """A file that was sent with a form. name: without folders."""

    name: str
    content: bytes
    media_type: str


class Fields(Mapping[str, str]):
    """A form's fields by name: the first value of each, with line endings normalised to LF."""

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]] = (),
        files: Sequence[tuple[str, SentFile]] = (),
    ) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            lines = value.replace("\r\n", "\n").replace("\r", "\n")
            self._values.setdefault(name, []).append(lines)
        self._files = list(files)

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> list[str]:
        """Return all values of a field, such as ticked checkboxes."""
        return list(self._values.get(name, ()))

    def files(self, name: str) -> list[SentFile]:
        """Return the files that were chosen in a field."""
        return [file for field, file in self._files if field == name]

    @property
    def has_files(self) -> bool:
        """Whether any file was sent."""
        return bool(self._files)


async def read_fields(request: Request) -> Fields:
    """Return a form's fields. Raises FormUnreadable."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    kind = header.get_content_type()
    try:
        if kind == "application/x-www-form-urlencoded":
            text = (await request.body()).decode("ascii")
            return Fields(
                parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
            )
        boundary = header.get_param("boundary")
        if kind == "multipart/form-data" and isinstance(boundary, str) and boundary:
            return parse_multipart(await request.body(), boundary.encode("ascii"))
    except ValueError as error:
        raise FormUnreadable from error
    raise FormUnreadable


def parse_multipart(body: bytes, boundary: bytes) -> Fields:
    """Parse a multipart form as browsers write it (RFC 7578).

    Raises FormUnreadable, UnicodeDecodeError.
    """
    delimiter = b"\r\n--" + boundary
    first, *parts = (b"\r\n" + body).split(delimiter, MOST_FIELDS + 1)
    if first or not parts or parts[-1].strip() != b"--":
        raise FormUnreadable
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, SentFile]] = []
    for part in parts[:-1]:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(_header(line) for line in head.split(b"\r\n"))
        disposition = _DISPOSITION.fullmatch(headers.get(b"content-disposition", b""))
        if not found or not part.startswith(b"\r\n") or disposition is None:
            raise FormUnreadable
        name = _unquoted(disposition[1])
        if disposition[2] is None:
            pairs.append((name, content.decode()))
        elif disposition[2] or content:
            files.append((name, _file(disposition[2], content, headers)))
    return Fields(pairs, files)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, found, value = line.partition(b":")
    if not found:
        raise FormUnreadable
    return name.strip().lower(), value.strip()


def _unquoted(name: bytes) -> str:
    """Return a name; browsers write its quotation marks and line ends as %22, %0D and %0A."""
    return re.sub(r"%(22|0D|0A)", lambda found: unquote(found[0]), name.decode())


def _file(name: bytes, content: bytes, headers: Mapping[bytes, bytes]) -> SentFile:
    told = headers.get(b"content-type", b"").decode("ascii", "replace").partition(";")[0].lower()
    media_type = told if _MEDIA_TYPE.fullmatch(told) else "application/octet-stream"
    last = re.split(r"[/\\]", _unquoted(name))[-1]
    return SentFile(last, content, media_type)
