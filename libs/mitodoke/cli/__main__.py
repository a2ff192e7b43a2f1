"""`python -m mitodoke.cli` is `mitodoke`."""

from mitodoke.cli import main

if __name__ == "__main__":
    main()
