"""What goes wrong, in the one line that pcnn's programs print: where, what was found, and what would be right."""


class Error(RuntimeError):
    """Any error of pcnn's."""


class InputError(Error, ValueError):
    """A mistake in what was given: an argument, a config, a file. A program ends with exit code 2 for it."""


def shorten(value: object) -> str:
    """The value as a message quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
