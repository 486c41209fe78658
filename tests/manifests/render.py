"""The objects of a set-up, as the cluster would get them: what `kubectl apply -k` or `oc process` makes of its folder."""

import os
import pathlib
import random
import re
import string
import subprocess

import yaml

import schema


def objects(folder: pathlib.Path, parameters: dict[str, str]) -> list[dict]:
    file = folder / "template.yaml"
    if file.exists():
        template = yaml.safe_load(file.read_text())
        print(f"  {schema.check(template)}")
        return process(template, parameters)
    kubectl = os.environ.get("KUBECTL", "kubectl").split()
    rendered = subprocess.run([*kubectl, "kustomize", folder], capture_output=True, text=True)
    if rendered.returncode != 0:
        raise SystemExit(f"kubectl kustomize {folder}: {rendered.stderr}")
    return list(yaml.safe_load_all(rendered.stdout))


def process(template: dict, given: dict[str, str]) -> list[dict]:
    """https://docs.openshift.com/container-platform/latest/openshift_images/using-templates.html"""
    values = {}
    for parameter in template["parameters"]:
        name = parameter["name"]
        values[name] = given.get(name) or parameter.get("value") or generated(parameter)
        if not values[name] and parameter.get("required"):
            raise SystemExit(f"parameter {name} is required")
    if unknown := given.keys() - values.keys():
        raise SystemExit(f"the template has no parameters {unknown}")

    def filled(value):
        match value:
            case dict():
                return {filled(key): filled(inner) for key, inner in value.items()}
            case list():
                return [filled(inner) for inner in value]
            case str() if whole := re.fullmatch(r"\$\{\{(\w+)\}\}", value):
                return yaml.safe_load(values[whole[1]])
            case str():
                return re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], value)
        return value

    labels = template.get("labels", {})
    result = filled(template["objects"])
    for item in result:
        item["metadata"].setdefault("labels", {}).update(filled(labels))
    return result


def generated(parameter: dict) -> str:
    """The one expression that our templates use: [a-zA-Z0-9]{N}."""
    if parameter.get("generate") != "expression":
        return ""
    length = re.fullmatch(r"\[a-zA-Z0-9\]\{(\d+)\}", parameter["from"])
    return "".join(random.choices(string.ascii_letters + string.digits, k=int(length[1])))
