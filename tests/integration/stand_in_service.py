"""A service that does nothing but report its health, for tests of what starts and ends services."""

import os
import signal
import sys
import threading
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def main() -> None:
    name = sys.argv[1]
    if name in os.environ.get("STAND_IN_FAILS", "").split(","):
        sys.exit(f"{name} finds that its settings are wrong")
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    server = grpc.server(futures.ThreadPoolExecutor(2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(os.environ["MITODOKE_LISTEN"])
    server.start()
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
    print(f"{name} is up", flush=True)
    asked_to_end.wait()
    server.stop(0)


if __name__ == "__main__":
    main()
