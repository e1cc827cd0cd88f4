"""HTTPS with a certificate that the emulator makes for itself."""

import datetime as dt
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import oss2
import pytest
import requests
from cryptography import x509

from oss_emulator.web.certificate import tls_context
from tests.support.emulator.process import REPOSITORY
from tests.support.environment import clean_environment

NOW = 1_790_000_000.0
NAMES = ("127.0.0.1", "localhost", "media.localhost")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of an emulator with --tls, and the path of its certificate, as it prints both."""
    folder = tmp_path_factory.mktemp("tls")
    command = [sys.executable, "-m", "oss_emulator", "--port=0", f"--folder={folder}", "--tls"]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            yield lines[0].split()[3], lines[3].split(": ")[1].strip()
        finally:
            process.terminate()


def test_a_client_that_trusts_its_certificate_works(served: tuple[str, str]) -> None:
    address, certificate = served
    auth = oss2.AuthV4("development-access-key-id", "development-access-key-secret")
    session = oss2.Session()
    session.session.verify, session.session.trust_env = certificate, False
    bucket = oss2.Bucket(auth, address, "examplebucket", region="cn-hangzhou", session=session)

    bucket.put_object("a", b"x" * 3_000_000)

    assert bucket.get_object("a").read() == b"x" * 3_000_000


def test_the_addresses_that_it_tells_are_https(served: tuple[str, str]) -> None:
    address, certificate = served
    auth = oss2.AuthV4("development-access-key-id", "development-access-key-secret")
    session = oss2.Session()
    session.session.verify, session.session.trust_env = certificate, False
    bucket = oss2.Bucket(auth, address, "examplebucket", region="cn-hangzhou", session=session)
    upload_id = bucket.init_multipart_upload("parts").upload_id
    part = oss2.models.PartInfo(1, bucket.upload_part("parts", upload_id, 1, b"x").etag)
    completed = bucket.complete_multipart_upload("parts", upload_id, [part])
    bucket.put_bucket_acl("public-read-write")
    form = {"key": "a", "success_action_status": "201"}
    posted = requests.post(
        f"{address}/examplebucket/", data=form, files={"file": b"x"}, timeout=30, verify=certificate
    )
    page = requests.get(f"{address}/-/", timeout=30, verify=certificate).text

    assert f"<Location>{address}/examplebucket/parts</Location>" in completed.resp.response.text
    assert f"<Location>{address}/a</Location>" in posted.text
    assert f"{address}/examplebucket/" in page
    assert f"curl {address}/-/faults" in page
    assert f"http://{address.partition('://')[2]}" not in page


def test_others_refuse_it_and_it_answers_no_plain_http(served: tuple[str, str]) -> None:
    address, certificate = served

    with pytest.raises(requests.exceptions.SSLError):
        requests.get(address, timeout=30)
    with pytest.raises(requests.ConnectionError):
        requests.get(address.replace("https", "http"), timeout=30)
    assert requests.get(f"{address}/-/faults", timeout=30, verify=certificate).json() == []


def test_the_key_is_the_owner_s_alone_and_signs_no_other_certificate(served: tuple[str, str]) -> None:
    folder = Path(served[1]).parent
    certificate = x509.load_pem_x509_certificate(Path(served[1]).read_bytes())

    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value.ca, constraints.critical) == (False, True)
    if os.name == "posix":
        assert ((folder / "tls_key.pem").stat().st_mode & 0o777) == 0o600


def serial(folder: Path) -> int:
    return x509.load_pem_x509_certificate((folder / "tls_certificate.pem").read_bytes()).serial_number


def test_a_certificate_is_kept_while_it_fits_and_made_anew_when_it_does_not(tmp_path: Path) -> None:
    assert isinstance(tls_context(tmp_path, NAMES, NOW), ssl.SSLContext)
    first = serial(tmp_path)
    tls_context(tmp_path, NAMES[:2], NOW + 3600)
    assert serial(tmp_path) == first

    tls_context(tmp_path, (*NAMES, "pages.localhost"), NOW)
    second = serial(tmp_path)
    assert second != first

    tls_context(tmp_path, NAMES, NOW + dt.timedelta(days=397).total_seconds())
    assert serial(tmp_path) != second


def test_says_in_one_sentence_that_its_certificate_is_none(tmp_path: Path) -> None:
    for name in ("tls_certificate.pem", "tls_key.pem"):
        (tmp_path / name).write_text("junk")
    command = [sys.executable, "-m", "oss_emulator", "--port=0", f"--folder={tmp_path}", "--tls"]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stderr) == (
        1,
        (
            f"The OSS emulator cannot start: the certificate in {tmp_path} cannot be read or made; delete "
            "it, and it is made anew.\n"
        ),
    )
