"""cmake/onednn.cmake takes the oneDNN packages that pcnn can use and refuses the others, each in one sentence that
names what was found and what is right. scripts/onednn.sh fetches version 3 whole or not at all, and only with the checksums that
are written down. The packages are made up; the files are those of the build.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def outcome(version, **variables):
    """Exit status and what CMake says, as one line, of a project that finds such a package."""
    with tempfile.TemporaryDirectory() as folder:
        package = pathlib.Path(folder) / "dnnl"
        package.mkdir()
        (package / "dnnl-config.cmake").write_text("".join(f'set({name} "{value}")\n' for name, value in variables.items()))
        (package / "dnnl-config-version.cmake").write_text(f'set(PACKAGE_VERSION "{version}")\n')
        (pathlib.Path(folder) / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.21)\nproject(probe LANGUAGES NONE)\nfind_package(dnnl QUIET REQUIRED)\n"
            f'include("{ROOT}/cmake/onednn.cmake")\n')
        done = subprocess.run(["cmake", "-S", folder, "-B", f"{folder}/build", f"-Ddnnl_DIR={package}"],
                              capture_output=True, text=True)
        return done.returncode, " ".join((done.stdout + done.stderr).split())


def shell(folder, words, **environment):
    """Exit status and output of words of scripts/onednn.sh, run in a folder with no package index."""
    wheels = folder / "wheels"
    done = subprocess.run(["bash", "-c", f'. "{ROOT}/scripts/onednn.sh"; {words}'], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), **environment})
    return done.returncode, done.stdout + done.stderr


def made_up_wheels(folder):
    """Writes both wheels, with the library three times, and scripts/onednn3.txt with their checksums."""
    lines = []
    (folder / "wheels").mkdir()
    (folder / "scripts").mkdir()
    for name, files in (("onednn_cpu_gomp", [f"lib/libdnnl.so{end}" for end in ("", ".3", ".3.2")]),
                        ("onednn_devel_cpu_gomp", ["lib/cmake/dnnl/dnnl-config.cmake", "include/dnnl.h"])):
        path = folder / "wheels" / f"{name}-2023.2.0-py2.py3-none-manylinux1_x86_64.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for file in files:
                wheel.writestr(f"{name}-2023.2.0.data/data/{file}", "made up")
            metadata = f"{name}-2023.2.0.dist-info"
            wheel.writestr(f"{metadata}/METADATA", f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 2023.2.0\n")
            wheel.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py2-none-manylinux1_x86_64\n")
            wheel.writestr(f"{metadata}/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-')}==2023.2.0 --hash=sha256:{digest}\n")
    (folder / "scripts" / "onednn3.txt").write_text("".join(lines))


def failures_of_fetching():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if shell(folder, "python_with_pip")[0] != 0:
            return  # where there is no pip
        made_up_wheels(folder)
        code, said = shell(folder, "fetch_onednn3 here")
        library = folder / "here" / "lib" / "libdnnl.so"
        if code != 0 or not library.is_symlink() or os.readlink(library) != "libdnnl.so.3.2" or list(folder.glob("here.*")) \
                or not (folder / "here" / "include" / "dnnl.h").is_file():
            yield f"fetching made-up wheels: found status {code}, {said!r}, {sorted(folder.rglob('here/*'))}"
        (folder / "wheels").rename(folder / "away")
        if shell(folder, "fetch_onednn3 here") != (0, ""):
            yield "what was fetched before is fetched again"
        for reason, wheels in (("cannot be had", "nowhere"), ("have another checksum", "away")):
            if wheels == "away":
                (folder / "scripts" / "onednn3.txt").write_text((ROOT / "scripts" / "onednn3.txt").read_text())
            code, said = shell(folder, "fetch_onednn3 there", PIP_FIND_LINKS=str(folder / wheels))
            if code != 1 or said.count("\n") != 1 or list(folder.glob("there*")):
                yield f"wheels that {reason}: found status {code}, {said!r} and {list(folder.glob('there*'))}"


def failures_of_choosing():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "amx").write_text("flags\t\t: fpu avx512_bf16 amx_bf16 avx512_fp16 amx_tile amx_int8\n")
        (folder / "none").write_text("flags\t\t: fpu avx512_bf16\n")
        for build, line in (("new", None), ("three", "PCNN_ONEDNN:STRING=3"), ("any", "PCNN_ONEDNN:STRING="),
                            ("older", "dnnl_DIR:PATH=/usr/lib/cmake/dnnl")):
            (folder / build).mkdir()
            if line:
                (folder / build / "CMakeCache.txt").write_text(line + "\n")
        for build, processor, expected in (("new", "amx", "try-3"), ("new", "none", "debian"), ("three", "none", "3"),
                                           ("any", "amx", "as-it-is"), ("older", "amx", "as-it-is")):
            found = shell(folder, f"default_onednn {build} {processor}")
            if found != (0, expected + "\n"):
                yield f"a {build} build folder on a processor with {processor}: expected {expected}, found {found}"
    for words in (["--onednn", "4"], ["--onednn"], ["--onednn="]):
        done = subprocess.run([ROOT / "scripts" / "setup.sh", *words], capture_output=True, text=True)
        if done.returncode != 2 or done.stderr.count("\n") != 1 or "accepted: 3, 2 or debian" not in done.stderr:
            yield f"setup.sh {words}: found status {done.returncode}, {done.stderr!r}"


def main():
    failures = []

    def expect(taken, words, version, **variables):
        code, text = outcome(version, **variables)
        if (code == 0) != taken or any(word not in text for word in words):
            failures.append(f"oneDNN {version} with {variables}: expected {'success' if taken else 'an error'} with {words}, "
                            f"found status {code}: {text}")

    for runtime in ("OMP", "TBB", "SEQ"):
        for version in ("2.6.0", "2.7.5", "3.2.0", "3.9.1"):
            expect(True, [f"oneDNN {version}", f"CPU runtime {runtime}"], version, DNNL_CPU_RUNTIME=runtime,
                   DNNL_CPU_THREADING_RUNTIME=runtime)
    expect(True, ["CPU runtime SEQ"], "3.2.0", DNNL_CPU_THREADING_RUNTIME="SEQ")
    for runtime in ("THREADPOOL", "SYCL", "DPCPP", "NONE"):
        threads = "TBB" if runtime in ("SYCL", "DPCPP") else runtime
        expect(False, ["supports oneDNN built with the CPU runtimes OMP, TBB and SEQ", "oneDNN 3.2.0", f"has '{runtime}'",
                       "CMAKE_PREFIX_PATH"], "3.2.0", DNNL_CPU_RUNTIME=runtime, DNNL_CPU_THREADING_RUNTIME=threads)
    expect(False, ["has ''"], "3.2.0")
    for version in ("1.8.0", "2.5.4", "4.0.0"):
        expect(False, ["pcnn needs oneDNN 2.6 or later, or 3", f"oneDNN {version}"], version, DNNL_CPU_RUNTIME="OMP")
    for wanted, version, taken in (("3", "3.2.0", True), ("2", "3.2.0", False), ("3", "2.6.3", False), ("2", "2.6.3", True)):
        expect(taken, [] if taken else [f"PCNN_ONEDNN is {wanted}", f"oneDNN {version}", "--onednn"], version,
               DNNL_CPU_RUNTIME="OMP", PCNN_ONEDNN=wanted)
    failures += failures_of_choosing()
    failures += failures_of_fetching()
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
