"""What a run came to, for a person and for a program."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faults.checker import Violation
from faults.run import Injected, Result

HEAD = """\
# Faults

What the fault suite injected, how long service took to be back, and what the checker found. Times are seconds. Service
is back when a report through every service is answered OK and stands in the read model; of that time, `started in` is
what a broker or a database took that was started again.{left_out} Written by `{command}`.

| | |
|---|---|
"""


def write(
    folder: Path,
    command: str,
    machine: dict[str, str],
    results: Sequence[Result],
    left_out: Sequence[str] = (),
    name: str = "faults",
) -> Path:
    """Write NAME.md and NAME.json into the folder; the answer is the first of them.

    `left_out` are the faults that this machine does not allow, each with the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "command": command,
        "machine": machine,
        "left_out": list(left_out),
        "runs": [asdict(result) for result in results],
    }
    (folder / f"{name}.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    text = HEAD.format(command=command, left_out=f" Not injected: {'; '.join(left_out)}." if left_out else "")
    text += "".join(f"| {key} | {value} |\n" for key, value in machine.items())
    text += _recovery([each for result in results for each in result.injected])
    text += "".join(_section(result) for result in results)
    file = folder / f"{name}.md"
    file.write_text(text, encoding="utf-8")
    return file


def join(folders: Sequence[Path], into: Path) -> Path:
    """Write one report of those in the folders, the seeds in order. Raises ValueError when they are of two commits."""
    parts = [json.loads((folder / "faults.json").read_text(encoding="utf-8")) for folder in folders]
    commits = {part["machine"]["commit"] for part in parts}
    if len(commits) > 1:
        raise ValueError(f"These are reports of several commits: {', '.join(sorted(commits))}")
    results = [_result(run) for part in parts for run in part["runs"]]
    return write(
        into,
        "` and `".join(part["command"] for part in parts),
        parts[0]["machine"],
        sorted(results, key=lambda result: result.seed),
        sorted({each for part in parts for each in part["left_out"]}),
    )


def _result(kept: Mapping[str, Any]) -> Result:
    parts = {
        "injected": [Injected(**each) for each in kept["injected"]],
        "violations": [
            Violation(**{**each, "examples": tuple(each["examples"])}) for each in kept["violations"]
        ],
    }
    return Result(**{**kept, **parts})


def _recovery(injected: Sequence[Injected]) -> str:
    """Over all seeds: how often each fault came, and after how long service was back."""
    of: dict[str, list[float]] = {}
    for each in injected:
        of.setdefault(each.name, []).append(math.inf if each.back_after is None else each.back_after)
    lines = ["\n## Service back\n", "| fault | times | median | longest |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {len(backs)} | {_seconds(statistics.median(backs))} | {_seconds(max(backs))} |"
        for name, backs in sorted(of.items())
    ]
    return "\n".join(lines) + "\n"


def _seconds(back_after: float) -> str:
    return "never" if math.isinf(back_after) else f"{back_after:.1f}"


def verdict(result: Result) -> str:
    """In one line: what was lost, double and accused."""
    lost, double, accused = (result.times(kind) for kind in ("lost", "double", "accusation"))
    other = result.times("other")
    return f"{lost} lost, {double} double, {accused} false accusations, {other} other violations"


def _section(result: Result) -> str:
    backs = [each.back_after for each in result.injected if each.back_after is not None]
    longest = f"{max(backs):.1f} s" if backs else "never"
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(result.outcomes.items()))
    lines = [
        f"\n## Seed {result.seed}: {verdict(result)}\n",
        f"{result.facts:,} facts in {result.calls:,} calls: {counts}. {result.messages:,} messages in the log, "
        f"{result.flags:,} flags. {len(result.injected)} faults; service was back after {longest} at the longest. "
        f"{result.seconds:.0f} s in all.\n",
    ]
    lines += [f"- **{each.kind}**: {_escaped(str(each))}" for each in result.violations]
    lines += ["", "| at | fault | lasted | started in | back after |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.at:.1f} | {each.name} | {each.lasted:.1f} | {each.started_in:.1f} | "
        f"{_seconds(math.inf if each.back_after is None else each.back_after)} |"
        for each in result.injected
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def of_build(row: Mapping[str, Any]) -> str:
    """What the suite said of a build that was broken on purpose, in a word or two."""
    if not row["violations"]:
        return "green" if row["as_it_should"] else "green: it cannot see this"
    return "red, for its own reason" if row["as_it_should"] else "red, but for another reason"


def write_broken(folder: Path, machine: dict[str, str], rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write faults-broken.md and .json: what the suite said of each build that was broken on purpose."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults-broken.json").write_text(
        json.dumps({"machine": machine, "builds": rows}, indent=1, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    lines = [
        "# Builds broken on purpose\n",
        "The fault suite must go red in each, and for what is broken in it; it must stay green where nothing is. "
        "Written by `make faults-broken`.\n",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in machine.items()),
        "",
        "| broken on purpose | the suite | its own reason | lost | double | accusations | other | facts | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {of_build(row)} | {_escaped('; '.join(row['reasons']))} | {row['lost']:,} | "
        f"{row['double']:,} | {row['accusation']:,} | {row['other']:,} | {row['facts']:,} | {row['seconds']} |"
        for row in rows
    ]
    for row in rows:
        faults = ", ".join(f"{times} × {name}" for name, times in row["faults"].items())
        lines += ["", f"## {row['name'][0].upper()}{row['name'][1:]}", "", f"Injected: {faults}.", ""]
        lines += [f"- {_escaped(each)}" for each in row["violations"]]
    file = folder / "faults-broken.md"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
