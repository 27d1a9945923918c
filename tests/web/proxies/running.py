"""nginx and Caddy with the files of deploy/, on free ports of this machine, in front of the web app."""

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[3]
HOST = "gate.example"
#: seconds a proxy may take to listen
START_S = 20
#: around the shipped file: nginx's own file, with every path in the test's folder
NGINX_MAIN = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/tollgate.conf;
}}
"""


class _ToThisMachine(httpx.AsyncHTTPTransport):
    """Leads HOST to this machine; the name stays in the Host header, in SNI and in the certificate's check."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = HOST
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


@dataclass(frozen=True)
class Front:
    """A running proxy: its ports, and how its certificate is verified."""

    name: str
    http_port: int
    https_port: int
    tls: ssl.SSLContext

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Make a client that comes from `address` of this machine."""
        transport = _ToThisMachine(verify=self.tls, local_address=address)
        return httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}:{self.https_port}")

    async def status_of(self, path: str) -> int:
        """GET exactly this path, which a client would tidy up; returns the status."""
        reader, writer = await self.connect()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return int(answer.split(maxsplit=2)[1])

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection with TLS on which anything can be written."""
        return await asyncio.open_connection("127.0.0.1", self.https_port, ssl=self.tls, server_hostname=HOST)


def replaced(text: str, old: str, new: str, times: int = 1) -> str:
    """Replace what must be in `text` exactly so often: a shipped file that says something else is noticed."""
    assert text.count(old) == times, f"{old!r} is {text.count(old)} times in the file, not {times}"
    return text.replace(old, new)


def nginx_files(folder: Path, ports: tuple[int, int], app_port: int) -> list[str]:
    """Write the files; returns the command."""
    text = (ROOT / "deploy/nginx/tollgate.conf").read_text(encoding="utf-8")
    text = replaced(text, "    listen 80;\n    listen [::]:80;\n", f"    listen 127.0.0.1:{ports[0]};\n")
    text = replaced(
        text,
        "    listen 443 ssl http2;\n    listen [::]:443 ssl http2;\n",
        f"    listen 127.0.0.1:{ports[1]} ssl http2;\n",
    )
    text = replaced(text, "server 127.0.0.1:8080;", f"server 127.0.0.1:{app_port};")
    text = replaced(text, "/etc/ssl/tollgate", str(folder), 2)
    text = replaced(text, "/var/log/nginx/tollgate.log", str(folder / "access.log"))
    text = replaced(text, "client_header_timeout 10s", "client_header_timeout 1s", 2)
    text = replaced(text, "client_body_timeout 10s", "client_body_timeout 1s")
    (folder / "tollgate.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder), encoding="utf-8")
    return ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy_files(folder: Path, ports: tuple[int, int], app_port: int) -> list[str]:
    """Write the file; returns the command."""
    text = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
    here = f"default_bind 127.0.0.1\n\thttp_port {ports[0]}\n\thttps_port {ports[1]}\n\tauto_https disable_certs"
    text = replaced(text, "\tadmin off\n", f"\tadmin off\n\t{here}\n")
    text = replaced(text, f"\n{HOST} {{\n", f"\n{HOST} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n")
    text = replaced(text, "127.0.0.1:8080", f"127.0.0.1:{app_port}", 2)
    text = replaced(text, "read_header 10s", "read_header 1s")
    text = replaced(text, "read_body 10s", "read_body 1s")
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


FILES = {"nginx": nginx_files, "caddy": caddy_files}


def self_signed(folder: Path) -> ssl.SSLContext:
    """Write a certificate for HOST and its key; returns a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password)
    (folder / "privkey.pem").write_bytes(private)
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@asynccontextmanager
async def proxy(name: str, folder: Path, app_port: int) -> AsyncIterator[Front]:
    """Run the proxy with its file from deploy/ until the block ends."""
    assert shutil.which(name), f"{name} is not installed: apt-get install nginx-light caddy"
    ports, tls = free_ports(), self_signed(folder)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *FILES[name](folder, ports, app_port),
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            await _listening(process, ports[1], folder)
            yield Front(name, *ports, tls)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
    raise AssertionError((folder / "log").read_text(encoding="utf-8"))
