"""What the tests read out of a page of Markdown."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# sh: commands, run one after the other; console: commands after "$ " with what they print; yaml: a config;
# python: code; pycon: code after ">>> " with what it prints; text: anything else.
LANGUAGES = ("sh", "console", "yaml", "python", "pycon", "text", "cmake", "cpp")


@dataclasses.dataclass
class Block:
    language: str
    text: str
    line: int


@dataclasses.dataclass
class FileTable:
    """A table of files after <!-- files of DIRECTORY -->."""

    directory: str
    patterns: list
    line: int


def parts(page):
    """The blocks and tables of files of a page, in order."""
    lines = page.read_text().splitlines()
    found, number = [], 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("```"):
            end = lines.index("```", number + 1)
            found.append(Block(line[3:], "\n".join(lines[number + 1:end]), number + 1))
            number = end
        elif match := re.fullmatch(r"<!-- files of (\S+) -->", line):
            while not lines[number].startswith("|"):
                number += 1
            table = FileTable(match[1], [], number + 1)
            while number < len(lines) and lines[number].startswith("|"):
                table.patterns += re.findall(r"`([^`]+)`", lines[number].split("|")[1])
                number += 1
            found.append(table)
        number += 1
    return found


def commands(text):
    """The commands of a block: lines, those that end in a backslash joined, without comments."""
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(^|\s+)#\s.*$", "", line).strip()
        if line:
            yield line


def sessions(text):
    """(command, printed lines) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def headings(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)}


def links(page):
    """(target, anchor) of each link and picture that stays in the project."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target.partition("#")[::2]
