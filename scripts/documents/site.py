"""Hooks of mkdocs: the pages that are generated, the navigation, and links to files outside docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import normpath
from typing import Any

from mkdocs.structure.files import File, Files

from scripts.documents import api

ROOT = Path(__file__).parents[2]
_FIRST = ("README.md", "rules.md", "cookbook.md", "errors.md", "events.md", "webhooks.md", "privacy.md", "bridge.md")
"""The guides in their order; others follow by name."""
_REFERENCE = "reference"
_LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs's
    """Adds the generated pages, and lists every page in the navigation."""
    for name, content in api.pages().items():
        files.append(File.generated(config, f"{_REFERENCE}/{name}", content=content))
    config.nav = list(_navigation([file.src_uri for file in files.documentation_pages()]))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:  # noqa: ANN401 - mkdocs's
    """Links to files outside docs/ lead to the repository.

    Raises:
        FileNotFoundError: there is no such file.
    """
    folder = Path("docs", page.file.src_uri).parent

    def outside(match: re.Match[str]) -> str:
        target = normpath((folder / match[1]).as_posix())
        if target.startswith("docs/"):
            return match[0]
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {match[1]}, which is not there")
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"{config.repo_url.rstrip('/')}/{kind}/main/{target}{match[2] or ''}"

    return _LINK.sub(outside, markdown)


def _navigation(pages: Sequence[str]) -> Iterator[dict[str, object] | str]:
    guides = sorted(page for page in pages if "/" not in page)
    yield from sorted(guides, key=lambda page: (_FIRST.index(page) if page in _FIRST else len(_FIRST), page))
    yield {"Operations": _of("operations", pages)}
    yield {"API reference": _of(_REFERENCE, pages)}
    yield {"Decisions": _of("adr", pages)}
    known = {"operations", _REFERENCE, "adr"}
    for folder in sorted({page.partition("/")[0] for page in pages if "/" in page} - known):
        yield {folder.capitalize(): _of(folder, pages)}


def _of(folder: str, pages: Sequence[str]) -> list[str]:
    """The pages of a folder, its README first."""
    return sorted(
        (page for page in pages if page.startswith(f"{folder}/")), key=lambda page: ("README" not in page, page)
    )
