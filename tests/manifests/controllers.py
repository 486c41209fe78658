"""What a cluster does by itself with the workloads that it is given: pods come, become Ready, are replaced and go."""

import concurrent.futures
import json
import threading
import time
import uuid

from cluster import Cluster
from kubelet import Pod, docker

WORKLOADS = {"deployments", "deploymentconfigs", "statefulsets"}


class Namespace:
    """A cluster with one namespace, whose workloads change while it runs."""

    def __init__(self, name: str, openshift: bool):
        self.name, self.cluster = name, Cluster(name, openshift)
        self.objects, self.ended = {}, threading.Event()
        threading.Thread(target=self.control, daemon=True).start()

    def close(self, afterwards=lambda: None):
        with self.cluster.lock:
            if self.ended.is_set():
                return
            self.ended.set()
        self.cluster.close()
        afterwards()

    def add(self, plural: str, item: dict):
        name = item["metadata"]["name"]
        if plural in WORKLOADS:
            item["spec"].setdefault("replicas", 1)
        self.cluster.settle(item)
        if plural == "pods":
            self.begin({"kind": "Pod", "metadata": {"name": name},
                        "spec": {"template": {"metadata": item["metadata"], "spec": item["spec"]}}}, 0, name)
        self.objects[plural, name] = item

    def remove(self, plural: str, name: str):
        if plural == "pods":
            for pod in self.pods():
                if pod.name == name:
                    self.end(pod)
            return
        self.objects.pop((plural, name))

    def pods(self) -> list[Pod]:
        with self.cluster.lock:
            return list(self.cluster.pods)

    def control(self):
        while not self.ended.wait(0.1):
            workloads = [item for (plural, _), item in list(self.objects.items()) if plural in WORKLOADS]
            for workload in workloads:
                self.reconcile(workload)
            names = {workload["metadata"]["name"] for workload in workloads}
            for pod in self.pods():
                if pod.owner not in names | {pod.name} and not pod.stopping:
                    self.end(pod)

    def reconcile(self, workload: dict):
        """One step of what its controller does."""
        name, spec = workload["metadata"]["name"], workload["spec"]
        of_kind = [pod for pod in self.pods() if pod.owner == name]
        pods = [pod for pod in of_kind if not pod.stopping]
        stale = [pod for pod in pods if pod.revision != revision(workload)]
        all_ready = len(pods) >= spec["replicas"] and all(pod.ready for pod in pods)
        wanted = spec["replicas"]
        if workload["kind"] == "StatefulSet":
            numbers = {pod.number for pod in of_kind}
            self.begin_all(workload, [number for number in range(wanted) if number not in numbers])
            surplus = [pod for pod in pods if pod.number >= wanted]
            # The last of them is replaced first.
            surplus = surplus or (sorted(stale, key=lambda pod: pod.number)[-1:] if all_ready and pods == of_kind else [])
        elif spec.get("strategy", {}).get("type") == "Recreate":
            surplus = stale or pods[wanted:]
            self.begin_all(workload, [] if stale or pods != of_kind else range(len(pods), wanted))
        else:
            # One more than wanted, as long as there are old ones.
            self.begin_all(workload, range(len(pods), wanted + bool(stale)))
            surplus = (stale[:1] if all_ready else []) if stale else pods[wanted:]
        for pod in surplus:
            self.end(pod)

    def begin_all(self, workload: dict, numbers):
        with concurrent.futures.ThreadPoolExecutor() as threads:
            list(threads.map(lambda number: self.begin(workload, number, workload["metadata"]["name"]), numbers))

    def begin(self, workload: dict, number: int, owner: str):
        pod = self.cluster.start(workload, number, lambda pod: describe(pod, workload, number, owner))
        if workload["kind"] != "Pod":
            threading.Thread(target=pod.wait_until_ready, daemon=True).start()

    def end(self, pod: Pod):
        with self.cluster.lock:
            if pod.stopping:
                return
            pod.stopping, pod.ready = time.time(), False
        threading.Thread(target=self.stop, args=[pod], daemon=True).start()

    def stop(self, pod: Pod):
        docker("stop", "--time", str(pod.spec.get("terminationGracePeriodSeconds", 30)), pod.id)
        # The kubelet says how it has ended before the object goes.
        pod.status = int(docker("inspect", "--format", "{{.State.ExitCode}}", pod.id))
        self.ended.wait(0.5)
        self.cluster.forget(pod)


def describe(pod: Pod, workload: dict, number: int, owner: str):
    pod.number, pod.owner, pod.revision = number, owner, revision(workload)
    pod.uid, pod.created, pod.stopping, pod.status = str(uuid.uuid4()), time.time(), 0, None


def revision(workload: dict) -> str:
    return json.dumps(workload["spec"]["template"], sort_keys=True)
