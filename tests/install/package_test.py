"""Makes the Debian package and looks into it: the packages it depends on, where its files lie, its programs, and what lintian says of it.

package_test.py BUILD SOURCE    the build folder, and the source tree
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD, SOURCE = map(lambda name: Path(name).resolve(), sys.argv[1:3])
# Of one library folder for all architectures; Debian's own packages have one for each.
EXPECTED = ("pkg-config-unavailable-for-cross-compilation", "running with root privileges")

for tool in ("dpkg-deb", "dpkg-shlibdeps", "cpack"):
    if not shutil.which(tool):
        print(f"skipped: there is no {tool} (Debian: dpkg-dev)")
        sys.exit(77)


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


with tempfile.TemporaryDirectory() as scratch:
    scratch = Path(scratch)
    made = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", scratch, cwd=scratch)
    if made.returncode != 0 and any(words in made.stdout + made.stderr for words in
                                     ("cannot find library", "no dependency information found")):
        print("skipped: a library that pcnn was built with is of no Debian package")
        sys.exit(77)
    check(made.returncode == 0, f"cpack makes a package:\n{made.stdout}{made.stderr}")
    packages = list(scratch.glob("pcnn_*.deb"))
    check(len(packages) == 1, f"one package is made, found {packages}")

    fields = dict(line.split(": ", 1) for line in run("dpkg-deb", "-f", packages[0]).stdout.splitlines() if ": " in line and not line.startswith(" "))
    check(fields["Package"] == "pcnn" and fields["Architecture"] == "amd64", f"it is pcnn for amd64, found {fields}")
    for needed in ("libdnnl", "libtbb", "libyaml-cpp", "libpng", "libc6 (>= "):
        check(needed in fields["Depends"], f"it depends on {needed}, found {fields['Depends']}")

    root = scratch / "root"
    check(run("dpkg-deb", "-x", packages[0], root).returncode == 0, "it can be unpacked")
    top = {path.relative_to(root).parts[0] for path in root.rglob("*") if path.is_file()}
    check(top == {"usr"}, f"all of it lies under /usr, found {top}")
    for name in ("bin/pcnn-run", "include/pcnn/pcnn.h", "share/man/man1/pcnn-run.1.gz", "share/doc/pcnn/copyright",
                 "share/doc/pcnn/changelog.gz", "share/pcnn/configs/mnist.yaml"):
        check((root / "usr" / name).is_file(), f"/usr/{name} is in it")
    scored = run(root / "usr" / "bin" / "pcnn-inspect", root / "usr" / "share" / "pcnn" / "configs" / "trained" / "mnist_small", "-q")
    check(scored.returncode == 0, f"its programs run:\n{scored.stderr}")

    if shutil.which("lintian"):
        lines = (run("lintian", packages[0]).stdout + "\n").splitlines()
        found = [line for line in lines if line[:2] in ("E:", "W:") and not any(tag in line for tag in EXPECTED)]
        check(not found, "lintian has nothing against it, found\n" + "\n".join(found))
