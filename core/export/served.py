"""The process that serves a tuned model on this machine, by the server of transformers; it ends with its parent.

Run as `python -m core.export.served FOLDER PORT`, with a pipe as its standard input.
"""

import sys

from core.export.fresh import end_with_parent


def main(folder: str, port: str) -> None:
    """Serve the folder's model at http://127.0.0.1:PORT/v1 until the parent is gone or ends this process."""
    end_with_parent()
    from transformers.cli.transformers import main as transformers

    # Nobody else's model is loaded, nothing is fetched, and nobody but this machine can ask.
    sys.argv = ["transformers", "serve", folder, "--host", "127.0.0.1", "--port", port, "--no-trust-remote-code"]
    transformers()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
