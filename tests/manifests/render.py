"""The objects of a set-up, as the cluster would get them: what `kubectl apply -k` or `oc process` makes of its folder."""

import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

import yaml

import schema


def objects(folder: pathlib.Path) -> list[dict]:
    file = folder / "template.yaml"
    if file.exists():
        template = yaml.safe_load(file.read_text())
        print(f"  {schema.check(template)}")
        rendered, second = process(template, {}), process(template, {"INSTANCE": "-second"})
        if shared := own_names(rendered) & own_names(second):
            raise SystemExit(f"two instances in one namespace share {shared}")
        return rendered
    return kubectl("kubectl kustomize " + shlex.quote(str(folder)))


def own_names(objects: list[dict]) -> set[str]:
    """What must not be another's: names, the Secret's too, and what selects pods."""
    names = {f"{item['kind']} {item['metadata']['name']}" for item in objects}
    names |= {f"selector {item['spec']['selector']}" for item in objects}
    for item in objects:
        names |= {f"secret {name}" for name in re.findall(r"'secretKeyRef': {'name': '([^']*)'", str(item))}
    return names


def kubectl(command: str) -> list[dict]:
    """The objects that a line of shell prints. KUBECTL may be other words than kubectl."""
    function = 'kubectl() { command ${KUBECTL:-kubectl} "$@"; }'
    rendered = subprocess.run(["bash", "-c", f"{function}\n{command}"], capture_output=True, text=True)
    if rendered.returncode != 0:
        raise SystemExit(f"{command}: {rendered.stderr}")
    return list(yaml.safe_load_all(rendered.stdout))


def documented_set_up(readme: pathlib.Path) -> list[dict]:
    """The Service and the StatefulSet that the README shows."""
    [block] = re.findall(r"```yaml\n(apiVersion: .*?)```", readme.read_text(), re.S)
    return list(yaml.safe_load_all(block))


def documented_secret(readme: pathlib.Path) -> dict:
    """The Secret that the README has made, by the line that stands there."""
    [line] = re.findall(r"^\$ (kubectl create secret .*)$", readme.read_text(), re.M)
    [secret] = kubectl(f"{line} --dry-run=client --output yaml")
    del secret["metadata"]["creationTimestamp"]
    return secret


def documented_kustomization(readme: pathlib.Path) -> list[dict]:
    """What the README's example of a kustomization of one's own gives beside the others."""
    [block] = re.findall(r"```yaml\n# (\S+)/kustomization.yaml\n(.*?)```", readme.read_text(), re.S)
    with tempfile.TemporaryDirectory(prefix="beaminit-manifests.", dir="/var/tmp") as copy:
        pathlib.Path(copy).chmod(0o755)
        shutil.copytree(readme.parent, copy, dirs_exist_ok=True)
        own = pathlib.Path(copy, block[0])
        own.mkdir()
        (own / "kustomization.yaml").write_text(block[1])
        return objects(own)


def process(template: dict, given: dict[str, str]) -> list[dict]:
    """In the place of `oc process`, which is not in Debian, by its documentation:
    https://docs.openshift.com/container-platform/latest/openshift_images/using-templates.html"""
    values = {}
    for parameter in template["parameters"]:
        name = parameter["name"]
        if "generate" in parameter:
            raise SystemExit(f"parameter {name} is generated, which cannot be carried out here")
        values[name] = given.get(name) or parameter.get("value") or ""
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
