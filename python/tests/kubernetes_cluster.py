"""A cluster's API as far as dagster-k8s asks it: the pod of a job is a process of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Pod:
    """A job and its one pod: its container's exact command, with the image's variables and the declared ones alone."""

    def __init__(self, job: dict[str, Any], cluster: Cluster) -> None:
        self.job = job
        spec = job["spec"]["template"]["spec"]
        (self.container,) = spec["containers"]
        self._mount(spec, cluster)
        self.environment = {**cluster.image, **self._declared(cluster)}
        self.output = cluster.folder / f"{job['metadata']['name']}.log"
        with self.output.open("w") as log:
            self.process = subprocess.Popen(
                [*self.container.get("command", []), *self.container["args"]],
                cwd=cluster.image["DAGMA_PROJECT"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def status(self) -> dict[str, int]:
        code = self.process.poll()
        return {"active": 1} if code is None else {"succeeded" if code == 0 else "failed": 1}

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """To its first process alone, as a kubelet does."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _declared(self, cluster: Cluster) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in self.container.get("envFrom", []):
            ((kind, reference),) = source.items()
            values = {"secretRef": cluster.secrets, "configMapRef": cluster.config_maps}[kind]
            found |= values[reference["name"]]
        for variable in self.container.get("env", []):
            if "valueFrom" in variable:
                reference = variable["valueFrom"]["secretKeyRef"]
                found[variable["name"]] = cluster.secrets[reference["name"]][reference["key"]]
            else:
                found[variable["name"]] = variable["value"]
        return found

    def _mount(self, spec: dict[str, Any], cluster: Cluster) -> None:
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for mount in self.container.get("volumeMounts", []):
            name = volumes[mount["name"]]["configMap"]["name"]
            target = Path(mount["mountPath"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(cluster.config_maps[name][mount["subPath"]])


class Cluster:
    """Serves the API until it is closed, and starts what it is asked to."""

    def __init__(
        self,
        folder: Path,
        image: dict[str, str],
        secrets: dict[str, dict[str, str]],
        config_maps: dict[str, dict[str, str]],
    ) -> None:
        self.folder, self.image, self.secrets, self.config_maps = folder, image, secrets, config_maps
        self.pods: dict[str, Pod] = {}
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                job = json.loads(self.rfile.read(int(self.headers["content-length"])))
                cluster.pods[job["metadata"]["name"]] = Pod(job, cluster)
                self._answer(job)

            def do_GET(self) -> None:
                kind, name = self._target()
                if kind == "jobs" and name in cluster.pods:
                    self._answer({**cluster.pods[name].job, "status": cluster.pods[name].status()})
                elif kind == "pods":
                    name = self.path.rpartition("job-name%3D")[2].partition("&")[0]
                    found = [{"metadata": {"name": name}}] if name in cluster.pods else []
                    self._answer({"kind": "PodList", "apiVersion": "v1", "items": found})
                else:
                    self._answer({"kind": "Status", "code": 404}, 404)

            def do_DELETE(self) -> None:
                _, name = self._target()
                cluster.pods[name].end()
                self._answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

            def log_message(self, *_arguments: Any) -> None:
                pass

            def _target(self) -> tuple[str, str]:
                parts = self.path.partition("?")[0].split("/namespaces/")[1].split("/")
                return parts[1], parts[2] if len(parts) > 2 else ""

            def _answer(self, body: dict[str, Any], code: int = 200) -> None:
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kubeconfig(self) -> Path:
        """Of somebody who may do everything there."""
        server = f"http://127.0.0.1:{self._server.server_port}"
        settings = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "users": [{"name": "me", "user": {}}],
        }
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(settings))
        return path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for pod in self.pods.values():
            if pod.process.poll() is None:
                os.killpg(pod.process.pid, signal.SIGKILL)
            pod.process.wait()
