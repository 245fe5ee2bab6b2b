"""Values that are refused, and what is said about them."""

import chart
import helm_python
import pytest


def external(**more):
    return {"nats": {"enabled": False}, "externalNats": {"urls": ["tls://n1:4222"], "existingSecret": "logins"} | more}


REFUSED = {
    "a grace that the drain does not fit into": (
        {"gateway": {"terminationGracePeriodSeconds": 60}},
        "gateway.terminationGracePeriodSeconds is 60.*5 preStop . 5 lame duck . 30 window . 20 flush . 10 to stop = 70",
    ),
    "a longer window in the same grace": (
        {"gateway": {"terminationGracePeriodSeconds": 75, "drain": {"windowSeconds": 45}}},
        "= 85 seconds",
    ),
    "a window where there are no clients": ({"notify": {"drain": {"windowSeconds": 5}}}, "only a gateway"),
    "connections where there are none": (
        {"chat": {"autoscaling": {"kind": "hpa", "connectionsPerPod": 5}}},
        "only a gateway has connections",
    ),
    "an autoscaler that looks at nothing": (
        {"auth": {"autoscaling": {"kind": "hpa", "cpuPercent": 0}}},
        "looks at nothing",
    ),
    "more at least than at most": (
        {"auth": {"autoscaling": {"kind": "hpa", "minReplicas": 5, "maxReplicas": 4}}},
        "minReplicas is more than maxReplicas",
    ),
    "KEDA without Prometheus": (
        {"gateway": {"autoscaling": {"kind": "keda", "connectionsPerPod": 5}}},
        "prometheusAddress",
    ),
    "a route to nowhere": ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs"),
    "an ingress for every host": ({"ingress": {"enabled": True}}, "ingress.hosts"),
    "no NATS": ({"nats": {"enabled": False}}, "externalNats.urls"),
    "two NATS": ({"externalNats": {"urls": ["tls://n1:4222"]}}, "not used while nats.enabled"),
    "no logins": (external(existingSecret=""), "externalNats.existingSecret"),
    "shards that the bundled logins do not name": ({"logShards": 8}, "16 shards"),
    # By the schema.
    "a misspelled value": ({"gatway": {}}, "gatway"),
    "a misspelled value of a service": ({"gateway": {"replica": 3}}, "replica"),
    "an option that does not exist": ({"gateway": {"options": {"conections": 1}}}, "conections"),
    "an option of another service": ({"auth": {"options": {"connections": 1}}}, "connections"),
    "latest": ({"image": {"tag": "latest"}}, "tag"),
    "two copies": (external(replicas=2), "replicas"),
    "a password in an address": (external(urls=["nats://user:password@n1:4222"]), "urls"),
    "an origin with a path": ({"allowedOrigins": ["https://app.example.com/"]}, "allowedOrigins"),
    "text for a number": ({"gateway": {"replicas": "3"}}, "replicas"),
    "a variable that the chart sets": (
        {"gateway": {"extraEnv": [{"name": "FANFARE_GRACE_SECONDS", "value": "1"}]}},
        "extraEnv",
    ),
    "a collector without a port": ({"traces": {"endpoint": "http://collector"}}, "endpoint"),
    "a collector without a scheme": ({"traces": {"endpoint": "collector:4317"}}, "endpoint"),
    "a password in a collector's address": ({"traces": {"endpoint": "http://user:password@collector:4317"}}, "endpoint"),
    "a sampler that does not exist": ({"traces": {"sampler": "sometimes"}}, "sampler"),
    "more than all traces": ({"traces": {"ratio": 1.5}}, "ratio"),
    "a variable of traces that the chart sets": (
        {"defaults": {"extraEnv": [{"name": "OTEL_TRACES_SAMPLER", "value": "always_on"}]}},
        "extraEnv",
    ),
    "both autoscalers": ({"gateway": {"autoscaling": {"kind": "hpa,keda"}}}, "kind"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_is_refused(why):
    values, said = REFUSED[why]
    with pytest.raises(helm_python.HelmError, match=f"(?s){said}"):
        merged = chart.chart()
        merged.validate_schema(values)
        chart.render(values)


def test_a_grace_that_is_just_long_enough_is_taken():
    objects = chart.render({"gateway": {"terminationGracePeriodSeconds": 70}})
    gateway = chart.one(objects, "Deployment", "demo-fanfare-gateway")
    assert gateway["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 70
