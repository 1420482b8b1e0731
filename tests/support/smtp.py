"""A real SMTP server for tests: takes mail, shows it, and misbehaves on request.

    smtp.py [--port 0] [--tls implicit|starttls] [--certificate-name localhost] [--auth user:password]
            [--refuse 550] [--refuse-to part-of-an-address] [--greylist N] [--stall [command|dot|answer]]
            [--drop [N]] [--drop-after-dot [N]]

The first line on stdout is JSON: {"smtp": port, "control": port, "ca": path or null}. The server ends when its stdin
closes, so that a killed test leaves nothing behind.

The control port (127.0.0.1, HTTP) answers

    GET  /mails?to=a@b      mails in order of arrival: [{from, to, raw, message_id, subject, text, html, tls, user}]
    GET  /count?to=a@b      {"mails": n, "attempts": n}; an attempt is a DATA command, a mail one that came whole
    GET  /wait?n=3&seconds=20&to=a@b    the mails as soon as there are n; 408 with those so far when the time is over
    POST /behaviour         JSON {refuse, refuse_to, greylist, stall, drop, drop_after_dot}; replaces the whole behaviour
    DELETE /mails           forgets them

A behaviour: `refuse` is a code for RCPT (`refuse_to`: only for addresses with this in them); `greylist` answers 451 to
the first N RCPT for each address; `stall` never answers DATA ("command") or the final dot, before the
mail is taken ("dot") or after ("answer"); `drop` closes the
connection in the middle of the next N messages (-1: of every one); `drop_after_dot` takes the next N messages whole
and closes the connection instead of answering: the sender cannot know that they arrived.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass, field, fields
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, AuthResult, syntax


@dataclass
class Behaviour:
    refuse: int | None = None
    refuse_to: str = ""
    greylist: int = 0
    stall: str | None = None
    drop: int = 0
    drop_after_dot: int = 0

    @classmethod
    def parsed(cls, given: dict) -> "Behaviour":
        unknown = set(given) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        behaviour = cls(**{key: value for key, value in given.items() if value is not None})
        if behaviour.stall not in (None, "command", "dot", "answer"):
            raise ValueError("stall is command, dot or answer")
        if behaviour.refuse is not None and not 400 <= behaviour.refuse <= 599:
            raise ValueError("refuse is a code from 400 to 599")
        return behaviour


@dataclass
class State:
    behaviour: Behaviour
    mails: list = field(default_factory=list)
    attempts: int = 0
    tries: dict = field(default_factory=dict)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def to(self, address: str | None) -> list:
        if not address:
            return self.mails
        return [mail for mail in self.mails if address.lower() in (to.lower() for to in mail["to"])]

    def take(self, which: str) -> bool:
        """Whether this message is one of the next N; counts it."""
        left = getattr(self.behaviour, which)
        if left > 0:
            setattr(self.behaviour, which, left - 1)
        return left != 0


class Handler:
    def __init__(self, state: State):
        self.state = state

    async def handle_RCPT(self, server, session, envelope, address, options):
        behaviour = self.state.behaviour
        if behaviour.refuse and behaviour.refuse_to.lower() in address.lower():
            return f"{behaviour.refuse} not here"
        tries = self.state.tries[address] = self.state.tries.get(address, 0) + 1
        if tries <= behaviour.greylist:
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.state.behaviour.stall == "dot":
            await asyncio.Event().wait()
        self.state.mails.append(described(server, session, envelope))
        async with self.state.arrived:
            self.state.arrived.notify_all()
        if self.state.behaviour.stall == "answer":
            await asyncio.Event().wait()
        if self.state.take("drop_after_dot"):
            server.transport.abort()
            # What is returned is written to a closed connection.
        return "250 OK taken"


class Server(SMTP):
    """aiosmtpd with the faults that its hooks do not reach."""

    state: State

    @syntax("DATA")
    async def smtp_DATA(self, arg):
        self.state.attempts += 1
        if self.state.behaviour.stall == "command":
            await asyncio.Event().wait()
        if self.envelope.rcpt_tos and self.state.take("drop"):
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def described(server, session, envelope) -> dict:
    raw = envelope.original_content
    message = email.message_from_bytes(raw, policy=email.policy.default)

    def body(kind: str) -> str:
        part = message.get_body(preferencelist=(kind,))
        return part.get_content() if part else ""

    return {
        "from": envelope.mail_from,
        "to": list(envelope.rcpt_tos),
        "raw": raw.decode("utf-8", "replace"),
        "message_id": message["message-id"],
        "subject": message["subject"],
        "text": body("plain"),
        "html": body("html"),
        "tls": server.transport.get_extra_info("ssl_object") is not None,
        "user": session.auth_data if session.authenticated else None,
    }


def certificate(folder: str, name: str) -> tuple[str, ssl.SSLContext]:
    """A certificate authority for this run and a certificate of it: the path of the first, a context with the second."""

    def path(file: str) -> str:
        return os.path.join(folder, file)

    def openssl(*arguments: str):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        done = subprocess.run(["openssl", "req", "-x509", *key, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"openssl: {done.stderr}")

    openssl("-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    names = f"DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else "")
    openssl("-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-keyout", path("key.pem"), "-out", path("cert.pem"),
            "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path("cert.pem"), path("key.pem"))
    return path("ca.pem"), context


async def answer(state: State, method: str, target: str, body: bytes):
    """One request to the control port: (status, JSON)."""
    address = urlsplit(target)
    query = {key: values[0] for key, values in parse_qs(address.query).items()}
    to = query.get("to")
    match method, address.path:
        case "GET", "/mails":
            return 200, state.to(to)
        case "GET", "/count":
            return 200, {"mails": len(state.to(to)), "attempts": state.attempts}
        case "GET", "/wait":
            wanted = int(query.get("n", "1"))
            try:
                async with asyncio.timeout(float(query.get("seconds", "20"))), state.arrived:
                    await state.arrived.wait_for(lambda: len(state.to(to)) >= wanted)
            except TimeoutError:
                return 408, state.to(to)
            return 200, state.to(to)
        case "POST", "/behaviour":
            try:
                state.behaviour = Behaviour.parsed(json.loads(body or b"{}"))
            except (TypeError, ValueError) as error:
                return 400, {"error": str(error)}
            state.tries.clear()
            return 200, vars(state.behaviour)
        case "DELETE", "/mails":
            state.mails.clear()
            state.attempts = 0
            return 200, {}
    return 404, {"error": f"no {method} {address.path}"}


def control(state: State):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")), 0)
            status, said = await answer(state, method, target, await reader.readexactly(length))
            out = json.dumps(said).encode()
            writer.write(f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(out)}\r\nConnection: close\r\n\r\n".encode() + out)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return serve


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A real SMTP server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", choices=["implicit", "starttls"])
    parser.add_argument("--certificate-name", default="localhost")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    parser.add_argument("--refuse", type=int)
    parser.add_argument("--refuse-to", default="")
    parser.add_argument("--greylist", type=int, default=0)
    parser.add_argument("--stall", nargs="?", const="command", choices=["command", "dot", "answer"])
    parser.add_argument("--drop", type=int, nargs="?", const=-1, default=0)
    parser.add_argument("--drop-after-dot", type=int, nargs="?", const=1, default=0)
    return parser.parse_args()


async def run(given: argparse.Namespace, folder: str):
    state = State(Behaviour.parsed({f.name: getattr(given, f.name) for f in fields(Behaviour)}))
    ca, context = certificate(folder, given.certificate_name) if given.tls else (None, None)
    options = {"hostname": "localhost", "enable_SMTPUTF8": True, "timeout": 300}
    if given.tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if given.auth:
        user, _, password = given.auth.partition(":")

        def known(server, session, envelope, mechanism, data):
            right = (data.login, data.password) == (user.encode(), password.encode())
            return AuthResult(success=right, handled=False, auth_data=user)

        # aiosmtpd counts only STARTTLS as TLS.
        options |= {"authenticator": known, "auth_required": True, "auth_require_tls": given.tls == "starttls"}

    def connection():
        server = Server(Handler(state), **options)
        server.state = state
        return server

    loop = asyncio.get_running_loop()
    implicit = context if given.tls == "implicit" else None
    mail = await loop.create_server(connection, "127.0.0.1", given.port, ssl=implicit)
    http = await asyncio.start_server(control(state), "127.0.0.1", 0)
    ports = {"smtp": mail.sockets[0].getsockname()[1], "control": http.sockets[0].getsockname()[1], "ca": ca}
    print(json.dumps(ports), flush=True)

    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)

    def listen_for_the_end():
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen_for_the_end, daemon=True).start()
    await ended.wait()


def main():
    given = arguments()
    # aiosmtpd warns of what the tests ask for on purpose.
    warnings.simplefilter("ignore")
    logging.getLogger("mail").setLevel(logging.ERROR)
    folder = tempfile.mkdtemp(prefix="ruh-smtp-")
    try:
        asyncio.run(run(given, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
