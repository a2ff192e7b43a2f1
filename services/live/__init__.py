"""Who calls, how often and with what success: counts of the last hour from the access log, for people to look at.

Nothing of record goes through here. The facts are in the log, and the projection reads them.
"""

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config
from mitodoke.chassis.server import run_service
from mitodoke.chassis.web import WebServer
from mitodoke.eventlog.topics import Topics
from mitodoke.services.live.counter import CallCounter
from mitodoke.services.live.pages import application


def run(config: Config) -> int:
    """Run the live view until it is told to end; its exit code."""
    counter = CallCounter(config.kafka, Topics.named(config.topic_namespace))
    pages = WebServer(application(counter, SystemClock()), config.need_http())
    return run_service(config, name="live", parts=[counter, pages])
