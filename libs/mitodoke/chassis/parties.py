"""Who may do what, by the reference log.

No refusal rests on a stale view: before one is given, the reference log is read to the end that it has then. Nor does a
permission rest on half of the log: what was withdrawn may stand in the rest of it. So before the follower has read all
of it, each question waits until it has, and once it has stopped for good none is answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.errors import Reason, Refusal, Violation
from mitodoke.chassis.identity import Caller
from mitodoke.eventlog.reference_log import ReferenceFollower, ReferenceUnavailable
from mitodoke.lifecycle.reference import Contract, Party, Permission

_READ_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Parties:
    """The parties, their permissions and contracts as the reference log has them.

    The administrator needs no registration and holds every permission.
    """

    follower: ReferenceFollower
    administrator: str
    clock: Clock

    async def admit(self, caller: Caller) -> None:
        """Returns for a registered party that is not suspended. Raises Refusal for others."""
        if caller.party_id == self.administrator:
            return
        if self.follower.ready and self._in_good_standing(caller.party_id):
            return
        await self.read_to_end()
        if self._in_good_standing(caller.party_id):
            return
        party = self.party(caller.party_id)
        if party is None:
            raise Refusal(
                Reason.PARTY_UNKNOWN,
                f"The party {caller.party_id!r} is not registered; ask the operator of this service to register it",
            )
        raise Refusal(
            Reason.PARTY_SUSPENDED,
            f"The reports of {caller.party_id!r} are refused: {party.suspended}. Ask the operator of this service",
        )

    async def require_delegation(self, caller: Caller, party: str) -> None:
        """Returns when the caller may report for the party. Raises Refusal."""

        def delegated() -> bool:
            if caller.party_id == self.administrator:
                return self._in_good_standing(party)
            as_of = self.follower.as_of(self.clock.now())
            return self._in_good_standing(party) and self.follower.reference.may_report_for(
                caller.party_id, party, as_of
            )

        if not await self._holds(delegated):
            raise Refusal(
                Reason.DELEGATION_MISSING,
                f"{party!r} has not let {caller.party_id!r} report for it, or is not registered; "
                "it must grant a delegation first",
                violations=[Violation("on_behalf_of", "names a party for which the caller may not report")],
            )

    async def require(self, caller: Caller, permission: Permission, reason: Reason, sentence: str) -> None:
        """Returns when the caller holds the permission. Raises Refusal with the reason and sentence given."""
        if not await self._holds(lambda: self.may(caller.party_id, permission)):
            raise Refusal(reason, sentence)

    async def require_contract(self, contract_id: str, field: str) -> Contract:
        """The contract. Raises Refusal (CONTRACT_UNKNOWN) naming the field when there is none."""
        contract = self.contract(contract_id) if self.follower.ready else None
        if contract is None:
            await self.read_to_end()
            contract = self.contract(contract_id)
        if contract is None:
            raise Refusal(
                Reason.CONTRACT_UNKNOWN,
                f"No contract {contract_id!r} is registered; check its number, or have it registered first",
                violations=[Violation(field, f"No contract {contract_id!r} is registered")],
            )
        return contract

    async def read_to_end(self) -> None:
        """Take in everything that the reference log holds now. Raises Refusal (LOG_UNAVAILABLE) when it cannot."""
        try:
            await self.follower.once_ready(_READ_SECONDS)
        except TimeoutError:
            raise Refusal(
                Reason.LOG_UNAVAILABLE,
                f"This service has just started and did not come to the end of the reference log within "
                f"{_READ_SECONDS:g} s; try again. Nothing was recorded",
            ) from None
        except ReferenceUnavailable as error:
            raise Refusal(Reason.LOG_UNAVAILABLE, f"{error}. Nothing was recorded") from None

    def may(self, party_id: str, permission: Permission) -> bool:
        """Whether the party holds the permission, as far as the log has been read."""
        if party_id == self.administrator:
            return True
        party = self.party(party_id)
        return party is not None and permission in party.permissions

    def party(self, party_id: str) -> Party | None:
        """The party, as far as the log has been read."""
        return self.follower.reference.party(party_id, self.follower.as_of(self.clock.now()))

    def contract(self, contract_id: str) -> Contract | None:
        """The contract, as far as the log has been read."""
        return self.follower.reference.contract(contract_id, self.follower.as_of(self.clock.now()))

    def _in_good_standing(self, party_id: str) -> bool:
        party = self.party(party_id)
        return party is not None and party.suspended is None

    async def _holds(self, condition: Callable[[], bool]) -> bool:
        if self.follower.ready and condition():
            return True
        await self.read_to_end()
        return condition()
