"""Ask a process over gRPC whether it is serving (the standard health protocol)."""

import grpc
from grpc_health.v1 import health_pb2

_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    # Else a channel to an address that was tried before shares that one's connection and its waiting time.
    ("grpc.use_local_subchannel_pool", 1),
)


class Health:
    """One process's answer, asked over one connection."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._check = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        self.last = "it was not asked yet"

    def __enter__(self) -> "Health":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def serving(self) -> bool:
        """Whether it answers SERVING, for the process as a whole."""
        try:
            answer = self._check(health_pb2.HealthCheckRequest(service=""), timeout=2.0)
        except grpc.RpcError as error:
            self.last = f"{error.code().name}: {error.details()}"
            return False
        self.last = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
