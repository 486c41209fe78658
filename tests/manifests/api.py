"""The cluster's API, as far as pods ask it for their like: over TLS under an authority of its own, to who has the token of
a service account, and no more than Roles allow."""

import contextlib
import http.server
import json
import pathlib
import re
import secrets
import ssl
import subprocess
import threading
import urllib.parse

PORT = 6443
GROUP, RESOURCE = "discovery.k8s.io", "endpointslices"
SLICES = re.compile(rf"/apis/{re.escape(GROUP)}/v1/namespaces/(?P<namespace>[^/]+)/{RESOURCE}")


class Api:
    """`slices()` gives the EndpointSlices that there are now."""

    def __init__(self, address: str, namespace: str, folder: pathlib.Path, slices):
        self.address, self.namespace, self.slices = address, namespace, slices
        self.roles, self.bindings, self.accounts = {}, [], {"default"}
        self.tokens, self.listed, self.refused = {}, {}, set()
        self.authority = folder / "ca.crt"
        certificate = certify(address, folder)
        handler = type("Handler", (Handler,), {"api": self})
        self.server = http.server.ThreadingHTTPServer((address, PORT), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is the connection's own thread's, or one that says nothing would hold up all.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, item: dict):
        """A ServiceAccount, Role or RoleBinding."""
        name = item["metadata"]["name"]
        match item["kind"]:
            case "ServiceAccount":
                self.accounts.add(name)
            case "Role":
                self.roles[name] = item["rules"]
            case "RoleBinding":
                self.bindings.append(item)

    def token(self, account: str, pod: str) -> str:
        if account not in self.accounts:
            raise SystemExit(f"{pod}: there is no ServiceAccount {account}")
        token = secrets.token_urlsafe(32)
        self.tokens[token] = account, pod
        return token

    def may_list(self, account: str) -> bool:
        rules = [rule for binding in self.bindings for subject in binding["subjects"]
                 if (subject["kind"], subject["name"]) == ("ServiceAccount", account)
                 and subject.get("namespace", self.namespace) == self.namespace
                 for rule in self.roles[binding["roleRef"]["name"]]]
        return any(GROUP in rule["apiGroups"] and RESOURCE in rule["resources"] and "list" in rule["verbs"]
                   for rule in rules)

    def told(self, pod: str) -> str:
        """How often a pod has asked."""
        return f"; it has listed its Service's EndpointSlices {self.listed[pod]} times" if pod in self.listed else ""

    def expect_none_refused(self):
        if self.refused:
            raise SystemExit(f"the API has refused what it was asked: {self.refused}")

    def answer(self, path: str, token: str) -> tuple[int, dict]:
        if token not in self.tokens:
            return 401, {}
        account, pod = self.tokens[token]
        url = urllib.parse.urlsplit(path)
        asked = SLICES.fullmatch(url.path)
        if not (asked and asked["namespace"] == self.namespace and self.may_list(account)):
            self.refused.add(f"{pod}: {path}")
            return 403, {}
        self.listed[pod] = self.listed.get(pod, 0) + 1
        selector = urllib.parse.parse_qs(url.query).get("labelSelector", [""])[0]
        wanted = dict(pair.split("=") for pair in selector.split(",") if pair).items()
        items = [item for item in self.slices() if wanted <= item["metadata"]["labels"].items()]
        return 200, {"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "metadata": {}, "items": items}


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10
    api: Api

    def do_GET(self):
        status, body = self.api.answer(self.path, self.headers.get("Authorization", "").removeprefix("Bearer "))
        # One that has been stopped meanwhile hears no answer.
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


def certify(address: str, folder: pathlib.Path) -> pathlib.Path:
    """Makes the authority's ca.crt in this folder, and returns a file with the server's certificate and its key."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    own = folder / "server.pem"
    openssl("req", "-x509", *key, "-subj", "/CN=kubernetes", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    openssl("req", *key, "-subj", "/CN=apiserver", "-addext", f"subjectAltName=IP:{address}",
            "-keyout", folder / "server.key", "-out", folder / "server.csr")
    openssl("x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", own)
    with own.open("a") as file:
        file.write((folder / "server.key").read_text())
    return own


def openssl(*words):
    result = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"openssl {words[0]}: {result.stderr}")
