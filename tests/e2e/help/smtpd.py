"""A mail server to be told by, and a mail parser to judge by: aiosmtpd, and
Python's own email package, neither of which knows spoold.

    smtpd.py '{"tls": "implicit|starttls|none", "cert": FILE, "key": FILE,
               "user": NAME, "password": WORD, "refuse": [ADDRESS...],
               "put_off": {ADDRESS: TIMES}, "hang": true, "junk": true,
               "idle_seconds": N, "address": IP}'

Listens there, and says at which port; then a line of JSON for each connection and
each mail.
"""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])


def say(what, **members):
    print(json.dumps({"what": what, **members}), flush=True)


class Server(SMTP):
    count = 0

    def connection_made(self, transport):
        if self.session is None:  # not the second time, after STARTTLS
            Server.count += 1
            say("connection", number=Server.count)
        super().connection_made(transport)



def part_of(part):
    text = part.get_content_maintype() == "text"
    picture = None if text else part.get_payload(decode=True).hex()
    return {
        "type": part.get_content_type(), "charset": part.get_content_charset(),
        "encoding": part["Content-Transfer-Encoding"],
        "id": part["Content-ID"], "disposition": part.get_content_disposition(),
        "text": part.get_content() if text else None, "hex": picture,
    }


def parsed(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [str(d) for part in mail.walk() for d in part.defects]
    defects += [str(d) for _, value in mail.items()
                for d in getattr(value, "defects", [])]
    lines = raw.split(b"\r\n")
    return {
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "names": [name.lower() for name in mail.keys()],
        "to": [[a.display_name, a.addr_spec] for a in mail["To"].addresses],
        "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses],
        "date": mail["Date"].datetime.timestamp(),
        "shape": [part.get_content_type() for part in mail.walk()],
        "parts": [part_of(p) for p in mail.walk() if not p.is_multipart()],
        "defects": defects,
        "longest": max(len(line) for line in lines),
        "bare": any(b"\n" in line or b"\r" in line for line in lines),
        "ascii": raw.isascii(),
    }


class Handler:
    put_off = dict(options.get("put_off", {}))

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in options.get("refuse", []):
            return "550 5.1.1 no such person here"
        if self.put_off.get(address, 0) > 0:
            self.put_off[address] -= 1
            return "450 4.2.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if options.get("hang"):
            say("hanging")
            await asyncio.sleep(600)
        if options.get("junk"):
            return "554 5.7.1 this looks like junk"
        raw = envelope.original_content
        say("mail", connection=Server.count, sender=envelope.mail_from,
            recipients=envelope.rcpt_tos, hello=session.host_name,
            user=session.auth_data, encrypted=session.ssl is not None
            or options.get("tls") == "implicit", **parsed(raw))
        return "250 2.0.0 taken"


def judge(server, session, envelope, mechanism, data):
    said = (data.login.decode(), data.password.decode())
    if said == (options["user"], options["password"]):
        return AuthResult(success=True, auth_data=f"{said[0]} by {mechanism}")
    return AuthResult(success=False, handled=False)


async def main():
    tls = options.get("tls", "none")
    context = None
    if tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["cert"], options["key"])
    handler = Handler()

    def make():
        return Server(
            handler, hostname="mail.test",
            timeout=options.get("idle_seconds", 300),
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=judge if "user" in options else None,
            auth_required="user" in options,
            auth_require_tls=tls == "starttls")

    listening = await asyncio.get_running_loop().create_server(
        make, options["address"], 0, ssl=context if tls == "implicit" else None)
    say("listening", port=listening.sockets[0].getsockname()[1])
    async with listening:
        await listening.serve_forever()


asyncio.run(main())
