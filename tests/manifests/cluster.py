"""A cluster of one machine, for as long as a test: a Docker network in the place of the pods', our own nameserver, and
the controllers that make pods of workloads and replace them one by one."""

import pathlib
import random
import shutil
import string
import tempfile
import threading

import cert_manager
from api import PORT, Api
from kubelet import Pod, docker, secret_data
from nameserver import ZONE, Nameserver, address, pointer, service
from virtual_address import VirtualAddress


class Cluster:
    def __init__(self, namespace: str, openshift=False):
        self.namespace, self.openshift = namespace, openshift
        self.domain = f"{namespace}.svc.{ZONE}"
        self.secrets, self.services, self.labels, self.workloads = {}, {}, {}, {}
        self.pods, self.virtual, self.lock = [], {}, threading.Lock()
        # Not /tmp: Docker must see it too, and a daemon may have a /tmp of its own.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="beaminit-manifests.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.addresses = iter(range(10, 200))
        self.network = f"beaminit-manifests-{random.randrange(10**9)}"
        # Pods choose their addresses, so Docker won't choose the network's; one that is taken is refused.
        for third in random.sample(range(256), 5):
            self.subnet = f"10.214.{third}"
            if network_id := docker("network", "create", "--subnet", f"{self.subnet}.0/24", self.network, check=False):
                break
        else:
            raise SystemExit("tests/manifests: docker creates none of five networks in 10.214.0.0/16")
        self.bridge = f"br-{network_id[:12]}"
        self.nameserver = Nameserver(f"{self.subnet}.1", self.records)
        certificates = self.folder / "api"
        certificates.mkdir()
        self.api = Api(f"{self.subnet}.1", namespace, certificates, self.slices)

    def close(self):
        for container in docker("ps", "--all", "--quiet", "--filter", f"network={self.network}", check=False).split():
            docker("rm", "--force", container, check=False)
        for virtual in self.virtual.values():
            virtual.stop()
        self.nameserver.stop()
        self.api.stop()
        docker("network", "rm", self.network, check=False)
        shutil.rmtree(self.folder)

    def next_address(self) -> str:
        return f"{self.subnet}.{next(self.addresses)}"

    def resolv_conf(self) -> str:
        search = f"{self.namespace}.svc.cluster.local svc.cluster.local cluster.local"
        return f"search {search}\nnameserver {self.subnet}.1\noptions ndots:5\n"

    def apply(self, objects: list[dict]):
        """What pods need first, as a cluster would settle it in the end. What only schemas can check is passed by."""
        for item in objects:
            self.settle(item)
        cert_manager.issue(objects, self.secrets)
        for item in objects:
            match item["kind"]:
                case "Deployment" | "DeploymentConfig" | "StatefulSet":
                    self.workloads[item["metadata"]["name"]] = item
                    for number in range(item["spec"]["replicas"]):
                        self.start(item, number)
                case ("Secret" | "Service" | "ServiceAccount" | "Role" | "RoleBinding" | "NetworkPolicy"
                      | "PodDisruptionBudget" | "Issuer" | "Certificate"):
                    pass
                case kind:
                    raise SystemExit(f"tests/manifests: {kind} cannot be carried out here")
        for item in objects:
            if item["kind"] in ("NetworkPolicy", "PodDisruptionBudget"):
                self.expect_to_fit(item)
        for pod in self.pods:
            pod.wait_until_ready()

    def settle(self, item: dict):
        match item["kind"]:
            case "Secret":
                self.secrets[item["metadata"]["name"]] = secret_data(item)
            case "Service":
                self.add_service(item)
            case "ServiceAccount" | "Role" | "RoleBinding":
                self.api.add(item)

    def expect_to_fit(self, policy: dict):
        """What Docker cannot do must at least be about these pods, and about their ports."""
        spec = policy["spec"]
        selector = spec.get("podSelector", spec.get("selector"))["matchLabels"]
        pods = self.selected({"selector": selector})
        if not pods:
            raise SystemExit(f"{policy['kind']} {policy['metadata']['name']} selects no pod")
        for rule in spec.get("ingress", []):
            allowed = {port["port"] for port in rule["ports"]}
            peers = [peer["podSelector"]["matchLabels"].items() for peer in rule["from"]]
            for pod in pods:
                if allowed != {port["containerPort"] for port in pod.container["ports"]}:
                    raise SystemExit(f"the NetworkPolicy opens {allowed}, and those are not the ports of {pod.name}")
                if not any(peer <= pod.labels.items() for peer in peers):
                    raise SystemExit(f"the NetworkPolicy does not let {pod.name} reach its like")
        # To any address: the nameserver's ports, and for those that ask the API its usual ones.
        opened = {port["port"] for rule in spec.get("egress", []) if "to" not in rule for port in rule["ports"]}
        for pod in pods:
            asks = pod.spec.get("automountServiceAccountToken", True)
            if spec.get("egress") and opened != {53, 5353} | ({443, PORT} if asks else set()):
                raise SystemExit(f"the NetworkPolicy lets {pod.name} reach {opened} of any address")

    def add_service(self, item: dict):
        name, spec = item["metadata"]["name"], item["spec"]
        self.services[name] = spec
        self.labels[name] = item["metadata"].get("labels", {})
        if spec.get("clusterIP") != "None":
            spec["clusterIP"] = f"{self.subnet}.{200 + len(self.virtual)}"
            ports = [port["port"] for port in spec["ports"]]
            self.virtual[name] = VirtualAddress(
                spec["clusterIP"], self.bridge, ports, lambda port: self.endpoint(spec, port))

    def endpoint(self, service_spec: dict, port: int):
        [target] = [entry.get("targetPort", port) for entry in service_spec["ports"] if entry["port"] == port]
        for pod in self.selected(service_spec):
            if pod.ready:
                named = {entry["name"]: entry["containerPort"] for entry in pod.container["ports"]}
                return pod.address, named.get(target, target)
        return None

    def selected(self, service_spec: dict) -> list[Pod]:
        selector = service_spec["selector"].items()
        with self.lock:
            return [pod for pod in self.pods if selector <= pod.labels.items()]

    def service_links(self) -> dict[str, str]:
        links = {}
        for name, spec in self.services.items():
            if spec["clusterIP"] != "None":
                prefix, port = name.upper().replace("-", "_"), spec["ports"][0]["port"]
                links |= {f"{prefix}_SERVICE_HOST": spec["clusterIP"], f"{prefix}_SERVICE_PORT": str(port),
                          f"{prefix}_PORT": f"tcp://{spec['clusterIP']}:{port}"}
        return links

    def records(self) -> dict:
        """What the nameserver has: the records of https://github.com/kubernetes/dns/blob/master/docs/specification.md"""
        found = {(f"kubernetes.default.svc.{ZONE}", "A"): [address(self.api.address)]}
        for name, spec in self.services.items():
            own = f"{name}.{self.domain}"
            if spec["clusterIP"] != "None":
                found[own, "A"] = [address(spec["clusterIP"])]
                continue
            for pod in self.selected(spec):
                if not (pod.ready or spec.get("publishNotReadyAddresses")):
                    continue
                host = pod.name if pod.subdomain == name else pod.address.replace(".", "-")
                found.setdefault((own, "A"), []).append(address(pod.address))
                found[f"{host}.{own}", "A"] = [address(pod.address)]
                found[reverse(pod.address), "PTR"] = [pointer(f"{host}.{own}")]
                for port in spec["ports"]:
                    found.setdefault((f"_{port['name']}._tcp.{own}", "SRV"), []).append(
                        service(port["port"], f"{host}.{own}"))
        return found

    def slices(self) -> list[dict]:
        """What the API has of each Service's pods, with the Service's own labels, whether they are Ready or not."""
        return [{"metadata": {"name": f"{name}-slice", "labels": self.labels[name]}, "addressType": "IPv4",
                 "endpoints": [{"addresses": [pod.address], "targetRef": {"kind": "Pod", "name": pod.name},
                                "conditions": {"ready": pod.ready, "serving": pod.ready, "terminating": False}}
                               for pod in self.selected(spec)]}
                for name, spec in self.services.items()]

    def start(self, workload: dict, number: int, prepare=lambda pod: None) -> Pod:
        name, spec = workload["metadata"]["name"], workload["spec"]
        if workload["kind"] == "StatefulSet":
            pod = Pod(self, f"{name}-{number}", spec["template"], spec["serviceName"])
        elif workload["kind"] == "Pod":
            pod = Pod(self, name, spec["template"])
        else:
            pod = Pod(self, f"{name}-1-{''.join(random.choices(string.ascii_lowercase, k=5))}", spec["template"])
        prepare(pod)
        with self.lock:
            self.pods.append(pod)
        return pod

    def stop(self, pod: Pod) -> str:
        took = pod.stop()
        self.forget(pod)
        return took

    def forget(self, pod: Pod):
        docker("rm", pod.id)
        # Another of its name may come as soon as it is not there.
        shutil.rmtree(self.folder / pod.name)
        with self.lock:
            self.pods.remove(pod)

    def restart(self):
        """A rolling restart of every workload, in the order that its kind and strategy have: yields what happened."""
        for workload in self.workloads.values():
            spec = workload["spec"]
            old = [pod for pod in self.pods if spec["template"]["metadata"]["labels"].items() <= pod.labels.items()]
            new_first = workload["kind"] != "StatefulSet" and spec.get("strategy", {}).get("type") != "Recreate"
            # The last of a StatefulSet goes first.
            for pod in reversed(old):
                number = int(pod.name.rsplit("-", 1)[1]) if pod.subdomain else 0
                if new_first:
                    new = self.start(workload, number)
                    new.wait_until_ready()
                    new.node()
                    took = self.stop(pod)
                else:
                    took = self.stop(pod)
                    new = self.start(workload, number)
                    new.wait_until_ready()
                yield f"{pod.name} ({pod.address}) stopped gracefully in {took}, {new.name} ({new.address}) is {new.node()}"


def reverse(ip: str) -> str:
    return ".".join(reversed(ip.split("."))) + ".in-addr.arpa."
