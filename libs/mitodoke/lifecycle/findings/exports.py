"""Guards what is carried out: did the owner agree to this medium, this purpose, this carrier and this time?"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DataExported, ExportApproved
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Severity

ASKED = (
    ("medium", "no medium"),
    ("purpose", "no purpose"),
    ("carrier", "no carrier"),
    ("return_by", "no return"),
)
"""What an approval must name, and what is said of one that does not."""


def unapproved_export(case: Case) -> Iterator[Finding]:
    """Data was copied to a medium without the owner's approval of it; mended when an earlier approval is told.

    An approval covers the exports between itself and the time of return that it names, by the carrier and for
    the purpose that it names; one that leaves out the medium, the purpose, the carrier or the time covers
    nothing. An approval given after the export mends nothing: the data was out.
    Source: the Amagasaki case of 2022: the data of 460,517 residents, copied without permission to copy or to
    carry it. On by `export.approval`.
    """
    contract = case.contract
    if not case.rules.export_approval or contract is None:
        return
    told = [
        approval
        for approval in case.of(ExportApproved)
        if contract.approved(approval.party, Role.OWNER, approval.occurred_at)
    ]
    for export in case.of(DataExported):
        before = [approval for approval in told if approval.occurred_at <= export.occurred_at]
        approved_at = min((a.known_at for a in before if _doubt(export, a) is None), default=None)
        if approved_at is None or approved_at > export.known_at:
            yield Finding(
                subject=export.event_id,
                known_at=export.known_at,
                message=f"{export.kind} was reported by {export.party}; {_why(export, before)}",
                party=export.party,
                mended_at=approved_at,
                evident_at=_evident_at(case, export),
            )


def _evident_at(case: Case, export: DataExported) -> datetime:
    return case.asked_since(export.known_at, lambda policy: policy.rules.export_approval)


def _why(export: DataExported, before: Sequence[ExportApproved]) -> str:
    """What is wrong, by the last approval that was known when the export was told."""
    known = [approval for approval in before if approval.known_at <= export.known_at]
    if not known:
        return "the owner had approved no export before it"
    return f"the owner's approval {_doubt(export, known[-1])}"


def _doubt(export: DataExported, approval: ExportApproved) -> str | None:
    """Why the approval, which was given before the export, does not cover it; None when it does."""
    missing = [said for name, said in ASKED if not getattr(approval, name)]
    if missing:
        return f"names {' and '.join(missing)}"
    if approval.return_by is not None and approval.return_by < export.occurred_at:
        return "had ended: the medium was to be back by then"
    carrier = export.carrier or export.party
    if carrier != approval.carrier:
        return f"names {approval.carrier} as the carrier, not {carrier}"
    if export.purpose and export.purpose != approval.purpose:
        return f"is for {approval.purpose}, not for {export.purpose}"
    return None


RULES = (Rule("unapproved_export", Severity.CRITICAL, "the Amagasaki case, 2022", unapproved_export),)
