"""In the place of cert-manager: makes the Secret of each Certificate with openssl, as its pkg/util/pki does in Go:
https://github.com/cert-manager/cert-manager"""

import pathlib
import tempfile

from api import openssl
from kubelet import refuse_unknown

# Carried out; renewBefore and rotationPolicy are for the next certificate, and no test takes so long.
KNOWN = {"commonName", "dnsNames", "duration", "isCA", "issuerRef", "privateKey", "renewBefore", "secretName", "usages"}
KNOWN_KEY = {"algorithm", "encoding", "rotationPolicy", "size"}
USAGES = {"digital signature": "digitalSignature", "key encipherment": "keyEncipherment", "cert sign": "keyCertSign"}
EXTENDED_USAGES = {"server auth": "serverAuth", "client auth": "clientAuth"}


def issue(objects: list[dict], secrets: dict[str, dict[str, bytes]]):
    """Adds the Certificates' Secrets, each as soon as there is the one that its Issuer signs with."""
    issuers = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "Issuer"}
    waiting = [item["spec"] for item in objects if item["kind"] == "Certificate"]
    while waiting:
        spec = next((spec for spec in waiting if authority(spec, issuers) in {None, *secrets}), None)
        if spec is None:
            raise SystemExit(f"no Secret to sign with for the Certificates of {[spec['secretName'] for spec in waiting]}")
        secrets[spec["secretName"]] = certify(spec, secrets.get(authority(spec, issuers)))
        waiting.remove(spec)


def authority(spec: dict, issuers: dict[str, dict]) -> str | None:
    """The Secret with the key that signs; None if the certificate signs itself."""
    reference = {"kind": "Issuer", "group": "cert-manager.io"} | spec["issuerRef"]
    match reference, issuers.get(reference["name"]):
        case {"kind": "Issuer", "group": "cert-manager.io"}, {"selfSigned": {}}:
            return None
        case {"kind": "Issuer", "group": "cert-manager.io"}, {"ca": {"secretName": name}}:
            return name
    raise SystemExit(f"tests/manifests: there is no issuer {reference}, or it cannot be carried out here")


def certify(spec: dict, signer: dict[str, bytes] | None) -> dict[str, bytes]:
    refuse_unknown("Certificate", spec, KNOWN)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config, key, certificate, root = (folder / file for file in ("openssl.cnf", "tls.key", "tls.crt", "ca.crt"))
        config.write_text("\n".join(["[req]", "distinguished_name=name", "x509_extensions=all", "[name]", "[all]",
                                     *extensions(spec)]))
        new_key(spec.get("privateKey", {}), key)
        days = int(spec.get("duration", "2160h").removesuffix("h")) // 24
        words = ["-config", config, "-key", key, "-subj", f"/CN={spec['commonName']}", "-days", days, "-out", certificate]
        if signer:
            for file, value in signer.items():
                (folder / f"signer.{file}").write_bytes(value)
            words += ["-CA", folder / "signer.tls.crt", "-CAkey", folder / "signer.tls.key"]
        openssl("req", "-x509", *words)
        root.write_bytes(signer["ca.crt"] if signer else certificate.read_bytes())
        if signer and signer["tls.crt"] != signer["ca.crt"]:
            with certificate.open("ab") as chain:
                chain.write(signer["tls.crt"])
        openssl("verify", "-CAfile", root, "-untrusted", certificate, certificate)
        return {file.name: file.read_bytes() for file in (certificate, key, root)}


def extensions(spec: dict) -> list[str]:
    is_authority = spec.get("isCA", False)
    usages = spec.get("usages", ["digital signature", "key encipherment"]) + ["cert sign"] * is_authority
    if unknown := set(usages) - USAGES.keys() - EXTENDED_USAGES.keys():
        raise SystemExit(f"tests/manifests: usages {unknown} cannot be carried out here")
    values = {"basicConstraints=critical,": [f"CA:{str(is_authority).upper()}"],
              "keyUsage=critical,": [USAGES[usage] for usage in usages if usage in USAGES],
              "extendedKeyUsage=": [EXTENDED_USAGES[usage] for usage in usages if usage in EXTENDED_USAGES],
              "subjectAltName=": [f"DNS:{name}" for name in spec.get("dnsNames", [])]}
    return [name + ",".join(words) for name, words in values.items() if words]


def new_key(spec: dict, file: pathlib.Path):
    refuse_unknown("privateKey", spec, KNOWN_KEY)
    algorithm, encoding = spec.get("algorithm", "RSA"), spec.get("encoding", "PKCS1")
    words = {"RSA": ["RSA", "-pkeyopt", f"rsa_keygen_bits:{spec.get('size', 2048)}"],
             "ECDSA": ["EC", "-pkeyopt", f"ec_paramgen_curve:P-{spec.get('size', 256)}"],
             "Ed25519": ["ED25519"]}[algorithm]
    new = file.with_suffix(".new")
    openssl("genpkey", "-algorithm", *words, "-out", new)
    # Its PKCS1 of an ECDSA key begins with "BEGIN EC PRIVATE KEY".
    is_traditional = encoding == "PKCS1" and algorithm != "Ed25519"
    openssl("pkey", "-in", new, "-out", file, *["-traditional"] * is_traditional)
