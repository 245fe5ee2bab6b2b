"""What a policy scanner says of production and of a laptop; exceptions are in policies.yaml."""

import json
import os
import pathlib
import subprocess

import chart
import pytest
import yaml

POLICIES = yaml.safe_load(pathlib.Path(__file__).with_name("policies.yaml").read_text())
EXCEPTIONS = POLICIES["ours"] | (POLICIES["nats"] if chart.has_nats_chart() else {})


def is_excepted(check, resource):
    return check in POLICIES["ours"] or (check in POLICIES["nats"] and resource.startswith("StatefulSet."))


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rendered")
    for name in ("values-prod", "values-kind", "default"):
        objects = json.loads(json.dumps(chart.rendered(name)))
        for document in objects:
            document["metadata"].setdefault("namespace", chart.NAMESPACE)
        (directory / f"{name}.yaml").write_text(yaml.safe_dump_all(objects))
    scan = subprocess.run(
        [
            os.environ["FANFARE_CHECKOV"],
            "--framework=kubernetes",
            "--directory=.",
            "--skip-download",
            "--quiet",
            "--output=json",
        ],
        cwd=directory,
        capture_output=True,
        text=True,
    )
    report = json.loads(scan.stdout)
    assert report["summary"]["passed"] > 500, report["summary"]
    assert report["summary"]["parsing_errors"] == 0
    return [
        (check["check_id"], check["check_name"], check["file_path"], check["resource"])
        for check in report["results"]["failed_checks"]
    ]


def test_only_what_is_excepted_fails(failed):
    assert [check for check in failed if not is_excepted(check[0], check[3])] == []


def test_no_exception_is_stale(failed):
    assert EXCEPTIONS.keys() <= {check[0] for check in failed}
