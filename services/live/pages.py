"""The counts over HTTP: a table for a person, JSON for a program."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitodoke.chassis.clock import Clock
from mitodoke.chassis.languages import chosen_language
from mitodoke.services.live.counter import CallCounter
from mitodoke.services.live.counts import WINDOWS_KEPT, by_party
from mitodoke.services.live.texts import TEXTS, text

EVERY_SECONDS: Final = 10
"""How often the page loads itself again for who follows its own link to that."""
EVERY: Final = range(5, 3601)
"""How often, in seconds, one may ask it to."""

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""With every answer."""

HOSTS: Final = ["localhost", "127.0.0.1", "::1", "[::1]"]
"""By no other name may a browser ask: a page elsewhere that has its name point here learns nothing."""

VARY: Final = "accept, accept-language"


def application(counter: CallCounter, clock: Clock) -> Starlette:
    """GET /calls: HTML where the client asks for it, else JSON."""
    pages = Environment(
        loader=PackageLoader("mitodoke.services.live", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    style = (pages.loader.get_source(pages, "style.css")[0]) if pages.loader else ""

    async def calls(request: Request) -> Response:
        now = clock.now()
        slots = counter.slots
        content: dict[str, Any] = {
            "as_of": _rfc3339(now),
            "window_minutes": WINDOWS_KEPT,
            "counting": counter.ready,
            "parties": [
                {**asdict(each), "last_seen": _rfc3339(each.last_seen)}
                for each in by_party((slots or {}).items(), now)
            ],
        }
        status = 200 if slots is not None else 503
        if "text/html" in request.headers.get("accept", ""):
            words = _Words(request)
            page = pages.get_template("calls.html").render(
                content, known=slots is not None, w=words, usual=EVERY_SECONDS
            )
            headers = {"vary": VARY, "content-language": words.language}
            if words.every:
                # Only for who asked (WCAG 2.1, 2.2.1), and not in the markup, which cannot say that he did.
                headers["refresh"] = str(words.every)
            return HTMLResponse(page, status, headers)
        return JSONResponse(content, status, {"vary": VARY})

    async def to_calls(_: Request) -> Response:
        return RedirectResponse("/calls")

    async def css(_: Request) -> Response:
        return Response(style, media_type="text/css")

    return Starlette(
        routes=[Route("/", to_calls), Route("/calls", calls), Route("/style.css", css)],
        middleware=[
            Middleware(_StrictHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        ],
    )


class _Words:
    """What the page says in the language that was asked for, and the links to itself that keep what was asked for."""

    def __init__(self, request: Request) -> None:
        asked_for = request.query_params.get("lang")
        self.language = chosen_language(TEXTS, asked_for, request.headers.get("accept-language", ""))
        self.other_language = "en" if self.language == "ja" else "ja"
        self.every = _every(request.query_params.get("every", ""))
        kept = {"lang": self.language} if asked_for == self.language else {}
        every = {"every": str(self.every)} if self.every else {}
        self.staying = _calls(kept)
        self.reloading = _calls({**kept, "every": str(EVERY_SECONDS)})
        self.in_other_language = _calls({**every, "lang": self.other_language})

    def text(self, key: str, **values: object) -> Markup:
        return text(self.language, key, **values)


def _every(asked_for: str) -> int:
    """After how many seconds the page is to be loaded again; 0 for never, as where it cannot be read."""
    try:
        seconds = int(asked_for)
    except ValueError:
        return 0
    return seconds if seconds in EVERY else 0


def _calls(query: dict[str, str]) -> str:
    return f"/calls?{urlencode(query)}" if query else "/calls"


class _StrictHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
