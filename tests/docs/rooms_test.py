"""What docs/internals.md says of the rooms is so: its table has every folder of engine/, a room includes only rooms
above it, and only the rooms it names include oneDNN, oneTBB and yaml-cpp. The Python package knows the C++ interface alone.
"""

import re
import sys

from markdown import ROOT

LIBRARIES = {"oneapi/dnnl/": ("compile", "core/parallel.cpp", "core/instruction_sets.cpp"), "yaml-cpp/": ("config",),
             "oneapi/tbb/": ("core/parallel.cpp",)}


def table_of_rooms():
    """The rooms by name, with the row they stand in."""
    text = (ROOT / "docs" / "internals.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+/`(?:, )?)+) \|", text, flags=re.MULTILINE)
    return {room: place for place, row in enumerate(rows) for room in re.findall(r"`(\w+)/`", row)}


def failures_of(path, rooms):
    name = path.relative_to(ROOT / "engine").as_posix()
    room = name.split("/")[0]
    text = path.read_text()
    for included in set(re.findall(r'^#include "engine/(\w+)/', text, flags=re.MULTILINE)):
        if included != room and rooms[included] >= rooms[room]:
            yield f"engine/{name} includes {included}/, which is not above {room}/"
    for library, places in LIBRARIES.items():
        if re.search(f"^#include <{library}", text, flags=re.MULTILINE) and not name.startswith(places):
            yield f"engine/{name} includes {library}, which is for {' and '.join(places)}"


def failures_of_bindings():
    for path in sorted((ROOT / "python" / "bindings").glob("*")):
        for included in set(re.findall(r'^#include "(engine/.+)"', path.read_text(), flags=re.MULTILINE)):
            if included != "engine/api/pcnn.h":
                yield f"python/bindings/{path.name} includes {included}, accepted: engine/api/pcnn.h"


def main():
    rooms = table_of_rooms()
    folders = {path.name for path in (ROOT / "engine").iterdir() if path.is_dir()}
    failures = [f"docs/internals.md and engine/ differ in the room {room}" for room in folders ^ set(rooms)]
    if not failures:
        for path in sorted((ROOT / "engine").rglob("*.[ch]*")):
            failures += failures_of(path, rooms)
        failures += failures_of_bindings()
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
