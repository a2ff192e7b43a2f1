"""Generate libs/mitodoke/contracts from protos/, or check that what is kept matches.

    python scripts/contracts.py generate   write the Python code anew
    python scripts/contracts.py check      fail when the kept code is not what the protos give
    python scripts/contracts.py image OUT [PROTOS]
                                           write the descriptor set that buf lints and compares

protovalidate ships no .proto, only its descriptor: that is handed to protoc as a descriptor set.
"""

import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
CONTRACTS = ROOT / "libs" / "mitodoke" / "contracts"
PACKAGE = '"""Generated from protos/ by `make generate`; never edited by hand."""\n'


def sources(protos: Path = PROTOS) -> list[str]:
    return sorted(str(p.relative_to(protos)) for p in protos.rglob("*.proto"))


def protoc(*arguments: str) -> None:
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)


def validate_descriptors(folder: Path) -> Path:
    """The descriptor set of buf/validate/validate.proto with all that it imports."""
    known = folder / "well_known.binpb"
    wanted = [*validate_pb._DESC.proto.dependency, "google/protobuf/empty.proto"]
    include = Path(__import__("grpc_tools").__file__).parent / "_proto"
    protoc(f"-I{include}", "--include_imports", f"--descriptor_set_out={known}", *wanted)
    own = validate_pb._DESC.proto.to_binary()
    # A FileDescriptorSet is its files one after another, each as field 1 with a length.
    out = folder / "validate.binpb"
    out.write_bytes(known.read_bytes() + b"\x0a" + varint(len(own)) + own)
    return out


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def generate(into: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        descriptors = Path(scratch) / "all.binpb"
        image(descriptors)
        bin_folder = Path(sys.executable).parent
        out = Path(scratch) / "out"
        out.mkdir()
        protoc(
            f"--descriptor_set_in={descriptors}",
            f"--plugin=protoc-gen-mypy_grpc={bin_folder / 'protoc-gen-mypy_grpc'}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out={out}",
            *sources(),
        )
        protoc(
            f"--descriptor_set_in={descriptors}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            "buf/validate/validate.proto",
        )
        for path in list(out.rglob("*_grpc.py*")):
            # A file without a service gives an empty one.
            if "_service_pb2_grpc" not in path.name and "CustodyQuery" not in path.read_text():
                path.unlink()
        for path in out.rglob("*.py*"):
            text = path.read_text()
            # The protos' own packages stay mitodoke.<area>.v1 for partners; here they live below contracts.
            text = re.sub(r"\b(from|import) mitodoke\.", r"\1 mitodoke.contracts.", text)
            text = re.sub(r"\bmitodoke\.(\w+)\.v1\.(\w+_pb2)\b", r"mitodoke.contracts.\1.v1.\2", text)
            text = re.sub(r"^from buf\.", "from mitodoke.contracts.buf.", text, flags=re.MULTILINE)
            path.write_text(text)
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for tree in (out / "mitodoke", out):
            for folder in tree.iterdir():
                if folder.name != "mitodoke":
                    shutil.copytree(folder, into / folder.name)
        for folder in [into, *(p for p in into.rglob("*") if p.is_dir())]:
            (folder / "__init__.py").write_text(PACKAGE)


def image(out: Path, protos: Path = PROTOS) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        validate = validate_descriptors(Path(scratch))
        protoc(
            f"--descriptor_set_in={validate}",
            f"-I{protos}",
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={out}",
            *sources(protos),
        )


def differences(kept: Path, fresh: Path) -> Iterator[str]:
    def files(root: Path) -> set[Path]:
        return {p.relative_to(root) for p in root.rglob("*.py*") if p.suffix in (".py", ".pyi")}

    for path in sorted(files(kept) | files(fresh)):
        if not (kept / path).exists():
            yield f"{path} is missing"
        elif not (fresh / path).exists():
            yield f"{path} is no longer generated"
        elif not filecmp.cmp(kept / path, fresh / path, shallow=False):
            yield f"{path} differs"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["generate"]:
            generate(CONTRACTS)
        case ["image", out, *protos]:
            image(Path(out), *(Path(folder) for folder in protos))
        case ["check"]:
            with tempfile.TemporaryDirectory() as scratch:
                fresh = Path(scratch) / "contracts"
                generate(fresh)
                found = list(differences(CONTRACTS, fresh))
            if found:
                print(
                    "libs/mitodoke/contracts is not what protos/ gives; run `make generate`:",
                    *found,
                    sep="\n  ",
                )
                return 1
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
