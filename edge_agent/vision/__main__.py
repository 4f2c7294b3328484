"""Entry point of the vision child: `python -m edge_agent.vision --spool DIR`."""

import argparse
import logging
import sys
from pathlib import Path

import structlog

from edge_agent.vision.child import run


def main() -> None:
    """Serve orders from stdin; findings go to stdout, logs to stderr."""
    parser = argparse.ArgumentParser(prog="edge_agent.vision", description=__doc__)
    parser.add_argument("--spool", type=Path, required=True, help="where evidence is written")
    parser.add_argument(
        "--pins", type=Path, help="where video waits for its candidates (default: SPOOL/pins)"
    )
    args = parser.parse_args()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    run(args.spool, args.pins or args.spool / "pins")


if __name__ == "__main__":
    main()
