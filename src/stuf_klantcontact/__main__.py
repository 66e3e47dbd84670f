"""``python -m stuf_klantcontact``: the same commands where the script is not on the path."""

from stuf_klantcontact.cli import main

if __name__ == "__main__":
    main()
