"""The examples of docs/jwt.md make tokens that a server accepts of an app that requires them (J1, J5)."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from appprofile.v1 import profile_service_pb2 as ps
from appprofile.v1 import profile_service_pb2_grpc
from appprofile.v1.profile_pb2 import ProfileKey
from tests.clients.builds import BUILD_LIMIT_S, alone_with, build
from tests.clients.server import ServerProcess
from tests.support.limits import wait_s

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "jwt.md").read_text()
PRIVATE_KEY = "jwt-2026.pem"

GO = """
package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

SNIPPET

func main() {
	text, err := os.ReadFile("jwt-2026.pem")
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	made, err := token(key.(ed25519.PrivateKey), os.Args[1])
	if err != nil {
		panic(err)
	}
	fmt.Print(made)
}
"""
GO_MODULE = """
module backend

go 1.24

require github.com/golang-jwt/jwt/v5 v5.3.1
"""
TYPESCRIPT = """
import { readFileSync } from "node:fs";
import { importPKCS8, SignJWT } from "jose";

SNIPPET

process.stdout.write(await token(process.argv[2]!));
"""
TYPESCRIPT_OPTIONS = ["--module", "nodenext", "--target", "es2023", "--types", "node", "--strict", "--skipLibCheck"]
JAVA = """
import io.jsonwebtoken.Jwts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;

class BackEnd {
SNIPPET
  public static void main(String[] arguments) throws Exception {
    String pem = Files.readString(Path.of("jwt-2026.pem")).replaceAll("-----.*-----|\\\\s", "");
    var key = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
    System.out.print(new BackEnd().token(KeyFactory.getInstance("Ed25519").generatePrivate(key), arguments[0]));
  }
}
"""
JAVA_PROJECT = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>backend</groupId><artifactId>backend</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.jsonwebtoken</groupId><artifactId>jjwt-api</artifactId><version>0.13.0</version></dependency>
    <dependency><groupId>io.jsonwebtoken</groupId><artifactId>jjwt-impl</artifactId><version>0.13.0</version></dependency>
    <dependency><groupId>io.jsonwebtoken</groupId><artifactId>jjwt-gson</artifactId><version>0.13.0</version></dependency>
  </dependencies>
</project>
"""
RUST = """
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::json;

SNIPPET

fn main() {
    let key = EncodingKey::from_ed_pem(&std::fs::read("jwt-2026.pem").unwrap()).unwrap();
    print!("{}", token(&key, &std::env::args().nth(1).unwrap()).unwrap());
}
"""
RUST_PROJECT = """
[package]
name = "backend"
edition = "2024"

[dependencies]
jsonwebtoken = { version = "11", features = ["rust_crypto"] }
serde_json = "1"
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(BUILD_LIMIT_S)]


@dataclass(frozen=True)
class Shop:
    """A server with the app `shop`, which requires JWTs, and a back end's folder with the private key."""

    server: ServerProcess
    back_end: Path
    client_key: str

    def register(self, token: str, user: str = "ann") -> None:
        """Registers as a device does."""
        metadata = (("x-api-key", self.client_key), ("authorization", f"Bearer {token}"))
        key = ProfileKey(app_id="shop", user_id=user, device_id="phone")
        with grpc.insecure_channel(self.server.target) as channel:
            profile_service_pb2_grpc.ProfileServiceStub(channel).Register(
                ps.RegisterRequest(key=key), metadata=metadata, timeout=60
            )

    def accepts(self, token: str) -> None:
        """Checks that the token is good for the user `ann`, and for nobody else."""
        self.register(token)
        with pytest.raises(grpc.RpcError, match="JWT is of another user") as refused:
            self.register(token, "bob")
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The key is made and added as the guide says."""
    back_end = tmp_path_factory.mktemp("back_end")
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        server.administer("tenant", "create", "acme")
        server.administer("app", "create", "shop", "--tenant", "acme")
        for line in snippet("sh").splitlines():
            command = shlex.split(line, comments=True)
            if command[0] == "profile-grpc":
                server.administer(*command[1:], folder=back_end)
            else:
                run(command, back_end)
        server.administer("app", "jwt", "mode", "shop", "require")
        client = server.administer("key", "create", "--tenant", "acme", "--app", "shop", "--kind", "client")
        yield Shop(server, back_end, client)


def test_J5_the_example_in_python(shop: Shop) -> None:
    program = f'{snippet("python")}\nprint(token("ann"), end="")'
    shop.accepts(run([sys.executable, "-W", "error::DeprecationWarning", "-c", program], shop.back_end))


def test_J5_the_example_in_go(shop: Shop, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    """As the program of a user's module."""
    go = require_tool("go")
    (tmp_path / "go.mod").write_text(GO_MODULE)
    (tmp_path / "main.go").write_text(GO.replace("SNIPPET", snippet("go")))
    run([go, "build", "-mod=mod", "-o", "make_token", "."], tmp_path)
    shop.accepts(run([str(tmp_path / "make_token"), "ann"], shop.back_end))


def test_J5_the_example_in_typescript(shop: Shop, tmp_path: Path) -> None:
    """Its types are checked too."""
    client = ROOT / "clients" / "typescript"
    (tmp_path / "back_end.mts").write_text(TYPESCRIPT.replace("SNIPPET", snippet("ts")))
    with alone_with("typescript"):
        build("typescript", client / "conformance" / "build")
        (tmp_path / "node_modules").symlink_to(client / "node_modules")
        run([str(client / "node_modules/.bin/tsc"), *TYPESCRIPT_OPTIONS, "back_end.mts"], tmp_path)
        shop.accepts(run(["node", str(tmp_path / "back_end.mjs"), "ann"], shop.back_end))


def test_J5_the_example_in_java(shop: Shop, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    """As the program of a user's project."""
    maven, java = require_tool("mvn"), require_tool("java")
    (tmp_path / "pom.xml").write_text(JAVA_PROJECT)
    (tmp_path / "BackEnd.java").write_text(JAVA.replace("SNIPPET", snippet("java")))
    target = tmp_path / "libraries"
    run([maven, "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={target}"], tmp_path)
    shop.accepts(run([java, "-cp", f"{target}/*", str(tmp_path / "BackEnd.java"), "ann"], shop.back_end))


def test_J5_the_example_in_rust(shop: Shop, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    """As the program of a user's package."""
    cargo = require_tool("cargo")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text(RUST.replace("SNIPPET", snippet("rust")))
    (tmp_path / "Cargo.toml").write_text(RUST_PROJECT)
    with alone_with("rust"):
        run([cargo, "build", "--quiet"], tmp_path, CARGO_TARGET_DIR=str(ROOT / "clients/rust/target"))
        shop.accepts(run([str(ROOT / "clients/rust/target/debug/backend"), "ann"], shop.back_end))


def snippet(language: str) -> str:
    """The guide's first one in the language."""
    found = re.search(rf"```{language}\n(.+?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=wait_s(BUILD_LIMIT_S),
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
