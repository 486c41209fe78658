"""A Service's virtual address, as kube-proxy makes it: a connection to it goes on to a pod that is Ready."""

import random
import socket
import socketserver
import subprocess
import sys
import threading

# Run in the address's own network namespace, for the machine's may have an epmd at 4369: listens, and hands the sockets out.
LISTEN = """
import socket, sys
address, ports = sys.argv[2], sys.argv[3:]
servers = [socket.create_server((address, int(port))) for port in ports]
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"-"], [server.fileno() for server in servers])
"""


class VirtualAddress:
    """`endpoint(port)` gives the (address, port) of a Ready pod for a port of the Service, or None."""

    def __init__(self, address, bridge, ports, endpoint):
        name = f"vip{random.randrange(10**9)}"
        self.namespace = name
        for command in (
            f"ip netns add {name}",
            f"ip link add {name} type veth peer name eth0 netns {name}",
            f"ip link set {name} master {bridge} up",
            f"ip -n {name} address add {address}/24 dev eth0",
            f"ip -n {name} link set eth0 up",
        ):
            subprocess.run(command.split(), check=True)
        here, there = socket.socketpair()
        inside = [sys.executable, "-c", LISTEN, there.fileno(), address, *ports]
        subprocess.run(["ip", "netns", "exec", name, *map(str, inside)], pass_fds=[there.fileno()], check=True)
        _, descriptors, _, _ = socket.recv_fds(here, 1, len(ports))
        self.servers = []
        for port, descriptor in zip(ports, descriptors, strict=True):
            server = Forwarder((address, port), Connection, bind_and_activate=False)
            server.socket = socket.socket(fileno=descriptor)
            server.endpoint = lambda port=port: endpoint(port)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        subprocess.run(["ip", "netns", "delete", self.namespace], check=False)


class Forwarder(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        endpoint = self.server.endpoint()
        if endpoint is None:
            return
        try:
            with socket.create_connection(endpoint, timeout=5) as pod:
                pod.settimeout(None)
                back = threading.Thread(target=copy, args=(pod, self.request), daemon=True)
                back.start()
                copy(self.request, pod)
                back.join()
        except OSError:
            pass


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
