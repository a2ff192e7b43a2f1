"""The command line: `mitodoke`."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Imported here: `import mitodoke.cli` alone is to cost nothing.
    from mitodoke.cli.application import run

    run()
