"""``python -m vestibule …`` is the command ``vestibule …``."""


def main() -> None:
    """Run the command line."""
    from vestibule.doors.cli import main as commands

    commands(prog_name="vestibule")


if __name__ == "__main__":
    main()
