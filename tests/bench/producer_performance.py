"""Kafka's own producer performance tool, as the reference for recording: the same broker, topic settings and acks."""

import os
import re

from bench.own_process import Failed, printed
from mitodoke_local import Backends, Progress
from mitodoke_local.jars import class_path
from mitodoke_local.java import find_java


async def rate(backends: Backends, topic: str, *, records: int, record_size: int) -> float:
    """Records a second that the tool appends, by its own count. Raises Failed with its words when it fails."""
    command = [
        str(find_java()),
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-cp",
        os.pathsep.join(map(str, class_path(Progress.silent()))),
        "org.apache.kafka.tools.ProducerPerformance",
        "--topic",
        topic,
        "--num-records",
        str(records),
        "--record-size",
        str(record_size),
        "--throughput",
        "-1",
        "--producer-props",
        f"bootstrap.servers={backends.kafka}",
        "acks=all",
        "enable.idempotence=true",
    ]
    said = await printed(command)
    found = re.findall(r"^(\d+) records sent, ([\d.]+) records/sec", said, re.MULTILINE)
    if not found or int(found[-1][0]) != records:
        raise Failed(f"Kafka's producer performance tool did not send all {records} records:\n{said[-4000:]}")
    return float(found[-1][1])
