"""What a run came to, for a person and for a program."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faults.run import Plan, Result

HEAD = """\
# Faults

What the fault suite injected, how long service took to be back, and what the checker found. Times are seconds.
Written by `{command}`.

| | |
|---|---|
"""


def write(
    folder: Path,
    command: str,
    machine: dict[str, str],
    runs: Sequence[tuple[Plan, Result]],
    name: str = "faults",
) -> Path:
    """Write NAME.md and NAME.json into the folder; the answer is the first of them."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "command": command,
        "machine": machine,
        "runs": [asdict(result) for _, result in runs],
    }
    (folder / f"{name}.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    text = HEAD.format(command=command)
    text += "".join(f"| {key} | {value} |\n" for key, value in machine.items())
    text += "".join(_section(result) for _, result in runs)
    file = folder / f"{name}.md"
    file.write_text(text, encoding="utf-8")
    return file


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
    lines += ["", "| at | fault | lasted | back after |", "|---|---|---|---|"]
    lines += [
        f"| {each.at:.1f} | {each.name} | {each.lasted:.1f} | "
        f"{'never' if each.back_after is None else f'{each.back_after:.1f}'} |"
        for each in result.injected
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write_broken(folder: Path, machine: dict[str, str], rows: Sequence[dict[str, Any]]) -> Path:
    """Write faults-broken.md and .json: what the suite said of each build that was broken on purpose."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults-broken.json").write_text(
        json.dumps({"machine": machine, "builds": rows}, indent=1, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    lines = [
        "# Builds broken on purpose\n",
        "The fault suite must go red in each. Written by `make faults-broken`.\n",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in machine.items()),
        "",
        "| broken on purpose | the suite | lost | double | accusations | other | for instance |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {'red' if row['red'] else '**green: it cannot see this**'} | {row['lost']} | "
        f"{row['double']} | {row['accusation']} | {row['other']} | {_escaped(row['first'])} |"
        for row in rows
    ]
    file = folder / "faults-broken.md"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
