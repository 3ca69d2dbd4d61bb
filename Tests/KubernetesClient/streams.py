# SPDX-License-Identifier: Apache-2.0
"""exec, attach and port-forward by the Kubernetes project's own Python client, as KUBECONFIG says; prints what came."""

import sys

from kubernetes import client, config
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream

POD, NAMESPACE = "bell", "default"


def run(api):
    output = stream(
        api.connect_get_namespaced_pod_exec, POD, NAMESPACE, command=["echo", "hello", "from", "python"],
        stdout=True, stderr=True, stdin=False, tty=False)
    print("exec:", output.strip())

    shell = stream(
        api.connect_get_namespaced_pod_exec, POD, NAMESPACE, command=["cat"],
        stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False)
    text = "".join(f"line {number}\n" for number in range(20_000))
    for start in range(0, len(text), 8_192):
        shell.write_stdin(text[start:start + 8_192])
    back = ""
    while len(back) < len(text) and shell.is_open():
        shell.update(timeout=10)
        back += shell.read_stdout(timeout=1) if shell.peek_stdout() else ""
    shell.close()
    print("cat:", "same" if back == text else f"{len(back)} of {len(text)} bytes")

    failing = stream(
        api.connect_get_namespaced_pod_exec, POD, NAMESPACE, command=["exit", "7"],
        stdout=True, stderr=True, stdin=False, tty=False, _preload_content=False)
    failing.run_forever(timeout=10)
    print("exit:", failing.returncode)

    attached = stream(
        api.connect_get_namespaced_pod_attach, POD, NAMESPACE,
        stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False)
    attached.write_stdin("attached\n")
    print("attach:", attached.readline_stdout(timeout=10))
    attached.close()

    forward = portforward(api.connect_get_namespaced_pod_portforward, POD, NAMESPACE, ports="8080")
    socket = forward.socket(8080)
    socket.setblocking(True)
    socket.settimeout(10)
    socket.sendall(b"through the port")
    received = b""
    while len(received) < 16:
        received += socket.recv(64)
    print("port:", received.decode())
    socket.close()

    try:
        stream(
            api.connect_get_namespaced_pod_exec, "no-such-pod", NAMESPACE, command=["true"], stdout=True)
        print("missing: it was there")
    except ApiException as refused:
        # The library keeps a refused upgrade's status in the reason only.
        print("missing:", "404" if "404" in str(refused) else refused)


def main():
    config.load_kube_config()
    run(client.CoreV1Api())
    return 0


sys.exit(main())
