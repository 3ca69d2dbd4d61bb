#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gets an ID token as a browser and a client would: the authorization code grant with PKCE and a nonce.

Signs in by the provider's own pages, takes the code from the redirect, exchanges it at the token endpoint, and prints
the ID token and nothing else.
"""

import argparse
import base64
import hashlib
import os
import re
import secrets
import ssl
import sys
import urllib.parse

import httpx


def form_token(page):
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    return {"csrf_token": found.group(1)} if found else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--client", default="kubernetes")
    parser.add_argument("--user", default="alice")
    parser.add_argument("--scope", default="openid profile email groups")
    parser.add_argument("--token", choices=("id_token", "access_token"), default="id_token", help="what is printed")
    options = parser.parse_args()

    redirect_uri = "https://127.0.0.1/callback"
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    state, nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)

    with httpx.Client(verify=ssl.create_default_context(cafile=options.ca), timeout=20, trust_env=False) as session:
        discovery = session.get(options.issuer + "/.well-known/openid-configuration").raise_for_status().json()
        answer = session.get(
            discovery["authorization_endpoint"],
            params={
                "response_type": "code",
                "client_id": options.client,
                "redirect_uri": redirect_uri,
                "scope": options.scope,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        filled = set()
        for _ in range(12):
            if answer.is_redirect:
                location = urllib.parse.urljoin(str(answer.url), answer.headers["location"])
                if location.startswith(redirect_uri):
                    break
                answer = session.get(location)
                continue
            answer.raise_for_status()
            page = answer.text
            if 'name="password"' in page and "password" not in filled:
                fields, step = {"password": os.environ["PROVIDER_USER_PASSWORD"]}, "password"
            elif 'name="login"' in page and "login" not in filled:
                fields, step = {"login": options.user}, "login"
            else:
                sys.exit(f"no way on from the page at {answer.url}")
            filled.add(step)
            answer = session.post(
                str(answer.url), data=form_token(page) | fields, headers={"Referer": str(answer.url)}
            )
        else:
            sys.exit("the provider did not redirect to the client")

        reply = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
        if reply.get("state") != [state] or "code" not in reply:
            sys.exit(f"the provider refused: {reply.get('error')} {reply.get('error_description')}")
        tokens = session.post(
            discovery["token_endpoint"],
            auth=(options.client, os.environ["PROVIDER_CLIENT_SECRET"]),
            data={
                "grant_type": "authorization_code",
                "code": reply["code"][0],
                "redirect_uri": redirect_uri,
                "code_verifier": verifier,
            },
        ).raise_for_status().json()
    print(tokens[options.token])


if __name__ == "__main__":
    main()
