"""The configuration of a process: read once from the environment, typed, at the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit


class ConfigError(ValueError):
    """A setting that is missing or cannot be read; names the variable and shows an example."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port, as in 127.0.0.1:7001 or [::1]:7001. Port 0 asks for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a service is told from outside. Secrets do not show in its repr."""

    kafka: str
    database: str = field(default="", repr=False)
    listen: Address
    http: Address | None = None
    dev_secret: str = field(repr=False)
    administrator: str = "mitodoke-operator"
    topic_namespace: str = ""
    alertmanager: str | None = None

    def need_database(self) -> str:
        """The DSN of PostgreSQL. Raises ConfigError when none is set."""
        if not self.database:
            raise _missing("MITODOKE_DATABASE")
        return self.database

    def need_http(self) -> Address:
        """Where the pages listen. Raises ConfigError when it is not set."""
        if self.http is None:
            raise _missing("MITODOKE_HTTP")
        return self.http


_EXAMPLES: Final = {
    "MITODOKE_KAFKA": "127.0.0.1:9092",
    "MITODOKE_DATABASE": "postgresql://mitodoke@127.0.0.1:5432/mitodoke",
    "MITODOKE_LISTEN": "127.0.0.1:7001",
    "MITODOKE_HTTP": "127.0.0.1:8001",
    "MITODOKE_DEV_SECRET": "any-long-random-word",
    "MITODOKE_ADMINISTRATOR": "mitodoke-operator",
    "MITODOKE_TOPIC_NAMESPACE": "staging",
    "MITODOKE_ALERTMANAGER": "http://127.0.0.1:9093",
}


def read_config(environment: Mapping[str, str]) -> Config:
    """The configuration that the MITODOKE_* variables state.

    Raises ConfigError for the first one that is missing or malformed.
    """
    http = environment.get("MITODOKE_HTTP", "")
    return Config(
        kafka=_kafka(environment),
        database=_database(environment),
        listen=_address("MITODOKE_LISTEN", _required(environment, "MITODOKE_LISTEN")),
        http=_address("MITODOKE_HTTP", http) if http else None,
        dev_secret=_required(environment, "MITODOKE_DEV_SECRET"),
        administrator=environment.get("MITODOKE_ADMINISTRATOR") or "mitodoke-operator",
        topic_namespace=environment.get("MITODOKE_TOPIC_NAMESPACE", ""),
        alertmanager=_url(environment, "MITODOKE_ALERTMANAGER"),
    )


def _missing(name: str) -> ConfigError:
    return ConfigError(f"{name} is not set. Set it, for example {name}={_EXAMPLES[name]}")


def _malformed(name: str, value: str, wanted: str) -> ConfigError:
    return ConfigError(f"{name} is {value!r}, which is not {wanted}. Write it as in {name}={_EXAMPLES[name]}")


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise _missing(name)
    return value


def _address(name: str, value: str) -> Address:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise _malformed(name, value, "a host and a port")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _kafka(environment: Mapping[str, str]) -> str:
    value = _required(environment, "MITODOKE_KAFKA")
    for broker in value.split(","):
        _address("MITODOKE_KAFKA", broker.strip())
    return value


def _database(environment: Mapping[str, str]) -> str:
    value = environment.get("MITODOKE_DATABASE", "")
    if value and not value.startswith(("postgresql://", "postgres://")):
        # The value may hold a password, so it is not repeated.
        example = _EXAMPLES["MITODOKE_DATABASE"]
        raise ConfigError(f"MITODOKE_DATABASE is not a postgresql:// address. Write it as in {example}")
    return value


def _url(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name, "")
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _malformed(name, value, "an http or https address")
    return value
