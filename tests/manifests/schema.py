"""Objects against the schemas of Kubernetes, OpenShift and cert-manager, strictly: a field that these don't know is an error."""

import functools
import json
import pathlib
import sysconfig

import jsonschema
import kubernetes_validate

# The oldest Kubernetes that has every schema we use, and the newest that the validator has.
VERSIONS = ["1.25", "1.37"]


def check(item: dict) -> str:
    """What it was checked against; jsonschema.ValidationError otherwise."""
    schema = validate(item)
    # A validator that takes anything is none.
    part = "spec" if "spec" in item else "metadata"
    try:
        validate({**item, part: {**item[part], "nonsense": 1}})
    except jsonschema.ValidationError:
        return f"{item['kind']} {item['metadata']['name']}: valid for {schema}"
    raise SystemExit(f"{schema} takes a {item['kind']} with a field of nonsense")


def validate(item: dict) -> str:
    if "openshift.io/" in item["apiVersion"]:
        group, version = item["apiVersion"].split("/")
        name = f"com.github.openshift.api.{group.removesuffix('.openshift.io')}.{version}.{item['kind']}"
        # Not validate(): that would look at all the definitions first, and other kinds have regular expressions of Go's.
        jsonschema.Draft202012Validator({"$ref": f"#/definitions/{name}", "definitions": openshift()}).validate(item)
        return f"OpenShift's {group}/{version}"
    if item["apiVersion"].startswith("cert-manager.io/"):
        jsonschema.Draft202012Validator(cert_manager(item["kind"])).validate(item)
        return f"cert-manager's {item['apiVersion']}"
    for version in VERSIONS:
        kubernetes_validate.validate(item, version, strict=True)
    return f"Kubernetes {' and '.join(VERSIONS)}"


@functools.cache
def openshift() -> dict:
    # The package itself is not imported: it wants a cluster's client. Its definitions are what an API server published.
    site = pathlib.Path(sysconfig.get_path("purelib"))
    definitions = json.loads((site / "class_generator/schema/_definitions.json").read_text())["definitions"]
    forbid_unknown(definitions.values())
    return definitions


@functools.cache
def cert_manager(kind: str) -> dict:
    """That of cert-manager 1.17's CustomResourceDefinition, from which the package's classes were made: with its fields,
    types, enumerations and requirements. It also takes a null for any field that is not required."""
    # Only these objects need it, and it takes a second.
    from cloudcoil.models.cert_manager import v1

    schema = getattr(v1, kind).model_json_schema()
    forbid_unknown([schema, *schema["$defs"].values()])
    return schema


def forbid_unknown(definitions):
    for definition in definitions:
        if "properties" in definition and "x-kubernetes-preserve-unknown-fields" not in definition:
            definition["additionalProperties"] = False
