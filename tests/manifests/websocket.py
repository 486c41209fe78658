"""The server's side of `kubectl exec`, version 5 of its protocol over a WebSocket: each message is a channel's number and
bytes of it. https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets"""

import base64
import hashlib
import json
import struct
import subprocess

PROTOCOL = "v5.channel.k8s.io"
OUTPUT, ERROR_OUTPUT, ERROR = 1, 2, 3


def execute(handler, container: str, command: list[str]):
    """Runs the command in a container and sends what it prints, all at its end."""
    if PROTOCOL not in handler.headers.get("Sec-WebSocket-Protocol", ""):
        handler.send_error(400, f"only {PROTOCOL} over a WebSocket is spoken here: kubectl 1.31 or later")
        return
    key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
    handler.send_header("Sec-WebSocket-Protocol", PROTOCOL)
    handler.end_headers()
    ran = subprocess.run(["docker", "exec", container, *command], capture_output=True)
    status = {"metadata": {}, "status": "Success"}
    if ran.returncode != 0:
        causes = [{"reason": "ExitCode", "message": str(ran.returncode)}]
        status = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes},
                  "message": f"command terminated with non-zero exit code: exit status {ran.returncode}"}
    for channel, data in ((OUTPUT, ran.stdout), (ERROR_OUTPUT, ran.stderr), (ERROR, json.dumps(status).encode())):
        if data:
            handler.wfile.write(frame(2, bytes([channel]) + data))
    handler.wfile.write(frame(8, struct.pack(">H", 1000)))


def frame(opcode: int, data: bytes) -> bytes:
    size = bytes([len(data)]) if len(data) < 126 else bytes([126]) + struct.pack(">H", len(data))
    return bytes([0x80 | opcode]) + size + data
