"""What the engine writes about itself: structured lines on standard error."""

import logging
import sys

import structlog


def configure_logging(*, verbose: bool = False) -> None:
    """Quiet unless asked for.

    Tracebacks are plain. structlog's own show the values of local variables: passwords and tokens would stand in the
    log, and to draw one takes the event loop half a minute in which no drone is looked after.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
