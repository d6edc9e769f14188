"""The script that looks for words to avoid finds them in prose, and not in code."""

import runpy

import pytest
from pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "tools" / "check_words.py"))


@pytest.fixture
def check(tmp_path, capsys):
    """Write a file, check it or its folder, and return the exit code and the lines that were printed."""

    def checked(name, text, given=None):
        (tmp_path / name).write_text(text, "utf-8")
        code = SCRIPT["main"]([str(tmp_path / name if given is None else given)])
        return code, capsys.readouterr().err.replace(f"{tmp_path}/", "").splitlines()

    return checked


def test_words_of_a_page_are_named_with_their_lines(check):
    """Also over the end of a line, and in any case."""
    page = "# A page\n\nIt is so\nmany words.\n\nNobody reads.\n"
    assert check("page.md", page) == (
        1,
        ["page.md:3: 'so many'; write: a number", "page.md:6: 'nobody'; write: no test, no program"],
    )


@pytest.mark.parametrize(
    "text",
    ["`told`\n", "```python\nhe = 1\n```\n", "[a link](nobody.md)\n", "The doorbell, a she-he-it, untold.\n"],
    ids=["code", "fence", "link", "parts of words"],
)
def test_code_and_parts_of_words_are_no_finds(check, text):
    """Names in code may be what they are."""
    assert check("page.md", text) == (0, [])


def test_docstrings_and_messages_of_python_are_looked_at(check, tmp_path):
    """Short strings are names and values; comments and code are left alone."""
    code = '"""The module.\n\nIt is told by nobody."""\n\nhe = "nobody"  # told\nraise ValueError(f"The {he} was told so.")\n'
    code, lines = check("one.py", code, tmp_path)
    assert (code, sorted(lines)) == (
        1,
        [
            "one.py:3: 'nobody'; write: no test, no program",
            "one.py:3: 'told'; write: notified, named, shown",
            "one.py:6: 'told'; write: notified, named, shown",
        ],
    )


def test_it_reads_the_command_line(monkeypatch, tmp_path):
    """Called as a script it takes its arguments."""
    monkeypatch.setattr("sys.argv", ["check_words.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "tools" / "check_words.py"), run_name="__main__")
    assert ended.value.code == 0
