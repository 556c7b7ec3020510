"""Issues what cert-manager would: an authority and what it signs, with the names, keys and usages of a Certificate."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CURVES = {256: ec.SECP256R1(), 384: ec.SECP384R1()}
EXTENDED = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
# A day in which the test is, whatever the clock says of the hour.
DAY = datetime.timedelta(days=1)


class Authority:
    """The authority of a Certificate that is one, and the Secrets of those that it signs, as folders of files."""

    def __init__(self, spec: dict):
        self.spec, self.key = spec, ec.generate_private_key(CURVES[spec["privateKey"]["size"]])
        self.certificate = self.signed(spec, self.key)

    def signed(self, spec: dict, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, spec["commonName"])] if "commonName" in spec else []
        usages = set(spec["usages"])
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.spec["commonName"])]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=spec.get("isCA", False), path_length=None), critical=True)
            .add_extension(key_usage(usages), critical=True)
        )
        if extended := [EXTENDED[usage] for usage in usages & EXTENDED.keys()]:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        if names := spec.get("dnsNames"):
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), not subject)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, spec: dict, folder: Path) -> Path:
        """Writes the Secret of a Certificate: `tls.crt`, `tls.key` and `ca.crt`."""
        key = ec.generate_private_key(CURVES[spec["privateKey"]["size"]])
        folder.mkdir(parents=True)
        (folder / "tls.crt").write_bytes(self.signed(spec, key).public_bytes(serialization.Encoding.PEM))
        (folder / "ca.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "tls.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return folder


def key_usage(usages: set[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital signature" in usages,
        key_cert_sign="cert sign" in usages,
        crl_sign="crl sign" in usages,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
