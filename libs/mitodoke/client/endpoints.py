"""Where the services of a system listen: told, or read from the file that the local runner writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "MITODOKE_CONNECTION"
DEFAULT_FILE: Final = Path(".mitodoke/running.json")


class ConnectionFileError(Exception):
    """The connection file is missing or cannot be read; says which file and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """A system as its runner describes it. Secrets do not show in its repr."""

    services: Mapping[str, str]
    """host:port of the gRPC server of each service by name, such as leasing."""
    http: Mapping[str, str] = field(default_factory=dict)
    kafka: str = ""
    database: str = field(default="", repr=False)
    dev_secret: str = field(default="", repr=False)
    administrator: str = "mitodoke-operator"
    topic_namespace: str = ""

    def address(self, service: str) -> str:
        """host:port of a service. Raises ConnectionFileError when the system has none of this name."""
        try:
            return self.services[service]
        except KeyError:
            known = ", ".join(sorted(self.services)) or "none"
            raise ConnectionFileError(f"The system has no service {service!r}; it has: {known}") from None


def connection_file(environment: Mapping[str, str]) -> Path:
    """The file that MITODOKE_CONNECTION names, or .mitodoke/running.json in the working directory."""
    return Path(environment.get(VARIABLE) or DEFAULT_FILE)


def read_endpoints(path: Path) -> Endpoints:
    """The system that a connection file describes. Raises ConnectionFileError."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConnectionFileError(
            f"Nothing is running here: there is no {path}. Start it with make up, "
            f"or name the connection file of another system in {VARIABLE}"
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConnectionFileError(
            f"{path} cannot be read: {error}. Stop the system and start it again with make up"
        ) from None
    services = content.get("services") if isinstance(content, dict) else None
    if not isinstance(services, dict):
        raise ConnectionFileError(
            f'{path} is no connection file: it has no "services". Write it with make up'
        )
    return Endpoints(
        services={str(name): str(address) for name, address in services.items()},
        http={str(name): str(address) for name, address in (content.get("http") or {}).items()},
        kafka=str(content.get("kafka") or ""),
        database=str(content.get("database") or ""),
        dev_secret=str(content.get("dev_secret") or ""),
        administrator=str(content.get("administrator") or "mitodoke-operator"),
        topic_namespace=str(content.get("topic_namespace") or ""),
    )
