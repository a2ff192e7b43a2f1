"""What if another policy had been in force: the reference as it would then have been."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from mitodoke.lifecycle.calendars import Calendar
from mitodoke.lifecycle.policy import Policy
from mitodoke.lifecycle.reference import (
    BEGINNING,
    ContractAmended,
    ContractRegistered,
    PolicyPublished,
    Reference,
)

_TRIAL: Final = UUID(int=0)
_TRIAL_ID: Final = "(tried)"


def had_been(reference: Reference, contract_id: str, policy: Policy, calendar: Calendar) -> Reference:
    """The same reference, with the contract under this policy from its registration on.

    Approvals and their amendments stay as they are. The reference that was given is not changed.
    """
    tried = Reference()
    tried.append(
        PolicyPublished(
            event_id=_TRIAL,
            recorded_at=BEGINNING,
            party="",
            policy=replace(policy, id=_TRIAL_ID, version=1),
            calendar=calendar,
        )
    )
    for fact in reference:
        if isinstance(fact, ContractRegistered) and fact.contract_id == contract_id:
            fact = replace(fact, policy_id=_TRIAL_ID, policy_version=1)
        elif isinstance(fact, ContractAmended) and fact.contract_id == contract_id:
            fact = replace(fact, policy_id="", policy_version=0)
        tried.append(fact)
    return tried
