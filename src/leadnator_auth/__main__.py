"""The command as it is installed, and as `python -m leadnator_auth`."""

import sys


def main() -> None:
    """Runs the command; Ctrl-C while its modules are loaded ends it as it does later."""
    try:
        from leadnator_auth.entrypoints.cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("Aborted!\n")
        sys.exit(1)
    command()


if __name__ == "__main__":
    main()
