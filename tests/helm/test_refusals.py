"""Values that are refused, and what is said about them."""

import chart
import helm_python
import pytest
import yaml


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
    "a port that the policies do not let through": (
        external(urls=["tls://n1:4333"]) | {"networkPolicy": {"enabled": True}},
        "externalNats.port is 4222, .* tls://n1:4333 has another",
    ),
    "key sets that the policies do not let through": (
        {"issuers": [{"name": "a", "jwks": "https://a.example.com/keys"}], "networkPolicy": {"enabled": True}},
        "networkPolicy.extraEgress",
    ),
    "one port for four Services": ({"defaults": {"service": {"type": "NodePort", "nodePort": 30080}}}, "nodePort"),
    "a rollout that cannot begin": ({"notify": {"strategy": {"maxSurge": "0%"}}}, "notify.strategy"),
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
    "a variable that is a value": ({"gateway": {"extraEnv": [{"name": "FANFARE_CONNECTIONS", "value": "1"}]}}, "extraEnv"),
    "a name that no Service may have": ({"fullnameOverride": "1st.fanfare"}, "fullnameOverride"),
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


def test_a_release_whose_name_no_service_may_have_is_refused():
    with pytest.raises(helm_python.HelmError, match="fullnameOverride: a Service cannot be called 1st-fanfare"):
        chart.chart().render({}, name="1st", namespace=chart.NAMESPACE, revision=1, is_install=True)


def test_the_longest_names_are_short_enough():
    made = chart.chart().render({}, name="a" * 53, namespace=chart.NAMESPACE, revision=1, is_install=True)
    [services] = [text for path, text in made.items() if path.endswith("/services.yaml")]
    assert max(len(service["metadata"]["name"]) for service in yaml.safe_load_all(services) if service) == 63


def test_a_grace_that_is_just_long_enough_is_taken():
    objects = chart.render({"gateway": {"terminationGracePeriodSeconds": 70}})
    gateway = chart.one(objects, "Deployment", "demo-fanfare-gateway")
    assert gateway["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 70
