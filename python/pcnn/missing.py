"""Says why the extension was not imported."""

import pathlib
import sysconfig


def reason(error: ImportError) -> str:
    """In one line: what is there, and what would be right."""
    expected = "_pcnn" + str(sysconfig.get_config_var("EXT_SUFFIX"))
    found = sorted(path.name for path in pathlib.Path(__file__).parent.glob("_pcnn.*.so"))
    if expected in found:
        return f"pcnn: {error}"  # a library that it needs
    return f"pcnn: found {', '.join(found) or 'no extension'}, and this Python loads {expected}: pip install builds it"
