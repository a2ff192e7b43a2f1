"""The pages: what an address answers with, rendered on the server from the read model alone."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.languages import chosen_language
from mitodoke.eventlog.payloads import DRIVE_PAYLOADS, details_json
from mitodoke.lifecycle.facts import Fact, FactRetracted
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.obligations import EACH_USE
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.record import standing
from mitodoke.lifecycle.serials import SerialError, canonical
from mitodoke.lifecycle.verdict import OVERDUE, Flag, FlagState, ObligationState, Owed
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.queries import FactAt, FlagOf
from mitodoke.services.dashboard.reading import (
    Contract,
    Cursor,
    Drive,
    Filters,
    FlagChange,
    ReadModel,
    Triage,
    Unreachable,
)
from mitodoke.services.dashboard.texts import (
    TEXTS,
    ago,
    label,
    obligation_label,
    sentence_in_japanese,
    subject_label,
    text,
)

_log = structlog.get_logger("mitodoke.dashboard")

PER_PAGE: Final = 50
STALE_AFTER: Final = timedelta(seconds=10)
KINDS: Final = (OVERDUE, *(rule.id for rule in CATALOGUE))

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""With every answer."""

HOSTS: Final = ["localhost", "127.0.0.1", "::1", "[::1]"]
"""By no other name may a browser ask: a page elsewhere that has its name point here learns nothing."""

_UTC: Final = ZoneInfo("UTC")


class Mistake(Exception):
    """Something in the address that cannot be read; said to the person by a text of the catalogue."""

    def __init__(self, title: str, key: str, **values: str) -> None:
        self.title = title
        self.key = key
        self.values = values
        super().__init__(key)


def application(read_model: ReadModel, clock: Clock) -> Starlette:
    """The pages over HTTP."""
    pages = _Pages(read_model, clock)
    return Starlette(
        routes=[
            Route("/", pages.triage),
            Route("/drives/{serial:path}", pages.drive),
            Route("/search", pages.search),
            Route("/style.css", _style),
            Route("/favicon.ico", _no_icon),
        ],
        exception_handlers={
            Unreachable: pages.unreachable,
            Mistake: pages.mistake,
            HTTPException: pages.http_error,
            Exception: pages.fault,
        },
        middleware=[
            Middleware(_StrictHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        ],
    )


class _StrictHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _style(_: Request) -> Response:
    return Response(_STYLE, media_type="text/css")


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)


_STYLE: Final = (
    files("mitodoke.services.dashboard").joinpath("templates/style.css").read_text(encoding="utf-8")
)


class _Pages:
    def __init__(self, read_model: ReadModel, clock: Clock) -> None:
        self._read_model = read_model
        self._clock = clock
        self._templates = Environment(
            loader=PackageLoader("mitodoke.services.dashboard", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def triage(self, request: Request) -> Response:
        now = self._clock.now()
        filters, after, position = _asked_for(request, now)
        found = await self._read_model.triage(filters, after, PER_PAGE)
        words = _Words(request)
        reference = found.as_of or now
        return self._answer(
            words,
            "triage.html",
            found.read_through,
            filters=filters,
            found=found,
            rows=[_flag_row(words, found, flag, reference) for flag in found.flags],
            kinds=sorted(KINDS, key=words.label),
            severities=list(Severity),
            position=position,
            next_page=_next_page(words, found, filters, position),
        )

    async def drive(self, request: Request) -> Response:
        asked_for = request.path_params["serial"]
        words = _Words(request)
        serial = _canonical(asked_for)
        if serial != asked_for:
            return RedirectResponse(words.link(_drive_path(serial)), 308)
        found = await self._read_model.drive(serial)
        if found.view is None:
            return self._answer(words, "unknown.html", found.read_through, status=404, serial=serial)
        return self._answer(
            words, "drive.html", found.read_through, **_drive_page(words, found, self._clock.now())
        )

    async def search(self, request: Request) -> Response:
        asked_for = request.query_params.get("serial", "")
        if not asked_for.strip():
            raise Mistake("error_no_serial", "error_no_serial_text")
        words = _Words(request)
        return RedirectResponse(words.link(_drive_path(_canonical(asked_for))), 303)

    async def unreachable(self, request: Request, error: Exception) -> Response:
        _log.error("read_model_unreachable", path=request.url.path, error=str(error))
        words = _Words(request)
        answer = self._message(
            words, 503, "error_unreachable", words.text("error_unreachable_text"), unreachable=True
        )
        answer.headers["retry-after"] = "5"
        return answer

    async def mistake(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Mistake)
        words = _Words(request)
        sentence = words.text(error.key, **error.values)
        return await self._message_with_freshness(words, 400, error.title, sentence)

    async def http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = _Words(request)
        if error.status_code == 404:
            return await self._message_with_freshness(
                words, 404, "error_missing", words.text("error_missing_text")
            )
        return await self._message_with_freshness(words, error.status_code, "error_other", error.detail)

    async def fault(self, request: Request, error: Exception) -> Response:
        _log.error("page_failed", path=request.url.path, exc_info=error)
        words = _Words(request)
        answer = self._message(words, 500, "error_fault", words.text("error_fault_text"), unreachable=True)
        # This answer is made outside the middleware.
        answer.headers.update(HEADERS)
        return answer

    async def _message_with_freshness(
        self, words: "_Words", status: int, title: str, sentence: str
    ) -> Response:
        try:
            read_through = await self._read_model.read_through()
        except Unreachable:
            return self._message(words, status, title, sentence, unreachable=True)
        return self._answer(
            words, "message.html", read_through, status=status, title=title, sentence=sentence
        )

    def _message(
        self, words: "_Words", status: int, title: str, sentence: str, *, unreachable: bool = False
    ) -> Response:
        return self._answer(
            words,
            "message.html",
            None,
            status=status,
            unreachable=unreachable,
            title=title,
            sentence=sentence,
        )

    def _answer(
        self,
        words: "_Words",
        template: str,
        read_through: datetime | None,
        *,
        status: int = 200,
        unreachable: bool = False,
        **context: Any,
    ) -> Response:
        html = self._templates.get_template(template).render(
            w=words, freshness=_freshness(words, read_through, self._clock.now(), unreachable), **context
        )
        headers = {"content-language": words.language, "vary": "accept-language"}
        return HTMLResponse(html, status, headers)


class _Words:
    """What a page says in the language that was asked for, and links that keep it."""

    def __init__(self, request: Request) -> None:
        asked_for = request.query_params.get("lang")
        self.language = chosen_language(TEXTS, asked_for, request.headers.get("accept-language", ""))
        self._kept = {"lang": self.language} if asked_for == self.language else {}
        self.kept_language = self._kept.get("lang", "")
        other = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
        other.append(("lang", self.other_language))
        self.same_page_in_other_language = f"{quote(request.url.path)}?{urlencode(other)}"

    @property
    def other_language(self) -> str:
        return "en" if self.language == "ja" else "ja"

    def text(self, key: str, **values: object) -> str:
        return text(self.language, key, **values)

    def label(self, word: str) -> str:
        return label(self.language, word)

    def obligation(self, obligation: str) -> str:
        return obligation_label(self.language, obligation)

    def subject(self, subject: str) -> str:
        return subject_label(self.language, subject)

    def link(self, path: str, **query: object) -> str:
        kept = {name: str(value) for name, value in query.items() if value not in ("", None)} | self._kept
        return f"{path}?{urlencode(kept)}" if kept else path

    def drive(self, serial: str) -> str:
        return self.link(_drive_path(serial))

    def parties(self, party: str, names: dict[str, str]) -> str:
        """The names of the party, or of several with commas between their ids."""
        return ", ".join(names.get(one, one) for one in party.split(",") if one)

    def sentence(self, flag: Flag, names: dict[str, str]) -> tuple[str, str]:
        """What is wrong, and the language that it is said in."""
        if self.language == "ja":
            wording = sentence_in_japanese(flag.kind, flag.subject, self.parties(flag.party, names))
            if wording is not None:
                return wording, "ja"
        return flag.message, "en"


def _drive_path(serial: str) -> str:
    return f"/drives/{quote(serial, safe='')}"


def _canonical(asked_for: str) -> str:
    try:
        return canonical(asked_for)
    except SerialError as error:
        shown = asked_for if len(asked_for) <= 80 else asked_for[:80] + "…"
        raise Mistake("error_serial", "error_serial_text", value=shown, sentence=str(error)) from None


def _asked_for(request: Request, now: datetime) -> tuple[Filters, Cursor | None, int]:
    asked = {
        name: request.query_params.get(name, "").strip() for name in ("contract", "kind", "severity", "as_of")
    }
    for name, value in asked.items():
        # PostgreSQL takes no text with U+0000; nothing can be called so.
        asked[name] = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    filters = Filters(
        asked["contract"], asked["kind"], _severity(asked["severity"]), _past_day(asked["as_of"], now)
    )
    after, position = _cursor(request.query_params.get("after", ""), request.query_params.get("from", "1"))
    return filters, after, position


def _severity(value: str) -> Severity:
    try:
        return Severity(value) if value else Severity.WARNING
    except ValueError:
        raise Mistake("error_filter", "error_severity", value=value) from None


def _past_day(value: str, now: datetime) -> date | None:
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    # East of Greenwich it may be tomorrow already. The first and last days have no midnight in every zone.
    if day is None or len(value) != 10 or day > now.date() + timedelta(days=1) or day.year < 1900:
        raise Mistake("error_filter", "error_as_of", value=value)
    return day


def _cursor(after: str, position: str) -> tuple[Cursor | None, int]:
    if not after:
        return None, 1
    try:
        rank, raised_at, flag_id = after.split("~")
        at = datetime.fromisoformat(raised_at)
        cursor = (int(rank), at, UUID(flag_id))
        first = int(position)
    except ValueError:
        raise Mistake("error_filter", "error_page") from None
    if at.tzinfo is None or not 0 <= cursor[0] <= 9 or not 1 <= first <= 10**9:
        raise Mistake("error_filter", "error_page")
    return cursor, first


def _query(filters: Filters) -> dict[str, object]:
    severity = "" if filters.least_severity is Severity.WARNING else filters.least_severity.value
    return {
        "contract": filters.contract,
        "kind": filters.kind,
        "severity": severity,
        "as_of": filters.day.isoformat() if filters.day else "",
    }


def _next_page(words: _Words, found: Triage, filters: Filters, position: int) -> dict[str, str] | None:
    if found.after is None and position == 1:
        return None
    links = {"first": words.link("/", **_query(filters)), "next": ""}
    if found.after is not None:
        rank, raised_at, flag_id = found.after
        after = f"{rank}~{raised_at.isoformat()}~{flag_id}"
        links["next"] = words.link(
            "/", **_query(filters), after=after, **{"from": position + len(found.flags)}
        )
    return links


def _flag_row(words: _Words, found: Triage, flag_of: FlagOf, now: datetime) -> dict[str, Any]:
    flag = flag_of.stored.flag
    contract = found.contracts.get(flag.contract)
    since = flag.raised_at.astimezone(contract.zone if contract else _UTC)
    return {
        "flag": flag,
        "serial": flag_of.serial,
        "contract": contract,
        "party": words.parties(flag.party, found.names),
        "since": since,
        "days": _days(flag.raised_at, now),
        "sentence": words.sentence(flag, found.names),
    }


def _days(start: datetime, end: datetime) -> int:
    return max(timedelta(), end - start) // timedelta(days=1)


def _freshness(
    words: _Words, read_through: datetime | None, now: datetime, unreachable: bool
) -> dict[str, Any]:
    if unreachable:
        return {"text": words.text("unreachable"), "stale": True}
    if read_through is None:
        return {"text": words.text("unread"), "stale": True}
    elapsed = now - read_through
    form = "%H:%M:%S" if elapsed < timedelta(hours=12) else "%Y-%m-%d %H:%M:%S"
    stale = elapsed > STALE_AFTER
    said = words.text(
        "stale" if stale else "fresh", time=f"{read_through:{form}}", ago=ago(words.language, elapsed)
    )
    return {"text": said, "stale": stale}


def _drive_page(words: _Words, found: Drive, now: datetime) -> dict[str, Any]:
    view = found.view
    assert view is not None
    retracted = standing(view.record, now).retracted
    flags = sorted(view.flags, key=_open_then_gravest)
    zones = sorted({_zone(found, at.fact.contract).key for at in view.facts})
    return {
        "view": view,
        "contracts": [found.contracts.get(name) or name for name in sorted(view.contracts)],
        "contract": found.contracts.get(view.contract),
        "names": found.names,
        "holder_since": _local(found, view.contract, view.holder_since),
        "facts": [_fact_row(words, found, at, retracted) for at in view.facts],
        "flags": [_flag_of_drive(words, found, stored) for stored in flags],
        "obligations": [_obligation_row(words, found, owed, now) for owed in view.obligations],
        "zones": ", ".join(zones),
        "open_flags": sum(stored.flag.state is not FlagState.RESOLVED for stored in flags),
    }


def _open_then_gravest(stored: StoredFlag) -> tuple[bool, int, datetime]:
    flag = stored.flag
    gravity = list(Severity).index(flag.severity)
    return flag.state is FlagState.RESOLVED, -gravity, flag.raised_at


def _zone(found: Drive, contract: str) -> ZoneInfo:
    held: Contract | None = found.contracts.get(contract)
    return held.zone if held else _UTC


def _local(found: Drive, contract: str, at: datetime | None) -> datetime | None:
    return at and at.astimezone(_zone(found, contract))


def _fact_row(words: _Words, found: Drive, at: FactAt, retracted: Iterable[UUID]) -> dict[str, Any]:
    fact: Fact = at.fact
    return {
        "id": f"fact-{fact.event_id}",
        "fact": fact,
        "occurred": _local(found, fact.contract, fact.occurred_at),
        "recorded": _local(found, fact.contract, fact.recorded_at),
        "party": words.parties(fact.party, found.names),
        "details": _details(words, found, fact, at.payload),
        "retracted": fact.event_id in retracted,
        "about": f"fact-{fact.retracted}" if isinstance(fact, FactRetracted) else "",
    }


def _details(words: _Words, found: Drive, fact: Fact, payload: bytes) -> list[tuple[str, str]]:
    """The fact's own fields, each as one line of text."""
    fields: dict[str, Any] = json.loads(details_json(fact.kind, payload))
    kinds = DRIVE_PAYLOADS[fact.kind].message.DESCRIPTOR.fields_by_name
    return [(name, _read_out(words, found, fact, kinds[name], value)) for name, value in fields.items()]


def _read_out(words: _Words, found: Drive, fact: Fact, field: FieldDescriptor, value: Any) -> str:
    """A field as people read it: the words of the domain in their language, times in the contract's zone."""
    if field.enum_type is not None:
        return words.label(value)
    if field.message_type is Timestamp.DESCRIPTOR:
        at = _local(found, fact.contract, datetime.fromisoformat(value))
        return f"{at:%Y-%m-%d %H:%M %Z}"
    return _in_a_line(value)


def _in_a_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_a_line(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(_in_a_line(each) for each in value)
    return str(value)


def _flag_of_drive(words: _Words, found: Drive, stored: StoredFlag) -> dict[str, Any]:
    flag = stored.flag
    changes = found.lives.get(flag.flag_id, ())
    said = [words.text("raised"), *(_change(words, before, now) for before, now in pairwise(changes))]
    return {
        "id": f"flag-{flag.flag_id}",
        "flag": flag,
        "party": words.parties(flag.party, found.names),
        "sentence": words.sentence(flag, found.names),
        "raised": _local(found, flag.contract, flag.raised_at),
        "life": [
            (_local(found, flag.contract, change.changed_at), word)
            for change, word in zip(changes, said, strict=False)
        ],
    }


def _change(words: _Words, before: FlagChange, now: FlagChange) -> str:
    """What became of a flag, in words."""
    said = []
    # An open flag that has grown graver is not one that was opened again.
    if now.severity is before.severity or (now.state, now.resolution) != (before.state, before.resolution):
        state = words.text(f"state_{now.state.value}")
        said.append(
            f"{state} ({words.text(f'resolution_{now.resolution.value}')})" if now.resolution else state
        )
    if now.severity is not before.severity:
        said.append(
            words.text(
                "graver" if before.severity < now.severity else "less_grave",
                before=words.text(f"severity_{before.severity.value}"),
                now=words.text(f"severity_{now.severity.value}"),
            )
        )
    return ", ".join(said)


def _obligation_row(words: _Words, found: Drive, owed: Owed, now: datetime) -> dict[str, Any]:
    by = ""
    if owed.state in (ObligationState.OVERDUE, ObligationState.MET_LATE):
        by = words.text("late", span=ago(words.language, (owed.met_at or now) - owed.due_at))
    elif owed.state is ObligationState.PENDING and owed.due_at > now:
        by = words.text("left", span=ago(words.language, owed.due_at - now))
    return {
        "owed": owed,
        # The id of a use of a medium tells people nothing.
        "subject": "" if owed.after in EACH_USE else owed.subject,
        "parties": words.parties(",".join(owed.parties), found.names),
        "due": _local(found, owed.contract, owed.due_at),
        "met": _local(found, owed.contract, owed.met_at),
        "by": by,
    }
