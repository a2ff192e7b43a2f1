"""Change the rules one place at a time, and see whether a test notices: the mutation run over libs/mitodoke/lifecycle.

    python scripts/mutation.py                       every module
    python scripts/mutation.py findings/custody.py … only these, named as below lifecycle/
    python scripts/mutation.py --page                no run: the page anew, once a survivor is explained

mutmut makes and runs the mutants, on copies below build/mutation/, with the tests that need nothing started. A mutant
that no test notices must be explained in tests/mutation/explained.toml; the run fails on one that is not, and on an
explanation that no survivor matches any more. With --report the score of the modules that were looked at is kept in
docs/benchmarks/mutation.md, beside that of the others from their own last run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIFECYCLE = ROOT / "libs" / "mitodoke" / "lifecycle"
WORK = ROOT / "build" / "mutation"
EXPLAINED = ROOT / "tests" / "mutation" / "explained.toml"
REPORT = ROOT / "docs" / "benchmarks" / "mutation.md"
SCORES = REPORT.with_suffix(".json")
"""What the page is made of: how the mutants of each module ended when it was looked at last."""

TESTS = (
    "tests/unit/lifecycle",
    "tests/unit/findings",
    "tests/unit/test_durations.py",
    "tests/unit/test_serials.py",
    "tests/property/test_alike_properties.py",
    "tests/property/test_durations_properties.py",
    "tests/property/test_serials_properties.py",
)
"""What is run against a mutant: of these, mutmut takes those that call the function that was changed."""

NOT_NEEDED = (
    "cacheprovider",
    "unraisableexception",
    "threadexception",
    "faulthandler",
    "logging",
    "anyio",
    "asyncio",
)
"""The parts of pytest that these tests do without: beginning and ending with them costs more than the tests."""

KILLED = (1, 3)
SURVIVED = 0
UNSEEN = (5, 33)
TIMED_OUT = (36, -24, 24, 152, 255)
"""mutmut's words for how the tests of a mutant ended. A test that never ends has noticed the change too."""

CONFTEST = '''"""The same examples for every mutant, and few of them."""

import pytest
from hypothesis import settings

settings.register_profile("mutation", derandomize=True, deadline=None, database=None, max_examples=30)
settings.load_profile("mutation")


def pytest_itemcollected(item: pytest.Item) -> None:
    # mutmut 3.7 asks for a private name that pytest 9 has dropped; a newer one needs another click than Faust.
    item._nodeid = item.nodeid
'''


@dataclass(frozen=True)
class Change:
    """One mutant, by what was changed and not by where it stands, so that it keeps its name when lines move."""

    module: str
    function: str
    was: str
    became: str

    def __str__(self) -> str:
        lines = [f"{self.module}: {self.function}"]
        lines += [f"    - {line}" for line in self.was.splitlines()]
        lines += [f"    + {line}" for line in self.became.splitlines()]
        return "\n".join(lines)


@dataclass
class Tally:
    """How the mutants of one module fared."""

    ends: Counter[str] = field(default_factory=Counter)
    survivors: list[Change] = field(default_factory=list)


def prepare(work: Path, modules: Sequence[str], tests: Sequence[str]) -> None:
    """Lay out the copies as mutmut wants to find them: the sources in src/, beside the tests."""
    shutil.rmtree(work, ignore_errors=True)
    package = work / "src" / "mitodoke"
    package.mkdir(parents=True)
    shutil.copy(LIFECYCLE.parent / "__init__.py", package)
    for part in ("lifecycle", "policyfile"):
        shutil.copytree(LIFECYCLE.parent / part, package / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        ROOT / "tests",
        work / "tests",
        # The project's own conftest.py starts Kafka and PostgreSQL.
        ignore=lambda folder, names: {"conftest.py", "__pycache__"} & set(names),
    )
    (work / "tests" / "conftest.py").write_text(CONFTEST)
    only = [f"src/mitodoke/lifecycle/{module}" for module in modules] or ["src/mitodoke/lifecycle/*"]
    (work / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        'source_paths = ["src"]\n'
        f"only_mutate = {json.dumps(only)}\n"
        f"pytest_add_cli_args_test_selection = {json.dumps(list(tests))}\n"
        f"pytest_add_cli_args = {json.dumps([word for name in NOT_NEEDED for word in ('-p', f'no:{name}')])}\n"
        "timeout_constant = 3.0\n"
        "timeout_multiplier = 15.0\n"
        "use_setproctitle = false\n"
        "[tool.pytest.ini_options]\n"
        'pythonpath = ["tests"]\n'
    )


RUN = '''"""Run the mutants; of the tests of each, first those of its own module, of which nearly all mutants die."""

import functools
import gc
import sys
from pathlib import Path

import mutmut.__main__ as mutmut


class NearestFirst(mutmut.PytestRunner):
    def prepare_main_test_run(self):
        # What the tests remember from before a change would hide it: each mutant is a fork of this process.
        from mitodoke.lifecycle.reference import Reference

        for thing in gc.get_objects():
            if type(thing) is functools._lru_cache_wrapper:
                thing.cache_clear()
            elif type(thing) is Reference:
                thing._made.clear()

    def run_tests(self, *, mutant_name, tests):
        module = (mutant_name or "").rpartition(".")[0].rpartition(".")[2]
        own = {f"test_{module}.py", f"test_findings_of_{module}.py", f"test_{module}_properties.py"}
        near = [test for test in tests if Path(test.partition("::")[0]).name in own]
        far = [test for test in tests if Path(test.partition("::")[0]).name not in own]
        try:
            failed = near and super().run_tests(mutant_name=mutant_name, tests=near)
            if failed or (near and not far):
                return failed
            # Where no test is named, every test is asked for.
            return super().run_tests(mutant_name=mutant_name, tests=far)
        except mutmut.BadTestExecutionCommandsException:
            # That pytest cannot find a test kills no mutant; mutmut would end this process as a failed test does.
            return 4


mutmut.PytestRunner = NearestFirst
mutmut._run([], int(sys.argv[1]))
'''


def run(work: Path, processes: int) -> None:
    """Make the mutants and run the tests against each; its progress is mutmut's."""
    (work / "run.py").write_text(RUN)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "run.py", str(processes)], cwd=work, env=environment, check=False)
    if done.returncode:
        sys.exit("The mutants could not be run; what mutmut said of it stands above.")


def results(work: Path) -> dict[str, Tally]:
    """What became of the mutants, by module."""
    # mutmut takes its settings from the folder in which it is called.
    os.chdir(work)
    from mutmut.__main__ import get_diff_for_mutant, orig_function_and_class_names_from_key

    tallies: dict[str, Tally] = {}
    for meta in sorted(Path("mutants/src/mitodoke/lifecycle").rglob("*.meta")):
        path = meta.relative_to("mutants").with_suffix("")
        module = str(path.relative_to("src/mitodoke/lifecycle"))
        tally = Tally()
        for name, code in json.loads(meta.read_text())["exit_code_by_key"].items():
            end = _end(code)
            tally.ends[end] += 1
            if end in ("survived", "unclear"):
                function, owner = orig_function_and_class_names_from_key(name)
                lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
                was, became = (
                    "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
                )
                tally.survivors.append(
                    Change(module, f"{owner}.{function}" if owner else function, was, became)
                )
        if tally.ends:
            tallies[module] = tally
    return tallies


def _end(code: int | None) -> str:
    if code in KILLED:
        return "killed"
    if code in TIMED_OUT:
        return "timed out"
    if code == SURVIVED or code in UNSEEN:
        return "survived"
    return "unclear"


def explanations() -> dict[Change, str]:
    """Every change that is known to go unnoticed, with the reason why that is right."""
    told: dict[Change, str] = {}
    if not EXPLAINED.exists():
        return told
    for entry in tomllib.loads(EXPLAINED.read_text()).get("explained", []):
        if not entry["reason"].strip():
            sys.exit(f"{EXPLAINED.name}: an explanation of {entry['module']} has no reason")
        for was, became in entry["changes"]:
            told[Change(entry["module"], entry["function"], was, became)] = entry["reason"]
    return told


def verdict(tallies: Mapping[str, Tally], told: Mapping[Change, str]) -> tuple[list[Change], list[Change]]:
    """The survivors that nobody has explained, and the explanations that match no survivor."""
    survivors = [change for tally in tallies.values() for change in tally.survivors]
    unexplained = [change for change in survivors if change not in told]
    stale = [change for change in told if change.module in tallies and change not in set(survivors)]
    gone = [change for change in told if not (LIFECYCLE / change.module).exists()]
    return unexplained, stale + gone


def table(tallies: Mapping[str, Tally], told: Mapping[Change, str], commits: Mapping[str, str]) -> str:
    """The score, module by module."""
    rows = [
        "| module | mutants | killed | timed out | survived, explained | survived, not explained | noticed | commit |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    sums: Counter[str] = Counter()
    for module, tally in [*sorted(tallies.items()), ("all", None)]:
        if tally is not None:
            explained = sum(change in told for change in tally.survivors)
            figures = Counter(
                made=tally.ends.total(),
                killed=tally.ends["killed"],
                late=tally.ends["timed out"],
                explained=explained,
                open=len(tally.survivors) - explained,
            )
            sums += figures
        else:
            figures = sums
        noticed = (figures["killed"] + figures["late"]) / figures["made"]
        rows.append(
            f"| {module} | {figures['made']} | {figures['killed']} | {figures['late']} | {figures['explained']} |"
            f" {figures['open']} | {noticed:.1%} | {commits.get(module, '')} |"
        )
    return "\n".join(rows)


def left_out(tallies: Mapping[str, Tally]) -> list[str]:
    """The modules that were not looked at, though there is a function in them."""
    modules = {str(path.relative_to(LIFECYCLE)): path for path in LIFECYCLE.rglob("*.py")}
    return sorted(m for m, path in modules.items() if m not in tallies and "\ndef " in path.read_text())


def standing() -> str:
    """The commit that is looked at."""
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    dirty = subprocess.run(
        ["git", "diff", "--quiet", "HEAD", "--", "libs", "tests"], cwd=ROOT, check=False
    ).returncode
    return said.stdout.strip() + (" and what was changed since" if dirty else "")


def keep(tallies: Mapping[str, Tally], commit: str) -> None:
    """Keep the score of each module that was looked at, in place of what was kept of it before."""
    held = json.loads(SCORES.read_text()) if SCORES.exists() else {}
    for module, tally in tallies.items():
        survivors = [[change.function, change.was, change.became] for change in tally.survivors]
        held[module] = {
            "commit": commit,
            "day": f"{datetime.now(UTC):%Y-%m-%d}",
            "ends": dict(sorted(tally.ends.items())),
            "survivors": survivors,
        }
    held = {module: of for module, of in sorted(held.items()) if (LIFECYCLE / module).exists()}
    SCORES.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def report(told: Mapping[Change, str]) -> str:
    """The page of all that is kept."""
    held = json.loads(SCORES.read_text())
    tallies = {
        module: Tally(Counter(of["ends"]), [Change(module, *change) for change in of["survivors"]])
        for module, of in held.items()
    }
    score = table(tallies, told, {module: of["commit"] for module, of in held.items()})
    lacking = left_out(tallies)
    days = sorted({of["day"] for of in held.values()})
    open_still = [change for tally in tallies.values() for change in tally.survivors if change not in told]
    listed = "\n\n".join(f"```diff\n{change}\n```" for change in open_still)
    return f"""# Do the tests notice a change in a rule?

Written by `make mutation`, which changes `libs/mitodoke/lifecycle` in one place at a time and runs the tests that call
the function that was changed. Each row is of the last run of its module, at the commit that it names;
{" to ".join(dict.fromkeys((days[0], days[-1])))}. The survivors that are explained, and why, are in
`tests/mutation/explained.toml`.

Only the bodies of functions and methods are changed: not constants, fields of classes, functions with a decorator,
nor the lists of rules with their severities, which the tables compare with every flag.

{score}

{f"Never looked at: {', '.join(lacking)}." if lacking else "Every module was looked at."}

## Survivors that nobody has explained

{listed or "None."}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="such as findings/custody.py; all, if none"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument("--work", type=Path, default=WORK, help="the folder for the copies; emptied first")
    parser.add_argument(
        "--report", action="store_true", help=f"keep the score of these modules in {REPORT.relative_to(ROOT)}"
    )
    parser.add_argument("--page", action="store_true", help="only write the page of what is kept")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests to run against each mutant")
    asked = parser.parse_args()
    for module in asked.modules:
        if not (LIFECYCLE / module).is_file():
            parser.error(
                f"there is no {module} in {LIFECYCLE.relative_to(ROOT)}; name it as in findings/custody.py"
            )
    if asked.page:
        REPORT.write_text(report(explanations()))
        return
    # Before the copies are made: the tree may move on while the mutants run.
    commit = standing()
    prepare(asked.work, asked.modules, asked.tests)
    run(asked.work, asked.processes)
    tallies, told = results(asked.work), explanations()
    if not tallies:
        print("Nothing in these modules can be changed: they hold no function that is not decorated.")
        return
    unexplained, stale = verdict(tallies, told)
    print(f"\n{table(tallies, told, dict.fromkeys(tallies, commit))}\n")
    if asked.report:
        keep(tallies, commit)
        REPORT.write_text(report(told))
    for change in unexplained:
        print(f"No test notices this, and {EXPLAINED.relative_to(ROOT)} does not say why:\n{change}\n")
    for change in stale:
        print(
            f"{EXPLAINED.relative_to(ROOT)} explains a survivor that is none any more; take it out:\n{change}\n"
        )
    if unexplained or stale:
        sys.exit(
            f"{len(unexplained)} survivors without an explanation, {len(stale)} explanations without a survivor"
        )


if __name__ == "__main__":
    main()
