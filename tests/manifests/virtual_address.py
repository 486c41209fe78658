"""A Service's virtual address, as kube-proxy makes it: a connection to it goes on to a pod that is Ready."""

import socket
import socketserver
import subprocess
import threading


class VirtualAddress:
    """`endpoint(port)` gives the (address, port) of a Ready pod for a port of the Service, or None."""

    def __init__(self, address, bridge, ports, endpoint):
        self.assignment = [f"{address}/32", "dev", bridge]
        subprocess.run(["ip", "address", "add", *self.assignment], check=True)
        self.servers = []
        for port in ports:
            server = Forwarder((address, port), Connection)
            server.endpoint = lambda port=port: endpoint(port)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        subprocess.run(["ip", "address", "delete", *self.assignment], check=False, stderr=subprocess.DEVNULL)


class Forwarder(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
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
