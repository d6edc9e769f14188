"""Check every link that stays inside: of built pages and of Markdown files, to files and to headings.

Give it folders of built pages and Markdown files. It prints each dead link and exits with 1 if there are any. Links to other
hosts are not looked at.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FENCES = re.compile(r"^(```+|:::+).*?^\1", re.DOTALL | re.MULTILINE)
_MARKDOWN_LINK = re.compile(r"\[(?:[^][]|\[[^]]*\])*\]\(([^()\s]+)\)")


class _Page(HTMLParser):
    """The links of a built page, and the ids that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value is not None and tag != "base":
                self.links.append(value)
            elif name in {"id", "name"} and value:
                self.anchors.add(value)


class _Markdown:
    """The links of a Markdown file, and the slugs of its headings, as code hosts and MyST make them."""

    def __init__(self, text: str) -> None:
        text = _FENCES.sub("", text)
        self.links = [link for link in _MARKDOWN_LINK.findall(re.sub(r"`[^`\n]*`", "", text)) if link != "..."]
        self.anchors: set[str] = set()
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
            slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            times = sum(one == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", one) is not None for one in self.anchors)
            self.anchors.add(f"{slug}-{times}" if times else slug)


@cache
def _read(path: Path) -> "_Page | _Markdown":
    text = path.read_text(encoding="utf-8")
    return _Page(text) if path.suffix == ".html" else _Markdown(text)


def dead_links(path: Path) -> Iterator[str]:
    """Yield a sentence for each dead link of a page."""
    for link in _read(path).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        if not target.exists():
            yield f"{path}: {link} leads to no file"
        elif (
            parts.fragment
            and target.suffix in {".html", ".md"}
            and unquote(parts.fragment) not in _read(target).anchors
        ):
            yield f"{path}: {link} leads to no heading of {target.name}"


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Check what the command line names.

    Args:
        arguments: Folders of built pages, and Markdown files.

    Returns:
        1 if there are dead links or no pages, else 0.
    """
    given = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    pages = [page for path in given for page in (sorted(path.rglob("*.html")) if path.is_dir() else [path])]
    dead = [sentence for page in pages for sentence in dead_links(page)]
    for sentence in dead:
        print(sentence, file=sys.stderr)
    print(f"{len(pages)} pages, {len(dead)} dead links")
    return int(bool(dead) or not pages)


if __name__ == "__main__":
    sys.exit(main())
