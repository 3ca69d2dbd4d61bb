#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Canaille, a real OpenID provider, over HTTPS on a loopback address with one user, one group and one client.

Keys, users and clients live in memory and end with the process. Prints one line, `ready`, when it listens, and one,
`rotated`, after each SIGUSR1, which makes a new key the one that signs.
"""

import argparse
import asyncio
import datetime
import os
import signal

from asgiref.wsgi import WsgiToAsgi
from hypercorn.asyncio import serve
from hypercorn.config import Config

from joserfc.jwk import RSAKey

import canaille
from canaille.app import models
from canaille.backends import Backend


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="ADDRESS:PORT to listen on")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--user", default="alice")
    parser.add_argument("--group", default="developers")
    parser.add_argument("--client", default="kubernetes")
    return parser.parse_args()


def application(options):
    key = RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)
    app = canaille.create_app(
        config={
            "SECRET_KEY": os.urandom(32).hex(),
            "SERVER_NAME": options.address,
            "PREFERRED_URL_SCHEME": "https",
            "TESTING": False,
            "CANAILLE": {
                "DATABASE": "memory",
                "SMTP": None,
                "CAPTCHA_ENABLED": False,
                "FORCE_HTTPS": False,
                "LOGGING": {
                    "version": 1,
                    "disable_existing_loggers": False,
                    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
                    "root": {"level": "WARNING", "handlers": ["stderr"]},
                },
            },
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key], "TRUSTED_DOMAINS": ["127.0.0.1"]},
        }
    )
    with app.app_context(), Backend.instance.session():
        # The secrets come by the environment: an argument would be visible to all in the list of processes.
        user = models.User(
            user_name=options.user,
            family_name="Liddell",
            formatted_name="Alice Liddell",
            emails=[f"{options.user}@example.org"],
            password=os.environ["PROVIDER_USER_PASSWORD"],
        )
        Backend.instance.save(user)
        Backend.instance.save(models.Group(display_name=options.group, members=[user]))
        client = models.Client(
            client_id=options.client,
            client_secret=os.environ["PROVIDER_CLIENT_SECRET"],
            client_id_issued_at=datetime.datetime.now(datetime.timezone.utc),
            client_name="lychgate's integration tests",
            client_uri="https://127.0.0.1",
            redirect_uris=["https://127.0.0.1/callback"],
            grant_types=["authorization_code", "password"],
            response_types=["code"],
            token_endpoint_auth_method="client_secret_basic",
            scope=["openid", "profile", "email", "groups"],
            id_token_signed_response_alg="RS256",
        )
        Backend.instance.save(client)
        client.audience = [client]
        Backend.instance.save(client)
    return app


def rotate(app):
    """A new key signs from now on; the old one is still published, as OpenID Connect Core section 10.1.1 has it."""
    settings = app.config["CANAILLE_OIDC"]
    old = list(settings["ACTIVE_JWKS"]) + list(settings.get("INACTIVE_JWKS") or [])
    settings["INACTIVE_JWKS"] = old
    settings["ACTIVE_JWKS"] = [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]
    print("rotated", flush=True)


async def run(options):
    app = application(options)
    config = Config()
    config.bind = [options.address]
    config.certfile = options.certificate
    config.keyfile = options.key
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, rotate, app)
    server = asyncio.create_task(
        serve(WsgiToAsgi(app), config, shutdown_trigger=stop.wait)
    )
    host, port = options.address.rsplit(":", 1)
    while not server.done():
        try:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            print("ready", flush=True)
            break
        except OSError:
            await asyncio.sleep(0.05)
    await server


if __name__ == "__main__":
    asyncio.run(run(arguments()))
