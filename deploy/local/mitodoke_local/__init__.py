"""The whole system on one machine: real Kafka, real PostgreSQL and every service, as children of one runner.

with Backends.start(folder) as backends, System.start(backends) as system:
    system.address("leasing")
"""

from mitodoke_local.backends import Backends
from mitodoke_local.broker import Broker
from mitodoke_local.database import Database
from mitodoke_local.errors import RunnerError
from mitodoke_local.progress import Progress
from mitodoke_local.system import SERVICES, System

__all__ = ["SERVICES", "Backends", "Broker", "Database", "Progress", "RunnerError", "System"]
