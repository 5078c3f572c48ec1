"""cmake/onednn.cmake takes the oneDNN packages that pcnn can use and refuses the others, each in one sentence that
names what was found and what is right. The packages are made up; the file itself is the one of the build.
"""

import pathlib
import subprocess
import sys
import tempfile

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
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


main()
