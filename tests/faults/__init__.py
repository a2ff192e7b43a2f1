"""The fault suite: the real system under load, broken on purpose, and an independent checker."""

import os

# PostgreSQL is started again from this process while it makes calls; the handlers that gRPC would run in the fork
# end the child before it becomes PostgreSQL. Read when gRPC is loaded, so it must stand here.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
