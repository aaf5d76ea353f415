"""Previews of files: a table, a picture, a text, or a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from lepton_hub.api.knowledge.attachment_routes import LARGEST_NOTEBOOK
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.tables import VersionFile
from lepton_hub.pages.knowledge.rendered_texts import rendered_notebook
from lepton_hub.previews import IMAGES, NoPreview, TablePreview, is_table, preview_table
from lepton_hub.rendering.notebook_reading import NotANotebook
from lepton_hub.storage import StorageError

LONGEST_TEXT = 128 * 1024
"""Bytes of a text to show."""
TEXTS = (
    *(".py", ".md", ".txt", ".json", ".yml", ".yaml", ".toml", ".cfg", ".ini", ".sql", ".r"),
    *(".jl", ".sh", ".c", ".h", ".cpp", ".java", ".js", ".ts", ".css", ".html", ".rst", ".log"),
)
MISSING = "The hub cannot read this file at the moment. Please tell its operator."


@dataclass(frozen=True)
class FileView:
    """A file's preview. Exactly one of table, picture, html and text is set, or `why_not`.

    html: safe to show. cut: whether the preview is truncated.
    """

    path: str
    table: TablePreview | None = None
    picture: bool = False
    html: str = ""
    text: str | None = None
    cut: bool = False
    why_not: str = ""


def is_readable(path: str) -> bool:
    """Return whether a file with this name has a preview."""
    name = path.lower()
    return is_table(name) or name.endswith((*IMAGES, *TEXTS, ".ipynb"))


def beginning_of(state: ServiceState, file: VersionFile) -> FileView:
    """Return the preview on an item's page: as `view_of_file`, but nothing for notebooks."""
    if file.path.lower().endswith(".ipynb"):
        return FileView(file.path)
    return view_of_file(state, file)


def view_of_file(state: ServiceState, file: VersionFile) -> FileView:
    """Return a file's preview."""
    name = file.path.lower()
    try:
        if is_table(name):
            table = preview_table(state.store, file.sha256, file.path)
            return FileView(file.path, table=table, cut=table.cut)
        if name.endswith(tuple(IMAGES)):
            return FileView(file.path, picture=True)
        if name.endswith(".ipynb"):
            return _notebook(state, file)
        if name.endswith(TEXTS):
            return _text(state, file)
    except NoPreview as error:
        return FileView(file.path, why_not=str(error))
    except StorageError:
        return FileView(file.path, why_not=MISSING)
    return FileView(file.path, why_not="Files of this type have no preview: download it.")


def _notebook(state: ServiceState, file: VersionFile) -> FileView:
    if file.size > LARGEST_NOTEBOOK:
        why = f"A notebook of more than {LARGEST_NOTEBOOK // 2**20} MB has no preview: download it."
        return FileView(file.path, why_not=why)
    try:
        content = b"".join(state.store.read(file.sha256)).decode("utf-8")
        return FileView(file.path, html=rendered_notebook(state, content))
    except (NotANotebook, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, NotANotebook) else "it is not text"
        return FileView(file.path, why_not=f"It cannot be shown as a notebook: {why}.")


def _text(state: ServiceState, file: VersionFile) -> FileView:
    cut = file.size > LONGEST_TEXT
    content = b"".join(state.store.read(file.sha256, 0, min(file.size, LONGEST_TEXT)))
    text = content.decode("utf-8", errors="replace").replace("\0", "\ufffd")
    return FileView(file.path, text=text, cut=cut)
