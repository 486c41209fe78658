"""Runs set-ups of docker/kubernetes and docker/openshift in Docker: checks them against the schemas, starts their pods,
lets every node ping every other, replaces the pods one by one, pings again, and stops them."""

import pathlib
import re
import signal
import sys
import time

import render
import schema
from cluster import Cluster
from kubelet import PATIENCE, docker, secret_data
from nameserver import TTL

HERE = pathlib.Path(__file__).resolve().parent
DOCKER = HERE.parents[1] / "docker"
README = DOCKER / "kubernetes/README.md"
FOLDERS = {
    "exclusive": DOCKER / "kubernetes/exclusive",
    "scaled": DOCKER / "kubernetes/scaled",
    "stateful": DOCKER / "kubernetes/stateful",
    "stateful-ip": DOCKER / "kubernetes/stateful-ip",
    "discovered": DOCKER / "kubernetes/discovered",
    "openshift": DOCKER / "openshift",
    # The component docker/kubernetes/tls.
    "tls": HERE / "tls",
    # What happens without publishNotReadyAddresses.
    "unpublished": HERE / "unpublished",
}
NAMESPACE = "prod"

# The name that each workload's nodes must have.
NAMES = {
    "exclusive": "app@exclusive.{domain}",
    "scaled": "app@{dashed}.scaled.{domain}",
    "stateful": "app@{pod}.stateful.{domain}",
    "stateful-ip": "app@{address}",
    "discovered": "app@{address}",
    # The StatefulSet of README.md.
    "app": "app@{pod}.app.{domain}",
}


def main(setups: list[str]):
    if setups == ["yours"]:
        return expect_own_images(render.documented_kustomization(README))
    if setups == ["readme"]:
        objects = render.documented_set_up(HERE.parents[1] / "README.md")
    else:
        objects = [item for setup in setups for item in render.objects(FOLDERS[setup])]
    objects.append(render.documented_secret(README))
    check(objects)
    cookie = secret_data(objects[-1])["cookie"].decode()

    cluster = Cluster(NAMESPACE, openshift=setups == ["openshift"])
    try:
        if setups == ["unpublished"]:
            return expect_no_start(cluster, objects)
        cluster.apply(objects)
        expect_mesh(cluster, setups, cookie)
        began = time.monotonic()
        for line in cluster.restart():
            print(f"  {line}")
        for pod in cluster.pods:
            waited = re.search(r" after ([\d.]+)s\)", pod.log())
            if waited and float(waited[1]) > TTL - 10:
                raise SystemExit(f"{pod.name} has waited until the nameserver forgot the pod before it:\n{pod.log()}")
        print(f"  {len(cluster.pods)} pods replaced in {time.monotonic() - began:.0f} s")
        expect_mesh(cluster, setups, cookie)
        for pod in list(cluster.pods):
            node = pod.node()
            print(f"  {node} stopped gracefully in {cluster.stop(pod)}")
    finally:
        cluster.close()


def check(objects: list[dict]):
    for line in sorted({schema.check(item) for item in objects}):
        print(f"  {line}")


def expect_own_images(objects: list[dict]):
    check(objects)
    for item in objects:
        if "template" in item.get("spec", {}):
            image = item["spec"]["template"]["spec"]["containers"][0]["image"]
            if not image.startswith("registry.example.com/"):
                raise SystemExit(f"{item['kind']} {item['metadata']['name']} has {image}, not the image that is named")
            print(f"  {item['kind']} {item['metadata']['name']} has {image}")


def expect_no_start(cluster: Cluster, objects: list[dict]):
    """So that a name is known to come from the Service's records, and when these come."""
    try:
        cluster.apply(objects)
    except SystemExit as failure:
        if "publishNotReadyAddresses: true" not in str(failure) or "no DNS record for stateful-" not in str(failure):
            raise
        print("  no pod becomes Ready, and beaminit says why")
        return
    raise SystemExit("pods have started without a record")


def expect_mesh(cluster: Cluster, setups: list[str], cookie: str):
    nodes = []
    for pod in cluster.pods:
        workload = next(name for name in cluster.workloads if pod.name.startswith(f"{name}-"))
        form = NAMES["stateful-ip" if "stateful-ip" in setups else workload]
        expected = form.format(domain=cluster.domain.rstrip("."), pod=pod.name, address=pod.address,
                               dashed=pod.address.replace(".", "-"))
        if pod.node() != expected:
            raise SystemExit(f"{pod.name} is node {pod.node()}, not {expected}:\n{pod.log()}")
        if not pod.probe("livenessProbe"):
            raise SystemExit(f"{pod.name} is Ready, and its livenessProbe fails")
        nodes.append(expected)
    for pod in cluster.pods:
        if "BEAMINIT_PEERS" in {entry["name"] for entry in pod.container["env"]}:
            peers = len(cluster.selected({"selector": pod.labels})) - 1
            pod.expect_peers(peers)
            if (setups == ["tls"]) != (", over TLS" in pod.log()):
                raise SystemExit(f"{pod.name} should speak TLS in the set-up tls, and in no other:\n{pod.log()}")
            print(f"  {pod.node()} is connected to other nodes: {peers}{cluster.api.told(pod.name)}")
    cluster.api.expect_none_refused()
    # A node from outside has each of them ping all: what it reaches it has found by the nameserver, which may tell the
    # addresses of the pods before these for a while. It has the files of a pod.
    source = "[" + ",".join(f"'{node}'" for node in nodes) + "]"
    wait = "W = fun Again(A, N) -> N > 0 andalso net_adm:ping(A) == pang andalso timer:sleep(1000) == ok andalso Again(A, N - 1) end"
    ask = (f'{wait}, [W(A, {PATIENCE}) || A <- {source}],'
           f' [io:format("~s ~s ~p~n", [A, B, rpc:call(A, net_adm, ping, [B])]) || A <- {source}, B <- {source}], halt().')
    pod = cluster.pods[0]
    erl = ["--entrypoint", "erl", "beaminit-erl"]
    if setups == ["tls"]:
        # beaminit gives it the options of TLS.
        erl = ["--group-add", str(pod.security["fsGroup"]), "--env", "BEAMINIT_TLS=/run/tls",
               "--env", "BEAMINIT_TLS_PEERS=ca", "beaminit-erl", "erl"]
    said = docker("run", "--rm", "--network", cluster.network, "--volumes-from", f"{pod.id}:ro", *erl, "-noinput", "-hidden",
                  "-name", "outside@127.0.0.1", "-setcookie", cookie, "-eval", ask)
    answers = re.findall(r"^(\S+) (\S+) (.+)$", said, re.M)
    if len(answers) != len(nodes) ** 2 or any(answer != "pong" for _, _, answer in answers):
        logs = "\n".join(pod.log() for pod in cluster.pods)
        raise SystemExit(f"not every node reaches every other:\n{said}\n{logs}")
    for asking, asked, answer in answers:
        if asking != asked:
            print(f"  {asking} pings {asked}: {answer}")


if __name__ == "__main__":
    if len(sys.argv) == 1 or set(sys.argv[1:]) - FOLDERS.keys() - {"readme", "yours"}:
        raise SystemExit(f"tests/manifests: no such set-up; there are {' '.join(FOLDERS)} readme yours")
    # So that what was started is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1:])
