"""An API server that kubectl talks to, as far as tests/kubernetes needs one: namespaces whose pods Docker runs. What it has
not is refused with 404 or 405, and objects that Kubernetes' schemas refuse with 422."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import jsonschema

import nameserver
import schema
import websocket
from api import PORT
from controllers import Namespace
from kubelet import docker

VERSION = "v1.33.1"
# What there is: group and version -> plural -> kind.
KINDS = {
    "v1": {"namespaces": "Namespace", "pods": "Pod", "services": "Service", "secrets": "Secret", "events": "Event",
           "serviceaccounts": "ServiceAccount"},
    "apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "discovery.k8s.io/v1": {"endpointslices": "EndpointSlice"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "rbac.authorization.k8s.io/v1": {"roles": "Role", "rolebindings": "RoleBinding"},
}
OPENSHIFT = {"project.openshift.io/v1": {"projects": "Project", "projectrequests": "ProjectRequest"},
             "security.openshift.io/v1": {"rangeallocations": "RangeAllocation"},
             "apps.openshift.io/v1": {"deploymentconfigs": "DeploymentConfig"}}
CLUSTER_WIDE = {"namespaces", "projects", "projectrequests", "rangeallocations"}
PATH = re.compile(r"/apis?/(?P<version>v1|[^/]+/v1)(/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)"
                  r"(/(?P<name>[^/]+))?(/(?P<part>[a-z]+))?")
LIFE = 1800


class Failure(Exception):
    def __init__(self, code: int, reason: str, message: str):
        super().__init__(message)
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
                     "message": message}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    openshift = False
    namespaces: dict[str, Namespace] = {}

    def handle_any(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else {}
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        try:
            answer = self.document(url.path)
            if answer is None:
                answer = self.resource(url.path, query, body)
        except Failure as failure:
            self.reply(failure.body, failure.body["code"])
        else:
            if answer is not None:
                self.reply(answer)

    def handle(self):
        # A kubectl that is ended hears no answer.
        with contextlib.suppress(OSError):
            super().handle()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def reply(self, answer, code=200):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def kinds(self) -> dict:
        return KINDS | (OPENSHIFT if self.openshift else {})

    def document(self, path: str) -> dict | str | None:
        """What kubectl asks about the API itself."""
        groups = [version for version in self.kinds() if "/" in version]
        match path.strip("/").split("/"):
            case ["version"]:
                return {"major": "1", "minor": "33", "gitVersion": VERSION}
            case ["api"]:
                address = {"clientCIDR": "0.0.0.0/0", "serverAddress": f"10.0.0.1:{PORT}"}
                return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
            case ["apis"]:
                versions = [{"groupVersion": version, "version": "v1"} for version in groups]
                return {"kind": "APIGroupList", "apiVersion": "v1",
                        "groups": [{"name": version["groupVersion"].split("/")[0], "versions": [version],
                                    "preferredVersion": version} for version in versions]}
            case ["api" | "apis", *words] if (version := "/".join(words)) in self.kinds():
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version,
                        "resources": [entry for plural, kind in self.kinds()[version].items() for entry in resources(plural, kind)]}
            case ["openapi", "v2"]:
                # An empty one, in Protobuf: asked only for lists, whose items are checked when they come.
                return ""
            case ["openapi", "v3"]:
                paths = {("api/" if "/" not in version else "apis/") + version for version in self.kinds()}
                return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}
            case ["openapi", "v3", _, *words] if (version := "/".join(words)) in self.kinds():
                return openapi(version, self.kinds()[version])
        return None

    def resource(self, path: str, query: dict, body: dict):
        asked = PATH.fullmatch(path)
        kind = asked and self.kinds().get(asked["version"], {}).get(asked["plural"])
        if not kind:
            raise Failure(404, "NotFound", f"the server could not find {path}")
        plural, name, part, method = asked["plural"], asked["name"], asked["part"], self.command
        if plural in ("namespaces", "projects", "projectrequests"):
            return self.namespace_itself(plural, name, body)
        if asked["namespace"] not in self.namespaces:
            raise Failure(404, "NotFound", f'namespaces "{asked["namespace"]}" not found')
        namespace = self.namespaces[asked["namespace"]]
        items = {item["metadata"]["name"]: item for item in listed(namespace, plural)}
        if method == "POST" and not name:
            return self.create(namespace, plural, items, body)
        if not name:
            selected = [item for item in items.values() if fits(item, query)]
            if "watch" in query:
                return self.watch(namespace, plural, query)
            return {"kind": f"{kind}List", "apiVersion": asked["version"], "metadata": {"resourceVersion": "1"}, "items": selected}
        if name not in items:
            raise Failure(404, "NotFound", f'{plural} "{name}" not found')
        match method, part:
            case "GET", None:
                return items[name]
            case "GET", "scale":
                return scale(items[name])
            case ("PATCH" | "PUT"), (None | "scale"):
                merge(items[name], {"spec": body["spec"]} if part else body)
                return scale(items[name]) if part else items[name]
            case "DELETE", None:
                namespace.remove(plural, name)
                return items[name]
            case "GET", "log":
                [pod] = [pod for pod in namespace.pods() if pod.name == name]
                if "previous" in query:
                    raise Failure(400, "BadRequest", "previous terminated container not found")
                return pod.log() or "\n"
            case "GET", "exec":
                [pod] = [pod for pod in namespace.pods() if pod.name == name]
                return websocket.execute(self, pod.id, query["command"])
        raise Failure(405, "MethodNotAllowed", f"{method} {path} is not done here")

    def namespace_itself(self, plural: str, name: str | None, body: dict):
        kind = "Project" if plural == "projects" else "Namespace"
        version = "project.openshift.io/v1" if plural == "projects" else "v1"

        def shown(name):
            return {"kind": kind, "apiVersion": version, "metadata": {"name": name}, "status": {"phase": "Active"}}

        if self.command == "POST":
            if self.openshift and plural == "namespaces":
                raise Failure(403, "Forbidden", 'namespaces is forbidden: User "developer" cannot create them')
            name = body["metadata"]["name"]
            if name in self.namespaces:
                raise Failure(409, "AlreadyExists", f'namespaces "{name}" already exists')
            self.namespaces[name] = Namespace(name, self.openshift)
        elif name is None:
            return {"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": [shown(name) for name in self.namespaces]}
        elif name not in self.namespaces:
            raise Failure(404, "NotFound", f'namespaces "{name}" not found')
        elif self.command == "DELETE":
            threading.Thread(target=self.namespaces[name].close, args=[lambda: self.namespaces.pop(name)]).start()
        return shown(name)

    def create(self, namespace: Namespace, plural: str, items: dict, body: dict):
        name = body["metadata"]["name"]
        if name in items:
            raise Failure(409, "AlreadyExists", f'{plural} "{name}" already exists')
        body["metadata"].pop("creationTimestamp", None)
        checked = {**body, "metadata": {key: value for key, value in body["metadata"].items() if key != "namespace"}}
        try:
            schema.check(checked)
            namespace.add(plural, body)
        except (jsonschema.ValidationError, SystemExit) as refused:
            raise Failure(422, "Invalid", f'{plural} "{name}" is invalid: …{str(refused)[-300:]}') from None
        return body

    def watch(self, namespace: Namespace, plural: str, query: dict):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        known, deadline = {}, time.monotonic() + 90
        while time.monotonic() < deadline:
            now = {item["metadata"]["name"]: item for item in listed(namespace, plural) if fits(item, query)}
            changed = [("MODIFIED" if name in known else "ADDED", item) for name, item in now.items() if known.get(name) != item]
            changed += [("DELETED", item) for name, item in known.items() if name not in now]
            for kind, item in changed:
                self.wfile.write(json.dumps({"type": kind, "object": item}).encode() + b"\n")
            known = now
            time.sleep(0.1)

    def log_message(self, *_):
        pass


def resources(plural: str, kind: str) -> list[dict]:
    own = {"name": plural, "singularName": kind.lower(), "namespaced": plural not in CLUSTER_WIDE, "kind": kind,
           "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"]}
    if plural in ("deployments", "statefulsets"):
        return [own, {**own, "name": f"{plural}/scale", "singularName": "", "group": "autoscaling", "version": "v1",
                      "kind": "Scale", "verbs": ["get", "patch", "update"]}]
    return [own]


def openapi(version: str, kinds: dict) -> dict:
    """All that kubectl looks for: that the server itself checks the fields of what it gets."""
    group, _, number = version.rpartition("/")
    parameter = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    paths = {f"/{kind}": {"patch": {"parameters": [parameter], "x-kubernetes-group-version-kind":
                                    {"group": group, "version": number, "kind": kind}}} for kind in kinds.values()}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths}


def listed(namespace: Namespace, plural: str) -> list[dict]:
    if plural == "pods":
        return [shown(pod, namespace.name) for pod in namespace.pods()]
    if plural == "serviceaccounts" and ("serviceaccounts", "default") not in namespace.objects:
        namespace.objects[plural, "default"] = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "default"}}
    return [item for (kind, _), item in list(namespace.objects.items()) if kind == plural]


def fits(item: dict, query: dict) -> bool:
    for pair in ",".join(query.get("labelSelector", [])).split(","):
        key, _, value = pair.partition("=")
        labels = item["metadata"].get("labels", {})
        if key and (key not in labels or value and labels[key] != value):
            return False
    field = query.get("fieldSelector", [""])[0]
    return not field.startswith("metadata.name=") or field == f"metadata.name={item['metadata']['name']}"


def merge(into: dict, changes: dict):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def scale(item: dict) -> dict:
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": item["metadata"]["name"]},
            "spec": {"replicas": item["spec"]["replicas"]}, "status": {"replicas": item["spec"]["replicas"]}}


def stamp(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def shown(pod, namespace: str) -> dict:
    """The pod as the API has it."""
    status, phase = pod.status, "Running"
    if status is None and not pod.ready and pod.spec.get("restartPolicy") == "Never":
        ended = docker("inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", pod.id, check=False)
        status = int(ended.split()[1]) if ended.startswith("false") else None
    state = {"running": {"startedAt": stamp(pod.created)}}
    if status is not None:
        log = pod.cluster.folder / pod.name / "termination-log"
        message = log.read_text() if log.exists() else ""
        state = {"terminated": {"exitCode": status, "reason": "Completed" if status == 0 else "Error", "message": message,
                                "startedAt": stamp(pod.created), "finishedAt": stamp(time.time())}}
        phase = "Succeeded" if status == 0 else "Failed"
    metadata = {"name": pod.name, "namespace": namespace, "uid": pod.uid, "labels": pod.labels, "resourceVersion": "1",
                "creationTimestamp": stamp(pod.created)}
    if pod.stopping:
        metadata["deletionTimestamp"] = stamp(pod.stopping)
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": pod.spec, "status": {
        "phase": phase, "podIP": pod.address, "conditions": [{"type": "Ready", "status": str(pod.ready)}],
        "containerStatuses": [{"name": pod.container["name"], "image": pod.container["image"], "imageID": "", "restartCount": 0,
                               "ready": pod.ready, "state": state}]}}


def main(words: list[str]):
    """Serves until WORDS, a command whose kubectl finds the cluster, has ended; then ends as it did."""
    Handler.openshift = words[0] == "--openshift"
    # CoreDNS's own default, which is what its answers about pods have where nobody has changed it.
    nameserver.TTL = 5
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="beaminit-kubernetes.", dir="/var/tmp") as folder:
        config = pathlib.Path(folder, "config")
        config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "users": [],
            "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": ""}}]}))
        kubectl = f"{os.environ.get('KUBECTL', 'kubectl')} --kubeconfig {config}"
        command = subprocess.Popen(words[Handler.openshift:], env={**os.environ, "KUBECTL": kubectl, "TMPDIR": folder})
        try:
            status = command.wait(LIFE)
        finally:
            command.terminate()
            command.wait()
            left = list(Handler.namespaces)
            for namespace in list(Handler.namespaces.values()):
                namespace.close()
    if left:
        raise SystemExit(f"namespaces are left behind: {left}")
    sys.exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1:])
