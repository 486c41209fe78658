"""A pod as a Docker container: what the kubelet would give it, from the pod's own specification.

Whatever of a specification cannot be carried out here is an error, not left out: KNOWN_* say what can.
"""

import base64
import pathlib
import re
import subprocess
import time

from api import PORT

# How many seconds anything may take that is expected to happen: enough with a load of 50 on two processors.
PATIENCE = 180

# Carried out, or checked by the schema alone because it means nothing without a cluster's scheduler.
KNOWN_POD = {"automountServiceAccountToken", "containers", "enableServiceLinks", "restartPolicy", "securityContext",
             "serviceAccountName", "terminationGracePeriodSeconds", "volumes"}
KNOWN_CONTAINER = {"name", "image", "imagePullPolicy", "command", "args", "env", "ports", "resources", "securityContext",
                   "volumeMounts", "startupProbe", "livenessProbe", "readinessProbe"}
KNOWN_SECURITY = {"runAsUser", "runAsGroup", "fsGroup", "runAsNonRoot", "seccompProfile", "allowPrivilegeEscalation",
                  "readOnlyRootFilesystem", "capabilities"}
# OpenShift's restricted-v2 takes the user from the namespace's range, and the root group; the older restricted would
# refuse a pod with a seccompProfile.
OPENSHIFT_POLICY = {"runAsUser": 1000650000, "runAsGroup": 0, "fsGroup": 1000650000,
                    "seccompProfile": {"type": "RuntimeDefault"}}


def docker(*words: str, check=True) -> str:
    result = subprocess.run(["docker", *words], capture_output=True, text=True)
    if check and result.returncode != 0:
        raise SystemExit(f"docker {' '.join(words)}: {result.stderr.strip()}")
    return result.stdout.strip()


class Pod:
    def __init__(self, cluster, name: str, template: dict, subdomain: str | None = None):
        self.cluster, self.name, self.subdomain = cluster, name, subdomain
        self.labels = template["metadata"]["labels"]
        self.spec = template["spec"]
        [self.container] = self.spec["containers"]
        self.security = {**self.spec.get("securityContext", {}), **self.container.get("securityContext", {})}
        refuse_unknown("pod", self.spec, KNOWN_POD)
        refuse_unknown("container", self.container, KNOWN_CONTAINER)
        refuse_unknown("securityContext", self.security, KNOWN_SECURITY)
        if cluster.openshift:
            if chosen := OPENSHIFT_POLICY.keys() & self.security.keys():
                raise SystemExit(f"{name}: the restricted policy chooses {chosen}")
            self.security |= OPENSHIFT_POLICY
        self.ready = False
        self.address = cluster.next_address()
        self.id = self.start()

    def start(self) -> str:
        files = self.cluster.folder / self.name
        files.mkdir()
        container, security = self.container, self.security
        options = ["--network", self.cluster.network, "--ip", self.address, "--hostname", self.name,
                   "--user", self.user(), *self.environment()]
        if "fsGroup" in security:
            options += ["--group-add", str(security["fsGroup"])]
        if security.get("readOnlyRootFilesystem"):
            options += ["--read-only"]
        if not security.get("allowPrivilegeEscalation", True):
            options += ["--security-opt", "no-new-privileges"]
        for capability in security.get("capabilities", {}).get("drop", []):
            options += ["--cap-drop", capability]
        # RuntimeDefault is what Docker does by itself.
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            options += ["--security-opt", "seccomp=unconfined"]
        if memory := container.get("resources", {}).get("limits", {}).get("memory"):
            options += ["--memory", memory.removesuffix("i").lower()]

        (files / "resolv.conf").write_text(self.cluster.resolv_conf())
        (files / "termination-log").touch()
        (files / "termination-log").chmod(0o666)
        options += mounted(files / "resolv.conf", "/etc/resolv.conf", "ro")
        options += mounted(files / "termination-log", "/dev/termination-log", "rw")
        if self.spec.get("automountServiceAccountToken", True):
            account = files / "serviceaccount"
            account.mkdir()
            api = self.cluster.api
            (account / "namespace").write_text(self.cluster.namespace)
            (account / "ca.crt").write_bytes(api.authority.read_bytes())
            (account / "token").write_text(api.token(self.spec.get("serviceAccountName", "default"), self.name))
            options += mounted(account, "/var/run/secrets/kubernetes.io/serviceaccount", "ro")
        volumes = {volume["name"]: volume for volume in self.spec.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            options += self.volume(volumes[mount["name"]], mount, files)

        words = [*container.get("command", []), *container.get("args", [])]
        if "command" in container:
            options += ["--entrypoint", words.pop(0)]
        return docker("run", "--detach", *options, container["image"], *words)

    def user(self) -> str:
        user = self.security.get("runAsUser")
        if user is None:
            user = docker("image", "inspect", "--format", "{{.Config.User}}", self.container["image"]).split(":")[0]
        if self.security.get("runAsNonRoot") and (not re.fullmatch(r"\d+", str(user)) or int(user) == 0):
            raise SystemExit(f"{self.name}: runAsNonRoot, and the user is {user!r}: not a number, or root")
        return f"{user}:{self.security.get('runAsGroup', 0)}"

    def environment(self) -> list[str]:
        fields = {"status.podIP": self.address, "metadata.name": self.name, "metadata.namespace": self.cluster.namespace}
        values = {"KUBERNETES_SERVICE_HOST": self.cluster.api.address, "KUBERNETES_SERVICE_PORT": str(PORT)}
        if self.spec.get("enableServiceLinks", True):
            values |= self.cluster.service_links()
        for variable in self.container.get("env", []):
            source = variable.get("valueFrom", {})
            if "fieldRef" in source:
                value = fields[source["fieldRef"]["fieldPath"]]
            elif "secretKeyRef" in source:
                value = self.cluster.secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]].decode()
            else:
                # $(NAME) is a variable that stands before this one.
                value = re.sub(r"\$\((\w+)\)", lambda name: values.get(name[1], name[0]), variable.get("value", ""))
            values[variable["name"]] = value
        return [word for name, value in values.items() for word in ("--env", f"{name}={value}")]

    def volume(self, volume: dict, mount: dict, files: pathlib.Path) -> list[str]:
        if "emptyDir" in volume:
            size = volume["emptyDir"].get("sizeLimit", "64Mi").removesuffix("i").lower()
            return ["--tmpfs", f"{mount['mountPath']}:rw,mode=1777,size={size}"]
        secret = volume["secret"]
        folder = files / volume["name"]
        folder.mkdir(mode=0o755)
        for name, value in self.cluster.secrets[secret["secretName"]].items():
            file = folder / name
            file.write_bytes(value)
            file.chmod(secret.get("defaultMode", 0o644) | (0o440 if "fsGroup" in self.security else 0))
            subprocess.run(["chown", f"0:{self.security.get('fsGroup', 0)}", file], check=True)
        return mounted(folder, mount["mountPath"], "ro")

    def log(self) -> str:
        result = subprocess.run(["docker", "logs", self.id], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return result.stdout

    def running(self) -> bool:
        return docker("inspect", "--format", "{{.State.Running}}", self.id) == "true"

    def probe(self, name: str) -> bool:
        """Without a probe, what runs is well."""
        if name not in self.container:
            return self.running()
        command = self.container[name]["exec"]["command"]
        return subprocess.run(["docker", "exec", self.id, *command], capture_output=True).returncode == 0

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE
        while not (self.probe("startupProbe") and self.probe("readinessProbe")):
            if time.monotonic() > deadline or not self.running():
                raise SystemExit(f"{self.name} does not become Ready:\n{self.log()}")
            time.sleep(0.2)
        self.ready = True

    def expect_peers(self, number: int):
        """Nobody has told the node of them. The nameserver may tell what it told before until the records' time is over."""
        command = ["docker", "exec", self.id, "/beaminit", "probe", "--peers", str(number)]
        deadline = time.monotonic() + PATIENCE
        while (probe := subprocess.run(command, capture_output=True, text=True)).returncode != 0:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.name} does not connect to its like: {probe.stderr}{self.log()}")
            time.sleep(0.2)

    def node(self) -> str:
        """The node's name, as the application says it when it starts."""
        deadline = time.monotonic() + PATIENCE
        while not (said := re.search(r"^hello: started as (\S+)$", self.log(), re.M)):
            if time.monotonic() > deadline or not self.running():
                raise SystemExit(f"{self.name} does not start its application:\n{self.log()}")
            time.sleep(0.1)
        return said[1]

    def stop(self) -> str:
        """Ends it as the kubelet does, and says how long that took; it must have ended by itself, gracefully."""
        self.ready = False
        began = time.monotonic()
        grace = str(self.spec.get("terminationGracePeriodSeconds", 30))
        docker("stop", "--time", grace, self.id)
        took = time.monotonic() - began
        status = docker("inspect", "--format", "{{.State.ExitCode}}", self.id)
        if status != "0" or "hello: stopped gracefully" not in self.log():
            raise SystemExit(f"{self.name} ended with status {status}, not gracefully:\n{self.log()}")
        return f"{took:.1f} s"


def refuse_unknown(where: str, given: dict, known: set[str]):
    if unknown := given.keys() - known:
        raise SystemExit(f"tests/manifests: {where} has {unknown}, which cannot be carried out here")


def mounted(source: pathlib.Path, target: str, mode: str) -> list[str]:
    return ["--volume", f"{source}:{target}:{mode}"]


def secret_data(secret: dict) -> dict[str, bytes]:
    plain = {name: value.encode() for name, value in secret.get("stringData", {}).items()}
    return {name: base64.b64decode(value) for name, value in secret.get("data", {}).items()} | plain
