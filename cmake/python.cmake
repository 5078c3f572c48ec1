# The Python that tests run with, and that the package in python/ is built for: Debian's own where it is there, which has
# what Debian's packages bring.
find_program(PCNN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(PCNN_PYTHON python3)
