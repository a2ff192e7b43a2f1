"""`mitodoke policy show`, `diff` and `schema`: what they print, and how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from mitodoke.cli import application
from mitodoke.policyfile.schema import schema_text

POLICIES = Path(__file__).parents[3] / "deploy" / "policies"
PAGES = Path(__file__).parent / "pages"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        application.run(["policy", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_policy_is_shown_as_its_page_with_what_it_inherits(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = POLICIES / "jp-my-number-systems.yaml"
    code, out, _ = run(capsys, "show", str(file), "--lang", language)
    assert code == 0
    assert out == (PAGES / f"jp-my-number-systems.{language}.md").read_text(encoding="utf-8")


def test_two_policies_are_compared_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    old, new = POLICIES / "kanagawa-returns.yaml", POLICIES / "jp-prefecture-server-drives-v2.yaml"
    code, out, _ = run(capsys, "diff", str(old), str(new))
    assert code == 0
    assert out.splitlines()[0] == "reporting_grace is 24h instead of 0h [laxer]"
    assert "rules.transit.crew is new: 2 [stricter]" in out.splitlines()
    assert run(capsys, "diff", str(old), str(old)) == (0, "", "")


@pytest.mark.parametrize("named", ["removable-media", "removable-media@2"])
def test_a_published_policy_is_asked_of_the_running_system(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "show", named)
    assert (code, out) == (3, "")
    assert "`make up` starts a system here" in err


def test_a_file_goes_before_a_published_policy_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (POLICIES / "removable-media.yaml").read_text(encoding="utf-8")
    (tmp_path / "removable-media").write_text(text, encoding="utf-8")
    assert run(capsys, "show", "removable-media")[0] == 0


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "schema") == (0, schema_text(), "")


@pytest.mark.parametrize("command", ["show", "diff"])
def test_what_cannot_be_read_is_told_with_its_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("policy: p\nversion: 1\ntimezone: Asia/Tokio\nrules: {late_report: 1h}\n")
    code, out, err = run(capsys, command, *[str(bad)] * (1 if command == "show" else 2))
    assert (code, out) == (1, "")
    assert f"\n{bad}:3:11: 'Asia/Tokio' is not a time zone" in err
    code, out, err = run(capsys, command, *[str(tmp_path / "no.yaml")] * (1 if command == "show" else 2))
    assert (code, out) == (1, "")
    assert "cannot be read" in err
