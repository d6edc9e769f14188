"""The script that looks for dead links finds them."""

import runpy
from pathlib import Path

import pytest
from pages import PAGES, ROOT, page_id

SCRIPT = runpy.run_path(str(ROOT / "tools" / "check_links.py"))
MARKDOWN = [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]


@pytest.fixture
def check(tmp_path, capsys):
    """Write files, check one of them, and return the exit code and what was printed about it."""

    def checked(files, name):
        for file, text in files.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(text, "utf-8")
        code = SCRIPT["main"]([str(tmp_path / name)])
        printed = capsys.readouterr()
        return code, printed.err.replace(f"{tmp_path}/", "").splitlines(), printed.out.strip()

    return checked


@pytest.mark.parametrize("page", MARKDOWN, ids=page_id)
def test_no_page_has_a_dead_link(page):
    """Links between the Markdown files lead to files and headings that are there."""
    assert list(SCRIPT["dead_links"](page)) == []


def test_dead_links_of_markdown_are_named(check):
    """A link to no file and links to no heading, of this page or another, are named; those in code are none."""
    page = "# Two words\n[a](#two-words) [b](other.md#a-b) [c](https://example.com/#x) `[d](gone.md)`\n"
    dead = "```\n[e](gone.md)\n```\n[f](gone.md) [g](other.md#c) [h](#three) [i](folder/)\n"
    files = {"page.md": page + dead, "other.md": "## A `b`!\n", "folder/one.md": ""}
    assert check(files, "page.md") == (
        1,
        [
            "page.md: gone.md leads to no file",
            "page.md: other.md#c leads to no heading of other.md",
            "page.md: #three leads to no heading of page.md",
        ],
        "1 pages, 3 dead links",
    )


def test_headings_of_one_name_are_counted(check):
    """The second heading of a name has a number, as on code hosts."""
    files = {"page.md": "# A\n# A\n[one](#a) [two](#a-1) [three](#a-2)\n"}
    assert check(files, "page.md")[1] == ["page.md: #a-2 leads to no heading of page.md"]


def test_dead_links_of_built_pages_are_named(check):
    """So are those of built pages, pictures and style sheets among them."""
    page = '<base href="/"><p id="x"><a href="#x">1</a><a href="#y">2</a><img src="no.png"><a name="z" href="b.html#x">'
    files = {"site/a.html": page, "site/b.html": "<a href='a.html#z'>"}
    assert check(files, "site") == (
        1,
        [
            "site/a.html: #y leads to no heading of a.html",
            "site/a.html: no.png leads to no file",
            "site/a.html: b.html#x leads to no heading of b.html",
        ],
        "2 pages, 3 dead links",
    )


def test_a_folder_without_pages_is_an_error(check):
    """A site that was not built has no dead links, and is refused all the same."""
    assert check({"site/a.txt": ""}, "site") == (1, [], "0 pages, 0 dead links")


def test_pages_without_dead_links_pass(check):
    """The exit code is then 0."""
    assert check({"a.md": "[a](a.md)", "b/c.md": ""}, "a.md") == (0, [], "1 pages, 0 dead links")


def test_it_reads_the_command_line(monkeypatch, tmp_path):
    """Called as a script it takes its arguments."""
    monkeypatch.setattr("sys.argv", ["check_links.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(Path(ROOT, "tools", "check_links.py")), run_name="__main__")
    assert ended.value.code == 1
